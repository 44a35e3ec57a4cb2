"""A device on the way breaks the TLS handshake.

## What is happening
STARTTLS is accepted, and then the connection ends: `TLS negotiation failed with error SocketError`, or a
reset without a word. A firewall, intrusion prevention system or load balancer that looks into TLS dropped
what it didn't like (an extension, a record size, a key exchange it doesn't know), or its policy forbids TLS
on that port. The very same words come from two servers that share no TLS version, so settle that first: it is
the commoner fault.

## What proves it
- the same handshake succeeds from a machine that bypasses the device, with the same TLS versions
- a recording shows the reset with the device's TTL
- a load balancer or an inspection in front, as somebody tells it, and a bare handshake that is reset right after STARTTLS
- a hint: Exchange Online was cut off without a word (`SuspiciousRemoteServerError`), most sessions of which break in the
  handshake

## Not this when
- TLS 1.2 is off on the sending server (`tls.protocol.local-legacy-only`)
- the direct connection fails in the same way: then it is versions or ciphers
- the error is NoCredentials or UnknownCredentials: nothing was sent yet

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/send-receive-emails-socketerror
- https://learn.microsoft.com/en-us/exchange/plan-and-deploy/post-installation-tasks/security-best-practices/exchange-tls-configuration
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, shown
from diagnostics.causes.network.devices import inspecting
from diagnostics.causes.network.probes import bare_handshake, capture
from diagnostics.causes.network.providers import lost_by_the_cloud
from diagnostics.causes.network.reset_or_dropped import CUT_OFF, unplaced
from diagnostics.causes.tls.handshakes import answers
from diagnostics.causes.tls.unexplained import UNEXPLAINED, failed_with, unexplained
from diagnostics.facts import ConnectionDropped, Reply, Said, Stage, TlsFailed
from diagnostics.looked_facts import TlsProbe, TlsSettings
from diagnostics.mail_facts import Configured
from diagnostics.report import Step

# What Schannel says when bytes were lost or altered, as Exchange writes it; weights by how often a device is behind it.
_ERRORS = {
    "socketerror": 1.2,
    "invalidtoken": 1.2,
    "messagealtered": 1.3,
    "decryptfailure": 1.2,
    "illegalmessage": 0.9,
}


# Exchange Online's, of a session that ended without a reply: it encrypts wherever it can
_ABRUPT = ("SuspiciousRemoteServerError", "Connection was closed abruptly")
# Of a handshake in which nothing came back
_UNANSWERED = (
    "SSL wants a read first",
    "handshake operation timed out",
    "TLS handshake timeout",
    "SSL handshake timed out",
    "TLS handshake timed out",
)
# Libraries and other mail systems, of a handshake that the other side, or something between, ended without an alert
_WORDS = (
    "EOF occurred in violation of protocol",
    "SSL_connect error to",
    "SSL_accept error from",
    "terminated the handshake",
    "closed connection during handshake",
    "before secure TLS connection was established",
    "closed the transport stream",
    "non-properly terminated",
    "unexpected EOF or 0 bytes from the transport stream",
    "tls handshake: EOF",
    "(SSL_connect): Connection reset",
    "(SSL_accept): Connection reset",
    "(SSL_connect): timed out",
    *_UNANSWERED,
)


_CUT = ("lost connection", "reset", "timed out", "broken pipe")


@cause(id="network.middlebox.tls-handshake-reset", act="network", says=(*_WORDS, *CUT_OFF, *UNEXPLAINED))
def assess(
    anchor: TlsFailed | ConnectionDropped | Said | Configured,
    settings: TlsSettings | None,
    probe: TlsProbe | None,
    replies: tuple[Reply, ...],
) -> Finding | None:
    """TLS 1.2 known to be on, and a handshake from elsewhere that works, raise it."""
    if isinstance(anchor, Configured):
        because = "It began when a device's inspection was switched on, as you tell it: one that looks into TLS breaks "
        because += "handshakes off."
        return (
            Finding(Belief.POSSIBLE, because, (anchor,), _steps(""), weight=1.4)
            if inspecting(anchor, replies)
            else None
        )
    if isinstance(anchor, Said):
        return _from_words(anchor, replies)
    if lost_by_the_cloud(anchor, replies):
        because = f"Exchange Online itself lost the session with {anchor.host}: no device of yours is on that way."
        return Finding(Belief.RULED_OUT, because, (anchor,))
    weight = _weight(anchor)
    if not weight:
        return None
    where = anchor.host or (anchor.remote_ip if isinstance(anchor, TlsFailed) else "") or "the other server"
    through = f" on `{anchor.connector}`" if anchor.connector else ""
    error = anchor.error if isinstance(anchor, TlsFailed) else "a closed connection"
    because = f"The handshake{through} with {where} ended with {error} right after STARTTLS"
    steps = _steps(where if "." in where or ":" in where else "")
    if settings and settings.tls12_enabled is False:
        because += "; but TLS 1.2 is off on this server, which ends it without any device."
        return Finding(Belief.POSSIBLE, because, (anchor, settings), steps, weight=0.3)
    works = probe if probe and probe.protocol and not probe.alert else None
    if works and settings and settings.tls12_enabled:
        because += (
            f"; TLS 1.2 is on, and from elsewhere the same server negotiated {works.protocol}: what "
            f"lies between differs."
        )
        return Finding(Belief.LIKELY, because, (anchor, works, settings), steps, weight=1.5)
    if works or (settings and settings.tls12_enabled):
        more = f"from elsewhere it negotiated {works.protocol}" if works else "TLS 1.2 is on at this side"
        return Finding(Belief.POSSIBLE, f"{because}; {more}.", (anchor, works, settings), steps, weight=1.8)
    return Finding(Belief.POSSIBLE, f"{because}; versions are not told yet.", (anchor,), steps, weight=weight)


@shown
def reset(
    dropped: tuple[ConnectionDropped, ...], probes: tuple[TlsProbe, ...], settings: tuple[Configured, ...]
) -> Finding | None:
    """A handshake by hand that was reset, where a device on the way is told of."""
    by_hand = {each.source.paste for each in probes}
    cut = next((each for each in answers(dropped) if _weight(each) and each.source.paste in by_hand), None)
    told = next((each for each in settings if _is_device(each)), None)
    if cut is None or told is None or cut.reason != "ConnectionReset":
        return None
    where = cut.host or "the server"
    because = f"A bare handshake with {where} is reset right after STARTTLS, before any certificate, and `{told.name}` stands in "
    because += "front, as you tell it."
    return Finding(Belief.LIKELY, because, (cut, told), _steps(cut.host))


def _is_device(told: Configured) -> bool:
    return told.kind == "load-balancer" or (told.kind == "told-trial" and told.name in ("inspection", "firewall"))


def _from_words(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    if said.signature in UNEXPLAINED:
        because = f"{failed_with(said)}; a device between that breaks TLS leaves none."
        hint = Finding(Belief.POSSIBLE, because, (said,), _steps(said.host), weight=1.0)
        return hint if unexplained(said, replies) else None
    if said.signature.endswith((" to", " from")) and not any(each in said.text.lower() for each in _CUT):
        return None  # OpenSSL's reason stands on a line of its own
    where = said.host or "the other server"
    if said.signature in CUT_OFF:
        if not unplaced(said, replies):
            return None
        because = f"The session with {where} was cut off at a command that is not told; in the TLS handshake a device that looks "
        because += "into it does that."
        weight = 1.0 if said.signature in _ABRUPT else 0.9
        return Finding(Belief.POSSIBLE, because, (said,), _steps(said.host), weight=weight)
    if said.signature in _UNANSWERED:
        because = (
            f"The TLS handshake with {where} got no answer, not even an alert: a device between may have swallowed it."
        )
        return Finding(Belief.POSSIBLE, because, (said,), _steps(said.host), weight=1.2)
    because = f"The TLS handshake with {where} was cut off without an alert: by the other side, or by a device between."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(said.host), weight=1.3)


def _weight(anchor: TlsFailed | ConnectionDropped) -> float:
    """How much the anchor speaks for a broken handshake; 0 when it does not."""
    if isinstance(anchor, ConnectionDropped):
        return 1.3 if anchor.stage is Stage.STARTTLS and anchor.by != "local" else 0.0
    return 0.0 if anchor.saw_remote else _ERRORS.get(anchor.error.lower(), 0.0)


def _steps(host: str) -> tuple[Step, ...]:
    return (
        bare_handshake(host),
        capture(
            "Record the handshake at the server, and compare the reset's TTL with that of the server's other packets."
        ),
        change(
            "On the device, exempt the mail servers' port 25 from TLS inspection; intrusion prevention "
            "stays on for the rest.",
            "",
            shell="portal",
            changes="TLS between Exchange and this destination passes the device unopened.",
            undo="Remove the exemption.",
            verify="The next session in the protocol log shows `negotiation succeeded`.",
        ),
    )
