"""The Send connector's source servers are gone or can't be reached.

## What is happening
Mail for a Send connector goes first to one of its `SourceTransportServers`. When they were decommissioned, stand in
maintenance, or lie in a site without a route, routing drops the connector (event 5016), and mail takes another one or
waits in a queue of delivery type `SmtpRelayToConnectorSourceServers`, or in `Unreachable`. While several are named and
run, mail is spread over all of them: so a server that was to be replaced still sends a part of it, as long as it is listed.

## What proves it
- event 5016: `could not discover any route to connector … This connector will not be used`; event 5015: none to its servers
- event 5014: the connector names no source server at all
- SourceTransportServers names a server that is removed, or whose HubTransport component isn't active, or it is empty

## Not this when
- all source servers are up and active
- mail to outside leaves from this server by DNS or to a smart host (a queue of that delivery type), and none waits for another
- no connector covers the domain at all (`connector.send.no-matching-connector`)

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/connectors/send-connectors
- https://technet.microsoft.com/en-us/library/ff981396(v=exchg.141)
- https://technet.microsoft.com/en-us/library/ff983866(v=exchg.141)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.connector import steps
from diagnostics.facts import QueueState, Said, SendConnector
from diagnostics.mail_facts import Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Step

_NO_CONNECTOR: Final = "matching connector cannot be found"
# Events 5014 and 5015 of routing: the connector names no server, or none that a way leads to.
_NONE_NAMED: Final = ("MSExchangeTransport 5014", "No source transport servers or home MTA server have been set")
_NO_WAY: Final = "MSExchangeTransport 5015"
_ELSEWHERE: Final = ("smtprelaytoconnectorsourceservers", "smtprelaytoremoteadsite", "unreachable", "smtprelaytoserver")
_OUTWARD: Final = ("dnsconnectordelivery", "smarthostconnectordelivery")
_DELETED = linear(r"(?i)/Deleted Objects/|\bDEL:[0-9a-f]{8}-")
_NAMED = linear(
    r"(?i)(?:any route to|have been set for|server of) connector (?:CN=)?([^,\r\n]{1,200}?)(?:,| in (?:the )?routing tables)"
)


@cause(
    id="connector.send.source-server-invalid",
    act="on-prem",
    says=(
        "could not discover any route to connector",
        "MSExchangeTransport 5016",
        *_NONE_NAMED,
        _NO_WAY,
        _NO_CONNECTOR,
    ),
)
def assess(
    anchor: Said | QueueState | SendConnector | Told | Configured,
    objects: tuple[Configured, ...],
    connectors: tuple[SendConnector, ...],
) -> Finding | None:
    """Event 5016 and a connector whose servers were deleted tell it; a queue toward the source servers only points here."""
    if isinstance(anchor, Told):
        return _told(anchor)
    if isinstance(anchor, Configured):
        return _switched_off(anchor)
    if isinstance(anchor, SendConnector):
        return _deleted(anchor)
    down = _inactive(objects)
    if isinstance(anchor, QueueState):
        return _queued(anchor, down)
    if anchor.signature == _NO_CONNECTOR:
        return _without_servers(anchor, connectors)
    found = _NAMED.search(anchor.text)
    name = found.group(1) if found else ""
    if anchor.signature in _NONE_NAMED:
        because = f"`{name or 'A connector'}` names no source server, so routing ignores it."
        return Finding(Belief.CONFIRMED, because, (anchor,), _steps(name))
    where = f" on {anchor.host}" if anchor.host else ""
    because = f"Routing{where} has no way to the source servers of `{name or 'a Send connector'}` and does not use it."
    return Finding(Belief.LIKELY, because, (anchor, *down[:1]), _steps(name), weight=1.0)


@shown
def servers(known: tuple[SendConnector | QueueState, ...], objects: tuple[Configured, ...]) -> Finding | None:
    """The source servers beside the states of the servers; else the kinds of the queues that hold mail."""
    connectors = [each for each in known if isinstance(each, SendConnector)]
    empty = without_servers(connectors)
    if empty:
        because = f"`{empty.connector or 'The connector'}` covers all domains and names no source server that is there."
        return Finding(Belief.CONFIRMED, because, (empty,), _steps(empty.connector))
    found = [_stated(each, objects) for each in connectors if each.enabled is not False and each.source_servers]
    told = next((each for each in found if each), None)
    return told or _by_queues([each for each in known if isinstance(each, QueueState)])


def _stated(connector: SendConnector, objects: Sequence[Configured]) -> Finding | None:
    """What the states of HubTransport, or the list of the servers that there are, tell of those that a connector names."""
    named = connector.source_servers or ()
    states = {_bare(each.get("ServerFqdn") or each.get("Server")): each for each in objects if _is_hub(each)}
    if not states or not any("*" in each for each in connector.address_spaces):
        return None
    told = [(each, states.get(_bare(each))) for each in named]
    if len(states) == 1 and any(state is None for _, state in told):
        return None  # one server alone was asked
    down = [each for each, state in told if state is None or state.get("State").lower() != "active"]
    evidence = (connector, *(state for _, state in told if state))
    if not down:
        because = f"HubTransport is active on {', '.join(named[:3])}, the source servers of `{connector.connector}`."
        return Finding(Belief.RULED_OUT, because, evidence)
    if len(down) < len(named):
        return None  # mail leaves through the others
    because = f"Of the source servers of `{connector.connector}`, {', '.join(named[:3])}, none has HubTransport active."
    return Finding(Belief.CONFIRMED, because, evidence, _steps(connector.connector))


def _is_hub(entry: Configured) -> bool:
    return entry.kind == "server-component" and "hubtransport" in (entry.name + entry.get("Component")).lower()


def _bare(server: str) -> str:
    return server.rpartition("/")[2].partition(".")[0].lower()


def _by_queues(queues: Sequence[QueueState]) -> Finding | None:
    """Where mail leaves from: the server that has queues to the outside itself is a source server."""
    kinds = {each.delivery_type.lower(): each for each in queues if each.messages}
    waiting = next((each for kind, each in kinds.items() if kind in _ELSEWHERE), None)
    leaving = next((each for kind, each in kinds.items() if kind in _OUTWARD), None)
    if waiting is None and leaving:
        because = f"{leaving.identity or 'A queue'} is of type {leaving.delivery_type}: mail to outside leaves from this server, "
        because += "and none waits for another one to send it."
        return Finding(Belief.RULED_OUT, because, (leaving,))
    return None


def _without_servers(said: Said, connectors: Sequence[SendConnector]) -> Finding | None:
    """Routing passes over a connector that names no server, however well its address spaces fit."""
    empty = without_servers(connectors)
    if empty is None:
        return None
    because = (
        f"`{empty.connector or 'The connector'}` has the address space {', '.join(empty.address_spaces)} and no source "
    )
    because += "server: routing does not use it, as when the only one it named was removed."
    return Finding(Belief.LIKELY, because, (said, empty), _steps(empty.connector), weight=1.6)


def _deleted(connector: SendConnector) -> Finding | None:
    """A server that was removed while the connector named it stays there as a deleted object."""
    gone = _gone(connector)
    if not gone or connector.enabled is False:
        return None
    named = (
        f"`{connector.connector or 'The Send connector'}` still names {', '.join(map(_short, gone))} among its source "
    )
    named += "servers, which the directory holds as deleted"
    steps = _steps(connector.connector)
    if len(gone) == len(connector.source_servers or ()):
        because = f"{named}, and no other: routing has no server to send from, and does not use it."
        return Finding(Belief.LIKELY, because, (connector,), steps, weight=1.7)
    return Finding(Belief.POSSIBLE, f"{named}. Mail leaves through the others.", (connector,), steps, weight=1.4)


def _gone(connector: SendConnector) -> tuple[str, ...]:
    return tuple(each for each in connector.source_servers or () if _DELETED.search(each))


def _short(server: str) -> str:
    """`contoso.com/Configuration/Deleted Objects/EX09 DEL:…` -> EX09."""
    return server.rpartition("/")[2].partition("DEL:")[0].rstrip("\\ ") or server


def without_servers(connectors: Sequence[SendConnector]) -> SendConnector | None:
    """The connector for all domains that is on, and names no source server that is there."""
    return next(
        (
            each
            for each in connectors
            if each.source_servers is not None
            and len(_gone(each)) == len(each.source_servers)
            and each.enabled is not False
            and any("*" in s for s in each.address_spaces)
        ),
        None,
    )


def _told(told: Told) -> Finding | None:
    """Outbound mail that passes a server which was to be replaced."""
    if told.story != "leaves-over-the-old-server":
        return None
    because = "Outbound mail passes the old server, as you tell it. Mail leaves from the source servers of its Send connector, "
    because += "spread over all that it names: if the old one still is among them, some messages take the way over it, and wait "
    because += "once it is gone."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(""), weight=1.6)


def _switched_off(off: Configured) -> Finding | None:
    """A server that is gone, for which messages wait all the same."""
    if off.kind != "told-off" or not off.get("Waits"):
        return None
    because = "Messages wait for a server that is switched off, as you say: a Send connector that names it as its source server "
    because += "sends mail for outside there."
    return Finding(Belief.POSSIBLE, because, (off,), _steps(""), weight=1.6)


def _queued(queue: QueueState, down: Sequence[Configured]) -> Finding | None:
    kind = queue.delivery_type.lower()
    if not queue.messages:
        return None
    if kind == "smtprelaytoconnectorsourceservers" and queue.status.lower() == "retry":
        because = f"{queue.messages} messages wait for the source servers of `{queue.next_hop or 'a Send connector'}`"
        if down:
            server = down[0].get("Server") or "a server"
            because += f", and {down[0].name} of {server} is {down[0].get('State') or 'not active'}."
            return Finding(Belief.POSSIBLE, because, (queue, down[0]), _steps(""), weight=1.8)
        return Finding(Belief.POSSIBLE, f"{because}: none of them takes mail.", (queue,), _steps(""), weight=1.6)
    if kind == "unreachable":
        because = f"Messages wait in {queue.identity}: a connector whose source servers have no route is not used."
        return Finding(Belief.POSSIBLE, because, (queue,), _steps(""), weight=1.2)
    return None


def _inactive(objects: Sequence[Configured]) -> list[Configured]:
    return [each for each in objects if each.kind == "server-component" and each.failing]


def _steps(connector: str) -> tuple[Step, ...]:
    return (
        steps.show_send_connector(connector),
        look(
            "Check that each of those servers still exists and that its transport is active.",
            "Get-ExchangeServer | ForEach-Object {{ Get-ServerComponentState $_.Name -Component HubTransport }} | "
            "Format-Table ServerFqdn,Component,State",
        ),
        change(
            "Name servers that exist and are active.",
            "Set-SendConnector {connector} -SourceTransportServers {server}",
            changes="Mail of this connector leaves from these servers only; several are written 'A','B'. Each needs "
            "port 25 open and, where the connector names one, the certificate.",
            undo="Set-SendConnector with the SourceTransportServers that the first step printed.",
            verify="No new event 5016, and the queue drains.",
            connector=connector,
            server="",
        ),
        steps.resubmit_unreachable(),
    )
