"""A small certificate authority, and every fault a certificate can have.

lab = authorities()
served = SERVED["expired"](lab, "mail.contoso.com")   # chain and key of a server
lab.ca_pem                                            # what a client has to trust (MAILFLOW_CA_FILE)
EXPECTED["expired"]                                   # the outcomes it should come to
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from tests.fakes.minting import NOW, Minted, Served, Wish, mint, named

__all__ = [
    "EXPECTED",
    "ISSUER_URL",
    "NOW",
    "SERVED",
    "UNSPEAKABLE",
    "Lab",
    "Minted",
    "Served",
    "Wish",
    "authorities",
    "mint",
    "named",
]


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


def _issuer_at(url: str) -> x509.AuthorityInformationAccess:
    method = AuthorityInformationAccessOID.CA_ISSUERS
    return x509.AuthorityInformationAccess([x509.AccessDescription(method, x509.UniformResourceIdentifier(url))])


ISSUER_URL = "http://pki.example.net/tls-ca-1.crt"
_ADDRESS_OF_ISSUER = _issuer_at(ISSUER_URL)
_DIRECTORY_OF_ISSUER = _issuer_at("ldap:///CN=Fabrikam%20Root%20CA,CN=AIA,DC=fabrikam,DC=local?cACertificate?base")


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
        Wish(
            named("Fabrikam Issuing CA", "Fabrikam"),
            key="EC P-256 of the stranger's intermediate",
            authority=True,
            more=(_ADDRESS_OF_ISSUER,),  # where its root can be fetched: no sign of a missing link
        )
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


def _of_stranger(*marks: x509.ExtensionType, by: str, send: tuple[str, ...] = ()) -> Callable[[Lab, str], Served]:
    def make(lab: Lab, host: str) -> Served:
        leaf = getattr(lab, by).issue(replace(_wish(host), more=marks))
        return Served((leaf.der, *(getattr(lab, each).der for each in send)), leaf.key)

    return make


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


def _cross_signed(lab: Lab, host: str) -> Served:
    """With the trusted root's key certified by another root as well, in a certificate that has ended: nobody needs it."""
    cross = lab.stranger.issue(replace(lab.root.wish, days=-100, age=1000))
    leaf = lab.between.issue(_wish(host))
    return Served((leaf.der, lab.between.der, cross.der), leaf.key)


def _huge(lab: Lab, host: str) -> Served:
    """A certificate of a megabyte, made of names."""
    return _by_between(hosts=(host, *(f"{number:060}.{host}" for number in range(13_000))))(lab, host)


_WIDE = x509.NameConstraints(permitted_subtrees=[x509.DNSName("only.example")], excluded_subtrees=None)

SERVED: dict[str, Callable[[Lab, str], Served]] = {
    "healthy": _by_between(),
    "healthy-rsa": _by_between(key="RSA 2048"),
    "wildcard": _hosts("*.{parent}"),
    "several-names": _hosts("{parent}", "autodiscover.{parent}", "{host}"),
    "idn": _hosts("xn--bcher-kva.{parent}", "{host}"),
    "address": _hosts("{host}", "127.0.0.1", "::1"),
    "root-sent": _sending("between", "root"),
    "wrong-order": _sending("root", "between"),
    "extra-certificates": _sending("stranger", "between", "stranger_between"),
    "expired-cross-signature": _cross_signed,
    "must-staple": _by_between(more=(x509.TLSFeature([x509.TLSFeatureType.status_request]),)),
    "client-only": _by_between(uses=(ExtendedKeyUsageOID.CLIENT_AUTH,)),
    "client-only-intermediate": _through(more=(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]),)),
    "expired": _by_between(days=-2),
    "expired-intermediate": _through(days=-2),
    "expiring-soon": _by_between(days=10),
    "expiring-later": _by_between(days=40),
    "not-yet-valid": _by_between(age=-2),
    "self-signed": _self_signed,
    "untrusted-root-sent": _of_stranger(by="stranger", send=("stranger",)),
    "untrusted-alone": _of_stranger(by="stranger"),
    "untrusted-with-directory": _of_stranger(_DIRECTORY_OF_ISSUER, by="stranger"),
    "untrusted-whole": _of_stranger(by="stranger_between", send=("stranger_between",)),
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
    "weak-rsa-intermediate": _through(key="RSA 1024"),
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
    "weak-rsa-intermediate": ("cert_weak_key",),
    "weak-dsa": ("cert_weak_key",),
    "weak-ec": ("cert_weak_key",),
    "huge": (),
    **{each: ("cert_weak_signature",) for each in SERVED if each.startswith(("weak-sha1", "weak-md5"))},
}
