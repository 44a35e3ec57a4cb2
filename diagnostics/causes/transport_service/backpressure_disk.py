"""Exchange refuses mail because the drive with its queue is nearly full (back pressure).

## What is happening
Transport watches the free space of the drives that hold its queue database, the database's logs and its
temporary files. Below the threshold it stops accepting: first from the Internet, then from everywhere: `452
4.3.1 Insufficient system resources`. Nothing is lost; senders keep their mail and retry. It mostly is the drive
of the installation, filled by logs.

## What proves it
- event 15006, or event 15004 with UsedDiskSpace or DatabaseUsedSpace under pressure
- event 17004: the disk of the queue database is full, and the service stops; event 3006: no room for a report
- the reply itself names UsedDiskSpace
- `Get-Volume` shows that a drive has less than a few percent left, while mail is refused

## Not this when
- only memory, version buckets or the submission queue are listed (`transport-service.backpressure.memory-or-queue`)
- the resource stands in the list of normal state
- no drive of the server that refuses is nearly full, or its log has no event 15004 to 15007

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/back-pressure
- https://learn.microsoft.com/en-us/exchange/mail-flow/queues/relocate-queue-database
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.transport_service.pressure import (
    CHECKED,
    CONSTANT,
    INCREASED,
    INSUFFICIENT,
    drive,
    eased,
    in_order,
    levels,
    meters,
    short_of,
    told,
)
from diagnostics.causes.transport_service.services import POWERSHELL, elsewhere, tell_them
from diagnostics.facts import QueueState, Said, WindowsEvent
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

_FULL = "MSExchangeTransport 15006"
_LEAST = 10 * 2**30  # bytes: Exchange isn't installed on a smaller one
_TIGHT = 0.03  # of the drive: from here on its use is Medium
# The queue database, or a report, could not be written: it has come further than back pressure.
_NO_ROOM = ("MSExchangeTransport 17004", "MSExchangeTransport 3006")


@cause(
    id="transport-service.backpressure.disk",
    act="on-prem",
    says=(CHECKED, CONSTANT, INSUFFICIENT, INCREASED, _FULL, *_NO_ROOM, "available disk space has dropped below"),
)
def assess(
    anchor: Said | Configured | Told,
    _event: WindowsEvent | None,
    events: tuple[WindowsEvent, ...],
    queues: tuple[QueueState, ...],
    objects: tuple[Configured, ...],
) -> Finding | None:
    """The named resource decides; without a name disk space is the usual one."""
    if isinstance(anchor, Told):
        return _of_story(anchor)
    if isinstance(anchor, Configured):
        return _pressed(anchor) if anchor.kind == "told-pressure" else None
    said = anchor
    if eased(said):
        return None
    texts = told(said, events)
    disk, other = short_of(texts)
    letter = drive(texts)
    where = f"drive {letter}: with the transport queue" if letter else "the drive with the transport queue"
    if said.signature in _NO_ROOM:
        because = f"{where[0].upper()}{where[1:]} is full, so nothing more can be written there"
        because += ", and the Transport service stops." if said.signature == _NO_ROOM[0] else "."
        return Finding(Belief.CONFIRMED, because, (said,), _steps())
    if elsewhere(said, queues):
        because = f"{said.by or said.host or 'The other server'} is short of resources, mostly of disk space."
        steps = (
            tell_them(
                "Exchange there reports back pressure (4.3.1), and the drive of its queue is the first thing to check."
            ),
        )
        return Finding(Belief.POSSIBLE, because, (said,), steps, "recipient-side", weight=1.6)
    if disk or said.signature == _FULL or "disk space has" in said.signature:
        because = f"Back pressure: {where} is nearly full, so the server refuses mail until space is freed."
        return Finding(Belief.CONFIRMED, because, (said,), _steps())
    if other:
        return Finding(Belief.RULED_OUT, f"What is short is {other}, not disk space.", (said,))
    volume = next((each for each in objects if each.kind == "volume" and each.failing), None)
    if volume:
        because = f"The server is short of a resource and refuses mail, and you report: `{volume.get('Told')}`."
        return Finding(Belief.LIKELY, because, (said, volume), _steps(), weight=1.6)
    because = f"The server is short of a resource and refuses mail; mostly it is free space on {where}."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.6)


@shown
def volumes(seen: tuple[Configured | WindowsEvent, ...]) -> Finding | None:
    """How full the drives are: back pressure rates one that has less than a few percent left."""
    objects = [each for each in seen if isinstance(each, Configured)]
    drives = [each for each in objects if each.kind == "volume" and int(each.get("Whole", "0")) > _LEAST]
    tight = [each for each in drives if each.failing and int(each.get("Left")) < _TIGHT * int(each.get("Whole"))]
    if tight:
        first = min(tight, key=lambda each: each.name != "C")
        because = f"Drive {first.get('Told')}: below a few percent the server refuses mail, if its queue lies there."
        return Finding(Belief.LIKELY, because, (first,), _steps(), weight=1.6)
    if drives and not any(each.failing for each in drives):
        because = f"No drive is nearly full: {', '.join(each.get('Told') for each in drives[:3])}."
        return Finding(Belief.RULED_OUT, because, tuple(drives[:3]))
    return None if drives else in_order(objects, [each for each in seen if isinstance(each, WindowsEvent)])


def _of_story(story: Told) -> Finding | None:
    """What a person tells makes it possible at most."""
    if story.story != "full-drive-and-nothing-comes-in":
        return None
    because = "A drive is nearly full and mail from outside no longer gets in, as you tell it: below its threshold of free space "
    because += "the server refuses new mail (back pressure), and goes on sending."
    return Finding(Belief.POSSIBLE, because, (story,), _steps(), weight=1.8)


def _pressed(told_of: Configured) -> Finding:
    because = "The server is in back pressure, as you say; mostly it is free space on the drive with the transport queue. Event "
    because += "15004 names the resource."
    return Finding(Belief.POSSIBLE, because, (told_of,), _steps(), weight=1.4)


def _steps() -> tuple[Step, ...]:
    return (
        levels(),
        meters(),
        look(
            "See which drive is nearly full.",
            "Get-Volume | Sort-Object SizeRemaining | Format-Table DriveLetter,FileSystemLabel,SizeRemaining,Size",
            POWERSHELL,
        ),
        look(
            "See the largest files below the installation folder.",
            "Get-ChildItem $env:ExchangeInstallPath -Recurse -File -ErrorAction SilentlyContinue | "
            "Sort-Object Length -Descending | Select-Object -First 20 | Format-Table Length,FullName -AutoSize",
            POWERSHELL,
        ),
        change(
            "Free several GB on that drive, or extend it: archive old IIS, HTTP proxy and diagnostic logs. "
            "Leave the queue database and its log files alone.",
            "",
            shell=POWERSHELL,
            changes="Old log files are no longer at hand on the server.",
            undo="Copy the archived logs back.",
            verify="Event 15005 reports the pressure as normal within minutes; no restart is needed, and senders retry.",
        ),
        change(
            "If the drive stays too small, move the queue database to another one.",
            "& (Join-Path $env:ExchangeInstallPath 'Scripts\\Move-TransportDatabase.ps1') -queueDatabasePath {folder} "
            "-queueDatabaseLoggingPath {folder}",
            effect="service-restart",
            changes="The queue database lies in the new folder; the Transport service restarts once.",
            undo="The same script with the former paths, which it prints.",
            verify="Get-Queue answers, and event 15005 reports normal pressure.",
            folder="",
        ),
    )
