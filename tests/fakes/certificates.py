"""A small certificate authority, and every fault a certificate can have.

lab = authorities()
served = SERVED["expired"](lab, "mail.contoso.com")   # chain and key of a server
lab.ca_pem                                            # what a client has to trust (MAILFLOW_CA_FILE)
EXPECTED["expired"]                                   # the outcomes it should come to
"""

from __future__ import annotations

import ipaddress
import ssl
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
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


@dataclass(frozen=True)
class Lab:
    """`root` is to be trusted and `between` is its intermediate; `stranger` is an authority that nobody trusts."""

    root: Minted
    between: Minted
    stranger: Minted
    stranger_between: Minted

    @property
    def ca_pem(self) -> bytes:
        return self.root.pem

    def ca_file(self, folder: Path) -> str:
        place = folder / "ca.pem"
        place.write_bytes(self.ca_pem)
        return str(place)


@cache
def authorities() -> Lab:
    root = mint(
        Wish(named("Example Root CA", "Example Trust, Inc."), key="EC P-256 of the root", authority=True, days=3650)
    )
    between = root.issue(
        Wish(
            named("Example Public TLS CA 1", "Example Trust, Inc."), key="EC P-256 of the intermediate", authority=True
        )
    )
    stranger = mint(Wish(named("Fabrikam Root CA", "Fabrikam"), key="EC P-256 of the stranger", authority=True))
    inner = stranger.issue(
        Wish(named("Fabrikam Issuing CA", "Fabrikam"), key="EC P-256 of the stranger's intermediate", authority=True)
    )
    return Lab(root, between, stranger, inner)


def _wish(host: str) -> Wish:
    return Wish(named(host), hosts=(host,))


def _by_between(**changes: Any) -> Callable[[Lab, str], Served]:
    """A leaf of the trusted intermediate, sent with it, that differs from a healthy one in `changes` alone."""

    def make(lab: Lab, host: str) -> Served:
        leaf = lab.between.issue(replace(_wish(host), **changes))
        return Served((leaf.der, lab.between.der), leaf.key)

    return make


def _hosts(*patterns: str) -> Callable[[Lab, str], Served]:
    """`{host}` and `{parent}` in a pattern stand for the host's name and the domain above it."""

    def make(lab: Lab, host: str) -> Served:
        hosts = tuple(each.format(host=host, parent=host.partition(".")[2]) for each in patterns)
        return _by_between(hosts=hosts)(lab, host)

    return make


def _self_signed(lab: Lab, host: str) -> Served:
    own = mint(_wish(host))
    return Served((own.der,), own.key)


def _of_stranger(*, between: bool, send: tuple[str, ...] = ()) -> Callable[[Lab, str], Served]:
    def make(lab: Lab, host: str) -> Served:
        leaf = (lab.stranger_between if between else lab.stranger).issue(_wish(host))
        return Served((leaf.der, *(getattr(lab, each).der for each in send)), leaf.key)

    return make


ISSUER_URL = "http://pki.example.net/tls-ca-1.crt"
_ADDRESS_OF_ISSUER = x509.AuthorityInformationAccess(
    [x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(ISSUER_URL))]
)
_PUBLIC_POLICY = x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("2.23.140.1.2.1"), None)])
_TRANSPARENT = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2"), b"\x04\x02\x00\x00")


def _alone(owner: str, *marks: x509.ExtensionType) -> Callable[[Lab, str], Served]:
    """A leaf without its intermediate, which is nobody's that is known, except by `owner`."""

    def make(lab: Lab, host: str) -> Served:
        hidden = lab.root.issue(Wish(named("Hidden CA", owner), key="EC P-256 of the hidden", authority=True))
        leaf = hidden.issue(replace(_wish(host), more=marks))
        return Served((leaf.der,), leaf.key)

    return make


def _wrong_intermediate(lab: Lab, host: str) -> Served:
    (leaf,) = _alone("", _ADDRESS_OF_ISSUER)(lab, host).chain
    return Served((leaf, lab.between.der))


def _through(**changes: Any) -> Callable[[Lab, str], Served]:
    """A leaf of an intermediate of its own, which differs from a healthy one in `changes` alone."""

    def make(lab: Lab, host: str) -> Served:
        wish = Wish(named("Example Other CA", "Example Trust, Inc."), key="EC P-256 of the other", authority=True)
        between = lab.root.issue(replace(wish, **changes))
        leaf = between.issue(_wish(host))
        return Served((leaf.der, between.der), leaf.key)

    return make


