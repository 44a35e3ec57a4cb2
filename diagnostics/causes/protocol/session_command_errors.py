"""The client speaks SMTP out of order, with too many errors, or too slowly.

## What is happening
The server got commands it doesn't know, or that were not due yet, or waited for the next command until its
patience ended: `503 5.5.2 Send hello first`, `421 4.7.0 Too many errors on this connection`, `451 4.7.0 Timeout
waiting for client input`. A faulty client, a load balancer's probe or a proxy does that; on a very slow line
also an honest client.

## What proves it
- Schannel event 36888 with alert 10: something else than TLS came in a handshake, and a capture shows what
- the SmtpReceive log of the session shows the order of commands, or a pause as long as ConnectionInactivityTimeout

## Not this when
- the log has sessions of that very client that nothing ended
- the log of the failing session shows the commands in order, and another refusal at its end
- verbs arrive as XXXX or the banner shows asterisks (`network.middlebox.esmtp-inspection`)
- an earlier reply of the session already refused something: that one is the fault, and the 503 only follows it

## References
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-receiveconnector
- https://www.rfc-editor.org/rfc/rfc5321
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.protocol.steps import advise
from diagnostics.facts import Reply, Said, Session, SessionMasked, Stage, WindowsEvent
from diagnostics.looked_facts import ClientAddress
from diagnostics.mail_facts import Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Act, Step
from diagnostics.text import short

_SLOW: Final = ("Timeout waiting for client input", "Error: timeout exceeded")
_ENDED: Final = (
    "421 4.4.1 Connection timed out"  # Exchange ends a session at a limit of its connector; others say it of a line
)
_ORDER: Final = (
    "Send hello first",
    "Hello called after other methods",  # Go, of its own order
    "HELO first",
    "EHLO first",
    "need RCPT",
    "need MAIL",
    "MAIL first",
    "Bad sequence of commands",
    "Nested MAIL",
    "Multiple MAIL commands",
    "is required first",
    "RCPT required first",
    "MAIL required first",
    "Pipelining not supported",
    "Sender already specified",
    "must precede DATA",
    "synchronization error",
    "command pipelining",
    "talking too soon",
    "without waiting for",
    "spoke before the banner",
    "Unexpected command",
    "Invalid command sequence",
    "Command out of sequence",
    "commands out of sequence",
    "retry(ies) remaining",  # SmtpServer for .NET, with the commands that it expected
)
_UNKNOWN: Final = "5.3.3 Unrecognized command"
_MANY: Final = (
    "Too many errors",
    "too many unrecognized commands",
    "too many bad commands",
    "too many invalid commands",
    "too many unknown commands",
    "too many syntax",
    "too many protocol errors",
)
_OF_ADDRESS = linear(r"(?i)\berrors (?:detected )?(?:from|by) (?:your|this|the) (?:ip|address|host|network)")
_REPORTED = linear(r"(?i)remote server returned")
_GENERATED: Final = "Schannel 36888"  # an alert of our own
_UNEXPECTED: Final = 10  # unexpected_message (RFC 5246, 7.2.2)
_LOGON_REFUSED: Final = (504, 535)  # RFC 4954: the mechanism, the credentials


# A session whose line breaks were lost is one reply: another refusal stands first in it.
_BEHIND_ANOTHER = linear(r"^[45]\d\d[ -].*\s503[ -]")


@cause(
    id="protocol.session.command-errors",
    act="sender",
    says=(*_ORDER, _UNKNOWN, *_MANY, *_SLOW, _ENDED, _GENERATED),
)
def assess(
    said: Said | Told,
    _masked: SessionMasked | None,
    masked: tuple[SessionMasked, ...],
    replies: tuple[Reply, ...],
    events: tuple[WindowsEvent, ...],
    told: tuple[Configured, ...],
) -> Finding | None:
    """What the server complains of; an earlier refusal or a rewriting device takes it away."""
    if isinstance(said, Told):
        return _told(said)
    if masked and said.signature not in (_GENERATED, _ENDED):
        because = (
            f"A device rewrites the session (the {masked[0].what} is masked): these are not the client's own commands."
        )
        return Finding(Belief.RULED_OUT, because, (masked[0],))
    return _heard(said, replies, events, told)


@shown
def order(sessions: tuple[Session, ...], clients: tuple[ClientAddress, ...]) -> Finding | None:
    """What ended the client's sessions in the server's log: a command that was not due, or something else."""
    served = [each for each in sessions if each.direction == "receive" and each.error]
    wrong = next(
        (each for each in served if any(words.lower() in each.error.lower() for words in (*_ORDER, *_MANY))), None
    )
    if wrong:
        because = f"`{wrong.connector or 'The server'}` answered {wrong.remote_ip or 'the client'} with `{short(wrong.error)}` "
        because += f"at {wrong.answers or 'a command'}."
        return Finding(Belief.CONFIRMED, because, (wrong,), (_log(), _client()))
    if not served:
        return _in_order([each for each in sessions if each.direction == "receive"], clients)
    last = served[-1]
    if last.stage < Stage.MAIL or last.error[:2] not in ("42", "45", "55"):
        return None
    because = (
        f"`{last.connector or 'The server'}` took the commands of {last.remote_ip or 'the client'} in their order; "
    )
    because += f"the session ended with `{short(last.error)}`."
    return Finding(Belief.RULED_OUT, because, (last,))


def _in_order(sessions: list[Session], clients: tuple[ClientAddress, ...]) -> Finding | None:
    """Sessions of the refused client that nothing ended: it logged on, or sent its message."""
    client = next((each.ip for each in clients if each.source.paste == 0), "")
    own = [each for each in sessions if client and each.remote_ip == client]
    if not own or not all(each.logged_on or each.stage >= Stage.MAIL for each in own):
        return None
    because = (
        f"`{own[-1].connector or 'The server'}` took the commands of {client} in their order, and refused none of them."
    )
    return Finding(Belief.RULED_OUT, because, (own[-1],))


def _told(told: Told) -> Finding | None:
    """A client that keeps its session while it has nothing to send."""
    if told.story != "lost-after-a-pause":
        return None
    because = (
        "The client keeps its session open, and what it sends after a pause is lost, as you tell it: the server ends a "
    )
    because += (
        "session that is idle for ConnectionInactivityTimeout (five minutes by default). Each message wants a new one."
    )
    return Finding(Belief.POSSIBLE, because, (told,), (_log(), *_limits()), weight=1.5)


def _heard(
    said: Said, replies: tuple[Reply, ...], events: tuple[WindowsEvent, ...], told: tuple[Configured, ...]
) -> Finding | None:
    """The server's own words."""
    if said.signature == _GENERATED:
        return _out_of_turn(said, events)
    if said.signature == _ENDED:
        return _cut_short(said, told)
    who = said.by or "The server"
    if said.signature in _MANY and _OF_ADDRESS.search(said.text):
        return None  # a provider's limit for an address, over many sessions
    if said.signature in _SLOW:
        because = f"{who} waited for the client's next command until its timeout ended."
        return Finding(Belief.POSSIBLE, because, (said,), (_log(), *_limits()), weight=1.6)
    if said.signature == _UNKNOWN and "XXX" in said.text:
        return Finding(
            Belief.RULED_OUT, "The command arrived overwritten with X: a device on the way did that.", (said,)
        )
    if said.signature == _UNKNOWN:
        because = f"{who} got a command that it doesn't know: a faulty client, or a device that rewrites commands."
        return Finding(Belief.POSSIBLE, because, (said,), (_log(), _client()), weight=1.5)
    earlier = next((r for r in replies if r.failing and (_before(r, said) or _within(r, said))), None)
    if said.signature in _ORDER and earlier:
        because = f"The wrong order follows from an earlier refusal: `{earlier.text[:80]}`."
        return Finding(Belief.RULED_OUT, because, (earlier,))
    logon = _refused_logon(said, replies) if said.signature in _MANY else None
    if logon:
        because = f"The errors that were too many are refused logons: `{logon.text[:80]}`."
        return Finding(Belief.RULED_OUT, because, (logon,))
    what = "too many wrong commands in one session" if said.signature in _MANY else "a command that was not due yet"
    because = f"{who} got {what} from the client and refused to go on."
    # Exchange speaks in order: where it is the client, the other server lost count.
    act: Act | None = "recipient-side" if _REPORTED.search(said.text) else None
    return Finding(Belief.LIKELY, because, (said,), (_log(), _client()), act, weight=1.2)


