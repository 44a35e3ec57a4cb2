"""Every session, failure, hour and change is exact, however the log is interleaved, cut into files, ranges and blocks."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.facts import Session
from diagnostics.logs import parts, sessions
from diagnostics.logs.answer import find
from diagnostics.logs.layout import Kind as LogKind
from diagnostics.logs.scan import Scan
from diagnostics.logs.tally import Only, Tally, shape
from diagnostics.recognisers import recognise
from diagnostics.text import Paste
from tests.logs.reading import generated, scanned, tally, write
from tests.logs_generator import FIELDS, Kind, Plan, Truth

_KINDS: dict[Kind, LogKind] = {
    "send": "smtp-send-log",
    "receive": "smtp-receive-log",
    "connectivity": "connectivity-log",
    "tracking": "tracking-log",
}


@st.composite
def _plans(draw: st.DrawFn, kinds: tuple[Kind, ...] = ("send", "receive", "connectivity", "tracking")) -> Plan:
    kind = draw(st.sampled_from(kinds))
    names = FIELDS[kind].split(",")
    others = draw(st.sampled_from([[], ["extra"], ["logfilename", "row"]]))
    order = st.sampled_from([names, [*others, *names], [*names, *others]]) | st.permutations([*names, *others])
    return Plan(
        size=draw(st.integers(2_000, 60_000)),
        kind=kind,
        interleaving=draw(st.integers(1, 40)),
        failing=draw(st.sampled_from([0.0, 0.1, 0.5, 1.0])),
        outage=draw(st.sampled_from([(0.4, 0.6), (0.0, 1.0), (0.9, 2.0), (1.0, 1.0)])),
        one_row=draw(st.booleans()),
        bad=draw(st.sampled_from([0.0, 0.02])),
        pace=draw(st.sampled_from([1, 50, 5_000, 120_000])),
        seed=draw(st.integers(0, 1000)),
        columns=tuple(draw(st.just([]) | order)),
    )


_PLANS = _plans()
_CUTS = st.lists(st.floats(0, 1), max_size=4)


def _is_true(scan: Scan, truth: Truth, kind: Kind) -> None:
    found = tally(scan, _KINDS[kind])
    connectors, remotes, hours = found.counts()
    assert {name: count.sessions for name, count in connectors.kept.items()} == truth.connectors
    assert {name: count.sessions for name, count in remotes.kept.items()} == truth.remotes
    assert {name: count.sessions for name, count in hours.kept.items()} == truth.hours
    assert {name: count.failed for name, count in hours.kept.items() if count.failed} == truth.failed_hours
    assert sum(count.messages for count in hours.kept.values()) == truth.messages
    assert {key: failing.count for key, failing in found.failures.items()} == truth.errors
    for key, failing in found.failures.items():
        episodes = failing.whole([])
        assert len(episodes) == 1  # nothing succeeds in between, it was said
        assert episodes[0].first.at.decode() == truth.first[key]
        assert episodes[0].last.at.decode() == truth.last[key]


@given(_PLANS, _CUTS, st.integers(200, 20_000), st.integers(60, 5_000))
@settings(max_examples=120, deadline=None)
def test_counts_are_exact_for_every_cut(plan: Plan, cuts: list[float], size: int, block: int) -> None:
    text, truth = generated(plan)
    with tempfile.TemporaryDirectory() as folder:
        names = write(Path(folder), text, cuts)
        scan = scanned(names, size=size, block=block)
    _is_true(scan, truth, plan.kind)
    assert scan.bad == truth.bad
    assert sum(scan.lines.values()) == truth.lines + 5 * len(cuts)


@given(_plans(("send", "receive")).filter(lambda plan: not plan.bad and not plan.columns))
@settings(max_examples=40, deadline=None)
def test_the_screen_sees_what_reading_every_row_sees(plan: Plan) -> None:
    """The recogniser of pasted logs reads all rows of all sessions: both must tell the same."""
    text, _ = generated(plan)
    told = [fact for each in recognise(Paste.of(text)) for fact in each.facts if isinstance(fact, Session)]
    with tempfile.TemporaryDirectory() as folder:
        found = tally(scanned(write(Path(folder), text), size=3_000), _KINDS[plan.kind])
    assert sum(count.sessions for count in found.counts()[0].kept.values()) == len(told)
    expected: dict[tuple[str, str], int] = {}
    for session in told:
        if session.failed:
            error = f"TLS negotiation failed with error {session.tls_error}" if session.tls_error else session.error
            key = (session.connector, shape(error))
            expected[key] = expected.get(key, 0) + 1
    assert {key: failing.count for key, failing in found.failures.items()} == expected


_DENIED = "*,,Inbound AUTH LOGIN failed because of LogonDenied"
_REFUSED = ">,535 5.7.3 Authentication unsuccessful,"
_TAKEN = ">,250 2.6.0 <1@contoso.com> [InternalId=1] Queued mail for delivery,"


@pytest.mark.parametrize(
    ("events", "error"),
    [
        ((_DENIED,), "Inbound AUTH LOGIN failed because of LogonDenied"),
        ((_DENIED, _REFUSED), "535 5.7.3 Authentication unsuccessful"),
        ((_DENIED, _TAKEN, "<,QUIT,"), ""),
        ((_TAKEN, _DENIED, "<,QUIT,"), ""),
    ],
)
@pytest.mark.parametrize("size", [1, 250, 1 << 20])  # bytes of a part: each row its own, some of them, all
def test_a_logon_that_the_server_notes_as_failed(
    events: tuple[str, ...], error: str, size: int, tmp_path: Path
) -> None:
    """The note counts where no reply says it better and the client did not get through after all; a paste tells the same."""
    tails = ("+,,", '>,"220 ex01.contoso.com Microsoft ESMTP",', "<,EHLO mfp.contoso.com,", *events)
    rows = [
        f"2026-11-18T08:12:44.{number:03}Z,EX01\\Relay,08DE2A6B91C0F4A2,{number},10.0.0.1:25,203.0.113.9:40000,{tail}"
        for number, tail in enumerate(tails)
    ]
    text = "\r\n".join(["#Log-type: SMTP Receive Protocol Log", f"#Fields: {FIELDS['receive']}", *rows, ""])
    [told] = [fact for each in recognise(Paste.of(text)) for fact in each.facts if isinstance(fact, Session)]
    found = tally(scanned(write(tmp_path, text), size=size), "smtp-receive-log")
    assert told.error == error
    assert [name for _, name in found.failures] == ([error] if error else [])


@given(_PLANS, st.randoms(use_true_random=False), st.integers(200, 20_000))
@settings(max_examples=60, deadline=None)
def test_the_screen_leaves_out_nothing_that_matters(plan: Plan, dice: random.Random, size: int) -> None:
    """Of a log with rows that are gone, doubled or cut short, it tells what reading every row tells."""
    lines = generated(plan)[0].split("\r\n")
    for number in range(5, len(lines)):
        harm = dice.randrange(30)
        if harm < 3:
            lines[number] = ("", f"{lines[number]}\r\n{lines[number]}", lines[number][: dice.randrange(200)])[harm]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        names = write(Path(folder), "\r\n".join(lines))
        screened = scanned(names, size=size).tallies.get(_KINDS[plan.kind], Tally())
        patch.setattr("diagnostics.logs.scan.hits", lambda text, layout: None)
        every = scanned(names, size=size).tallies.get(_KINDS[plan.kind], Tally())
    assert screened.counts() == every.counts()
    assert {key: failing.count for key, failing in screened.failures.items()} == {
        key: failing.count for key, failing in every.failures.items()
    }


@given(_PLANS, st.integers(0, 3), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_only_what_was_asked_for_is_counted(plan: Plan, after: int, hours: int) -> None:
    text, truth = generated(plan)
    since, until = f"2026-11-18T{6 + after:02}", f"2026-11-18T{6 + after + hours:02}:30"
    wanted = [told for told in truth.sessions if since <= told.began < until and "Partner" in told.connector]
    with tempfile.TemporaryDirectory() as folder:
        scan = scanned(write(Path(folder), text), size=5_000, only=Only(since, until, "partner"))
    counts = [tally.counts()[0] for tally in scan.tallies.values()]
    assert sum(count.sessions for each in counts for count in each.kept.values()) == len(wanted)
    assert sum(count.failed for each in counts for count in each.kept.values()) == sum(
        bool(told.error) for told in wanted
    )


@given(_PLANS.filter(lambda plan: plan.interleaving <= 5), st.integers(1_000, 20_000))
@settings(max_examples=30, deadline=None)
def test_sessions_that_never_end_are_let_go_and_stay_counted(plan: Plan, size: int) -> None:
    text, truth = generated(plan)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sessions, "_MOST_OPEN", 20)
        scan = scanned(write(Path(folder), text), size=size, block=400)
    _is_true(scan, truth, plan.kind)


@pytest.mark.parametrize("tail", ["-,,Local", "-,,Remote", "-,,Local(Shutdown)", '-,"",Local'])
@pytest.mark.parametrize("crlf", [True, False])
def test_a_session_is_over_with_its_last_row(tail: str, crlf: bool, tmp_path: Path) -> None:
    """Nothing of it waits for the end of the log, whoever closed it, and with no QUIT."""
    tails = ("+,,", '<,"220 mx.fabrikam.com ESMTP",', '<,"250 2.6.0 <1@contoso.com> Queued mail for delivery",', tail)
    rows = [
        f"2026-11-18T08:12:44.{number:03}Z,Internet,08DE2A6B91C0F4A2,{number},10.0.0.1:40000,203.0.113.9:25,{each}"
        for number, each in enumerate(tails)
    ]
    header = ["#Log-type: SMTP Send Protocol Log", f"#Fields: {FIELDS['send']}"]
    names = write(tmp_path, ("\r\n" if crlf else "\n").join([*header, *rows, ""]))
    [known] = find(names).logs
    [part] = parts.plan([(known.source, known.layout)], Only())
    scan = parts.read_part(part).scan
    assert not scan.sessions["smtp-send-log"].open
    assert [count.messages for count in tally(scan).counts()[0].kept.values()] == [1]
