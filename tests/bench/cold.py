"""Whole commands, from a cold start."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

_MAILFLOW = Path(sys.executable).parent / "mailflow"


def _seconds(*arguments: str, text: str = "") -> float:
    began = time.perf_counter()
    subprocess.run([_MAILFLOW, *arguments], input=text, capture_output=True, text=True, check=False)
    return time.perf_counter() - began


def main() -> dict[str, float]:
    """Median of nine runs each, in seconds."""
    paste = "550 4.4.7 QUEUE.Expired; message expired"
    return {
        "mailflow explain 4.4.7, s": median(_seconds("explain", "4.4.7") for _ in range(9)),
        "mailflow diagnose -, s": median(_seconds("diagnose", "-", text=paste) for _ in range(9)),
        "mailflow --help, s": median(_seconds("--help") for _ in range(9)),
    }
