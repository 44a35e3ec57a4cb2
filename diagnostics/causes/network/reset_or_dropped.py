"""The other side, or a device on the way, cuts the session off.

## What is happening
The connection opened and was torn down without a reply: `Connection dropped due to ConnectionReset`, socket
error 10054, or from Exchange Online `450 4.4.318 Connection was closed abruptly
(SuspiciousRemoteServerError)`. The command before the end tells who is to be asked: at once after connecting,
it is the server's connection filter or a load balancer without a live member; after STARTTLS, a TLS device or
version; during the message, its size, its content or the path.

## What proves it
- the log's last row is `-,,Remote`, with no 4xx or 5xx before it

## Not this when
- a reply came before the end: that reply is the finding
- it always ends right after STARTTLS (`network.middlebox.tls-handshake-reset`, or a TLS version)
- it stalls during the message and then times out (`network.path-mtu.black-hole`)

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages
- https://learn.microsoft.com/en-us/windows/win32/winsock/windows-sockets-error-codes-2
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, shown
from diagnostics.causes.network.probes import capture, test_from_elsewhere
from diagnostics.causes.network.providers import lost_by_the_cloud
from diagnostics.causes.network.reach import UNANSWERED, by_exchange_online
from diagnostics.facts import ConnectionDropped, Reply, Said, Session, SmtpReached, Stage
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.report import Step

_AFTER: Final = {
    Stage.CONNECTED: ("before a banner", "its connection filter, or a load balancer without a live member"),
    Stage.BANNER: ("after the banner", "its connection filter or a limit"),
    Stage.EHLO: ("after EHLO", "a filter on the name we greet with, or a device on the way"),
    Stage.SECURED: (
        "inside the encrypted session, before a message",
        "the server itself: nothing on the way can read it",
    ),
    Stage.MAIL: ("after MAIL FROM", "a filter on the sender"),
    Stage.RECIPIENT: ("after RCPT TO", "a filter on the recipient"),
    Stage.DATA: ("during the message", "a limit on size, content inspection, or the path"),
}


_RESET_AT: Final = (Stage.MAIL, Stage.RECIPIENT, Stage.DATA)
# Other mail systems and the libraries under clients
_OTHERS = (
    "lost connection with",
    "Remote host closed connection",
    "Connection reset by",
    "forcibly closed by the remote host",
    "aborted by the software in your host",
    "Software caused connection abort",
    "vom Remotehost geschlossen",
    "fermée par l'hôte distant",
    "forzosamente por el host remoto",
    "chiusa dall'host remoto",
    "verbroken door de externe host",
    "but connection died",
    "but greeting failed",
    "Connection unexpectedly closed",
    "Connection closed unexpectedly",
    "connection closed by peer",
    "unexpectedly disconnected",
    "Unexpected socket close",
    "read ECONNRESET",
    "write ECONNRESET",
    "net_io_connectionclosed",
    "got an empty response",  # Swift Mailer
    "got empty code",  # Symfony
    "-bs has been closed unexpectedly",
    '-bs" has been closed unexpectedly',
    "Could not read response: [EOF]",  # Jakarta Mail
    "MessagingException: [EOF]",
    "incomplete response",  # lettre
    "could not send email 1: EOF",  # gomail
    "could not send email 1: short response",
    "end of file reached",  # Ruby
    "was lost in the middle of the transaction",  # Thunderbird
    "The SmtpClient is not connected",  # MailKit, of a session that ended before
    "closed the connection unexpectedly",
    "network read error",
    "Exception reading response",
    ", response: -1",
    "EOF reading greeting",
    "SocketException: Connection reset",
    *UNANSWERED,
)
CUT_OFF: Final = (
    "Connection dropped due to ConnectionReset",
    "SuspiciousRemoteServerError",
    "Connection was closed abruptly",
    "Message expired, connection reset",
    "socket error code 10054",
    "Winsock error code: 10054",
    *_OTHERS,
)
"""What is said of a session that ended without a reply."""
_PLACED = linear(
    r"(?i)while (?:sending|receiving|performing)|in reply to|\bafter (?:EHLO|MAIL|RCPT|DATA|STARTTLS|end of data)|greeting"
)
_OWN_END: Final = "abort"  # by software of the machine that sends
_ABOVE: Final = 3  # lines of a log
_REFUSED: Final = 500
_HANDSHAKE = ("tls", "ssl", "handshake")
_IN_SESSION = ("fgets(", "fwrite(")  # PHP, which reads and writes only once the session is encrypted


@cause(
    id="network.connection.reset-or-dropped",
    act="recipient-side",
    says=CUT_OFF,
    against={
        "does not meet the required authentication level": "is an answer, given over a connection that held",
    },
)
def assess(
    anchor: ConnectionDropped | Said | Configured,
    _reached: SmtpReached | None,
    sessions: tuple[Session, ...],
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """Where it ended decides; the words alone only say that it ended."""
    if isinstance(anchor, Configured):
        return _ungreeted(anchor) if anchor.kind == "told-silent" else None
    if isinstance(anchor, Said):
        return _from_words(anchor, replies)
    lost = next((each for each in objects if each.kind == "packets-lost"), None)
    if anchor.stage is None and lost:
        return _lossy(anchor, lost)
    if anchor.stage is None or anchor.by == "local" or anchor.direction == "receive":
        return None
    if anchor.stage is Stage.STARTTLS:
        because = (
            f"The connection to {anchor.host or 'the other side'} ended in the TLS handshake, right after STARTTLS."
        )
        return Finding(Belief.RULED_OUT, because, (anchor,))
    if anchor.stage in (Stage.ATTEMPTED, Stage.DELIVERED):
        return None
    when, who = _AFTER[anchor.stage]
    where = anchor.host or _address(anchor, sessions) or "The other side"
    through = f" on `{anchor.connector}`" if anchor.connector else ""
    at = f" at {anchor.at}" if anchor.at else ""
    ended = "The connection to {} ended" if anchor.by == "unknown" else "{} closed the connection"
    because = f"{ended.format(where)}{through}{at} {when}, without a reply; that points at {who}."
    if anchor.stage is Stage.DATA:
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(anchor.connector, anchor.host), weight=1.4)
    return Finding(Belief.LIKELY, because, (anchor,), _steps(anchor.connector, anchor.host), weight=1.2)


@shown
def last_row(sessions: tuple[Session, ...], dropped: tuple[ConnectionDropped, ...]) -> Finding | None:
    """How the session ended that was asked for: with the other side's reset, or with its answer."""
    logged = [each for each in sessions if each.direction == "send" and each.source.paste > 0]
    cut = [each for each in dropped if each.direction == "send" and each.source.paste > 0]
    reset = next((each for each in reversed(cut) if each.by == "remote" and each.stage in _RESET_AT), None)
    if reset and reset.stage and not any(each.stage is Stage.DELIVERED for each in logged):
        when = _AFTER[reset.stage][0]
        who = reset.host or _address(reset, sessions) or "The other side"
        because = f"{who} closed the session {when}, without a reply; all that came before was accepted."
        return (
            Finding(Belief.LIKELY, because, (reset,), _steps(reset.connector, reset.host)) if _is_reset(reset) else None
        )
    answered = next((each for each in reversed(logged) if each.error[:1] in ("4", "5") and each.answers), None)
    if answered is None or cut:
        return None
    who = answered.host or answered.remote_ip or "The other side"
    because = f"{who} answered before the session ended: `{answered.error[:80]}`."
    return Finding(Belief.RULED_OUT, because, (answered,))


