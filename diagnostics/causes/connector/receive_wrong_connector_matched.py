"""Another Receive connector answers than the one that was meant for this client.

## What is happening
All Receive connectors on a port share it, and Exchange picks, for each session, the one whose `RemoteIPRanges` holds the
client's address most narrowly. When the ranges overlap or the client's new address is in none of them, it lands on a
connector with other permissions, another certificate or other limits: a relay connector with a broad range such as
10.0.0.0/8 catches other Exchange servers too, or an application falls back to the default connector.

## What proves it
- connector-id in the receive log is another than expected for that client
- RemoteIPRanges of the intended connector doesn't hold the client's address

## Not this when
- the log names the intended connector
- of the connectors for some addresses that take clients without a logon, one holds the client's address most narrowly
- the receive log shows one inside address for every client: then address translation hides them
  (`network.nat.inbound-source-masked`)

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/connectors/receive-connectors
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from diagnostics.cause import Belief, Finding, cause, change, shown
from diagnostics.causes.auth_smtp.logon import logs_on
from diagnostics.causes.connector import relay, steps
from diagnostics.causes.connector.heard import Heard, heard
from diagnostics.causes.connector.ranges import covers, size
from diagnostics.causes.connector.receive_exchange_auth_missing import UNIFIED_MESSAGING, submission_refused
from diagnostics.causes.connector.settings import (
    RECEIVE,
    answering,
    for_some,
    label,
    listeners,
    made_for_others,
    named,
    narrowest,
    of_kind,
    words,
)
from diagnostics.facts import Reply, Said, Session
from diagnostics.looked_facts import ClientAddress
from diagnostics.mail_facts import Configured
from diagnostics.report import Step
from diagnostics.text import is_cut

_EXCHANGE = "cannot achieve exchange server authentication"
_SENDER = (
    "to send as this sender"  # a connector that was made for applications lets them use senders of the own domains
)
_BROAD = 1 << 16  # addresses: a range of this size was hardly written for one application


@cause(
    id="connector.receive.wrong-connector-matched",
    act="on-prem",
    says=(
        *relay.SIGNATURES,
        "Client was not authenticated",
        "Cannot achieve Exchange Server authentication",
        UNIFIED_MESSAGING,
        _SENDER,
    ),
)
def assess(
    anchor: Said | Configured,
    _settings: Configured | None,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
    sessions: tuple[Session, ...],
) -> Finding | None:
    """The connectors' ranges and the client's address settle it; the log's connector-id alone points here."""
    if isinstance(anchor, Configured):
        return _with_right(anchor, objects)
    said = anchor
    what = heard(said, replies, sessions)
    if said.signature == UNIFIED_MESSAGING:
        return _server(what, objects, sessions) if submission_refused(said) else None
    if not relay.by_exchange_server(what) or what.peer == "exchange-online" or relay.rewritten(what):
        return None
    if _EXCHANGE in what.low:
        return _server(what, objects, sessions)
    if said.signature == _SENDER and (what.session or logs_on(objects)):
        return None  # another connector would ask an account for the same right
    if what.incoming and what.ip:
        return _client(what, objects)
    unused = next((each for each in objects if each.kind == "told-answered" and each.name == "another"), None)
    if unused:
        because = (
            f"{what.who} answered on another connector than the one that was made for this client, as you found: the "
        )
        because += "address it comes with is in no range of that one, or another server (an Edge server, say) takes its sessions."
        return Finding(Belief.LIKELY, because, (said, unused), _steps(""), weight=1.6)
    because = f"{what.who} may have answered on another connector than the one that was made for this client."
    may, _ = relay.rights(objects)
    if may and said.signature in relay.SIGNATURES:
        because += " The rights that were sent would let anonymous clients relay."
        return Finding(Belief.POSSIBLE, because, (said, may[0]), _steps(""), weight=2.0)
    return Finding(Belief.POSSIBLE, because, (said,), _steps(""), weight=0.5 if said.signature == _SENDER else 0.9)


@shown
def ranges(
    objects: tuple[Configured, ...], clients: tuple[ClientAddress, ...], sessions: tuple[Session, ...]
) -> Finding | None:
    """Whose ranges hold the client most narrowly, and which connector was made for clients like it."""
    known = [each for each in listeners(objects) if each.items("RemoteIPRanges") and each.told("PermissionGroups")]
    refused = [each.remote_ip for each in sessions if each.direction == "receive" and each.failed]
    ip = next((each for each in (*refused, *(one.ip for one in clients)) if each), "")
    met = answering(ip, known) if ip and len(known) > 1 else None
    made = [each for each in known if for_some(each) and "anonymoususers" in words(each, "PermissionGroups")]
    if met is None or not made or any(is_cut(each.get("RemoteIPRanges")) for each in known):
        return None
    if met in made:
        because = f"{label(met)}, which takes clients without a logon, holds {ip} more narrowly than any other."
        return Finding(Belief.RULED_OUT, because, (met,))
    return _in_place_of(made, met, ip)


def _in_place_of(made: list[Configured], met: Configured, ip: str) -> Finding | None:
    """The connector that was made for clients without a logon, and the one that answers in its place."""
    broad = next((each for each in made if narrowest(each, ip) < 1 << 129), None)
    if broad:
        belief = Belief.LIKELY if "anonymoususers" in words(met, "PermissionGroups") else Belief.CONFIRMED
        return Finding(belief, _narrower(ip, met, broad), (met, broad), _steps(ip, broad.name))
    if len(made) > 1 or for_some(met):
        return None
    because = (
        f"{ip} is in no range of {label(made[0])} ({', '.join(made[0].items('RemoteIPRanges')[:4])}), so {label(met)} "
    )
    because += "answers it."
    return Finding(Belief.LIKELY, because, (made[0], met), _steps(ip, made[0].name))


