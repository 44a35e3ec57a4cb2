"""Whom a check trusts: the public authorities that this machine knows, and those of the operator (MAILFLOW_CA_FILE)."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL, crypto

# Where Linux and BSD systems keep the public roots as one file: Python's own paths are those its OpenSSL was built with,
# and on Debian these name only a folder, which is never listed.
_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
# Weak keys and hashes must reach the verdict, and obsolete servers the probe: no security level. Without a certificate
# (aNULL) there is nothing to judge, so no such suite is offered.
_CIPHERS: Final = b"ALL:!aNULL:!eNULL:@SECLEVEL=0"
_VERSIONS: Final = {
    "TLSv1": SSL.TLS1_VERSION,
    "TLSv1.1": SSL.TLS1_1_VERSION,
    "TLSv1.2": SSL.TLS1_2_VERSION,
    "TLSv1.3": SSL.TLS1_3_VERSION,
}

Verified = Callable[[SSL.Connection, crypto.X509, int, int, int], bool]
Informed = Callable[[SSL.Connection, int, int], None]


class Roots:
    """Trust anchors as DER: `public` from this machine, `own` from the operator. `known` is false where there are none, so
    that nothing can be said about trust."""

    def __init__(self, public: Sequence[bytes], own: Sequence[bytes] = ()) -> None:
        self.certificates = (*public, *own)
        self._anchors = [crypto.load_certificate(crypto.FILETYPE_ASN1, each) for each in self.certificates]
        self._public = frozenset(hashlib.sha256(each).digest() for each in public)
        self.known = bool(self.certificates)
        self._contexts: dict[tuple[Any, ...], SSL.Context] = {}

    def is_public(self, certificate: bytes) -> bool:
        return hashlib.sha256(certificate).digest() in self._public

    def context(self, minimum: str, maximum: str, verified: Verified, informed: Informed) -> SSL.Context:
        """A client's context for these versions; made once, for filling its store takes a millisecond."""
        key = (minimum, maximum, verified, informed)
        if key not in self._contexts:
            self._contexts[key] = self._make(_VERSIONS[minimum], _VERSIONS[maximum], verified, informed)
        return self._contexts[key]

    def _make(self, minimum: int, maximum: int, verified: Verified, informed: Informed) -> SSL.Context:
        context = SSL.Context(SSL.TLS_METHOD)
        context.set_min_proto_version(minimum)
        context.set_max_proto_version(maximum)
        context.set_cipher_list(_CIPHERS)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        # Servers from before RFC 5746 are to be seen; none may renegotiate, which has no bound.
        context.set_options(SSL.OP_LEGACY_SERVER_CONNECT | SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION)
        context.set_verify(SSL.VERIFY_PEER, verified)
        context.set_info_callback(informed)
        store = context.get_cert_store()
        assert store is not None
        store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)  # an anchor is trusted, whether self-signed or not
        for anchor in self._anchors:
            store.add_cert(anchor)
        return context


@lru_cache(maxsize=4)
def roots(ca_file: str = "") -> Roots:
    """This machine's public roots and those in `ca_file` (PEM), read once.

    Public ones come from Python's default places (SSL_CERT_FILE, Windows' store, the paths of its OpenSSL), else from the
    first bundle that the system has. Raises OSError or ValueError where `ca_file` can't be read or holds no certificate.
    """
    return Roots(_public(), _read(ca_file) if ca_file else ())


def _public() -> Sequence[bytes]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_default_certs()
    for bundle in _BUNDLES:
        if context.get_ca_certs(binary_form=True):
            break
        if Path(bundle).is_file():
            context.load_verify_locations(cafile=bundle)
    return context.get_ca_certs(binary_form=True)


def _read(ca_file: str) -> Sequence[bytes]:
    try:
        found = x509.load_pem_x509_certificates(Path(ca_file).read_bytes())
    except ValueError as error:
        raise ValueError(f"{ca_file} holds no certificates in PEM form") from error
    return [each.public_bytes(Encoding.DER) for each in found]
