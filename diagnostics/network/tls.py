"""TLS over an open stream, kept apart from the socket so that a handshake can be looked into and bounded.

pyOpenSSL over memory BIOs: its verify callback reports every fault of a chain with its depth in one handshake, where other
libraries stop at the first, and its OpenSSL still speaks the obsolete versions that a probe has to try.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from diagnostics.network import Stream

SERVER_NAME_MISMATCH: Final = 62  # X509_V_ERR_HOSTNAME_MISMATCH


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing OpenSSL found wrong: `code` is X509_V_ERR_…, `depth` 0 for the server's own certificate."""

    code: int
    depth: int


@dataclass(frozen=True, slots=True)
class Handshake:
    """A finished handshake. `protocol` "TLSv1.2", `cipher` OpenSSL's name; `chain` DER certificates as the server sent them,
    its own first; `faults` as verified against the public roots and the operator's."""

    stream: Stream
    protocol: str
    cipher: str
    chain: tuple[bytes, ...]
    faults: tuple[Fault, ...] = field(default=())


class HandshakeError(Exception):
    """TLS could not be agreed. `kind` tells who ended it and how; `text` is OpenSSL's reason, bounded.

    "alert": the server sent a TLS alert (`alert` is its number); "reset", "closed", "timeout": the connection ended so;
    "not-tls": what came back was not TLS; "local": our side refused what the server offered.
    """

    def __init__(self, kind: str, text: str = "", alert: int = 0) -> None:
        super().__init__(text or kind)
        self.kind = kind
        self.text = text
        self.alert = alert
