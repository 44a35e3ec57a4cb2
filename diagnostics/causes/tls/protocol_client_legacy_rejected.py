"""The device or application submits mail with TLS 1.0 or 1.1.

## What is happening
A printer, scanner or application connects to smtp.office365.com with an obsolete version of TLS and is turned away:
`421 4.7.66 TLS 1.0 and 1.1 are not supported`. The password may be right; it is not even looked at. The opt-in legacy
endpoint keeps the weakness and is no cure.

## What proves it
- the reply above
- the same account works from a modern client
- an application's library got an alert in the handshake, and the server takes TLS 1.2 or later only, since recently above all
- a server's OpenSSL says `unsupported protocol` of a client's first message (`client_hello`, `statem_srvr`)
- a hint: client and server have no algorithm or cipher suite in common, since old versions come with old suites alone

## Not this when
- a trace of the client shows TLS 1.2 or later

## References
- https://learn.microsoft.com/en-us/exchange/clients-and-mobile-in-exchange-online/opt-in-exchange-online-endpoint-for-legacy-tls-using-smtp-auth
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/fix-issues-with-printers-scanners-and-lob-applications-that-send-email-using-off
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.tls.unexplained import UNEXPLAINED, failed_with, unexplained
from diagnostics.causes.tls.versions import NOTHING_COMMON, sent_by
from diagnostics.facts import Reply, Said
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import Configured, Told
from diagnostics.patterns import linear
from diagnostics.recognisers.told_tls_versions import TLS_VERSIONS
from diagnostics.refusals import topics
from diagnostics.report import Step

_MICROSOFT = ("TLS 1.0 and 1.1 are not supported", "aka.ms/smtp_auth_tls", "421 4.7.66")
# OpenSSL and Go, of what a client offers: only the side that serves reads a Client Hello.
_OFFERED_TOO_LITTLE: Final = (
    "unsupported protocol",
    "version too low",
    "client offered only unsupported versions",
    "ACCEPT_SR_CLNT_HELLO:wrong version number",  # LibreSSL
)
# What libraries say of the server's alert that ended their handshake: versions, ciphers, and no word of which.
_ALERTS: Final = (
    "alert handshake failure",
    "alert protocol version",
    "fatal alert: handshake_failure",
    "fatal alert: protocol_version",
    "A TLS fatal alert has been received: Handshake failed",
    "remote error: tls: handshake failure",
    "remote error: tls: protocol version not supported",
)
_EXTENSION = "STARTTLS extension not supported"  # of a server that does not encrypt at all
_NO_SHARED = "no shared cipher"  # OpenSSL on the server. A client of old versions has old suites alone.
_SERVES = linear(r"(?i)client_hello|clnt_hello|statem_srvr|s23_srvr|s3_srvr|client offered only")
_BETWEEN_SERVERS = linear(r"\bpostfix/smtpd\[")  # port 25, where a client is most often another mail server


@cause(
    id="tls.protocol.client-legacy-rejected",
    act="sender",
    says=(
        *_MICROSOFT,
        *_OFFERED_TOO_LITTLE,
        *_ALERTS,
        _NO_SHARED,
        *NOTHING_COMMON,
        *UNEXPLAINED,
        "TLS",
        "TLSv1",
        "TLS1",
        "SSL",
        "SSLv3",
    ),
)
def assess(
    said: Said | Told, replies: tuple[Reply, ...], settings: tuple[Configured, ...], probes: tuple[TlsProbe, ...]
) -> Finding | None:
    """Exchange Online says so in words of its own; other servers in theirs, or by an alert alone."""
    if isinstance(said, Told):
        return _told(said)
    if said.signature in _ALERTS:
        return _alerted(said, probes[-1] if probes else None, settings)
    if said.signature in _OFFERED_TOO_LITTLE:
        return _offered(said, bool(sent_by(said, replies)))
    if said.signature in UNEXPLAINED:
        because = f"{failed_with(said)}; a program that offers TLS 1.0 alone is refused by a server that takes TLS 1.2 or later."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.3) if unexplained(said, replies) else None
    if said.signature in (_NO_SHARED, *NOTHING_COMMON):
        return _nothing_common(said, bool(sent_by(said, replies)))
    if said.signature not in _MICROSOFT:
        return _elsewhere(said)
    because = "Exchange Online turned the client away because it offered only TLS 1.0 or 1.1 (`4.7.66`)."
    return Finding(Belief.CONFIRMED, because, (said,), _steps())


def _told(told: Told) -> Finding | None:
    """An old client whose session breaks off at STARTTLS."""
    if told.story != "too-old-for-the-handshake":
        return None
    because = (
        "Exchange Online takes TLS 1.2 and later only. What you tell of is old enough to offer TLS 1.0 alone: its "
    )
    because += "handshake then ends without a reason, before any logon."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(), weight=1.6)


def _offered(said: Said, by_server: bool) -> Finding | None:
    if not _SERVES.search(said.text):
        return None
    because = "The server ended the handshake, because the client offers no TLS version that the server still takes; "
    because += "clients that do are served."
    if by_server:
        because += " This one is another mail server."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.0)
    server = bool(_BETWEEN_SERVERS.search(said.source.quote))
    return Finding(
        Belief.POSSIBLE if server else Belief.LIKELY, because, (said,), _steps(), weight=1.7 if server else 1.3
    )


def _alerted(said: Said, probe: TlsProbe | None, settings: tuple[Configured, ...]) -> Finding | None:
    """An application that the server hung up on: by what the server takes, the application's versions are too old."""
    if said.kind != "client" or (probe and probe.alert):
        return None  # a modern client is refused as well
    because = f"{said.host or 'The server'} ended the application's handshake with an alert"
    told = next((each for each in settings if each.kind == TLS_VERSIONS), None)
    if told:
        because += ", and takes no TLS version but new ones, as you say: the application's library, or the way it asks for TLS, "
        because += "offers older ones alone (PHP's STREAM_CRYPTO_METHOD_TLS_CLIENT once meant TLS 1.0)."
        return Finding(Belief.LIKELY, because, (said, told), _steps(), weight=1.6)
    if probe and probe.protocol:
        because += f", and a modern client gets {probe.protocol} there: what the application offers is too old."
        return Finding(Belief.POSSIBLE, because, (said, probe), _steps(), weight=1.9)
    because += "; an old library that offers TLS 1.0 alone is refused so by a server that takes TLS 1.2 or later."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.3)


