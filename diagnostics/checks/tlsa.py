"""TLSA records, and whether a certificate matches one (RFC 6698, with RFC 7672's rules for SMTP)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import Struct

_ISSUER, _SERVER = 2, 3  # DANE-TA and DANE-EE; RFC 7672, 3.1.3: the PKIX usages 0 and 1 can't be used for SMTP
_SHOWN: Final = 64  # characters of a record's data in facts
_LONGEST_CHAIN: Final = 10
_DIGESTS: Final = {1: hashlib.sha256, 2: hashlib.sha512}


class Tlsa(Struct, frozen=True):
    """One record. `selector` 0 is the certificate, 1 its public key; `matching` 0 in full, 1 SHA-256, 2 SHA-512."""

    usage: int
    selector: int
    matching: int
    data: bytes

    @property
    def usable(self) -> bool:
        """Whether a mail server that sends may use it at all."""
        digest = _DIGESTS.get(self.matching)
        sized = len(self.data) == digest().digest_size if digest else self.matching == 0 and bool(self.data)
        return self.usage in (_ISSUER, _SERVER) and self.selector in (0, 1) and sized

    def told(self) -> dict[str, Any]:
        text = self.data.hex()
        shown = text if len(text) <= _SHOWN * 2 else text[:_SHOWN] + "…"
        return {"usage": self.usage, "selector": self.selector, "matching": self.matching, "data": shown}


def tlsa(value: str) -> Tlsa | None:
    """Reads `3 1 1 hex` as DnsReply writes it; None where it is not that."""
    parts = value.split(maxsplit=3)
    try:
        usage, selector, matching = map(int, parts[:3])
        return Tlsa(usage, selector, matching, bytes.fromhex("".join(parts[3:])))
    except ValueError:
        return None


class _Sent(Struct, frozen=True):
    """A certificate as it came, and as it was read: None where it can't be."""

    der: bytes
    read: x509.Certificate | None
    public_key: bytes


class Chain:
    """Certificates as a server sent them (DER, its own first), ready for matching.

    `path` is its own and each issuer that really signed the one before; `readable` is False where a certificate could not
    be parsed, and then a missing match proves nothing.
    """

    def __init__(self, sent: Sequence[bytes]) -> None:
        certificates = [_read(der) for der in sent[:_LONGEST_CHAIN]]
        self.readable = all(each.public_key for each in certificates)
        self.path = _path(certificates)

    def matches(self, record: Tlsa) -> bool:
        """Usage 3 is compared with the server's own certificate, usage 2 with its issuers."""
        candidates = self.path[:1] if record.usage == _SERVER else self.path[1:]
        return record.usable and any(_matches(record, each) for each in candidates)


def _matches(record: Tlsa, certificate: _Sent) -> bool:
    chosen = certificate.public_key if record.selector else certificate.der
    digest = _DIGESTS.get(record.matching)
    return bool(chosen) and (digest(chosen).digest() if digest else chosen) == record.data


def _read(der: bytes) -> _Sent:
    try:
        read = x509.load_der_x509_certificate(der)
        key = read.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return _Sent(der, None, b"")
    return _Sent(der, read, key)


def _path(certificates: list[_Sent]) -> list[_Sent]:
    path, rest = certificates[:1], certificates[1:]
    while rest:
        issuer = next((each for each in rest if _signed(path[-1], each)), None)
        if issuer is None:
            break
        rest.remove(issuer)
        path.append(issuer)
    return path


def _signed(certificate: _Sent, issuer: _Sent) -> bool:
    if certificate.read is None or issuer.read is None:
        return False
    try:
        certificate.read.verify_directly_issued_by(issuer.read)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
