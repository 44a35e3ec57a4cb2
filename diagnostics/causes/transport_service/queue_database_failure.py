"""The transport queue database fails: it has run out of sessions, or it is damaged.

## What is happening
Transport keeps its queues, and the IP lists of its filters, in databases of its own. Two faults stop the
service with one of them, and their remedies differ. Out of sessions: the database is
healthy, but too many connections at once, mostly from the organization's own servers, use up its sessions. Damaged: the
database or its logs can't be opened any more, mostly after a full disk, a crash or a virus scanner in the folder.

## What proves it
- events 17001 to 17027 and 17101 to 17107 of MSExchangeTransport; the number tells what failed
- event 17018 with EsentOutOfSessionsException: sessions
- an event with EsentDatabaseCorruptedException, a checksum error or JET_errLogFileCorrupt: damage

## Not this when
- the drive is full (event 17004): free it first (`transport-service.backpressure.disk`)
- memory or the version store is exhausted (17012, 17024): `transport-service.backpressure.memory-or-queue`
- events 17008 to 17010 and 17025: Transport reads its queued messages, as at every start
- the error speaks of a mailbox database
- the log has none of these events

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/mailflow/event-17018-msexchangetransport-service-stop
- https://technet.microsoft.com/en-us/library/ff980952(v=exchg.141)
- https://technet.microsoft.com/en-us/library/ff984938(v=exchg.141)
- https://technet.microsoft.com/en-us/library/ff983822(v=exchg.141)
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.transport_service.crash import SAYS, Crash, crash_events, crash_of
from diagnostics.causes.transport_service.services import (
    POWERSHELL,
    event_number,
    everyday_only,
    nothing_logged,
    restart,
    transport_events,
)
from diagnostics.facts import Fact, Said, WindowsEvent
from diagnostics.mail_facts import Configured
from diagnostics.report import Step

# What an event says by its number, in whatever language its words are.
_DAMAGED: Final = frozenset({17001, 17002, 17003, 17005, 17007, 17011, 17015, 17021, 17106, 17107})
_GONE: Final = frozenset({17014, 17022})
_HELD: Final = frozenset({17013, 17019, 17023, 17026})
_REPLACED: Final = {
    17102: "was moved aside; what was queued is in the old one",
    17103: "was deleted, and what was queued with it",
}
_OTHER: Final = frozenset({17006, 17016, 17017, 17018, 17020, 17101, 17104, 17105})
_EVERY: Final = sorted(_DAMAGED | _GONE | _HELD | frozenset(_REPLACED) | _OTHER)
_NOT_THIS: Final = frozenset({17004, 17012, 17024})  # a full disk, and want of memory


@cause(
    id="transport-service.queue-database.failure",
    act="on-prem",
    says=(
        "EsentOutOfSessionsException",
        "EsentDatabaseCorruptedException",
        "EsentRequiredLogFilesMissingException",
        "EsentLogFileCorruptException",
        "EsentBadLogSignatureException",
        "EsentDatabaseInvalidPathException",
        "EsentReadVerifyFailureException",
        *(f"MSExchangeTransport {number}" for number in _EVERY),
        "Transport Mail Database: The database",
        "Transport Mail Database: Database",
        "Transport Mail Database: An ESE exception",
        "Transport Mail Database:",
        "JET_err",
        *SAYS,
    ),
    against={
        "available disk space has dropped below": "is back pressure: the drive is full, the database whole",
    },
)
def assess(said: Said) -> Finding | None:
    """The exception tells the two faults apart, whose remedies must not be mixed up."""
    low = said.text.lower()
    if "transport" not in low and not (said.kind == "stray" and said.signature.startswith("Esent")):
        return None
    number = event_number(said)
    if number in _NOT_THIS:
        return None
    crash = crash_of(said)
    if said.signature in SAYS and not (crash and "Esent" in said.text):
        return _behind_crash(said, crash) if crash else None
    if "outofsessions" in low or "out of sessions" in low:
        because = "The queue database ran out of sessions under too many parallel connections; it is not damaged."
        return Finding(Belief.CONFIRMED, because, (said,), _limit())
    if "corrupt" in low or "checksum" in low:
        because = "The queue database or its log is damaged, so transport can't open its queues."
        return Finding(Belief.CONFIRMED, because, (said,), _recreate())
    if number in _DAMAGED | _GONE | _HELD | _REPLACED.keys():
        return _by_number(said, number)
    if said.signature == "JET_err" or "insufficient resources" in low:
        because = "The database engine reported an error to transport; whether it is damage or a limit is not told."
        return Finding(Belief.POSSIBLE, because, (said,), _which(), weight=1.5)
    because = "Transport reports an error of its queue database; the exception in the event tells which."
    return Finding(Belief.LIKELY, because, (said,), _which())


@shown
def log(seen: tuple[Configured | WindowsEvent, ...]) -> Finding | None:
    """The server's log, asked for all that the database writes when it fails."""
    none: Fact | None = nothing_logged([each for each in seen if isinstance(each, Configured)], _which()[0])
    none = none or everyday_only([each for each in seen if isinstance(each, WindowsEvent)])
    if none is None:
        return None
    because = "The server's log has no event of the queue database, which writes one each time it fails."
    return Finding(Belief.RULED_OUT, because, (none,))


