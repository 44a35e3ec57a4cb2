"""Which TLS versions the sessions of a case negotiated, and who is known to accept which."""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.causes.certificate.refusal import is_cloud_host, spoken_by_cloud
from diagnostics.causes.network.reach import kind_of
from diagnostics.facts import ConnectionDropped, Reply, Said, TlsFailed, TlsSucceeded
from diagnostics.patterns import linear

# What libraries say of a handshake in which the two sides found nothing in common, versions or suites.
NOTHING_COMMON = (
    "do not possess a common algorithm",
    "no cipher suites in common",
    "no cipher suite supported by both client and server",
    "negotiate a supported cipher suite",
    "No supported cipher suites have been found",
    "peer is incompatible: NoCipherSuitesInCommon",
    "No appropriate protocol",
    "no cipher match",
)
# What they say of the other side's alert, which doesn't tell the reason.
REFUSED_BY_ALERT = (
    "alert handshake failure",
    "fatal alert: handshake_failure",
    "fatal alert: HandshakeFailure",  # rustls
    "remote error: tls: handshake failure",
    "TLS handshake failed: handshake failure",
    "A TLS fatal alert has been received: Handshake failed",
)
# Postfix' verdict on a handshake; the line before it has the reason.
BRIEF = "Cannot start TLS: handshake failure"
_PORT_25 = linear(r"\bpostfix/smtpd\[")
_PEER = linear(
    r"(?:SSL_accept error|TLS error on connection) from ([\w.-]{1,253}) ?(?:\([^()\s]{1,253}\) ?)?\[([0-9A-Fa-f.:]{3,45})\]"
)
_MAIL_SERVER = linear(r"(?i)^(?:e?mail|mx|smtp|out(?:bound)?|relay|mta|gw|gateway)[\w-]*\.")
_MODERN = ("TLS1_2", "TLS1_3")
_OLD = ("TLS1_0", "TLS1_1", "SSL3", "SSL2")
_CLOUD_CONNECTORS = ("office 365", "microsoft 365", "office365", "exchange online", "o365", "m365")


def sent_by(said: Said, replies: Iterable[Reply]) -> str:
    """The mail server, as `name[ip]`, whose handshake as a client this server ended; "" where it was none, or is not told.

    On port 25 Postfix calls itself postfix/smtpd, on the ports of clients it bears another name. Exim has one for both.
    """
    words = f"{said.source.quote}\n{said.text}"
    by_postfix = bool(_PORT_25.search(words))
    beside = [each.whole for each in replies if by_postfix and each.source.paste == said.source.paste]
    for text in (words, *beside):
        peer = _PEER.search(text)
        if peer and kind_of(peer.group(2)) != "internal" and (by_postfix or _MAIL_SERVER.search(peer.group(1))):
            return f"{peer.group(1)}[{peer.group(2)}]"
    return ""


def is_modern(protocol: str) -> bool:
    return any(version in protocol for version in _MODERN)


def is_old(protocol: str) -> bool:
    return any(version in protocol for version in _OLD)


def modern_sessions(sessions: Iterable[TlsSucceeded], failed: TlsFailed | ConnectionDropped) -> list[TlsSucceeded]:
    """Sessions of the same direction that had TLS 1.2 or later and were pasted with the failure or before it.

    What is pasted later may be the cure, and then speaks for the cause and not against it.
    """
    same = [
        each for each in sessions if not failed.direction or not each.direction or each.direction == failed.direction
    ]
    return [each for each in same if is_modern(each.protocol) and each.source.paste <= failed.source.paste]


def toward_cloud(failed: TlsFailed | ConnectionDropped) -> bool:
    """Whether the other side is Exchange Online, by its address, its greeting or the connector's name."""
    ip = failed.remote_ip if isinstance(failed, TlsFailed) else ""
    name = failed.connector.casefold()
    return kind_of(ip) == "exchange-online" or is_cloud_host(failed.host) or any(w in name for w in _CLOUD_CONNECTORS)


def told_by_cloud(fact: TlsFailed | ConnectionDropped, replies: Iterable[Reply]) -> bool:
    """Whether Exchange Online reports it about the server that it delivers to."""
    if fact.connector or fact.direction:
        return False
    return any(each.source == fact.source and spoken_by_cloud(each.whole) for each in replies)
