"""What `incidents …` asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.incidents import QuestionError, asked_for, wanted
from handlers.ports.history import IncidentFilter
from handlers.ports.thread import Thread

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
HERE = Thread("T1", "C1", "1.0")
KEY = "tls.certificate.private-key-permission"


def question(text: str) -> IncidentFilter:
    return asked_for(text, HERE, "U1", NOW)


def test_open_ones_that_can_be_seen_from_here_are_meant() -> None:
    assert question("incidents") == IncidentFilter("T1", "C1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("incidents resolved", IncidentFilter("T1", "C1", state="resolved")),
        ("incidents ALL mine", IncidentFilter("T1", "C1", state="all", member="U1")),
        ("incidents since 7d", IncidentFilter("T1", "C1", since=NOW - timedelta(days=7))),
        ("incidents since 12h", IncidentFilter("T1", "C1", since=NOW - timedelta(hours=12))),
        ("incidents since 2026-11-01", IncidentFilter("T1", "C1", since=datetime(2026, 11, 1, tzinfo=UTC))),
        ("incidents channel", IncidentFilter("T1", "C1", channel="C1")),
        ("incidents channel <#C2XYZ|exchange>", IncidentFilter("T1", "C1", channel="C2XYZ")),
        (f"incidents cause {KEY}", IncidentFilter("T1", "C1", causes=frozenset((KEY,)))),
    ],
)
def test_each_filter(text: str, expected: IncidentFilter) -> None:
    assert question(text) == expected


def test_causes_are_found_by_words_of_their_titles() -> None:
    causes = question("incidents cause private key since 7d").causes
    assert causes
    assert KEY in causes
    assert question("incidents resolved cause PRIVATE key").causes == causes


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("incidents yesterday", "I don't understand “yesterday”"),
        ("incidents open today", "I don't understand “open today”"),
        ("incidents since", "I don't understand “since”"),
        ("incidents since forever", "I don't know when “forever” is"),
        ("incidents since 9999-99-99", "I don't know when"),
        ("incidents channel #exchange", "I can't look up “#exchange”"),
        ("incidents cause gremlins", "I know no cause with “gremlins”"),
    ],
)
def test_what_is_no_question_is_told_what_to_do(text: str, says: str) -> None:
    with pytest.raises(QuestionError, match=says):
        question(text)


@given(st.text(max_size=400))
def test_no_text_does_harm(text: str) -> None:
    said = ""
    try:
        question(f"incidents {text}")
    except QuestionError as error:
        said = str(error)
    assert len(said) < 400


def test_a_sentence_about_incidents_is_none() -> None:
    assert wanted("incidents")
    assert wanted(" Incidents since 7d")
    assert not wanted("incidents with TLS since yesterday")
    assert not wanted("550 5.7.64")
