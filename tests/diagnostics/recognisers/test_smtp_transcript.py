"""SMTP spoken by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from diagnostics.facts import Reply, SessionMasked, SmtpReached, Stage, StarttlsNotOffered
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts, one

TALK = """C:\\>telnet mail.contoso.com 25
220 mail.contoso.com Microsoft ESMTP MAIL Service ready at Wed, 18 Nov 2026 08:12:01 +0000
EHLO test.fabrikam.com
250-mail.contoso.com Hello [198.51.100.90]
250-SIZE 37748736
250-PIPELINING
250-STARTTLS
250 CHUNKING
MAIL FROM:<bob@fabrikam.com>
250 2.1.0 Sender OK
RCPT TO:<anna@contoso.com>
550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain
QUIT
221 2.0.0 Service closing transmission channel"""


def test_a_dialogue() -> None:
    reached, reply = one(TALK, SmtpReached), one(TALK, Reply)
    assert (reached.stage, reached.host, reached.source.line) == (Stage.RECIPIENT, "mail.contoso.com", 11)
    assert (reply.code, reply.enhanced, reply.kind, reply.by, reply.source.line) == (
        550,
        "5.7.54",
        "client",
        "mail.contoso.com",
        12,
    )
    assert not facts(TALK, StarttlsNotOffered)
    assert not facts(TALK, SessionMasked)
    assert [artefact.kind for artefact in artefacts(TALK)] == ["smtp-transcript"]


@pytest.mark.parametrize(
    ("server", "client"),
    [
        ("S: ", "C: "),
        ("< ", "> "),
        ("<- ", "-> "),
        ("08:12:01 ", "08:12:02 "),
        ("[2026-11-04 10:02:11] DEBUG [8yQx] S: ", "[2026-11-04 10:02:11] INFO [8yQx] C: "),
        ("2026.11.03 09:20:15 SMTP (mail.contoso.com): <rx> ", "2026.11.03 09:20:15 SMTP (mail.contoso.com): [tx] "),
        ("fetchmail: SMTP< ", "fetchmail: SMTP> "),
        ("  SMTP<< ", "  SMTP>> "),
        ("<-- ", "--> "),
        ("Net::SMTP::SSL=GLOB(0x1c3bd60)<<< ", "Net::SMTP::SSL=GLOB(0x1c3bd60)>>> "),
    ],
)
def test_marks_of_who_spoke(server: str, client: str) -> None:
    lines = TALK.split("\n")[1:]
    text = "\n".join((server if line[:3].isdigit() else client) + line for line in lines)
    assert one(text, SmtpReached).stage is Stage.RECIPIENT
    assert one(text, Reply).enhanced == "5.7.54"


@pytest.mark.parametrize(
    ("server", "client"), [("reply: b'{}\\r\\n'", "send: '{}\\r\\n'"), ('-> "{}\\r\\n"', '<- "{}\\r\\n"')]
)
def test_both_sides_as_strings(server: str, client: str) -> None:
    lines = TALK.split("\n")[1:]
    text = "\n".join((server if line[:3].isdigit() else client).format(line) for line in lines)
    assert one(text, SmtpReached).stage is Stage.RECIPIENT
    assert one(text, Reply).text == "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain"


def test_the_stages() -> None:
    lines = TALK.split("\n")
    for count, stage in ((3, Stage.BANNER), (5, Stage.EHLO), (10, Stage.MAIL), (11, Stage.RECIPIENT)):
        assert one("\n".join(lines[:count]), SmtpReached).stage is stage
    done = TALK.replace(
        "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", "250 2.1.5 Recipient OK\nDATA\n354 Start"
    )
    assert one(done.replace("QUIT", "250 2.6.0 <a@b> Queued mail for delivery"), SmtpReached).stage is Stage.DELIVERED


def test_a_complete_reply_without_starttls() -> None:
    missing = one(TALK.replace("250-STARTTLS\n", ""), StarttlsNotOffered)
    assert (missing.side, missing.capabilities, missing.source.line) == (
        "unknown",
        ("SIZE", "PIPELINING", "CHUNKING"),
        4,
    )


def test_a_reply_that_was_cut_off_proves_nothing() -> None:
    text = "\n".join(TALK.split("\n")[:6])
    assert not facts(text, StarttlsNotOffered)


def test_two_ports() -> None:
    with_tls = "250-SIZE 20971520\n250-PIPELINING\n250-STARTTLS\n250 CHUNKING"
    without = with_tls.replace("250-STARTTLS\n", "")
    late = "451 4.7.0 Timeout waiting for client input"
    text = f"PORT 587\n\n{with_tls}\n{late}\n\nPORT 25\n\n{without}\n{late}"
    assert one(text, StarttlsNotOffered).source.line == 11
    assert not facts(text, Reply)  # the person was slow, nothing more


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("220 mail.contoso.com Microsoft ESMTP MAIL Service", "220 *******************************0*0*0***", "banner"),
        ("250-STARTTLS", "250-XXXXXXXA", "capability"),
    ],
)
def test_a_middlebox(before: str, after: str, what: str) -> None:
    text = TALK.replace(before, after)
    assert one(text, SessionMasked).what == what
    assert not facts(text, StarttlsNotOffered)  # hidden, which is another thing than not offered


def test_ehlo_refused_and_helo_taken_is_no_failure() -> None:
    text = "220 ************************\nEHLO a.b\n500 5.3.3 Unrecognized command\nHELO a.b\n250 EX01 Hello\n"
    text += "RCPT TO:<x@y.z>\n550 5.7.54 No"
    assert one(text, Reply).enhanced == "5.7.54"


def test_the_first_refusal_wins() -> None:
    text = TALK.replace("QUIT", "DATA\n503 5.5.2 Need rcpt command\nQUIT")
    assert one(text, Reply).enhanced == "5.7.54"


@pytest.mark.parametrize(
    "text", [*CHATTER, "250 OK", "220 people came\nEHLO band plays", "telnet gives 220 and then 250-STARTTLS"]
)
def test_chatter_is_no_dialogue(text: str) -> None:
    assert not facts(text, SmtpReached)


@given(damaged(TALK))
@settings(max_examples=100)
def test_damage_never_raises(text: str) -> None:
    for found in facts(text, SmtpReached):
        assert found.stage >= Stage.BANNER
