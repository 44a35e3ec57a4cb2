"""A Receive connector of the HubTransport role listens on port 25, beside the front end.

## What is happening
On a Mailbox server port 25 belongs to the Front End Transport service. A custom connector that was made with
TransportRole HubTransport makes the Transport service want the same port: whichever starts second can't listen (events
1018 and 1019), stops, or answers `421 4.3.2 Service not available`.

## What proves it
- events 1018 and 1019 of MSExchangeTransport for `:25`
- `Get-ReceiveConnector` shows TransportRole HubTransport with a binding to port 25

## Not this when
- every binding to port 25 has the role FrontendTransport: then another program holds the port
- the server is an Edge Transport server, where HubTransport on port 25 is right

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/mailflow/front-end-microsoft-exchange-transport-service-stops
"""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.connector.settings import RECEIVE, is_bound, label, of_kind
from diagnostics.facts import Said, WindowsEvent
from diagnostics.mail_facts import Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Step

_EVENTS = (1001, 1018, 1019)


_PORT_25 = linear(r":25(?:\D|$)")
_NAMED = linear(r"(?i)settings on Receive connector \"([^\"]{1,120})\"")
_ROLES = (
    "ReceiveConnectorRoleConflictException",
    "assigned to different Transport roles on a single server must listen on unique",
)


# Windows' words for 10048 (WSAEADDRINUSE), and those of the SMTP service of old.
_TAKEN = (
    "Only one usage of each socket address",
    "darf jede Socketadresse",
    "seule utilisation de chaque adresse de socket",
    "un uso de cada dirección de socket",
    "bind the TCP/IP listener socket",
)


@cause(id="connector.receive.port25-hubtransport-conflict", act="on-prem", says=(*_ROLES, *_TAKEN))
def assess(
    anchor: WindowsEvent | Configured | Said | Told,
    _settings: Configured | None,
    events: tuple[WindowsEvent, ...],
    objects: tuple[Configured, ...],
) -> Finding | None:
    """The events show the conflict, the connectors who makes it."""
    if isinstance(anchor, Told):
        return _told(anchor)
    if isinstance(anchor, WindowsEvent) and not about_port(anchor):
        return None
    if isinstance(anchor, Said) and anchor.signature in _TAKEN:
        because = "The service could not listen, because another program or service already has the port (10048): a second SMTP "
        because += "service, a filter or virus scanner, or the Transport service beside the front end."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps("")[:2], weight=1.5)
    if isinstance(anchor, Said):
        return _by_cmdlet(anchor)
    told = [each for each in events if about_port(each)]
    hub = hub_listener(objects)
    front = _listening("frontendtransport", objects)
    if hub and (front or told):
        belief = Belief.CONFIRMED if told else Belief.LIKELY
        return Finding(belief, _both(hub, front), (hub, *told[:2], front), _steps(hub.name))
    if isinstance(anchor, Configured):
        return None
    if front and not hub:
        return _front_alone(front, anchor)
    because = f"Event {anchor.event}: a transport service could not listen on port 25, because another already does."
    return Finding(Belief.LIKELY, because, tuple(told[:2]), _steps(""))


@shown
def connectors(objects: tuple[Configured, ...]) -> Finding | None:
    """The roles of all that listen on port 25. On an Edge Transport server there is no front end beside them."""
    hub, front = hub_listener(objects), _listening("frontendtransport", objects)
    if hub:
        return Finding(Belief.CONFIRMED if front else Belief.LIKELY, _both(hub, front), (hub, front), _steps(hub.name))
    known = of_kind(RECEIVE, objects)
    whole = all(each.told("TransportRole") and each.told("Bindings") for each in known)
    return _front_alone(front, None) if front and whole else None


def _both(hub: Configured, front: Configured | None) -> str:
    because = f"{label(hub)} has the role HubTransport and listens on port 25, where the front end listens too"
    return because + (f" ({label(front)})." if front else ".")


def _front_alone(front: Configured, event: WindowsEvent | None) -> Finding:
    because = f"Port 25 is bound by front-end connectors only ({label(front)}): another program holds the port."
    return Finding(Belief.RULED_OUT, because, (front, event))


def _told(told: Told) -> Finding | None:
    """What a person tells, with nothing pasted, makes it possible at most."""
    if told.story != "front-end-starts-no-more":
        return None
    because = "The front end does not start since a Receive connector was made, as you tell it: one that was made with "
    because += "the role HubTransport takes port 25 from it."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(""), "on-prem", weight=1.8)


def _by_cmdlet(said: Said) -> Finding:
    """What Exchange answers to whoever sets or updates one of the two connectors."""
    named = _NAMED.search(said.text)
    name = named.group(1) if named else ""
    because = f"{f'`{name}`' if name else 'A Receive connector'} and another one have the same binding but "
    because += "different TransportRole "
    because += "(HubTransport and FrontendTransport), which Exchange refuses: both services would want the port."
    return Finding(Belief.CONFIRMED, because, (said,), _steps(name))


def hub_listener(objects: Iterable[Configured]) -> Configured | None:
    """The connector of the Transport service that listens on the port of the front end."""
    return _listening("hubtransport", objects)


def about_port(event: WindowsEvent) -> bool:
    """Whether a transport service says that port 25 was taken."""
    transport = event.provider.lower().replace(" ", "").startswith("msexchange")
    return transport and event.event in _EVENTS and bool(_PORT_25.search(event.text.replace(" ", "")))


def _listening(role: str, objects: Iterable[Configured]) -> Configured | None:
    known = of_kind(RECEIVE, objects)
    return next((each for each in known if each.get("TransportRole").lower() == role and is_bound(each, 25)), None)


def _steps(connector: str) -> tuple[Step, ...]:
    return (
        look(
            "Find the connectors on port 25 and their role.",
            "Get-ReceiveConnector | Where-Object {{ \"$($_.Bindings)\" -match ':25( |$)' }} | "
            "Format-Table Identity,TransportRole,Bindings -AutoSize",
        ),
        look(
            "If all of them are FrontendTransport, see which process holds the port.",
            "Get-NetTCPConnection -LocalPort 25 -State Listen | ForEach-Object {{ Get-Process -Id $_.OwningProcess }}",
            "powershell",
        ),
        change(
            "Give the connector the front end's role.",
            "Set-ReceiveConnector {receive_connector} -TransportRole FrontendTransport",
            changes="The Front End Transport service answers for this connector.",
            undo="The same with -TransportRole HubTransport.",
            verify="After the next step both services run, and no event 1018 or 1019 is logged.",
            receive_connector=connector,
        ),
        change(
            "Restart both transport services.",
            "Restart-Service MSExchangeTransport,MSExchangeFrontEndTransport",
            shell="powershell",
            effect="service-restart",
            changes="Mail pauses for a minute; queued messages are kept.",
            undo="None needed: a restart changes no setting.",
            verify="Both services run, and port 25 greets with 220.",
        ),
    )
