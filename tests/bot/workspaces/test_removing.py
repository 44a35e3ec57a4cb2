"""A workspace that removes the app is forgotten: all of it, nothing of anybody else, and not because of old news."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.database import Seal, open_database
from bot.database.cases import Cases
from bot.database.installations import Installations
from bot.database.purging import purge_workspace
from bot.playground.server import Playground
from handlers.ports.cases import Pasted
from handlers.ports.thread import Thread
from tests.bot.conftest import World
from tests.bot.pastes import FAILING
from tests.bot.workspaces.conftest import TwoWorlds

CONTOSO, FABRIKAM = "T0CONTOSO1", "T0FABRIKAM"
ONCALL = ("escalation", "reporter", "page", "timer")
_TEAMS = (
    "select table_name as name from information_schema.columns where table_schema = 'public' and column_name = 'team'"
)
_KEYS = """
select child.relname as child, a.attname as own, parent.relname as parent, b.attname as other
from pg_constraint c join pg_class child on child.oid = conrelid join pg_class parent on parent.oid = confrelid
join pg_attribute a on a.attrelid = conrelid and a.attnum = conkey[1]
join pg_attribute b on b.attrelid = confrelid and b.attnum = confkey[1] where contype = 'f'
"""


async def held(world: World, team: str) -> dict[str, int]:
    """How many rows of a team there are, in every table that has a team or hangs on one that has."""
    keys = await world.rows(_KEYS)
    found = {row["name"]: f"from {row['name']} where team = $1" for row in await world.rows(_TEAMS)}
    waiting = list(found)
    while waiting:
        parent = waiting.pop()
        for key in keys:
            if key["parent"] == parent and key["child"] not in found:
                theirs = f"select {parent}.{key['other']} {found[parent]}"
                found[key["child"]] = f"from {key['child']} where {key['own']} in ({theirs})"
                waiting.append(key["child"])
    return {name: (await world.rows(f"select count(*) as n {rest}", team))[0]["n"] for name, rest in found.items()}


_WATCH = """
with known as (insert into watched (team, target, next_at) values ($1, 'mail.contoso.com', now() + '1 day') returning id),
told as (insert into watch (watched_id, channel, owner, every) select id, 'C1', 'U1', '6h' from known returning id)
insert into watch_notice (watch_id, kind, content, state) select id, 'news', 'x', 'sent' from told
"""


async def fill(world: World, team: str) -> None:
    """A case with an answer, a check, an escalation and a watch: something in every table."""
    await world.rows(_WATCH, team)
    place = world.place
    ts = await place.post("alex", "#exchange", FAILING)
    await world.answer("#exchange", ts)
    await place.post("alex", "#exchange", "@Mailflow escalate", thread_ts=ts)
    await place.post("alex", "#exchange", "@Mailflow check 192.0.2.1")


async def test_all_that_is_held_of_a_workspace_goes_and_nothing_of_another(
    worlds: TwoWorlds, policy: dict[str, str]
) -> None:
    async with worlds.bot(**policy):
        await worlds.install()
        await fill(worlds.contoso, CONTOSO)
        await fill(worlds.fabrikam, FABRIKAM)
        await worlds.settled(6)
        await worlds.contoso.place.wait_for(lambda: worlds.contoso.place.messages("jonas"))
        before, others = await held(worlds.contoso, CONTOSO), await held(worlds.contoso, FABRIKAM)
        assert min(before[name] for name in (*ONCALL, "delivery", "evidence", "answer", "check_run", "installation"))
        worlds.contoso.place.uninstall()
        await gone(worlds.contoso)
        after = await held(worlds.contoso, CONTOSO)
        assert [table for table, rows in after.items() if rows] == ["installation"]
        [left] = await worlds.rows("select * from installation where team = $1", CONTOSO)
        assert (left["tokens"], left["bot"], left["bot_user"]) == (None, "", "")
        assert await held(worlds.contoso, FABRIKAM) == others
        await answered(worlds.fabrikam)


async def test_a_revoked_token_alone_is_a_removal_and_a_persons_is_not(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        await worlds.install(worlds.contoso)
        worlds.contoso.place.send_event({"type": "tokens_revoked", "tokens": {"oauth": ["U0ALEXRIVE"], "bot": []}})
        await answered(worlds.contoso)
        worlds.contoso.place.send_event({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["U0MAILFLOW"]}})
        await gone(worlds.contoso)


async def test_nothing_is_taken_in_from_a_workspace_that_removed_the_app(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        await worlds.install(worlds.contoso)
        worlds.contoso.place.uninstall()
        await gone(worlds.contoso)
        event = await said(worlds.contoso.place)
        await worlds.contoso.place.wait_for(
            lambda: [d for d in worlds.contoso.place.deliveries if event in str(d.payload) and d.acknowledged]
        )
        assert await worlds.rows("select 1 from delivery") == []


async def test_the_news_of_an_earlier_removal_changes_nothing(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        await worlds.install(worlds.contoso)
        worlds.contoso.place.uninstall()
        await gone(worlds.contoso)
        await worlds.rows("update installation set removed_at = now() - interval '1 minute'")
        await worlds.install(worlds.contoso)
        await worlds.rows("update installation set installed_at = now() + interval '2 seconds'")
        worlds.contoso.place.send_event({"type": "app_uninstalled"})  # about the time before: Slack delivered it late
        await answered(worlds.contoso)
        await worlds.settled(2)
        assert {row["outcome"] for row in await worlds.rows("select outcome from delivery")} == {
            "answered",
            "installed again",
        }


async def test_what_was_under_way_meanwhile_is_cleared_away_too(worlds: TwoWorlds) -> None:
    async with open_database(worlds.contoso.settings()) as database:
        installations, cases = Installations(database), Cases(database)
        thread, other = Thread(CONTOSO, "C1", "1.0"), Thread(FABRIKAM, "C1", "1.0")
        assert await installations.removed(CONTOSO, datetime.now(UTC))
        await cases.keep(thread, Pasted("1.0", "a job that had begun before"))
        await cases.keep(other, Pasted("1.0", "somebody else's"))
        await installations.clear_up()
        assert await cases.pasted(thread) == ()
        assert await cases.pasted(other)
        await worlds.rows("update installation set removed_at = now() - interval '61 minutes'")
        await installations.clear_up()
        assert await worlds.rows("select 1 from installation") == []


async def test_removed_and_purged_are_one(worlds: TwoWorlds, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(connection: Any, seal: Seal, team: str) -> None:
        await purge_workspace(connection, seal, team)
        raise ConnectionError("the database went away")

    async with worlds.bot() as bot:
        await worlds.install(worlds.contoso)
        await answered(worlds.contoso)
        with monkeypatch.context() as patch:
            patch.setattr("bot.database.installations.purge_workspace", fails)
            with pytest.raises(ConnectionError):
                await bot.workspaces.removed(CONTOSO, datetime.now(UTC))
        assert await worlds.rows("select 1 from incident_case")
        assert await bot.workspaces.identity(CONTOSO)


async def test_with_one_token_it_is_the_same(world: World) -> None:
    async with world.bot():
        await answered(world)
        world.place.send_event({"type": "app_uninstalled"})
        await gone(world)
    async with world.bot():  # with a token for the workspace again
        assert await world.rows("select 1 from installation") == []


async def answered(world: World) -> None:
    ts = await said(world.place)
    await world.answer("#exchange", ts)


async def said(place: Playground) -> str:
    return await place.post("alex", "#exchange", FAILING)


async def gone(world: World) -> None:
    """Returns when Contoso's installation and everything else of it is gone."""
    async with asyncio.timeout(10):
        while await world.rows(  # noqa: ASYNC110 - the database announces nothing
            "select 1 from installation where team = $1 and removed_at is null union all "
            "select 1 from delivery where team = $1 union all select 1 from incident_case where team = $1",
            CONTOSO,
        ):
            await asyncio.sleep(0.02)
