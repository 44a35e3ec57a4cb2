"""On-premises journaling passes over what Exchange Online has already marked as journaled.

## What is happening
Exchange journals a message once: the Journaling agent marks it with X-MS-Exchange-Organization-Processed-By-Journaling, and
the next server of the organization lets it pass. Exchange Online sets that mark on all that it takes in, with or without a
journal rule there. Where the MX record points to it and the rules exist on-premises only, mail from outside and from the
cloud reaches mailboxes on-premises and is not in the journal; what is sent on-premises is. Rules are not copied between sides.

## What proves it
- Get-JournalRule of the tenant is empty while on-premises there are rules
- a message that arrived over Exchange Online bears that header, and is missing in the archive

## Not this when
- nothing at all is journaled: look at the rule and its mailbox
- reports come back with 5.3.190 (`policy.journaling.archive-disabled`)

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/administration/email-received-via-eop-not-journaled
- https://learn.microsoft.com/en-us/exchange/security-and-compliance/journaling/journaling
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.mail_facts import Antispam, Told
from diagnostics.report import Shell, Step

_MARK: Final = "processed-by-journaling"  # X-MS-Exchange-Organization-Processed-By-Journaling
_EXO: Final[Shell] = "exchange-online-powershell"


@cause(id="policy.journaling.already-processed", act="exchange-online")
def assess(told: Told, header: Antispam | None) -> Finding | None:
    """What is told makes it possible, the mark on such a message likely."""
    if told.story != "arrives-and-is-not-journaled":
        return None
    if header and header.told(_MARK):
        because = "The message bears Exchange's mark that it was journaled, which Exchange Online sets: on-premises it is passed "
        because += "over then. The journal rules have to be in the tenant, too."
        return Finding(Belief.LIKELY, because, (told, header), _steps())
    because = (
        "What came over Exchange Online counts as journaled, and the rules on-premises pass over it, as you tell it."
    )
    return Finding(Belief.POSSIBLE, because, (told,), _steps(), weight=1.8)


def _steps() -> tuple[Step, ...]:
    rules = "Get-JournalRule | Format-Table Name,Recipient,JournalEmailAddress,Scope,Enabled"
    return (
        look("See which journal rules there are on-premises.", rules),
        look("See which of them the tenant has.", rules, _EXO),
        change(
            "Make the rules that are missing in the tenant, with the same scope. The journal address must not be a mailbox in "
            "the tenant; ask whoever answers for the archive.",
            "New-JournalRule -Name {rule} -JournalEmailAddress {journal_address} -Scope Global -Enabled $true",
            shell=_EXO,
            changes="Exchange Online sends a report of each message of that scope to the journal address from now on.",
            undo="Remove-JournalRule with that name.",
            verify="A test message from outside appears in the archive. What came before was not journaled, and stays so.",
            rule="",
            journal_address="",
        ),
    )
