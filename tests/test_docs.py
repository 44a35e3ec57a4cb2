"""What the documentation tells people to type works."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from bot.manual import pages
from bot.metrics import Metrics
from bot.settings import as_markdown
from tests.logs_generator import Log, Plan

ROOT = Path(__file__).parent.parent
_DOCS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "DECISIONS.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
# They would stay, write into the checkout, look at this machine, or read the bot's own database.
_STAYS_OR_WRITES = ("serve", "playground", "new-cause", "migrate", "doctor", "stats", "export-cases")
_SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)
_LINK = re.compile(r"\]\(([^)#\s]+)")


def _commands() -> list[str]:
    blocks = (block for path in _DOCS for block in _SHELL.findall(path.read_text()))
    return sorted({line.split("  #")[0].strip() for block in blocks for line in block.splitlines() if line.strip()})


@pytest.mark.parametrize("command", _commands())
def test_a_documented_command_works(command: str, tmp_path: Path) -> None:
    words = shlex.split(command)
    if words[0] == "make":
        done = subprocess.run(["make", "--dry-run", *words[1:]], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return
    assert words[0] in ("mailflow", ".venv/bin/mailflow")
    program = str(Path(sys.executable).parent / "mailflow")
    if words[1] in _STAYS_OR_WRITES:
        words = [*words[:2], "--help"]
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "SEND.LOG").write_text("".join(Log(Plan(size=20_000)).lines()))
    (tmp_path / "send.log").write_text("550 5.7.64 TenantAttribution; Relay Access Denied")
    done = subprocess.run([program, *words[1:]], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 1), done.stderr


@pytest.mark.parametrize("path", _DOCS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in _LINK.findall(path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_the_settings_table_is_fresh() -> None:
    assert as_markdown() in (ROOT / "docs" / "settings.md").read_text()


def test_the_metrics_table_is_fresh() -> None:
    assert Metrics().as_markdown() in (ROOT / "docs" / "operations.md").read_text()


def test_the_manual_is_fresh() -> None:
    there = {path.name: path.read_text() for path in (ROOT / "docs" / "causes").glob("*.md")}
    wanted = pages()
    stale = sorted(name for name in there.keys() | wanted.keys() if there.get(name) != wanted.get(name))
    assert stale == [], "`make fix` writes these pages anew"
