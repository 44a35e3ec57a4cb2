"""Exchange Online has banned the sender's account or domain for spam.

## What is happening
Microsoft's filter saw spam from this account, or from mail that carries this domain, and bans it: `550 5.7.501
Access denied, spam abuse detected`, `5.7.502` and `5.7.503 Access denied, banned sender`, or `5.7.800`, where
the banned domain stands in HELO, envelope or From. Stolen credentials are the usual reason; for a new tenant
it can be its onmicrosoft.com domain.

## What proves it
- the number, said by a server of Exchange Online

## Not this when
- the text bans an address, `banned sending IP` or 5.7.511 (`reputation.ip.microsoft-banned`)
- the sender is in an onmicrosoft.com domain (`quota-throttle.tenant.onmicrosoft-domain`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.causes.quota_throttle.senders import initial_domain, sender_of
from diagnostics.causes.quota_throttle.traffic import inbox_rules, sent_by
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.facts import Said
from diagnostics.mail_facts import Headers, Traced
from diagnostics.report import Step

# Of Outlook.com's private accounts, too, which are on no tenant's list: they are suspended until their owner verifies them.
_VERDICT: Final = "WASCL UserAction verdict"


@cause(
    id="reputation.sender.banned",
    act="exchange-online",
    says=(
        "5.7.501",
        "5.7.502",
        "5.7.503",
        "5.7.800",
        "spam abuse detected",
        "Access denied, banned sender",
        _VERDICT,
    ),
    against={
        "banned sending IP": "bans an address, whoever the sender is",
    },
)
def assess(said: Said, headers: tuple[Headers, ...], traced: tuple[Traced, ...]) -> Finding | None:
    """Which object is named: the account, the domain (5.7.800), or an address, which is another cause."""
    if has(said, "5.7.511", "banned sending ip", "delist@"):
        return None
    if said.signature == _VERDICT:
        return _suspended(said)
    sender, shown = sender_of(said, headers, traced)
    who = f"`{sender}`" if sender else "the sending account"
    if has(said, "5.7.800"):
        because = "A domain in HELO, envelope or From of the message is banned by Microsoft."
        return Finding(Belief.LIKELY, because, (said, shown), _of_domain(), "sender")
    because = f"Exchange Online has banned {who} for spam; mostly somebody else sends with its password."
    if has(said, "5.7.502", "5.7.503", "banned sender"):
        return Finding(Belief.CONFIRMED, because, (said, shown), _steps(sender))
    if sender and not initial_domain(sender):
        return Finding(Belief.LIKELY, because, (said, shown), _steps(sender), weight=1.0)
    return Finding(Belief.POSSIBLE, because, (said, shown), _steps(sender), weight=1.7 if not sender else 1.0)


def _suspended(said: Said) -> Finding | None:
    """What the filter does with the account stands behind its verdict; a tenant's account is on a list besides."""
    if not has(said, "verdict is suspend"):
        return None
    because = "Microsoft's filter has suspended the sending account for what it sent, or how much in a short time. A "
    because += "private account (Outlook.com, Hotmail) is free again once its owner has verified it."
    steps = (
        advise(
            "Private account: sign in at outlook.live.com and verify it by the phone or address that is asked for; change the "
            "password, and let applications send less."
        ),
        *_steps(""),
    )
    return Finding(Belief.POSSIBLE, because, (said,), steps, "sender", weight=1.8)


def _of_domain() -> tuple[Step, ...]:
    return (
        look(
            "See the name that our server says in HELO; compare it, the envelope's and From's domain with the refusal.",
            "Get-SendConnector | Format-List Name,Fqdn",
        ),
        advise(
            "Find what sent spam in the name of the domain, and stop it first; check its SPF, DKIM and DMARC records."
        ),
        advise("Then ask Microsoft support to lift the ban on the domain; nobody else can."),
    )


def _steps(sender: str) -> tuple[Step, ...]:
    return (
        look("See whether the account is restricted, and why.", "Get-BlockedSenderAddress | Format-List", EXO),
        sent_by(sender),
        inbox_rules(sender),
        advise(
            "Reset the password, revoke the sessions, switch on multifactor authentication, and delete inbox rules and "
            "app consents that the owner doesn't know."
        ),
        advise(
            "Then release the account on the Restricted entities page of the Defender portal, or ask Microsoft support."
        ),
    )
