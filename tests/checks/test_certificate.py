"""Every fault of a certificate through a real handshake: named, and alone."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from diagnostics.checks.certificate import Judged, judge
from diagnostics.checks.options import Options
from diagnostics.network.tls import Fault, handshake, roots
from tests.fakes.certificates import (
    EXPECTED,
    ISSUER_URL,
    NOW,
    SERVED,
    UNSPEAKABLE,
    Served,
    Wish,
    authorities,
    mint,
    named,
)
from tests.fakes.tls_peer import TlsPeer

HOST = "mail.contoso.com"


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> Options:
    return Options(now=NOW, ca_file=authorities().ca_file(tmp_path_factory.mktemp("ca")))


async def judged(served: Served, options: Options, *names: str) -> Judged:
    peer = TlsPeer(served.context())
    found = await handshake(peer, server_name=HOST, roots=roots(options.ca_file))
    assert found.chain == served.chain
    return judge(found.chain, found.faults, names=names or (HOST,), options=options, built=found.built)


@pytest.mark.parametrize("name", SERVED)
async def test_each_fault_is_named_and_drags_in_no_other(name: str, options: Options) -> None:
    found = await judged(SERVED[name](authorities(), HOST), options)
    assert tuple(found.outcomes) == EXPECTED[name], found.outcomes


@pytest.mark.parametrize("name", UNSPEAKABLE)
def test_certificates_beyond_any_handshake_are_judged_too(name: str, options: Options) -> None:
    served = UNSPEAKABLE[name](authorities(), HOST)
    assert tuple(judge(served.chain, (), names=(HOST,), options=options).outcomes) == EXPECTED[name]


async def test_two_faults_are_two(options: Options) -> None:
    own = mint(Wish(named("ex01.contoso.local"), days=-1, key="RSA 1024"))
    found = await judged(Served((own.der,), own.key), options)
    assert set(found.outcomes) == {
        "cert_expired", "cert_self_signed", "cert_no_san", "cert_name_mismatch", "cert_weak_key"
    }  # fmt: skip


async def test_a_self_signed_certificate_that_the_operator_trusts_is_fine(tmp_path: Path) -> None:
    own = mint(Wish(named(HOST), hosts=(HOST,)))
    anchors = tmp_path / "own.pem"
    anchors.write_bytes(own.pem)
    found = await judged(Served((own.der,), own.key), Options(now=NOW, ca_file=str(anchors)))
    assert found.outcomes == {}
    assert found.facts["chain"]["public"] is False


async def test_a_roots_own_hash_is_not_what_it_is_trusted_for(tmp_path: Path) -> None:
    root = mint(Wish(named("Old Root"), key="EC P-256 of an old root", authority=True, digest="sha1"))
    leaf = root.issue(Wish(named(HOST), hosts=(HOST,)))
    anchors = tmp_path / "old.pem"
    anchors.write_bytes(root.pem)
    found = await judged(Served((leaf.der, root.der), leaf.key), Options(now=NOW, ca_file=str(anchors)))
    assert found.outcomes == {}


@pytest.mark.parametrize("name", ["client-only", "client-only-intermediate"])
async def test_a_certificate_that_is_not_for_servers_is_told_in_the_facts(name: str, options: Options) -> None:
    assert (await judged(SERVED[name](authorities(), HOST), options)).facts["certificate"]["server_auth"] is False


async def test_a_name_beyond_ascii_is_matched_in_its_ascii_form(options: Options) -> None:
    served = SERVED["idn"](authorities(), HOST)
    assert (await judged(served, options, "xn--bcher-kva.contoso.com")).outcomes == {}


@pytest.mark.parametrize(("ahead", "expected"), [(20, "cert_expiring_soon"), (22, None)])
def test_soon_is_what_the_options_say(ahead: int, expected: str | None, options: Options) -> None:
    own = mint(Wish(named(HOST), hosts=(HOST,), days=ahead))
    found = judge((own.der,), (), names=(HOST,), options=options)
    assert list(found.outcomes) == ([expected] if expected else [])


def test_dates_are_those_of_the_options_not_of_this_machine(options: Options) -> None:
    own = mint(Wish(named(HOST), hosts=(HOST,)))
    later = Options(now=NOW + timedelta(days=400), ca_file=options.ca_file)
    assert list(judge((own.der,), (), names=(HOST,), options=later).outcomes) == ["cert_expired"]


def test_an_address_is_matched_by_an_address_alone(options: Options) -> None:
    own = mint(Wish(named(HOST), hosts=(HOST, "203.0.113.9", "2001:db8::1")))

    def mismatch(*names: str) -> bool:
        return "cert_name_mismatch" in judge((own.der,), (), names=names, options=options).outcomes

    assert not mismatch("203.0.113.9")
    assert not mismatch("2001:DB8:0::1")
    assert mismatch("203.0.113.10")
    assert not mismatch("203.0.113.10", HOST)  # one of the names is enough
    assert not mismatch()  # nothing to compare with


async def test_what_is_missing_is_said_with_its_address(options: Options) -> None:
    found = await judged(SERVED["incomplete-with-address"](authorities(), HOST), options)
    assert "Hidden CA" in found.outcomes["cert_incomplete_chain"]
    assert ISSUER_URL in found.outcomes["cert_incomplete_chain"]


def test_without_any_trust_anchor_nothing_is_called_untrusted(monkeypatch: pytest.MonkeyPatch) -> None:
    from diagnostics.network import trust

    monkeypatch.setattr(trust, "_public", lambda: ())
    roots.cache_clear()
    try:
        served = SERVED["healthy"](authorities(), HOST)
        found = judge(served.chain, (Fault(20, 1),), names=(HOST,), options=Options(now=NOW))
    finally:
        roots.cache_clear()
    assert found.outcomes == {}
    assert found.facts["chain"]["trusted"] is None


async def test_facts_are_what_exchange_shows(options: Options) -> None:
    parts = [
        (NameOID.COUNTRY_NAME, "US"), (NameOID.STATE_OR_PROVINCE_NAME, "WA"), (NameOID.LOCALITY_NAME, "Redmond"),
        (NameOID.ORGANIZATION_NAME, "Contoso, Ltd."), (NameOID.COMMON_NAME, HOST),
    ]  # fmt: skip
    leaf = authorities().between.issue(Wish(parts, hosts=(HOST, "contoso.com"), key="RSA 2048", days=100))
    found = await judged(Served((leaf.der, authorities().between.der), leaf.key), options)
    facts = found.facts["certificate"]
    subject = f'CN={HOST}, O="Contoso, Ltd.", L=Redmond, S=WA, C=US'
    issuer = 'CN=Example Public TLS CA 1, O="Example Trust, Inc.", C=GB'
    assert facts["subject"] == subject
    assert facts["tls_certificate_name"] == f"<I>{issuer}<S>{subject}"
    assert facts["names"] == [HOST, "contoso.com"]
    assert facts["key"] == "RSA 2048"
    assert facts["signature"] == "SHA-256"
    assert facts["days_left"] == 100
    assert re.fullmatch("[0-9A-F]{40}", facts["thumbprint"])
    assert int(facts["serial"], 16) == x509.load_der_x509_certificate(leaf.der).serial_number
    assert found.facts["chain"]["built"][-1]["subject"] == 'CN=Example Root CA, O="Example Trust, Inc.", C=GB'
    assert found.facts["chain"]["anchor"] == found.facts["chain"]["built"][-1]["subject"]
    assert found.facts["chain"]["in_order"] is True


async def test_a_chain_in_the_wrong_order_is_a_fact_not_a_fault(options: Options) -> None:
    found = await judged(SERVED["wrong-order"](authorities(), HOST), options)
    assert found.facts["chain"]["in_order"] is False
    assert len(found.facts["chain"]["sent"]) == 3


def test_what_cannot_be_read_is_told_and_is_no_fault(options: Options) -> None:
    for chain in ((), (b"",), (b"\x30\x80garbage",)):
        found = judge(chain, (), names=(HOST,), options=options)
        assert found.outcomes == {}
        assert found.facts["certificate"]["unreadable"]
