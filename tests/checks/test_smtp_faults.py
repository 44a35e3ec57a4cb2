"""Each word of the SMTP side: a server that has exactly this fault, and one that nearly has it and is healthy."""

from __future__ import annotations

from typing import Any

import pytest

from diagnostics.checks.outcomes import OUTCOMES
from tests.checks.smtp_lab import HASTY, Lab
from tests.fakes.smtp import (
    NAME,
    SmtpServer,
    close,
    dripping,
    endless,
    extended,
    hearing,
    late,
    reset,
    silence,
    then,
)

NO_EHLO = b"500 5.5.1 Command unrecognized\r\n"
NO_FTP = b"530 Please login with USER and PASS.\r\n"
LONG_BANNER = b"220 " + NAME.encode() + b" "


@pytest.fixture
def lab(tmp_path) -> Lab:
    return Lab.made(tmp_path)


# The words whose servers, or those that nearly have the fault, make us wait.
KEEP_WAITING = {
    "implicit_tls",
    "banner_timeout",
    "slow_banner",
    "protocol_error",
    "dropped_after_ehlo",
    "open_relay",
    "starttls_timeout",
    "starttls_injection",
}

FAULTY: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "connection_reset": [
        ("reset", {"greeting": reset}),
        ("closed without a word", {"greeting": close}),
    ],
    "not_smtp": [
        ("SSH", {"greeting": b"SSH-2.0-OpenSSH_9.6\r\n"}),
        ("POP3", {"greeting": b"+OK POP3 ready\r\n"}),
        ("IMAP", {"greeting": b"* OK IMAP4rev1 ready\r\n"}),
        ("HTTP that speaks first", {"greeting": then(b"HTTP/1.1 400 Bad Request\r\n\r\n", close)}),
        ("Telnet", {"greeting": b"\xff\xfd\x18\xff\xfd\x20"}),
        ("binary without a line", {"greeting": b"\x00\x01\x02\x03"}),
        (
            "FTP",
            {
                "greeting": b"220 (vsFTPd 3.0.5)\r\n",
                "replies": dict.fromkeys(("EHLO", "HELO"), b"530 Please login with USER and PASS.\r\n"),
            },
        ),
        ("NNTP", {"greeting": b"200 news.contoso.test ready (posting ok)\r\n"}),
    ],
    "implicit_tls": [
        ("silent until TLS", {"at_once": True}),
        ("a TLS alert at once", {"greeting": then(b"\x15\x03\x01\x00\x02\x02\x28", close)}),
    ],
    "banner_timeout": [
        ("silence", {"greeting": silence}),
        ("one byte a while", {"greeting": dripping(0.1, b"220 mail.contoso.test ESMTP\r\n")}),
        ("an unfinished greeting", {"greeting": then(b"220-mail.contoso.test\r\n", silence)}),
    ],
    "slow_banner": [("a tarpit", {"greeting": late(1.0, b"220 mail.contoso.test ESMTP\r\n")})],
    "banner_too_long": [
        ("one line of 600 KB", {"greeting": LONG_BANNER + b"x" * 600_000 + b"\r\n"}),
        ("a line of 513 bytes", {"greeting": LONG_BANNER.ljust(511, b"x") + b"\r\n"}),
        ("no end of lines", {"greeting": endless(b"220-mail.contoso.test says hello\r\n" * 50)}),
    ],
    "greeting_421": [
        ("421", {"greeting": b"421 4.3.2 Service not available\r\n"}),
        ("451", {"greeting": b"451 4.7.1 Come back later\r\n"}),
        ("421 and gone", {"greeting": then(b"421 4.7.0 Too many connections\r\n", reset)}),
    ],
    "greeting_554": [
        ("554", {"greeting": b"554 5.7.1 198.51.100.1 is blocked\r\n"}),
        ("521", {"greeting": then(b"521 mail.contoso.test does not accept mail\r\n", close)}),
    ],
    "protocol_error": [
        ("a greeting of 250", {"greeting": b"250 mail.contoso.test\r\n"}),
        ("a greeting with two codes", {"greeting": b"220-mail.contoso.test\r\n250 hello\r\n"}),
        ("a reply without a space", {"greeting": b"220mail.contoso.test\r\n"}),
        ("a greeting that breaks off", {"greeting": then(b"220 mail.cont", close)}),
        ("a word too many", {"greeting": b"220 mail.contoso.test ESMTP\r\n250 hello\r\n"}),
        ("354 to EHLO", {"replies": {"EHLO": b"354 go ahead\r\n"}}),
        ("silence after EHLO", {"replies": {"EHLO": silence}}),
        ("garbage after EHLO", {"replies": {"EHLO": b"what?\r\n"}}),
        ("no end of capabilities", {"replies": {"EHLO": endless(b"250-XTRA\r\n" * 100)}}),
        ("a word too many at STARTTLS", {"replies": {"STARTTLS": b"220 Ready\r\n250 hello\r\n"}}),
        ("garbage at STARTTLS", {"replies": {"STARTTLS": b"what?\r\n"}}),
    ],
    "smtp_inspection": [
        ("a masked banner", {"greeting": b"220 ********************0*2******0***********************\r\n"}),
        ("a masked STARTTLS", {"tls": None, "replies": {"EHLO": extended("SIZE 1000", "XXXXXXXA")}}),
        (
            "a masked EHLO",
            {
                "greeting": b"220 ******************************2***0*****\r\n",
                "replies": {"EHLO": b"500 5.3.3 Unrecognized command 'XXXX'\r\n"},
            },
        ),
        (
            "a masked verb",
            {
                "greeting": b"220 ****************************\r\n",
                "replies": {"STARTTLS": b"500 5.3.3 Unrecognized command 'XXXXXXXX'\r\n"},
            },
        ),
    ],
    "ehlo_rejected": [
        ("554 to both", {"replies": {"EHLO": b"554 5.7.1 Go away\r\n", "HELO": b"554 5.7.1 Go away\r\n"}}),
        ("550 and gone", {"replies": {"EHLO": then(b"550 bad name\r\n", close)}}),
        ("450", {"replies": {"EHLO": b"450 4.7.1 Come back later\r\n"}}),
        ("421", {"replies": {"EHLO": then(b"421 4.7.0 closing\r\n", close)}}),
        ("inside TLS", {"inside": {"EHLO": b"550 5.7.1 not you\r\n"}}),
    ],
    "ehlo_unsupported": [("HELO only", {"replies": {"EHLO": NO_EHLO}})],
    "dropped_after_ehlo": [
        ("closed", {"replies": {"EHLO": close}}),
        ("reset", {"replies": {"EHLO": reset}}),
        ("answered and closed", {"replies": {"EHLO": then(extended("SIZE 1000", "STARTTLS"), close)}}),
    ],
    "open_relay": [
        ("takes everything", {"replies": {"RCPT": b"250 2.1.5 Recipient OK\r\n"}}),
        ("without pipelining", {"capabilities": ("SIZE 1000",), "replies": {"RCPT": b"250 2.1.5 Recipient OK\r\n"}}),
        ("251", {"replies": {"RCPT": b"251 will forward\r\n"}}),
    ],
    "starttls_not_offered": [
        ("no TLS", {"tls": None}),
        ("a name that looks masked", {"tls": None, "capabilities": ("SIZE 1000", "XCLIENT", "X-EXPS")}),
    ],
    "starttls_refused": [
        ("454", {"replies": {"STARTTLS": b"454 4.7.0 TLS not available due to temporary reason\r\n"}}),
        ("500", {"replies": {"STARTTLS": b"500 5.5.1 Unrecognized command\r\n"}}),
    ],
    "starttls_reset": [
        ("at the command", {"replies": {"STARTTLS": reset}}),
        ("in the handshake", {"agreed": reset}),
    ],
    "starttls_closed": [
        ("at the command", {"replies": {"STARTTLS": close}}),
        ("in the handshake", {"agreed": close}),
        ("after the handshake", {"inside": {"EHLO": close}}),
    ],
    "starttls_timeout": [
        ("at the command", {"replies": {"STARTTLS": silence}}),
        ("in the handshake", {"agreed": silence}),
        ("after the handshake", {"inside": {"EHLO": silence}}),
    ],
    "starttls_injection": [("keeps what came in the clear", {"injectable": True})],
    "tls_handshake_failed": [
        ("an alert", {"agreed": hearing(b"\x15\x03\x03\x00\x02\x02\x50", close)}),
        ("an alert before we spoke", {"replies": {"STARTTLS": b"220 go\r\n\x15\x03\x03\x00\x02\x02\x50"}}),
        ("not TLS", {"agreed": hearing(b"454 no\r\n", close)}),
    ],
}