def _by_number(said: Said, number: int) -> Finding:
    """By the number of the event: damage, a file that is gone, one that something else holds, or a database that was replaced."""
    if number in _REPLACED:
        because = f"The queue database failed and {_REPLACED[number]}. Transport works with a new, empty one (event {number})."
        return Finding(Belief.CONFIRMED, because, (said,), _which())
    if number in _DAMAGED:
        because = (
            "The queue database or its logs are damaged, or don't fit each other: transport can't open its queues."
        )
        return Finding(Belief.CONFIRMED, because, (said,), _recreate())
    if number in _GONE:
        because = (
            f"A file of the queue database is not there ({number}): deleted, moved, or quarantined by a virus scanner."
        )
        return Finding(Belief.LIKELY, because, (said,), _recreate())
    because = (
        f"Transport can't use a file of its queue database ({number}): another program, such as a virus scanner or a "
    )
    because += "backup, holds it, it is read-only, or its drive gives errors. The database itself may be whole."
    return Finding(Belief.LIKELY, because, (said,), _held())


def _held() -> tuple[Step, ...]:
    return (
        *_which(),
        look(
            "See whether the drive or its controller reports errors.",
            "Get-WinEvent -FilterHashtable @{{LogName='System';ProviderName='disk','Ntfs','volmgr','storahci'}} -MaxEvents 20 | "
            "Format-List TimeCreated,ProviderName,Id,Message",
            POWERSHELL,
        ),
        look(
            "See whether the queue's folder is among the exclusions that Exchange needs.",
            "Get-MpPreference | Format-List ExclusionPath",
            POWERSHELL,
        ),
        restart(
            "When nothing holds the file any more, start transport.",
            "Get-Service shows Running, and Get-Queue answers.",
        ),
    )


def _behind_crash(said: Said, crash: Crash) -> Finding | None:
    """A crash that names no database may still come from one, unless another vendor's code is what failed."""
    if crash.foreign:
        return None
    because = "The transport process crashes; a damaged database of its own (queues, IP filter) does that, too."
    return Finding(
        Belief.POSSIBLE, because, (said,), (crash_events(), *_which()), weight=1.3 if crash.in_database else 1.0
    )


def _which() -> tuple[Step, ...]:
    return (
        transport_events(
            "Read the storage events in full: OutOfSessions asks for fewer connections, a corruption for a new database.",
            "17001,17002,17003,17005,17007,17011,17014,17016,17017,17018,17019,17021,17022,17106",
        ),
        look(
            "See whether the drive of the queue is full, which looks alike.",
            "Get-Volume | Format-Table DriveLetter,SizeRemaining,Size",
            POWERSHELL,
        ),
    )


def _limit() -> tuple[Step, ...]:
    return (
        look(
            "See the connection limits of the server's Receive connectors.",
            "Get-ReceiveConnector -Server $env:COMPUTERNAME | Format-Table Name,TransportRole,MaxInboundConnection",
        ),
        look(
            "See the build: the security update of February 2023 and later ones limit connections between servers better.",
            "Get-ExchangeServer | Format-Table Name,AdminDisplayVersion",
        ),
        change(
            "Lower the number of inbound connections that the server accepts at once.",
            "Get-ReceiveConnector -Server $env:COMPUTERNAME | Set-ReceiveConnector -MaxInboundConnection 1000",
            changes="Beyond 1000 connections for each connector, senders are told to come back later.",
            undo="Set-ReceiveConnector with the values that the first step printed (default 5000).",
            verify="Get-ReceiveConnector shows 1000, and event 17018 stays away under load.",
        ),
        restart("Start transport again.", "Get-Service shows Running, and the queues drain."),
    )


def _recreate() -> tuple[Step, ...]:
    return (
        *_which(),
        change(
            "With a copy of the folder kept, let transport build a new database; the old one is only renamed.",
            "Stop-Service MSExchangeTransport; Rename-Item (Join-Path $env:ExchangeInstallPath 'TransportRoles\\data\\Queue') "
            "Queue.old; Start-Service MSExchangeTransport",
            shell=POWERSHELL,
            effect="data-loss-risk",
            changes="New mail flows. What was queued stays in the renamed database and is not delivered until that is repaired.",
            undo="Stop the service, remove the new folder's name from the way and rename Queue.old back.",
            verify="The service stays up, and Get-Queue answers.",
        ),
        look(
            "See whether the queue's folder is among the exclusions that Exchange needs: virus scanners are a usual reason.",
            "Get-MpPreference | Format-List ExclusionPath",
            POWERSHELL,
        ),
    )