def _md5(lab: Lab, host: str) -> Served:
    """By an intermediate with an RSA key, for ECDSA was never defined with MD5."""
    wish = Wish(named("Example RSA CA", "Example Trust, Inc."), key="RSA 2048", authority=True)
    between = lab.root.issue(wish)
    leaf = between.issue(replace(_wish(host), digest="md5"))
    return Served((leaf.der, between.der), leaf.key)


def _sending(*others: str) -> Callable[[Lab, str], Served]:
    def make(lab: Lab, host: str) -> Served:
        leaf = lab.between.issue(_wish(host))
        return Served((leaf.der, *(getattr(lab, each).der for each in others)), leaf.key)

    return make


def _huge(lab: Lab, host: str) -> Served:
    """A certificate of a megabyte, made of names."""
    return _by_between(hosts=(host, *(f"{number:060}.{host}" for number in range(13_000))))(lab, host)


_WIDE = x509.NameConstraints(permitted_subtrees=[x509.DNSName("only.example")], excluded_subtrees=None)

SERVED: dict[str, Callable[[Lab, str], Served]] = {
    "healthy": _by_between(),
    "healthy-rsa": _by_between(key="RSA 2048"),
    "wildcard": _hosts("*.{parent}"),
    "several-names": _hosts("{parent}", "autodiscover.{parent}", "{host}"),
    "address": _hosts("{host}", "127.0.0.1", "::1"),
    "root-sent": _sending("between", "root"),
    "wrong-order": _sending("root", "between"),
    "extra-certificates": _sending("stranger", "between", "stranger_between"),
    "must-staple": _by_between(more=(x509.TLSFeature([x509.TLSFeatureType.status_request]),)),
    "client-only": _by_between(uses=(ExtendedKeyUsageOID.CLIENT_AUTH,)),
    "expired": _by_between(days=-2),
    "expired-intermediate": _through(days=-2),
    "expiring-soon": _by_between(days=10),
    "expiring-later": _by_between(days=40),
    "not-yet-valid": _by_between(age=-2),
    "self-signed": _self_signed,
    "untrusted-root-sent": _of_stranger(between=False, send=("stranger",)),
    "untrusted-alone": _of_stranger(between=False),
    "untrusted-whole": _of_stranger(between=True, send=("stranger_between",)),
    "not-an-authority": _through(authority=False),
    "barred-name": _through(more=(_WIDE,)),
    "incomplete-with-address": _alone("", _ADDRESS_OF_ISSUER),
    "incomplete-with-policy": _alone("", _PUBLIC_POLICY),
    "incomplete-with-transparency": _alone("", _TRANSPARENT),
    "incomplete-of-known": _alone("Example Trust, Inc."),
    "incomplete-wrong-intermediate": _wrong_intermediate,
    "wrong-name": _hosts("mail.fabrikam.com"),
    "wildcard-of-another-level": _hosts("*.{host}"),
    "no-san": _by_between(hosts=()),
    "weak-rsa": _by_between(key="RSA 1024"),
    "weak-sha1": _by_between(digest="sha1"),
    "weak-md5": _md5,
    "weak-sha1-intermediate": _through(digest="sha1"),
}
"""Whose TLS works: what it takes is the name of a host, given in ASCII form."""

UNSPEAKABLE: dict[str, Callable[[Lab, str], Served]] = {
    "weak-dsa": _by_between(key="DSA 1024"),
    "weak-ec": _by_between(key="EC P-192"),
    "huge": _huge,
}
"""No client of today finishes a handshake with these; their certificates can be judged all the same."""

EXPECTED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(SERVED, ()),
    "expired": ("cert_expired",),
    "expired-intermediate": ("cert_expired",),
    "expiring-soon": ("cert_expiring_soon",),
    "not-yet-valid": ("cert_not_yet_valid",),
    "self-signed": ("cert_self_signed",),
    **{each: ("cert_untrusted",) for each in SERVED if each.startswith(("untrusted", "not-an-", "barred"))},
    **{each: ("cert_incomplete_chain",) for each in SERVED if each.startswith("incomplete")},
    "wrong-name": ("cert_name_mismatch",),
    "wildcard-of-another-level": ("cert_name_mismatch",),
    "no-san": ("cert_no_san",),
    "weak-rsa": ("cert_weak_key",),
    "weak-dsa": ("cert_weak_key",),
    "weak-ec": ("cert_weak_key",),
    "huge": (),
    **{each: ("cert_weak_signature",) for each in SERVED if each.startswith(("weak-sha1", "weak-md5"))},
}
