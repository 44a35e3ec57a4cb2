"""Files as people have them: packed, in folders, in other encodings, cut off, and made to do harm."""

from __future__ import annotations

import gzip
import os
import zipfile
from pathlib import Path

import pytest

from diagnostics.logs import parts, sources
from diagnostics.logs.answer import answer, find
from diagnostics.logs.sources import UnreadableLogError
from tests.logs.reading import generated, scanned, tally, write
from tests.logs_generator import Plan

TEXT, TRUTH = generated(Plan(size=60_000))


def _sessions(names: list[str], **how: int) -> int:
    return sum(count.sessions for count in tally(scanned(names, **how)).counts()[0].kept.values())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("packing", ["plain", "gzip", "zip"])
def test_encodings_and_packing(encoding: str, packing: str, tmp_path: Path) -> None:
    content = TEXT.encode(encoding)
    path = tmp_path / "SEND.LOG"
    if packing == "plain":
        path.write_bytes(content)
    elif packing == "gzip":
        path.write_bytes(gzip.compress(content))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("../../../etc/SEND.LOG", content)
            archive.writestr("readme.md", "not a log")
    report = answer(find([str(path)]))
    assert report.log is not None
    assert report.log.kinds[0].sessions == TRUTH.count
    assert report.log.lines == TRUTH.lines
    quoted = report.log.failures[0].lines[0]
    assert TEXT.split("\r\n")[quoted.line - 1] == quoted.quote
    assert [each.name for each in tmp_path.rglob("*")] == ["SEND.LOG"]


def test_folders_and_patterns(tmp_path: Path) -> None:
    deep = tmp_path / "Hub" / "ProtocolLog"
    deep.mkdir(parents=True)
    write(deep, TEXT, [0.3, 0.7])
    (deep / "picture.png").write_bytes(b"\x89PNG")
    (deep / "round").symlink_to(tmp_path, target_is_directory=True)
    assert _sessions([str(tmp_path)]) == TRUTH.count
    assert _sessions([str(tmp_path / "**" / "*.LOG")]) == TRUTH.count


def test_files_are_put_into_the_order_of_their_times(tmp_path: Path) -> None:
    names = write(tmp_path, TEXT, [0.2, 0.4, 0.6, 0.8])
    assert _sessions([names[3], names[0], names[4], names[2], names[1]]) == TRUTH.count


def test_what_is_no_log_is_named_and_left_out(tmp_path: Path) -> None:
    names = write(tmp_path, TEXT)
    (tmp_path / "notes\x1b[2J.txt").write_text("good morning")
    report = answer(find([str(tmp_path)]))
    assert report.log is not None
    assert report.log.kinds[0].sessions == TRUTH.count
    (problem,) = report.log.problems
    assert "is no SMTP, tracking or connectivity log" in problem
    assert "\x1b" not in problem
    with pytest.raises(UnreadableLogError, match="No such file"):
        find([names[0] + ".gone"])


def test_a_bomb_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(TEXT.encode() + b"\n" * 20_000_000))
    found = find([str(path)], most=1_000_000)
    report = answer(found)
    assert report.log is not None
    assert report.log.problems == (f"{path} unpacks to more than 1,000,000 bytes: the rest was not read.",)
    monkeypatch.setattr(sources, "_RATIO_FROM", 1_000_000)
    bounded, raised = answer(find([str(path)])).log, answer(find([str(path)], most=1 << 50)).log
    assert bounded is not None
    assert raised is not None
    assert "times its size" in bounded.problems[0]
    assert raised.problems == ()


def test_damaged_archives_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    packed = gzip.compress(TEXT.encode())
    path.write_bytes(packed[: len(packed) // 2])
    for rest in (b"", os.urandom(200)):
        path.write_bytes(packed[: len(packed) // 2] + rest)
        report = answer(find([str(path)]))
        assert report.log is not None
        assert 0 < report.log.kinds[0].sessions < TRUTH.count
        assert "is damaged" in report.log.problems[0]
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04 and nothing else")
    with pytest.raises(UnreadableLogError, match="damaged zip"):
        find([str(broken)])


def test_a_line_without_end_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_LONGEST_LINE", 10_000)
    lines = TEXT.splitlines(keepends=True)
    path = tmp_path / "SEND.LOG"
    path.write_text(
        "".join([*lines[:100], "2026-11-18T06:00:00.000Z," + "A" * 300_000 + "\r\n", *lines[100:]]), newline=""
    )
    scan = scanned([str(path)], size=20_000, block=3_000)
    assert sum(count.sessions for count in tally(scan).counts()[0].kept.values()) == TRUTH.count
    assert scan.bad == 1
    assert sum(scan.lines.values()) == TRUTH.lines + 1


@pytest.mark.parametrize("keep", [20, 60, 100, 120])
def test_a_last_line_that_was_cut_is_counted_and_never_fatal(keep: int, tmp_path: Path) -> None:
    row = TEXT.splitlines()[40][:keep]
    path = tmp_path / "SEND.LOG"
    path.write_text("\r\n".join([*TEXT.splitlines()[:40], row]), newline="")
    scan = scanned([str(path)])
    assert scan.bad == (row.count(",") < 8 or row.count('"') % 2)
    assert sum(scan.lines.values()) == 41


def test_bad_lines_are_shown_where_they_stand(tmp_path: Path) -> None:
    lines = TEXT.splitlines()
    lines[50:50] = ["\x00\x00 a crash left this"]
    path = tmp_path / "SEND.LOG"
    path.write_text("\r\n".join(lines) + "\r\n", newline="")
    log = answer(find([str(path)])).log
    assert log is not None
    assert (log.bad, [(bad.line, bad.quote) for bad in log.bad_lines]) == (1, [(51, "\x00\x00 a crash left this")])


def test_logs_that_were_put_together_keep_their_kinds(tmp_path: Path) -> None:
    other, truth = generated(Plan(size=30_000, kind="receive", seed=7))
    path = tmp_path / "all.log"
    path.write_text(TEXT + other + TEXT.replace("08DE2A6C", "08DE2A7C"), newline="")
    for size in (parts.RANGE, 9_000):
        scan = scanned([str(path)], size=size)
        assert sum(count.sessions for count in tally(scan).counts()[0].kept.values()) == 2 * TRUTH.count
        assert sum(count.sessions for count in tally(scan, "smtp-receive-log").counts()[0].kept.values()) == truth.count


def test_a_log_without_its_header_is_known_by_its_rows(tmp_path: Path) -> None:
    for kind in ("send", "receive"):
        text, truth = generated(Plan(size=30_000, kind=kind))  # type: ignore[arg-type]
        path = tmp_path / f"{kind}.log"
        path.write_text("".join(text.splitlines(keepends=True)[5:]), newline="")
        found = tally(scanned([str(path)]), f"smtp-{kind}-log")  # type: ignore[arg-type]
        assert sum(count.sessions for count in found.counts()[0].kept.values()) == truth.count


def test_kinds_may_change_with_every_line(tmp_path: Path) -> None:
    """A text made to do harm: it costs linear time, so it ends."""
    path = tmp_path / "all.log"
    path.write_text("#Log-type: SMTP Send Protocol Log\n#Log-type: SMTP Receive Protocol Log\nno row\n" * 40_000)
    scan = scanned([str(path)])
    assert scan.bad == 40_000
    assert sum(scan.lines.values()) == 120_000
