"""Connectivity logs: what was tried, what DNS said, what got through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.facts import ConnectFailed, Reply, SmtpReached, Stage
from diagnostics.mail_facts import ClientError
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts, one

HEADER = """#Software: Microsoft Exchange Server
#Version: 15.0.0.0
#Log-Type: Transport Connectivity Log
#Date: 2026-11-18T08:00:00.120Z
#Fields: date-time,session,source,Destination,direction,description
"""
SESSION = "08DE2A6B91C0F5C8"


def row(description: str, direction: str = ">", second: int = 10, session: str = SESSION) -> str:
    return f"2026-11-18T08:21:{second}.014Z,{session},SMTP,mail.fabrikam.com,{direction},{description}"


@pytest.mark.parametrize("header", ["", HEADER])
@pytest.mark.parametrize(
    ("told", "kind", "number"),
    [
        ("TimedOut:0000274C", "timeout", 10060),
        ("ConnectionRefused:0000274D", "refused", 10061),
        ("HostUnreachable:00002751", "unreachable", 10065),
        ("NetworkUnreachable:00002743", "unreachable", 10051),
    ],
)
def test_a_connection_that_did_not_open(header: str, told: str, kind: str, number: int) -> None:
    rows = [row(f"Failed connection to 198.51.100.25:25 ({told})[TargetHost:mail.fabrikam.com:25|MarkedUnhealthy]")]
    rows.append(row("Messages: 0 Bytes: 0 (Attempting next target)", "-", 31))
    failed = one(header + "\n".join(rows), ConnectFailed)
    assert (failed.kind, failed.winsock, failed.ip) == (kind, number, "198.51.100.25")
    assert (failed.host, failed.session, failed.at) == ("mail.fabrikam.com", SESSION, "2026-11-18T08:21:10.014Z")


def test_a_failed_look_up_is_told_once() -> None:
    text = "\n".join(
        [
            row("DnsConnectorDelivery 8f3a2b10;QueueLength=4", "+", 10),
            row("DNS server returned ErrorRetry reported by 192.0.2.53", ">", 11),
            row("Messages: 0 Bytes: 0 (Failed: DNS query failed)", "-", 12),
        ]
    )
    reply = one(text, Reply)
    error = one(text, ClientError)
    assert reply.whole == error.text == "DNS server returned ErrorRetry reported by 192.0.2.53"
    assert (reply.source.line, reply.code, reply.enhanced) == (2, 0, "")


def test_the_closing_reason_counts_where_no_row_before_told_it() -> None:
    reply = one(row("Messages: 0 Bytes: 0 (Retry : Service not active)", "-"), Reply)
    assert reply.text == "Retry : Service not active"


def test_a_delivery_is_healthy() -> None:
    text = "\n".join([row("Established connection to 198.51.100.25:25"), row("Messages: 3 Bytes: 41022 ()", "-", 31)])
    (artefact,) = artefacts(HEADER + text)
    assert (artefact.kind, artefact.first, artefact.last) == ("connectivity-log", 1, 7)
    assert (artefact.shown["connected"], artefact.shown["delivered"]) == (1, 1)
    assert one(text, SmtpReached).stage is Stage.DELIVERED
    assert not facts(text, Reply)
    assert not facts(text, ConnectFailed)


def test_dns_that_answers_is_no_failure() -> None:
    assert not facts(row("DNS server returned Success reported by 192.0.2.53"), Reply)


@given(st.sampled_from([79, 80, 99, 119, 120]))
def test_a_console_wraps_rows(width: int) -> None:
    whole = row(
        "Failed connection to 198.51.100.25:25 (TimedOut:0000274C)[TargetHost:mail.fabrikam.com:25|MarkedUnhealthy]"
    )
    wrapped = "\n".join(whole[at : at + width] for at in range(0, len(whole), width))
    assert one(wrapped, ConnectFailed).ip == "198.51.100.25"


@given(damaged(HEADER + row("Failed connection to 198.51.100.25:25 (TimedOut:0000274C)") + "\n" + row('"x', "-")))
def test_damage_never_raises(text: str) -> None:
    artefacts(text)


@pytest.mark.parametrize("text", CHATTER)
def test_chatter_is_none(text: str) -> None:
    assert not [each for each in artefacts(text) if each.kind == "connectivity-log"]
