"""`mailflow keys`, `mailflow forget`, `mailflow audit`: what an operator does about what is stored, while the bot runs."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

if TYPE_CHECKING:
    from bot.database import Database
    from bot.database.audit import Recorded, Verified
    from bot.database.purging import Counts, Purged

_FAILED: Final = 2
_IDS: Final = {
    "user": (re.compile("[UW][A-Z0-9]{1,20}"), "U0123ABCD"),
    "channel": (re.compile("[CDG][A-Z0-9]{1,20}"), "C0123ABCD"),
    "workspace": (re.compile("T[A-Z0-9]{1,20}"), "T0123ABCD"),
}
_AGE: Final = re.compile("([0-9]{1,4})([hd])")
_UNREADABLE: Final = (
    "Some values are sealed with a key that is not at hand: see `mailflow keys status`. They were left as they are."
)


@click.group()
def keys() -> None:
    """The keys that what is stored is sealed with."""


@keys.command()
def status() -> None:
    """Show which keys are in use, and what is still sealed with earlier ones."""
    run(_status)


@keys.command()
@click.option("--retire", is_flag=True, help="Master keys that are not in your settings open nothing from now on.")
def rotate(*, retire: bool) -> None:
    """Make a new data key and seal everything with it. The bot need not stop."""
    run(lambda database: _rotate(database, retire=retire))


@click.command()
@click.argument("whose", type=click.Choice(list(_IDS)))
@click.argument("identifier", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(whose: str, identifier: str, *, yes: bool) -> None:
    """Delete all that is stored of a person, a channel or a workspace. The bot need not stop.

    What is in Slack stays there, but for the bot's answers to a person's pastes: it takes those back.
    """
    pattern, example = _IDS[whose]
    if not pattern.fullmatch(identifier):
        fail(f"that is no Slack id of a {whose}; one looks like {example}")
    run(lambda database: _forget(database, whose, identifier, yes=yes))


@click.group()
def audit() -> None:
    """The record of who did what, which can only grow."""


@audit.command()
@click.option(
    "--expect", metavar="NUMBER:HASH", help="An entry that has to be there: as this command printed it earlier."
)
def verify(expect: str | None) -> None:
    """Show whether the record is whole. Exit code 0: it is, 1: it is not."""
    expected = None
    if expect is not None:
        number, _, digest = expect.partition(":")
        if not re.fullmatch("[0-9]{1,18}", number) or not re.fullmatch("[0-9a-f]{8,64}", digest):
            fail("--expect takes a number and a hash, as in 1234:5f0c2a…: what `mailflow audit verify` printed earlier")
        expected = int(number), digest
    run(lambda database: _verify(database, expected))


@audit.command()
@click.option("--since", default="7d", show_default=True, metavar="TIME", help="24h, 7d, or 2026-11-18T08:00 (UTC).")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line.")
def show(since: str, *, as_json: bool) -> None:
    """Show who did what."""
    run(lambda database: _show(database, moment(since), as_json=as_json))


async def _status(database: Database) -> int:
    from bot.database.keys import stored_keys

    async with database.pool.acquire() as connection:
        found, old = await stored_keys(connection)
    ours = database.seal.masters.names
    for name in ours:
        click.echo(f"master key {name}  in your settings")
    for name in sorted({name for key in found for name in key.wrapped} - set(ours)):
        click.echo(f"master key {name}  not in your settings, and still opens what is stored")
    for key in found:
        made = f"made {key.created_at:%Y-%m-%d}"
        use = "in use" if key.retired_at is None else f"replaced {key.retired_at:%Y-%m-%d %H:%M} UTC"
        click.echo(f"data key {key.number}  {made}  {use}  {_counted(key.values, 'values')}")
    if old:
        click.echo(
            f"{_counted(old, 'values')} sealed in the way of earlier versions; the bot seals that anew within minutes."
        )
    return 0


async def _rotate(database: Database, *, retire: bool) -> int:
    from bot.database.audit import Entry, append
    from bot.database.keys import KeysInUseError, rotate, stored_keys

    async with database.pool.acquire() as connection:
        try:
            done = await rotate(connection, database.pool, database.seal, retire=retire)
        except KeysInUseError as used:
            return _say(
                f"master keys that are not in your settings are in use ({', '.join(used.names)}), and a process that has "
                "only those could not read what is written from now on. Add them to MAILFLOW_SECRET_KEY, or, when no "
                "process has them any more, lock them out with --retire."
            )
        async with connection.transaction():
            detail = {"values": str(done), "retired": "yes" if retire else "no"}
            await append(connection, database.seal, Entry("keys-rotated", detail=detail))
        found, old = await stored_keys(connection)
    click.echo(f"There is a new data key. Sealed with it: {_counted(done, 'values')}.")
    if old or any(key.values for key in found if key.retired_at):
        click.echo(_UNREADABLE)
    return 0


async def _forget(database: Database, whose: Any, identifier: str, *, yes: bool) -> int:
    import asyncio

    from bot.database.purging import BusyError, forget

    try:
        if not yes:
            there = await forget(database, whose, identifier, really=False)
            click.echo(f"Of {whose} {identifier} there is: {_listed(there.removed)}.{_goes_on(there)}")
            if not await asyncio.to_thread(click.confirm, "Delete all of it for good?"):
                return _say("nothing was deleted.")
        done = await forget(database, whose, identifier, really=True)
    except BusyError:
        return _say("something of theirs is being worked on just now. Nothing was deleted; try again in a minute.")
    click.echo(f"Deleted: {_listed(done.removed)}.{_goes_on(done)}")
    return 0


def _goes_on(purged: Purged) -> str:
    return f" Goes on without their name: {_listed(purged.unnamed)}." if any(purged.unnamed.values()) else ""


def _listed(counts: Counts) -> str:
    return ", ".join(_counted(count, what) for what, count in counts.items() if count) or "nothing"


def _counted(count: int, what: str) -> str:
    one = f"{what[:-3]}y" if what.endswith("ies") else what.removesuffix("es" if what.endswith("ches") else "s")
    return f"{count} {one if count == 1 else what}"


async def _verify(database: Database, expected: tuple[int, str] | None) -> int:
    from bot.database.audit import verify

    async with database.pool.acquire() as connection:
        found: Verified = await verify(connection, database.seal, expected)
    if found.broken:
        click.echo(f"{found.broken} Whole before it: {_counted(found.rows, 'entries')}.")
        return 1
    erased = f" ({found.erased} of them with their details erased)" if found.erased else ""
    click.echo(f"The audit is whole: {_counted(found.rows, 'entries')}{erased}. The newest is {found.head}")
    return 0


async def _show(database: Database, since: datetime, *, as_json: bool) -> int:
    from bot.database.audit import entries

    async with database.pool.acquire() as connection:
        async for each in entries(connection, database.seal, since):
            click.echo(_as_json(each) if as_json else _as_text(each))
    return 0


def _as_json(row: Recorded) -> str:
    return json.dumps(
        {
            "number": row.seq,
            "at": row.at.astimezone(UTC).isoformat(timespec="milliseconds"),
            "what": row.entry.kind,
            "team": row.entry.team,
            "channel": row.entry.channel,
            "user": row.entry.user,
            "detail": dict(row.entry.detail),
            "erased": row.erased,
        }
    )


def _as_text(row: Recorded) -> str:
    """One line; what came from outside can't steer the terminal."""
    about = [row.entry.user, row.entry.channel, *(f"{key}={value}" for key, value in row.entry.detail.items() if value)]
    said = " ".join(filter(None, about)) or ("(erased)" if row.erased else "")
    line = f"{row.seq:6}  {row.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}  {row.entry.kind:12}  {said}"
    return "".join(character if character.isprintable() else "?" for character in line).rstrip()


def moment(text: str) -> datetime:
    """The time that `--since` names: an age, or a date. Ends the program where it is none."""
    if age := _AGE.fullmatch(text):
        number, unit = int(age[1]), age[2]
        return datetime.now(UTC) - (timedelta(hours=number) if unit == "h" else timedelta(days=number))
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        fail("--since takes 24h, 7d, or a time such as 2026-11-18T08:00")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def run(work: Callable[[Database], Awaitable[int]]) -> NoReturn:
    """Does something with the bot's database, and ends with its exit code."""
    import asyncio

    from bot.database import StartError, open_database
    from bot.settings import SettingsError, load

    async def opened() -> int:
        async with open_database(load()) as database:
            return await work(database)

    try:
        sys.exit(asyncio.run(opened()))
    except (SettingsError, StartError) as problem:
        fail(str(problem))


def _say(sentence: str) -> int:
    click.echo(f"mailflow: {sentence}", err=True)
    return _FAILED


def fail(sentence: str) -> NoReturn:
    """Ends the program with a sentence on what to do."""
    sys.exit(_say(sentence))
