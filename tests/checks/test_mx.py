"""Where a domain's mail goes: each word about its MX records, and what comes close to it."""

from __future__ import annotations

import pytest

from diagnostics.checks.mx import Exchanger, exchangers
from diagnostics.network import DnsReply
from diagnostics.network.recorded import RecordedNetwork
from tests.checks.lab import DOMAIN, detail, made, run_on, seen

MAIL = "mail.contoso.test"
ADDRESS = f"{MAIL} A 127.0.0.10"
MX = f"{DOMAIN} MX"

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.mark.parametrize(
    ("zone", "outcomes"),
    [
        (f"{MX} 10 {MAIL}\n{ADDRESS}", ()),
        (f"{MX} 10 {MAIL}\n{ADDRESS}\n{MAIL} AAAA ::1", ()),
        (f"{MX} 10 {MAIL}\n{ADDRESS}\n{MX} 20 six.test\nsix.test AAAA ::1", ()),  # the other one has IPv4
        (f"{MX} 0 .", ("mx_null",)),
        (f"{MX} 10 .", ("mx_null",)),
        (f"{MX} 0 .\n{MX} 10 {MAIL}\n{ADDRESS}", ("mx_no_address",)),  # RFC 7505, 3: not a null MX then
        (f"{DOMAIN} A 127.0.0.10", ("mx_missing_a_fallback",)),
        (f"{DOMAIN} AAAA ::1", ("mx_missing_a_fallback",)),
        (f"{DOMAIN} TXT x", ("mx_no_address",)),
        (f"{DOMAIN} TXT x\n{DOMAIN} !servfail A AAAA", ("dns_servfail",)),
        (f"{MX} 10 alias.test\nalias.test CNAME {MAIL}\n{ADDRESS}", ("mx_cname",)),
        (f"{MX} 10 127.0.0.10", ("mx_is_ip",)),
        (f"{MX} 10 127.0.0.10\n127.0.0.10 A 127.0.0.10", ("mx_is_ip",)),  # a lenient resolver doesn't make it right
        (f"{MX} 10 gone.test", ("mx_no_address",)),
        (f"{MX} 10 empty.test\nempty.test TXT x", ("mx_no_address",)),
        (f"{MX} 10 {MAIL}\n{ADDRESS}\n{MX} 20 gone.test", ("mx_no_address",)),
        (f"{MX} 10 alias.test\nalias.test CNAME gone.test", ("mx_cname", "mx_no_address")),  # two faults, both there
        (f"{MX} 10 {MAIL}\n{MAIL} AAAA ::1", ("mx_ipv6_only",)),
        (f"{MX} 10 {MAIL}\n{MAIL} AAAA ::1\n{MX} 20 gone.test", ("mx_no_address", "mx_ipv6_only")),
        (f"{MX} 10 {MAIL}\n{MAIL} AAAA ::1\n{MAIL} !servfail A", ()),  # whether it has IPv4 is not known
        (f"{MX} 10 {MAIL}\n{MAIL} !servfail", ("dns_servfail",)),
        (f"{MX} 10 {MAIL}\n{MAIL} !timeout", ("dns_timeout",)),
        (f"{MX} 10 {MAIL}\n{MAIL} !refused", ()),
        ("other.test A 127.0.0.1", ("dns_nxdomain",)),
        (f"{DOMAIN} !servfail", ("dns_servfail",)),
        (f"{DOMAIN} !timeout", ("dns_timeout",)),
        (f"{DOMAIN} !refused", ()),
    ],
)
async def test_mx_records_are_named_in_their_own_words(zone: str, outcomes: tuple[str, ...]) -> None:
    attempt = await seen(zone, exchangers, DOMAIN)
    assert (attempt.outcomes, attempt.check, attempt.subject) == (outcomes, "mx", DOMAIN)


@pytest.mark.parametrize("zone", [f"{DOMAIN} !refused", f"{MX} 10 {MAIL}\n{MAIL} !refused"])
async def test_a_resolver_that_refuses_us_says_nothing_about_the_domain(zone: str) -> None:
    attempt = await seen(zone, exchangers, DOMAIN)
    assert attempt.status == "unavailable"
    assert "the resolver refused" in attempt.reason


async def test_what_can_be_followed_comes_back_best_preference_first() -> None:
    replies = [
        DnsReply(DOMAIN, "MX", "answer", ("20 b.test", "10 z.test", "20 a.test", "20 a.test")),
        DnsReply("z.test", "A", "answer", ("203.0.113.9",)),
        DnsReply("a.test", "AAAA", "answer", ("2001:db8::1",)),
    ]
    run = run_on(RecordedNetwork(replies))
    assert await exchangers(run, DOMAIN) == (
        Exchanger("z.test", 10, ("203.0.113.9",)),
        Exchanger("a.test", 20, ("2001:db8::1",)),
        Exchanger("b.test", 20, ()),
    )
    assert detail(run.attempts[0], "mx_no_address") == "b.test does not exist in DNS"


async def test_without_an_mx_record_the_domain_is_its_own_mail_server() -> None:
    run = run_on(RecordedNetwork([DnsReply(DOMAIN, "A", "answer", ("203.0.113.9",))]))
    assert await exchangers(run, DOMAIN) == (Exchanger(DOMAIN, 0, ("203.0.113.9",)),)


async def test_each_host_with_the_same_fault_is_named() -> None:
    attempt = await seen(f"{MX} 10 gone.test\n{MX} 20 lost.test", exchangers, DOMAIN)
    assert detail(attempt, "mx_no_address") == "gone.test does not exist in DNS; lost.test does not exist in DNS"


async def test_an_address_that_nobody_outside_can_reach_is_a_fact() -> None:
    attempt = await seen(f"{MX} 10 {MAIL}\n{ADDRESS}", exchangers, DOMAIN)
    assert attempt.facts["hosts"][0]["not_public"] == ["127.0.0.10"]


async def test_a_long_list_is_bounded_and_says_so() -> None:
    values = tuple(f"{number} mx{number}.test" for number in range(60))
    network = RecordedNetwork([DnsReply(DOMAIN, "MX", "answer", values)])
    attempt = await made(network, exchangers, DOMAIN)
    assert len(attempt.facts["hosts"]) == 10
    assert attempt.facts["not_looked_at"] == 50
    assert len(network.asked) < 50


async def test_names_as_long_as_names_can_be_and_names_of_odd_bytes_are_read() -> None:
    longest = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])
    attempt = await seen(f"{MX} 10 {longest}\n{MX} 20 \\000\\255\\046.test", exchangers, DOMAIN)
    assert attempt.outcomes == ("mx_no_address",)
    assert attempt.status == "done"
    assert [len(host["host"]) for host in attempt.facts["hosts"]] == [253, len("\\000\\255\\..test")]
