"""The transport queue database fails: it has run out of sessions, or it is damaged.

## What is happening
Transport keeps its queues, and the IP lists of its filters, in databases of its own. Two faults stop the
service with one of them, and their remedies differ. Out of sessions: the database is
healthy, but too many connections at once, mostly from the organization's own servers, use up its sessions. Damaged: the
database or its logs can't be opened any more, mostly after a full disk, a crash or a virus scanner in the folder.

## What proves it
- event 17018 with EsentOutOfSessionsException: sessions
- an event with EsentDatabaseCorruptedException, a checksum error or JET_errLogFileCorrupt: damage

## Not this when
- the drive is full: free it first (`transport-service.backpressure.disk`)
- the error speaks of a mailbox database

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/mailflow/event-17018-msexchangetransport-service-stop
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.transport_service.crash import SAYS, Crash, crash_events, crash_of
from diagnostics.causes.transport_service.services import POWERSHELL, restart, transport_events
from diagnostics.facts import Said
from diagnostics.report import Step


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
        "MSExchangeTransport 17003",
        "MSExchangeTransport 17005",
        "MSExchangeTransport 17007",
        "Transport Mail Database: The database",
        "Transport Mail Database: Database",
        "Transport Mail Database: An ESE exception",
        "MSExchangeTransport 17018",
        "MSExchangeTransport 17017",
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
    crash = crash_of(said)
    if said.signature in SAYS and not (crash and "Esent" in said.text):
        return _behind_crash(said, crash) if crash else None
    if "outofsessions" in low or "out of sessions" in low:
        because = "The queue database ran out of sessions under too many parallel connections; it is not damaged."
        return Finding(Belief.CONFIRMED, because, (said,), _limit())
    if "corrupt" in low or "checksum" in low:
        because = "The queue database or its log is damaged, so transport can't open its queues."
        return Finding(Belief.CONFIRMED, because, (said,), _recreate())
    if said.signature == "JET_err" or "insufficient resources" in low:
        because = "The database engine reported an error to transport; whether it is damage or a limit is not told."
        return Finding(Belief.POSSIBLE, because, (said,), _which(), weight=1.5)
    because = "Transport reports an error of its queue database; the exception in the event tells which."
    return Finding(Belief.LIKELY, because, (said,), _which())


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
            "17003,17005,17007,17017,17018",
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
