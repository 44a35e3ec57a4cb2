"""What the look-ups that the report offers print, and what people tell beside it."""

from __future__ import annotations

import pytest

from diagnostics.facts import CertificateRejected, Fact, SmtpReached, StarttlsNotOffered
from diagnostics.mail_facts import Configured
from diagnostics.recognisers import recognise
from diagnostics.text import Paste
from diagnostics.told_sizes import sizes, told_size


def _facts(text: str) -> list[Fact]:
    return [fact for artefact in recognise(Paste.of(text)) for fact in artefact.facts]


@pytest.mark.parametrize(("line", "count"), [("message.eml:0", "0"), ("  /tmp/out/mail-7.EML:12 ", "12")])
def test_counted_lines(line: str, count: str) -> None:
    (fact,) = [
        each
        for each in _facts(f"user@web:~$ grep -aHcE '^.{{999}}' message.eml\n{line}")
        if isinstance(each, Configured)
    ]
    assert (fact.kind, fact.get("Count")) == ("long-lines", count)


def test_the_reply_behind_starttls_is_heard_after_the_echo() -> None:
    facts = _facts(
        "250 CHUNKING\n250-mx.lamna.example\n250-PIPELINING\n250-SIZE 52428800\n250-8BITMIME\n250 SMTPUTF8\n221 2.0.0 Bye"
    )
    (reached,) = [each for each in facts if isinstance(each, SmtpReached)]
    assert reached.capabilities == ("PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8")
    assert reached.size == 52428800
    assert not any(isinstance(each, StarttlsNotOffered) for each in facts), "inside TLS nobody offers it again"


def test_a_mismatch_without_its_number() -> None:
    text = "Validation says: SubjectMismatch Expected Subject: mail.lamna.example Presented Subject: CN=LEX01"
    (fact,) = [each for each in _facts(text) if isinstance(each, CertificateRejected)]
    assert (fact.reason, fact.expected, fact.presented) == ("SubjectMismatch", "mail.lamna.example", "CN=LEX01")


@pytest.mark.parametrize(
    ("text", "megabytes"),
    [
        ("Mails with attachments above about 25 MB come back.", 25),
        ("Sending a file of roughly fifty megabytes fails.", 50),
        ("Der Anhang hat 12,5 MB.", 12),
        ("The message size limit is 35 MB.", 0),
        ("The disk has 900 MB left.", 0),
    ],
)
def test_sizes_of_messages(text: str, megabytes: int) -> None:
    assert told_size(sizes([Paste.of(text)])) >> 20 == megabytes
