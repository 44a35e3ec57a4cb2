"""Where a check may connect: what looks public and leads inside is refused, however it is written."""

from __future__ import annotations

import ipaddress

import pytest

from diagnostics.checks.scope import Guarded, OutOfScopeError, Scope
from diagnostics.network.live import LiveNetwork
from diagnostics.network.recorded import RecordedNetwork

INSIDE = (
    "127.0.0.1",
    "10.0.0.5",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "169.254.169.254",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "fec0::1",
    "ff02::1",
    "4000::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:0:7f00:1",
    "2002:7f00:1::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
)
NO_ADDRESSES = ("2130706433", "0x7f000001", "127.1", "017700000001", "127.0.0.1\n", " 127.0.0.1", "localhost", "")


@pytest.mark.parametrize("address", INSIDE)
async def test_what_leads_inside_is_never_connected_to(address: str) -> None:
    network = RecordedNetwork()
    with pytest.raises(OutOfScopeError, match="not a public address"):
        await Guarded(network, Scope()).connect(address, 25)
    assert network.connected == []


@pytest.mark.parametrize("address", NO_ADDRESSES)
async def test_another_way_to_write_an_address_is_none(address: str) -> None:
    assert Scope().refusal(address, 25) == "This is not an IP address."
    with pytest.raises(ValueError, match="does not appear to be"):
        await LiveNetwork([("127.0.0.1", 1)]).connect(address, 25)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_what_is_public_is_open_on_the_ports_of_mail_only(address: str) -> None:
    assert Scope().refusal(address, 25) == ""
    for port in (0, 22, 80, 3389, 5432, 8080, 70_000):
        assert "not a port of mail" in Scope().refusal(address, port)


def test_the_operator_opens_and_closes_and_closing_wins() -> None:
    opened, closed = (ipaddress.ip_network(text) for text in ("10.0.0.0/8", "10.1.0.0/16"))
    scope = Scope(allow=(opened,), deny=(closed,))
    assert scope.refusal("10.2.0.1", 25) == ""
    for address in ("10.1.0.1", "::ffff:10.1.0.1", "64:ff9b::a01:1"):
        assert "MAILFLOW_CHECK_DENY" in scope.refusal(address, 25)
    assert "not a public address" in scope.refusal("192.168.0.1", 25)
