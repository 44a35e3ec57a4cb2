"""The import contracts hold, and fail where they are broken."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
_LINT = Path(sys.executable).parent / "lint-imports"


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("diagnostics/planted.py", "import handlers"),
        ("handlers/planted.py", "import bot"),
        ("diagnostics/planted.py", "import slack_sdk"),
        ("diagnostics/planted.py", "import asyncpg"),
        ("handlers/planted.py", "import asyncpg"),
    ],
)
def test_a_planted_violation_is_seen(module: str, line: str, tmp_path: Path) -> None:
    for package in ("bot", "handlers", "diagnostics"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    assert _lint(tmp_path) == 0
    (tmp_path / module).write_text(line + "\n")
    assert _lint(tmp_path) == 1


def _lint(folder: Path) -> int:
    command = [_LINT, "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, env={"PYTHONPATH": str(folder)}).returncode