def _cut_short(said: Said, told: tuple[Configured, ...]) -> Finding | None:
    """Of a session that somebody tells of as busy, the time is over that one may last at all."""
    busy = next((each for each in told if each.kind == "busy-client"), None)
    if busy is None or said.kind not in ("bare", "client", "log", "stray"):
        return None
    because = "The server ended the session of a client that was not done, as is told: ConnectionTimeout of a Receive connector "
    because += "ends even a busy session (after ten minutes by default), ConnectionInactivityTimeout one that pauses."
    return Finding(Belief.POSSIBLE, because, (said, busy), (_log(), *_limits()), "on-prem", weight=1.7)


def _out_of_turn(said: Said, events: tuple[WindowsEvent, ...]) -> Finding | None:
    """Schannel got what has no place in a handshake, such as plain SMTP, mostly; certificates and suites have other alerts."""
    event = next((each for each in events if each.source == said.source), None)
    if event is None or event.alert != _UNEXPECTED:
        return None
    because = "Schannel 36888 with alert 10 (unexpected_message): a client sent something that the TLS handshake does not allow, "
    because += (
        "plain SMTP or another protocol, and the server ended the session. Scanners and faulty clients do that; the "
    )
    because += "certificate and the cipher suites are not the matter."
    return Finding(Belief.POSSIBLE, because, (event,), (_log(), _client()), weight=1.5)