def _narrower(ip: str, met: Configured, made: Configured) -> str:
    because = f"{ip} is in the ranges of {label(met)} and of {label(made)}; the narrower range wins, so {label(met)} "
    return because + "answered. A range of this one address on the other one wins in turn."


def _with_right(printed: Configured, objects: tuple[Configured, ...]) -> Finding | None:
    """A connector lets anonymous clients relay, and yet an application reaches inside recipients only."""
    if printed.kind != "connector-rights" or not relay.relays(printed):
        return None
    told = relay.told(objects)
    if told is None:
        return None
    because = f"{printed.name or 'A connector'} lets anonymous clients relay, and the application still reaches inside "
    because += "recipients only: another connector may answer it."
    return Finding(Belief.POSSIBLE, because, (printed, told), _steps(""), weight=1.4)


def _client(what: Heard, objects: Iterable[Configured]) -> Finding:
    """An application: is there a connector made for clients like it, which leaves its address out?"""
    connectors = of_kind(RECEIVE, objects)
    met = named(what.connector, connectors)
    made = made_for_others(what.connector, connectors)
    if made and not any(covers(each, what.ip) for each in made.items("RemoteIPRanges")):
        because = (
            f"{what.ip} is in no range of {label(made)} ({', '.join(made.items('RemoteIPRanges')[:4])}), so "
            f"`{what.connector}` answered."
        )
        return Finding(Belief.LIKELY, because, (what.said, made, met), _steps(what.ip, made.name), weight=1.3)
    if met and made and narrowest(met, what.ip) < narrowest(made, what.ip):
        because = _narrower(what.ip, met, made)
        return Finding(Belief.LIKELY, because, (what.said, met, made), _steps(what.ip, made.name), weight=1.4)
    if met and len(connectors) > 1 and for_some(met):
        because = f"{label(met)} was made for some addresses, {what.ip} among them, and it is the one that answered."
        return Finding(Belief.RULED_OUT, because, (met, what.said))
    because = f"{what.who} answered {what.ip}; if another connector was made for it, its ranges leave that address out."
    return Finding(Belief.POSSIBLE, because, (what.said, met), _steps(what.ip), weight=1.2)


def _server(what: Heard, objects: Sequence[Configured], sessions: Iterable[Session]) -> Finding | None:
    """Another Exchange server: did a connector without Exchange authentication catch it?"""
    connectors = of_kind(RECEIVE, objects)
    target = what.reply.ip if what.reply else ""
    received = [
        s for s in sessions if s.direction == "receive" and s.remote_ip and "default" not in s.connector.lower()
    ]
    answered = next((o for o in objects if o.kind == "told-answered" and o.name == "for-applications"), None)
    if answered:
        because = (
            "Another connector than the one for Exchange servers answers them, as you found: its ranges hold them."
        )
        return Finding(Belief.LIKELY, because, (answered, what.said), _narrowed(target, ""), weight=1.6)
    told = next((each for each in objects if each.kind == "told-ranges"), None)
    if told:
        because = "A connector that was made for applications holds addresses of Exchange servers, as you say, and answers them."
        return Finding(Belief.LIKELY, because, (told, what.said), _narrowed(target, ""), weight=1.6)
    for each in connectors:
        broad = [r for r in each.items("RemoteIPRanges") if _BROAD <= size(r) < 1 << 32]
        if broad and each.told("AuthMechanism") and "exchangeserver" not in words(each, "AuthMechanism"):
            because = (
                f"{label(each)} takes {broad[0]}, other Exchange servers included, and has no ExchangeServer logon."
            )
            return Finding(Belief.LIKELY, because, (each, what.said), _narrowed(target, each.name), weight=1.3)
    if received:
        last = received[-1]
        because = (
            f"The receive log shows `{last.connector}` answering {last.remote_ip}, not the server's default connector."
        )
        return Finding(Belief.LIKELY, because, (last, what.said), _narrowed(last.remote_ip, last.connector), weight=1.2)
    if any(answering(s.remote_ip, connectors) for s in sessions if s.direction == "receive"):
        return None
    because = "The other server may have met a connector with a broad range that was made for applications."
    return Finding(Belief.POSSIBLE, because, (what.said,), _narrowed(target, ""), weight=1.2)


def _steps(client: str, connector: str = "") -> tuple[Step, ...]:
    return (
        steps.find_session(client),
        steps.list_receive_connectors(),
        change(
            "Let the intended connector hold the client's address.",
            "Set-ReceiveConnector {receive_connector} -RemoteIPRanges @{{Add={client_address}}}",
            changes="Which sessions this connector answers. Name single addresses of the application only, never that "
            "of a load balancer that others come through: on a relay connector everybody in the range may relay.",
            undo="The same with @{Remove=…} in place of @{Add=…}.",
            verify="The next session of the client in the receive log names the intended connector.",
            receive_connector=connector,
            client_address=client,
        ),
    )


def _narrowed(server: str, connector: str) -> tuple[Step, ...]:
    """For a connector that catches other Exchange servers."""
    return (
        steps.find_session(server),
        steps.list_receive_connectors(),
        change(
            "Let the connector for applications hold their addresses alone, so that other Exchange servers meet the default "
            "connector again.",
            "Set-ReceiveConnector {receive_connector} -RemoteIPRanges {application_range}",
            changes="Replaces all ranges of this connector: name those of the applications, as 'A','B', and no address of an "
            "Exchange server.",
            undo="Set-ReceiveConnector with the RemoteIPRanges that the second step printed.",
            verify="The internal queue drains, and the applications' sessions still name this connector.",
            receive_connector=connector,
            application_range="",
        ),
    )
