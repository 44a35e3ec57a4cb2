"""The sender uses the tenant's onmicrosoft.com domain, which may hardly send to the outside.

## What is happening
Every tenant starts with a domain `<name>.onmicrosoft.com`, meant for tests. Mail from it may go to 100
external recipients of the whole organization in 24 hours (`550 5.7.236`), and a new tenant that sends from it
is soon taken for an abuser (`550 5.7.501 Access denied, spam abuse detected`).

## What proves it
- the sender's address ends in `.onmicrosoft.com`, and mail from an own domain works
- Get-Recipient shows such a PrimarySmtpAddress for the mailbox that sends

## Not this when
- the sender's address is in an own domain (`reputation.sender.banned`)
- `5.7.232` or `5.7.233` (`quota-throttle.tenant.external-recipient-rate`)

## References
- https://dmarcwise.io/blog/onmicrosoft-sending-limits
- https://www.techzine.eu/news/applications/134017/microsoft-limits-onmicrosoft-com-email-to-100-external-recipients-per-day
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.quota_throttle.senders import initial_domain, sender_of
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured, Headers, Traced
from diagnostics.report import Step

_OF_DOMAIN: Final = "for senders in the onmicrosoft.com domain"


@cause(
    id="quota-throttle.tenant.onmicrosoft-domain",
    act="exchange-online",
    says=("5.7.236", _OF_DOMAIN, "spam abuse detected", "5.7.501"),
    against={
        "tenant has exceeded threshold": "restricts the tenant for its traffic, whatever domain its senders use",
        "traffic not accepted from this IP": "is about the address that a new tenant sends from",
    },
)
def assess(said: Said, headers: tuple[Headers, ...], traced: tuple[Traced, ...]) -> Finding | None:
    """5.7.236 says it; for 5.7.501 the sender's domain decides."""
    sender, shown = sender_of(said, headers, traced)
    if has(said, "5.7.236", _OF_DOMAIN):
        because = (
            "Mail from the initial onmicrosoft.com domain has reached its limit of 100 external recipients in a day."
        )
        return Finding(Belief.CONFIRMED, because, (said,), _steps(sender))
    if sender and not initial_domain(sender):
        return Finding(Belief.RULED_OUT, f"The sender `{sender}` uses an own domain.", (shown or said,))
    if sender:
        because = (
            f"`{sender}` sends from the tenant's initial domain, which Exchange Online limits and soon takes for abuse."
        )
        return Finding(Belief.LIKELY, because, (said, shown), _steps(sender), weight=1.2)
    because = (
        "If the sender's address ends in .onmicrosoft.com, that is the reason: new tenants are barred soon there, "
    )
    because += "and an own domain as the sender's mends it."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(""), weight=1.4)


@shown
def addresses(objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """The primary address of the mailbox that sends. Who was written to is no sender."""
    to = {each.recipient.lower() for each in replies if each.recipient}
    primary = [
        (each.get("PrimarySmtpAddress").lower(), each) for each in objects if each.kind in ("recipient", "mailbox")
    ]
    told = [(address, each) for address, each in primary if "@" in address and address not in to]
    initial = next((row for row in told if initial_domain(row[0])), None)
    if initial:
        because = f"The mailbox sends as `{initial[0]}`, an address of the tenant's initial domain, which Exchange Online limits."
        return Finding(Belief.LIKELY, because, (initial[1],), _steps(initial[0]))
    if not told:
        return None
    return Finding(Belief.RULED_OUT, f"The mailbox sends as `{told[0][0]}`, an own domain's address.", (told[0][1],))


def _steps(sender: str) -> tuple[Step, ...]:
    return (
        look(
            "See the address that the sender sends with.",
            "Get-Recipient {sender} | Format-List Name,RecipientTypeDetails,PrimarySmtpAddress",
            EXO,
            sender=sender,
        ),
        look(
            "See which domains the tenant has.",
            "Get-AcceptedDomain | Format-Table DomainName,Default,InitialDomain",
            EXO,
        ),
        advise(
            "If there is no custom domain yet, add and verify one in the Microsoft 365 admin center, and make it the default."
        ),
        change(
            "Send from the own domain: make it the sender's primary address (synchronized users: change it on-premises).",
            "Set-Mailbox {sender} -WindowsEmailAddress {own_address}",
            shell=EXO,
            changes="The mailbox sends from the new address; the old one keeps receiving.",
            undo="The same with the old address.",
            verify="A message to an outside recipient is delivered.",
            sender=sender,
            own_address="",
        ),
    )
