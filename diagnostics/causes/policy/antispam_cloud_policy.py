"""A setting of the tenant's own anti-spam policy acted on the message: its action, a threshold, or a language filter.

## What is happening
Anti-spam policies of Exchange Online do more than judge: they mark mail in chosen languages or from chosen countries
as spam, have a threshold for bulk mail, extra conditions (ASF, which leave X-CustomSpam in the header), lists of
senders, and say what becomes of each verdict. A submission answers then that one of the policies affected the
message, not the filter alone.

## What proves it
- the result of a submission, or the details of the message in Defender, name the policy
- the header has X-CustomSpam

## Not this when
- the header says SFV:SKB or SFV:BLK: a blocked sender (`policy.antispam.sender-blocked`)
- the filter judged the content (`reputation.content.spam-detected-remote`)

## References
- https://learn.microsoft.com/en-us/defender-office-365/anti-spam-policies-configure
- https://learn.microsoft.com/en-us/defender-office-365/anti-spam-policies-asf-settings-about
- https://learn.microsoft.com/en-us/defender-office-365/submissions-admin
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.recipient.steps import EXO
from diagnostics.facts import Said
from diagnostics.mail_facts import Antispam
from diagnostics.report import Step

_WORDS: Final = (
    "your anti-spam policies affected this message",
    "your antispam policies affected this message",
    "your anti-spam policies impacted this message",
    "Ihrer Antispamrichtlinien wirkte sich auf diese Nachricht aus",
    "Ihrer Antispamrichtlinien hat sich auf diese Nachricht ausgewirkt",
    "vos stratégies anti-courrier indésirable a affecté ce message",
)

_ENTRIES: Final = ("SKB", "BLK")


@cause(id="policy.antispam.cloud-policy", act="exchange-online", says=_WORDS)
def assess(said: Said, report: Antispam | None) -> Finding | None:
    """The sentence names the policy's part, not which of its settings it was."""
    if report and report.get("SFV").upper() in _ENTRIES:
        because = f"The header names a blocked sender (SFV:{report.get('SFV').upper()}), which decides before all else."
        return Finding(Belief.RULED_OUT, because, (report, said))
    because = "A setting of an anti-spam policy of the tenant acted on the message: which one, the policies "
    because += "and the header tell."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.9)


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See what the policies do: actions, threshold of bulk mail, languages, countries and lists.",
            "Get-HostedContentFilterPolicy | Format-List "
            "Name,SpamAction,HighConfidenceSpamAction,PhishSpamAction,BulkSpamAction,BulkThreshold,EnableLanguageBlockList,"
            "LanguageBlockList,EnableRegionBlockList,RegionBlockList,BlockedSenders,BlockedSenderDomains,MarkAsSpam*,"
            "IncreaseScore*",
            EXO,
        ),
        look(
            "See for whom each policy is, and which comes first.",
            "Get-HostedContentFilterRule | Format-Table "
            "Name,State,Priority,HostedContentFilterPolicy,SentTo,SentToMemberOf,RecipientDomainIs",
            EXO,
        ),
        change(
            "Take away the one setting that acted: the language or country in question, or the extra "
            "condition. Leave the filter on.",
            "",
            shell="portal",
            changes="Messages are no longer marked for that alone; their content is judged as before.",
            undo="Set it again.",
            verify="The next such message has no X-CustomSpam, and another SFV than SPM.",
        ),
    )
