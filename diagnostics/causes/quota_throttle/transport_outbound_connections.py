"""The outbound queue is slow, because the server opens few connections to one destination.

## What is happening
An Exchange server opens at most 20 connections at once to one destination (MaxPerDomainOutboundConnections)
and waits 15 minutes before it tries a deferred message again (MessageRetryInterval). When all outbound mail
goes to one smart host or to Exchange Online, the queue grows although the other side refuses nothing.

## What proves it
- HealthChecker calls MaxPerDomainOutboundConnections or MessageRetryInterval less good than recommended, and mail waits
- a long Active queue without an error, to one destination; both settings at their defaults

## Not this when
- the last error shows a 4xx of the other side: that one is the cause

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/mailflow/email-stuck-queues
- https://microsoft.github.io/CSS-Exchange/Diagnostics/HealthChecker/TransportRetryConfigCheck/
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.network.queues import held_otherwise, outward, told_of
from diagnostics.facts import QueueState, Reply, Said
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step
from diagnostics.seen import by_own_log
from diagnostics.text import short

_DEFAULT: Final = 20
_LONG: Final = 100  # with the settings shown; without them a queue has to be much longer to be worth a word
_VERY_LONG: Final = 1000


# Of EdgeTransport.exe.config: so many messages have to wait before another connection to the same destination is opened.
_THRESHOLD: Final = "SmtpConnectorQueueMessageCountThresholdForConcurrentConnections"
_WAITS: Final = "waits-though-nobody-defers"  # of stories.toml
# What the other side says of as many connections as this server opens.
_AT_ONCE: Final = (
    "too many concurrent connections",
    "too many simultaneous connections",
    "too many concurrent SMTP connections",
)
_CHECKED: Final = ("MaxPerDomainOutboundConnections: Value set to", "MessageRetryInterval: Value set to")


@cause(id="quota-throttle.transport.outbound-connections", act="on-prem", says=(*_CHECKED, _THRESHOLD, *_AT_ONCE))
def assess(
    queue: QueueState | Said | Told,
    objects: tuple[Configured, ...],
    queues: tuple[QueueState, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """A long queue that is being worked off, and no refusal that would explain it; or HealthChecker's word on the limits."""
    if isinstance(queue, Told):
        return _told(queue)
    if isinstance(queue, Said) and queue.signature == _THRESHOLD:
        because = (
            f"`{_THRESHOLD}` sets how many messages have to wait for one destination before the server opens another "
        )
        because += "connection to it: where it is high, a queue to one place, such as the tenant, is worked off slowly."
        return Finding(Belief.POSSIBLE, because, (queue,), _steps(""), weight=1.8)
    if isinstance(queue, Said) and queue.signature in _AT_ONCE:
        because = (
            "The other side counts the connections that are open at a time: a server that opens fewer to one domain "
        )
        because += "(MaxPerDomainOutboundConnections) stays below its limit."
        return None if by_own_log(queue) else Finding(Belief.POSSIBLE, because, (queue,), _steps(""), weight=1.0)
    if isinstance(queue, Said):
        return _checked(queue, replies)
    if not outward(queue) or queue.status.lower() not in ("active", "ready") or queue.messages < _LONG:
        return None
    where = queue.next_hop or queue.identity
    settings = next((each for each in objects if each.told("MaxPerDomainOutboundConnections")), None)
    refusal = next((r for r in told_of(queue, replies, queues) if r.failing), None)
    if refusal:
        because = f"The queue to {where} has a refusal of the other side as its last error: that holds the mail back."
        return Finding(Belief.RULED_OUT, because, (refusal,)) if settings else None
    because = f"{queue.messages:,} messages wait for {where} although the queue is {queue.status} and shows no error"
    if settings is None:
        if queue.messages < _VERY_LONG:
            return None
        because += "; the number of connections to one destination may be what limits it."
        return Finding(Belief.POSSIBLE, because, (queue,), _steps(""), weight=1.0)
    limit = settings.get("MaxPerDomainOutboundConnections")
    if not limit.isdecimal() or int(limit) > _DEFAULT:
        return None
    because += f", and {settings.name or 'the server'} opens only {limit} connections to one destination."
    return Finding(Belief.LIKELY, because, (queue, settings), _steps(settings.name))


@shown
def queue_of_all(queues: tuple[QueueState, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """A queue that waits for an error is not worked off slowly; one of too many connections is for this setting, too."""
    longest = max((each.messages for each in queues), default=0)
    other = held_otherwise(
        queues,
        replies,
        lambda waiting, _: outward(waiting) and waiting.messages == longest,
        lambda each: _at_once(each.whole),
    )
    because = f"The queue waits for an error of the other side: `{short(other.text)}`." if other else ""
    return Finding(Belief.RULED_OUT, because, (other,)) if other else None


def _at_once(text: str) -> bool:
    return any(words.lower() in text.lower() for words in _AT_ONCE)


def _told(story: Told) -> Finding | None:
    """No refusal would explain the wait, as it is told; whether the queue is long enough is not."""
    if story.story != _WAITS:
        return None
    because = (
        "Mail waits for minutes and leaves then, although the other side defers hardly any, as you tell it: the server "
    )
    because += "opens few connections to one destination, another one only when enough messages wait."
    return Finding(Belief.POSSIBLE, because, (story,), _steps(""), weight=1.8)


def _checked(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    """HealthChecker says it of every server with the defaults: it matters where all mail goes to one place."""
    if any(each.failing for each in replies):
        return None
    what = said.text.partition(" More ")[0].strip()
    because = f"HealthChecker: {what.rstrip('.')}. Where all mail goes to one place, that lets it wait."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(""), weight=0.9 if said.signature == _CHECKED[1] else 1.0)


def _steps(server: str) -> tuple[Step, ...]:
    return (
        look(
            "See the limits of every server.",
            "Get-TransportService | Format-List Name,MaxOutboundConnections,MaxPerDomainOutboundConnections,"
            "MessageRetryInterval",
        ),
        look(
            "See whether the queue moves: run it twice, some minutes apart.",
            "Get-Queue -SortOrder '-MessageCount' -ResultSize 5 | "
            "Format-Table Identity,Status,MessageCount,Velocity,NextHopDomain,LastError",
        ),
        change(
            "Allow more connections to one destination, and retry earlier.",
            "Set-TransportService {server} -MaxPerDomainOutboundConnections 40 -MessageRetryInterval 00:05:00",
            changes="This server opens up to 40 connections to one destination and retries after five minutes.",
            undo="The same with the values that the first step printed.",
            verify="Velocity is negative and MessageCount falls.",
            server=server,
        ),
    )
