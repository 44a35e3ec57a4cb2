"""Certificates that nobody would issue: whatever stands in them, judging comes to an end without raising."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.checks.certificate import judge
from diagnostics.checks.options import Options
from diagnostics.checks.outcomes import OUTCOMES
from diagnostics.network.tls import Fault
from tests.fakes.certificates import NOW, SERVED, Wish, authorities, mint, named

HOST = "mail.contoso.com"
OPTIONS = Options(now=NOW)
CHAINS = [make(authorities(), HOST).chain for make in SERVED.values()]
EVERY = sorted({der for chain in CHAINS for der in chain})

faults = st.lists(st.builds(Fault, st.integers(0, 100), st.integers(0, 4)), max_size=5)


def judged(chain: list[bytes], found: list[Fault], built: list[bytes]) -> None:
    result = judge(chain, found, names=(HOST,), options=OPTIONS, built=built)
    assert set(result.outcomes) <= set(OUTCOMES)
    json.dumps(result.facts)  # printed as it is
    assert all(len(text) < 2000 and text.isprintable() for text in result.outcomes.values())


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(EVERY), max_size=4), faults, st.lists(st.sampled_from(EVERY), max_size=4))
def test_any_chain_with_any_faults(chain: list[bytes], found: list[Fault], built: list[bytes]) -> None:
    judged(chain, found, built)


@settings(max_examples=1000, deadline=None)
@given(st.sampled_from(EVERY), st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 255)), max_size=6), faults)
def test_damaged_certificates(der: bytes, changes: list[tuple[int, int]], found: list[Fault]) -> None:
    damaged = bytearray(der)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    judged([bytes(damaged)], found, [])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=3), faults)
def test_bytes_that_are_no_certificates(chain: list[bytes], found: list[Fault]) -> None:
    judged(chain, found, chain)


def test_what_a_stranger_writes_is_shown_clean_and_short() -> None:
    evil = "\u202e\x1b[31m<!channel> `rm -rf /`\n" + "A" * 20
    own = mint(Wish(named(evil, "Evil\r\nInc" + "x" * 40), hosts=("*." + "a" * 60 + ".example",)))
    result = judge([own.der], [Fault(18, 0)], names=(HOST,), options=OPTIONS)
    assert result.facts["certificate"]["subject"].isprintable()
    assert "tls_certificate_name" not in result.facts["certificate"]  # cleaned text would not be the certificate's name
    assert all(each.isprintable() for each in result.outcomes.values())


def test_many_names_are_compared_and_few_are_shown() -> None:
    hosts = (*(f"h{number}.example" for number in range(2000)), HOST)
    own = mint(Wish(named(HOST), hosts=hosts))
    result = judge([own.der], [], names=(HOST,), options=OPTIONS)
    assert "cert_name_mismatch" not in result.outcomes
    assert len(result.facts["certificate"]["names"]) <= 100
