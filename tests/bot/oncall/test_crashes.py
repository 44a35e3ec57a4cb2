"""Timers and pages through crashes, restarts, replicas and clocks that jump: each once, and none forgotten."""

from __future__ import annotations

import asyncio
import multiprocessing
from datetime import datetime, timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest

from tests.bot.conftest import World, everything
from tests.bot.oncall import child
from tests.bot.pastes import FAILING
from tests.oncall.policies import JONAS, NOON, PRIYA, TEXT

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([child.__name__])
MINUTE = timedelta(minutes=1)


class Processes:
    """Bots in processes of their own on one database, and the clock that they share."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.steps = folder / "steps"
        self._clock = folder / "clock"
        self._kill_at = folder / "kill_at"
        self._started: list[ForkServerProcess] = []
        policy = folder / "oncall.toml"
        policy.write_text(TEXT.replace('rearm_after = "30m"', 'rearm_after = "90d"'))  # many cases, one clock
        world.environ["MAILFLOW_ONCALL_FILE"] = str(policy)
        self.now = NOON
        self.kill_at(0)

    @property
    def now(self) -> datetime:
        return datetime.fromisoformat(self._clock.read_text())

    @now.setter
    def now(self, value: datetime) -> None:
        draft = self._clock.with_suffix(".draft")
        draft.write_text(value.isoformat())
        draft.replace(self._clock)  # whoever reads it finds a whole one

    def kill_at(self, step: int) -> None:
        """The step of the next escalation at which its process is killed; 0 for none."""
        self._kill_at.write_text(str(step))

    async def start(self) -> ForkServerProcess:
        receive, send = FORKS.Pipe(duplex=False)
        arguments = (self.world.environ, str(self._clock), str(self._kill_at), str(self.steps), send)
        process = FORKS.Process(target=child.main, args=arguments, daemon=True)
        await asyncio.to_thread(process.start)
        send.close()
        self._started.append(process)
        url = await asyncio.wait_for(asyncio.to_thread(receive.recv), 30)
        receive.close()
        self.world.place.request_url = f"{url}/slack/events"
        return process

    async def revive(self) -> None:
        if not any(process.is_alive() for process in self._started):
            self.kill_at(0)
            await self.start()

    @property
    def newest(self) -> ForkServerProcess:
        return self._started[-1]

    def kill(self) -> None:
        for process in self._started:
            process.kill()
            process.join()
            process.close()
        self._started.clear()

    async def say(self, ts: str, text: str) -> str:
        """The `ts` of what was said, once it was dealt with."""
        await self.revive()
        before = len(await self.world.rows("select 1 from delivery"))
        said = await self.world.place.post("alex", "#exchange", text, thread_ts=ts or None)
        await self.quiet(before + 1)
        return said

    async def survived(self, process: ForkServerProcess, step: int) -> bool:
        """Whether there were fewer steps than that; else returns when the process is dead.

        It may die at a last step after everything is done, and what is said next must not be said to the dying.
        """
        if process.is_alive() and int(self.steps.read_text()) == step:
            await asyncio.to_thread(process.join, 10)
            assert not process.is_alive()
        return process.is_alive()

    async def quiet(self, deliveries: int = 0) -> None:
        """Returns when everything is dealt with; a process that dies meanwhile is followed by one that lives."""
        async with asyncio.timeout(40):
            while True:
                await self.revive()
                [left] = await self.world.rows(
                    "select (select count(*) from delivery) as stored, "
                    "(select count(*) from delivery where done_at is null) + "
                    "(select count(*) from page where state in ('planned', 'sending')) + "
                    "(select count(*) from timer where due_at <= $1 or (not wall and armed_at > $1)) as open",
                    self.now,
                )
                if left["stored"] >= deliveries and not left["open"]:
                    return
                await asyncio.sleep(0.05)

    async def pass_time(self, time: timedelta) -> None:
        self.now += time
        await self.quiet()

    def pages(self, ts: str) -> list[str]:
        """Who got direct messages about a case, in their order."""
        return [person for _, person in sorted(self._pages(ts))]

    def _pages(self, ts: str) -> list[tuple[str, str]]:
        link = f"p{ts.replace('.', '')}"
        return [
            (message["ts"], person)
            for person in (JONAS, PRIYA)
            for message in self.world.place.messages(person)
            if link in everything(message)
        ]


@pytest.fixture
def processes(world: World, tmp_path: Path) -> Any:
    processes = Processes(world, tmp_path)
    yield processes
    processes.kill()


async def escalation_until_paged(processes: Processes) -> str:
    """A paste, and somebody who escalates. Its thread."""
    ts = await processes.say("", FAILING)
    await processes.world.answer("#exchange", ts)
    await processes.say(ts, "@Mailflow escalate")
    return ts


async def escalation(processes: Processes) -> str:
    """All of one: paged, nobody answers, the next level, acknowledged. Its thread."""
    ts = await escalation_until_paged(processes)
    await processes.pass_time(10 * MINUTE)
    await processes.say(ts, "@Mailflow ack")
    return ts


def judge(processes: Processes, ts: str) -> None:
    """Everybody was paged once by each level, and everything was said once."""
    place = processes.world.place
    assert processes.pages(ts) == [JONAS, PRIYA, JONAS]
    notes = [everything(said).split("\n")[0] for said in processes.world.answers("#exchange", ts)[1:]]
    assert notes == [
        "Paged: jonas.",
        "Paged: priya and jonas.",
        "alex has it. Nobody else is paged.",
    ]
    [root] = [message for message in place.messages("#on-call") if f"p{ts.replace('.', '')}" in everything(message)]
    there = [everything(said).split("\n")[0] for said in place.thread("#on-call", root["ts"])[1:]]
    assert there == [f"<@{JONAS}> you are paged.", f"<@{PRIYA}> <@{JONAS}> you are paged.", *notes[2:]]


LAST = 80
SLICES = 2


@pytest.mark.parametrize("part", range(SLICES))
async def test_killed_at_every_step_everything_happens_once(processes: Processes, part: int) -> None:
    victim = await processes.start()
    for step in range(1 + part, LAST, SLICES):
        processes.kill_at(step)
        judge(processes, await escalation(processes))
        if await processes.survived(victim, step):  # there are fewer steps than that
            return
        victim = processes.newest
    pytest.fail("there are more steps than were tried")


async def test_several_replicas_do_everything_once(processes: Processes) -> None:
    for _ in range(3):
        await processes.start()
    threads = await asyncio.gather(*(escalation_until_paged(processes) for _ in range(4)))
    for _ in range(2):
        await processes.pass_time(10 * MINUTE)
    for ts in threads:
        assert processes.pages(ts) == [JONAS, PRIYA, JONAS, JONAS]


async def test_a_replica_that_is_killed_is_stood_in_for(processes: Processes) -> None:
    first = await processes.start()
    await processes.start()
    ts = await escalation_until_paged(processes)
    first.kill()
    await processes.pass_time(10 * MINUTE)
    assert processes.pages(ts) == [JONAS, PRIYA, JONAS]


async def test_after_days_without_any_process_a_timer_fires_once(processes: Processes) -> None:
    await processes.start()
    ts = await escalation_until_paged(processes)
    processes.kill()
    processes.now += timedelta(days=3)
    await processes.start()
    await processes.quiet()
    assert processes.pages(ts) == [JONAS, PRIYA, JONAS]
    await processes.pass_time(4 * MINUTE)
    assert processes.pages(ts) == [JONAS, PRIYA, JONAS]
    await processes.pass_time(MINUTE)
    assert processes.pages(ts) == [JONAS, PRIYA, JONAS, JONAS]


async def test_a_clock_that_is_set_back_delays_nothing_by_more_than_its_time(processes: Processes) -> None:
    await processes.start()
    ts = await escalation_until_paged(processes)
    processes.now -= timedelta(hours=5)
    await processes.quiet()
    await processes.pass_time(9 * MINUTE)
    assert processes.pages(ts) == [JONAS]
    await processes.pass_time(MINUTE)
    assert processes.pages(ts) == [JONAS, PRIYA, JONAS]


async def test_a_clock_that_is_set_forward_and_back_fires_once(processes: Processes) -> None:
    await processes.start()
    ts = await escalation_until_paged(processes)
    await processes.pass_time(timedelta(hours=1))
    await processes.pass_time(timedelta(hours=-1))
    assert processes.pages(ts) == [JONAS, PRIYA, JONAS]


async def test_an_acknowledgement_survives_a_restart(processes: Processes) -> None:
    await processes.start()
    ts = await escalation_until_paged(processes)
    await processes.say(ts, "@Mailflow ack")
    processes.kill()
    processes.now += timedelta(days=1)
    await processes.start()
    await processes.quiet()
    assert processes.pages(ts) == [JONAS]
