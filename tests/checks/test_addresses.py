"""The addresses of a host and the names of an address: each word, and what comes close to it."""

from __future__ import annotations

import pytest

from diagnostics.checks.addresses import addresses, ptr
from diagnostics.network import DnsReply
from diagnostics.network.live import LiveNetwork
from diagnostics.network.recorded import RecordedNetwork
from tests.checks.lab import detail, made, run_on, seen
from tests.fakes.dns import DnsServer

HOST = "mail.contoso.test"
IP = "127.0.0.10"
POINTER = "10.0.0.127.in-addr.arpa"

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.mark.parametrize(
    ("zone", "outcomes", "found"),
    [
        (f"{HOST} A {IP}", (), (IP,)),
        (f"{HOST} AAAA ::1", (), ("::1",)),
        (f"{HOST} CNAME real.test\nreal.test A {IP}", (), (IP,)),
        (f"{HOST} A {IP}\n{HOST} !servfail AAAA", (), (IP,)),  # half an answer is enough to connect
        ("other.test A 127.0.0.1", ("dns_nxdomain",), ()),
        (f"{HOST} CNAME gone.test", ("dns_nxdomain",), ()),
        (f"{HOST} TXT x", ("mx_no_address",), ()),
        (f"{HOST} !servfail", ("dns_servfail",), ()),
        (f"{HOST} !bogus\n{HOST} A {IP}", ("dns_servfail",), ()),
        (f"{HOST} !timeout", ("dns_timeout",), ()),
        (f"{HOST} !refused", (), ()),
        (f"{HOST} !garbage", ("dns_servfail",), ()),
    ],
)
async def test_a_host_is_named_in_its_own_words(zone: str, outcomes: tuple[str, ...], found: tuple[str, ...]) -> None:
    attempt = await seen(zone, addresses, HOST)
    assert (attempt.outcomes, attempt.facts["addresses"]) == (outcomes, found)
    assert (attempt.check, attempt.subject) == ("address", HOST)


async def test_a_resolver_that_refuses_us_says_nothing_about_the_name() -> None:
    attempt = await seen(f"{HOST} !refused", addresses, HOST)
    assert attempt.status == "unavailable"
    assert "the resolver refused" in attempt.reason


async def test_broken_signatures_are_told_from_dead_name_servers() -> None:
    broken = await seen(f"{HOST} !bogus\n{HOST} A {IP}", addresses, HOST)
    dead = await seen(f"{HOST} !servfail", addresses, HOST)
    assert "signatures or its DS record are broken" in detail(broken, "dns_servfail")
    assert "checked and unchecked" in detail(dead, "dns_servfail")


async def test_a_silent_name_is_told_from_a_silent_resolver() -> None:
    name = await seen(f"{HOST} !timeout", addresses, HOST)
    everything = await seen(f"{HOST} !timeout\n. !timeout", addresses, HOST)
    assert "answers for other names" in detail(name, "dns_timeout")
    assert "answers nothing at all" in detail(everything, "dns_timeout")


async def test_where_no_resolver_listens_the_name_is_not_blamed() -> None:
    attempt = await made(LiveNetwork([("127.0.0.1", 9)]), addresses, HOST)
    assert attempt.outcomes == ("dns_timeout",)
    assert "the resolver 127.0.0.1 answers nothing at all" in detail(attempt, "dns_timeout")


async def test_one_lost_packet_is_no_outcome() -> None:
    async with DnsServer(f"{HOST} A {IP}") as server:
        lost = server.datagram
        dropped: list[bytes] = []

        def datagram(data: bytes, *rest: object) -> None:
            dropped.append(data) if len(dropped) < 2 else lost(data, *rest)  # type: ignore[arg-type]

        server.datagram = datagram  # type: ignore[method-assign]
        attempt = await made(LiveNetwork([server.address]), addresses, HOST)
    assert (len(dropped), attempt.outcomes, attempt.facts["addresses"]) == (2, (), (IP,))


async def test_of_many_addresses_both_families_are_kept() -> None:
    four = "\n".join(f"{HOST} A 127.0.1.{last}" for last in range(20))
    six = "\n".join(f"{HOST} AAAA fd00::{last:x}" for last in range(20))
    both = (await seen(f"{four}\n{six}", addresses, HOST)).facts["addresses"]
    alone = (await seen(four, addresses, HOST)).facts["addresses"]
    assert [":" in each for each in both] == [False] * 4 + [True] * 4
    assert len(alone) == 8


async def test_an_address_stands_for_itself() -> None:
    run = run_on(RecordedNetwork())
    assert await addresses(run, IP) == (IP,)
    assert run.attempts == []


@pytest.mark.parametrize(
    ("zone", "outcomes", "status"),
    [
        (f"{POINTER} PTR {HOST}\n{HOST} A {IP}", (), "done"),
        (f"{POINTER} PTR other.test\n{POINTER} PTR {HOST}\n{HOST} A {IP}", (), "done"),
        (f"{POINTER} TXT x", ("ptr_missing",), "done"),
        ("other.test A 127.0.0.1", ("ptr_missing",), "done"),
        (f"{POINTER} PTR {HOST}\n{HOST} A 127.0.0.11", ("ptr_mismatch",), "done"),
        (f"{POINTER} PTR {HOST}", ("ptr_mismatch",), "done"),
        (f"{POINTER} PTR {HOST}\n{HOST} !servfail", (), "unavailable"),
        (f"{POINTER} PTR {HOST}\n{HOST} !timeout", (), "unavailable"),
        (f"{POINTER} !servfail", (), "unavailable"),
        (f"{POINTER} !timeout", (), "unavailable"),
        (f"{POINTER} !refused", (), "unavailable"),
    ],
)
async def test_an_address_has_a_name_that_leads_back(zone: str, outcomes: tuple[str, ...], status: str) -> None:
    attempt = await seen(zone, ptr, IP)
    assert (attempt.outcomes, attempt.status, attempt.subject) == (outcomes, status, IP)


async def test_an_ipv6_address_is_confirmed_by_its_value_and_not_its_spelling() -> None:
    replies = [
        DnsReply(f"{'0.' * 7}1.{'0.' * 16}8.b.d.0.1.0.0.2.ip6.arpa", "PTR", "answer", (HOST,)),
        DnsReply(HOST, "AAAA", "answer", ("2001:DB8:0:0:0:0:1000:0",)),
    ]
    attempt = await made(RecordedNetwork(replies), ptr, "2001:db8::1000:0")
    assert (attempt.outcomes, attempt.facts["confirmed"]) == ((), [HOST])
