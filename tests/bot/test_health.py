"""/readyz says which part of the bot can't work."""

from __future__ import annotations

from typing import Any

import aiohttp

from bot.app import Bot
from bot.database import open_database
from bot.database.inbox import Inbox
from bot.health import MOST_LAG, Health, Reach
from bot.jobs import ThreadLocks
from bot.metrics import Metrics
from handlers.ports.thread import Thread
from tests.bot.conftest import World
from tests.bot.test_database import delivery


async def readyz(bot: Bot) -> tuple[int, dict[str, Any]]:
    async with aiohttp.ClientSession() as session, session.get(f"{bot.server.url}/readyz") as response:
        return response.status, await response.json()


REACHED = Reach("http", started=lambda: True)


async def test_each_part_is_ok(world: World, mode: dict[str, str]) -> None:
    async with world.bot(mode) as bot:
        assert await readyz(bot) == (200, {"ready": True, "database": "ok", "slack": "ok", "jobs": "ok"})
        bot.ready = False
        status, said = await readyz(bot)
        assert (status, "the bot is stopping" in said["slack"]) == (503, True)


async def test_a_closed_socket_is_told(world: World) -> None:
    async with world.bot(SLACK_APP_TOKEN="xapp-test") as bot:
        assert bot.reach.socket
        await bot.reach.socket.close()
        status, said = await readyz(bot)
        assert (status, said["slack"]) == (503, "the socket is closed")


async def test_a_bot_that_slack_has_not_named_is_not_ready() -> None:
    assert "who it is" in await Reach("http", started=lambda: False)()


async def test_a_database_that_is_gone_is_told_and_its_figures_are_left_out(world: World) -> None:
    async with open_database(world.settings()) as database:
        metrics = Metrics()
        health = Health(Inbox(database), database.pool, metrics, slack=REACHED)
        database.pool.terminate()
        state = await health.readiness()
        assert not state.ready
        assert state.parts == {"database": "does not answer", "slack": "ok"}
        metrics.stand(ready=state.ready, lanes=None, pool=database.pool)
        text = metrics.exposed("")[0].decode()
        assert "mailflow_database_up 0.0" in text
        assert "mailflow_job_lag_seconds{" not in text


async def test_lag_is_that_of_what_is_due(world: World) -> None:
    async with open_database(world.settings()) as database:
        inbox = Inbox(database)
        for number in (1, 2):
            await inbox.accept(delivery(number))
        await inbox.accept(delivery(3, thread=Thread("T1", "C1", "3.0")))

        async def jobs() -> str:
            health = Health(inbox, database.pool, Metrics(), slack=REACHED)
            return (await health.readiness()).jobs

        assert (await inbox.waiting())["delivery"].count == 3
        assert await jobs() == "ok"
        old = f"received_at = now() - interval '{MOST_LAG + 60} seconds'"
        await database.pool.execute(f"update delivery set {old} where thread = 'C1 1.0'")
        assert f"has waited {MOST_LAG + 60:.0f} s" in await jobs()
        # What Slack or a retry has put off is not late, and what comes after it in its thread waits for it.
        await database.pool.execute("update delivery set retry_at = now() + interval '1 minute' where event = 'Ev1'")
        assert await jobs() == "ok"


async def test_a_thread_that_is_stuck_takes_no_replica_out_of_its_balancer(world: World) -> None:
    """All of them share the lag: what Slack sends only once would find nobody. `/readyz` tells of it all the same."""
    async with world.bot() as bot, open_database(world.settings()) as other:
        locks = ThreadLocks(other.url)
        async with locks.held("T1 C1 1.0"):
            await Inbox(other).accept(delivery(1))
            await other.pool.execute("update delivery set received_at = now() - interval '6 minutes'")
            status, said = await readyz(bot)
        await locks.close()
    assert (status, said["ready"]) == (200, True)
    assert "the oldest open delivery has waited 36" in said["jobs"]


async def test_probes_cost_the_database_one_question_a_second(world: World) -> None:
    async with open_database(world.settings()) as database:
        asked = 0

        class Counting(Inbox):
            async def waiting(self) -> Any:
                nonlocal asked
                asked += 1
                return await super().waiting()

        health = Health(Counting(database), database.pool, Metrics(), slack=REACHED)
        for _ in range(20):
            assert (await health.readiness()).ready
        assert asked == 1
