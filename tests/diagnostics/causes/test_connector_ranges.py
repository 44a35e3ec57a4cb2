"""Ranges of a Receive connector, and which connector a client meets."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.causes.connector.ranges import covers, size
from diagnostics.causes.connector.settings import answering, same_name
from diagnostics.facts import Source
from diagnostics.mail_facts import Configured

_ADDRESS = st.integers(0, 2**32 - 1).map(IPv4Address)


@pytest.mark.parametrize(
    ("written", "inside", "outside", "holds"),
    [
        ("10.1.2.10", "10.1.2.10", "10.1.2.11", 1),
        ("10.1.2.0/24", "10.1.2.255", "10.1.3.0", 256),
        ("10.1.2.20-10.1.2.29", "10.1.2.29", "10.1.2.30", 10),
        ("10.1.2.0(255.255.255.0)", "10.1.2.7", "10.1.3.7", 256),
        ("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::1", "10.1.2.3", 2**128),
    ],
)
def test_every_way_a_range_is_printed(written: str, inside: str, outside: str, holds: int) -> None:
    assert covers(written, inside)
    assert not covers(written, outside)
    assert size(written) == holds


@given(_ADDRESS, _ADDRESS, _ADDRESS)
def test_a_range_holds_what_lies_between_its_ends(one: IPv4Address, two: IPv4Address, asked: IPv4Address) -> None:
    low, high = sorted((one, two))
    assert covers(f"{low}-{high}", str(asked)) == (low <= asked <= high)


@given(st.text(max_size=40), st.text(max_size=40))
def test_hostile_text_is_no_range(written: str, ip: str) -> None:
    assert not covers(f"x{written}", ip)
    assert size(f"x{written}") == 0


def _connector(name: str, ranges: str, bindings: str = "{0.0.0.0:25}") -> Configured:
    values = (("RemoteIPRanges", ranges), ("Bindings", bindings))
    return Configured(source=Source(1, ""), kind="receive-connector", name=name, values=values)


def test_the_narrowest_range_on_port_25_answers() -> None:
    everybody = _connector(r"EX01\Default Frontend EX01", "{0.0.0.0-255.255.255.255}")
    subnet = _connector(r"EX01\App Relay", "{10.1.2.0/24}")
    other_port = _connector(r"EX01\Client Frontend EX01", "{10.1.2.7}", "{0.0.0.0:587}")
    known = (everybody, subnet, other_port)
    assert answering("10.1.2.7", known) is subnet
    assert answering("10.1.3.7", known) is everybody
    assert answering("2001:db8::1", known) is None


def test_a_connector_is_known_by_its_name_with_or_without_the_server() -> None:
    assert same_name(r"EX01\App Relay", "App relay")
    assert not same_name(r"EX01\App Relay", r"EX02\App Relay")
    assert not same_name("", "")
