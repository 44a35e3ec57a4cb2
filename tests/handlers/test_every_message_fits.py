"""Every function of handlers.blocks that makes a message or a form is found by what it returns, and fits Slack's limits."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import handlers.blocks
from diagnostics.checks.model import CheckVerdict
from handlers.blocks import (
    Message,
    answer,
    at_work,
    card,
    checked,
    checking,
    details,
    explained,
    joined,
    logged,
    mention,
    moved,
    plain,
    watch,
)
from handlers.blocks import page as page_of
from handlers.blocks.check_form import check_form
from handlers.blocks.form import form, opening
from handlers.blocks.home import Seen, home
from handlers.blocks.incidents import incident_list
from handlers.blocks.message import message
from handlers.blocks.outline import cleaned
from handlers.blocks.sections import outline
from handlers.blocks.verdict_form import Place, verdict_form
from handlers.commands import helped
from handlers.ports.history import Figures, Incident, IncidentState
from handlers.ports.logs import LogProgress
from handlers.ports.people import Choices
from handlers.ports.roster import Duty
from handlers.ports.thread import Thread
from handlers.ports.watches import Watch
from tests.handlers import test_watch as watched
from tests.handlers.drawn import ATTEMPT, CHECK, EXPLANATION, LINK, REPORT, SHOWN, TEXT, several
from tests.handlers.slack_limits import length

NOW = datetime(2026, 11, 27, 2, 30, tzinfo=UTC)
IDS = st.sampled_from(["U0JONASWEB", "U0PRIYANAI"])
INCIDENT = st.builds(
    Incident,
    thread=st.builds(Thread, st.just("T0CONTOSO1"), st.just("C0EXCHANGE"), st.integers(1, 99).map(str)),
    state=st.sampled_from(get_args(IncidentState)),
    cause=TEXT,
    belief=st.sampled_from(["", "possible", "confirmed"]),
    holder=st.just("") | TEXT,
    opened=st.just(NOW) | st.just(NOW - timedelta(days=900)),
    ended=st.none() | st.just(NOW),
    reports=st.integers(1, 10**9),
    reporters=st.integers(0, 10**9),
)
TARGET = st.text("abc.-", min_size=1, max_size=253)  # what diagnostics.checks.target_of takes is never longer
WATCH = st.builds(
    Watch,
    target=TARGET,
    every=st.sampled_from([timedelta(minutes=15), timedelta(days=7)]),
    owner=IDS,
    verdict=st.sampled_from(["", *get_args(CheckVerdict)]),
    open=st.integers(0, 10**6),
    looked_at=st.none() | st.just(NOW),
    next_at=st.none() | st.just(NOW),
    paused=TEXT,
)
SENTENCE = TEXT.filter(lambda text: bool(cleaned(text).strip()))
PROGRESS = st.builds(
    LogProgress, st.sampled_from(["fetching", "reading"]), st.integers(0, 10**13), st.integers(0, 10**13)
)


def listed(rows: list[Incident], name: str, link: str, more: str) -> Message:
    """As handlers.incidents asks for it: at most ten rows, and a button that carries at most 310 characters."""
    names, links = {each.holder: name for each in rows}, {each.thread: link for each in rows}
    return incident_list(rows, title="Open", now=NOW, names=names, links=links, notes=["n"], more=more[:310])


MESSAGES: dict[str, st.SearchStrategy[Message]] = {
    "report.answer": st.builds(answer, REPORT, refusals=several(TEXT)),
    "report.details": st.builds(details, REPORT),
    "card.card": st.builds(card, SHOWN),
    "card.joined": st.builds(joined, LINK),
    "card.moved": st.builds(moved, REPORT, LINK, unread=several(TEXT)),
    "check.checking": st.builds(checking, TEXT, several(ATTEMPT)),
    "check.checked": st.builds(checked, CHECK, age=st.none() | st.floats(0, 1e6), case=st.none() | REPORT),
    "explanation.explained": st.builds(explained, EXPLANATION),
    "form.opening": st.builds(opening, TEXT, st.lists(TEXT, max_size=10), asker=st.just("") | IDS, notice=st.just("x")),
    "help.help_message": st.builds(helped),
    "incidents.incident_list": st.builds(listed, st.lists(INCIDENT, max_size=10), TEXT, LINK, TEXT),
    "log_answer.at_work": st.builds(
        at_work, st.lists(TEXT, min_size=1, max_size=9), st.none() | PROGRESS, st.floats(0, 1e6)
    ),
    "log_answer.logged": st.builds(logged, REPORT, st.none() | REPORT, LINK, unread=several(TEXT)),
    "message.message": st.builds(lambda report: message(outline(report, full=True)), REPORT),
    "message.plain": st.builds(plain, SENTENCE),
    "page.mention": st.builds(mention, st.lists(IDS, max_size=20), SENTENCE),
    "page.page": st.builds(page_of, st.none() | REPORT, why=TEXT, link=LINK, escalation=st.uuids().map(str)),
    "watch.started": st.builds(watch.started, watched.REPORT, st.just(timedelta(hours=6)), TEXT, over=watched.OVER),
    "watch.news": st.builds(
        watch.news, TARGET, watched.CHANGES, watched.REPORT, over=watched.OVER, oncall=st.booleans()
    ),
    "watch.line_of": st.builds(watch.line_of, watched.CHANGES),
    "watch.paused": st.builds(watch.paused, TARGET, st.just("C0EXCHANGE"), TEXT, watched.CHANGES),
    "watch.listing": st.builds(watch.listing, st.lists(WATCH, max_size=40)),
}
PLACE = Place("C0EXCHANGE", "1790000000.000001", "1790000000.000002", "wrong", "")
MEAN = st.none() | st.timedeltas(timedelta(0), timedelta(days=900))
SEEN = st.builds(
    Seen,
    now=st.just(NOW),
    open=st.lists(INCIDENT, max_size=9).map(tuple),
    recent=st.lists(INCIDENT, max_size=40).map(tuple),
    names=st.just({}),
    links=st.just({}),
    figures=st.builds(
        Figures, MEAN, MEAN, MEAN, causes=st.lists(st.tuples(TEXT, st.integers(1, 10**9)), max_size=20).map(tuple)
    ),
    duties=st.lists(
        st.builds(Duty, target=TEXT, people=st.lists(TEXT, max_size=9).map(tuple), problem=TEXT), max_size=40
    ).map(tuple),
    watches=st.lists(WATCH, max_size=40).map(tuple),
    choices=st.builds(Choices, short=st.booleans(), told=st.booleans()),
    limited=st.booleans(),
)
VIEWS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "form.form": st.builds(form, st.sampled_from(["", "C0EXCHANGE"])),
    "check_form.check_form": st.builds(check_form),
    "home.home": st.builds(home, SEEN),
    "verdict_form.verdict_form": st.builds(verdict_form, st.just(PLACE), st.lists(TEXT, max_size=8)),
}
# Longest texts in UTF-16 units, by where they stand: https://docs.slack.dev/reference/block-kit
LENGTHS = {"action_id": 255, "block_id": 255, "url": 3_000, "alt_text": 2_000, "private_metadata": 3_000}
TEXTS = {"placeholder": 150, "label": 2_000, "hint": 2_000, "title": 24, "submit": 24, "close": 24}
BUTTON, BUTTON_VALUE, OPTION, OPTION_VALUE, HEADER, ANY_TEXT = 75, 2_000, 75, 150, 150, 3_000
BLOCKS, VIEW_BLOCKS, CONTEXT, ACTIONS, OPTIONS, ON_THE_WIRE, BESIDE = 50, 100, 10, 25, 100, 10_000, 4_000
KINDS = {"header", "context", "actions", "rich_text", "input", "section", "divider"}


def makers(*returned: str) -> set[str]:
    """The public functions below handlers.blocks that say to return one of these."""
    found = set()
    for each in pkgutil.iter_modules(handlers.blocks.__path__):
        module = importlib.import_module(f"handlers.blocks.{each.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            own = function.__module__ == module.__name__ and not name.startswith("_")
            if own and inspect.signature(function).return_annotation in returned:
                found.add(f"{each.name}.{name}")
    return found


def objects(value: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object in a message, with the key under which it stands."""
    if isinstance(value, dict):
        yield where, value
        for key, inner in value.items():
            yield from objects(inner, key)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from objects(inner, where)


