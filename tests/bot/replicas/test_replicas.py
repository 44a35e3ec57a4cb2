"""Three replicas, each of which gets every delivery, are killed at every point: nothing is lost, and nothing said twice."""

from __future__ import annotations

import asyncio
import sys

import pytest

from tests.bot.conftest import World
from tests.bot.replicas import burst
from tests.bot.replicas.chaos import Chaos, walk
from tests.bot.replicas.fleet import Balancer, Fleet


def assert_all_answered(chaos: Chaos) -> None:
    figures = chaos.judge()
    assert not figures.wrong
    assert not figures.given_up


async def test_killed_at_every_point_each_delivery_has_one_answer(
    world: World, fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    chaos = Chaos(world.place, fleet, world.environ["DATABASE_URL"])
    async with Balancer(fleet, everywhere=True) as balancer:
        world.place.request_url = balancer.url
        points = await walk(chaos)
    figures = chaos.judge()
    with capsys.disabled():
        sys.stdout.write(f"\n{len(points)} points: {figures}\n")
    assert not figures.wrong
    assert figures.faults["killed"] >= len(points) > 20
    assert figures.given_up < figures.deliveries / 4


async def test_several_sockets_share_the_deliveries(world: World, fleet: Fleet) -> None:
    world.environ["SLACK_APP_TOKEN"] = "xapp-test"
    chaos = Chaos(world.place, fleet, world.environ["DATABASE_URL"])
    await chaos.replace(lambda _: None, count=3)
    assert world.place.sockets.count == 3
    for _ in range(3):
        await chaos.begin()
    fleet.replicas[0].arm("after chat.postMessage in with_or_without_blocks")
    for _ in range(3):
        await chaos.begin()
    await chaos.settle()
    assert_all_answered(chaos)


async def test_a_rolling_deploy_loses_nothing(world: World, fleet: Fleet) -> None:
    chaos = Chaos(world.place, fleet, world.environ["DATABASE_URL"])
    async with Balancer(fleet, everywhere=False) as balancer:
        world.place.request_url = balancer.url
        await chaos.replace(lambda _: None, count=2)
        for leaving in list(fleet.replicas):
            for _ in range(2):
                await chaos.begin()
            leaving.terminate()
            await asyncio.to_thread(leaving.process.join, 15)
            assert leaving.process.exitcode == 0
            await chaos.replace(lambda _: None, count=2)
        await chaos.settle()
    assert_all_answered(chaos)
    assert not [sent.error for sent in world.place.deliveries if not sent.acknowledged]


async def test_a_burst_is_stored_in_order_and_what_is_asked_overtakes_it(world: World, fleet: Fleet) -> None:
    fleet.quick = False
    replica = await fleet.start()
    world.place.request_url = url = f"{replica.url}/slack/events"
    idle = replica.memory
    sending = asyncio.create_task(
        burst.send(url, [burst.chatter(n, 100) for n in range(1000)], "secret", connections=50)
    )
    ts = await world.place.post("alex", "#exchange", "@Mailflow explain 5.7.64")
    assert {sent.status for sent in await sending} == {200}
    [before] = await world.rows("select count(*) from delivery where done_at is null")
    assert before["count"] > 0, "the burst is worked off by now, so nothing can overtake it"
    await world.answer("#exchange", ts)
    await burst.worked_off(world.environ["DATABASE_URL"])
    [last] = await world.rows(
        "select count(*) as behind from delivery where done_at > (select done_at from delivery where subject like $1)",
        f"message % {ts}",
    )
    assert last["behind"] > 100
    assert await burst.disordered(world.environ["DATABASE_URL"]) == 0
    assert await world.rows("select count(*) from delivery") == [{"count": 1001}]
    assert replica.memory < idle + 100_000


async def test_a_database_that_stops_is_waited_for(world: World, fleet: Fleet) -> None:
    """Every connection is cut again and again, in the middle of the work."""
    chaos = Chaos(world.place, fleet, world.environ["DATABASE_URL"])
    async with Balancer(fleet, everywhere=True) as balancer:
        world.place.request_url = balancer.url
        await chaos.replace(lambda _: None, count=2)
        for _ in range(4):
            await chaos.begin()
            await asyncio.sleep(0.1)
            await world.rows(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()"
            )
        await chaos.settle()
    assert_all_answered(chaos)
