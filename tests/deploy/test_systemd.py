"""The systemd unit, as systemd itself judges it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bot.settings import names

UNIT = Path(__file__).parents[2] / "deploy" / "systemd" / "mailflow.service"
INSTALLING = Path(__file__).parents[2] / "docs" / "install.md"
WORST = 2.0  # of systemd's exposure level, from 0 (safe) to 10


@pytest.fixture
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    if not found:
        pytest.skip("systemd-analyze is not installed")
    return found


def test_systemd_understands_the_unit(analyze: str, tmp_path: Path) -> None:
    text = UNIT.read_text()
    copy = tmp_path / UNIT.name
    copy.write_text(text.replace("/opt/mailflow/.venv/bin/mailflow", "/bin/true"))  # it has to exist
    done = subprocess.run([analyze, "verify", "--man=no", copy], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_the_documentation_adds_for_http_takes_the_place_of_the_units_own(analyze: str, tmp_path: Path) -> None:
    """A file that the unit names and that isn't there keeps it from starting."""
    [added] = re.findall(r"^```ini\n(\[Service\]\n.*?)^```", INSTALLING.read_text(), re.MULTILINE | re.DOTALL)
    assert re.findall(r"^LoadCredential=(\w*)", added, re.MULTILINE) == ["", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"]
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/mailflow/.venv/bin/mailflow", "/bin/true"))
    (tmp_path / f"{UNIT.name}.d").mkdir()
    (tmp_path / f"{UNIT.name}.d" / "override.conf").write_text(added)
    done = subprocess.run([analyze, "verify", "--man=no", copy], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_unit_is_locked_down(analyze: str) -> None:
    command = [analyze, "security", "--offline=true", f"--threshold={WORST * 10:.0f}", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_what_the_unit_sets_are_settings() -> None:
    text = UNIT.read_text()
    named = re.findall(r"\b((?:MAILFLOW|SLACK)_[A-Z_]+)=", text) + re.findall(r"LoadCredential=(\w+):", text)
    assert len(named) >= 4
    assert set(named) <= names().keys()
