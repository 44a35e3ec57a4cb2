"""Three replicas, each of which gets every delivery, are killed at every point: nothing is lost, and nothing said twice."""

from __future__ import annotations

import asyncio

import pytest

from tests.bot.conftest import World
from tests.bot.replicas.chaos import Chaos, walk
from tests.bot.replicas.fleet import Balancer, Fleet


async def test_killed_at_every_point_each_delivery_has_one_answer(
    world: World, fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    chaos = Chaos(world.place, fleet, world.environ["DATABASE_URL"])
    async with Balancer(fleet, everywhere=True) as balancer:
        world.place.request_url = balancer.url
        points = await walk(chaos)
    figures = chaos.judge()
    with capsys.disabled():
        print(f"\n{len(points)} points: {figures}")
    assert not (figures.lost or figures.doubled or figures.disordered)
    assert figures.faults["killed"] >= len(points) > 20


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
    figures = chaos.judge()
    assert not (figures.lost or figures.doubled or figures.disordered)


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
    figures = chaos.judge()
    assert not (figures.lost or figures.doubled or figures.disordered)
    assert [] == [(sent.kind, sent.status, sent.error) for sent in world.place.deliveries if not sent.acknowledged]
