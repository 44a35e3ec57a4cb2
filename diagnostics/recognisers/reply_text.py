"""SMTP reply text, wherever it stands: wrappers peeled, codes read, and what the words state told as facts.

Innermost wins: `A -> B -> C`, `… responded with: "…"`, `[Message=…]`, `(…)` after an expiry are read from outside in. A
wrapper that holds nothing else stays, and is itself the reply.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

import re2

from diagnostics.facts import (
    CertificateRejected,
    ConnectFailed,
    ConnectionDropped,
    Fact,
    Reply,
    Side,
    Source,
    StarttlsNotOffered,
    TlsFailed,
)
from diagnostics.text import squeezed

Kind = Literal["queue", "ndr", "dsn", "log", "trace", "event", "client", "bare"]

# "550 5.7.1", "550-5.7.1", "#550 5.7.1", "421.4.4.2", "421 4.4 2" (typed by hand), "4.4.7" alone.
CODES: Final = r"(?:#|\b)(?:(?P<basic>[2345]\d\d)[ .:-]{1,3})?#?(?P<enhanced>[245]\.\d{1,3}[. ]\d{1,3})\b"
_CODES = re2.compile(CODES)
_BASIC = re2.compile(r"^\W{0,3}([245]\d\d)(?:[ -]|$)")
_INNER = (
    re2.compile(
        r'(?i)(?:responded with|target IP address|with primary target IP address)\s*:?\s*"([^"]+)"'
    ),
    re2.compile(r"(?i)returned\s+'([^']+)'"),
    re2.compile(r"\[Message=([^\[\]]+)\]?"),
    re2.compile(r"(?i)Message expired[^()]{0,80}\(([^()]{3,500}(?:\([^()]{0,80}\))?[^()]{0,200})\)"),
)
_ARROW = re2.compile(r"\s*->\s*")
_LED = re2.compile(r"(?i)\{LED=(.*?)(?:\}[;\]]|\}?\s*$)")
_LED_MSG = re2.compile(r"(?i)\{MSG=([^{}]*)\}")
_LED_HOST = re2.compile(r"(?i)\{FQDN=([^{}\s]*)\}")
_LED_IP = re2.compile(r"(?i)\{IP=([^{}\s]*)\}")
_LAST_HOST = re2.compile(r"(?i)\[?LastAttemptedServerName=([A-Za-z0-9._-]{1,253})")
_LAST_IP = re2.compile(
    r"(?i)(?:LastAttemptedIP=|last endpoint attempted was )\[?([0-9A-Fa-f.:]{3,45}?)\]?:\d+"
)

_WINSOCK = re2.compile(
    r"(?i)(?:winsock|socket) error(?: code)?:?\s*(100\d\d)|\b(?:TimedOut|ConnectionRefused|HostUnreachable|NetworkUnreachable|ConnectionReset|ConnectionAborted):0*(27[0-9A-F]{2})|\bWSAE\w+\s*\(?(100\d\d)"
)
_SOCKET_WORDS: Final = (
    ("sockettimedout", "timeout"),
    ("connectionrefused", "refused"),
    ("connection refused", "refused"),
    ("actively refused", "refused"),
    ("wsaeconnrefused", "refused"),
    ("wsaetimedout", "timeout"),
    ("networkunreachable", "unreachable"),
    ("hostunreachable", "unreachable"),
    ("network is unreachable", "unreachable"),
    ("no route to host", "unreachable"),
    ("did not properly respond after a period of time", "timeout"),
)
_BY_NUMBER: Final = {
    10060: "timeout",
    10061: "refused",
    10051: "unreachable",
    10065: "unreachable",
    10054: "reset",
    10053: "reset",
}
_DROPPED = re2.compile(
    r"(?i)connection (?:was )?(?:dropped|closed|reset)(?: abruptly)?(?: due to| by)? ?\(?(socket ?error|connection ?reset|connection ?aborted|timed ?out|remote host|peer)?|SuspiciousRemoteServerError"
)
_DROP_REASON = re2.compile(
    r"(?i)\b(SocketError|socket error|ConnectionReset|ConnectionAborted|TimedOut|SuspiciousRemoteServerError)\b"
)
_TLS = re2.compile(r"(?i)TLS negotiation failed with error (socket error|\w{1,40})")
_REJECTED = re2.compile(
    r"(?i)\b(UntrustedRoot|SubjectMismatch|CertificateExpired|PartialChain|CertificateRevoked|Revoked|ChainValidationFailed|CertificateUnknown|NotTimeValid)\b"
)
_EXPECTED = re2.compile(r"(?i)Expected Subject:\s*([^\s,;\[\]]{1,253}?)\.?(?:\s|$|\.\s)")
_PRESENTED = re2.compile(r"(?i)Presented Subject:\s*(.+?)\.?\s*(?:Thumbprint|\]|$)")
_THUMBPRINT = re2.compile(r"(?i)Thumbprint:\s*([0-9A-F]{31,64})")
_NEEDS_TLS = re2.compile(
    r"(?i)5\.7\.3 (?:STARTTLS is required|Must issue a STARTTLS)|must issue a STARTTLS command first|STARTTLS is required to send mail|remote SMTP service does not support TLS"
)


def unwrapped(text: str) -> tuple[str, tuple[str, ...]]:
    """The innermost reply in `text` and the layers around it, outermost first. Bounded at eight layers."""
    layers: list[str] = []
    current = squeezed(text)
    for _ in range(8):
        inner = _inner(current)
        if inner is None:
            break
        layers.append(current)
        current = inner
    return current, tuple(layers)


def _inner(text: str) -> str | None:
    led = _LED.search(text)
    if led and led.group(1).strip():
        message = _LED_MSG.search(text)
        detail = message.group(1).strip() if message else ""
        return squeezed(f"{led.group(1)} [Message={detail}]" if detail else led.group(1))
    chain = [part for part in _ARROW.split(text) if part.strip()]
    if len(chain) > 1:
        return str(chain[-1]).strip() if _speaks(chain[-1]) else str(chain[-2]).strip()
    for pattern in _INNER:
        found = pattern.search(text)
        if found and _speaks(found.group(1)):
            return squeezed(found.group(1))
    return None


def _speaks(text: str) -> bool:
    """Whether an inner layer says something by itself: a code, a socket error or a verdict word."""
    return bool(
        _CODES.search(text)
        or _BASIC.search(text)
        or _WINSOCK.search(text)
        or _REJECTED.search(text)
        or _TLS.search(text)
        or _DROP_REASON.search(text)
    )


def codes(text: str) -> tuple[int, str]:
    """The first (basic, enhanced) code in `text`; 0 and "" for what is missing."""
    found = _CODES.search(text)
    if found:
        return int(found.group("basic") or 0), found.group("enhanced").replace(" ", ".")
    basic = _BASIC.search(text)
    return (int(basic.group(1)), "") if basic else (0, "")


def read_reply(
    text: str,
    source: Source,
    *,
    kind: Kind,
    by: str = "",
    ip: str = "",
    recipient: str = "",
    at: str = "",
    connector: str = "",
    session: str = "",
) -> list[Fact]:
    """The reply in `text`, and what its words state. `by` is the host that gave it, "" when unknown."""
    whole = squeezed(text)
    inner, wrappers = unwrapped(whole)
    basic, enhanced = codes(inner)
    if (
        not (basic or enhanced) and wrappers
    ):  # "-> SocketTimedout: Socket error code 10060" has no code of its own
        basic, enhanced = codes(wrappers[-1])
    host = (by or _first(_LAST_HOST, whole) or _first(_LED_HOST, whole)).lower()
    address = ip or _first(_LAST_IP, whole) or _first(_LED_IP, whole)
    keys: dict[str, Any] = {"source": source, "connector": connector, "session": session, "host": host}
    reply = Reply(
        code=basic,
        enhanced=enhanced,
        text=inner,
        whole=whole,
        wrappers=wrappers,
        by=by.lower(),
        ip=address,
        recipient=recipient,
        at=at,
        kind=kind,
        **keys,
    )
    return [reply, *_stated(whole, inner, address, at, keys)]


def _first(pattern: Any, text: str) -> str:
    found = pattern.search(text)
    return str(found.group(1)) if found else ""


def _stated(whole: str, inner: str, ip: str, at: str, keys: dict[str, Any]) -> Iterator[Fact]:
    """Facts in the words of a reply, beside the reply itself."""
    tls = _TLS.search(whole)
    if tls:
        error = "SocketError" if tls.group(1).lower() == "socket error" else tls.group(1)
        yield TlsFailed(error=error, remote_ip=ip, at=at, **keys)
    failure = connect_failure(whole, keys["source"])
    if failure is not None:
        yield ConnectFailed(kind=failure.kind, winsock=failure.winsock, ip=ip, at=at, **keys)
    elif (
        not tls
        and _DROPPED.search(inner)
        and ("dropped" in inner.lower() or "SuspiciousRemote" in inner or "reset" in inner.lower())
    ):
        reason = _first(_DROP_REASON, inner)
        yield ConnectionDropped(
            reason="SocketError" if reason.lower() == "socket error" else reason, at=at, **keys
        )
    if _NEEDS_TLS.search(whole):
        yield StarttlsNotOffered(side="unknown", **keys)
    rejected = _REJECTED.search(whole)
    if rejected and not tls:
        yield _rejection(whole, rejected.group(1), keys)


def _rejection(whole: str, reason: str, keys: dict[str, Any]) -> CertificateRejected:
    """Exchange Online's 4.4.317 and 4.7.320 speak of the certificate it was shown; 4.7.5 of the one we were shown."""
    low = whole.lower()
    whose: Side = "remote" if "4.7.5 " in low else "unknown"
    if "failed to establish appropriate tls channel" in low:
        whose = "local"
    by: Side = "local" if whose == "remote" else "remote"
    return CertificateRejected(
        reason=reason,
        whose=whose,
        by=by,
        expected=_first(_EXPECTED, whole),
        presented=_first(_PRESENTED, whole).rstrip("."),
        **{**keys, "thumbprint": _first(_THUMBPRINT, whole).upper()},
    )


def connect_failure(text: str, source: Source) -> ConnectFailed | None:
    """A TCP connection that did not open, if `text` says so. A reset of an open session isn't one."""
    number = _WINSOCK.search(text)
    winsock = 0
    if number:
        groups = number.groups()
        winsock = int(groups[0] or groups[2] or int(groups[1], 16))
    kind = _BY_NUMBER.get(winsock, "")
    if not kind:
        low = text.lower()
        kind = next((name for words, name in _SOCKET_WORDS if words in low), "")
    if not kind or (kind == "reset" and "connect" not in text.lower()[:200].replace("connection reset", "")):
        return None
    if kind == "reset":
        return None
    return ConnectFailed(source=source, kind=kind, winsock=winsock)  # type: ignore[arg-type]  # names above are the literals
