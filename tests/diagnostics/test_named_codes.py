"""A code that somebody names while telling of a failure is no reply, and says which causes to suspect."""

from __future__ import annotations

import pytest

from diagnostics import diagnose


@pytest.mark.parametrize(
    ("told", "cause"),
    [
        (
            "unsere Filialen können nicht mehr an die Gruppe vertrieb@contoso.com schreiben, Fehler 5.7.133",
            "policy.restriction.",
        ),
        ("mails to fabrikam come back, 5.7.64 it says", "connector.exo-inbound."),
        ("kön till kunden fastnar, NonExistentDomain", "dns.recipient-domain.nonexistent"),
        ("der Drucker kann nicht mehr senden, Fehler 535", "auth-smtp."),
        ("プリンターからメールが送信できません。エラー 535", "auth-smtp."),
        ("la cola al proveedor está atascada, pone UntrustedRoot", "certificate."),
    ],
)
def test_the_code_names_the_first_suspect_and_nothing_is_read(told: str, cause: str) -> None:
    report = diagnose(told)
    assert report.verdict == "nothing"  # a channel stays silent
    assert report.findings[0].cause.startswith(cause)
    assert {each.belief for each in report.findings} == {"possible"}
    assert "which you name" in report.findings[0].because
    assert report.next


@pytest.mark.parametrize(
    "told",
    [
        "what does 5.7.133 mean?",
        "we run 15.1.2507.39, mails are slow to arrive",
        "535 mails in the queue, as every Monday",
        "the runbook explains UntrustedRoot and 5.7.64",
    ],
)
def test_a_number_without_a_failure_names_nothing(told: str) -> None:
    assert not any("which you name" in each.because for each in diagnose(told).findings)


@pytest.mark.parametrize("cut", ["5.7.6-something", "5.7.6..", "5.7.6xx", "5.7.6?"])
def test_a_code_of_which_the_last_digits_are_missing_is_not_read_as_another_one(cut: str) -> None:
    for told in (
        f"the mails to our bank come back, {cut}",
        f"the bank refuses us since Monday: 550 {cut} see their page",
    ):
        assert not any("5.7.6" in each.because.split(",")[0] for each in diagnose(told).findings)


def test_three_dots_end_a_quotation_and_not_a_number() -> None:
    assert "recipient.unknown" in diagnose("the mails to our bank come back, 5.1.10...").findings[0].cause


def test_a_reply_that_was_read_says_more_than_a_code_that_is_named() -> None:
    reply = "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP"
    assert (
        diagnose(f"mails come back, somebody said 5.7.133\n\n{reply}").findings[0].cause
        == "reputation.ip.low-reputation-trial"
    )


def test_an_answer_in_a_few_words_leaves_the_suspects() -> None:
    told = "everything toward the Internet sits there, all queues show Suspended"
    first, later = diagnose(told), diagnose(told, followups=["yes, a colleague did it before the maintenance I think"])
    assert first.findings[0].cause == later.findings[0].cause == "transport-service.queue.suspended"
    assert later.next


def test_who_tells_of_a_bounce_is_asked_for_the_bounce() -> None:
    returned = diagnose("user answers an old mail and gets a bounce with 5.1.1")
    waiting = diagnose("the outbound queue is stuck since noon")
    assert returned.next[0].ask.startswith("Send the whole bounce message")
    assert "Get-Queue" in waiting.next[0].command
