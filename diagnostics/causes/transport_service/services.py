"""Steps about the transport services that several causes offer, and whose server a refusal speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.cause import change, look
from diagnostics.causes.auth_smtp.logon import to_microsoft
from diagnostics.causes.network.queues import outward, queue_of
from diagnostics.causes.network.reach import by_exchange_online
from diagnostics.facts import Fact, InstalledCertificate, QueueState, Said, WindowsEvent
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.report import Shell, Step

POWERSHELL: Shell = "powershell"
_TELLING = 40  # characters of a command that tell which one it was
# What a queue says of a message that one of the categorizer's agents put off; which agent, it never says.
DEFERRED = ("deferred by categorizer agent", "Nachricht wurde vom Kategorisierungs-Agent zurückgestellt")
# The front end, of the Transport service that it hands sessions to.
PROXY_FAILED = "Please try again later. PRX"
_OF_EVENT = linear(r"^MSExchange[A-Za-z -]{0,40} (\d{1,5})\b")
_CHANGED = 7036  # of the service control manager: a service entered the stopped state, or the running one
_STOPPED = linear(
    r"(?i)\b(?:stopped|beendet|angehalten|arrêté|detenid[oa]|interrott[oa]|arrestat[oa]|gestopt|parad[oa]|interrompid[oa]|zatrzyman[ay]|stoppa[dt])\b|停止"
)
# What every server's logs have: alerts and handshakes of strangers, logons that are guessed, certificates that end soon.
_EVERYDAY: Final = frozenset({1035, 12017, 12018})
_FEWEST: Final = 3  # events: fewer may be picked from more
_MOST_ASKED: Final = 20  # events that a step asks for: a list as long as that may leave older ones out
_INTERNAL_CERTIFICATE = (12013, 12015, 12023, 12024)


def event_number(said: Said) -> int:
    """The number of the event that was said; 0 where no event said it. The words of events are translated, the number isn't."""
    found = _OF_EVENT.search(said.text) if said.kind == "event" else None
    return int(found.group(1)) if found else 0


def entered_stop(event: WindowsEvent) -> bool:
    """Whether the service control manager logged that a service stopped as it was told to."""
    return event.event == _CHANGED and bool(_STOPPED.search(event.text))


def restarted(event: WindowsEvent, events: Sequence[WindowsEvent]) -> bool:
    """Whether a service stopped as it was told to, and the same one runs by another event."""
    return entered_stop(event) and any(
        each.event == _CHANGED and not entered_stop(each) and _of_service(each) == _of_service(event) for each in events
    )


def _of_service(event: WindowsEvent) -> str:
    """The displayed name of the service that changed its state, with whatever the row has in front left off."""
    return event.text.partition(" entered ")[0].rpartition("Microsoft Exchange")[2]


def elsewhere(fact: Fact, queues: Sequence[QueueState]) -> bool:
    """Whether the queue that shows the error leads out of the organization: then the other side has to act."""
    return outward(queue_of(fact, queues))


def behind_front_end(
    said: Said,
    queues: Sequence[QueueState],
    events: Sequence[WindowsEvent],
    installed: Sequence[InstalledCertificate],
    objects: Sequence[Configured],
) -> float:
    """How much PRX and its digit speak for a server behind the front end that is not there; 0.0 where that is another's front
    end, or where the certificate is lost that the services know each other by.

    Of 2 and 5 a name that does not resolve is the usual reason; 8 is a limit, 9 what Exchange Online loses on its way.
    """
    digit = said.text.partition("PRX")[2][:1]
    theirs = by_exchange_online(said.text) or to_microsoft(said, objects) or elsewhere(said, queues)
    if digit not in tuple("123456") or theirs:
        return 0.0
    return 0.0 if lost_internal_certificate(events, installed) else 0.9 if digit in "25" else 1.0


def tell_them(what: str) -> Step:
    """The other organization must mend it; a queue retries by itself."""
    return look(
        f"Tell the administrators of the other side: {what} Your queue keeps the mail and retries by itself until it expires.",
        "Get-Queue -Filter \"Status -eq 'Retry'\" | Format-List Identity,NextHopDomain,MessageCount,NextRetryTime,LastError",
    )


def transport_events(say: str, ids: str) -> Step:
    """Read transport's own events of these numbers, as "15004,15006"."""
    return look(
        say,
        f"Get-WinEvent -FilterHashtable @{{{{LogName='Application';ProviderName='MSExchangeTransport';Id={ids}}}}} "
        "-MaxEvents 20 | Format-List TimeCreated,Id,Message",
        POWERSHELL,
    )


def nothing_logged(objects: Sequence[Configured], events: Step) -> Configured | None:
    """That the log has none of the events that the step asks for: what was asked is told, or as much of it as a record keeps."""
    asked_for = events.command.partition(" -MaxEvents")[0]
    for each in objects:
        asked = each.get("Asked").removesuffix("...").strip()
        if (
            each.kind == "event-list"
            and len(asked) >= _TELLING
            and (asked_for.startswith(asked) or asked.startswith(asked_for))
        ):
            return each
    return None


def everyday_only(events: Sequence[WindowsEvent]) -> WindowsEvent | None:
    """The transport event of a list of all that Schannel and transport logged, if that is no more than every server logs."""
    if not _FEWEST <= len(events) < _MOST_ASKED or len({each.source.paste for each in events}) > 1:
        return None
    schannel = [each for each in events if each.provider.lower().endswith("schannel")]
    others = [each for each in events if each not in schannel]
    if not schannel or not all(_everyday(each) for each in others):
        return None
    return next(iter(others), None)


def _everyday(event: WindowsEvent) -> bool:
    return event.event in _EVERYDAY and event.provider.lower() in ("msexchangetransport", "msexchangefrontendtransport")


def switched_off(service: Configured, objects: Sequence[Configured]) -> bool:
    """Whether a service is disabled, and another one with it: an update's setup does that to all, and undoes it at its end."""
    disabled = {each.name.lower() for each in objects if _is_disabled(each)}
    return _is_disabled(service) and len(disabled) > 1


def _is_disabled(each: Configured) -> bool:
    return each.kind == "windows-service" and "disabled" in (each.get("StartType") + each.get("StartMode")).lower()


def service_states() -> Step:
    return look(
        "See which transport services run.",
        "Get-Service MSExchangeTransport,MSExchangeFrontEndTransport,MSExchangeSubmission,MSExchangeDelivery | "
        "Format-Table Name,Status,StartType",
        POWERSHELL,
    )


def restart(say: str, verify: str, services: str = "MSExchangeTransport") -> Step:
    """Restart services; queued mail stays in the queue database."""
    return change(
        say,
        f"Restart-Service {services}",
        shell=POWERSHELL,
        effect="service-restart",
        changes="Mail through this server pauses for a minute or two; queued messages are kept.",
        undo="None needed: a restart changes no setting.",
        verify=verify,
    )


def lost_internal_certificate(
    events: Sequence[WindowsEvent], installed: Sequence[InstalledCertificate]
) -> WindowsEvent | None:
    """The event of a certificate, for the sessions of services among themselves, that can't be loaded and still is not there."""
    good = [each.thumbprint for each in installed if each.thumbprint and each.has_private_key and each.expired is False]
    return next(
        (
            each
            for each in events
            if each.event in _INTERNAL_CERTIFICATE
            and "msexchange" in each.provider.lower()
            and not any(thumbprint in each.text.upper() for thumbprint in good)
        ),
        None,
    )
