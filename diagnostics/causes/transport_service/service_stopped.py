"""A transport service of the Exchange server is not running.

## What is happening
Four services move mail: Front End Transport answers on port 25, Transport routes, Mailbox Transport Submission
and Delivery connect it with the mailboxes. When one is stopped or crashes again and again, the hop before it
queues: other servers are refused on port 25 (10061), or mail stays in Drafts and Outbox, or waits for the
mailbox database.

## What proves it
- `Test-ServiceHealth` lists the service under ServicesNotRunning, or `Get-Service` shows it as Stopped
- the service control manager logs its unexpected end (7031, 7034) more than once
- event 1016 of MSExchange TransportService (the worker process crashes at each start), 14004, 7015 to 7017 and 25009 of Transport
- a hint: it logs that the service entered the stopped state (7036), and not the running one
- events 1018 and 1019 name a port of its own (2525, 465, 717) that another process holds

## Not this when
- the end was asked for: a maintenance script or a change of component state
  (`transport-service.maintenance.expected-restart`)
- the service runs but answers 4.3.2 (`transport-service.component.inactive`)
- all four services run, or the very port that was refused takes connections now
- RequiredServicesRunning is False but ServicesNotRunning is empty: the list counts

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/mailflow/front-end-microsoft-exchange-transport-service-stops
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/test-servicehealth
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.connector.receive_port25_hubtransport_conflict import about_port, hub_listener
from diagnostics.causes.network.reach import kind_of, of_itself, seen_by_admin
from diagnostics.causes.transport_service.agent_failed import refused_agent
from diagnostics.causes.transport_service.services import (
    POWERSHELL,
    PROXY_FAILED,
    behind_front_end,
    entered_stop,
    service_states,
    switched_off,
)
from diagnostics.facts import ConnectFailed, InstalledCertificate, QueueState, Reply, Said, WindowsEvent
from diagnostics.looked_facts import PortTest
from diagnostics.mail_facts import CommandError, Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Step

_SERVICES: Final = {
    "msexchangetransport": "MSExchangeTransport",
    "msexchangefrontendtransport": "MSExchangeFrontEndTransport",
    "msexchangedelivery": "MSExchangeDelivery",
    "msexchangesubmission": "MSExchangeSubmission",
}
_DISPLAYED: Final = {
    "microsoft exchange frontend transport": "MSExchangeFrontEndTransport",
    "microsoft exchange mailbox transport delivery": "MSExchangeDelivery",
    "microsoft exchange mailbox transport submission": "MSExchangeSubmission",
    "microsoft exchange transport service": "MSExchangeTransport",
}
_ROLES: Final = ("mailbox server role", "hub transport server role")
_TIMES = linear(r"It has done this (\d{1,5}) time|\b(\d{1,5}) (?:Mal|fois|ve[zc]|volt|keer|raz)")
# The displayed names are translated: Microsoft Exchange-Transport, Transport Microsoft Exchange …
_TRANSLATED = linear(r"(?i)microsoft exchange[ -]transport\b|\btransporte? (?:do |de |di )?microsoft exchange\b")
_DIALOG: Final = "could not start the Microsoft Exchange Transport service"
_DIALOG_FRONT: Final = "could not start the Microsoft Exchange Frontend Transport service"
# Postfix, of what it hands messages to on its own machine
_ITSELF: Final = ("connect to 127.0.0.1", "connect to localhost")
_REFUSED_AT = linear(r"(?i)\bconnect to \S{3,60}\[(?:127\.0\.0\.1|::1)\]:(\d{2,5}): connection refused")
_TAKEN: Final = frozenset({1018, 1019})
_BOUND = linear(r"[0-9\]]:(\d{2,5})(?:\D|$)")
# Why a transport service says of itself that it does not start.
_NOT_STARTED: Final = {
    "MSExchange TransportService 1016": "the worker process crashes at each start; the events before it tell why",
    "worker process crashes continuously on startup": "the worker process crashes at each start; the events before it tell why",
    "MSExchangeTransport 14004": "EdgeTransport.exe.config can't be read, mostly after it was edited by hand",
    "MSExchangeTransport 7015": "it could not be set up",
    "MSExchangeTransport 7016": "it could not be set up",
    "MSExchangeTransport 7017": "it could not be set up",
    "MSExchangeTransport 25009": "a folder of it lies on a volume that BitLocker keeps locked",
}
_SOCKET: Final = ("10060", "10061", "Connection refused")  # a connection that was not answered, or refused
# Delivery and transport listen there, for other Exchange servers alone.
_BETWEEN_SERVERS = linear(r"[\d\]]:(475|2525)\b")
_LISTENS: Final = {475: "MSExchangeDelivery", 2525: "MSExchangeTransport"}
_FAILED_TO_START: Final = frozenset({7000, 7001, 7009, 7023, 7024})
_ENDED: Final = frozenset({7031, 7034})
_OF_START: Final = frozenset({1016, 1018, 1019, 7015, 7016, 7017, 14004, 25009})  # of the transport services themselves
_CHANGED: Final = 7036  # entered the stopped state, or the running one


@cause(
    id="transport-service.service.stopped",
    act="on-prem",
    says=(_DIALOG, _DIALOG_FRONT, *_ITSELF, *_SOCKET, PROXY_FAILED, *_NOT_STARTED),
)
def assess(
    anchor: Configured | WindowsEvent | Said | Told,
    objects: tuple[Configured, ...],
    events: tuple[WindowsEvent, ...],
    errors: tuple[CommandError, ...],
    replies: tuple[Reply, ...],
    queues: tuple[QueueState, ...],
    installed: tuple[InstalledCertificate, ...],
    failures: tuple[ConnectFailed, ...],
) -> Finding | None:
    """The list of services is the proof; an event of the service control manager only speaks of one moment."""
    if isinstance(anchor, Told):
        return _told(anchor)
    if isinstance(anchor, Configured):
        return _from_list(anchor, objects, errors)
    if isinstance(anchor, Said) and anchor.signature in _SOCKET:
        failed = next((each for each in failures if each.source == anchor.source), None)
        return _unheard(failed, objects, replies) if failed else None
    if isinstance(anchor, Said) and anchor.signature in _NOT_STARTED:
        because = f"The Transport service does not start: {_NOT_STARTED[anchor.signature]}."
        return Finding(Belief.LIKELY, because, (anchor,), _steps("MSExchangeTransport"), weight=1.3)
    if isinstance(anchor, Said):
        return _from_words(anchor, objects, behind_front_end(anchor, queues, events, installed, objects))
    return _from_event(anchor, objects, events)


@shown
def running(
    seen: tuple[Configured | PortTest, ...], failures: tuple[ConnectFailed, ...], events: tuple[WindowsEvent, ...]
) -> Finding | None:
    """A list in which all services run, or a connection to the very port that was refused. One that ends again and again runs
    in between, so neither clears what events tell of."""
    if any(_service(each) or each.event in _OF_START for each in events):
        return None
    services = [each for each in seen if isinstance(each, Configured) and each.kind == "windows-service"]
    up = {each.name.lower() for each in services if each.get("Status") == "Running"}
    if up >= _SERVICES.keys():
        because = "All four transport services run: " + ", ".join(_SERVICES.values()) + "."
        return Finding(Belief.RULED_OUT, because, tuple(services[:4]))
    health = [each for each in seen if isinstance(each, Configured) and each.kind == "service-health"]
    roles = " ".join(each.get("Role", each.name) for each in health).lower()
    if not failures and all(name in roles for name in _ROLES) and not any(each.failing for each in health):
        because = "Test-ServiceHealth lists no service of the mailbox and transport roles that does not run."
        return Finding(Belief.RULED_OUT, because, tuple(health[:3]))
    refused = {(each.host.lower(), each.port or 25) for each in failures if each.kind == "refused" and each.host}
    tests = [each for each in seen if isinstance(each, PortTest) and not each.inbound]
    heard = next((each for each in tests if each.succeeded and (each.host.lower(), each.port) in refused), None)
    if heard is None or len(refused) > 1:
        return None
    because = f"Port {heard.port} of {heard.host} takes connections: what listens there runs, at least now."
    return Finding(Belief.RULED_OUT, because, (heard,))


def _told(told: Told) -> Finding | None:
    """What a person tells, with nothing pasted, makes it possible at most."""
    if told.story == "front-end-starts-no-more":
        because = "The front end, which answers on port 25, does not start, as you tell it."
        return Finding(Belief.POSSIBLE, because, (told,), _steps("MSExchangeFrontEndTransport"), "on-prem", weight=1.6)
    if told.story != "stays-in-drafts":
        return None
    because = "Mailbox Transport Submission takes what is sent out of the mailboxes; where it, or Transport behind it, "
    because += "is stopped, it stays in Drafts."
    return Finding(Belief.POSSIBLE, because, (told,), _steps("MSExchangeSubmission"), "on-prem", weight=1.2)


def _from_words(said: Said, objects: tuple[Configured, ...], proxied: float) -> Finding | None:
    if said.signature in _ITSELF:
        return _on_itself(said)
    if said.signature == PROXY_FAILED:
        return _behind_front_end(said, objects, proxied)
    name = "MSExchangeFrontEndTransport" if said.signature == _DIALOG_FRONT else "MSExchangeTransport"
    return Finding(Belief.LIKELY, f"{name} does not start.", (said,), _steps(name), weight=1.3)


def _behind_front_end(said: Said, objects: tuple[Configured, ...], weight: float) -> Finding | None:
    """The front end is there, as it answers; what it hands the session to may not be."""
    if not weight or _runs("MSExchangeTransport", objects):
        return None
    because = (
        "The front end answered, and could not hand the session on: the Transport service behind it may be stopped."
    )
    return Finding(Belief.POSSIBLE, because, (said,), _steps("MSExchangeTransport"), weight=weight)


def _unheard(failed: ConnectFailed, objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """A server of one's own refuses the connection; or it leaves it unanswered where only Exchange servers connect."""
    ours = seen_by_admin(failed, replies) or kind_of(failed.ip) == "internal"
    between = _BETWEEN_SERVERS.search(failed.source.quote)
    port = failed.port or (int(between.group(1)) if between else 0)
    if of_itself(failed.ip) or not ours or not (failed.kind == "refused" or port in _LISTENS):
        return None
    name = _LISTENS.get(port, "MSExchangeFrontEndTransport")
    if _runs(name, objects):
        return None
    because = f"The server that {'refused' if failed.kind == 'refused' else 'did not answer'} is one of your own"
    because += f" (port {port})" if port else ""
    if not failed.winsock and not seen_by_admin(failed, replies):  # of another system's own words
        because += ": what should listen there may not run."
        return Finding(Belief.POSSIBLE, because, (failed,), _filter_steps(), weight=1.0)
    because += f": {name}, which listens there on an Exchange server, may not run."
    return Finding(Belief.POSSIBLE, because, (failed,), _steps(name), weight=1.0)


