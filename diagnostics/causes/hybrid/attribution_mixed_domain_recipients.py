"""A relayed message has recipients of several domains, and Exchange Online doesn't know whose server sends it.

## What is happening
A session that matches no inbound connector belongs to no tenant. Exchange Online then takes, in one transaction, only the
recipients of the first domain and puts the others off: `451 4.4.5 Address domain different from previous accepted
address … ATTR46`. A mail server tries those again by itself; an application that doesn't loses them. For our own
relay the cure is that the session is recognised.

## What proves it
- ATTR46, with recipients of more than one domain in the same message

## Not this when
- all recipients are of one domain
- the refusal is `452 4.5.3 Too many recipients` (`quota-throttle.recipients.too-many`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/office-365-notice
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause
from diagnostics.causes.connector.heard import heard
from diagnostics.causes.connector.steps import list_inbound_connectors
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Reply, Said, Session
from diagnostics.patterns import linear
from diagnostics.report import Step

_DELIVERY = linear(
    r"\bto=<[^@>\s]{1,64}@([^>\s]{3,253})>.{0,200}\brelay=([A-Za-z0-9-]{1,63})\.mail\.protection\.outlook\.com\["
)


@cause(
    id="hybrid.attribution.mixed-domain-recipients",
    act="sender",
    says=(
        "Address domain different from previous accepted address",
        "Recipients belong to multiple regions",
        "ATTR46",
        "ATTR38",
    ),
    against={
        "4.5.3 Too many recipients": "counts the recipients, whatever their domains",
    },
)
def assess(said: Said, replies: tuple[Reply, ...], sessions: tuple[Session, ...]) -> Finding | None:
    """The words say it; whose server sends decides who acts."""
    what = heard(said, replies, sessions)
    because = "Exchange Online did not recognise the sending server, and the message has recipients of several domains"
    name = what.connector
    if what.outgoing and name:
        because += f" (`{name}`{', ' + what.reply.at if what.reply and what.reply.at else ''})"
        return Finding(Belief.LIKELY, f"{because}.", (said,), _steps(), "exchange-online")
    if _relays(said):
        because += ". The relay hands mail for other domains to this tenant's address as well, so it is to send for the tenant, "
        because += "and no inbound connector fits it"
        return Finding(Belief.LIKELY, f"{because}.", (said,), _steps(), "exchange-online")
    return Finding(Belief.LIKELY, f"{because}.", (said,), _steps())


def _relays(said: Said) -> bool:
    """Whether Postfix delivers a domain to an exchanger named after another one, as only a configured relay host makes it do."""
    found = _DELIVERY.search(said.source.quote)
    return bool(found) and found.group(1).lower().replace(".", "-") != found.group(2).lower()


def _steps() -> tuple[Step, ...]:
    return (
        advise(
            "A mail server needs nothing: it tries the recipients of the other domains again. Let an application do the same "
            "on a 451, or send one message for each domain."
        ),
        list_inbound_connectors(),
        advise(
            "If it is our own relay through the tenant: mend the inbound connector (certificate name or address), so that its "
            "sessions are recognised; then any recipients may be mixed."
        ),
    )