def _nothing_common(said: Said, by_server: bool) -> Finding | None:
    """Suites that don't meet. Another mail server's versions are another cause's."""
    if by_server or (said.signature != _NO_SHARED and said.kind != "client"):
        return None
    because = "Client and server have nothing in common to encrypt with; an application that offers TLS 1.0 alone is left so by "
    because += "a server that takes TLS 1.2 or later."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.1)


def _elsewhere(said: Said) -> Finding | None:
    if said.kind not in ("bare", "ndr", "dsn", "client") or _EXTENSION in said.text or "tls-old" not in topics(said):
        return None
    because = f"{said.by or 'The server'} turned the client away because its TLS version is too old."
    return Finding(Belief.LIKELY, because, (said,), _steps(), weight=1.3)


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See that the endpoint itself speaks TLS 1.2, from the client's network.",
            "openssl s_client -starttls smtp -tls1_2 -connect smtp.office365.com:587 </dev/null",
            "bash",
        ),
        look(
            "See whether the organisation opted in to old versions.",
            "Get-TransportConfig | Format-List AllowLegacyTLSClients",
            "exchange-online-powershell",
        ),
        change(
            "Update the device's firmware or the application's runtime, and set it to TLS 1.2 or later.",
            "",
            shell="portal",
            changes="The client offers TLS 1.2; account and password stay as they are.",
            undo="Install the previous firmware.",
            verify="A test message from the device arrives.",
        ),
        change(
            "Where the device can't learn it, let it submit inside the network to a relay (the on-premises "
            "Exchange server) "
            "that speaks TLS 1.2 to the outside.",
            "",
            shell="portal",
            changes="The device's server address becomes that of the relay. Limit the relay to the device's address.",
            undo="Set the device back to smtp.office365.com.",
            verify="A test message from the device arrives, and the relay's send log shows SP_PROT_TLS1_2_CLIENT.",
        ),
    )