def _is_reset(dropped: ConnectionDropped) -> bool:
    """What waits until a time is up stalls on the way; a reset comes at once, from somebody."""
    return "time" not in dropped.reason.lower()


def _ungreeted(silent: Configured) -> Finding:
    because = (
        "Port 25 opens and shows no banner, as you say: a connection filter, a load balancer without a live member, a "
    )
    because += "hung service or a device on the way keeps silent. Compare with another machine and network."
    return Finding(Belief.POSSIBLE, because, (silent,), _steps("", ""), "network", weight=1.3)


def _lossy(dropped: ConnectionDropped, lost: Configured) -> Finding:
    because = (
        f"The connection was dropped, and the capture, or the device on the way, tells why (`{lost.name}`): segments "
    )
    because += "are sent again and again without an answer. Where other programs between the same two machines suffer too, it is "
    because += "the path or a network adapter (driver, offloading), not mail."
    return Finding(Belief.POSSIBLE, because, (dropped, lost), _steps("", dropped.host), "network", weight=1.6)


def _from_words(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    low = said.text.lower()
    answer = _answered_before(said, replies) if said.kind == "log" else None
    if answer:
        because = f"{answer.by} had refused before it closed: `{answer.text[:80]}`. That is the reason."
        return Finding(Belief.RULED_OUT, because, (answer,))
    in_handshake = any(each in low for each in _HANDSHAKE) and not any(each in low for each in _IN_SESSION)
    if said.signature in _OTHERS and ("while sending message body" in low or in_handshake):
        return None  # the path, or the handshake: causes of their own
    if said.signature in UNANSWERED:
        because = f"{said.host or 'The destination'} took the connection and then said nothing: a filter there, a load balancer "
        because += "without a live member, or a device on the way holds it or drops it."
        return Finding(Belief.POSSIBLE, because, (said,), _steps("", said.host), weight=1.1)
    if by_exchange_online(said.text):
        to = f"`{said.host}`" if said.host else "the destination"
        because = f"Exchange Online reports that {to} closed the connection abruptly; at which command is not told."
    else:
        because = f"The connection to {said.host or 'the destination'} was reset; at which command is not told yet."
    weight = 1.3 if said.signature in _OTHERS else 1.5  # others know more often why
    return Finding(Belief.POSSIBLE, because, (said,), _steps("", said.host), weight=weight)


def unplaced(said: Said, replies: tuple[Reply, ...]) -> bool:
    """Whether a session was cut off at a command that isn't told: then TLS, and what looks into SMTP, may have to do with it."""
    if said.signature in UNANSWERED or _PLACED.search(said.text) or lost_by_the_cloud(said, replies):
        return False
    if said.kind == "log" and _answered_before(said, replies):
        return False
    low = said.text.lower()
    return _OWN_END not in low and not any(each in low for each in _IN_SESSION)


def _answered_before(said: Said, replies: tuple[Reply, ...]) -> Reply | None:
    """What the same host refused in the lines right above, where a relay's log goes on to say that it lost the connection."""
    above = (
        r for r in replies if r.source.paste == said.source.paste and 0 < said.source.line - r.source.line <= _ABOVE
    )
    return next((r for r in above if r.code >= _REFUSED and r.by and r.by in said.text.lower()), None)


def _address(dropped: ConnectionDropped, sessions: tuple[Session, ...]) -> str:
    mine = (s.remote_ip for s in sessions if s.session and s.session == dropped.session)
    return next(mine, "")


def _steps(connector: str, host: str) -> tuple[Step, ...]:
    return (
        test_from_elsewhere(host),
        capture(
            "Record the session, and see whose address and TTL the reset carries (the server's, or a nearer device's)."
        ),
        change(
            "Log every session of the connector, to see after which command it ends.",
            "Set-SendConnector {connector} -ProtocolLoggingLevel Verbose",
            changes="Writes the connector's sessions to the SmtpSend protocol log.",
            undo="Set-SendConnector with -ProtocolLoggingLevel None.",
            verify="The next failing session is in the log, and its last command before `-` names the stage.",
            connector=connector,
        ),
    )
