"""Somebody suspended the queue.

## What is happening
A queue that was suspended by hand or by a script takes messages but sends none; it shows no error. It stays so
until it is resumed, over restarts too.

## What proves it
- `Get-Queue` shows Status Suspended

## Not this when
- the queue is in Retry: then its last error names the fault

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/queues/queue-procedures
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.facts import QueueState
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

_TRYING = ("retry", "active", "connecting")


@cause(
    id="transport-service.queue.suspended",
    act="on-prem",
    against={
        "4.3.2 Service not active": "is an answer to an attempt; a suspended queue makes none",
    },
)
def assess(queue: QueueState | Told) -> Finding | None:
    """The status is the whole proof."""
    if isinstance(queue, Told):
        return _told(queue)
    if queue.status.lower() != "suspended" or "\\shadow\\" in queue.identity.lower():
        return None
    return _held(queue)


@shown
def listed(seen: tuple[QueueState | Configured, ...]) -> Finding | None:
    """The queues in which messages wait. One that is Ready may hold messages that were suspended one by one."""
    queues = [each for each in seen if isinstance(each, QueueState)]
    waiting = [each for each in queues if each.messages and "\\shadow\\" not in each.identity.lower() and each.status]
    held = next((each for each in waiting if each.status.lower() == "suspended"), None)
    if held:
        return _held(held)
    none = next((each for each in seen if isinstance(each, Configured) and _is_none_suspended(each)), None)
    if none and not waiting:
        return Finding(Belief.RULED_OUT, "The server was asked for its suspended queues and lists none.", (none,))
    trying = [each for each in waiting if each.status.lower() in _TRYING]
    if not trying or len(trying) < len(waiting):
        return None
    because = f"No queue is suspended: {trying[0].identity or trying[0].next_hop or 'the queue'} is in {trying[0].status}, so "
    because += "Exchange makes its attempts."
    return Finding(Belief.RULED_OUT, because, tuple(trying[:3]))


def _is_none_suspended(listed: Configured) -> bool:
    """Whether an empty list is that of the suspended queues: the command stands on the same line."""
    return listed.kind == "queue-list" and "suspended" in listed.source.quote.lower()


def _held(queue: QueueState) -> Finding:
    name = queue.identity or queue.next_hop or "The queue"
    to = f" to {queue.next_hop}" if queue.next_hop and queue.identity else ""
    if not queue.messages:
        because = f"{name}{to} is suspended; no message waits in it yet."
        return Finding(Belief.LIKELY, because, (queue,), _steps(queue.identity))
    because = f"{name}{to} is suspended: its {queue.messages} message(s) wait until somebody resumes it."
    return Finding(Belief.CONFIRMED, because, (queue,), _steps(queue.identity))


def _told(told: Told) -> Finding | None:
    """What a person tells, with nothing pasted, makes it possible at most."""
    if told.story != "held-and-forgotten":
        return None
    because = "Delivery was stopped by hand, and what waits since has no error, as you tell it: a queue that was suspended, or a "
    because += "single message in it, makes no attempt until somebody resumes it."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(""), weight=1.8)


def _steps(identity: str) -> tuple[Step, ...]:
    return (
        look(
            "List all suspended queues, and ask why they were suspended before you resume them.",
            "Get-Queue -Filter \"Status -eq 'Suspended'\" | Format-List Identity,NextHopDomain,MessageCount",
        ),
        look(
            "Look for messages that are suspended one by one: resuming the queue does not release them.",
            "Get-Message -Filter \"Status -eq 'Suspended'\" -ResultSize 50 | Format-List Identity,FromAddress,Subject,Queue",
        ),
        change(
            "Resume the queue.",
            "Resume-Queue -Identity {queue}",
            changes="The queue sends what waits in it.",
            undo="Suspend-Queue with the same identity; what was sent by then is gone.",
            verify="Get-Queue shows Active or Ready, and the count falls.",
            queue=identity,
        ),
    )
