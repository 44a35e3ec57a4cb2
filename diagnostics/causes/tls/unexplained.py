"""A client's handshake that failed, where the client keeps its library's reason to itself, as PHP does with its warnings off.

Versions, cipher suites, the certificate, and what stands between end it alike; so each cause that could takes these words as
a hint, and none where a reason is told beside them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from diagnostics.facts import Reply, Said
from diagnostics.patterns import linear

UNEXPLAINED: Final = (
    "failed to enable crypto",
    "unable to enable crypto",
    "SSL operation failed with code 1",
    "STARTTLS failed",
    "Start TLS failed",
    "could not start TLS",
    "unable to start TLS",
    "failed to start TLS",
    "could not convert socket to TLS",
    "error upgrading connection with STARTTLS",
    "SSL/TLS negotiation failed",
    "unable to negotiate TLS",
    "could not establish TLS",
    "A call to SSPI failed",
    "The SSL connection could not be established",
    "attempting to establish an SSL or TLS connection",  # MailKit
    "Unable to connect with STARTTLS",  # Symfony
    "Unable to connect with TLS encryption",
    "TLS startup failed",  # swaks
    "TLS setup failed",  # sendEmail
    "An SSL exception occurred",  # Odoo
)
_REASON = linear(
    r"(?i)\broutines\b|OpenSSL Error messages|certificate verif|\balert\b|did not match|peer certificate|wrong version"
    r"|unknown protocol|self.signed|timed out|\breset\b|\bEOF\b|refused|remote certificate|common algorithm|unexpected packet"
    r"|handshake_failure|protocol_version|PKIX|(?-i:SSLHandshakeException)|not trusted|expired|plaintext|closed|not supported"
    r"|\babort|\bECONN|\b[45]\d\d[ -]"
)
_LONGEST: Final = 4_000


def unexplained(said: Said, replies: Iterable[Reply]) -> bool:
    """Whether `said` is such a handshake, and nothing beside it tells why."""
    if said.signature not in UNEXPLAINED or said.kind not in ("client", "stray"):
        return False
    return not any(_REASON.search(text[:_LONGEST]) for text in (said.text, *(each.whole for each in replies)))


def failed_with(said: Said) -> str:
    """The beginning of a sentence."""
    where = said.by or said.host or "the mail server"
    return f"The application's TLS handshake with {where} failed, and its library's reason is not told"
