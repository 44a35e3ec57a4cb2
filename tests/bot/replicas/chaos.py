"""Cases that go on while processes die, Slack fails and the database stops; and the count of their answers afterwards.

Every thread is a paste, two questions to the bot in it, and a click on its card. The count is taken from what stands in the
threads, not from the bot's record. An answer is owed to what a replica acknowledged; Slack gives up what none did in four
attempts, which comes when all are dead at once and the next ones are slow to start.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from bot.playground.delivery import EVENTS, Delivery
from bot.playground.server import Playground
from tests.bot.conftest import everything
from tests.bot.pastes import FAILING
from tests.bot.replicas.child import CALL_SECONDS
from tests.bot.replicas.fleet import Fleet, Replica

CHANNEL = "#exchange"
ASKED = ("5.7.64", "4.4.7")
FAULTS: Mapping[str, dict[str, Any]] = {
    "rate limit": {"status": 429, "retry_after": 1},
    "server error": {"status": 500},
    "timeout before the post": {"status": 500, "delay": CALL_SECONDS + 0.3},
    "timeout, and posted": {"delay": CALL_SECONDS + 0.2},
    "cut before the post": {"error": "fatal_error", "lost_answer": True},
    "answer lost": {"lost_answer": True},
}
METHODS = ("chat.postMessage", "chat.update", "files.completeUploadExternal", "conversations.replies")
QUIET = 90.0
RETRIES = 3
PATIENCE = 30
AT_START = ("OneWorkspace", "Installations")


@dataclass
class Figures:
    deliveries: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    given_up: int = 0
    slowest: float = 0.0

    @property
    def wrong(self) -> list[str]:
        return [*self.lost, *self.doubled, *self.disordered]

    def __str__(self) -> str:
        faults = ", ".join(f"{count} {name}" for name, count in sorted(self.faults.items()))
        wrong = "".join(f"\n  {each}" for each in self.wrong)
        return (
            f"{self.deliveries} deliveries, {self.given_up} more that nobody acknowledged; faults: {faults or 'none'}\n"
            f"{len(self.lost)} lost, {len(self.doubled)} doubled, "
            f"{len(self.disordered)} out of order; the slowest answer took {self.slowest:.1f} s{wrong}"
        )


@dataclass
class Case:
    """A thread: when each of its messages was posted, and by their ts what each of them is. `clicked`: its button was
    acknowledged, None when that isn't known."""

    ts: str
    began: float
    messages: dict[str, str]
    clicked: bool | None = False


