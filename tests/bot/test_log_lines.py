"""Log lines: for programs, for people, and with the ids of what they belong to."""

from __future__ import annotations

import json
import logging

import pytest

from bot.logs import JsonLines, PlainLines, about, configure, ids


def record(message: str, *, name: str = "bot.jobs", **more: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": name, "levelname": "INFO", "msg": message})
    vars(made).update(more)
    return made


def test_ids_are_those_of_the_work_in_hand_and_of_what_is_around_it() -> None:
    with about("one", escalation="first"):
        with about("two"):
            assert ids() == {"delivery": "two", "escalation": "first"}
        with about(escalation="second"):
            line = json.loads(JsonLines().format(record("answered", kind="message")))
        assert ids() == {"delivery": "one", "escalation": "first"}
    assert ids() == {}
    assert line["delivery"] == "one"
    assert line["escalation"] == "second"
    assert (line["event"], line["level"], line["kind"]) == ("answered", "info", "message")


def test_a_person_reads_words_and_no_escape_sequences() -> None:
    with about("one"):
        line = PlainLines().format(record("answered", kind="mes\x1b[2Jsage\nFAULT"))
    assert line.endswith("info answered  delivery=one kind=mes [2Jsage FAULT")
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize(("terminal", "formatter"), [(True, PlainLines), (False, JsonLines)])
def test_a_terminal_gets_words_and_a_pipe_json(
    terminal: bool, formatter: type[logging.Formatter], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal, raising=False)
    level = root.level
    try:
        configure("INFO")
        assert type(root.handlers[0].formatter) is formatter
    finally:
        root.setLevel(level)


@pytest.mark.parametrize("library", ["slack_sdk.web", "opentelemetry.exporter.otlp", "urllib3.connectionpool"])
def test_what_libraries_say_of_payloads_is_not_repeated(library: str) -> None:
    line = JsonLines().format(record("the whole request: sam@contoso.com", name=library))
    assert "contoso" not in line
