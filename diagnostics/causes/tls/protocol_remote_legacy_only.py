"""The other server only speaks an obsolete version of TLS.

## What is happening
The destination offers STARTTLS but knows nothing newer than TLS 1.0 or 1.1, which our side (or Exchange Online) has
switched off. The handshake ends with `SocketError`, or with a protocol_version alert (70). Only mail for that
destination waits.

## What proves it
- `openssl s_client -tls1_2` fails with alert 70 against that host only, and `-tls1` goes through
- other destinations negotiate TLS 1.2 on the same connector
- the other way round: our server's log says `unsupported protocol` of the Client Hello of a mail server that delivers here
- a hint: two sides that have no cipher suite or algorithm in common, since old versions come with old suites alone

## Not this when
- TLS 1.2 to that host works from another network
- the client was told to offer an old version alone (`-tls1`): that such a handshake succeeds or fails tells nothing of newer ones
- no session of ours negotiates TLS 1.2 (`tls.protocol.local-legacy-only`)
- the destination is Exchange Online, which speaks TLS 1.2 and 1.3

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/send-receive-emails-socketerror
- https://learn.microsoft.com/en-us/windows/win32/secauthn/schannel-error-codes-for-tls-and-ssl-alerts
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.certificate import steps
from diagnostics.causes.certificate.refusal import is_cloud_host
from diagnostics.causes.recipient.steps import advise
from diagnostics.causes.tls.handshakes import answers, encrypted, other_host
from diagnostics.causes.tls.versions import (
    BRIEF,
    NOTHING_COMMON,
    REFUSED_BY_ALERT,
    is_modern,
    is_old,
    modern_sessions,
    sent_by,
    told_by_cloud,
    toward_cloud,
)
from diagnostics.facts import Reply, Said, TlsFailed, TlsSucceeded
from diagnostics.looked_facts import TlsProbe, TlsSettings
from diagnostics.report import Step

_PROTOCOL_VERSION = 70  # TLS alert
_TOO_OLD = ("unsupported protocol", "no protocols available", "version too low")
# Words that fit an old server among others: Exchange Online's, of a session that ended without a reply; Schannel's and
# OpenSSL's, of algorithms that don't meet. How old a side is stands in none of them.
_ABRUPT = "SuspiciousRemoteServerError"
_NO_SHARED = "no shared cipher"
_HINTS = {
    _ABRUPT: (
        1.0,
        "Exchange Online's session was cut off without a word; with a server that lacks TLS 1.2 the handshake ends so.",
    ),
    **dict.fromkeys(
        NOTHING_COMMON,
        (1.2, "Client and server have nothing in common; a server that knows old versions of TLS alone fails so."),
    ),
    **dict.fromkeys(
        REFUSED_BY_ALERT,
        (
            0.9,
            "The other side ended the handshake with an alert that gives no reason; one that is too old does so, too.",
        ),
    ),
}


@cause(
    id="tls.protocol.remote-legacy-only",
    act="recipient-side",
    says=(
        BRIEF,
        _NO_SHARED,
        *_HINTS,
        "alert protocol version",
        "fatal alert: protocol_version",
        "fatal alert: ProtocolVersion",
        "peer is incompatible: ServerDoesNotSupportTls12Or13",
        "unsupported protocol",
        "no protocols available",
        "SSL routines::version too low",
        "tls_process_client_hello:version too low",
        "unsupported protocol version",
        "client offered only unsupported versions",
        "illegal or unsupported version",
        "is not accepted by client preferences",
    ),
)
def assess(
    anchor: TlsFailed | TlsProbe | Said,
    probe: TlsProbe | None,
    probes: tuple[TlsProbe, ...],
    settings: TlsSettings | None,
    succeeded: tuple[TlsSucceeded, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """The peer's alert names it; TLS 1.2 with other peers turns the suspicion toward this one."""
    if isinstance(anchor, TlsProbe):
        return _from_probe(anchor, probes)
    if isinstance(anchor, Said):
        return _from_words(anchor, sent_by(anchor, replies))
    if (
        anchor.error.lower() != "socketerror"
        or anchor.direction == "receive"
        or anchor.saw_remote
        or toward_cloud(anchor)
    ):
        return None
    where = anchor.host or anchor.remote_ip or "the destination"
    if probe and is_modern(_written(probe.protocol)):
        because = f"{probe.host or where} negotiated {probe.protocol} with a modern client."
        return Finding(Belief.RULED_OUT, because, (probe,))
    if probe and probe.alert == _PROTOCOL_VERSION:
        return None  # asked about the handshake itself
    return _suspected(anchor, where, settings, modern_sessions(succeeded, anchor), told_by_cloud(anchor, replies))


@shown
def version(
    probes: tuple[TlsProbe, ...], failures: tuple[TlsFailed, ...], replies: tuple[Reply, ...]
) -> Finding | None:
    """A session in TLS 1.2 or later with the destination, made while the case was open."""
    modern = [each for each in answers(probes) if encrypted(each) and is_modern(_written(each.protocol))]
    probe = modern[-1] if modern else None
    if probe is None or is_cloud_host(probe.host) or other_host((*failures, *replies), probe):
        return None
    because = (
        f"{probe.host or 'The server'} negotiated {probe.protocol} when it was asked: it speaks a version of today."
    )
    return Finding(Belief.RULED_OUT, because, (probe,))


