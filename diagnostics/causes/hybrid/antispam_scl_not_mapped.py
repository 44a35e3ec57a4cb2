"""On-premises Exchange does not turn Exchange Online Protection's spam verdict into an SCL.

## What is happening
Exchange Online Protection filters mail for on-premises mailboxes and writes its verdict into
`X-Forefront-Antispam-Report` (SFV:SPM, SKS or SKB). The junk folder on-premises goes by the SCL of the organization, which
stays at -1 or low, since nothing translates the one into the other. Three mail flow rules on-premises have to, and
without them spam lands in the Inbox.

## What proves it
- the report says SFV:SPM, SKS or SKB while X-MS-Exchange-Organization-SCL is -1 or low, on an on-premises mailbox

## Not this when
- the mailbox is in Exchange Online
- the report says SFV:NSPM, SKN or SFE: then Exchange Online Protection did not call it spam
- the SCL is 6 or higher: then the mailbox's junk rule is off

## References
- https://learn.microsoft.com/en-us/exchange/standalone-eop/configure-eop-spam-protection-hybrid
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.mail_facts import Antispam, Configured
from diagnostics.report import Step

_SPAM = ("SPM", "SKS", "SKB")


@cause(id="hybrid.antispam.scl-not-mapped", act="on-prem")
def assess(spam: Antispam, objects: tuple[Configured, ...]) -> Finding | None:
    """The two headers of one message contradict each other; a mail flow rule that sets the SCL speaks against it."""
    verdict = spam.get("SFV").upper()
    level = spam.get("Organization-SCL")
    if verdict not in _SPAM or not level or spam.get("DIR").upper() == "OUT":
        return None
    number = int(level) if level.removeprefix("-").isdecimal() and len(level) < 4 else None
    if number is None:
        return None
    if number >= 5:
        because = f"X-MS-Exchange-Organization-SCL is {level}: the verdict was translated."
        return Finding(Belief.RULED_OUT, because, (spam,))
    because = f"The filter said SFV:{verdict}, while X-MS-Exchange-Organization-SCL is {level}, which the Inbox takes."
    rule = next((each for each in objects if each.kind == "transport-rule" and _maps(each)), None)
    if rule:
        because += f" `{rule.name}` sets the SCL, so look why it did not apply."
        return Finding(Belief.POSSIBLE, because, (spam, rule), _steps(verdict), weight=1.2)
    return Finding(Belief.LIKELY, because, (spam,), _steps(verdict))


def _maps(rule: Configured) -> bool:
    return rule.get("SetSCL") not in ("", "-1", "0") and rule.get("State", "Enabled").lower() == "enabled"


def _steps(verdict: str) -> tuple[Step, ...]:
    return (
        look(
            "See whether an on-premises mail flow rule sets the SCL from the report.",
            "Get-TransportRule | Where-Object {{ $_.SetSCL -ne $null }} | Format-Table Name,State,Priority,SetSCL",
        ),
        look(
            "See the SCL above which mail goes to the junk folder. A mailbox's junk rule is on or off in the user's own "
            "junk e-mail settings.",
            "Get-OrganizationConfig | Format-List SCLJunkThreshold",
        ),
        change(
            "Make the mail flow rule on-premises, and the same for the other two verdicts (SFV:SPM, SFV:SKS, SFV:SKB).",
            "New-TransportRule -Name {rule_name} -HeaderContainsMessageHeader 'X-Forefront-Antispam-Report' "
            "-HeaderContainsWords {words} -SetSCL 6",
            changes="Messages with that verdict get SCL 6, and the junk rule of each mailbox moves them.",
            undo="Remove-TransportRule with that name.",
            verify="The next message with that verdict is in the Junk Email folder.",
            rule_name=f"EOP SFV:{verdict} to SCL 6",
            words=f"SFV:{verdict}",
        ),
    )
