"""Where logs lie while they are read, and the process that reads them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from bot import log_reading
from bot.log_reading import sweep


def test_folders_in_use_are_not_swept_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    stale = tmp_path / "mailflow-log-stale"
    stale.mkdir()
    (stale / "SEND1.LOG").write_text("x")
    with log_reading._folder() as mine:
        assert mine.stat().st_mode & 0o777 == 0o700
        sweep()
        assert mine.exists()
    assert not stale.exists()


def test_the_process_ends_with_whoever_started_it(tmp_path: Path) -> None:
    """And it knows none of its secrets."""
    environment = log_reading._environment()
    assert not any(name.startswith(("SLACK", "MAILFLOW", "DATABASE")) for name in environment)
    read, write = os.pipe()
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "bot.log_process", str(1 << 30), "60"], stdin=read, env=environment
    )
    os.close(read)
    os.mkfifo(tmp_path / "endless.log")  # nobody writes into it, so it waits
    os.write(write, json.dumps({"folder": str(tmp_path), "names": ["endless.log"], "most": 1}).encode() + b"\n")
    os.close(write)
    assert child.wait(30) != 0
