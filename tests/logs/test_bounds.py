"""Tens of thousands of names: memory is bounded, time is linear, and what is said is exact or says that it is not."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.logs import counting, judging, tally
from diagnostics.logs.answer import answer, find
from diagnostics.logs.counting import Names, Room
from diagnostics.logs.model import LogSummary
from diagnostics.logs.sessions import Rank, Talk
from diagnostics.logs.tally import Tally
from diagnostics.report import Report
from handlers.blocks import logs

_NAME = st.sampled_from("abcdefghij")


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, most in (
        ("_MOST_CELLS", 40),
        ("_MOST_NEAR", 60),
        ("_MOST_FAILURES", 50),
        ("_MOST_REMOTES", 20),
        ("_MOST_FAILED_NAMES", 200),
        ("_MOST_MINUTES", 50),
    ):
        monkeypatch.setattr(tally, name, most)
    monkeypatch.setattr(counting, "MOST_NAMES", 50)


@given(st.lists(st.lists(_NAME)), st.integers(1, 8), st.none() | st.integers(0, 9))
@settings(deadline=None)
def test_a_count_is_exact_or_says_that_it_may_not_be(
    parts: Sequence[Sequence[str]], most: int, left: int | None
) -> None:
    room = None if left is None else Room(left)
    whole = Names(most, room)
    for part in parts:
        names = Names(most)
        for name in part:
            names.of(name).sessions += 1
        whole.join(names)
    true = Counter(name for part in parts for name in part)
    for name, count in whole.kept.items():
        assert count.sessions <= true[name] if count.partial else count.sessions == true[name]
    assert len(whole.kept) <= 2 * most
    assert room is None or len(whole.kept) + room.left == left
    assert sum(count.sessions for count in whole.kept.values()) + whole.others.sessions == true.total()
    assert whole.full or {name: count.sessions for name, count in whole.kept.items()} == true


def test_what_comes_often_is_kept_however_late_it_comes() -> None:
    whole = Names(10)
    for start in range(0, 1_000, 40):
        names = Names(10)
        for number in range(start, start + 40):
            names.of(str(number)).sessions += 1
            if start:
                names.of("often").sessions += 1
        whole.join(names)
    assert whole.kept["often"].sessions >= 940
    assert whole.kept["often"].partial


def _talks(many: int, *, fails: bool = True) -> Iterator[Talk]:
    """Of every connector, with an address of its own, a success and then a failure of its own."""
    for number in range(many):
        for failed in (False, True) if fails else (False,):
            at = f"2026-11-{1 + number % 28:02}T{number % 24:02}:{number % 60:02}:0{int(failed)}.000Z".encode()
            remote = f"198.51.{number % 200}.{number // 200}:25".encode()
            row = [at, f"Connector {number}".encode(), f"{number:015X}{int(failed)}".encode(), b"0", b"", remote]
            talk = Talk.of(row, (0, 100 * number), True)
            talk.messages, talk.ended = int(not failed), True
            talk.rank, talk.error = (Rank.REFUSED, f"550 no {number:x}") if failed else (Rank.NONE, "")
            yield talk


def _sizes(found: Tally) -> list[int]:
    failing = found.failures.values()
    return [
        len(found.cells) + len(found.near) + len(found.failures),
        sum(len(names.kept) for names in found.counts()),
        sum(len(each.remotes.kept) + len(each.hours.kept) + len(each.episodes) for each in failing),
    ]


def test_tallies_are_bounded_and_lose_no_session() -> None:
    sizes = []
    for many in (1_000, 2_000):
        found = Tally()
        found.add(_talks(many))
        sizes.append(_sizes(found))
        assert all((remote, at) == (b"", b"") for _, remote, at in found.near)
        for names in found.counts():
            counts = [*names.kept.values(), names.others]
            assert sum(count.sessions for count in counts) == 2 * many
            assert sum(count.failed for count in counts) == sum(count.messages for count in counts) == many
        assert sum(each.count for each in found.failures.values()) + found.rest == many
    assert sizes[0] == sizes[1]


def test_parts_add_up_to_exact_failures_or_to_the_rest() -> None:
    whole, talks = Tally(), list(_talks(400))
    for part in (*(talks[start : start + 50] for start in range(0, 800, 50)), talks):
        found = Tally()
        found.add(part)
        whole.join(found)
    assert whole.failures
    assert {failing.count for failing in whole.failures.values() if not failing.partial} <= {2}
    assert sum(failing.count for failing in whole.failures.values()) + whole.rest == 800


def test_an_outage_among_thousands_of_failures_is_found() -> None:
    found = Tally()
    for talk in _talks(2_000):
        found.add([talk])
        if talk.rank and int(talk.id, 16) > 1_000 * 16:
            talk.connector, talk.error = b"Internet", "451 4.7.0 no"
            found.add([talk])
    worst = judging.failures({"smtp-send-log": found})[0]
    assert (worst.connector, worst.failing.count, worst.failing.partial) == ("Internet", 1_000, True)


def _calls(work: Callable[[], object]) -> int:
    """How many functions a piece of work called."""
    count = 0

    def called(_frame: FrameType, event: str, _: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def test_twice_as_many_names_cost_twice_as_much() -> None:
    def work(many: int) -> Callable[[], object]:
        talks = [*_talks(many), *_talks(many, fails=False)]

        def run() -> object:
            found = Tally()
            for start in range(0, len(talks), 500):
                part = Tally()
                part.add(talks[start : start + 500])
                found.join(part)
            return judging.failures({"smtp-send-log": found})

        return run

    one, two = _calls(work(2_000)), _calls(work(4_000))
    assert two < 2.2 * one


def _log(many: int) -> str:
    rows = ["#Log-type: SMTP Send Protocol Log", f"#Fields: {_FIELDS}"]
    for number in range(many):
        for tail in (
            "0,,198.51.100.7:25,*,,attempting to connect",
            "1,a,b,+,,",
            "2,a,b,>,MAIL FROM:<a@contoso.com>,",
            "3,a,b,<,550 no,",
        ):
            ends = tail.replace(",a,b,", f",192.0.2.1:4000,198.51.{number % 200}.{number // 200}:25,")
            rows.append(
                f"2026-11-18T08:00:{number % 60:02}.000Z,Connector {number % (many // 2)},08DE{number:012X},{ends}"
            )
    return "\r\n".join((*rows, ""))


_FIELDS = "date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context"


def _said(report: Report) -> str:
    return "\n".join(line.text for part in logs.parts(report, full=True) for line in part.lines)


def _summary(report: Report) -> LogSummary:
    assert report.log is not None
    return report.log


def test_the_answer_says_what_is_counted_together(tmp_path: Path) -> None:
    path = tmp_path / "SEND.LOG"
    path.write_text(_log(800))
    report = answer(find([str(path)]))
    log = _summary(report)
    (kind,) = log.kinds
    assert (kind.sessions, kind.failed) == (800, 800)
    for listed, others in ((kind.connectors, kind.other_connectors), (kind.remotes, kind.other_remotes)):
        assert others is not None
        assert others.more
        assert sum(each.sessions for each in listed) + others.sessions == 800
    assert log.other_failures is not None
    assert sum(each.sessions for each in log.failures) + log.other_failures.sessions == 800
    said = _said(report)
    assert "names more than 100 connectors: those with fewest sessions are counted together" in said
    assert "names more than 100 remote addresses: those with fewest sessions are counted together" in said
    assert "It may have begun earlier and have more sessions" in said
    hidden = 800 - sum(each.sessions for each in log.failures[:20])
    assert f"and more than 80 more failures, {hidden} sessions in all; the rarest are counted together" in said


def test_what_is_not_listed_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All names are known; the answer lists some, and says how many there are besides."""
    monkeypatch.setattr("diagnostics.logs.summary._MOST_NAMES", 5)
    monkeypatch.setattr("diagnostics.logs.summary._MOST_FAILURES", 15)
    path = tmp_path / "SEND.LOG"
    path.write_text(_log(80))
    report = answer(find([str(path)]))
    (kind,) = _summary(report).kinds
    assert kind.other_connectors is not None
    assert (len(kind.connectors), kind.other_connectors.names, kind.other_connectors.more) == (5, 35, False)
    assert "and 25 more failures" in _said(report)
    assert "counted together" not in _said(report)
