"""Answers in words: what somebody in the thread says was found makes the cause likely; questions, doubts and the past don't."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

import pytest

import diagnostics
from diagnostics import Report, diagnose
from diagnostics.cause import catalogue
from diagnostics.kept import table
from diagnostics.mail_facts import Configured
from diagnostics.recognisers import recognise
from diagnostics.recognisers.told_answers import KIND
from diagnostics.text import Paste

_UNKNOWN: Final = "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"
_EDGE: Final = "550 5.4.1 Recipient address rejected: Access denied"
_UNABLE: Final = 'LastError : 451 4.4.0 Primary target IP address responded with: "421 4.2.1 Unable to connect."'
_ROOT: Final = "454 4.7.5 Certificate validation failure, Reason:UntrustedRoot"
_LOOP: Final = "554 5.4.14 Hop count exceeded - possible mail loop ATTR34"
_LOGON: Final = "535 5.7.3 Authentication unsuccessful"
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
        (_EDGE, "la boîte existe seulement en local, pas dans le cloud", "recipient.unknown.dbeb-object-not-synced"),
        (_EDGE, "el buzón está solo en local y no en la nube", "recipient.unknown.dbeb-object-not-synced"),
        (_EDGE, "la casella è in locale, non sincronizzata", "recipient.unknown.dbeb-object-not-synced"),
        (_EDGE, "de mailbox staat nog lokaal en niet in 365", "recipient.unknown.dbeb-object-not-synced"),
        (_EDGE, "skrzynka jest tylko lokalnie, nie w chmurze", "recipient.unknown.dbeb-object-not-synced"),
        (_EDGE, "lådan finns bara lokalt, inte i molnet", "recipient.unknown.dbeb-object-not-synced"),
        (
            _EDGE,
            "メールボックスはオンプレミスにあり、クラウドにはありません",
            "recipient.unknown.dbeb-object-not-synced",
        ),
        (_EDGE, "just saw that Entra Connect has stopped on Monday", "recipient.unknown.dbeb-object-not-synced"),
        (_LOOP, "that address does not exist on either side any more", "routing-loop.accepted-domain.no-exit"),
        (_LOGON, "we changed the password of that account on Friday", "auth-smtp.credentials.invalid"),
        (_LOGON, "la password è stata cambiata venerdì", "auth-smtp.credentials.invalid"),
        (_LOGON, "a senha foi alterada na sexta", "auth-smtp.credentials.invalid"),
        (_LOGON, "hasło zostało zmienione w piątek", "auth-smtp.credentials.invalid"),
        (_LOGON, "金曜日にパスワードを変更しました", "auth-smtp.credentials.invalid"),
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


@pytest.mark.parametrize(
    "answer",
    [
        "la boîte n'existe pas seulement en local, elle est dans le cloud",
        "the mailbox is on-premises and in the cloud as well",
        "クラウドにあります",
        "Entra Connect runs every 30 minutes",
    ],
)
def test_the_opposite_in_the_same_words_moves_nothing(answer: str) -> None:
    assert all(each.belief == "possible" for each in _after(_EDGE, answer).findings)


def test_what_was_looked_up_leads_what_a_code_alone_makes_likely() -> None:
    refused = "inbound from 365 is dead since the swap, senders see 450 4.4.316 Connection refused"
    assert diagnose(refused).findings[0].cause == "network.connection.refused"
    told = _after(refused, "the rule only lets 40.92.0.0/15 in")
    assert (told.findings[0].belief, told.findings[0].cause) == ("likely", "network.firewall.exo-ranges-not-allowed")


def test_an_answer_gives_nothing_to_a_cause_that_an_artefact_did_not_choose() -> None:
    log = "\n".join(
        f"2026-11-28T00:11:09.1{at:02}Z,Outbound via ISP,08DE2D001122AABB,{at},192.0.2.21:51022,198.51.100.25:587,{row},"
        for at, row in enumerate(
            (">,AUTH LOGIN", "<,334 <authentication information>", "<,535 5.7.8 Error: authentication failed")
        )
    )
    told = _after("mails via the smart host fail, error 535", f"the password has been changed last week\n\n{log}")
    assert told.findings[0].cause == "connector.send.smarthost-auth-failed"


def test_a_record_in_a_sentence_is_an_answer_and_is_not_asked_for_again() -> None:
    refused = "550 5.7.23 The message was rejected because of Sender Policy Framework violation"
    assert "v=spf1" in diagnose(refused).next[0].command
    told = _after(refused, 'the record is there: "v=spf1 ip4:198.51.100.7 mx -all"')
    assert not any("v=spf1" in each.command for each in told.next)


def test_a_checkers_word_about_the_record_makes_it_likely() -> None:
    refused = "550 5.7.23 The message was rejected because of Sender Policy Framework violation"
    told = _after(refused, "the checker says SPF PermError, 14 lookups")
    assert (told.findings[0].belief, told.findings[0].cause) == ("likely", "sender-auth.spf.permerror")


def test_a_statement_in_the_first_text_only_orders() -> None:
    report = diagnose(f"{_UNABLE}\n\nport 25 is blocked by our provider")
    assert {each.belief for each in report.findings} == {"possible"}


def test_a_statement_of_another_matter_changes_nothing() -> None:
    report = _after(_UNKNOWN, "port 25 is blocked by our provider")
    assert {each.belief for each in report.findings} == {"possible"}


_SAID: Final = [
    (cause, said)
    for cause, told in tomllib.loads(
        Path(__file__).with_suffix("").with_name("answers.toml").read_text("utf-8")
    ).items()
    for said in told
]


def _meant(said: str, index: int = 1) -> set[str]:
    """The causes that a text of a case speaks for as an answer; `index` is 0 for the first text."""
    facts = [fact for each in recognise(Paste.of(said, index)) for fact in each.facts]
    answers = [each for each in facts if isinstance(each, Configured) and each.kind == KIND]
    return {cause for each in answers for cause in each.items("Causes")}


@pytest.mark.parametrize(("cause", "said"), _SAID)
def test_what_people_answer_speaks_for_its_cause(cause: str, said: str) -> None:
    assert cause in _meant(said)


@pytest.mark.parametrize(("cause", "said"), _SAID)
def test_a_first_text_a_question_and_a_guess_do_not(cause: str, said: str) -> None:
    assert not _meant(said, 0)
    assert not _meant(f"{said}?")
    assert cause not in _meant(f"we should check whether {said}")


@pytest.mark.parametrize(
    "said",
    [
        "the mailbox is not full",
        "non, le disque n'est pas plein",
        "die Datenbank ist nicht offline",
        "the database is not dismounted",
        "the DNS server is not down",
        "the clock is not wrong",
        "our IP is not on a blacklist",
        "their server is not down",
        "the auth certificate has not expired",
        "the queue is not suspended",
        "the domain controller is not unreachable",
        "the outbound connector is not disabled",
        "no, basic authentication is not disabled",
        "there was never a typo",
    ],
)
def test_what_is_denied_speaks_for_nothing(said: str) -> None:
    assert not _meant(said)


def test_the_table_names_causes_that_exist() -> None:
    rows = table(Path(diagnostics.__file__).with_name("answers.toml"))["answer"]
    assert {cause for row in rows for cause in row["causes"]} <= set(catalogue())