def _runs(name: str, objects: tuple[Configured, ...]) -> bool:
    return any(each.name.lower() == name.lower() and each.get("Status") == "Running" for each in objects)


def _from_event(
    anchor: WindowsEvent, objects: tuple[Configured, ...], events: tuple[WindowsEvent, ...]
) -> Finding | None:
    port = _own_port(anchor)
    if port:
        because = (
            f"The Transport service can't listen on port {port}, which is its own: another process holds it (event "
        )
        because += (
            f"{anchor.event}), often one that Windows gave the port at random. Without it the service does not start."
        )
        return Finding(Belief.LIKELY, because, (anchor,), _freed(port), weight=1.4)
    name = _service(anchor)
    if anchor.event == _CHANGED:
        return _left(anchor, name, objects, events) if name and entered_stop(anchor) else None
    if not name:
        return None
    times = _TIMES.search(anchor.text)
    often = int(times.group(1) or times.group(2)) if times else 1
    logged = [e for e in events if "Set-ServerComponentState" in e.text or "DagServerMaintenance" in e.text]
    planned = next(iter((*logged, *(each for each in objects if each.kind == "told-maintenance"))), None)
    if planned and often < 2:
        because = f"{name} ended beside a maintenance action, which restarts it on purpose."
        return Finding(Belief.RULED_OUT, because, (planned, anchor))
    taken, hub = next((e for e in events if about_port(e)), None), hub_listener(objects)
    if taken and hub:
        because = f"{name} ended because its port was taken (event {taken.event}): {hub.name} listens on it too."
        return Finding(Belief.RULED_OUT, because, (taken, hub, anchor))
    running = next((o for o in objects if o.name.lower() == name.lower() and o.get("Status") == "Running"), None)
    if running:
        because = f"{name} ended unexpectedly, but runs now; if it ends again, look for the reason beside the event."
        return Finding(Belief.POSSIBLE, because, (anchor, running), _steps(name), weight=0.9)
    if anchor.event in _FAILED_TO_START or anchor.event == 7034 or often > 1:
        what = "does not start" if anchor.event in _FAILED_TO_START else f"ended unexpectedly, {often} time(s) so far"
        return Finding(Belief.LIKELY, f"{name} {what}.", (anchor,), _steps(name), weight=1.3)
    because = f"{name} ended unexpectedly once and was to be restarted; whether it runs now is not told."
    return Finding(Belief.POSSIBLE, because, (anchor,), _steps(name), weight=1.5)


