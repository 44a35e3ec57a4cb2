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
    yield from _key_files(settings)
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


def _key_files(settings: Settings) -> Iterator[Finding]:
    own, named = settings.home / KEY_FILE, settings.secret_key_file
    if _mode(own) & 0o077:
        yield Finding("key file", "fault", f"{own} may be read by others on this machine.", f"chmod 600 {own}")
    if named and _mode(named) & 0o007:  # its group may: so secrets are mounted into containers, where nobody else is
        mend = f"chmod o= {named}, or mount it with the mode 0440."
        yield Finding("key file", "warning", f"{named} may be read by everybody on this machine.", mend)


def _mode(path: Path) -> int:
    """0 where there is no such file, or it can't be seen: whether the key can be read is looked at elsewhere."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def _megabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
