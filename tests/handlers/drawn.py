"""Reports, checks and cards at random, with all that is hostile in their texts, for tests of what is shown of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

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
from handlers.blocks import Shown
from handlers.ports.incidents import Standing

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
