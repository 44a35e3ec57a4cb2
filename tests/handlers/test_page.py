"""Pages keep to Slack's limits, ping nobody by accident, and take no file along."""

from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playground.block_kit import check_blocks
from diagnostics import Report, diagnose
from diagnostics.report import Evidence, Question, Step, Suspect
from handlers.blocks import limits
from handlers.blocks.message import Message
from handlers.blocks.page import PAGE_ACTIONS, mention, page, summary
from handlers.commands import WORDS
from handlers.words import find
from tests.bot.pastes import FAILING

ID = str(uuid4())
LINK = "https://contoso.slack.com/archives/C0EXCHANGE/p1795735139822277"


def buttons(message: Message) -> dict[str, str]:
    rows = [block["elements"] for block in message.blocks if block["type"] == "actions"]
    return {button["action_id"]: button["value"] for row in rows for button in row}


def made(report: Report | None, why: str = "alex asks for whoever is on call.") -> Message:
    message = page(report, why=why, link=LINK, escalation=ID)
    assert check_blocks(list(message.blocks)) == []
    assert limits.size(message.blocks) <= limits.MESSAGE
    assert len(message.text.encode()) <= limits.TEXT
    assert message.file is None
    return message


def suspect(**more: object) -> Suspect:
    base = {"cause": "dns.null-mx", "title": "The title", "belief": "confirmed", "because": "Because.", "act": "dns"}
    return Suspect.model_validate({**base, **more})


def test_every_button_carries_the_escalation() -> None:
    assert buttons(made(diagnose(FAILING))) == dict.fromkeys(PAGE_ACTIONS, ID)
    assert buttons(page(None, why="Resolved by sam.", link=LINK, escalation="")) == {}


def test_a_confirmed_cause_leads_with_its_first_step_and_others_with_the_question() -> None:
    steps = (Step(say="Give the account its right.", command="icacls x"), Step(say="Second."))
    question = (Question(ask="Send the log.", command="Get-Content x"),)
    settled = made(Report(verdict="failure", findings=(suspect(steps=steps),), next=question)).text
    assert "Give the account its right." in settled
    assert "Send the log." not in settled
    assert "Second." not in settled
    likely = made(Report(verdict="failure", findings=(suspect(belief="likely", steps=steps),), next=question)).text
    assert "Send the log." in likely
    assert "Give the account" not in likely


def test_among_several_possible_causes_none_is_blamed() -> None:
    several = tuple(suspect(cause=f"dns.x{number}", belief="possible") for number in range(3))
    report = Report(verdict="failure", findings=several, summary="Mail fails.")
    assert summary(report) == "Mail flow fails; 3 causes fit"
    assert "The title" not in made(report).text


def test_without_anything_on_record_it_still_leads_to_the_thread() -> None:
    said = made(None).text
    assert LINK in said
    assert "ask in the thread" in said


@given(st.text(max_size=4000), st.text(max_size=3000), st.text(max_size=300))
def test_any_content_fits(long: str, command: str, why: str) -> None:
    evidence = tuple(Evidence(quote=long, line=1) for _ in range(5))
    step = Step(say=long, command=command, changes=long, undo=long, verify=long)
    found = suspect(title=long or "x", because=long, evidence=evidence, steps=(step,))
    made(Report(verdict="failure", findings=(found,), summary=long), why)
    question = Question(ask=long or "x", command=command)
    made(Report(verdict="failure", findings=(suspect(belief="likely", because=long),), next=(question,)), why)


@pytest.mark.parametrize("hostile", ["<!channel>", "<@U0SAM>", "&lt;!here&gt;", "@channel"])
def test_what_was_pasted_pings_nobody(hostile: str) -> None:
    found = suspect(because=hostile, title=hostile, evidence=(Evidence(quote=hostile, line=1),))
    message = made(Report(verdict="failure", findings=(found,)), hostile)
    assert "<!" not in message.text
    assert "<@" not in message.text
    assert "user_id" not in str(message.blocks)
    said = mention(["U0PRIYANAI"], hostile)
    assert said.text.count("<") == 1
    assert check_blocks(list(said.blocks)) == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("escalate", "escalate"),
        (" Escalate ", "escalate"),
        ("ack", "ack"),
        ("acknowledge", "ack"),
        ("resolve", "resolve"),
        ("resolved", "resolve"),
        ("status", "status"),
        ("on-call", "oncall"),
        ("help", "help"),
        ("explain 5.7.64", "explain"),
        ("check mail.contoso.com", "check"),
        (f"escalate <{LINK}>", "escalate"),
        ("check this please:\n550 5.7.64 Relay Access Denied", None),
        ("explain\n550 5.7.64\nto me", None),
        ("escalate this please", None),
        ("resolve mail.contoso.com", None),
        ("", None),
        ("550 5.7.1 resolved", None),
    ],
)
def test_only_the_bare_word_is_a_request(text: str, word: str | None) -> None:
    found = find(WORDS, text)
    assert (found.names[0] if found else None) == word
