"""Whose address it is, which destinations are the same, and what shows that the connection opened."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.causes.network.reach import (
    Place,
    by_exchange_online,
    is_ipv6,
    kind_of,
    no_route,
    openings,
    refuted,
    site,
)
from diagnostics.facts import ConnectFailed, Reply, Session, SmtpReached, Source, Stage, TlsFailed
from diagnostics.looked_facts import PortTest

_LINE = Source(1, "line")


@pytest.mark.parametrize(
    ("ip", "kind"),
    [
        ("10.20.0.12", "internal"),
        ("172.16.4.1", "internal"),
        ("fe80::1%12", "internal"),
        ("52.101.73.12", "exchange-online"),
        ("104.47.5.36", "exchange-online"),
        ("[2a01:111:f400:7e00::10]", "exchange-online"),
        ("203.0.113.10", "public"),
        ("2001:db8::1", "public"),
        ("X.X.X.X", ""),
        ("72.x.x.x", ""),
        ("", ""),
    ],
)
def test_whose_address_it_is(ip: str, kind: str) -> None:
    assert kind_of(ip) == kind


@given(st.text())
def test_any_text_is_read_as_some_address_or_none(text: str) -> None:
    assert kind_of(text) in ("internal", "exchange-online", "public", "")
    assert bool(site(text)) == bool(kind_of(text))
    is_ipv6(text)
    by_exchange_online(text)


def test_neighbours_are_one_destination_and_masked_addresses_are_none() -> None:
    assert Place("198.51.100.25").is_same(Place("198.51.100.26"))
    assert Place("52.101.73.12").is_same(Place("104.47.5.36"))
    assert not Place("198.51.100.25").is_same(Place("203.0.113.25"))
    assert not Place("X.X.X.X").is_same(Place("X.X.X.X"))
    assert not Place().is_same(Place())
    assert Place(host="MX1.fabrikam.com").is_same(Place("203.0.113.9", "mx1.fabrikam.com"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("450 4.4.316 Connection refused [Message=Socket error code 10061]", True),
        ("550 5.4.312 Message expired, DNS query failed", True),
        ("451 4.4.397 Error communicating with target host. -> 421 4.2.1 Unable to connect", False),
        ("441 4.4.1 Error encountered while communicating with primary target IP address", False),
        ("451 4.4.0 sent to contoso-com.mail.protection.outlook.com", False),
    ],
)
def test_exchange_online_is_known_by_its_own_numbers(text: str, told: bool) -> None:
    assert by_exchange_online(text) is told


def _session(ip: str, stage: Stage = Stage.STARTTLS) -> tuple[Session, SmtpReached]:
    session = Session(source=_LINE, session="08DE", connector="Out", direction="send", stage=stage, remote_ip=ip)
    reached = SmtpReached(source=_LINE, session="08DE", connector="Out", stage=stage, direction="send")
    return session, reached


def test_a_session_that_reached_starttls_refutes_unable_to_connect() -> None:
    session, reached = _session("52.101.73.12")
    doubt = Reply(
        source=_LINE,
        code=421,
        enhanced="4.2.1",
        text="Unable to connect",
        whole="421 4.2.1 Unable to connect",
    )
    finding = refuted(reached, (session,), (doubt,), ())
    assert finding is not None
    assert "STARTTLS" in finding.because
    assert refuted(reached, (session,), (), (TlsFailed(source=_LINE, error="NoCredentials", direction="send"),))


def test_nothing_is_refuted_where_nothing_was_in_doubt() -> None:
    session, reached = _session("52.101.73.12")
    unknown = Reply(source=_LINE, code=550, enhanced="5.1.1", text="User unknown", whole="550 5.1.1 User unknown")
    assert refuted(reached, (session,), (unknown,), ()) is None


def test_what_stays_inside_opens_nothing() -> None:
    session, reached = _session("10.20.0.12")
    by_hand = PortTest(source=_LINE, succeeded=True, ip="10.20.0.12")
    assert openings((reached,), (session,), (by_hand,)) == []
    outside = PortTest(source=_LINE, succeeded=True, ip="203.0.113.9")
    elsewhere = PortTest(source=_LINE, succeeded=True, port=587, ip="203.0.113.9")
    assert [each.fact for each in openings((), (), (outside, elsewhere))] == [outside]


def test_only_ipv6_without_a_route_is_this_machines_own() -> None:
    assert no_route(ConnectFailed(source=_LINE, kind="unreachable", winsock=10051, ip="2001:db8::1"))
    assert not no_route(ConnectFailed(source=_LINE, kind="unreachable", winsock=10051, ip="203.0.113.9"))
    assert not no_route(ConnectFailed(source=_LINE, kind="timeout", winsock=10060, ip="2001:db8::1"))