NEARLY: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "healthy": [("as it is", {})],
    "slow_banner": [("a second that isn't slow", {"greeting": late(0.1, b"220 mail.contoso.test ESMTP\r\n")})],
    "banner_timeout": [
        ("in two pieces", {"greeting": then(b"220 mail.con", late(0.05, b"toso.test ESMTP\r\n"))}),
        ("no text", {"greeting": b"220\r\n"}),
        ("bare line feed", {"greeting": b"220 mail.contoso.test ESMTP\n"}),
    ],
    "implicit_tls": [("silent for a while", {"greeting": late(0.3, b"220 mail.contoso.test ESMTP\r\n")})],
    "banner_too_long": [
        ("512 bytes", {"greeting": LONG_BANNER.ljust(510, b"x") + b"\r\n"}),
        ("twenty lines", {"greeting": b"220-be nice\r\n" * 20 + b"220 mail.contoso.test\r\n"}),
    ],
    "smtp_inspection": [
        ("stars around a banner", {"greeting": b"220-***************\r\n220-* be nice *\r\n220 ***************\r\n"}),
        ("extensions with X", {"capabilities": ("XCLIENT NAME", "X-ANONYMOUSTLS", "XEXCH50", "XOORG", "XXXX")}),
    ],
    "not_smtp": [("a host called ftp", {"greeting": b"220 ftp.contoso.test ESMTP\r\n"})],
    "greeting_421": [("421 in the text", {"greeting": b"220 mail.contoso.test 421 is not what I say\r\n"})],
    "ehlo_rejected": [
        (
            "an answer in pieces",
            {"replies": {"EHLO": then(b"250-mail.con", late(0.05, b"toso.test\r\n250 STARTTLS\r\n"))}},
        )
    ],
    "ehlo_unsupported": [("nothing but STARTTLS", {"capabilities": ()})],
    "starttls_refused": [("an enhanced code", {"replies": {"STARTTLS": b"220 2.0.0 SMTP server ready\r\n"}})],
    "starttls_closed": [("closed at QUIT", {"inside": {"QUIT": close}})],
    "starttls_reset": [("reset at QUIT", {"inside": {"QUIT": reset}})],
    "greeting_554": [("554 in the text", {"greeting": b"220 mail.contoso.test no 554 here\r\n"})],
    "protocol_error": [("an answer byte by byte", {"replies": {"EHLO": dripping(0.001, extended("STARTTLS"))}})],
    "dropped_after_ehlo": [("no extensions shown in TLS", {"inside": {"EHLO": b"250 mail.contoso.test\r\n"}})],
    "open_relay": [
        ("takes one stranger", {"replies": {"RCPT": None}}),
        ("refuses the sender", {"replies": {"MAIL": b"530 5.7.57 Client was not authenticated\r\n"}}),
        ("refuses later", {"replies": {"RCPT": b"252 we shall see\r\n"}}),
        ("answers late", {"replies": {"RCPT": late(0.4, b"550 5.7.54 no relaying\r\n")}}),
        ("never answers", {"replies": {"RCPT": silence}}),
    ],
    "starttls_timeout": [("takes its time", {"replies": {"STARTTLS": late(0.3, b"220 go\r\n")}})],
    "starttls_injection": [("one line for EHLO", {"inside": {"EHLO": b"250 mail.contoso.test\r\n"}})],
}


