"""The store slows delivery down, because too much goes to one mailbox or database at once.

## What is happening
Mailbox delivery uses a limited number of threads for each recipient and each database. A burst to one mailbox
or group, or a slow database, uses them up: `432 4.3.2 STOREDRV.Deliver; recipient thread limit exceeded`, or
`dynamic mailbox database throttling limit exceeded`. The message waits in the queue and is tried again.

## What proves it
- the text, in the last error of a mailbox delivery queue, while one mailbox or database gets a burst

## Not this when
- the queue of the database waits for another error, such as a connection that is refused
- STOREDRV.ClientSubmit with `sender thread limit`: the sending account (`quota-throttle.smtp-auth.concurrency`)
- `554 4.3.2 … MapiExceptionMaxObjsExceeded`: a full folder (`quota-throttle.folder.item-limit`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
- https://learn.microsoft.com/en-us/exchange/mail-flow/message-rate-limits
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.network.queues import held_otherwise
from diagnostics.causes.quota_throttle.traffic import received_by
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.lookup import address, by_microsoft, named
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import QueueState, Reply, Said
from diagnostics.patterns import linear
from diagnostics.report import Act, Step
from diagnostics.text import short

_LIMITS = linear(
    r"(?i)limit exceeded|threads? per \w+ exceeded|Max(?:Threads|RpcServer)?\w*(?:Exceeded|TooBusy)|SessionLimit|too busy"
)
_DELIVERY_PORT = ":475"  # where the mailbox transport delivery service listens


@cause(
    id="quota-throttle.store.delivery-concurrency",
    act="on-prem",
    says=(
        "recipient thread limit exceeded",
        "mailbox database throttling limit exceeded",
        "mailbox database thread limit exceeded",
        "mailbox server thread limit exceeded",
        "delivery source thread limit exceeded",
        "max concurrent message size limit exceeded",
        "max threads per mdb exceeded",
        "max threads per sct exceeded",
        "MapiExceptionMaxThreadsPerMdbExceeded",
        "MapiExceptionMaxThreadsPerSCTExceeded",
        "MapiExceptionRpcServerTooBusy",
        "MapiExceptionSessionLimit",
        "mapi session limit exceeded",
        "STOREDRV; mailbox server is too busy",
        "mailbox server is too busy",
    ),
)
def assess(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    """The words tell whether a mailbox or a database is the narrow place."""
    if has(said, "4.3.21"):
        return None  # on purpose, in announced maintenance
    wanted = address(said, replies)
    online = by_microsoft(said)
    act: Act = "exchange-online" if online else "on-prem"
    database = has(said, "database", "too busy", "mailbox server", "per mdb", "concurrent message size")
    because = (
        "A mailbox database answers too slowly for the mail that comes in"
        if database
        else f"Too many messages are being delivered to {named(wanted, 'one recipient')} at the same time"
    )
    because += "; messages wait and are tried again, so short bursts need no repair."
    belief = Belief.LIKELY if has(said, "too busy") else Belief.CONFIRMED
    return Finding(belief, because, (said,), _steps(wanted, online, database), act, weight=1.0)


@shown
def queue(queues: tuple[QueueState, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """The store says that it is too slow for what comes in; what can't reach it at all waits for something else."""
    other = held_otherwise(queues, replies, _to_a_database, _may_be_limited)
    because = f"The queue of the database waits for another error: `{short(other.text)}`." if other else ""
    return Finding(Belief.RULED_OUT, because, (other,)) if other else None


def _may_be_limited(error: Reply) -> bool:
    """Whether the store says so, or has the number for it."""
    return error.enhanced == "4.3.2" or bool(_LIMITS.search(error.whole))


def _to_a_database(waiting: QueueState, error: Reply) -> bool:
    return waiting.delivery_type.lower().startswith("smtpdeliverytoma") or _DELIVERY_PORT in error.whole


def _steps(recipient: str, online: bool, database: bool) -> tuple[Step, ...]:
    if online:
        return (
            received_by(recipient),
            advise("Make the noisiest sender send less; Exchange Online has no setting for it."),
        )
    return (
        look(
            "See which databases' queues wait.",
            "Get-Queue -Filter \"DeliveryType -eq 'SmtpDeliveryToMailbox'\" | "
            "Format-Table Identity,Status,MessageCount,LastError",
        ),
        look(
            "See who sends so much (newest 1,000 deliveries).",
            "Get-MessageTrackingLog -EventId DELIVER -ResultSize 1000 | Sort-Object Sender | "
            "Format-Table Timestamp,Sender,Recipients",
        ),
        advise(
            "Look at the database's disk latency, and move its busiest mailboxes to another database."
            if database
            else "Make the noisiest sender send less, or spread its messages over several mailboxes."
        ),
    )
