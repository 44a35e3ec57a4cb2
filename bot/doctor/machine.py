"""This machine: room on its disks, and who may read the key."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

from bot.database.sealing import KEY_FILE
from bot.doctor.model import Finding, Subject
from bot.settings import Settings

_LEAST: Final = 1_000_000_000  # bytes; a database that runs full stops everything
_READ_AT_A_TIME: Final = 2  # large logs


async def look(subject: Subject) -> AsyncIterator[Finding]:
    for finding in _findings(subject.settings):
        yield finding


def _findings(settings: Settings) -> Iterator[Finding]:
    yield _home(settings)
    if finding := _key_file(settings.home / KEY_FILE):
        yield finding
    free, wanted = shutil.disk_usage(tempfile.gettempdir()).free, _READ_AT_A_TIME * settings.max_log_bytes
    if free < wanted:
        yield Finding(
            "temporary files",
            "warning",
            f"{tempfile.gettempdir()} has {_megabytes(free)} free, and large logs may need {_megabytes(wanted)}.",
            "Make room, set TMPDIR to a larger disk, or lower MAILFLOW_MAX_LOG_BYTES.",
        )


def _home(settings: Settings) -> Finding:
    place = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    if not os.access(place, os.W_OK | os.X_OK):
        return Finding("disk", "fault", f"{place} can't be written to.", "Set MAILFLOW_HOME to a folder of this user.")
    free = shutil.disk_usage(place).free
    says = f"{settings.home} has {_megabytes(free)} free."
    if free < _LEAST:
        return Finding("disk", "fault", says, f"Keep {_megabytes(_LEAST)} free, or move MAILFLOW_HOME.")
    return Finding("disk", "ok", says)


def _key_file(path: Path) -> Finding | None:
    if path.exists() and path.stat().st_mode & 0o077:
        return Finding("key file", "fault", f"{path} may be read by others on this machine.", f"chmod 600 {path}")
    return None


def _megabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