def _flat(table):
    return [pytest.param(word, how, id=f"{word}: {title}") for word, rows in table.items() for title, how in rows]


def _one_stranger():
    """Accepts the first recipient and refuses the second."""
    answers = iter((b"250 2.1.5 OK\r\n", b"550 5.7.1 no\r\n"))

    async def act(client):
        await client.say(next(answers))

    return act


def _server(lab: Lab, how: dict[str, Any]) -> SmtpServer:
    how = {"tls": lab.context, **how}
    if how.get("replies", {}).get("RCPT", b"") is None:
        how["replies"] = {"RCPT": _one_stranger()}
    return SmtpServer(**how)


@pytest.mark.parametrize(("word", "how"), _flat(FAULTY))
async def test_the_fault_alone_is_named(lab, word, how):
    async with _server(lab, how) as server:
        seen = await lab.look(server, limits=HASTY if word in KEEP_WAITING else None)
    assert seen.outcomes == [word], [attempt.model_dump() for attempt in seen.run.attempts]


@pytest.mark.parametrize(("word", "how"), _flat(NEARLY))
async def test_nearly_is_healthy(lab, word, how):
    async with _server(lab, how) as server:
        seen = await lab.look(server, limits=HASTY if word in KEEP_WAITING - {"slow_banner"} else None)
    assert seen.outcomes == [], [attempt.model_dump() for attempt in seen.run.attempts]


def test_every_word_of_a_session_has_a_server():
    """The words of reaching and of STARTTLS, in the order of the vocabulary; the rest is shown in test_host.py."""
    own = OUTCOMES[OUTCOMES.index("connection_reset") : OUTCOMES.index("tls_legacy_only")]
    assert sorted(FAULTY) == sorted(own)
