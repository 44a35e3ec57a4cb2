"""`mailflow stats` and `mailflow export-cases`: what came of the incidents, for people and for `make eval`."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.private_command import fail, moment, run

if TYPE_CHECKING:
    from bot.database import Database
    from bot.database.statistics import Statistics, Times


@click.command()
@click.option(
    "--days", type=click.IntRange(1, 3650), default=30, show_default=True, help="Of incidents reported since."
)
@click.option("--team", default="", metavar="T…", help="Of one workspace.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; times are in seconds.")
def stats(days: int, team: str, *, as_json: bool) -> None:
    """Show how long incidents took, what caused them, and how often that was right."""
    run(lambda database: _stats(database, days, team, as_json=as_json))


async def _stats(database: Database, days: int, team: str, *, as_json: bool) -> int:
    from bot.database.statistics import statistics

    found = await statistics(database.pool, team, datetime.now(UTC) - timedelta(days=days))
    click.echo(json.dumps(asdict(found), indent=2) if as_json else rendered(found, days))
    return 0


@click.command("export-cases")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--since", default="90d", show_default=True, metavar="TIME", help="24h, 7d, or 2026-11-18T08:00 (UTC).")
def export_cases(folder: Path, since: str) -> None:
    """Write the cases that people labelled into DIR, redacted, for `make eval CASES=DIR`.

    A case is labelled by "was this right?" and by the cause that it was resolved with; where people disagree, it is left out.
    Names in prose stay: look the file over before it leaves the house.
    """
    begun = moment(since)
    run(lambda database: _export(database, folder, begun))


async def _export(database: Database, folder: Path, since: datetime) -> int:
    from bot.case_export import CasesExistError, exported, write
    from bot.database.labels import labelled

    found = exported(await labelled(database, since))
    try:
        path = write(folder, found.lines)
    except CasesExistError as problem:
        fail(str(problem))
    except OSError as problem:
        fail(f"{folder}: {problem.strerror or problem}")
    left = f"; {found.disputed} left out, because people disagree" if found.disputed else ""
    other = f"; {found.unnamed} left out, because their cause is none of the catalogue" if found.unnamed else ""
    click.echo(f"{len(found.lines)} cases in {path}{left}{other}")
    return 0


def rendered(found: Statistics, days: int) -> str:
    """The statistics as lines of text."""
    lines = [f"{found.incidents} incidents in {days} days, {found.resolved} of them resolved"]
    for name, times in (
        ("until the first answer", found.to_answer),
        ("until somebody had it", found.to_acknowledge),
        ("until it was resolved", found.to_resolve),
    ):
        lines.append(f"  {name:24} {_times(times)}")
    lines += [f"  {count:5}  {cause}" for cause, count in found.causes]
    lines += [f"what was {each.belief}: {each.right} said right, {each.wrong} said wrong" for each in found.precision]
    lines += [f"  {count:5}  confirmed and said to be wrong: {cause}" for cause, count in found.confirmed_wrong]
    return "\n".join(lines)


def _times(times: Times) -> str:
    from handlers.blocks.happened import lasted

    if times.mean is None or times.median is None:
        return "not on record"
    mean, median = (lasted(timedelta(seconds=value)) for value in (times.mean, times.median))
    return f"{median} (median), {mean} (mean) of {times.count}"
