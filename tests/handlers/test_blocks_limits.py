"""Whatever a report holds, Slack takes the message, nobody is pinged, and no command is cut."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.checks.model import CheckReport
from diagnostics.codes import Explanation
from diagnostics.report import Report
from handlers.blocks import Shown, answer, card, checked, checking, details, explained, joined, logged, moved, plain
from handlers.blocks.outline import as_text, cleaned
from handlers.blocks.sections import outline
from handlers.commands import helped
from tests.handlers.drawn import CHECK, EXPLANATION, LARGE, LINK, REPORT, SHOWN, TEXT, several
from tests.handlers.slack_limits import check


@LARGE
@given(REPORT, several(TEXT))
def test_any_answer_fits(report: Report, refusals: tuple[str, ...]) -> None:
    check(answer(report, refusals=refusals))


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
@LARGE
@given(SHOWN)
def test_any_card_fits_and_takes_no_file_along(shown: Shown) -> None:
    made = card(shown)
    check(made)
    assert made.file is None
    said = json.dumps(made.blocks) + made.text
    assert "attached file" not in said  # it would be looked for in vain


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
@LARGE
@given(REPORT, LINK, several(TEXT), st.none() | REPORT)
def test_any_short_answer_fits(report: Report, link: str, unread: tuple[str, ...], case: Report | None) -> None:
    for made in (moved(report, link, unread=unread), logged(report, case, link, unread=unread)):
        check(made)
        assert made.file is None
        assert "attached file" not in json.dumps(made.blocks) + made.text


@given(LINK)
def test_the_way_to_the_incident_fits(link: str) -> None:
    check(joined(link))


@LARGE
@given(REPORT)
def test_any_details_fit(report: Report) -> None:
    check(details(report))


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
@LARGE
@given(CHECK, st.none() | st.floats(0, 1e6), st.none() | REPORT)
def test_any_check_fits(report: CheckReport, age: float | None, case: Report | None) -> None:
    check(checked(report, age=age, case=case))


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")  # of a large example that it prints
@LARGE
@given(CHECK)
def test_any_progress_fits(report: CheckReport) -> None:
    check(checking(report.target, report.attempts))


@LARGE
@given(EXPLANATION)
def test_any_explanation_fits(explanation: Explanation) -> None:
    check(explained(explanation))


@given(TEXT.filter(lambda text: bool(cleaned(text).strip())))
def test_any_sentence_fits(text: str) -> None:
    check(plain(text))


def test_help_fits() -> None:
    check(helped())


@LARGE
@given(REPORT)
def test_a_command_is_whole_or_absent(report: Report) -> None:
    whole = {cleaned(step.command) for suspect in report.findings for step in suspect.steps}
    whole |= {cleaned(question.command) for question in report.next}
    for message in (answer(report), details(report)):
        for block in message.blocks:
            for element in block["elements"] if block["type"] == "rich_text" else ():
                if element["type"] == "rich_text_preformatted":
                    text = element["elements"][0]["text"]
                    assert text in whole or text == "(too long for a message: it is in the attached file)"


@LARGE
@given(REPORT)
def test_a_message_that_lacks_something_has_it_in_its_file(report: Report) -> None:
    message = answer(report)
    if message.file:
        name, content = message.file
        assert name == "mailflow-answer.txt"
        assert content == as_text(outline(report, full=True))
        content.encode()


@LARGE
@given(REPORT)
def test_the_verdict_is_always_there(report: Report) -> None:
    titles = [block["text"]["text"] for block in answer(report).blocks if block["type"] == "header"]
    assert titles[0].startswith(
        ("Confirmed:", "Likely:", "Possible:", "Not settled", "No failure", "I can read no", "A failure")
    )
