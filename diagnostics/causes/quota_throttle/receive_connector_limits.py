"""A source opens more connections, sends faster, or holds a session longer than the Receive connector allows.

## What is happening
A Receive connector limits connections in all (MaxInboundConnection), by source
(MaxInboundConnectionPerSource, 20 by default, and a percentage) and messages a minute (MessageRateLimit). A
gateway, load balancer or application that sends everything from one address meets them first: `421 4.3.2 The
maximum number of concurrent connections has exceeded a limit`, `421 4.4.2 Message submission rate …`, event
1021. Mail is late, not lost: the sender tries again.

ConnectionTimeout (10 minutes by default, 5 on Edge servers) ends a session however busy it is, ConnectionInactivityTimeout (5
minutes, 1 on Edge) an idle one: `421 4.4.1 Connection timed out`. A client that sends many messages in one session meets it.

MaxAcknowledgementDelay (30 seconds by default) lets the connector keep its reply to a message back until the message is
delivered, so that the sender still has it should this server fail. A client that sends one message after the other is slowed
down, and one with a shorter patience gives up and sends again.

## What proves it
- the server that had greeted the client ends the session always after the same minutes, which the connector's timeout allows
- the receive log has `Tarpit for '…' due to 'DelayedAck'`, and sending to this connector is slow
- event 1009, 1021 or 1031 names connector and address; or the receive log shows the 421 right after the connection

## Not this when
- no connector that takes mail from servers limits a source: its values are Unlimited
- `421 4.3.2 Service not active`: a component is off (`transport-service.component.inactive`)
- a NAT hides all senders behind one address (`network.nat.inbound-source-masked`): then mend the NAT

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/message-rate-limits
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-receiveconnector
"""

from __future__ import annotations

from typing import Any, Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.network.inbound_source_masked import behind
from diagnostics.causes.network.queues import outward, queue_of
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.lookup import by_microsoft
from diagnostics.causes.recipient.steps import advise
from diagnostics.causes.reputation.lists import of_microsoft
from diagnostics.causes.stories import told_as
from diagnostics.facts import QueueState, Reply, Said, Session
from diagnostics.mail_facts import Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Act, Step

_CONNECTOR = linear(r"(?i)receive connector ['\"]?([^'\"]{1,120}?)['\"]? (?:rejected|has)")
_SOURCE = linear(r"(?i)IP address(?: of)?:? ['\"\[]?([0-9a-f][0-9a-f.:]{2,44})\b")

# Any server's words for a limit of its own: of connections at a time, or of messages in one of them.
TOO_MANY: Final = (
    "too many concurrent connections",
    "too many concurrent smtp connections",
    "too many concurrent sessions",
    "too many simultaneous connections",
    "too many connections",
    "too many messages for this session",
    "too many messages in this connection",
)
_TOO_FAST: Final = ("MSExchangeTransport 1031", "MSExchangeFrontEndTransport 1031")
_TIMED_OUT: Final = "421 4.4.1 Connection timed out"
_PROVIDERS: Final = linear(r"(?i)\b(?:gmail|google|gsmtp|yahoo\w*|aol|icloud|apple|comcast|outlook|hotmail)\b")
_TIMEOUTS: Final = ("ConnectionTimeout", "ConnectionInactivityTimeout")
_SPAN = linear(r"^\s*(\d{1,3}):(\d\d):(\d\d)\s*$")
_ONLINE: Final = "The maximum number of concurrent connections per resource forest"
_DELAY: Final = "MaxAcknowledgementDelay"
_PER_SOURCE: Final = "MaxInboundConnectionPerSource"
_PLENTY: Final = 1_000  # connections
_MOST_OF_ALL: Final = 50  # percent
_BURST: Final = (
    "An application hands in many messages at once, and only the first of them go through, as you tell it: a Receive "
    "connector takes only so many connections from one address at a time, and so many messages a minute."
)
_EXACT: Final = 10  # seconds that a session may last longer than its limit

