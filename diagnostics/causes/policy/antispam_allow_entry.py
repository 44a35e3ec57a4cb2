"""Spam or phishing is delivered because an allow entry of one's own overrides the filter.

## What is happening
An address in the IP Allow list, an allowed sender or domain of an anti-spam policy, an entry of the Tenant
Allow/Block List, a mail flow rule that sets the spam confidence level to -1, or a safe sender of the mailbox keeps
the filter from judging. Whoever forges or shares such a sender or address gets through. Defender tells of it: `Phish
delivered due to tenant or user override`.

## What proves it
- X-Forefront-Antispam-Report has IPV:CAL (IP Allow list), SFV:SKN (a mail flow rule or an allow list before the
  filter), SFV:SKA (an allowed sender or domain of a policy) or SFV:SFE (a safe sender of the mailbox)
- Defender's alert or the message's details name an override

## Not this when
- the headers show no such mark: then the filter judged, and was wrong; submit the message to Microsoft
- legitimate mail is filed as junk (`reputation.content.spam-detected-remote`)

## References
- https://learn.microsoft.com/en-us/defender-office-365/create-safe-sender-lists-in-office-365
- https://learn.microsoft.com/en-us/defender-office-365/message-headers-eop-mdo
- https://learn.microsoft.com/en-us/defender-xdr/alert-policies
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.recipient.steps import EXO
from diagnostics.causes.stories import told_as
from diagnostics.facts import Said
from diagnostics.mail_facts import Antispam, Told
from diagnostics.report import Step

_ALERTS: Final = (
    "Phish delivered due to tenant or user override",
    "Phish delivered due to an IP allow policy",
    "Phish delivered due to an ETR override",
)
_STORY: Final = "spam-by-an-allow-entry"
_MARKS: Final = {
    "SKN": "a mail flow rule, or another list that is looked at first (SFV:SKN)",
    "SKA": "an allowed sender or domain of an anti-spam policy (SFV:SKA)",
    "SFE": "a safe sender of the mailbox (SFV:SFE)",
}


@cause(id="policy.antispam.allow-entry", act="exchange-online", says=_ALERTS)
def assess(anchor: Said | Told, reports: tuple[Antispam, ...]) -> Finding | None:
    """Defender's words prove it; a mark in the header does beside somebody's word that it was spam."""
    if isinstance(anchor, Said):
        because = "Defender says that an allow entry of the tenant or of the mailbox let a message pass that "
        because += "it took for phishing."
        return Finding(Belief.CONFIRMED, because, (anchor,), _steps())
    if anchor.story != _STORY:
        return None
    marked = next(((each, entry) for each in reports if (entry := _entry(each))), None)
    if marked:
        because = f"The filter did not judge the message, for {marked[1]}."
        return Finding(Belief.LIKELY, because, (marked[0], anchor), _steps())
    if reports:
        because = "The header has no mark of an entry that let the message pass: the filter judged it."
        return Finding(Belief.RULED_OUT, because, (reports[0], anchor))
    because = "An allow entry keeps the filter from judging what it names, also where a stranger forges or shares it."
    return told_as(_STORY, anchor, because, _steps(), weight=1.9)


def _entry(report: Antispam) -> str:
    """What let the message pass, "" where the filter judged it."""
    if report.get("IPV").upper() == "CAL":
        return "the sending address in the IP Allow list (IPV:CAL)"
    return _MARKS.get(report.get("SFV").upper(), "")


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "List what is allowed in the tenant: addresses, senders and domains, and rules that set the spam confidence level.",
            "Get-HostedConnectionFilterPolicy | Format-List Name,IPAllowList,EnableSafeList; "
            "Get-HostedContentFilterPolicy | Format-List Name,AllowedSenders,AllowedSenderDomains; "
            "Get-TransportRule | Where-Object {{ $_.SetSCL -eq -1 }} | Format-List Name,State,Description; "
            "Get-TenantAllowBlockListItems -ListType Sender | Format-Table Value,Action,ExpirationDate",
            EXO,
        ),
        change(
            "Take the entry away that the message passed by; a rule that skips the filter should also ask for passed "
            "authentication (dmarc=pass, or the sender's own address).",
            "",
            shell="portal",
            changes="The filter judges such messages again. A wanted sender without authentication "
            "may be filed as junk.",
            undo="Add the entry again, as narrow as it can be.",
            verify="The header of the next such message no longer has the mark.",
        ),
    )
