"""DANE and DNSSEC: each word, what comes close to it, and what an untrusted resolver may not decide."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from dns.rdata import GenericRdata
from dns.rdataclass import RdataClass
from dns.rdatatype import RdataType
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.checks.dane import dane
from diagnostics.checks.dnssec import dnssec
from diagnostics.checks.tlsa import Chain, Tlsa, tlsa
from diagnostics.network import DnsReply
from diagnostics.network.live import LiveNetwork
from diagnostics.network.recorded import RecordedNetwork
from tests.checks.lab import DOMAIN, made, seen
from tests.fakes.certificates import SERVED, authorities
from tests.fakes.dns import DnsServer

HOST = "mail.contoso.test"
NAME = f"_25._tcp.{HOST}"
CHAIN = SERVED["healthy"](authorities(), HOST).chain
OTHER = SERVED["healthy-rsa"](authorities(), HOST).chain  # another key, the same issuer
STRANGER = authorities().stranger_between.der
ROOT = ". SOA a.root. b.root. 1 2 3 4 5"  # answered without AD: this resolver does not validate
SIGNED = f"{HOST} A 127.0.0.10\ncontoso.test !signed\n"
UNSIGNED = f"{HOST} A 127.0.0.10\n"

pytestmark = pytest.mark.usefixtures("impatient")


def record(usage: int, selector: int, matching: int, der: bytes) -> str:
    """The data of a TLSA record for a certificate."""
    key = x509.load_der_x509_certificate(der).public_key()
    chosen = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) if selector else der
    digest = {0: lambda data: data.hex(), 1: lambda data: hashlib.sha256(data).hexdigest(),
              2: lambda data: hashlib.sha512(data).hexdigest()}[matching]  # fmt: skip
    return f"{usage} {selector} {matching} {digest(chosen)}"


def zone(*records: str, base: str = SIGNED, name: str = NAME) -> str:
    return base + "\n".join(f"{name} TLSA {each}" for each in records)


OWN, ISSUER = record(3, 1, 1, CHAIN[0]), record(2, 1, 1, CHAIN[1])
WRONG, WRONG_ISSUER = record(3, 1, 1, OTHER[0]), record(2, 0, 1, STRANGER)


@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("matching", [0, 1, 2])
@pytest.mark.parametrize("usage", [2, 3])
async def test_every_kind_of_record_matches_what_it_was_made_of(usage: int, selector: int, matching: int) -> None:
    own, issuer = (CHAIN[0], CHAIN[1]) if usage == 3 else (CHAIN[1], CHAIN[0])
    right = await seen(zone(record(usage, selector, matching, own)), dane, HOST, CHAIN)
    wrong = await seen(zone(record(usage, selector, matching, issuer)), dane, HOST, CHAIN)
    assert right.outcomes == ()
    assert right.facts["records"][0]["matches"] is True
    assert wrong.outcomes == ("dane_mismatch",)


@pytest.mark.parametrize(
    ("text", "outcomes"),
    [
        (SIGNED, ()),  # no TLSA at all
        (zone(OWN), ()),
        (zone(WRONG, OWN), ()),  # a roll-over keeps both
        (zone(WRONG_ISSUER, ISSUER), ()),
        (zone(WRONG), ("dane_mismatch",)),
        (zone(WRONG, WRONG_ISSUER), ("dane_mismatch",)),
        (zone(f"1 1 1 {'00' * 32}"), ()),  # PKIX usages can't be used for SMTP, so nothing is compared
        (zone(f"3 1 9 {'00' * 32}"), ()),
        (zone(f"1 1 1 {'00' * 32}", WRONG), ("dane_mismatch",)),
        (zone(OWN, base=UNSIGNED), ("dane_not_dnssec",)),
        (zone(WRONG, base=UNSIGNED), ("dane_not_dnssec",)),  # ignored by senders, so it mismatches nothing
        (f"{SIGNED}{NAME} !servfail", ("dane_lookup_failed",)),
        (f"{SIGNED}{NAME} !timeout", ("dane_lookup_failed",)),
        (f"{UNSIGNED}{NAME} !servfail", ("dane_lookup_failed",)),  # whether the resolver validates is not known
        (f"{UNSIGNED}{NAME} !refused", ()),
        (f"{HOST} !servfail\n{NAME} !servfail", ()),  # the host itself can't be resolved: that is another fault
    ],
)
async def test_tlsa_records_are_named_in_their_own_words(text: str, outcomes: tuple[str, ...]) -> None:
    attempt = await seen(text, dane, HOST, CHAIN)
    assert (attempt.outcomes, attempt.check, attempt.subject) == (outcomes, "dane", f"{HOST}:25")


async def test_a_sender_asks_nobody_below_an_unsigned_host() -> None:
    attempt = await seen(f"{UNSIGNED}{NAME} !servfail\n. !signed\n{ROOT}", dane, HOST, CHAIN)
    assert (attempt.outcomes, attempt.status) == ((), "done")
    assert "no sender asks" in attempt.facts["note"]


async def test_a_resolver_that_does_not_validate_decides_nothing() -> None:
    attempt = await seen(zone(WRONG, base=f"{UNSIGNED}{ROOT}\n"), dane, HOST, CHAIN)
    assert (attempt.outcomes, attempt.status) == ((), "unavailable")
    assert "does not validate DNSSEC" in attempt.reason
    assert "none of them matches" in attempt.reason
    assert (attempt.facts["resolver"], attempt.facts["resolver_is_local"]) == ("127.0.0.1", True)


async def test_a_resolver_that_validates_shows_what_is_not_protected() -> None:
    attempt = await seen(zone(OWN, base=f"{UNSIGNED}. !signed\n{ROOT}\n"), dane, HOST, CHAIN)
    assert attempt.outcomes == ("dane_not_dnssec",)


async def test_without_a_certificate_nothing_is_compared() -> None:
    attempt = await seen(zone(WRONG), dane, HOST, None)
    assert (attempt.outcomes, attempt.status) == ((), "unavailable")
    assert attempt.facts["records"][0]["matches"] is None


async def test_an_alias_is_followed_only_where_dnssec_protects_it() -> None:
    base = f"{HOST} CNAME real.test\nreal.test A 127.0.0.10\n"
    both = "\n".join([zone(WRONG, base=base), f"_25._tcp.real.test TLSA {OWN}"])
    protected = await seen(f"{both}\ncontoso.test !signed\nreal.test !signed", dane, HOST, CHAIN)
    exposed = await seen(f"{both}\n_tcp.{HOST} !signed", dane, HOST, CHAIN)
    assert (protected.outcomes, protected.facts["name"]) == ((), "_25._tcp.real.test")
    assert (exposed.outcomes, exposed.facts["name"]) == (("dane_mismatch",), NAME)


async def test_an_issuer_counts_only_when_it_signed_what_is_shown() -> None:
    own = SERVED["self-signed"](authorities(), HOST).chain[0]
    pretended = (own, CHAIN[1])  # the right authority, sent beside a certificate it never signed
    attempt = await seen(zone(ISSUER), dane, HOST, pretended)
    assert attempt.outcomes == ("dane_mismatch",)


async def test_a_certificate_that_cannot_be_read_is_no_mismatch() -> None:
    attempt = await seen(zone(OWN), dane, HOST, (b"\x30\x03nonsense",))
    assert (attempt.outcomes, attempt.status) == ((), "unavailable")


async def test_the_certificate_itself_is_compared_even_where_it_cannot_be_read() -> None:
    odd = b"\x30\x03odd"
    assert Chain([odd]).matches(Tlsa(3, 0, 1, hashlib.sha256(odd).digest()))


@pytest.mark.parametrize(("records", "outcomes"), [((OWN,), ()), ((), ("dane_lookup_failed",))])
async def test_a_digest_cut_short_hides_no_other_record(records: tuple[str, ...], outcomes: tuple[str, ...]) -> None:
    async with DnsServer(zone(*records)) as server:
        short = GenericRdata(RdataClass.IN, RdataType.TLSA, b"\x03\x01\x01short")
        server.zone.records.setdefault(NAME, {}).setdefault("TLSA", []).append(short)
        attempt = await made(LiveNetwork([server.address]), dane, HOST, CHAIN)
    assert attempt.outcomes == outcomes


async def test_a_record_that_cannot_be_used_is_not_compared() -> None:
    short = DnsReply(NAME, "TLSA", "answer", (f"3 1 1 {'00' * 20}",), authenticated=True)
    attempt = await made(RecordedNetwork([short]), dane, HOST, CHAIN)
    assert attempt.outcomes == ()
    assert "no record can be used" in attempt.facts["note"]


async def test_a_record_of_64_kilobytes_costs_nothing() -> None:
    attempt = await seen(zone(f"3 0 0 {'ab' * 60_000}", OWN), dane, HOST, CHAIN)
    assert attempt.outcomes == ()
    assert len(attempt.facts["records"][0]["data"]) < 100


@given(st.text() | st.tuples(*[st.integers(-1, 300)] * 3, st.binary(max_size=80).map(bytes.hex)).map(
    lambda parts: " ".join(map(str, parts))), st.lists(st.binary(max_size=40)))  # fmt: skip
def test_no_record_and_no_certificate_raises(value: str, sent: Sequence[bytes]) -> None:
    read = tlsa(value)
    if read:
        Chain(sent).matches(read)
        assert len(str(read.told())) < 300


@pytest.mark.parametrize(
    ("text", "state"),
    [
        (f"{DOMAIN} MX 10 {HOST}\n{DOMAIN} !signed", "signed"),
        (f"{DOMAIN} MX 10 {HOST}", "not signed"),
        (f"{DOMAIN} MX 10 {HOST}\n{DOMAIN} DNSKEY 257 3 13 AAAA", "keys without a chain"),
        (f"{DOMAIN} MX 10 {HOST}\n{DOMAIN} !bogus", "broken"),
    ],
)
async def test_how_dnssec_protects_a_domain(text: str, state: str) -> None:
    attempt = await seen(text, dnssec, DOMAIN)
    assert (attempt.facts["state"], attempt.outcomes, attempt.status) == (state, (), "done")


@pytest.mark.parametrize("text", [f"{DOMAIN} !servfail", f"{DOMAIN} !timeout", f"{DOMAIN} MX 10 {HOST}\n{ROOT}"])
async def test_what_a_resolver_cannot_tell_about_dnssec_stays_unknown(text: str) -> None:
    attempt = await seen(text, dnssec, DOMAIN)
    assert (attempt.facts["state"], attempt.status) == ("unknown", "unavailable")


async def test_whose_word_it_is_stands_beside_it() -> None:
    public = DnsReply(DOMAIN, "SOA", "answer", ("ns.contoso.test",), authenticated=True, server="9.9.9.9")
    attempt = await made(RecordedNetwork([public]), dnssec, DOMAIN)
    assert (attempt.facts["resolver"], attempt.facts["resolver_is_local"]) == ("9.9.9.9", False)