_SHARE: Final = (
    "Mail flows at first and then stops, as you tell it, and all of it comes from one gateway: a Receive connector gives one "
    "address 20 connections, and 2 percent of all (MaxInboundConnectionPerSource, MaxInboundConnectionPercentagePerSource)."
)


@cause(
    id="quota-throttle.receive-connector.limits",
    act="on-prem",
    says=(
        "The maximum number of concurrent connections has exceeded a limit",
        "The maximum number of concurrent connections from this IP",
        _ONLINE,
        "The maximum number of concurrent server connections has exceeded",
        "Message submission rate for this client has exceeded the configured limit",
        "rate for this client has exceeded the configured limit",
        "The maximum number of connections per source",
        "MSExchangeTransport 1021",
        "MSExchangeFrontEndTransport 1021",
        "MSExchangeTransport 1009",
        "MSExchangeFrontEndTransport 1009",
        *_TOO_FAST,
        _TIMED_OUT,
        *TOO_MANY,
    ),
)
def assess(
    anchor: Said | Configured | Told,
    queues: tuple[QueueState, ...],
    objects: tuple[Configured, ...],
    sessions: tuple[Session, ...],
) -> Finding | None:
    """Whose connector it is follows from where the reply stands: our event or log, or another server's answer."""
    if isinstance(anchor, Configured):
        return _acknowledging(anchor, objects) if anchor.kind == "held-reply" else None
    if isinstance(anchor, Told):
        return told_as("burst-cut-short", anchor, _BURST, _steps("", ""), weight=1.5) or told_as(
            "gateway-fills-its-share", anchor, _SHARE, _steps("", ""), weight=1.6
        )
    said = anchor
    if said.signature == _TIMED_OUT:
        return _too_long(said, objects)
    if said.signature in TOO_MANY:
        return _counted(said)
    if _ONLINE.lower() in said.text.lower():
        because = "Exchange Online takes no more connections in that part of its service at the moment (its limit by resource "
        because += "forest); the sending queue tries again by itself."
        return Finding(Belief.CONFIRMED, because, (said,), _theirs(), "microsoft", weight=1.2)
    connector = _found(_CONNECTOR, said.text)
    source = _found(_SOURCE, said.text) if said.kind == "event" else ""
    theirs = said.kind == "queue" and outward(queue_of(said, queues))
    act: Act = "recipient-side" if theirs else "on-prem"
    rate = has(said, "submission rate") or said.signature in _TOO_FAST
    because = f"{connector or said.by or 'The receiving connector'} refuses {source or 'the sender'}, which "
    because += (
        "hands in messages faster than MessageRateLimit allows." if rate else "holds as many connections as allowed."
    )
    if theirs:
        because += " The limit is the receiving side's; our queue tries again by itself."
    if front := behind(said, objects, sessions):
        because += f" But {front.name} stands in front, as you say: if it puts its own address in place of the senders', a limit "
        because += "for one of them is met by all."
        return Finding(Belief.POSSIBLE, because, (said, front), _steps(connector, source), act, weight=1.2)
    sure = has(said, "maximum number of con", "submission rate")
    steps = _theirs() if theirs else _steps(connector, source)
    return Finding(
        Belief.CONFIRMED if sure else Belief.LIKELY, because, (said,), steps, act, weight=1.1 if connector else 1.0
    )


