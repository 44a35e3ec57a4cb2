"""Who can't answer is asked something else; nothing that was believed changes by it."""

from __future__ import annotations

import pytest

from diagnostics import diagnose

_REFUSED = "550 5.7.64 TenantAttribution; Relay Access Denied"


@pytest.mark.parametrize(
    "answer",
    [
        "no idea, I have no access to the tenant",
        "don't know.",
        "keine Ahnung, kein Zugriff auf die Cloud",
        "weiß ich nicht",
        "je n'ai pas les droits",
        "no tengo acceso a eso",
        "non lo so",
        "não tenho acesso",
        "geen toegang tot de tenant",
        "nie mam dostępu",
        "vet inte, har ingen åtkomst",
        "わかりません、権限がありません",
    ],
)
def test_another_question_is_asked(answer: str) -> None:
    before, after = diagnose(_REFUSED), diagnose(_REFUSED, followups=[answer])
    asked = {each.ask for each in before.next}
    assert after.next
    assert not asked & {each.ask for each in after.next}
    assert [each.cause for each in after.findings[:3]] == [each.cause for each in before.findings[:3]]
    later = diagnose(_REFUSED, followups=[answer, "same for everybody here"])
    assert not asked & {each.ask for each in later.next}


@pytest.mark.parametrize(
    "answer",
    [
        "still can't send to the cloud",
        "I don't know why it fails since Monday",
        "users have it everywhere",
        "ok, one moment",
    ],
)
def test_who_only_goes_on_is_asked_the_same(answer: str) -> None:
    before, after = diagnose(_REFUSED), diagnose(_REFUSED, followups=[answer])
    assert before.next[0].ask == after.next[0].ask


def test_an_error_that_speaks_of_permission_is_an_answer() -> None:
    told = "mails to one team come back"
    refused = "550 5.7.1 RESOLVER.RST.NotAuthorized; you do not have permissions to send to this recipient"
    assert diagnose(told, followups=[refused]).findings[0].cause == diagnose(refused).findings[0].cause


def test_the_same_cmdlet_in_other_words_is_no_other_question() -> None:
    refused = "421 4.3.2 Service not active"
    assert "Get-ServerComponentState" in diagnose(refused).next[0].command
    asked = diagnose(refused, followups=["no idea"]).next
    assert not any(each.command.startswith("Get-ServerComponentState ") for each in asked)


def test_where_nothing_else_is_left_it_is_asked_again() -> None:
    told = "550 5.7.23 The message was rejected because of Sender Policy Framework violation"
    answers = ["no idea", "I have no access", "weiß ich nicht"]
    assert diagnose(told, followups=answers).next
