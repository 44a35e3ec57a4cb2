"""What one certificate says, read from DER that a stranger made: every text is bounded, and what can't be read is told."""

from __future__ import annotations

import hashlib
import warnings
from datetime import datetime
from typing import Any, Final, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID
from msgspec import Struct

from diagnostics.checks.x500 import windows_name

_T = TypeVar("_T", bound=x509.ExtensionType)

_LONGEST: Final = 600
_BROKEN: Final = (
    ValueError,
    TypeError,
    KeyError,  # an unknown TLS feature, or a kind of text that names don't have
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
_WEAK_HASHES: Final = frozenset({"MD2", "MD4", "MD5", "SHA-1"})
# RSA signatures with hashes that no library of ours verifies any more (RFC 8017, A.2.4).
_OLD_SIGNATURES: Final = {"1.2.840.113549.1.1.2": "MD2", "1.2.840.113549.1.1.3": "MD4", "1.2.840.113549.1.1.4": "MD5"}
# The CA/Browser Forum's policies (domain, organisation, individual, extended validation): public authorities must name one.
_PUBLIC_POLICIES: Final = frozenset(f"2.23.140.1.{end}" for end in ("1", "2.1", "2.2", "2.3"))
_RSA_BITS: Final = 2048  # SP 800-131A, and what public authorities may issue at all
_EC_BITS: Final = 224
_SERVER_USES: Final = frozenset({ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})
_MOST_URLS: Final = 5


class UnreadableError(ValueError):
    """Not a certificate that can be read; the text says why, in the library's words."""


class Fields(Struct, frozen=True, kw_only=True):
    """`subject` and `issuer` as Windows writes them; `serial`, `thumbprint` (SHA-1) and `sha256` as upper-case hex, as Exchange
    shows them; `hosts` the names and addresses that it speaks for, without the common name; None where the extensions can't
    be read. `owner` is the organisation that the subject names, `issuer_owner` that of the issuer, both for comparing.
    `signature` "SHA-256", "" where the scheme has no hash of its own.
    """

    subject: str
    issuer: str
    serial: str
    thumbprint: str
    sha256: str
    not_before: datetime
    not_after: datetime
    key: str
    weak_key: bool
    signature: str
    self_issued: bool
    common_name: str
    owner: str
    issuer_owner: str
    whole_names: bool  # subject and issuer were not shortened or cleaned
    hosts: tuple[str, ...] | None
    public_marks: bool
    server_auth: bool
    must_staple: bool
    ca_issuers: tuple[str, ...]
    ocsp: tuple[str, ...]
    crl: tuple[str, ...]

    @property
    def weak_signature(self) -> bool:
        return self.signature in _WEAK_HASHES


def read(der: bytes) -> Fields:
    """Raises UnreadableError."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # the library warns of what a stranger's certificate does wrong; we tell it ourselves
        try:
            return _read(der, x509.load_der_x509_certificate(der))
        except _BROKEN as error:
            raise UnreadableError(_clean(str(error) or type(error).__name__)) from error


def _read(der: bytes, found: x509.Certificate) -> Fields:
    subject, issuer = windows_name(found.subject), windows_name(found.issuer)
    key, weak = _key(found)
    return Fields(
        subject=_clean(subject),
        issuer=_clean(issuer),
        serial=f"{found.serial_number:X}".zfill(2),
        thumbprint=hashlib.sha1(der, usedforsecurity=False).hexdigest().upper(),
        sha256=hashlib.sha256(der).hexdigest().upper(),
        not_before=found.not_valid_before_utc,
        not_after=found.not_valid_after_utc,
        key=key,
        weak_key=weak,
        signature=_signature(found),
        self_issued=found.subject == found.issuer,
        common_name=_clean(_last(found.subject, x509.NameOID.COMMON_NAME)),
        owner=_owner(found.subject),
        issuer_owner=_owner(found.issuer),
        whole_names=_clean(subject) == subject and _clean(issuer) == issuer,
        **_extensions(found),
    )


def _owner(name: x509.Name) -> str:
    """Whose name this is: its O, or its domain components; "" where it has neither."""
    named = _last(name, x509.NameOID.ORGANIZATION_NAME)
    domain = ".".join(str(each.value) for each in name.get_attributes_for_oid(x509.NameOID.DOMAIN_COMPONENT))
    return (named or domain).strip().casefold()


def _last(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    """The most specific value, which stands last (RFC 6125, 2.3.1)."""
    values = name.get_attributes_for_oid(oid)
    return str(values[-1].value) if values else ""


def _key(found: x509.Certificate) -> tuple[str, bool]:
    """In words, and whether it is weak. A kind of key that the library doesn't know is none of ours to judge."""
    try:
        key = found.public_key()
    except _BROKEN:
        return f"unknown ({found.public_key_algorithm_oid.dotted_string})", False
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}", key.key_size < _RSA_BITS
    if isinstance(key, ec.EllipticCurvePublicKey):
        name = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}.get(key.curve.name, key.curve.name)
        return f"EC {name}", key.key_size < _EC_BITS
    if isinstance(key, dsa.DSAPublicKey):
        return f"DSA {key.key_size}", True
    return type(key).__name__.removesuffix("PublicKey"), False


