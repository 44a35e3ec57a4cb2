"""The Hybrid Configuration Wizard stops: the tenant's session has no such cmdlet, for want of a plan or of rights.

## What is happening
Exchange Online shows a session only the cmdlets that the tenant's plan and the account's roles hold. A tenant whose plans have
no hybrid deployment (former small-business plans, or none with mailboxes), or an account that is no administrator of
Exchange Online, lacks what the wizard runs: `The term 'Get-HybridMailflowDatacenterIPs' is not recognized`.

## What proves it
- that sentence, in the wizard, about a cmdlet of the tenant
- the subscriptions hold no plan with Exchange Online that allows hybrid, or the account lacks the role

## Not this when
- the sentence stands in a shell of your own: the cmdlet is mistyped, or of the other side
- the on-premises session says that the user `isn't assigned to any management roles`

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/term-get-hybridmailflowdatacenterips-is-not-recognized-error
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/term-get-organizationconfig-is-not-recognized-error
- https://learn.microsoft.com/en-us/exchange/hybrid-deployment-prerequisites
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.hybrid.wizard import message_of, run_again
from diagnostics.causes.recipient.steps import EXO
from diagnostics.facts import Said
from diagnostics.mail_facts import CommandError
from diagnostics.report import Step

_ID: Final = "hybrid.hcw.plan-without-cmdlet"


@cause(id=_ID, act="exchange-online", says=("The term 'Get-HybridMailflowDatacenterIPs' is not recognized",))
def assess(said: CommandError | Said) -> Finding | None:
    """Only the wizard runs that cmdlet; another one counts where the wizard's own error names it."""
    if message_of(_ID, said) is None:
        return None
    because = "The tenant's session doesn't hold a cmdlet that the wizard needs: its plan doesn't include hybrid deployment, or "
    because += "the account lacks the role."
    return Finding(Belief.LIKELY, because, (said,), _steps())


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "With the account that runs the wizard, see whether the tenant gives that session the cmdlets.",
            "Get-Command 'Get-OrganizationConfig','Set-OnPremisesOrganization' -ErrorAction SilentlyContinue | Format-Table Name",
            EXO,
        ),
        look(
            "See whether the tenant has mailboxes at all.",
            "Get-Mailbox -ResultSize 5 | Format-Table Name,RecipientTypeDetails",
            EXO,
        ),
        change(
            "Add one subscription with a plan that allows hybrid (Office 365 E3, Exchange Online), or run the wizard as a Global "
            "administrator.",
            "",
            shell="portal",
            changes="The tenant's plan; Microsoft bills it, a trial after its end.",
            undo="Cancel that subscription when the wizard is done.",
            verify="The first step prints both names.",
        ),
        run_again(),
    )
