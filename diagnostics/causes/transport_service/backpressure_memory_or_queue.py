"""Exchange refuses mail because memory, version buckets or the submission queue are exhausted (back pressure).

## What is happening
Transport also watches its own memory, the uncommitted transactions of the queue database (version buckets) and
the length of the submission queue. When one stays high, it slows down and then refuses new mail with `452 4.3.1
Insufficient system resources`. Common reasons are a virtual machine with dynamic memory, very large messages to
many recipients, an agent or virus scanner that holds messages, or a slow disk under the queue.

## What proves it
- event 15007, or event 15004 with PrivateBytes, SystemMemory, UsedVersionBuckets or SubmissionQueue under pressure
- less than 6 percent of the machine's memory is free while mail is refused

## Not this when
- UsedDiskSpace or DatabaseUsedSpace is listed (`transport-service.backpressure.disk`)
- the names stand in the list of normal state: event 15004 prints both
- the log of the server that refuses has no event 15004 to 15007

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/back-pressure
- https://learn.microsoft.com/en-us/exchange/plan-and-deploy/virtualization
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.transport_service.pressure import (
    CHECKED,
    CONSTANT,
    INCREASED,
    INSUFFICIENT,
    eased,
    in_order,
    levels,
    meters,
    short_of,
    told,
)
from diagnostics.causes.transport_service.services import POWERSHELL, elsewhere, restart
from diagnostics.facts import QueueState, Said, WindowsEvent
from diagnostics.mail_facts import Configured
from diagnostics.report import Step

_MEMORY = "MSExchangeTransport 15007"
# Of the server as a whole, or of the queue database that could not be opened.
_SHORT = {
    "MSExchangeTransport 12034": "The server is short of memory",
    "MSExchangeTransport 17012": "The queue database could not be opened for want of memory, and the Transport service stops",
    "MSExchangeTransport 25007": "The server has too little memory free to start Transport",
}
_LONG = 10_000  # messages: its level is Medium from here on
_STORE_FULL = "MSExchangeTransport 17024"
_VERSIONS = "Version store out of memory"  # of the queue database, under more transactions than it can hold


@cause(
    id="transport-service.backpressure.memory-or-queue",
    act="on-prem",
    says=(CHECKED, CONSTANT, INSUFFICIENT, INCREASED, _MEMORY, *_SHORT, _STORE_FULL, _VERSIONS),
)
def assess(
    anchor: Said | Configured,
    _event: WindowsEvent | None,
    events: tuple[WindowsEvent, ...],
    queues: tuple[QueueState, ...],
    objects: tuple[Configured, ...],
) -> Finding | None:
    """The named resource decides."""
    if isinstance(anchor, Configured):
        return _pressed(anchor) if anchor.kind == "told-pressure" else None
    said = anchor
    if said.signature in _SHORT:
        return Finding(Belief.LIKELY, f"{_SHORT[said.signature]}.", (said,), _steps(), weight=1.2)
    if said.signature in (_VERSIONS, _STORE_FULL):
        because = (
            "The queue database ran out of version buckets: more uncommitted transactions than it can hold, as under a "
        )
        because += (
            "flood of mail or with very large messages. Before that, back pressure refuses mail for the same reason."
        )
        belief = Belief.LIKELY if said.signature == _STORE_FULL else Belief.POSSIBLE
        return Finding(belief, because, (said,), _steps(), weight=1.3)
    if eased(said) or elsewhere(said, queues):
        return None
    disk, other = short_of(told(said, events))
    if other or said.signature == _MEMORY:
        because = f"Back pressure: the threshold for {other or 'memory'} is exceeded, so the server refuses mail."
        return Finding(Belief.CONFIRMED, because, (said,), _steps())
    if disk or any(e.event == 15006 for e in events):
        return Finding(Belief.RULED_OUT, "What is short is disk space.", (said,))
    unloaded = next((e for e in events if e.event == 5300 and "fipfs" in e.provider.lower().replace("-", "")), None)
    if unloaded:
        because = f"Event {unloaded.event} of {unloaded.provider}: mail waits for a scan engine that does not load."
        return Finding(Belief.RULED_OUT, because, (unloaded, said))
    memory = next((each for each in objects if each.kind == "memory" and each.failing), None)
    if memory:
        because = "The server is short of a resource and refuses mail, and its memory is used up, as you say "
        because += f"({memory.get('Told')})."
        return Finding(Belief.LIKELY, because, (said, memory), _steps(), weight=1.5)
    because = "The server is short of a resource and refuses mail; it can be memory or the submission queue."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.2)


@shown
def memory(seen: tuple[Configured | QueueState | WindowsEvent, ...]) -> Finding | None:
    """The memory of the machine, and the submission queue. Free memory clears nothing: it may be the version buckets."""
    objects = [each for each in seen if isinstance(each, Configured)]
    queues = (each for each in seen if isinstance(each, QueueState))
    long = next((q for q in queues if q.crowded and q.messages >= _LONG), None)
    if long:
        because = f"{long.identity} holds {long.messages} messages, and a submission queue so long is back pressure by itself."
        return Finding(Belief.LIKELY, because, (long,), _steps(), weight=1.6)
    short = next((each for each in objects if each.kind == "memory" and each.failing and each.told("Left")), None)
    if short is None:
        return in_order(objects, [each for each in seen if isinstance(each, WindowsEvent)])
    because = f"The server's memory is used up ({short.get('Told')}), and above 94 percent it refuses mail."
    return Finding(Belief.LIKELY, because, (short,), _steps(), weight=1.5)


def _pressed(told_of: Configured) -> Finding:
    """A level that climbs while mail is sent, and falls again, is not that of a disk."""
    climbing = told_of.name == "climbing"
    because = "The server is in back pressure, as you say; "
    because += (
        "a level that climbs with the mail is that of memory, of the queue database's transactions or of the queue."
        if climbing
        else "it can be memory or the submission queue. Event 15004 names the resource."
    )
    return Finding(Belief.POSSIBLE, because, (told_of,), _steps(), weight=1.6 if climbing else 1.2)


def _steps() -> tuple[Step, ...]:
    return (
        levels(),
        meters(),
        look(
            "See the memory of the machine and of transport.",
            "Get-Process EdgeTransport | Format-List Id,StartTime,PrivateMemorySize64; "
            "Get-CimInstance Win32_OperatingSystem | Format-List TotalVisibleMemorySize,FreePhysicalMemory",
            POWERSHELL,
        ),
        look(
            "See which queue is long, and whether few large messages fill it.",
            "Get-Queue | Sort-Object MessageCount -Descending | Select-Object -First 5 | "
            "Format-Table Identity,DeliveryType,Status,MessageCount,NextHopDomain; "
            "Get-Message -ResultSize 500 | Sort-Object Size -Descending | "
            "Select-Object -First 10 | Format-Table Identity,Size,FromAddress,Queue",
        ),
        restart(
            "If EdgeTransport holds the memory itself, restart transport once; it comes back until its reason is removed.",
            "Event 15005 reports normal pressure, and the submission queue shrinks.",
        ),
        change(
            "On a virtual machine, give the server fixed memory: Exchange does not support dynamic memory or ballooning.",
            "",
            shell="portal",
            changes="The host reserves the memory for this machine; that needs a restart of the machine.",
            undo="Set the machine back to dynamic memory.",
            verify="No further event 15004 or 15007 under the same load.",
        ),
    )
