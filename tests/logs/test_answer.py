"""The answer: since when, which connector, which remote, what changed, and why."""

from __future__ import annotations

import gc
import gzip
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from diagnostics import Report, diagnose
from diagnostics.logs.answer import answer, find, read_logs
from diagnostics.logs.conversation import conversation
from diagnostics.logs.following import Follower
from diagnostics.logs.model import LogSummary
from diagnostics.logs.reading import Progress
from diagnostics.logs.tally import Only
from tests.logs.reading import generated, write
from tests.logs_generator import NEW, OLD, Plan

OUT = "TLS negotiation failed with error UnknownCredentials"
TEXT, TRUTH = generated(Plan(size=400_000, failing=0.05))


def _log(report: Report) -> LogSummary:
    assert report.log is not None
    return report.log


def test_an_outage_has_its_times_its_change_and_its_cause(tmp_path: Path) -> None:
    report = answer(find(write(tmp_path, TEXT, [0.5])))
    worst = _log(report).failures[0]
    (episode,) = worst.episodes
    key = ("Outbound to Office 365", OUT)
    assert (worst.connector, worst.error, worst.sessions) == (*key, TRUTH.errors[key])
    assert (episode.began, episode.ended) == (TRUTH.first[key], TRUTH.last[key])
    assert episode.steady
    assert not worst.ongoing
    fine = sorted(told.at for told in TRUTH.sessions if not told.error and told.connector == key[0])
    assert episode.last_success == max(at for at in fine if at < episode.began)
    assert episode.next_success == min(at for at in fine if at > episode.ended)
    assert [(each.moment, each.what, each.before, each.after) for each in episode.changes] == [
        ("began", "our certificate's thumbprint", OLD, NEW),
        ("ended", "our certificate's thumbprint", NEW, OLD),
    ]
    assert report.findings[0].cause in worst.causes
    assert {"tls.certificate.private-key-permission", "tls.certificate.stale-duplicate-selected"} & set(worst.causes)


def test_every_quoted_line_stands_where_it_says(tmp_path: Path) -> None:
    names = write(tmp_path, TEXT, [0.3, 0.5, 0.7])
    files = [Path(name).read_text().split("\n") for name in names]
    report = answer(find(names))
    quotes = [(each.paste, each.line, each.quote) for finding in report.findings for each in finding.evidence]
    quotes += [(line.file, line.line, line.quote) for failure in _log(report).failures for line in failure.lines]
    assert len(quotes) > 50
    for file, line, quote in quotes:
        assert files[file][line - 1] == quote


def test_processes_find_what_one_finds(tmp_path: Path) -> None:
    names = write(tmp_path, TEXT, [0.25, 0.5, 0.75])
    seen: list[Progress] = []
    one, two = answer(find(names)), answer(find(names), workers=2, progress=seen.append)
    assert one == two
    assert seen[-1].done == seen[-1].total == sum(Path(name).stat().st_size for name in names)


def test_what_reads_loads_nothing_that_judges() -> None:
    """Each process that reads would wait for it, and so would the person."""
    code = "import sys, diagnostics.logs.answer, bot.log_command; print([*sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for heavy in (
        "pydantic",
        "diagnostics.facts",
        "diagnostics.recognisers",
        "diagnostics.cause",
        "diagnostics.report",
    ):
        assert f"'{heavy}'" not in loaded


def test_cycles_are_looked_for_again_once_a_log_is_read(tmp_path: Path) -> None:
    found, seen = find(write(tmp_path, TEXT)), []
    answer(found, progress=lambda _: seen.append(gc.isenabled()))
    assert seen
    assert not any(seen)
    assert gc.isenabled()

    def fails(_: Progress) -> None:
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - it is the one raised above
        answer(found, progress=fails)
    assert gc.isenabled()


def test_minutes_tell_what_hours_cannot(tmp_path: Path) -> None:
    (kind,) = _log(answer(find(write(tmp_path, TEXT, [0.5])))).kinds
    began = Counter(told.began[:16] for told in TRUTH.sessions)
    failed = Counter(told.began[:16] for told in TRUTH.sessions if told.error)
    assert {each.name: each.sessions for each in kind.minutes} == began
    assert {each.name: each.failed for each in kind.minutes if each.failed} == failed
    assert [each.name for each in kind.minutes] == sorted(began)


def test_minutes_of_a_long_log_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diagnostics.logs.summary._MOST_MINUTES", 60)
    text, _ = generated(Plan(size=1_000_000, pace=10_000))
    (kind,) = _log(answer(find(write(tmp_path, text)))).kinds
    assert len(kind.hours) > 3
    assert kind.minutes == ()


