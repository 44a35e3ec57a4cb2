"""DKIM keys at selectors: found, revoked, unusable, missing, or not to be told."""

from __future__ import annotations

import base64
from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from diagnostics.checks.dkim import dkim
from tests.checks.lab import DOMAIN, detail, seen
from tests.fakes.dns import txt

TENANT = "selector1-contoso-test._domainkey.contoso.onmicrosoft.test"
MX = f"{DOMAIN} MX 10 mail.{DOMAIN}\n"


@cache
def rsa_key(bits: int) -> str:
    public = rsa.generate_private_key(65537, bits).public_key()
    return base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def short_key() -> str:
    """A modulus of 1023 bits: no library makes such a key any more."""
    public = rsa.RSAPublicNumbers(65537, (1 << 1022) + 1).public_key()
    return base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def ed_key() -> str:
    public = ed25519.Ed25519PrivateKey.generate().public_key()
    return base64.b64encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def ec_key() -> str:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    return base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def at(selector: str, text: str) -> str:
    return f"{selector}._domainkey.{DOMAIN} TXT {txt(text)}\n"


@pytest.mark.parametrize(
    ("zone", "state", "bits"),
    [
        (at("selector1", f"v=DKIM1; k=rsa; p={rsa_key(2048)}"), "usable", 2048),
        (at("selector1", f"p={rsa_key(1024)}"), "usable", 1024),
        (at("selector1", f"v=DKIM1; k=ed25519; p={ed_key()};"), "usable", 256),
        (at("selector1", f"v=DKIM1; p= {rsa_key(2048)[:90]} {rsa_key(2048)[90:]}"), "usable", 2048),
        (
            f"selector1._domainkey.{DOMAIN} CNAME {TENANT}\n{TENANT} TXT {txt(f'v=DKIM1; p={rsa_key(2048)}')}",
            "usable",
            2048,
        ),
        (at("selector1", "v=DKIM1; p="), "revoked", 0),
        (at("selector1", f"p={short_key()}"), "unusable", 1023),
        (at("selector1", "v=DKIM1; p=AAAA"), "unusable", 0),
        (at("selector1", "v=DKIM1; p=***"), "unusable", 0),
        (at("selector1", f"v=DKIM1; p={ec_key()}"), "unusable", 0),
        (at("selector1", f"k=ed25519; p={rsa_key(2048)}"), "unusable", 0),
        (at("selector1", f"k=dsa; p={rsa_key(2048)}"), "unusable", 0),
        (at("selector1", f"p={rsa_key(2048)}; v=DKIM1"), "unusable", 0),
        (at("selector1", f"v=DKIM1, p={rsa_key(2048)}; p={rsa_key(2048)}"), "unusable", 0),
    ],
)
async def test_a_key_is_read(zone: str, state: str, bits: int) -> None:
    attempt = await seen(MX + zone, dkim, DOMAIN)
    fact = attempt.facts["selectors"]["selector1"]
    assert (fact["state"], fact["bits"]) == (state, bits)
    assert attempt.outcomes == (() if state == "usable" else ("dkim_not_found",))
    assert (attempt.check, attempt.subject, attempt.status) == ("dkim", DOMAIN, "done")


@pytest.mark.parametrize(
    ("zone", "outcomes", "status"),
    [
        ("", ("dkim_not_found",), "done"),
        (f'*.{DOMAIN} TXT "v=spf1 -all"', ("dkim_not_found",), "done"),
        (at("selector1", "v=DKIM1; p=") + at("selector2", f"v=DKIM1; p={rsa_key(1024)}"), (), "done"),
        (at("s1", f"p={rsa_key(1024)}") + f"selector1._domainkey.{DOMAIN} !servfail", (), "done"),
        (at("august2026", f"p={rsa_key(1024)}"), (), "unavailable"),  # a selector that nobody told us
        (at("august2026", f"p={rsa_key(1024)}") + at("selector1", "p="), ("dkim_not_found",), "done"),
    ],
)
async def test_only_a_domain_without_any_key_lacks_one(zone: str, outcomes: tuple[str, ...], status: str) -> None:
    attempt = await seen(MX + zone, dkim, DOMAIN)
    assert (attempt.outcomes, attempt.status) == (outcomes, status)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", ["!servfail", "!timeout", "!refused"])
async def test_what_could_not_be_looked_up_is_not_missing(fault: str) -> None:
    attempt = await seen(f"{MX}selector1._domainkey.{DOMAIN} {fault}", dkim, DOMAIN)
    assert (attempt.status, attempt.outcomes) == ("unavailable", ())
    assert attempt.reason.startswith(f"the TXT records of selector1._domainkey.{DOMAIN} could not be looked up")


async def test_the_operators_selectors_are_tried() -> None:
    attempt = await seen(MX + at("august2026", f"p={rsa_key(1024)}"), dkim, DOMAIN, dkim_selectors=("august2026",))
    assert (attempt.facts["tried"], attempt.status, attempt.outcomes) == (["august2026"], "done", ())


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        (
            f"selector1._domainkey.{DOMAIN} CNAME {TENANT}",
            f"selector1: it points at {TENANT}, where there is no key",
        ),
        (at("selector2", "v=DKIM1; p="), "selector2: its key is revoked (empty p tag)"),
        (at("k1", f"p={rsa_key(1024)[:40]}"), "k1: the p tag holds no key"),
        ("", "tried: selector1, selector2, default, google, k1, s1, mail, dkim"),
    ],
)
async def test_the_detail_says_what_stands_there(zone: str, said: str) -> None:
    assert detail(await seen(MX + zone, dkim, DOMAIN), "dkim_not_found") == said


@pytest.mark.parametrize("zone", [f"{DOMAIN} MX 0 .", "other.test A 127.0.0.1"])
async def test_a_domain_without_mail_needs_no_key(zone: str) -> None:
    attempt = await seen(zone, dkim, DOMAIN)
    assert (attempt.status, attempt.outcomes) == ("skipped", ())