def _before(reply: Reply, said: Said) -> bool:
    """Whether another failing reply stands above this one in the same paste."""
    return reply.source.paste == said.source.paste and reply.source.line < said.source.line


def _within(reply: Reply, said: Said) -> bool:
    """Whether it is the same reply, and holds another refusal before the one about the order."""
    return reply.source == said.source and reply.code != 503 and bool(_BEHIND_ANOTHER.search(said.text))


def _refused_logon(said: Said, replies: tuple[Reply, ...]) -> Reply | None:
    """A refused logon of the same session, if nothing else was refused in it before."""
    session = next((r.session for r in replies if r.source == said.source), "")
    before = [r for r in replies if r.failing and r.session == session and _before(r, said)]
    return before[0] if before and all(r.code in _LOGON_REFUSED for r in before) else None


def _log() -> Step:
    return look(
        "Read the server's SmtpReceive log of that session: the client's commands (`<`) and the server's answers (`>`) in order.",
        "Get-ChildItem (Join-Path $env:ExchangeInstallPath 'TransportRoles\\Logs\\FrontEnd\\ProtocolLog\\SmtpReceive') | "
        "Sort-Object LastWriteTime | Select-Object -Last 1 | Get-Content -Tail 80",
        "powershell",
    )


def _client() -> Step:
    return advise(
        "Update or configure the client: it must wait for each answer, say EHLO first, and stop when a command is refused. "
        "A load balancer or monitor should end its probe with QUIT."
    )


def _limits() -> tuple[Step, ...]:
    return (
        look(
            "See the timeouts of the Receive connectors.",
            "Get-ReceiveConnector | Format-Table Identity,MaxProtocolErrors,ConnectionInactivityTimeout,ConnectionTimeout",
        ),
        change(
            "Only if the client is honest and its line slow: give the connector that it uses more time.",
            "Set-ReceiveConnector {connector} -ConnectionTimeout 00:20:00 -ConnectionInactivityTimeout 00:10:00",
            changes="Idle sessions on this connector stay open longer; ConnectionTimeout must stay the larger value.",
            undo="Set-ReceiveConnector with the values that were shown.",
            verify="The client's next session ends with QUIT.",
            connector="",
        ),
    )
