"""Bounces as message files: MIME undone, and every quote on the line of the paste it stands on."""

# ruff: noqa: E501  pasted lines stay whole, as people paste them

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.artefacts import Artefact
from diagnostics.facts import Reply
from diagnostics.recognisers import recognise
from diagnostics.text import Paste
from tests.diagnostics.recognisers import bounces

EXPIRED = "Final-Recipient: rfc822;bob@fabrikam.com\nAction: failed\nStatus: 4.4.7\nDiagnostic-Code: smtp;550 4.4.7 QUEUE.Expired; message expired\n"


def read(text: str) -> Artefact:
    found = recognise(Paste.of(text))
    assert [each.kind for each in found] == ["message"]
    return found[0]


def replies(artefact: Artefact) -> list[Reply]:
    return [fact for fact in artefact.facts if isinstance(fact, Reply)]


@pytest.mark.parametrize("encoding", ["7bit", "base64", "quoted-printable"])
def test_a_report_with_its_status_part(encoding: str) -> None:
    text = "here it is:\n\n" + bounces.message(bounces.EXCHANGE_2010, bounces.STATUS, encoding=encoding) + "\nthanks"
    artefact = read(text)
    (reply,) = replies(artefact)
    assert (reply.code, reply.enhanced, reply.recipient) == (550, "5.7.606", "bob@fabrikam.com")
    assert text.split("\n")[reply.source.line - 1] == reply.source.quote
    assert reply.source.quote.startswith("Diagnostic-Code:")
    assert (artefact.shown["message_id"], artefact.shown["subject"]) == (
        "<9c1e@contoso.com>",
        "Angebot für Bob",
    )
    assert artefact.shown["reporting_mta"] == "EX01.corp.contoso.com"
    assert (artefact.first, text.split("\n")[artefact.last - 1]) == (3, "--_000_b1--")


@pytest.mark.parametrize("encoding", ["7bit", "base64", "quoted-printable"])
def test_an_expired_status_leaves_the_word_to_the_attempts(encoding: str) -> None:
    text = bounces.message(bounces.ATTEMPTS, EXPIRED, encoding=encoding)
    (reply,) = replies(read(text))
    assert (reply.code, reply.enhanced) == (441, "4.4.1")
    lines = text.split("\n")
    body = lines.index("Content-Transfer-Encoding: " + encoding)
    end = lines.index("--_000_b1", body)
    assert body < reply.source.line - 1 < end
    if encoding == "7bit":
        assert lines[reply.source.line - 1] == reply.source.quote


def test_a_plain_bounce_message() -> None:
    text = f"From: MAILER-DAEMON@relay1.contoso.com\nSubject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\nContent-Type: text/plain\nDate: Wed, 18 Nov 2026 08:31:05 +0000\n\n{bounces.POSTFIX}"
    artefact = read(text)
    assert [reply.recipient for reply in replies(artefact)] == ["bob@fabrikam.com", "eve@fabrikam.org"]
    assert artefact.shown["subject"] == "Undelivered Mail Returned to Sender"


def test_an_html_bounce() -> None:
    body = "".join(f"<div><font>{line.replace('<', '&lt;')}</font></div>\n" for line in bounces.ATTEMPTS.split("\n"))
    text = f"From: a@b.org\nSubject: Undeliverable: Quote\nDate: now\nMIME-Version: 1.0\nContent-Type: text/html\n\n<html><head><style>p {{color: red}}</style></head>{body}</html>"
    (reply,) = replies(read(text))
    assert (reply.code, reply.by) == (441, "mx1.fabrikam.com")


def test_what_the_returned_message_says_is_no_failure() -> None:
    assert all(
        "only quoted" not in reply.whole
        for reply in replies(read(bounces.message(bounces.EXCHANGE_2010, bounces.STATUS)))
    )


def test_a_message_that_is_no_bounce_is_left_alone() -> None:
    text = "From: a@b.org\nTo: b@c.org\nDate: now\nMIME-Version: 1.0\nContent-Type: text/plain\n\nLunch at noon?"
    assert all(each.kind != "message" for each in recognise(Paste.of(text)))


def test_unknown_encodings_and_charsets_are_survived() -> None:
    text = bounces.message(bounces.EXCHANGE_2010, bounces.STATUS, subject="=?x-none?b?!!!?=").replace(
        'charset="utf-8"', 'charset="x-none"'
    )
    assert replies(read(text))[0].enhanced == "5.7.606"


def test_deep_nesting_is_bounded() -> None:
    inner = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(3000))
    head = "From: a@b.org\nTo: b@c.org\nDate: now\nMIME-Version: 1.0\n"
    assert all(
        each.kind != "message" for each in recognise(Paste.of(head + inner + "\nRemote Server returned '550 5.7.1 no'"))
    )


_WHOLE = bounces.message(bounces.EXCHANGE_2010, bounces.STATUS, encoding="base64").split("\n")


@given(
    st.lists(st.integers(0, len(_WHOLE) - 1), max_size=12),
    st.lists(st.integers(0, len(_WHOLE) - 1), max_size=4),
)
@settings(max_examples=80)
def test_damaged_messages_stay_within_their_lines(dropped: list[int], doubled: list[int]) -> None:
    lines = [line for n, line in enumerate(_WHOLE) if n not in dropped for _ in range(2 if n in doubled else 1)]
    for artefact in recognise(Paste.of("\n".join(lines))):
        assert 1 <= artefact.first <= artefact.last <= len(lines)
        assert all(1 <= fact.source.line <= len(lines) for fact in artefact.facts)