def _signature(found: x509.Certificate) -> str:
    try:
        algorithm = found.signature_hash_algorithm
    except _BROKEN:
        return _OLD_SIGNATURES.get(found.signature_algorithm_oid.dotted_string, "unknown")
    name = algorithm.name.upper() if algorithm else ""
    return f"SHA-{name[3:]}" if name.startswith("SHA") and name[3:].isdigit() else name


def _extensions(found: x509.Certificate) -> dict[str, Any]:
    try:
        extensions = found.extensions
    except _BROKEN:
        return dict.fromkeys(("public_marks", "must_staple"), False) | {
            "hosts": None, "server_auth": True, "ca_issuers": (), "ocsp": (), "crl": ()
        }  # fmt: skip
    usage = _value(extensions, x509.ExtendedKeyUsage)
    policies = _value(extensions, x509.CertificatePolicies)
    features = _value(extensions, x509.TLSFeature)
    return {
        "hosts": _hosts(_value(extensions, x509.SubjectAlternativeName)),
        "server_auth": usage is None or not _SERVER_USES.isdisjoint(usage),
        "public_marks": _value(extensions, x509.PrecertificateSignedCertificateTimestamps) is not None
        or any(each.policy_identifier.dotted_string in _PUBLIC_POLICIES for each in policies or ()),
        "must_staple": features is not None and x509.TLSFeatureType.status_request in features,
        "crl": _crl(_value(extensions, x509.CRLDistributionPoints)),
        **_access(_value(extensions, x509.AuthorityInformationAccess)),
    }


def _value(extensions: x509.Extensions, kind: type[_T]) -> _T | None:
    return next((each.value for each in extensions if isinstance(each.value, kind)), None)


def _hosts(names: x509.SubjectAlternativeName | None) -> tuple[str, ...]:
    if names is None:
        return ()
    dns = [_clean(each).lower() for each in names.get_values_for_type(x509.DNSName)]
    return (*dns, *(str(each) for each in names.get_values_for_type(x509.IPAddress)))


def _access(access: x509.AuthorityInformationAccess | None) -> dict[str, tuple[str, ...]]:
    def of(method: x509.ObjectIdentifier) -> tuple[str, ...]:
        return _urls(each.access_location for each in access or () if each.access_method == method)

    return {"ca_issuers": of(AuthorityInformationAccessOID.CA_ISSUERS), "ocsp": of(AuthorityInformationAccessOID.OCSP)}


def _crl(points: x509.CRLDistributionPoints | None) -> tuple[str, ...]:
    return _urls(name for point in points or () for name in point.full_name or ())


def _urls(names: Any) -> tuple[str, ...]:
    found = (_clean(each.value) for each in names if isinstance(each, x509.UniformResourceIdentifier))
    return tuple(each for each, _ in zip(found, range(_MOST_URLS), strict=False))


def _clean(text: str) -> str:
    """Printable, and of bounded length."""
    return "".join(each if each.isprintable() else "?" for each in text[:_LONGEST])
