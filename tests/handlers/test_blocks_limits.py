"""Whatever a report holds, Slack takes the message, nobody is pinged, and no command is cut.

The limits are written down here again, from Slack's reference, so that a slip in the bot's own table is seen.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diagnostics.cause import catalogue
from diagnostics.checks.model import Attempt, CheckReport, CheckVerdict, Kind, Remark, Status
from diagnostics.checks.outcomes import Outcome
from diagnostics.codes import Explanation, Meaning
from diagnostics.report import (
    Act,
    BeliefName,
    Effect,
    Evidence,
    Moment,
    Note,
    Question,
    ReadArtefact,
    Report,
    RuledOut,
    Shell,
    Step,
    Suspect,
    Verdict,
)
from handlers.blocks import (
    Message,
    Shown,
    answer,
    card,
    checked,
    checking,
    details,
    explained,
    joined,
    limits,
    logged,
    moved,
    mrkdwn,
    plain,
)
from handlers.blocks.card import RESOLVE_CASE, WRONG
from handlers.blocks.outline import as_text, cleaned
from handlers.blocks.sections import outline
from handlers.blocks.verdict_form import Place, entered, place_of, verdict_form
from handlers.commands import helped
from handlers.incident_ports import Standing

MAX_BLOCKS = 50
MAX_MESSAGE = 10_000  # "msg_blocks_too_long" has been seen from 11,300 on
MAX_TEXT = 4_000  # bytes; chat.update refuses more
MAX_HEADER = 150
MAX_PLAIN = 3_000
MAX_CONTEXT_ELEMENTS = 10
MAX_ACTIONS = 25
MAX_BUTTON = 75
MAX_ACTION_ID = 255
MAX_URL = 3_000

PINGS = ("<!channel>", "<@U123>", "<#C1|x>", "<http://a|b>", "&amp;", "&", "```", "`")
BROKEN = ("", " ", "\n", "\x1b[31m", "\ud800", "\u202e", "\x00")
LONG = ("😀" * 3000, "漢" * 2000, "<" * 5000, "&" * 5000, "a b " * 2000, "\n" * 3000, "`x`" * 2000)
NASTY = st.sampled_from((*PINGS, *BROKEN, *LONG))
TEXT = st.one_of(st.text(max_size=30), NASTY, st.builds("".join, st.lists(NASTY | st.text(max_size=9), max_size=4)))
NUMBER = st.integers(min_value=-(10**30), max_value=10**30)


def several(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(values, max_size=3).map(tuple) | st.builds(
        lambda value, times: (value,) * times, values, st.integers(1, 12)
    )


def one_of(literal: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(get_args(literal))


EVIDENCE = st.builds(Evidence, quote=TEXT, line=NUMBER, paste=NUMBER)
STEP = st.builds(
    Step,
    say=TEXT,
    shell=one_of(Shell),
    command=TEXT,
    effect=one_of(Effect),
    changes=TEXT,
    undo=TEXT,
    verify=TEXT,
)
SUSPECT = st.builds(
    Suspect,
    cause=TEXT,
    title=TEXT,
    belief=one_of(BeliefName),
    because=TEXT,
    evidence=several(EVIDENCE),
    act=one_of(Act),
    steps=several(STEP),
    references=several(TEXT | st.just("https://learn.microsoft.com/exchange")),
)
QUESTION = st.builds(Question, ask=TEXT, shell=one_of(Shell), command=TEXT, separates=several(TEXT))
REPORT = st.builds(
    Report,
    verdict=one_of(Verdict),
    summary=TEXT,
    artefacts=several(st.builds(ReadArtefact, kind=TEXT, lines=st.tuples(NUMBER, NUMBER), paste=NUMBER)),
    findings=several(SUSPECT),
    ruled_out=several(st.builds(RuledOut, cause=TEXT, title=TEXT, because=TEXT)),
    next=several(QUESTION),
    timeline=several(st.builds(Moment, at=TEXT, line=NUMBER, what=TEXT, paste=NUMBER)),
    notes=several(st.builds(Note, text=TEXT, evidence=several(EVIDENCE))),
    changed=several(TEXT),
    check=TEXT,
)
FACTS = st.dictionaries(
    st.sampled_from(
        ["details", "hosts", "certificate", "zones", "answers", "fit", "reasons", "accepted", "names", "banner"]
    ),
    TEXT | NUMBER | st.none() | st.booleans() | st.lists(TEXT, max_size=3) | st.dictionaries(TEXT, TEXT, max_size=3),
    max_size=4,
)
ATTEMPT = st.builds(
    Attempt,
    check=st.sampled_from(["smtp", "starttls", "mx", "spf", "exo-connector", "dnsbl", "relay", "unheard-of"]) | TEXT,
    subject=TEXT,
    status=one_of(Status),
    outcomes=several(one_of(Outcome)),
    ms=st.floats(0, 1e6),
    facts=FACTS,
    reason=TEXT,
)
CHECK = st.builds(
    CheckReport,
    target=TEXT,
    kind=one_of(Kind),
    verdict=one_of(CheckVerdict),
    summary=TEXT,
    outcomes=several(one_of(Outcome)),
    attempts=several(ATTEMPT),
    remarks=several(st.builds(Remark, outcome=one_of(Outcome), subject=TEXT, says=TEXT, steps=several(STEP))),
    findings=several(SUSPECT),
    next=several(QUESTION),
)
EXPLANATION = st.builds(
    Explanation,
    query=TEXT,
    found=st.booleans(),
    meanings=several(
        st.builds(
            Meaning,
            code=TEXT,
            name=TEXT,
            meaning=TEXT,
            emitter=TEXT,
            wrapper=st.booleans(),
            causes=several(TEXT),
            source=TEXT,
        )
    ),
    hint=TEXT,
)
STANDING = st.builds(
    Standing,
    phase=st.sampled_from(["open", "paging", "acknowledged", "resolved"]),
    since=st.none() | st.just(datetime(2026, 11, 27, 2, 30, tzinfo=UTC)),
    took=st.none() | st.timedeltas(timedelta(0), timedelta(days=900)),
    held=TEXT,
    cause=TEXT,
    reopened=TEXT,
    reports=st.integers(1, 10**9),
    people=st.integers(0, 10**9),
    escalation=st.just("") | st.uuids().map(str),
    anybody=st.booleans(),
)
SHOWN = st.builds(
    Shown,
    report=REPORT,
    standing=STANDING,
    zone=st.sampled_from([UTC, ZoneInfo("Europe/Berlin")]),
    who=TEXT,
    reopened=TEXT,
    was=TEXT,
    log=st.none() | REPORT,
    only_log=st.booleans(),
    unread=several(TEXT),
    manual_url=st.sampled_from(["", "https://contoso.com/manual"]),
)
LINK = st.sampled_from(["", "https://contoso.slack.com/archives/C0EXCHANGE/p1790000000000001"])
LARGE = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


def length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def check(message: Message) -> None:
    assert 1 <= len(message.blocks) <= MAX_BLOCKS
    assert len(json.dumps(message.blocks)) <= MAX_MESSAGE
    assert message.text.strip()
    assert len(message.text.encode()) <= MAX_TEXT
    check_mrkdwn(message.text)
    message.text.encode()  # no half of a surrogate pair
    for block in message.blocks:
        json.dumps(block, ensure_ascii=False).encode()
        CHECKS[block["type"]](block)


def check_mrkdwn(text: str) -> None:
    assert "<" not in text
    assert ">" not in text
    assert all(rest.startswith(("amp;", "lt;", "gt;")) for rest in text.split("&")[1:])


def check_plain(text: dict[str, Any], most: int) -> None:
    assert text["type"] == "plain_text"
    assert 1 <= length(text["text"]) <= most
    assert text["text"].strip()


def check_header(block: dict[str, Any]) -> None:
    check_plain(block["text"], MAX_HEADER)


def check_context(block: dict[str, Any]) -> None:
    assert 1 <= len(block["elements"]) <= MAX_CONTEXT_ELEMENTS
    for element in block["elements"]:
        check_plain(element, MAX_PLAIN)


def check_actions(block: dict[str, Any]) -> None:
    assert 1 <= len(block["elements"]) <= MAX_ACTIONS
    for button in block["elements"]:
        assert button["type"] == "button"
        assert 1 <= len(button["action_id"]) <= MAX_ACTION_ID
        check_plain(button["text"], MAX_BUTTON)


def check_rich_text(block: dict[str, Any]) -> None:
    assert block["elements"]
    for element in block["elements"]:
        assert element["elements"]
        if element["type"] == "rich_text_list":
            assert element["style"] == "bullet"
            assert all(
                section["type"] == "rich_text_section" and section["elements"] for section in element["elements"]
            )
            runs = [run for section in element["elements"] for run in section["elements"]]
        else:
            assert element["type"] in ("rich_text_section", "rich_text_quote", "rich_text_preformatted")
            runs = element["elements"]
        for run in runs:
            check_run(run)


def check_run(run: dict[str, Any]) -> None:
    if run["type"] == "link":
        assert run["url"].startswith(("https://", "http://"))
        assert len(run["url"]) <= MAX_URL
    else:
        assert run["type"] == "text"  # never a user, a channel or a broadcast
        assert run["text"]
        assert run.get("style", {"bold": True}).keys() <= {"bold", "italic", "code", "strike"}


CHECKS = {
    "header": check_header,
    "context": check_context,
    "actions": check_actions,
    "rich_text": check_rich_text,
}


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


MAX_METADATA, MAX_TITLE, MAX_OPTION, MAX_OPTIONS, MAX_VALUE, MAX_LABEL = 3_000, 24, 75, 100, 75, 2_000


@given(st.sampled_from([RESOLVE_CASE, WRONG]), TEXT, st.lists(st.sampled_from(sorted(catalogue())) | TEXT, max_size=8))
def test_any_form_fits_and_says_what_it_is_about(action: str, value: str, suspects: list[str]) -> None:
    place = Place("C0EXCHANGE", "1790000000.000001", "1790000000.000002", action, value[:200])
    form = verdict_form(place, suspects)
    assert place_of(form) == place
    assert length(form["private_metadata"]) <= MAX_METADATA
    for text in (form["title"], form["submit"], form["close"]):
        check_plain(text, MAX_TITLE)
    for block in form["blocks"]:
        check_plain(block["label"], MAX_LABEL)
    groups = form["blocks"][0]["element"]["option_groups"]
    assert 1 <= len(groups) <= MAX_OPTIONS
    for group in groups:
        check_plain(group["label"], MAX_OPTION)
        assert 1 <= len(group["options"]) <= MAX_OPTIONS
        for option in group["options"]:
            check_plain(option["text"], MAX_OPTION)
            assert 1 <= length(option["value"]) <= MAX_VALUE


@given(
    st.recursive(
        st.none() | st.text(max_size=9) | NUMBER,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(Place.__slots__), inner),
        max_leaves=5,
    )
)
def test_a_form_of_another_shape_is_no_form(value: Any) -> None:
    assert place_of({"private_metadata": json.dumps(value)}) is None
    assert place_of({"private_metadata": value if isinstance(value, str) else ""}) is None


@given(TEXT, TEXT, TEXT)
def test_what_is_entered_is_bounded(cause: str, words: str, note: str) -> None:
    values = {"cause": {"cause": {"selected_option": {"value": cause}}}}
    values |= {name: {name: {"value": text}} for name, text in (("words", words), ("note", note))}
    told = json.loads(entered({"private_metadata": "", "state": {"values": values}}))
    assert told["cause"] in ("", "other")
    assert length(told["words"]) <= 300
    assert length(told["note"]) <= 2_000


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
        ("Confirmed:", "Likely:", "Possible:", "Not settled", "No failure", "I see no", "A failure")
    )


@given(st.text(), st.integers(10, 60))
def test_clipping_keeps_the_beginning(text: str, limit: int) -> None:
    clipped = limits.clip(text, limit)
    assert length(clipped) <= limit
    assert clipped == text or (clipped.endswith("…") and text.startswith(clipped[:-1]))
    assert length(text) > limit or clipped == text


@given(st.text(alphabet=st.sampled_from("&<>;a😀 \n")), st.integers(10, 60))
def test_clipping_never_cuts_an_entity(text: str, limit: int) -> None:
    clipped = limits.clip_escaped(mrkdwn.escape(text), limit)
    assert length(clipped) <= limit
    check_mrkdwn(clipped)


@pytest.mark.parametrize("text", ["a`b", "`", "``", "```", "a\n```\nb", "<!here>`"])
def test_backticks_break_out_of_nothing(text: str) -> None:
    assert mrkdwn.code(text).count("`") == text.count("`")  # no span is opened around them
    assert mrkdwn.fence(text).count("```") == (1 if "```" in text else 2)
    check_mrkdwn(mrkdwn.code(text) + mrkdwn.fence(text))
