"""Connections tried by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.facts import ConnectFailed
from diagnostics.looked_facts import PortTest
from tests.diagnostics.recognisers.reading import CHATTER, damaged, facts, one

LIST = """WARNING: TCP connect to (52.101.73.12 : 25) failed
WARNING: Ping to 52.101.73.12 failed with status: TimedOut


ComputerName           : contoso-com.mail.protection.outlook.com
RemoteAddress          : 52.101.73.12
RemotePort             : 25
InterfaceAlias         : Ethernet0
PingSucceeded          : False
TcpTestSucceeded       : False"""

COULD_NOT = "Could not open connection to the host, on port 25: Connect failed"
KEINE = "Es konnte keine Verbindung mit diesem Hostnamen hergestellt werden, auf Port 25: Verbinden fehlgeschlagen"


def test_a_failed_test_counts_once() -> None:
    found = one(LIST, PortTest)
    assert (found.succeeded, found.port, found.ip) == (False, 25, "52.101.73.12")
    assert (found.host, found.source.line) == ("contoso-com.mail.protection.outlook.com", 10)


def test_ping_is_meaningless() -> None:
    text = LIST.split("\n\n\n")[1].replace("TcpTestSucceeded       : False", "TcpTestSucceeded       : True")
    assert one(text, PortTest).succeeded


def test_two_destinations() -> None:
    other = LIST.replace("52.101.73.12", "142.250.1.27").replace("contoso-com.mail.protection.outlook.com", "gmail.com")
    assert [test.host for test in facts(f"{LIST}\n\n{other}", PortTest)] == [
        "contoso-com.mail.protection.outlook.com",
        "gmail.com",
    ]


def test_a_table() -> None:
    text = "ComputerName     RemotePort TcpTestSucceeded\n------------     ---------- ----------------\n"
    text += "mx1.fabrikam.com         25            False\ngmail.com               587             True"
    assert [(t.host, t.port, t.succeeded) for t in facts(text, PortTest)] == [
        ("mx1.fabrikam.com", 25, False),
        ("gmail.com", 587, True),
    ]


@pytest.mark.parametrize(
    ("text", "succeeded", "host", "ip", "port"),
    [
        ("WARNING: TCP connect to (1.2.3.4 : 587) failed", False, "", "1.2.3.4", 587),
        ("AVERTISSEMENT : TCP connect to mx1.fabrikam.com:25 failed", False, "mx1.fabrikam.com", "", 25),
        (f"C:\\>telnet mx1.fabrikam.com 25\nConnecting To mx1.fabrikam.com...{COULD_NOT}", False, "mx1.fabrikam.com", "", 25),
        (f"Verbindungsaufbau zu mx1.fabrikam.com...{KEINE}", False, "mx1.fabrikam.com", "", 25),
        (
            "$ telnet mx1.fabrikam.com 2525\nTrying 198.51.100.7...\ntelnet: connect to address 198.51.100.7: Connection refused",
            False, "", "198.51.100.7", 2525,
        ),
        ("$ telnet mx1.fabrikam.com 25\nTrying 198.51.100.7\nConnected to mx1.fabrikam.com.", True, "mx1.fabrikam.com", "", 25),
        ("nc: connect to mail.contoso.com port 25 (tcp) failed: Connection timed out", False, "mail.contoso.com", "", 25),
        ("Connection to mail.contoso.com (203.0.113.9) 25 port [tcp/smtp] succeeded!", True, "mail.contoso.com", "", 25),
        ("mx [203.0.113.9] 25 (smtp) : Connection refused", False, "", "203.0.113.9", 25),
    ],
)  # fmt: skip
def test_one_line(text: str, succeeded: bool, host: str, ip: str, port: int) -> None:
    found = one(text, PortTest)
    assert (found.succeeded, found.host, found.ip, found.port) == (succeeded, host, ip, port)


@pytest.mark.parametrize(
    "text", [*CHATTER, "Did you check Test-NetConnection on port 25?", "Connected to mx1.fabrikam.com."]
)
def test_chatter_is_no_test(text: str) -> None:
    assert not facts(text, PortTest)


@given(st.one_of(damaged(LIST), st.text(alphabet="telnco :.25(sptf)[]\n", max_size=200)))
@settings(max_examples=100)
def test_damage_never_raises(text: str) -> None:
    for found in facts(text, PortTest):
        assert 0 <= found.port < 100_000


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "PS C:\\> Test-NetConnection mail.contoso.com -Port 25 -InformationLevel Quiet\nFalse",
            (False, 25, "mail.contoso.com"),
        ),
        (
            "PS> tnc mx.contoso.com -Port 587 -InformationLevel Quiet\nWARNING: TCP connect to (192.0.2.1 : 587) failed\nFalse",
            (False, 587, "mx.contoso.com"),
        ),
        ("PS C:\\> tnc mail.contoso.com -InformationLevel Quiet -Port 25\n\nTrue", (True, 25, "mail.contoso.com")),
        (
            "*** Error connecting to mail.contoso.com:25:\n***     IO::Socket::INET6: connect: Connection refused",
            (False, 25, "mail.contoso.com"),
        ),
        ("Could not connect to 203.0.113.10:25: Connection timed out", (False, 25, "")),
    ],
)
def test_what_other_tools_print(text: str, told: tuple[bool, int, str]) -> None:
    found = [fact for fact in facts(text, PortTest) if fact.host == told[2]]
    assert [(fact.succeeded, fact.port, fact.host) for fact in found] == [told]


def test_swaks_was_refused() -> None:
    text = "*** Error connecting to mail.contoso.com:25:\n***     IO::Socket::INET6: connect: Connection refused"
    assert one(text, ConnectFailed).kind == "refused"


@pytest.mark.parametrize(
    "text", ["True", "Test-NetConnection -InformationLevel Quiet prints True or False", "is it\nFalse"]
)
def test_a_word_alone_is_none(text: str) -> None:
    assert not facts(text, PortTest)