@dataclass
class Chaos:
    """What happens is drawn from `seed`; when it happens, the machine decides."""

    place: Playground
    fleet: Fleet
    database_url: str
    seed: int = 0
    figures: Figures = field(default_factory=Figures)
    cases: list[Case] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self._tasks: set[asyncio.Task[None]] = set()
        self._failing: dict[str, int] = {}
        self.place.workspace.subscribe(lambda _change: self._time())

    # -- what people do -------------------------------------------------------------------------------

    async def begin(self) -> None:
        """One more thread, in which somebody asks and clicks."""
        ts = await self.place.post("alex", CHANNEL, FAILING)
        case = Case(ts, time.monotonic(), {ts: "paste"})
        self.cases.append(case)
        for code in ASKED:
            asked = await self.place.post("sam", CHANNEL, f"@Mailflow explain {code}", thread_ts=ts)
            case.messages[asked] = f"explain {code}"
        self._go(self._click(case))

    async def _click(self, case: Case) -> None:
        [card] = await self.place.wait_for(lambda: self._cards(case)[:1], QUIET)
        case.clicked = None
        sent = await self.place.click("alex", card["ts"], "show_steps")
        case.clicked = sent.acknowledged or None

    def _go(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def redeliver(self) -> None:
        """Slack believes that an acknowledgement was lost, and delivers three times more."""
        events = [each.id for each in self.place.deliveries[-60:] if each.id]
        if events:
            self.figures.faults["redelivered"] += 1
            await self.place.redeliver(self.random.choice(events), 3)

    def fail(self) -> None:
        """One fault of a method at a time: what is rarely called would fail so often in a row that waiting takes minutes."""
        name, method = self.random.choice(list(FAULTS)), self.random.choice(METHODS)
        if self._failing.get(method, -1) < sum(call.method == method for call in self.place.calls):
            self._failing[method] = sum(call.method == method for call in self.place.calls)
            self.figures.faults[name] += 1
            self.place.fail_next(method, **FAULTS[name])

    # -- who dies -------------------------------------------------------------------------------------

    async def replace(self, arm: Callable[[Replica], None], *, count: int) -> None:
        """Starts replicas for those that are dead; `arm` says what becomes of each."""
        for dead in self.fleet.bury():
            self.figures.faults["stopped in order" if dead.stopping else "killed"] += 1
        fresh = await asyncio.gather(*(self.fleet.start() for _ in range(count - len(self.fleet.replicas))))
        for replica in fresh:
            arm(replica)

    # -- what came of it ------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Returns when every delivery was dealt with, and the database has none that is open."""
        for replica in self.fleet.replicas:
            replica.arm("")
        async with asyncio.timeout(QUIET):
            while self._missing() or await self._open():
                await self.replace(lambda _: None, count=2)
                await asyncio.sleep(0.2)
        await asyncio.sleep(CALL_SECONDS + 0.5)  # what comes too late comes now

    async def _open(self) -> bool:
        try:
            connection = await asyncpg.connect(self.database_url)
        except (OSError, asyncpg.PostgresError):
            return True
        try:
            return bool(
                await connection.fetchval(
                    "select exists (select from delivery where done_at is null) "
                    "or exists (select from page where state in ('planned', 'sending'))"
                )
            )
        finally:
            await connection.close()

    def _missing(self) -> bool:
        given_up = self._given_up()
        return any(
            not number and what not in given_up.get(case.ts, ())
            for case in self.cases[-5:]
            for what, number in self._counted(case).items()
        )

    def _given_up(self) -> dict[str, set[str]]:
        """By thread, what Slack tried to deliver as often as it does and nobody ever acknowledged."""
        attempts: dict[str, dict[str, list[Delivery]]] = {}
        for each in self.place.deliveries:
            if each.kind == EVENTS and (ts := each.payload["event"].get("ts")):
                attempts.setdefault(ts, {}).setdefault(each.id, []).append(each)
        gone = {
            ts
            for ts, events in attempts.items()  # a mention comes as two
            if not any(each.acknowledged for sent in events.values() for each in sent)
            and all(sent[-1].retry_num == RETRIES for sent in events.values())
        }
        return {case.ts: {what for ts, what in case.messages.items() if ts in gone} for case in self.cases}

    def judge(self) -> Figures:
        given_up = self._given_up()
        self.figures.given_up = sum(map(len, given_up.values()))
        for case in self.cases:
            counted = self._counted(case)
            self.figures.deliveries += len(case.messages) - len(given_up[case.ts]) + bool(case.clicked)
            for what, number in counted.items():
                if number == 0 and what not in given_up[case.ts]:
                    self.figures.lost.append(f"{what} of {case.ts}")
                elif number > 1:
                    self.figures.doubled.append(f"{what} of {case.ts}: {number}")
            said = [everything(each) for each in self._said(case)]
            order = [code for each in said for code in ASKED if each.startswith(code) or f"*{code}" in each[:80]]
            if order != sorted(order, key=ASKED.index):
                self.figures.disordered.append(case.ts)
        return self.figures

    def _counted(self, case: Case) -> dict[str, int]:
        """How many answers each message of a thread has; of files, how many copies of one."""
        said = self._said(case)
        texts = [everything(each) for each in said if not each.get("files")]
        found = {"paste": len(self._cards(case))}
        for code in ASKED:
            found[f"explain {code}"] = sum(_explains(text, code) for text in texts)
        others = len(texts) - sum(found.values())
        if case.clicked or others:  # of a click that wasn't acknowledged, none or one
            found["click"] = others
        names = Counter(file["name"] for each in said for file in each.get("files") or ())
        return {**found, **{f"file {name}": number for name, number in names.items() if number > 1}}

    def _said(self, case: Case) -> list[dict[str, Any]]:
        return [each for each in self.place.thread(CHANNEL, case.ts)[1:] if each.get("bot_id") == "B0MAILFLOW"]

    def _cards(self, case: Case) -> list[dict[str, Any]]:
        return [each for each in self._said(case) if _has_button(each)]

    def _time(self) -> None:
        """Notes how long the newest answer took."""
        waiting = {case.ts: case for case in self.cases[-50:]}
        newest = self.place.workspace.messages(self.place.workspace.place(CHANNEL).id)[-1:]
        for message in newest:
            case = waiting.get(str(message.get("thread_ts")))
            if case and message.get("bot_id"):
                self.figures.slowest = max(self.figures.slowest, time.monotonic() - case.began)


def _has_button(message: dict[str, Any]) -> bool:
    return any(
        element.get("action_id") == "show_steps"
        for block in message.get("blocks") or ()
        for element in block.get("elements") or ()
    )


def _explains(text: str, code: str) -> bool:
    return code in text.split("\n", maxsplit=1)[0]


async def walk(chaos: Chaos) -> list[str]:
    """Kills a process at every point that the work on a case passes; those points. The first cases, in peace, find them;
    one that was come to by chance, after a slow answer say, and not again in `PATIENCE` cases, is left out."""
    fleet = chaos.fleet
    await chaos.replace(lambda _: None, count=3)
    for _ in range(2):
        await chaos.begin()
    await chaos.settle()
    points = sorted(set.union(*(each.passed() for each in fleet.replicas)))
    left = [each for each in points if not any(word in each for word in AT_START)]
    visited = list(left)
    since: dict[str, int] = {}

    def arm(replica: Replica) -> None:
        replica.arm(left.pop() if left else "")
        since[replica.armed] = len(chaos.cases)

    for replica in fleet.replicas:
        arm(replica)
    while left or any(each.armed and each.alive for each in fleet.replicas):
        await chaos.replace(arm, count=3)
        for replica in fleet.replicas:
            if replica.armed and replica.alive and len(chaos.cases) > since[replica.armed] + PATIENCE:
                visited.remove(replica.armed)
                arm(replica)
        await chaos.begin()
        await asyncio.sleep(0.25)
    await chaos.settle()
    return visited


async def storm(chaos: Chaos, seconds: float, *, restart: Callable[[], None]) -> None:
    """Everything at once, for that time: kills at any point, faults of Slack, redeliveries, orderly stops, a database that
    is restarted in the middle of everything."""
    end, draw = time.monotonic() + seconds, chaos.random
    known: list[str] = []

    def arm(replica: Replica) -> None:
        if known:
            replica.arm(draw.choice(known), draw.randint(1, 6))

    await chaos.replace(arm, count=3)
    while time.monotonic() < end:
        await chaos.begin()
        known = sorted({*known, *(each for replica in chaos.fleet.replicas for each in replica.passed())})
        if draw.random() < 0.5:
            chaos.fail()
        if draw.random() < 0.3:
            await chaos.redeliver()
        if draw.random() < 0.1 and any(alive := [each for each in chaos.fleet.replicas if each.alive]):
            draw.choice(alive).terminate()
        if draw.random() < 0.02:
            chaos.figures.faults["database restarted"] += 1
            await asyncio.to_thread(restart)
        await chaos.replace(arm, count=3)
        await asyncio.sleep(draw.random())
    await chaos.settle()
