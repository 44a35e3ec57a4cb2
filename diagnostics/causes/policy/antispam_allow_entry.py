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
- the policies list an allowed address, sender or domain, a rule sets the level to -1, or the mailbox has the sender as safe

## Not this when
- the headers show no such mark: then the filter judged, and was wrong; submit the message to Microsoft
- nothing is allowed anywhere; for an alert about an IP allow policy: the IP Allow list is empty
- legitimate mail is filed as junk (`reputation.content.spam-detected-remote`)

## References
- https://learn.microsoft.com/en-us/defender-office-365/create-safe-sender-lists-in-office-365
- https://learn.microsoft.com/en-us/defender-office-365/message-headers-eop-mdo
- https://learn.microsoft.com/en-us/defender-xdr/alert-policies
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.policy.rules import in_force
from diagnostics.causes.policy.said import of_kind
from diagnostics.causes.recipient.steps import EXO
from diagnostics.causes.stories import told_as
from diagnostics.facts import Said
from diagnostics.mail_facts import Antispam, Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Step

_ALERTS: Final = (
    "Phish delivered due to tenant or user override",
    "Phish delivered due to an IP allow policy",
    "Phish delivered due to an ETR override",
)
_IP_LIST: Final = "ip allow policy"
_OWN_LIST: Final = "TrustedSendersAndDomains"
_SETS: Final = linear(r"(?i)\bSCL\)?[^.;]{0,20}-1\b")
_MOST: Final = 3  # entries that are named
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


@shown
def entries(objects: tuple[Configured, ...], stories: tuple[Told, ...]) -> Finding | None:
    """What is allowed in the tenant: most have some entry. An alert that names the IP list is about that one alone."""
    connection = of_kind(objects, "hosted-connection-filter-policy")
    content = of_kind(objects, "hosted-content-filter-policy")
    by_address = any(_IP_LIST in each.source.quote.lower() for each in stories)
    allowed = next(_addresses(connection) if by_address else _allowed(connection, content, objects), None)
    if allowed:
        because = f"{allowed[1]}: what it names the filter does not judge, also where a stranger forges or shares it."
        return Finding(Belief.LIKELY, because, (allowed[0],), _steps())
    if by_address and connection and all(each.told("IPAllowList") for each in connection):
        return Finding(Belief.RULED_OUT, "The IP Allow list is empty, and the safe list is off.", (connection[0],))
    junk = [each for each in objects if each.told(_OWN_LIST)]
    if connection and content and junk and not any(each.items(_OWN_LIST) for each in junk):
        because = "Neither the tenant nor the mailbox has an entry that allows anything."
        return Finding(Belief.RULED_OUT, because, (connection[0], content[0], junk[0]))
    return None


def _addresses(connection: Iterable[Configured]) -> Iterator[tuple[Configured, str]]:
    for each in connection:
        if each.items("IPAllowList"):
            yield each, f"The IP Allow list has {', '.join(each.items('IPAllowList')[:_MOST])}"
        if each.flag("EnableSafeList"):
            yield each, "The connection filter trusts Microsoft's safe list (EnableSafeList True)"


def _allowed(
    connection: Iterable[Configured], content: Iterable[Configured], objects: Iterable[Configured]
) -> Iterator[tuple[Configured, str]]:
    """(the object, what it allows) of each entry of the tenant."""
    yield from _addresses(connection)
    for each in content:
        names = each.items("AllowedSenders") + each.items("AllowedSenderDomains")
        if names:
            yield each, f"The anti-spam policy `{each.name or 'pasted'}` allows {', '.join(names[:_MOST])}"
    for each in objects:
        if each.kind == "tenant-allow-block-list-items" and each.get("Action").lower() == "allow":
            yield each, f"The Tenant Allow/Block List allows {each.get('Value') or 'a sender'}"
        if each.kind == "transport-rule" and in_force(each) and _skips(each):
            yield each, f"The mail flow rule `{each.name or 'pasted'}` sets the spam confidence level to -1"


def _skips(rule: Configured) -> bool:
    return rule.get("SetSCL") == "-1" or bool(_SETS.search(rule.get("Description")))


def _entry(report: Antispam) -> str:
    """What let the message pass, "" where the filter judged it."""
    if report.get("IPV").upper() == "CAL":
        return "the sending address in the IP Allow list (IPV:CAL)"
    return _MARKS.get(report.get("SFV").upper(), "")


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "List what is allowed: addresses, senders and domains of the tenant, rules that set the spam confidence level, and "
            "the safe senders of the mailbox.",
            # What may print nothing comes first: who sends the end sends all.
            "Get-TenantAllowBlockListItems -ListType Sender | Format-Table Value,Action,ExpirationDate; "
            "Get-TransportRule | Where-Object {{ $_.SetSCL -eq -1 }} | Format-List Name,State,SetSCL,Description; "
            "Get-HostedConnectionFilterPolicy | Format-List Name,IPAllowList,EnableSafeList; "
            "Get-HostedContentFilterPolicy | Format-List Name,AllowedSenders,AllowedSenderDomains; "
            "Get-MailboxJunkEmailConfiguration {recipient} | Format-List Identity,TrustedSendersAndDomains",
            EXO,
            recipient="",
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