def _left(
    anchor: WindowsEvent, name: str, objects: tuple[Configured, ...], events: tuple[WindowsEvent, ...]
) -> Finding | None:
    """Stopped by somebody, a script or an update; no sign that it started again, which would be logged in the same words."""
    again = any(each.event == _CHANGED and _service(each) == name and not entered_stop(each) for each in events)
    if again or any(o.name.lower() == name.lower() and o.get("Status") == "Running" for o in objects):
        return None
    because = f"{name} was stopped (event {_CHANGED}), and nothing that was sent shows that it was started again."
    return Finding(Belief.POSSIBLE, because, (anchor,), _steps(name), weight=1.6)


def _on_itself(failed: Said) -> Finding | None:
    """A mail system of another kind that hands messages to a filter on its own machine: what refuses there is that machine."""
    named = _REFUSED_AT.search(failed.text)
    if named is None:
        return None
    at = f" on port {named.group(1)}"
    because = f"Nothing listens{at} on the mail server itself: the service that it hands messages to (a content filter such as "
    because += "Amavis, a policy or delivery service) does not run, often for want of memory."
    return Finding(Belief.LIKELY, because, (failed,), _filter_steps(), weight=1.6)


def _filter_steps() -> tuple[Step, ...]:
    return (
        look(
            "See what listens on the machine, what failed to start, and how much memory is left.",
            "ss -ltnp; systemctl --failed; free -m",
            "bash",
        ),
        change(
            "Start the service that is missing; its own log says why it ended.",
            "",
            shell="portal",
            changes="The service runs again, and what waits is tried again by itself.",
            undo="Stop it again.",
            verify="It listens on that port, and the queue drains.",
        ),
    )


