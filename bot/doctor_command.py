"""`mailflow doctor` on a terminal, in a pipe, or as JSON: the findings as they come, and the exit code."""

from __future__ import annotations

import asyncio
import json
import os
import textwrap
from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

import click

from bot.doctor import examine
from bot.doctor.model import Finding, Verdict
from bot.settings import DOTENV
from handlers.blocks.outline import cleaned

_WORDS: Final[dict[Verdict, tuple[str, str]]] = {
    "ok": ("ok", "green"),
    "note": ("note", "cyan"),
    "warning": ("warn", "yellow"),
    "fault": ("FAULT", "red"),
}
_INDENT: Final = 24
_NARROWEST: Final = 60


def run(given: Mapping[str, str], *, as_json: bool, width: int, colour: bool) -> int:
    """0: nothing to mend. 1: something is missing. `given` stands in for settings. `width` is in columns, 0 for no wrapping."""
    try:
        found = asyncio.run(_told(given, as_json=as_json, width=width, colour=colour))
    except KeyboardInterrupt:
        return 130
    faults = sum(finding.verdict == "fault" for finding in found)
    if as_json:
        verdict = "fault" if faults else "ok"
        click.echo(json.dumps({"verdict": verdict, "findings": [asdict(finding) for finding in found]}, indent=2))
    else:
        click.echo(f"\n{faults} to mend." if faults else "\nNothing to mend.")
    return 1 if faults else 0


async def _told(given: Mapping[str, str], *, as_json: bool, width: int, colour: bool) -> list[Finding]:
    found = []
    async for finding in examine({**os.environ, **given}, DOTENV):
        found.append(finding)
        if not as_json:
            click.echo(_shown(finding, width, colour=colour), color=colour)
    return found


def _shown(finding: Finding, width: int, *, colour: bool) -> str:
    word, paint = _WORDS[finding.verdict]
    head = f"{word:6} {finding.check:17}"
    says, mend = (_wrapped(text, width) for text in (finding.says, finding.mend))
    if colour:
        head = click.style(word, fg=paint, bold=True) + head[len(word) :]
    lines = [f"{head}{says[0]}", *(" " * _INDENT + line for line in (*says[1:], *mend))]
    return "\n".join(lines)


def _wrapped(text: str, width: int) -> list[str]:
    """What another system said may be in it: no line of it drives the terminal."""
    line = cleaned(text).replace("\n", " ")
    return textwrap.wrap(line, width - _INDENT, break_on_hyphens=False) if width >= _NARROWEST else [line] * bool(line)
