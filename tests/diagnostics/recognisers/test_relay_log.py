"""Postfix, Exim and Sendmail in the path."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.facts import ConnectFailed, Reply
from diagnostics.mail_facts import ClientError
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts, one

POSTFIX = "Nov 18 08:31:02 relay1 postfix/smtp[20311]: 4Bx1y2z3AbzZ: to=<anna@contoso.com>, "
RELAY = "relay=contoso-com.mail.protection.outlook.com[52.101.73.12]:25, delay=1.9, "
BOUNCED = (
    f"{POSTFIX}{RELAY}dsn=5.4.1, status=bounced (host contoso-com.mail.protection.outlook.com[52.101.73.12] said: 550 5.4.1 "
    "Recipient address rejected: Access denied. [AM6EUR05FT041.prod.protection.outlook.com] (in reply to RCPT TO command))"
)
EXIM = (
    "2026-11-18 08:31:02 1vKq2R-0004Xa-2B ** anna@contoso.com R=dnslookup T=remote_smtp H=mail.contoso.com [203.0.113.10] "
    "X=TLS1.2:ECDHE:256 CV=no: SMTP error from remote mail server after RCPT TO:<anna@contoso.com>: 550 5.1.10 "
    "RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"
)
SENDMAIL = (
    "Nov 18 08:31:02 app1 sendmail[2311]: uAI8V1: to=<anna@contoso.com>, relay=mail.contoso.com. [203.0.113.10], "
)


def test_postfix_quotes_the_other_server() -> None:
    reply = one(BOUNCED, Reply)
    assert (reply.code, reply.enhanced, reply.recipient) == (550, "5.4.1", "anna@contoso.com")
    assert (reply.by, reply.ip) == ("contoso-com.mail.protection.outlook.com", "52.101.73.12")
    assert "in reply to" not in reply.text


@given(st.integers(BOUNCED.index("bounced ("), len(BOUNCED) - 20))
def test_a_wrapped_line(at: int) -> None:
    at = BOUNCED.index(" ", at + len("bounced"))
    text = f"{BOUNCED[:at]}\n{BOUNCED[at + 1 :]}"
    assert (one(text, Reply).code, one(text, Reply).by) == (550, "contoso-com.mail.protection.outlook.com")


def test_a_line_broken_at_its_fields() -> None:
    text = (
        "1vKq2R-0004Xa-2B ** anna@contoso.com\nR=dnslookup T=remote_smtp:\n"
        "SMTP error from remote mail server after end of data:\n"
        "host mx1.contoso.com [203.0.113.10]: 550 5.7.1\nRefused by the\nowner's policy\nany idea what they mean?"
    )
    reply = one(text, Reply)
    assert (reply.by, reply.ip, reply.recipient) == ("mx1.contoso.com", "203.0.113.10", "anna@contoso.com")
    assert reply.text == "550 5.7.1 Refused by the owner's policy"


def test_postfix_could_not_connect() -> None:
    words = "connect to mail.contoso.com[203.0.113.10]:25: Connection timed out"
    text = f"{POSTFIX}relay=none, delay=3602, dsn=4.4.1, status=deferred ({words})"
    failed, reply = one(text, ConnectFailed), one(text, Reply)
    assert (failed.kind, failed.ip, reply.enhanced) == ("timeout", "203.0.113.10", "4.4.1")


def test_the_relays_own_words_take_its_own_code() -> None:
    text = f"{POSTFIX}{RELAY}dsn=4.7.5, status=deferred (Server certificate not verified)"
    assert (one(text, Reply).enhanced, one(text, Reply).text) == ("4.7.5", "Server certificate not verified")


def test_postfix_refused_a_client() -> None:
    words = "554 5.7.1 <a@b.c>: Relay access denied; from=<x@y.z>"
    text = f"Nov 18 08:31:02 relay1 postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[198.51.100.9]: {words}"
    assert (one(text, Reply).code, one(text, Reply).ip) == (554, "198.51.100.9")


def test_exim() -> None:
    reply = one(EXIM, Reply)
    assert (reply.code, reply.enhanced, reply.by, reply.ip) == (550, "5.1.10", "mail.contoso.com", "203.0.113.10")
    assert reply.recipient == "anna@contoso.com"


def test_exim_could_not_connect() -> None:
    text = "2026-11-18 08:32:40 1vKq2S-0004Xb-7D == bob@contoso.com R=dnslookup T=remote_smtp defer (110): Connection timed out"
    assert one(text, ConnectFailed).kind == "timeout"
    assert one(text, ClientError).text == "Connection timed out"


def test_sendmail() -> None:
    for tail in (
        "stat=Service unavailable, reply=550 5.7.60 SMTP; denied",
        "reply=550 5.7.60 SMTP; denied, stat=Service",
    ):
        reply = one(f"{SENDMAIL}dsn=5.0.0, {tail}", Reply)
        assert (reply.text, reply.by) == ("550 5.7.60 SMTP; denied", "mail.contoso.com")
    late = f"{SENDMAIL}dsn=4.0.0, stat=Deferred: Connection timed out with mail.contoso.com."
    assert (one(late, ConnectFailed).ip, one(late, Reply).failing) == ("203.0.113.10", True)


@pytest.mark.parametrize(
    "text",
    [
        f"{POSTFIX}{RELAY}dsn=2.6.0, status=sent (250 2.6.0 <a@b> Queued mail for delivery)",
        "2026-11-18 08:31:02 1vKq2R-0004Xa-2B => anna@contoso.com R=dnslookup T=remote_smtp H=mail.contoso.com [203.0.113.10]",
        f"{SENDMAIL}dsn=2.0.0, stat=Sent (queued as 4711)",
    ],
)
def test_what_was_delivered_is_healthy(text: str) -> None:
    (artefact,) = artefacts(text)
    assert (artefact.kind, artefact.facts) == ("relay-log", ())


@given(damaged(f"{BOUNCED}\n{EXIM}\n{SENDMAIL}stat=Deferred"))
def test_damage_never_raises(text: str) -> None:
    artefacts(text)


@pytest.mark.parametrize("text", [*CHATTER, "postfix is great, status=fine (really)"])
def test_chatter_is_none(text: str) -> None:
    assert not facts(text, Reply)


@pytest.mark.parametrize("log", [BOUNCED, EXIM])
@pytest.mark.parametrize("width", [76, 80])
def test_lines_that_a_console_or_a_mail_client_has_broken(log: str, width: int) -> None:
    if width == 80:
        broken = "\n".join(log[at : at + width] for at in range(0, len(log), width))
    else:
        broken = "\n".join(textwrap.wrap(log, width, break_long_words=False, break_on_hyphens=False))
    whole = one(log, Reply)
    assert one(broken, Reply).text == whole.text