def fits(blocks: Any) -> None:
    for where, each in objects(blocks):
        for key, most in LENGTHS.items():
            assert 0 < length(str(each.get(key, "x"))) <= most, key
        if each.get("type") == "plain_text":
            most = {"text": ANY_TEXT, **TEXTS}.get(where, ANY_TEXT)
            assert 1 <= length(each["text"]) <= most, where
            assert each["text"].strip()
        if each.get("type") == "mrkdwn":
            assert 1 <= length(each["text"]) <= ANY_TEXT
        if each.get("type") == "header":
            assert length(each["text"]["text"]) <= HEADER
        if each.get("type") == "button":
            assert length(each["text"]["text"]) <= BUTTON
            assert length(each.get("value", "")) <= BUTTON_VALUE
        if where == "options":
            assert length(each["text"]["text"]) <= OPTION
            assert 1 <= length(each["value"]) <= OPTION_VALUE
        elements, most = each.get("elements", [1]), {"context": CONTEXT, "actions": ACTIONS}.get(str(each.get("type")))
        assert elements
        assert most is None or len(elements) <= most
        for key in ("options", "option_groups"):
            assert 1 <= len(each.get(key, [1])) <= OPTIONS
    assert {block["type"] for block in blocks} <= KINDS


def test_no_maker_is_forgotten() -> None:
    assert makers("Message") == MESSAGES.keys()
    assert makers("Json", "dict[str, Any]") == VIEWS.keys()


LARGE = settings(  # shrinking a whole report takes minutes
    max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate]
)


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")  # of a large example that it prints
@pytest.mark.parametrize("maker", MESSAGES)
@LARGE
@given(st.data())
def test_any_message_fits(maker: str, data: st.DataObject) -> None:
    made = data.draw(MESSAGES[maker])
    assert 1 <= len(made.blocks) <= BLOCKS
    assert len(json.dumps(made.blocks)) <= ON_THE_WIRE
    assert made.text.strip()
    assert len(made.text.encode()) <= BESIDE
    fits(made.blocks)


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")  # of a large example that it prints
@pytest.mark.parametrize("maker", VIEWS)
@LARGE
@given(st.data())
def test_any_form_fits(maker: str, data: st.DataObject) -> None:
    view = data.draw(VIEWS[maker])
    assert view["type"] in ("modal", "home")
    assert 1 <= len(view["blocks"]) <= VIEW_BLOCKS
    for key in ("title", "submit", "close") if view["type"] == "modal" else ():
        assert 1 <= length(view[key]["text"]) <= TEXTS[key]
    assert length(view.get("private_metadata", "")) <= LENGTHS["private_metadata"]
    fits(view["blocks"])
