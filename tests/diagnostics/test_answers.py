"""Answers in words: what somebody in the thread says was found makes the cause likely; questions, doubts and the past don't."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

import diagnostics
from diagnostics import Report, diagnose
from diagnostics.cause import catalogue
from diagnostics.kept import table

_UNKNOWN: Final = "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"
_EDGE: Final = "550 5.4.1 Recipient address rejected: Access denied"
_UNABLE: Final = 'LastError : 451 4.4.0 Primary target IP address responded with: "421 4.2.1 Unable to connect."'
_ROOT: Final = "454 4.7.5 Certificate validation failure, Reason:UntrustedRoot"
_LOOP: Final = "554 5.4.14 Hop count exceeded - possible mail loop ATTR34"
_PRX: Final = "451 4.7.0 Temporary server error. Please try again later. PRX2"


def _after(text: str, answer: str) -> Report:
    return diagnose(text, followups=[answer])


@pytest.mark.parametrize(
    ("text", "answer", "cause"),
    [
        (_UNKNOWN, "the account has no licence", "recipient.mailbox.unlicensed-or-soft-deleted"),
        (_UNKNOWN, "das Postfach wurde gelöscht", "recipient.mailbox.unlicensed-or-soft-deleted"),
        (_UNKNOWN, "checked both, the address exists nowhere", "recipient.unknown.exo"),
        (_EDGE, "found on-prem, but not synced to the cloud", "recipient.unknown.dbeb-object-not-synced"),
        (_EDGE, "die Adresse gibt es nirgends", "recipient.unknown.dbeb-invalid-address"),
        (_UNABLE, "port 25 is blocked by our provider", "network.port25.outbound-blocked"),
        (
            _ROOT,
            "they use a self-signed one, the partner's gateway is self-signed",
            "certificate.remote.untrusted-root",
        ),
        (_ROOT, "the root is not in our store", "certificate.trust.root-missing-local"),
        (_LOOP, "it is internal relay and there is no connector for it", "routing-loop.accepted-domain.no-exit"),
        (_LOOP, "the send connector points back to ourselves", "routing-loop.connector.mx-points-back"),
        (_PRX, "EX01 uses 8.8.8.8 as second DNS server", "dns.resolver.public-dns-on-server"),
    ],
)
def test_a_statement_makes_likely_and_no_more(text: str, answer: str, cause: str) -> None:
    assert all(each.belief == "possible" for each in diagnose(text).findings)
    report = _after(text, answer)
    first = report.findings[0]
    assert (first.belief, first.cause) == ("likely", cause)
    assert any("likely now" in each or each.startswith("Now likely") for each in report.changed)
    assert answer in [each.quote for each in first.evidence]


@pytest.mark.parametrize(
    "answer",
    [
        "is port 25 blocked by our provider?",
        "maybe port 25 is blocked by our provider",
        "port 25 is not blocked by our provider",
        "port 25 was blocked by our provider, that is fixed now",
        "we should ask whether port 25 is blocked by the provider",
        "thanks, looking into it",
    ],
)
def test_questions_doubts_and_the_past_move_nothing(answer: str) -> None:
    report = _after(_UNABLE, answer)
    assert all(each.belief == "possible" for each in report.findings)


def test_a_statement_in_the_first_text_only_orders() -> None:
    report = diagnose(f"{_UNABLE}\n\nport 25 is blocked by our provider")
    assert {each.belief for each in report.findings} == {"possible"}


def test_a_statement_of_another_matter_changes_nothing() -> None:
    report = _after(_UNKNOWN, "port 25 is blocked by our provider")
    assert {each.belief for each in report.findings} == {"possible"}


def test_the_table_names_causes_that_exist() -> None:
    rows = table(Path(diagnostics.__file__).with_name("answers.toml"))["answer"]
    assert {cause for row in rows for cause in row["causes"]} <= set(catalogue())
