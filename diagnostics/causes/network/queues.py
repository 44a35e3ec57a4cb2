"""Which queue an error belongs to, and whether that queue leads outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from diagnostics.causes.recipient.lookup import is_microsoft
from diagnostics.facts import Fact, QueueState, Reply, Said
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.text import begun

_OUTWARD: Final = frozenset({"dnsconnectordelivery", "smarthostconnectordelivery", "smtpdeliverytoexo"})
_INWARD: Final = frozenset(
    {
        "smtpdeliverytomailbox",
        "smtprelaytodag",
        "smtprelaytomailboxdeliverygroup",
        "smtprelaytoservers",
        "smtprelaywithinadsite",
        "smtprelaywithinadsitetoedge",
        "smtprelaytoremoteactivedirectorysite",
        "smtprelaytoremoteadsite",
        "smtprelaytoconnectorsourceservers",
    }
)
_KINDS: Final = {each: each for each in (*_OUTWARD, *_INWARD)}
_INSIDE = linear(r"(?i)\.(?:local|lan|internal|intra|corp|localdomain)\.?$")
_TOLD: Final = 10  # letters of a delivery type that tell it
_FLOWING: Final = frozenset({"ready", "active"})


def queue_of(fact: Fact, queues: Sequence[QueueState]) -> QueueState | None:
    """The queue that a last error belongs to: the one begun last before it, in the same paste."""
    mine = [each for each in queues if each.source.paste == fact.source.paste]
    before = [each for each in mine if each.source.line <= fact.source.line]
    if before or mine:
        return max(before, key=lambda each: each.source.line) if before else mine[0]
    return queues[-1] if len(queues) == 1 else None


def told_of(queue: QueueState, replies: Iterable[Reply], queues: Sequence[QueueState]) -> list[Reply]:
    """Those of `replies` that belong to `queue`, one of `queues`: as `queue_of` has it, linear in both."""
    if len(queues) == 1:
        return list(replies)
    paste, line = queue.source.paste, queue.source.line
    lines = [each.source.line for each in queues if each.source.paste == paste]
    first = line if line > min(lines) else 0  # what stands before the first queue belongs to it
    following = min((each for each in lines if each > line), default=None)
    return [
        each
        for each in replies
        if each.source.paste == paste
        and each.source.line >= first
        and (following is None or each.source.line < following)
    ]


def _kind(written: str) -> str:
    """The delivery type in lower case; one that a table cut off is completed where only one begins so."""
    low = written.lower().rstrip(".")
    return begun(low, _KINDS, _TOLD) or low


def outward(queue: QueueState | None) -> bool:
    """Whether the queue leads out of the organization: by its type, or else to Exchange Online by the name of its next hop."""
    if queue is None:
        return False
    return _kind(queue.delivery_type) in _OUTWARD or (not queue.delivery_type and is_microsoft(queue.next_hop))


def held_otherwise(
    queues: Sequence[QueueState],
    replies: Sequence[Reply],
    meant: Callable[[QueueState, Reply], bool],
    own: Callable[[Reply], bool],
) -> Reply | None:
    """The last error of the queues in Retry that are `meant`, where none that was sent is the `own` one of a cause."""
    waiting = [each for each in queues if each.status.lower() == "retry"]
    errors = [
        reply
        for queue in waiting
        for reply in told_of(queue, replies, queues)
        if reply.kind == "queue" and reply.failing and meant(queue, reply)
    ]
    return errors[-1] if errors and not any(map(own, replies)) else None


def to_microsoft(queue: QueueState, error: Reply) -> bool:
    """Whether what waits there is for Exchange Online."""
    return is_microsoft(error.host or error.by or queue.next_hop)


def inward(queue: QueueState | None) -> bool:
    """Whether the queue leads to another server of the organization: by its type, or else by a name that only inside has."""
    if queue is None:
        return False
    return _kind(queue.delivery_type) in _INWARD or (not queue.delivery_type and bool(_INSIDE.search(queue.next_hop)))


def told_inward(objects: Iterable[Configured]) -> Configured | None:
    """That the person tells of mail between Exchange servers of their own."""
    return next((each for each in objects if each.kind == "told-between-servers"), None)


STALLED: Final = (
    "Connection dropped due to Timeout",
    "Connection dropped due to TimedOut",
    "421 4.4.1 Connection timed out",
)
"""What a queue says of a session that opened and then came to nothing."""


def stalled_inside(said: Said, queues: Sequence[QueueState]) -> QueueState | None:
    """The queue to another server of the organization whose session opened and came to nothing; None for any other."""
    queue = queue_of(said, queues) if said.kind == "queue" else None
    return queue if inward(queue) else None


def by_smart_host(queue: QueueState | None) -> bool:
    return queue is not None and _kind(queue.delivery_type) == "smarthostconnectordelivery"


def flowing(queues: Iterable[QueueState], failing: QueueState | None) -> QueueState | None:
    """Another queue to the outside, to another destination, that is delivered."""
    for each in queues:
        other = failing is None or each.next_hop.casefold() != failing.next_hop.casefold()
        if other and outward(each) and each.status.lower() in _FLOWING:
            return each
    return None