def _from_list(fact: Configured, objects: tuple[Configured, ...], errors: tuple[CommandError, ...]) -> Finding | None:
    if fact.kind == "service-health":
        stopped = [known for each in fact.items("ServicesNotRunning") if (known := _SERVICES.get(each.lower()))]
    elif fact.kind == "windows-service" and fact.failing:
        stopped = _all_stopped(fact, objects)
    else:
        return None
    if not stopped:
        return None
    verb = "is not running" if len(stopped) == 1 else "are not running"
    because = f"{', '.join(stopped)} {verb}: the mail that needs {'it' if len(stopped) == 1 else 'them'} waits in the hop before."
    agent = next((each for each in errors if refused_agent(each)), None)
    if agent:
        because += " What stops it is told beside: Transport ends at its start when it can't load an agent."
        return Finding(Belief.POSSIBLE, because, (fact, agent), _steps(stopped[0]), weight=0.8)
    if switched_off(fact, objects):
        because += " It is disabled, and others with it: the setup of an update does that, and undoes it only when it ends well."
        return Finding(Belief.CONFIRMED, because, (fact,), (_switch_on(), *_steps(*stopped)))
    return Finding(Belief.CONFIRMED, because, (fact,), _steps(*stopped))


def _all_stopped(fact: Configured, objects: tuple[Configured, ...]) -> list[str]:
    """The transport services that don't run by the same list, that of `fact` first; none where `fact` is of another service."""
    listed = [
        each for each in objects if each.kind == fact.kind and each.failing and each.source.paste == fact.source.paste
    ]
    known = [_SERVICES.get(each.name.lower(), "") for each in (fact, *listed)]
    return list(dict.fromkeys(filter(None, known))) if known[0] else []


