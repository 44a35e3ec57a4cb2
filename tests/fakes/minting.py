"""Making certificates: any shape that is asked for, and the contexts of servers that show them."""

from __future__ import annotations

import ipaddress
import ssl
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from OpenSSL import SSL, crypto

NOW = datetime.now(UTC).replace(microsecond=0)
Name = Sequence[tuple[x509.ObjectIdentifier, str]]


@cache
def key(words: str) -> Any:
    """The same key for the same words, for RSA keys are slow to make: "RSA 2048", and "EC P-256 of the root" for another."""
    kind, size, *_ = words.split()
    if kind == "RSA":
        return rsa.generate_private_key(65537, int(size))
    if kind == "DSA":
        return dsa.generate_private_key(int(size))
    return ec.generate_private_key({"P-256": ec.SECP256R1(), "P-192": ec.SECP192R1()}[size])


def named(common: str, organisation: str = "") -> Name:
    owner = [(NameOID.COUNTRY_NAME, "GB"), (NameOID.ORGANIZATION_NAME, organisation)] if organisation else []
    return [*owner, (NameOID.COMMON_NAME, common)]


@dataclass(frozen=True)
class Wish:
    """What a certificate should be like. `key` in the words of `key()`; `days` until its end, `age` since its beginning;
    `digest` what its issuer signs with; `hosts` names and addresses, as the alternative names."""

    subject: Name
    hosts: tuple[str, ...] = ()
    days: float = 365
    age: float = 30
    key: str = "EC P-256"
    digest: str = "sha256"
    authority: bool = False
    uses: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.SERVER_AUTH,)
    more: tuple[x509.ExtensionType, ...] = ()


@dataclass(frozen=True)
class Minted:
    der: bytes
    key: Any
    wish: Wish

    @property
    def pem(self) -> bytes:
        return ssl.DER_cert_to_PEM_cert(self.der).encode()

    def issue(self, wish: Wish) -> Minted:
        return mint(wish, self)


def mint(wish: Wish, issuer: Minted | None = None) -> Minted:
    """A certificate by `issuer`, or by itself."""
    own = key(wish.key)
    by = issuer or Minted(b"", own, wish)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(wish.subject))
        .issuer_name(_name(by.wish.subject))
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=wish.age))
        .not_valid_after(NOW + timedelta(days=wish.days))
        .add_extension(x509.BasicConstraints(wish.authority, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()), critical=False)
    )
    if wish.hosts:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_host(each) for each in wish.hosts]), critical=False
        )
    if wish.uses and not wish.authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage(wish.uses), critical=False)
    for each in wish.more:
        builder = builder.add_extension(each, critical=False)
    signed = builder.sign(by.key, hashes.SHA256())
    der = signed.public_bytes(Encoding.DER) if wish.digest == "sha256" else _signed_again(signed, by.key, wish.digest)
    return Minted(der, own, wish)


def _name(parts: Name) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _signed_again(certificate: x509.Certificate, signer: Any, digest: str) -> bytes:
    """With a hash that `cryptography` signs with no more; pyOpenSSL does, and says that one should not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        copy = crypto.X509.from_cryptography(certificate)
        copy.sign(crypto.PKey.from_cryptography_key(signer), digest)
    return crypto.dump_certificate(crypto.FILETYPE_ASN1, copy)


@dataclass(frozen=True)
class Served:
    """What a server shows: its certificate first, and its key."""

    chain: tuple[bytes, ...]
    key: Any = field(default_factory=lambda: key("EC P-256"))

    def context(self, minimum: int = SSL.TLS1_VERSION, maximum: int = SSL.TLS1_3_VERSION) -> SSL.Context:
        """pyOpenSSL's, which speaks every version and takes every certificate."""
        context = SSL.Context(SSL.TLS_METHOD)
        context.set_min_proto_version(minimum)
        context.set_max_proto_version(maximum)
        context.set_cipher_list(b"ALL:@SECLEVEL=0")
        first, *others = (x509.load_der_x509_certificate(each) for each in self.chain)
        context.use_certificate(first)
        context.use_privatekey(self.key)
        for each in others:
            context.add_extra_chain_cert(each)
        return context

    def ssl_context(
        self,
        folder: Path,
        minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
        maximum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    ) -> ssl.SSLContext:
        """The standard library's, as asyncio wants it. `folder` is where certificate and key are written."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of TLS 1.0 and 1.1, which are the point
            context.minimum_version, context.maximum_version = minimum, maximum
        context.load_cert_chain(*self.files(folder))
        return context

    def files(self, folder: Path) -> tuple[Path, Path]:
        """The chain and the key as PEM files."""
        chain, secret = folder / "chain.pem", folder / "key.pem"
        chain.write_text("".join(ssl.DER_cert_to_PEM_cert(each) for each in self.chain))
        secret.write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return chain, secret
