"""On-premises Exchange does not turn Exchange Online Protection's spam verdict into an SCL.

## What is happening
Exchange Online Protection filters mail for on-premises mailboxes and writes its verdict into
`X-Forefront-Antispam-Report` (SFV:SPM, SKS or SKB). The junk folder on-premises goes by the SCL of the organization, which
stays at -1 or low, since nothing translates the one into the other. Three mail flow rules on-premises have to, and
without them spam lands in the Inbox.

## What proves it
- the report says SFV:SPM, SKS or SKB while X-MS-Exchange-Organization-SCL is -1 or low, on an on-premises mailbox
- none of the enabled mail flow rules on-premises that set the SCL reads that verdict from the report

## Not this when
- an enabled rule on-premises sets the SCL to 5 or more for that verdict: then look at its other conditions
- the mailbox is in Exchange Online
- the report says SFV:NSPM, SKN or SFE: then Exchange Online Protection did not call it spam
- the SCL is 6 or higher: then the mailbox's junk rule is off

## References
- https://learn.microsoft.com/en-us/exchange/standalone-eop/configure-eop-spam-protection-hybrid
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.mail_facts import Antispam, Configured
from diagnostics.report import Step

_SPAM: Final = ("SPM", "SKS", "SKB")

_LEAST: Final = 5  # from here on it is spam
_CONDITIONS: Final = (
    "Description", "Conditions", "HeaderContainsMessageHeader", "HeaderContainsWords", "HeaderMatchesMessageHeader",
    "HeaderMatchesPatterns",
)  # fmt: skip


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
    if number >= _LEAST:
        because = f"X-MS-Exchange-Organization-SCL is {level}: the verdict was translated."
        return Finding(Belief.RULED_OUT, because, (spam,))
    because = f"The filter said SFV:{verdict}, while X-MS-Exchange-Organization-SCL is {level}, which the Inbox takes."
    rule = next(
        (each for each in _rules(objects) if _maps(each, verdict) or (_maps(each) and not _conditions(each))), None
    )
    if rule:
        because += f" `{rule.name}` sets the SCL, so look why it did not apply."
        return Finding(Belief.POSSIBLE, because, (spam, rule), _steps(verdict), weight=1.2)
    return Finding(Belief.LIKELY, because, (spam,), _steps(verdict))


@shown
def rules(objects: tuple[Configured, ...], spam: tuple[Antispam, ...]) -> Finding | None:
    """Which verdicts the rules that set the SCL read; those that read other headers, or the sender's name, translate none."""
    known = _rules(objects)
    verdicts = [each.get("SFV").upper() for each in spam if each.get("SFV").upper() in _SPAM] or list(_SPAM)
    missing = next((verdict for verdict in verdicts if not any(_maps(each, verdict) for each in known)), "")
    if known and not missing:
        met = [each for each in known if any(_maps(each, verdict) for verdict in verdicts)]
        because = f"`{met[0].name}` sets SCL {met[0].get('SetSCL')} for SFV:{verdicts[0]}: the verdict is translated where the "
        because += "rule applies."
        return Finding(Belief.RULED_OUT, because, tuple(met[:3]))
    if not known or any(_maps(each) and not _conditions(each) for each in known):
        return None
    because = f"Of the rules that set the SCL ({', '.join(f'`{each.name}`' for each in known[:3])}) none that is enabled reads "
    because += f"SFV:{missing} from X-Forefront-Antispam-Report."
    return Finding(Belief.LIKELY, because, tuple(known[:3]), _steps(missing))


def _rules(objects: Iterable[Configured]) -> list[Configured]:
    return [each for each in objects if each.kind == "transport-rule" and each.get("SetSCL")]


def _conditions(rule: Configured) -> str:
    """What was printed of a rule's conditions, in lower case."""
    return " ".join(rule.get(name) for name in _CONDITIONS).strip().lower()


def _maps(rule: Configured, verdict: str = "") -> bool:
    """Whether an enabled rule makes spam of what it meets, and meets the verdict by its conditions or, without them, its name."""
    level = rule.get("SetSCL")
    raises = level.isascii() and level.isdecimal() and len(level) == 1 and int(level) >= _LEAST
    reads = f"sfv:{verdict.lower()}" in (_conditions(rule) or rule.name.lower()) if verdict else True
    return raises and reads and rule.get("State", "Enabled").lower() == "enabled"


def _steps(verdict: str) -> tuple[Step, ...]:
    return (
        look(
            "See whether an on-premises mail flow rule sets the SCL from the report.",
            "Get-TransportRule | Where-Object {{ $_.SetSCL -ne $null }} | Format-List Name,Priority,State,SetSCL,Description",
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
