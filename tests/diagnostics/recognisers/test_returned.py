"""Bounces whose text has no known frame: what their header tells, and what their own words say."""

# ruff: noqa: E501  pasted lines stay whole, as people paste them

from __future__ import annotations

from email import message_from_string

import pytest

from diagnostics import diagnose
from diagnostics.facts import Reply
from diagnostics.recognisers import recognise
from diagnostics.recognisers.bounce_words import COURTESY
from diagnostics.recognisers.returned import decoded, returned
from diagnostics.text import Paste

HEAD = """Return-Path: <>
Received: from mail.fabrikam.com (mail.fabrikam.com [198.51.100.25])
    by mx.contoso.com (Postfix) with ESMTP id 4Ab1cD0000;
    Wed, 18 Nov 2026 08:31:05 +0000
Date: Wed, 18 Nov 2026 08:31:05 +0000
From: Mail Delivery System <postmaster@fabrikam.com>
To: <anna@contoso.com>
Subject: Undeliverable Mail
Message-ID: <b1@mail.fabrikam.com>
"""
COPY = """
Original message follows.

Received: from mx.contoso.com [203.0.113.25] by mail.fabrikam.com with ESMTP
Message-ID: <9c1e.0042@contoso.com>
From: anna@contoso.com
To: bob@fabrikam.com
Subject: Quote
Content-Type: text/plain; charset=us-ascii
Content-Transfer-Encoding: 7bit

The mailbox of the old office is full of paper.
"""


def replies(text: str) -> list[Reply]:
    found = recognise(Paste.of(text))
    assert [each.kind for each in found] == ["message"], found
    return [fact for fact in found[0].facts if isinstance(fact, Reply)]


def test_the_words_of_a_system_that_no_reader_knows() -> None:
    (reply,) = replies(f"{HEAD}\nUnknown user: bob@fabrikam.com\n{COPY}")
    assert (reply.enhanced, reply.text, reply.recipient) == (
        "5.0.0",
        "Unknown user: bob@fabrikam.com",
        "bob@fabrikam.com",
    )
    assert reply.source.quote == "Unknown user: bob@fabrikam.com"


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("Unknown user: bob@fabrikam.com", "recipient.unknown.remote"),
        ("Invalid final delivery userid: bob@fabrikam.com", "recipient.unknown.remote"),
        ("Could not be delivered to <bob@fabrikam.com>\nas their mailbox is full.", "quota-throttle.mailbox.full"),
        ("bob@fabrikam.com: account is locked", "recipient.mailbox.disabled"),
    ],
)
def test_what_became_of_the_message(words: str, cause: str) -> None:
    report = diagnose(f"{HEAD}\n{words}\n{COPY}")
    assert (report.verdict, report.findings[0].cause) == ("failure", cause)
    assert report.findings[0].belief in ("likely", "confirmed")


@pytest.mark.parametrize(
    "subject",
    ["Undeliverable Mail", "failure notice", "Unzustellbar: Angebot", "メールエラー通知", "Échec de remise : devis"],
)
def test_a_bounce_that_gives_no_reason_is_not_called_healthy(subject: str) -> None:
    report = diagnose(f"{HEAD.replace('Undeliverable Mail', subject)}\nYour message came back.\n{COPY}")
    assert report.verdict in ("failure", "unknown")
    assert all(each.belief == "possible" for each in report.findings)


def test_a_warning_is_of_a_message_that_waits() -> None:
    head = HEAD.replace("Undeliverable Mail", "Delivery Status Notification (Delay)")
    (reply,) = replies(
        f"{head}\nDelivery to the following recipient has been delayed:\n\n     bob@fabrikam.com\n{COPY}"
    )
    assert (reply.enhanced, reply.recipient) == ("4.4.7", "bob@fabrikam.com")


@pytest.mark.parametrize(
    ("header", "back"),
    [
        ("From: MAILER-DAEMON@contoso.com\nSubject: Returned mail: see transcript for details", True),
        ("From: a@contoso.com\nX-Failed-Recipients: bob@fabrikam.com\nSubject: hello", True),
        ("From: no-reply@contoso.com\nSubject: =?utf-8?b?VW56dXN0ZWxsYmFyOiBBbmdlYm90?=", True),
        ("From: anna@contoso.com\nSubject: Re: Undeliverable: Quote", False),
        ("From: anna@contoso.com\nSubject: Lunch", False),
        ("From: postmaster@contoso.com\nSubject: Successful Mail Delivery Report", False),
        ("From: postmaster@contoso.com\nSubject: Spam digest", False),
        ("Return-Path: <>\nFrom: bob@fabrikam.com\nSubject: Out of office\nAuto-Submitted: auto-replied", False),
    ],
)
def test_what_a_header_tells(header: str, back: bool) -> None:
    assert returned(message_from_string(f"{header}\n\nwords")) is back