def _from_words(said: Said, peer: str) -> Finding | None:
    """`peer` is the mail server that delivers here, where the text is the log of ours."""
    if said.signature == BRIEF:
        because = "The handshake failed before a certificate was judged; one reason is a peer that is too old for the versions "
        because += "that are demanded."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(said.host), weight=1.2)
    if said.signature in _HINTS:
        weight, because = _HINTS[said.signature]
        return Finding(Belief.POSSIBLE, because, (said,), _steps(said.host), weight=weight)
    if said.signature == _NO_SHARED and peer:
        because = f"{peer}, a mail server that delivers here, offers no cipher suite that this one still takes: so does one that "
        because += "knows old versions of TLS alone."
        return Finding(Belief.POSSIBLE, because, (said,), _of_sender(), "sender", weight=1.2)
    if said.signature == _NO_SHARED:
        return None  # a client: its versions are another cause's
    if peer:
        because = f"{peer}, a mail server that delivers here, offers no version of TLS that this one still takes, and does not "
        because += "go on without encryption."
        return Finding(Belief.LIKELY, because, (said,), _of_sender(), "sender", weight=1.6)
    because = "OpenSSL on one side says that the TLS versions of the two don't meet: the other one is too old."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(said.host), weight=1.6)


def _suspected(
    anchor: TlsFailed,
    where: str,
    settings: TlsSettings | None,
    modern: list[TlsSucceeded],
    by_cloud: bool,
) -> Finding:
    """No handshake from elsewhere yet: do others negotiate TLS 1.2 with us?"""
    because = f"The handshake with {where} ended with SocketError"
    if modern or (settings and settings.tls12_enabled):
        here = f"another session negotiated {modern[-1].protocol}" if modern else "TLS 1.2 is enabled on this server"
        proof = (anchor, modern[-1] if modern else settings)
        return Finding(Belief.POSSIBLE, f"{because}, while {here}.", proof, _steps(where), weight=1.7)
    if by_cloud:
        because = f"Exchange Online's handshake with {where} broke off: that server may lack TLS 1.2."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(anchor.host), weight=1.2)
    because += "; if only this destination fails, it may lack TLS 1.2."
    return Finding(Belief.POSSIBLE, because, (anchor,), _steps(anchor.host), weight=0.8)


def _from_probe(probe: TlsProbe, probes: tuple[TlsProbe, ...]) -> Finding | None:
    """A client that may offer nothing but an old version learns whether the server takes it, and not what else it knows."""
    if is_cloud_host(probe.host) or is_old(_written(probe.offered)):
        return None
    where = probe.host or "the server"
    if probe.alert == _PROTOCOL_VERSION:
        because = f"A modern client got alert 70 (protocol_version) from {where}: it does not speak TLS 1.2 or later."
        older = next((e for e in probes if e.host and e.host == probe.host and is_old(_written(e.protocol))), None)
        if older:
            because = f"{where} turned TLS 1.2 and later away (alert 70), and took {older.protocol}."
            return Finding(Belief.CONFIRMED, because, (probe, older), _steps(probe.host))
        return Finding(Belief.LIKELY, because, (probe,), _steps(probe.host), weight=1.5)
    if probe.error in _TOO_OLD:
        because = f"OpenSSL broke the handshake with {where} off: `{probe.error}`. The server offers only versions of TLS that "
        because += "this client no longer takes."
        return Finding(Belief.LIKELY, because, (probe,), _steps(probe.host), weight=1.5)
    if is_old(_written(probe.protocol)):
        because = f"{where} negotiated only {probe.protocol} with a client that offered more."
        return Finding(Belief.LIKELY, because, (probe,), _steps(probe.host))
    return None


def _written(protocol: str) -> str:
    """OpenSSL's `TLSv1.2` and `TLSv1` in the form of Exchange's logs."""
    version = protocol.replace("TLSv", "TLS").replace(".", "_")
    return "TLS1_0" if version == "TLS1" else version


def _of_sender() -> tuple[Step, ...]:
    return (
        look(
            "See which versions this server takes from other mail servers.",
            "postconf smtpd_tls_protocols smtpd_tls_mandatory_protocols smtpd_tls_security_level",
            "bash",
        ),
        advise(
            "Ask the sender's administrators to enable TLS 1.2. Until then, let port 25 take older versions where TLS is "
            "optional: an old encryption is no worse there than none. Leave the ports of clients as they are."
        ),
    )


def _steps(host: str) -> tuple[Step, ...]:
    return (
        look(
            "From another network, offer TLS 1.2 to that host alone.",
            "openssl s_client -starttls smtp -tls1_2 -connect {host:token}:25 </dev/null",
            "bash",
            host=host if "." in host else "",
        ),
        look(
            "See whether other destinations work on the same connector.",
            "Get-Queue | Format-List NextHopDomain,Status,MessageCount,LastError",
        ),
        look(
            "Find out who runs the server: its owner must enable TLS 1.2. Keep the old versions switched off here.",
            "Resolve-DnsName {recipient_domain} -Type MX",
            "powershell",
            recipient_domain="",
        ),
        steps.retry_queues(),
    )
