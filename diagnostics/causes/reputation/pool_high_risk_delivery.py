"""Exchange Online took the outgoing message for spam and sent it through its high-risk pool.

## What is happening
Outgoing mail that the filter takes for spam, and bounces to forged senders, leave through separate addresses,
the high-risk delivery pool. Receivers distrust them and many block lists hold them, so the message is refused
or filed as junk although the tenant's normal mail arrives. Mail whose sender domain has neither an
A nor an MX record always takes that way.

## What proves it
- the headers at the receiver say DIR:OUT with SFV:SPM, or the trace names a high-risk OutboundIpPoolName

## Not this when
- the trace names a regular pool; forwarded mail uses the relay pool (`reputation.pool.relay`)
- the message wasn't sent by Exchange Online

## References
- https://learn.microsoft.com/en-us/defender-office-365/outbound-spam-high-risk-delivery-pool-about
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.causes.reputation.addresses import blamed, microsofts, pool_of
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Antispam, Headers, Traced
from diagnostics.report import Step

POOL: Final = "OutboundIpPoolName"  # in the data of a trace event
_POOL: Final = ("highrisk", "high risk delivery", "high-risk delivery")


@cause(
    id="reputation.pool.high-risk-delivery",
    act="exchange-online",
    says=("HighRisk", "High risk delivery", "high-risk delivery", "5.7.350", "blocked using", "spamhaus"),
)
def assess(
    anchor: Said | Antispam | Traced | Headers | Reply,
    antispam: tuple[Antispam, ...],
    replies: tuple[Reply, ...],
    traced: tuple[Traced, ...],
) -> Finding | None:
    """The pool that the trace names, the filter's outbound verdict, or a refusal of Exchange Online's own address."""
    refused = next((each for each in replies if each.failing), None)
    event = next((each for each in reversed(traced) if each.get(POOL)), None)
    if event:
        return _by_pool(event, event.get(POOL), refused)
    if isinstance(anchor, Traced):
        return None
    if isinstance(anchor, Headers):
        return _stamped(anchor)
    if isinstance(anchor, Reply):
        return _named(anchor)
    marked = next((each for each in antispam if _outbound_spam(each)), None)
    because = "Exchange Online's own filter took the message for spam on its way out"
    if marked:
        because += f" ({_verdict(marked)}), so it left through the high-risk pool, which receivers distrust."
        return Finding(Belief.LIKELY, because, (marked, refused), _steps(), weight=1.2)
    if isinstance(anchor, Antispam):
        return None
    if has(anchor, *_POOL):
        because = (
            "The text names the high-risk pool, which Exchange Online uses for mail that its filter takes for spam."
        )
        return Finding(Belief.LIKELY, because, (anchor,), _steps(), weight=1.2)
    if microsofts(blamed(anchor.text)):
        because = f"`{blamed(anchor.text)}`, which was refused, is an address of Exchange Online; those of its high-risk pool "
        because += "are refused often, and are used for mail that looks like spam."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(), weight=1.3)
    if has(anchor, "5.7.350"):
        because = (
            "If Exchange Online's own filter took the message for spam as well, it left through the high-risk pool."
        )
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(), weight=0.9)
    return None


@shown
def traces(traced: tuple[Traced, ...]) -> Finding | None:
    """The pool that the last event of the message names."""
    event = next((each for each in reversed(traced) if each.get(POOL)), None)
    if event is None:
        return None
    if not any(words in event.get(POOL).lower() for words in _POOL):
        because = f"The trace names the pool {event.get(POOL)}: it wasn't the high-risk one."
        return Finding(Belief.RULED_OUT, because, (event,))
    because = f"The trace says that the message left through {event.get(POOL)}, the pool for what Exchange Online takes for spam."
    return Finding(Belief.CONFIRMED, because, (event,), _steps())


def _by_pool(event: Traced, pool: str, refused: Reply | None) -> Finding | None:
    """The high-risk pool is a verdict on the message, whether or not the receiver took it."""
    if not any(words in pool.lower() for words in _POOL):
        because = f"The trace names the pool {pool}: it wasn't the high-risk one."
        return Finding(Belief.RULED_OUT, because, (event,)) if refused else None
    because = f"The trace says that the message left through {pool}: Exchange Online's own filter took it for spam, "
    because += "or its sender's domain has neither an A nor an MX record."
    return Finding(Belief.CONFIRMED if refused else Belief.LIKELY, because, (event, refused), _steps())


def _stamped(headers: Headers) -> Finding | None:
    """What the sending tenant's filter wrote, in a message that another tenant received."""
    report = headers.get("x-forefront-antispam-report-untrusted").upper()
    if "DIR:OUT" not in report or "SFV:SPM" not in report:
        return None
    because = "The sender's own Exchange Online took the message for spam on its way out (DIR:OUT, SFV:SPM), so it left through "
    because += "the high-risk pool, which receivers distrust."
    return Finding(Belief.LIKELY, because, (headers,), _steps(), weight=1.2)


def _named(reply: Reply) -> Finding | None:
    """A refusal that names a server of the pool."""
    if not reply.failing or pool_of(reply.whole) != "high-risk":
        return None
    because = "The refused server is one of Exchange Online's high-risk pool, which it uses for mail that its filter takes for "
    because += "spam; block lists hold those addresses by design."
    return Finding(Belief.LIKELY, because, (reply,), _steps(), weight=1.4)


def _outbound_spam(spam: Antispam) -> bool:
    return spam.get("DIR").upper() == "OUT" and spam.get("SFV").upper() == "SPM"


def _verdict(spam: Antispam) -> str:
    scl = f", SCL {spam.scl}" if spam.scl is not None else ""
    return f"DIR:OUT, SFV:SPM{scl}"


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See which pool the message left through: OutboundIpPoolName in the data of its Send external event.",
            "Get-MessageTraceDetailV2 -MessageTraceId {message_trace_id} -RecipientAddress {recipient} | "
            "Format-List Date,Event,Detail,Data",
            EXO,
            message_trace_id="",
            recipient="",
        ),
        advise(
            "Check the account for a compromise, and that the sender's domain has MX or A, SPF, DKIM and DMARC records."
        ),
        advise(
            "Change what makes it look like spam (links, wording, bulk to strangers), and report a wrong verdict to Microsoft."
        ),
    )
