"""`mailflow diagnose` over logs, as a person or a script runs it."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import pytest

from bot.cli import diagnose
from bot.log_command import Options, means_logs
from bot.log_terminal import table
from diagnostics import Report
from diagnostics.logs.answer import answer, find
from handlers.blocks.logs import pace
from tests.logs.reading import generated, write
from tests.logs_generator import Plan

TEXT, TRUTH = generated(Plan(size=300_000))
_MAILFLOW = Path(sys.executable).parent / "mailflow"


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "COLUMNS": "120"}
    return subprocess.run(
        [_MAILFLOW, "diagnose", *arguments], capture_output=True, text=True, cwd=cwd, env=env, timeout=60
    )


def test_what_means_logs(tmp_path: Path) -> None:
    one, two = write(tmp_path, TEXT, [0.5])
    paste = tmp_path / "paste.txt"
    paste.write_text("550 5.7.64 TenantAttribution; Relay Access Denied")
    assert means_logs([one, two], 10_000_000)
    assert means_logs([str(tmp_path)], 10_000_000)
    assert means_logs([str(tmp_path / "SEND*.LOG")], 10_000_000)
    assert means_logs([one], 100_000)
    assert not means_logs([one], 10_000_000)  # a small log alone is a paste
    whole = tmp_path / "whole.log"
    whole.write_text(TEXT)
    assert means_logs([str(whole)], 10_000_000)
    assert not means_logs([str(paste), str(whole)], 10_000_000)  # a bounce, and the log that belongs to it
    assert not means_logs([str(whole), "-"], 10_000_000)
    paste.write_text("550 5.7.64 TenantAttribution; Relay Access Denied\n" * 6000)
    assert not means_logs([str(paste)], 10_000_000)  # as large, and no log
    assert not means_logs([one, str(paste)], 10_000_000)
    packed = {name: tmp_path / name for name in ("log.gz", "paste.gz")}
    packed["log.gz"].write_bytes(gzip.compress(Path(one).read_bytes()))
    packed["paste.gz"].write_bytes(gzip.compress(paste.read_bytes()))
    assert means_logs([str(packed["log.gz"])], 10_000_000)
    assert not means_logs([str(packed["paste.gz"])], 10_000_000)
    answer = run("paste.gz", cwd=tmp_path)
    assert "5.7.64" in answer.stdout
    assert answer.returncode == 1
    assert not means_logs(["-", "no-such-file.log"], 10_000_000)


def test_json_holds_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, TEXT, [0.5])
    done = run("--json", ".", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    report = Report.model_validate_json(done.stdout)
    assert report.log is not None
    assert report.log.kinds[0].sessions == TRUTH.count
    monkeypatch.chdir(tmp_path)
    assert report == answer(find(["."]))


def test_the_table_and_the_answer(tmp_path: Path) -> None:
    write(tmp_path, TEXT, [0.5])
    shown = run("SEND0.LOG", "SEND1.LOG", cwd=tmp_path).stdout
    assert "\x1b" not in shown
    assert "all sessions, 2026-11-18T06h" in shown
    assert "TLS negotiation failed with error UnknownCredentials" in shown
    words = " ".join(shown.split())
    assert "When it began, our certificate's thumbprint changed from 3C0FFEE1" in words
    assert "SEND0.LOG:" in shown


def test_one_conversation_is_a_ladder(tmp_path: Path) -> None:
    names = write(tmp_path, TEXT)
    told = next(told for told in TRUTH.sessions if "UnknownCredentials" in told.error)
    done = run("--session", told.id, names[0], cwd=tmp_path)
    assert done.returncode == 0
    assert f"Session {told.id}" in done.stdout
    assert "──▶  STARTTLS" in done.stdout
    assert "TLS negotiation failed with error UnknownCredentials" in done.stdout
    rows = json.loads(run("--json", "--session", told.id, names[0], cwd=tmp_path).stdout)["rows"]
    assert len(rows) == TEXT.count(told.id)
    gone = run("--session", "08DE000000000000", names[0], cwd=tmp_path)
    assert (gone.returncode, gone.stdout) == (2, "")
    assert "There is no session" in gone.stderr


def test_since_until_and_connector(tmp_path: Path) -> None:
    names = write(tmp_path, TEXT)
    since, until = "2026-11-18T06:00:30", "2026-11-18T06:01:10"
    done = run("--json", "--since", since, "--until", until, "--connector", "internet", names[0], cwd=tmp_path)
    wanted = [each for each in TRUTH.sessions if each.connector == "Internet" and since <= each.began < until]
    (kind,) = json.loads(done.stdout)["log"]["kinds"]
    assert kind["sessions"] == len(wanted)
    assert [each["name"] for each in kind["connectors"]] == ["Internet"]


@pytest.mark.parametrize("value", ["yesterday", "2026-13-01", "18.11.2026"])
def test_a_time_that_is_none_is_bad_usage(value: str, tmp_path: Path) -> None:
    names = write(tmp_path, TEXT)
    done = run("--since", value, names[0], cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_local_time_is_turned_into_the_logs(tmp_path: Path) -> None:
    names = write(tmp_path, TEXT)
    utc = run("--json", "--since", "2026-11-18T06:01:00Z", names[0], cwd=tmp_path)
    other = run("--json", "--since", "2026-11-18T08:01:00+02:00", names[0], cwd=tmp_path)
    assert json.loads(utc.stdout) == json.loads(other.stdout)


def test_a_log_on_standard_input_is_text_where_it_is_kept_with_a_case(tmp_path: Path) -> None:
    done = subprocess.run(
        [_MAILFLOW, "diagnose", "--json", "--case", str(tmp_path / "case")],
        input=TEXT.encode(),
        capture_output=True,
        timeout=60,
    )
    assert json.loads(done.stdout)["log"] is None
    assert list((tmp_path / "case").iterdir())


def test_what_a_packed_log_may_unpack_to_is_said_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "SEND.LOG.gz").write_bytes(gzip.compress(TEXT.encode()))
    done = run("--json", "--max-unpacked", "1", "SEND.LOG.gz", cwd=tmp_path)
    (kind,) = json.loads(done.stdout)["log"]["kinds"]
    assert kind["sessions"] == TRUTH.count


def test_every_option_for_logs_gets_to_where_it_is_obeyed() -> None:
    given = {option.name for option in diagnose.params} - {"files", "case_dir"}
    assert given == {field.name for field in fields(Options)}


@pytest.mark.parametrize("size", [300_000, 5_500_000])
@pytest.mark.parametrize("extra", [[], ["--since", "2026-11-18"]])
def test_a_large_log_on_standard_input(extra: list[str], size: int) -> None:
    text, truth = generated(Plan(size=size, failing=0.0, outage=(1.0, 1.0)))
    done = subprocess.run(
        [_MAILFLOW, "diagnose", "--json", *extra], input=text.encode(), capture_output=True, timeout=60
    )
    (kind,) = json.loads(done.stdout)["log"]["kinds"]
    assert kind["sessions"] == truth.count


def test_folders_without_a_log(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("good morning")
    done = run(".", cwd=tmp_path)
    assert done.returncode == 2
    assert "is no SMTP, tracking or connectivity log" in done.stderr


def test_options_that_contradict_each_other_are_bad_usage(tmp_path: Path) -> None:
    names = write(tmp_path, TEXT)
    upside_down = run("--since", "2026-11-18T09:00", "--until", "2026-11-18T08:00", names[0], cwd=tmp_path)
    kept = run("--case", "case", "--connector", "Internet", names[0], cwd=tmp_path)
    assert (upside_down.returncode, kept.returncode) == (2, 2)
    assert "is not later than" in upside_down.stderr
    assert "--case" in kept.stderr
    assert not (tmp_path / "case").exists()


def test_hours_without_a_session_are_no_answer_to_a_paste(tmp_path: Path) -> None:
    done = run("--since", "2031-01-01", *write(tmp_path, TEXT), cwd=tmp_path)
    assert (done.returncode, "No session in these logs began" in done.stdout) == (0, True)
    assert "Get-Queue" not in done.stdout


def test_whoever_reads_a_line_only_hears_of_no_broken_pipe(tmp_path: Path) -> None:
    many = generated(Plan(size=400_000, failing=0.05))[0]
    command = [_MAILFLOW, "diagnose", "--json", *write(tmp_path, many, [0.5])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_standard_input_goes_by_its_name(tmp_path: Path) -> None:
    command = [_MAILFLOW, "diagnose", "--json", "--connector", "Office", "-"]
    for text, words in ((TEXT, b'"name": "standard input"'), ("good morning", b"standard input is no SMTP")):
        done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=60, cwd=tmp_path)
        assert words in done.stdout + done.stderr
        assert b"mailflow-" not in done.stdout + done.stderr


def test_a_growing_log_is_followed_until_ctrl_c(tmp_path: Path) -> None:
    lines = TEXT.splitlines(keepends=True)
    out = next(number for number, line in enumerate(lines) if "UnknownCredentials" in line)
    path = tmp_path / "SEND.LOG"
    path.write_text("".join(lines[:out]), newline="")
    command = [str(_MAILFLOW), "diagnose", "--follow", "--connector", "outbound", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with path.open("a", newline="") as file:
            file.write("".join(lines[out:]))
        heard = ""
        while "UnknownCredentials" not in heard:
            line = process.stdout.readline()
            assert line
            heard += line
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        assert process.returncode == 1


def test_ctrl_c_shows_what_is_known(tmp_path: Path) -> None:
    """A first Ctrl-C ends the reading, not the command."""
    rows = TEXT.splitlines(keepends=True)
    path = tmp_path / "SEND.LOG"
    with path.open("w", newline="") as file:
        for _ in range(400):
            file.writelines(rows)
    command = [str(_MAILFLOW), "diagnose", "--json", "--jobs", "1", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while b"SEND.LOG" not in b"".join(_open_files(process.pid)):
            time.sleep(0.01)
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        shown, errors = process.communicate(timeout=60)
    assert errors == ""
    report = Report.model_validate_json(shown)
    assert report.log is not None
    assert not report.log.complete
    assert report.log.bytes <= path.stat().st_size


def _open_files(pid: int) -> list[bytes]:
    folder = Path(f"/proc/{pid}/fd")
    if not folder.exists():
        pytest.skip("tells by /proc when the log is being read")
    found = []
    for each in folder.iterdir():
        try:
            found.append(bytes(each.readlink()))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("width", [0, 60, 80, 200])
def test_the_table_fits(width: int, tmp_path: Path) -> None:
    text = TEXT.replace("Outbound to Office 365", "A connector \x1b[31m with a very long and strange name")
    log = answer(find(write(tmp_path, text))).log
    assert log is not None
    rows = table(log, width).splitlines()
    assert len(rows) > 2
    assert not any("\x1b" in row for row in rows)
    assert not width or all(len(row) <= width for row in rows)


def test_progress_says_how_far_how_fast_and_how_long() -> None:
    assert pace(500_000_000, 1_000_000_000, 2.0) == " 50 % of 1,000 MB, 250 MB/s, 2 s left"
    assert pace(0, 0, 0.0).startswith("  0 %")