def _own_port(event: WindowsEvent) -> str:
    """The port other than 25 that a transport service could not listen on; "" where it is not told."""
    transport = event.provider.lower().replace(" ", "").startswith("msexchange")
    bound = _BOUND.search(event.text) if transport and event.event in _TAKEN else None
    return str(bound.group(1)) if bound and bound.group(1) != "25" else ""


def _freed(port: str) -> tuple[Step, ...]:
    return (
        look(
            "See which process holds the port.",
            "Get-NetTCPConnection -LocalPort {port} -State Listen | ForEach-Object {{ Get-Process -Id $_.OwningProcess }}",
            POWERSHELL,
            port=port,
        ),
        look(
            "See which ports Windows gives out at random: one of Exchange's own must not be among them.",
            "netsh int ipv4 show dynamicport tcp",
            POWERSHELL,
        ),
        change(
            "Keep the port out of what is given out at random. Then restart what holds it, or the server.",
            "netsh int ipv4 add excludedportrange protocol=tcp startport={port:token} numberofports=1",
            shell=POWERSHELL,
            changes="No process is given this port unless it asks for it. An error says that somebody still holds it: end that "
            "first.",
            undo="netsh int ipv4 delete excludedportrange with the same values.",
            verify="After a restart of the server the Transport service runs, and no event 1018 or 1019 is logged.",
            port=port,
        ),
        *_steps("MSExchangeTransport"),
    )


def _switch_on() -> Step:
    return change(
        "Run the update's setup again from an elevated prompt until it ends without an error. If it did, and services are still "
        "disabled, set those that ran before back to Automatic.",
        "Get-Service MSExchangeADTopology,MSExchangeTransport,MSExchangeFrontEndTransport,MSExchangeDelivery,"
        "MSExchangeSubmission,MSExchangeIS | Set-Service -StartupType Automatic",
        shell=POWERSHELL,
        changes="The services named here start with Windows again. Others that setup disabled (also IISAdmin, W3SVC, WinMgmt) "
        "need the same.",
        undo="Set-Service with -StartupType Disabled.",
        verify="Get-Service shows StartType Automatic.",
    )


def _service(event: WindowsEvent) -> str:
    """The transport service that an event of the service control manager speaks of; "" when it is another's."""
    low = event.text.lower()
    own = event.provider.lower().startswith("msexchange")  # whose 7001 and 7009 tell of other things
    if own or event.event not in _ENDED | _FAILED_TO_START | {_CHANGED} or "exchange" not in low:
        return ""
    names = {**_DISPLAYED, **_SERVICES}
    found = next((name for written, name in names.items() if written in low), "")
    return found or ("MSExchangeTransport" if _TRANSLATED.search(low) else "")


def _steps(*names: str) -> tuple[Step, ...]:
    return (
        look("List what the roles of this server need and what doesn't run.", "Test-ServiceHealth"),
        service_states(),
        look(
            "See why it ended: crashes and start errors stand beside each other in the logs.",
            "Get-WinEvent -FilterHashtable @{{LogName='Application','System';Level=1,2;"
            "ProviderName='MSExchangeTransport','MSExchangeFrontEndTransport','MSExchange Common','MSExchange Extensibility',"
            "'Service Control Manager'}} -MaxEvents 30 | Format-List TimeCreated,ProviderName,Id,Message",
            POWERSHELL,
        ),
        *(
            change(
                f"Start {'it' if len(names) < 2 else name}.",
                "Start-Service {service}",
                shell=POWERSHELL,
                effect="service-restart",
                changes="The service runs, and takes the mail that waited for it.",
                undo="Stop-Service with the same name.",
                verify="Get-Service shows Running after five minutes still, and the queues drain.",
                service=name,
            )
            for name in names
        ),
    )