@shown
def limits(objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """Connectors without a limit that one source would meet. Those for clients count by user, and time is another limit."""
    other = any(each.kind in ("held-reply", "session-length", "busy-client") for each in objects)
    if other or any("4.4.1" in each.enhanced for each in replies):
        return None
    told = [each for each in objects if each.kind == "receive-connector" and each.told(_PER_SOURCE)]
    met = [each for each in told if each.get("MessageRateSource").lower() != "user"]
    if not met or not all(map(_unlimited, met)):
        return None
    because = (
        f"No connector that takes mail from servers limits a source: {_PER_SOURCE} is {met[0].get(_PER_SOURCE)} on "
    )
    because += f"{met[0].name or 'the connector'}{' and the others' if len(met) > 1 else ''}."
    return Finding(Belief.RULED_OUT, because, tuple(met[:3]))


def _unlimited(connector: Configured) -> bool:
    """Whether no source is held back: by connections, by its share of all of them, or by messages a minute."""
    share = connector.get("MaxInboundConnectionPercentagePerSource", "0")
    return (
        _many(connector.get(_PER_SOURCE))
        and _many(connector.get("MaxInboundConnection"))
        and (share.isdecimal() and int(share) >= _MOST_OF_ALL)
        and connector.get("MessageRateLimit").lower() == "unlimited"
    )


def _many(limit: str) -> bool:
    return limit.lower() == "unlimited" or (limit.isdecimal() and len(limit) < 8 and int(limit) >= _PLENTY)


def _counted(said: Said) -> Finding | None:
    """A server without a name that a provider's would have: it may be one's own, or a partner's that can make an exception."""
    if by_microsoft(said) or of_microsoft(said.text) or _PROVIDERS.search(f"{said.by} {said.text}"):
        return None
    because = f"{said.by or 'The server that refused'} allows one sender only so many connections at a time, or messages in one "
    because += "of them; whoever runs it can give this sender a connector with more room."
    return Finding(Belief.POSSIBLE, because, (said,), (*_theirs(), _steps("", "")[0]), "recipient-side", weight=1.0)


def _acknowledging(held: Configured, objects: tuple[Configured, ...]) -> Finding:
    """The connector waits on purpose, up to its MaxAcknowledgementDelay, before it says that it has taken a message."""
    limit = next((each for each in objects if each.kind == "receive-connector" and each.told(_DELAY)), None)
    seconds = int(held.get("Seconds"))
    because = (
        "The Receive connector keeps its reply to each message back until shadow redundancy has seen it delivered "
    )
    because += f"(DelayedAck, {seconds} s here" if seconds else "(DelayedAck"
    because += f"; {_DELAY} is {limit.get(_DELAY)})" if limit else f"; at most {_DELAY})"
    because += ", so a client that sends one message after the other is slow."
    return Finding(Belief.LIKELY, because, (held, limit), _of_delay(limit.name if limit else ""), weight=1.2)


def _of_delay(connector: str) -> tuple[Step, ...]:
    return (
        look(
            "See which connector takes the client's mail, and how long it may wait.",
            "Get-ReceiveConnector | Format-List Identity,RemoteIPRanges,MaxAcknowledgementDelay,TarpitInterval",
        ),
        advise("Let the client send over several connections at once: only the one that waits is held up."),
        change(
            "If it can't, and the connector serves only this gateway or application, switch the wait off there.",
            "Set-ReceiveConnector {connector} -MaxAcknowledgementDelay 0",
            changes="Messages are acknowledged at once; one that this server loses before delivery is not sent again by a "
            "client without shadow redundancy.",
            undo="Set-ReceiveConnector with the value that the first step printed.",
            verify="The receive log shows no more DelayedAck for this connector, and the client's run is fast.",
            connector=connector,
        ),
    )


def _too_long(said: Said, objects: tuple[Configured, ...]) -> Finding | None:
    """The server ended a session that it had taken, and always after the same time: that is its own limit, no line's fault."""
    lasted = next((each for each in objects if each.kind == "session-length"), None)
    busy = next((each for each in objects if each.kind == "busy-client"), None)
    if said.kind not in ("bare", "client", "log", "stray") or (lasted is None and busy is None):
        return None
    if lasted is None:
        because = "The server ended the session of a client that was not done, as is told: a Receive connector's "
        because += "ConnectionTimeout does that, ten minutes by default."
        return Finding(Belief.POSSIBLE, because, (said, busy), _of_time(""), weight=1.3)
    seconds = int(lasted.get("Seconds"))
    because = f"The server ended the session itself after {seconds // 60} minutes"
    limit = next((each for each in objects if any(_is(each.get(name), seconds) for name in _TIMEOUTS)), None)
    if limit:
        name = next(name for name in _TIMEOUTS if _is(limit.get(name), seconds))
        because += f", which is the {name} of `{limit.name or 'the Receive connector'}`."
        return Finding(Belief.LIKELY, because, (said, limit, lasted), _of_time(limit.name), weight=1.8)
    because += ": ConnectionTimeout of a Receive connector does that however busy the session is, "
    because += "ConnectionInactivityTimeout to an idle one. Many messages in one session meet it, small runs pass."
    measured = lasted.get("Measured") == "True"
    belief = Belief.LIKELY if measured else Belief.POSSIBLE
    return Finding(belief, because, (said, lasted), _of_time(""), weight=1.6)


def _is(value: str, seconds: int) -> bool:
    """Whether a span as Exchange prints it, 00:10:00, is this long."""
    span = _SPAN.search(value)
    if span is None:
        return False
    hours, minutes, rest = (int(part) for part in span.groups())
    return abs(hours * 3600 + minutes * 60 + rest - seconds) <= _EXACT


def _of_time(connector: str) -> tuple[Step, ...]:
    return (
        look(
            "See how long the Receive connectors let a session last.",
            "Get-ReceiveConnector | Format-List Identity,Connection*Timeout",
        ),
        advise("Let the client open a new session after some dozens of messages, or after a few minutes."),
        change(
            "If it can't, give the connector that it uses more time.",
            "Set-ReceiveConnector {connector} -ConnectionTimeout 00:30:00",
            changes="A session on this connector may last half an hour. ConnectionTimeout has to stay above "
            "ConnectionInactivityTimeout.",
            undo="Set-ReceiveConnector with the value that the first step printed.",
            verify="The client's next long run ends with QUIT.",
            connector=connector,
        ),
    )


def _found(pattern: Any, text: str) -> str:
    match = pattern.search(text)
    return str(match.group(1)) if match else ""


def _theirs() -> tuple[Step, ...]:
    return (
        look(
            "See how many servers and connections of ours go there, and whether the queue shrinks meanwhile.",
            "Get-Queue -SortOrder '-MessageCount' -ResultSize 5 | "
            "Format-Table Identity,Status,MessageCount,NextHopDomain,LastError",
        ),
        advise(
            "If it goes on, ask the receiver to raise the limit for our address; nothing on our side has to change."
        ),
    )


def _steps(connector: str, source: str) -> tuple[Step, ...]:
    return (
        look(
            "On the receiving server, see the limits.",
            "Get-ReceiveConnector | "
            "Format-List Identity,RemoteIPRanges,MaxInboundConnection*,MessageRateLimit,MessageRateSource",
        ),
        look(
            "See who has how many connections open on port 25.",
            "Get-NetTCPConnection -LocalPort 25 -State Established | Sort-Object RemoteAddress | "
            "Format-Table RemoteAddress,RemotePort",
            "powershell",
        ),
        change(
            "If the source is your own gateway or application, give it a connector of its own with more room, and leave "
            "the Internet-facing one as it is.",
            "New-ReceiveConnector -Name {new_name} -Server {server} -TransportRole FrontendTransport -Custom "
            "-Bindings 0.0.0.0:25 -RemoteIPRanges {source} -PermissionGroups AnonymousUsers "
            "-MaxInboundConnectionPerSource 200 -MaxInboundConnectionPercentagePerSource 50",
            changes="Mail of this one address is taken by the new connector, which does not relay.",
            undo="Remove-ReceiveConnector with the new connector's identity.",
            verify="No further event 1021 or 421 4.3.2 for the address.",
            new_name="From gateway",
            server=connector.partition("\\")[0] if "\\" in connector else "",
            source=source,
        ),
    )
