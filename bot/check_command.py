"""`mailflow check`: the settings and flags of one check, its progress on a terminal, and its report."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import click

from bot.check_settings import flags, network_of, options_of, scope_of
from bot.settings import Settings, SettingsError, load
from diagnostics.checks import Attempt, CheckReport, TargetError, check
from diagnostics.checks.model import CheckVerdict

_BAD_INPUT: Final = 2
_CODES: Final[dict[CheckVerdict, int]] = {"ok": 0, "degraded": 1, "failing": 1, "unreachable": 1, "refused": 2}
_QUIET_SECONDS: Final = 0.5  # what is over by then needs no progress


def run(target: str, given: Mapping[str, str | None], *, as_json: bool, width: int, colour: bool) -> int:
    """Makes the check and prints it; the exit code."""
    try:
        settings = load({**os.environ, **flags(given)}, Path(".env"))
        _anchors(settings)
        progress, done = _progress(sys.stderr.isatty() and not as_json, width)
        try:
            report = asyncio.run(_check(target, given, settings, progress))
        finally:
            done()
    except (SettingsError, TargetError) as problem:
        click.echo(f"mailflow: {problem}", err=True)
        return _BAD_INPUT
    except KeyboardInterrupt:
        return 130
    if as_json:
        click.echo(report.model_dump_json(indent=2))
    else:
        from bot.terminal import render_check

        click.echo(render_check(report, width=width, colour=colour), color=colour)
    return _CODES[report.verdict]


def _anchors(settings: Settings) -> None:
    """Reads the operator's certificate authorities now: a file that is none is told before anything is looked at."""
    if settings.ca_file:
        from diagnostics.network.tls import roots  # only where it is needed: it loads OpenSSL

        try:
            roots(str(settings.ca_file))
        except (OSError, ValueError):
            raise SettingsError("MAILFLOW_CA_FILE: must name a file with certificates in PEM form.") from None


async def _check(
    target: str, given: Mapping[str, str | None], settings: Settings, progress: Callable[[Attempt], None]
) -> CheckReport:
    only = frozenset(part.strip() for part in (given.get("only") or "").split(",") if part.strip())
    options = options_of(
        settings,
        only=only,
        kind=given.get("kind") or "",
        name=given.get("name") or "",
        ip=given.get("ip") or "",
        tls_domain=given.get("tls_domain") or "",
    )
    return await check(
        target, scope=scope_of(settings), network=network_of(settings), options=options, progress=progress
    )


def _progress(shown: bool, width: int) -> tuple[Callable[[Attempt], None], Callable[[], None]]:
    """One line on the terminal that says what was looked at last; it is wiped at the end."""
    if not shown:
        return (lambda _attempt: None), (lambda: None)
    began, looks = time.monotonic(), 0

    def tell(attempt: Attempt) -> None:
        nonlocal looks
        looks += 1
        if time.monotonic() - began > _QUIET_SECONDS:
            from handlers.blocks.outline import cleaned  # a server's name is a stranger's text

            said = cleaned(f"{looks} looks; {attempt.check} {attempt.subject}").replace("\n", " ")
            sys.stderr.write(f"\r\x1b[K{said[: width - 1]}")
            sys.stderr.flush()

    def done() -> None:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()

    return tell, done
