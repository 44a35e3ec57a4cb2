"""Reply text: wrappers peeled from outside in, codes read in the forms people type, and words told as facts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.facts import (
    CertificateRejected,
    ConnectFailed,
    ConnectionDropped,
    Fact,
    Reply,
    Source,
    StarttlsNotOffered,
    TlsFailed,
)
from diagnostics.recognisers.reply_text import codes, find_codes, read_reply, unwrapped

HERE = Source(1, "")
LED = "[{{LED={};{{MSG={}}};{{FQDN=mx1.fabrikam.com}};{{IP=198.51.100.25}};{{LRT=18.11.2026 08:31:02}}]"


def reply(text: str) -> Reply:
    found = read_reply(text, HERE, kind="bare")[0]
    assert isinstance(found, Reply)
    return found


def stated(text: str, kind: type[Fact]) -> list[Any]:
    return [fact for fact in read_reply(text, HERE, kind="bare") if isinstance(fact, kind)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("550 5.7.1 x", (550, "5.7.1")),
        ("550-5.7.1 x", (550, "5.7.1")),
        ("#550 5.7.1 x ##", (550, "5.7.1")),
        ("421.4.4.2 x", (421, "4.4.2")),
        ("421 4.4 2 x", (421, "4.4.2")),
        ("550: 5.7.1: x", (550, "5.7.1")),
        ("550 550 5.1.1 x", (550, "5.1.1")),
        ("(535, b'5.7.139 x", (535, "5.7.139")),
        ("4.4.7 QUEUE.Expired", (0, "4.4.7")),
        ("550 Rejected", (550, "")),
        ("id 15.2.1748.10", (0, "")),
        ("from 4.4.8.8 or 10.5.7.1 or 5.7.1.20", (0, "")),
        ("5.1.11", (0, "5.1.11")),
        ("", (0, "")),
    ],
)
def test_codes(text: str, expected: tuple[int, str]) -> None:
    assert codes(text) == expected


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        (
            '451 4.4.0 Primary target IP address responded with: "421 4.2.1 Unable to connect." Attempted',
            "421 4.2.1 Unable to connect.",
        ),
        (
            '451 4.4.0 Primary target IP address responded with: "421 4.2.1 Unable to conn',
            "421 4.2.1 Unable to conn",
        ),
        (
            "451 4.4.0 Primary Target IP address responded 421 4.2.1 unable to connect. Attempted failover",
            "421 4.2.1 unable to connect",
        ),
        (
            "550 5.4.300 Message expired -> 451 4.4.397 Error -> 421 4.4.2 Connection dropped",
            "421 4.4.2 Connection dropped",
        ),
        (
            "550 5.4.317 Message expired, cannot connect to remote server(451 5.7.3 STARTTLS is required)",
            "451 5.7.3 STARTTLS is required",
        ),
        (
            "550 5.4.316 Message expired, connection refused(Socket error code 10061)",
            "Socket error code 10061",
        ),
        (
            "450 4.4.317 Cannot connect [Message=451 5.7.3 STARTTLS is required",
            "451 5.7.3 STARTTLS is required",
        ),
        (
            "450 4.4.317 x [Message=550 5.7.1 Client [203.0.113.1] blocked] [y]",
            "550 5.7.1 Client [203.0.113.1] blocked",
        ),
        ("Remote Server returned '550 5.7.1 you don't may'", "550 5.7.1 you don't may"),
        (LED.format("550 5.7.51 A; b = c [x];{y}", ""), "550 5.7.51 A; b = c [x];{y"),
        (
            "[<LRI-2019>; <led-454 4.7.0 Temporary authentication failure.>;<FQDN-a.b.c>]",
            "454 4.7.0 Temporary authentication failure.",
        ),
        (
            "SmtpException: The server response was: 5.7.57 Client not authenticated",
            "5.7.57 Client not authenticated",
        ),
        ("550 4.4.7 QUEUE.Expired; message expired", "550 4.4.7 QUEUE.Expired; message expired"),
    ],
)
def test_the_innermost_reply_wins(text: str, inner: str) -> None:
    assert unwrapped(text)[0] == inner


def test_a_detail_in_the_msg_field_is_the_innermost() -> None:
    found = reply(LED.format("450 4.7.320 Certificate validation failed}", "SubjectMismatch"))
    assert (found.code, found.enhanced, found.text) == (450, "4.7.320", "SubjectMismatch")
    assert (found.host, found.ip) == ("mx1.fabrikam.com", "198.51.100.25")


@pytest.mark.parametrize("cut", range(10, 120, 3))
def test_a_led_block_cut_off_anywhere_keeps_its_code(cut: int) -> None:
    text = LED.format(
        "451 4.4.397 Error communicating with target host. -> 421 4.4.2 Connection dropped due to SocketError}",
        "",
    )
    found = reply(text[: 20 + cut])
    assert (found.code, found.enhanced) in {(451, "4.4.397"), (421, "4.4.2"), (421, "")}


def test_an_inner_socket_error_has_the_code_of_the_layer_around_it() -> None:
    found = reply("451 4.4.397 Error. -> 421 4.2.1 Unable to connect -> SocketTimedout: Socket error code 10060")
    assert (found.code, found.enhanced) == (421, "4.2.1")


@pytest.mark.parametrize(
    ("text", "kind", "winsock"),
    [
        (
            '441 4.4.1 Error: "Failed to connect. Winsock error code: 10060, Win32 error code: 10060."',
            "timeout",
            10060,
        ),
        ("450 4.4.316 Connection refused [Message=Socket error code 10061]", "refused", 10061),
        ("connect to mail.fabrikam.org[203.0.113.10]:25: Connection timed out", "timeout", 0),
        (
            "No connection could be made because the target machine actively refused it 203.0.113.10:25",
            "refused",
            0,
        ),
        ("connect to mail.fabrikam.org[203.0.113.10]:25: No route to host", "unreachable", 0),
    ],
)
def test_a_connection_that_did_not_open(text: str, kind: str, winsock: int) -> None:
    (failed,) = stated(text, ConnectFailed)
    assert (failed.kind, failed.winsock) == (kind, winsock)


@pytest.mark.parametrize("text", ["421 4.2.1 Unable to connect", "421 4.4.2 Connection dropped due to ConnectionReset"])
def test_what_does_not_say_that_tcp_failed(text: str) -> None:
    assert stated(text, ConnectFailed) == []


@pytest.mark.parametrize(
    "text",
    [
        "421 4.4.2 Connection dropped due to SocketError",
        "421 4.4 2 connection dropped due to socket error",
        "421 4.4.2 接続 SocketError",
    ],
)
def test_an_open_session_that_broke(text: str) -> None:
    assert [fact.reason for fact in stated(text, ConnectionDropped)] == ["SocketError"]


def test_tls_words() -> None:
    assert [f.error for f in stated("TLS negotiation failed with error socket error", TlsFailed)] == ["SocketError"]
    assert len(stated("450 4.4.317 x [Message=451 5.7.3 STARTTLS is required to send mail]", StarttlsNotOffered)) == 1
    assert stated("530 5.7.0 Must issue a STARTTLS command first", StarttlsNotOffered) == []
    (rejected,) = stated(
        "450 4.4.317 Cannot connect to remote server [Message=SubjectMismatch Expected Subject: mail.contoso.com. "
        "Presented Subject: CN=EX01. Thumbprint:3C0FFEE1A2B3C4D5E6F708192A3B4C5D6E7F8091.]",
        CertificateRejected,
    )
    assert (rejected.reason, rejected.expected, rejected.presented) == (
        "SubjectMismatch",
        "mail.contoso.com",
        "CN=EX01",
    )
    assert rejected.thumbprint == "3C0FFEE1A2B3C4D5E6F708192A3B4C5D6E7F8091"


def test_the_server_tag_says_who_spoke_unless_the_reply_is_quoted() -> None:
    tag = "[AM6EUR05FT041.eop-eur05.prod.protection.outlook.com 2026-11-18T08:31:02.118Z 08DE1F4F6C1A0C01]"
    assert reply(f"550 5.7.64 Relay Access Denied {tag}").by == "am6eur05ft041.eop-eur05.prod.protection.outlook.com"
    assert reply(f"450 4.4.316 Connection refused [Message=Socket error code 10061] {tag}").by == ""


def test_a_reply_of_several_lines_repeats_its_code() -> None:
    text = "550-Verification failed for <a@b>\n550-No such user\n550 Sender verify failed"
    assert reply(text).text == "550-Verification failed for <a@b> No such user Sender verify failed"


@given(st.text(max_size=200))
def test_any_text_has_a_reply(text: str) -> None:
    found = read_reply(text, HERE, kind="bare")
    assert isinstance(found[0], Reply)
    assert len(found[0].wrappers) <= 8


@given(st.integers(400, 599), st.integers(0, 999), st.integers(0, 999), st.text("abc .;", max_size=20))
def test_a_code_is_found_wherever_it_stands(code: int, subject: int, detail: int, before: str) -> None:
    enhanced = f"5.{subject}.{detail}"
    found = list(find_codes(f"{before} {code} {enhanced} text"))
    assert [(each.basic, each.enhanced) for each in found] == [(code, enhanced)]


@pytest.mark.parametrize("text", ["显示550 5.1.1 User unknown的错误", "エラー550 5.1.1です", "오류550 5.1.1가 발생"])
def test_a_code_between_letters_that_need_no_spaces_is_found(text: str) -> None:
    assert [(each.basic, each.enhanced) for each in find_codes(text)] == [(550, "5.1.1")]
    assert not list(find_codes("x5.1.1 or 5.1.1b"))


def test_google_tells_of_each_host_that_it_tried() -> None:
    text = "The recipient server did not accept our requests to connect. [mx1.contoso.com. 203.0.113.9: timed out] "
    text += "[mx2.contoso.com 2001:db8::9: Connection refused]"
    assert [(each.host, each.ip, each.kind, each.reporter) for each in stated(text, ConnectFailed)] == [
        ("mx1.contoso.com", "203.0.113.9", "timeout", "google.com"),
        ("mx2.contoso.com", "2001:db8::9", "refused", "google.com"),
    ]
    assert [each.reporter for each in stated(text.partition(" [")[0], ConnectFailed)] == ["google.com"]


def test_who_tells_of_a_connection_in_a_bounce() -> None:
    text = "451 4.4.0 connect to mx1.contoso.com[203.0.113.9]:25: Connection timed out"
    found = read_reply(text, HERE, kind="dsn", reporter="Mout.GMX.net")
    assert [each.reporter for each in found if isinstance(each, ConnectFailed)] == ["mout.gmx.net"]
