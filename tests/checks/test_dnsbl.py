"""Block lists: a listing, and all the answers that are none."""

from __future__ import annotations

import pytest

from diagnostics.checks.dnsbl import dnsbl
from diagnostics.network import DnsReply
from diagnostics.network.recorded import RecordedNetwork
from tests.checks.lab import detail, made, seen

ZONE = "bl.test"
IP = "203.0.113.9"
NAME = f"9.113.0.203.{ZONE}"

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.mark.parametrize(
    ("zone", "outcomes", "state", "status"),
    [
        (f"2.0.0.127.{ZONE} A 127.0.0.2", (), "clean", "done"),
        (f"{NAME} TXT x", (), "clean", "done"),
        (f"{NAME} A 127.0.0.2", ("dnsbl_listed",), "listed", "done"),
        (f"{NAME} A 127.0.0.10\n{NAME} A 127.0.0.4", ("dnsbl_listed",), "listed", "done"),
        (f"{NAME} A 127.0.0.2\n1.0.0.127.{ZONE} A 127.0.0.2", ("dnsbl_query_refused",), "refused", "done"),
        (f"{NAME} A 127.255.255.252", ("dnsbl_query_refused",), "refused", "done"),
        (f"{NAME} A 127.255.255.254", ("dnsbl_query_refused",), "refused", "done"),
        (f"{NAME} A 127.255.255.255", ("dnsbl_query_refused",), "refused", "done"),
        (f"{NAME} A 127.0.0.1", ("dnsbl_query_refused",), "refused", "done"),
        (f"*.{ZONE} A 192.0.2.80", ("dnsbl_query_refused",), "refused", "done"),
        (f"{NAME} !servfail", (), "unknown", "unavailable"),
        (f"{NAME} !timeout", (), "unknown", "unavailable"),
        (f"{NAME} !refused", (), "unknown", "unavailable"),
    ],
)
async def test_only_a_listing_is_a_listing(zone: str, outcomes: tuple[str, ...], state: str, status: str) -> None:
    attempt = await seen(zone, dnsbl, IP, dnsbl_zones=(ZONE,))
    assert (attempt.outcomes, attempt.facts["zones"][ZONE]["state"], attempt.status) == (outcomes, state, status)


async def test_each_list_answers_for_itself() -> None:
    zone = (
        f"{NAME} A 127.0.0.2\n9.113.0.203.shy.test A 127.255.255.254\n9.113.0.203.gone.test !timeout\nclean.test A ::\n"
    )
    attempt = await seen(
        zone.replace("A ::", "TXT x"), dnsbl, IP, dnsbl_zones=(ZONE, "shy.test", "gone.test", "clean.test")
    )
    states = {zone: told["state"] for zone, told in attempt.facts["zones"].items()}
    assert states == {ZONE: "listed", "shy.test": "refused", "gone.test": "unknown", "clean.test": "clean"}
    assert attempt.outcomes == ("dnsbl_listed", "dnsbl_query_refused")
    assert attempt.status == "done"


async def test_the_reason_of_a_list_is_text_of_a_stranger() -> None:
    reason = "see\x1b[31m https://bl.test/why " + "x" * 5000
    replies = [DnsReply(NAME, "A", "answer", ("127.0.0.2",)), DnsReply(NAME, "TXT", "answer", (reason,))]
    attempt = await made(RecordedNetwork(replies), dnsbl, IP, dnsbl_zones=(ZONE,))
    assert detail(attempt, "dnsbl_listed").startswith(f"{ZONE} (127.0.0.2, see\\x1b[31m https://bl.test/why xxx")
    assert len(detail(attempt, "dnsbl_listed")) < 250


async def test_an_ipv6_address_is_asked_by_its_nibbles_where_the_list_holds_such() -> None:
    network = RecordedNetwork([DnsReply(f"{'1' + '.0' * 23}.8.b.d.0.1.0.0.2.{ZONE}", "A", "answer", ("127.0.0.3",))])
    attempt = await made(network, dnsbl, "2001:db8::1", dnsbl_zones=(ZONE, "bl.spamcop.net"))
    assert attempt.outcomes == ("dnsbl_listed",)
    assert attempt.facts["zones"]["bl.spamcop.net"]["state"] == "not asked"
    assert not any("spamcop" in name for name, _ in network.asked)


async def test_an_address_of_the_lab_is_looked_up_as_any_other() -> None:
    attempt = await seen(f"1.0.0.127.{ZONE} A 127.0.0.2", dnsbl, "127.0.0.1", dnsbl_zones=(ZONE,))
    assert attempt.outcomes == ("dnsbl_listed",)


async def test_without_lists_nothing_is_looked_at() -> None:
    attempt = await made(RecordedNetwork(), dnsbl, IP, dnsbl_zones=())
    assert attempt.status == "skipped"
