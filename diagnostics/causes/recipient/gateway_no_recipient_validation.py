"""The filter in front accepts mail for any address, and the mailbox system has to bounce it.

## What is happening
The domain's MX is a filter or relay that takes every local part and passes it on. Exchange refuses the
invented ones, and the filter (or Exchange) must then write a report to a sender that is mostly forged: piles
of reports for people who never existed. The refusal is right; recipient checking in front is missing.
Creating the mailboxes would be wrong.

## What proves it
- many reports for addresses that nobody ever had, mostly answers to spam
- the filter answers 250 to RCPT TO with an invented address

## Not this when
- the MX leads straight to Exchange or Exchange Online
- the refused address is one that people really use

## References
- https://learn.microsoft.com/en-us/exchange/antispam-and-antimalware/antispam-protection/recipient-filtering
- https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/use-directory-based-edge-blocking
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.causes.dns.exchangers import exchanger_of
from diagnostics.causes.network.reach import kind_of
from diagnostics.causes.recipient.edge_blocking import edge_blocked
from diagnostics.causes.recipient.lookup import (
    address,
    directory_says_no,
    domain,
    holders,
    named,
    passed_on,
    unknown_of,
)
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Reply, Said
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

_FEW: Final = 2
_REPORTS: Final = ("undeliver", "unzustellbar", "non remis", "no se puede entregar", "non recapitabile", "onbestelbaar")

_STORY: Final = "front-takes-anybody"


@cause(
    id="recipient.gateway.no-recipient-validation",
    act="on-prem",
    says=(
        "RESOLVER.ADR.RecipientNotFound",
        "RESOLVER.ADR.RecipNotFound",
        "Recipient address rejected: Access denied",
        "not found by SMTP address lookup",
    ),
)
def assess(
    said: Said | Configured | Told,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
    answers: tuple[DnsAnswer, ...],
) -> Finding | None:
    """Several unknown addresses of one domain at once speak for it; one refusal only allows it."""
    if isinstance(said, Told):
        return _told(said)
    if isinstance(said, Configured):
        return _backscatter(said, objects)
    if passed_on(said) or not (edge_blocked(said) or directory_says_no(said)):
        return None
    wanted = address(said, replies)
    owner = next(iter(holders(wanted, objects)), None)
    if owner:
        because = f"{owner.name or 'An object'} owns {named(wanted)}: it is no invented address."
        return Finding(Belief.RULED_OUT, because, (owner,))
    name = domain(wanted)
    front = exchanger_of(name, answers)
    if front and front.is_microsoft:
        because = (
            f"The MX record of {name} names Exchange Online itself ({front.host}): no filter stands in front of it."
        )
        return Finding(Belief.RULED_OUT, because, (front.answer,))
    refused = unknown_of(name, replies)
    if refused:
        some = ", ".join(f"`{each}`" for each in refused[:3])
        because = f"{len(refused)} unknown addresses of {name} were refused ({some}). If nobody ever had them, what stands in "
        because += "front takes mail for any address and leaves the bouncing to Exchange."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(name), weight=1.9)
    handed = next(
        (r for r in replies if r.source == said.source and r.kind == "log" and kind_of(r.ip) == "internal"), None
    )
    if handed:
        because = f"A relay in front took the message for {named(wanted)}, handed it to {handed.ip}, was refused, and now has to "
        because += "bounce it itself: it does not check recipients before it accepts."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(name), weight=1.9)
    because = "If nobody ever had this address and such reports pile up, a filter in front accepts mail unchecked."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(name), weight=0.6)


def _told(told: Told) -> Finding | None:
    if told.story != _STORY:
        return None
    because = "What stands in front takes mail for addresses that do not exist, as you tell it, and hears from the server behind "
    because += "it too late that nobody has them: it has to ask for each recipient before it accepts."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(""), weight=1.8)


def _backscatter(message: Configured, objects: tuple[Configured, ...]) -> Finding | None:
    """A queue full of reports to senders that don't answer: they were forged."""
    waiting = [each for each in objects if each.kind == message.kind == "queued-message"]
    reports = [each for each in waiting if _is_report(each)]
    if len(reports) < _FEW or len(reports) < len(waiting) or message is not reports[0]:
        return None
    because = (
        f"All {len(reports)} messages shown are reports with an empty sender that wait for domains which don't take "
    )
    because += "them: answers to forged senders. What stands in front takes mail for any address, and Exchange has to bounce it."
    return Finding(Belief.LIKELY, because, tuple(reports[:2]), _steps(""), weight=1.6)


def _is_report(message: Configured) -> bool:
    return message.get("FromAddress") == "<>" and message.get("Subject").lower().startswith(_REPORTS)


def _steps(name: str) -> tuple[Step, ...]:
    return (
        look(
            "See whether the domain's MX is a filter rather than Exchange itself.",
            "Resolve-DnsName {domain} -Type MX | Format-Table Name,Preference,NameExchange",
            "powershell",
            domain=name,
        ),
        advise(
            "Ask the MX host by hand (telnet to port 25, RCPT TO with an invented address): 250 means "
            "that it does not check recipients."
        ),
        advise(
            "In the filter, load the list of valid recipients (directory sync) and reject mail to "
            "addresses that are not listed at RCPT TO."
        ),
        look(
            "Where an Exchange server with anti-spam agents is the first hop, see its own recipient validation.",
            "Get-RecipientFilterConfig | Format-List Enabled,RecipientValidationEnabled",
        ),
    )