def test_a_status_without_words_leaves_the_word_to_the_text() -> None:
    text = (
        "From: Mailer Daemon <MAILER-DAEMON@contoso.com>\nTo: anna@contoso.com\nSubject: Delivery status notification: failed\n"
        "Date: Wed, 18 Nov 2026 08:31:05 +0000\nMIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="b1"\n\nThis is a MIME-encapsulated message.\n\n--b1\nContent-Type: text/plain\n\n'
        "    An error has occurred while attempting to deliver a message for\n    the following list of recipients:\n\n"
        "bob@fabrikam.example: Domain does not exist\n\n--b1\nContent-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; mail.contoso.com\n\nFinal-Recipient: rfc822; bob@fabrikam.example\nAction: failed\nStatus: 5.0.0\n\n--b1--\n"
    )
    (reply,) = replies(text)
    assert (reply.text, reply.recipient) == ("Domain does not exist", "bob@fabrikam.example")
    assert diagnose(text).findings[0].cause == "dns.recipient-domain.nonexistent"


def test_a_status_that_only_words_tell() -> None:
    text = "Reporting-MTA: dns; mail.contoso.com\n\nFinal-Recipient: rfc822; bob@fabrikam.com\nAction: expired\nStatus: \nDiagnostic-Code: Connection timed out\n"
    (artefact,) = recognise(Paste.of(text))
    (reply,) = (fact for fact in artefact.facts if isinstance(fact, Reply))
    assert (reply.enhanced, reply.failing) == ("5.0.0", True)


def test_a_masked_boundary_leaves_one_text() -> None:
    text = (
        f'{HEAD}MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="masked"\n\n'
        "--b1\nContent-Type: text/plain\n\n<bob@fabrikam.com>: host mx1.fabrikam.com[198.51.100.25] said: 550 5.1.1\n"
        "    <bob@fabrikam.com>: Recipient address rejected: User unknown (in reply to RCPT TO command)\n\n--b1--\n"
    )
    (reply,) = replies(text)
    assert (reply.code, reply.enhanced, reply.by) == (550, "5.1.1", "mx1.fabrikam.com")


def test_the_form_of_a_bounce_is_no_likeness() -> None:
    text = (
        f'{HEAD}MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="b1"\n\n'
        "This is a MIME-encapsulated message\n\n--b1\nContent-Type: text/plain\n\nThis is an automatically generated Delivery Status Notification.\n\n"
        "--b1\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mail.fabrikam.com\n\nFinal-Recipient: rfc822; bob@fabrikam.com\n"
        "Action: delayed\nStatus: 4.4.7\n\n--b1\nContent-Type: message/rfc822\n\nMIME-Version: 1.0\nContent-Transfer-Encoding: base64\nSubject: Quote\n\nTnlhYW4=\n\n--b1--\n"
    )
    causes = [each.cause for each in diagnose(text).findings]
    assert causes
    assert "protocol.mime.corrupt" not in causes
    assert "recipient.group.null-return-path" not in causes


@pytest.mark.parametrize("subject", ["=?utf-8?b?A?=", "=?utf-7?b?K////?=", "=?x-none?b?!!!?="])
def test_a_subject_that_cannot_be_decoded_is_left_as_it_is(subject: str) -> None:
    assert decoded(subject) == subject
    text = f"{HEAD.replace('Undeliverable Mail', f'Undeliverable: {subject}')}\nUnknown user: bob@fabrikam.com\n{COPY}"
    assert diagnose(text).verdict == "failure"


@pytest.mark.parametrize(
    "said",
    [
        "This message was created automatically by mail delivery software.",
        "I'm sorry to have to inform you that your message could not be delivered to one or more recipients.",
        "Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)",
    ],
)
def test_courtesy_is_told_from_a_reason(said: str) -> None:
    assert bool(COURTESY.sub("", said).strip()) is ("#4.4.1" in said)