def test_what_was_judged_can_be_judged_again(tmp_path: Path) -> None:
    found = read_logs(find(write(tmp_path, TEXT)))
    worst = found.report.findings[0]
    again = diagnose(found.pastes[0])
    assert worst.cause in [each.cause for each in again.findings]
    assert "#Log-type: SMTP Send Protocol Log" in found.pastes[0]


def test_a_packed_file_tells_its_progress(tmp_path: Path) -> None:
    text, _ = generated(Plan(size=3_000_000))
    path = tmp_path / "SEND.LOG.gz"
    path.write_bytes(gzip.compress(text.encode()))
    seen: list[Progress] = []
    answer(find([str(path)]), progress=seen.append)
    size = path.stat().st_size
    assert len(seen) > 5
    assert [each.done for each in seen] == sorted(each.done for each in seen)
    assert (seen[-1].done, seen[-1].total) == (size, size)
    assert 0 < seen[1].done < size


def test_a_failure_that_goes_on_says_so(tmp_path: Path) -> None:
    text, _ = generated(Plan(size=200_000, failing=0.0, outage=(0.5, 2.0)))
    (failure,) = _log(answer(find(write(tmp_path, text)))).failures
    assert failure.ongoing
    assert failure.episodes[-1].next_success == ""


def test_scattered_failures_are_told_from_an_outage(tmp_path: Path) -> None:
    text, _ = generated(Plan(size=800_000, failing=0.3, outage=(1.0, 1.0), pace=5))
    failures = _log(answer(find(write(tmp_path, text)))).failures
    most = max(failures, key=lambda each: each.sessions)
    assert not any(episode.steady for episode in most.episodes)


def test_nothing_failed(tmp_path: Path) -> None:
    text, truth = generated(Plan(size=100_000, failing=0.0, outage=(1.0, 1.0)))
    report = answer(find(write(tmp_path, text)))
    assert (report.verdict, report.findings, _log(report).failures) == ("healthy", (), ())
    assert _log(report).kinds[0].messages == truth.messages


def test_when_it_is_stopped_it_tells_what_it_knows(tmp_path: Path) -> None:
    names = write(tmp_path, TEXT, [0.5])
    done: list[int] = []
    report = answer(find(names), progress=lambda now: done.append(now.done), stop=lambda: bool(done))
    assert not _log(report).complete
    assert 0 < _log(report).kinds[0].sessions < TRUTH.count


def test_a_conversation_is_whole_across_files(tmp_path: Path) -> None:
    names = write(tmp_path, TEXT, [0.5])
    found = find(names)
    first, second = (Path(name).read_text() for name in names)
    files = [(known.source, known.layout) for known in found.logs]
    split = [told for told in TRUTH.sessions if told.id in first and told.id in second]
    assert split
    for told in split:
        shown = conversation(files, told.id.lower())
        assert len(shown.rows) == first.count(told.id) + second.count(told.id)
        assert len(shown.files) == 2
        assert (shown.connector, shown.remote) == (told.connector.strip('"'), f"{told.remote}:25")
    assert conversation(files, "08DE000000000000").rows == ()


def test_a_growing_log_is_followed(tmp_path: Path) -> None:
    """It speaks once when a failure begins, and not for what it said before."""
    lines = TEXT.splitlines(keepends=True)
    out = next(number for number, line in enumerate(lines) if OUT in line)
    path = tmp_path / "SEND1.LOG"
    path.write_text("".join(lines[: out - 1]), newline="")
    follower = Follower(find([str(path)]), Only(connector="outbound"))
    before = {_log(report).failures[0].error for report in follower.poll()}
    assert OUT not in before
    with path.open("a", newline="") as file:
        file.write("".join(lines[out - 1 : out]) + lines[out][:30])
        file.flush()
        assert follower.poll() == []  # the line is not finished
        file.write(lines[out][30:])
        file.flush()
        (report,) = follower.poll()
        assert _log(report).failures[0].error == OUT
        assert report.findings[0].evidence[0].line == out + 1
        assert follower.poll() == []
        (tmp_path / "SEND2.LOG").write_text("".join([*lines[:5], *lines[out + 1 :]]), newline="")
        follower.add(find([str(tmp_path)]))
        again = [_log(report).failures[0].error for report in follower.poll()]
    assert OUT not in again


@pytest.mark.parametrize("text", ["", "\n", "#Fields:\n", "2026-11-18T08:00:00.000Z,,,,,,,,\n", "\x00" * 9000])
def test_odd_files_are_never_fatal(text: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.log"
    path.write_text("#Log-type: SMTP Send Protocol Log\n" + text)
    assert answer(find([str(path)])).verdict in ("nothing", "healthy")
