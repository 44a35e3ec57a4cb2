"""Delivery status fields (RFC 3464), as they are and as pasting leaves them."""

# ruff: noqa: E501  pasted lines stay whole, as people paste them

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.artefacts import Artefact
from diagnostics.facts import Reply
from diagnostics.recognisers import recognise
from diagnostics.text import Paste
from tests.diagnostics.recognisers.bounces import STATUS


def read(text: str) -> Artefact:
    found = recognise(Paste.of(text))
    assert [each.kind for each in found] == ["delivery-status"]
    return found[0]


def replies(text: str) -> list[Reply]:
    return [fact for fact in read(text).facts if isinstance(fact, Reply)]


def recipient(address: str, action: str, status: str, diagnostic: str) -> str:
    return f"Final-Recipient: rfc822;{address}\nAction: {action}\nStatus: {status}\nDiagnostic-Code: smtp;{diagnostic}"


def test_a_block_with_a_folded_line() -> None:
    artefact = read(STATUS)
    (reply,) = replies(STATUS)
    assert (reply.code, reply.enhanced, reply.kind) == (550, "5.7.606", "dsn")
    assert (reply.by, reply.recipient, reply.source.line) == ("mx1.fabrikam.com", "bob@fabrikam.com", 10)
    assert artefact.shown == {
        "recipients": [
            {
                "address": "bob@fabrikam.com",
                "action": "failed",
                "status": "5.7.1",
                "smtp_reply": "550",
                "diagnostic": "550 5.7.606 Service unavailable, Client host [203.0.113.10] blocked using zen.example.org",
                "remote_mta": "mx1.fabrikam.com",
            }
        ],
        "reporting_mta": "EX01.corp.contoso.com",
        "message_id": "",
        "subject": "",
    }


def test_the_number_in_the_diagnostic_beats_the_status() -> None:
    (reply,) = replies(recipient("a@b.org", "failed", "5.0.0", "550 5.1.1 User unknown"))
    assert reply.enhanced == "5.1.1"
    assert (
        read(recipient("a@b.org", "failed", "5.0.0", "550 5.1.1 User unknown")).shown["recipients"][0]["status"]
        == "5.1.1"
    )


def test_without_a_number_in_the_diagnostic_the_status_counts() -> None:
    (reply,) = replies(recipient("a@b.org", "failed", "5.4.6", "too many hops"))
    assert (reply.code, reply.enhanced) == (0, "5.4.6")


def test_without_a_remote_server_the_reporter_decided() -> None:
    (reply,) = replies(STATUS.replace("Remote-MTA: dns;mx1.fabrikam.com\n", ""))
    assert reply.by == "ex01.corp.contoso.com"


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_success_is_no_failure(action: str) -> None:
    text = recipient("a@b.org", action, "2.1.5", "250 2.1.5 OK")
    assert replies(text) == []
    assert read(text).shown["recipients"][0]["action"] == action


def test_lost_blank_lines_and_lost_folds() -> None:
    text = "\n".join(
        line.removeprefix(" ")
        for line in (STATUS + recipient("eve@fabrikam.com", "delayed", "4.4.1", "441 4.4.1 no answer")).split("\n")
        if line.strip()
    )
    first, second = replies(text)
    assert "zen.example.org" in first.whole
    assert (second.recipient, second.code) == ("eve@fabrikam.com", 441)


def test_two_notifications() -> None:
    found = recognise(Paste.of(STATUS + "\n" + STATUS.replace("bob@", "eve@")))
    assert [each.shown["recipients"][0]["address"] for each in found] == [
        "bob@fabrikam.com",
        "eve@fabrikam.com",
    ]


def test_other_systems_types() -> None:
    text = "Reporting-MTA: dns; relay1.contoso.com\n\nFinal-Recipient: rfc822; a@b.org\nAction: failed\nStatus: 5.4.4\nDiagnostic-Code: X-Postfix; Host or domain name not found"
    (reply,) = replies(text)
    assert (reply.enhanced, reply.text) == ("5.4.4", "5.4.4 Host or domain name not found")


def test_a_recipient_that_is_named_last() -> None:
    text = "Reporting-MTA : dns;gw.contoso.com\nAction : failed\nStatus : 5.0.0\nDiagnostic-Code : smtp;550 5.1.1 no\nOriginal-Recipient : rfc/822;a@b.org\nFinal-Recipient : rfc/822;a@b.org"
    (reply,) = replies(text)
    assert (reply.code, reply.enhanced, reply.recipient) == (550, "5.1.1", "a@b.org")


def test_a_route_into_the_store_is_no_address() -> None:
    text = (
        "Original-Recipient: rfc822;a@b.org\nFinal-Recipient: rfc822;@mx.b.org:a@store\nAction: failed\nStatus: 5.2.0"
    )
    (reply,) = replies(text)
    assert reply.recipient == "a@b.org"


def test_what_a_program_ended_with_is_no_reply() -> None:
    (reply,) = replies("Final-Recipient: rfc822;a@b.org\nAction: failed\nStatus: 5.3.0\nDiagnostic-Code: X-Unix; 255")
    assert (reply.enhanced, reply.failing) == ("5.3.0", True)


def test_fields_of_something_else_beside_it_are_let_go() -> None:
    text = f"Status: Retry\n\nhello\n\n{STATUS}"
    assert 0 not in read(text).claims


_LINES = STATUS.split("\n")


@given(st.lists(st.sampled_from(_LINES), max_size=30))
@settings(max_examples=100)
def test_shuffled_fields_stay_within_their_lines(lines: list[str]) -> None:
    for artefact in recognise(Paste.of("\n".join(lines))):
        assert 1 <= artefact.first <= artefact.last <= len(lines)
        assert artefact.kind == "delivery-status"
        assert all(lines[fact.source.line - 1].strip() == fact.source.quote for fact in artefact.facts)


@pytest.mark.parametrize(
    ("words", "host"),
    [
        ("connect to in1.fabrikam.com[203.0.113.81]:25: Connection timed out", "in1.fabrikam.com"),
        ("lost connection with in1.fabrikam.com[203.0.113.81] while sending RCPT TO", "in1.fabrikam.com"),
        ("SMTPUTF8 is required, but was not offered by host in1.fabrikam.com[203.0.113.81]", "in1.fabrikam.com"),
        ("Connection refused by in1.fabrikam.com.", "in1.fabrikam.com"),
        ('unknown user: "dispo"', "relay3.contoso.com"),
    ],
)
def test_a_reporter_that_names_another_host_speaks_of_that_one(words: str, host: str) -> None:
    text = f"Reporting-MTA: dns; relay3.contoso.com\n\n{recipient('dispo@fabrikam.com', 'failed', '5.4.1', words)}"
    (reply,) = replies(text)
    assert reply.host == host
