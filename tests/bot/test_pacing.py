"""The lines in front of Slack: the pace, who goes first, what a 429 does to them, and edits that are merged."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import pacing
from bot.pacing import RATES, HeldUpError, Line, OwnPaceError, Pacing, Rate, first
from bot.playground.server import Playground
from bot.slack import client
from bot.telemetry import Telemetry
from handlers.failures import advice
from tests.bot.conftest import World

EVERY = 0.04
RATE = Rate(EVERY, burst=2, patience=1.0)


# Slack's pace, 25 times faster
QUICKER = {
    method: replace(RATES[method], every=EVERY, burst=2, patience=1.0) for method in ("chat.postMessage", "chat.update")
}


@asynccontextmanager
async def paced(world: World, rates: Mapping[str, Rate]) -> AsyncIterator[AsyncWebClient]:
    async with aiohttp.ClientSession() as session:
        yield client(world.settings(), session, Telemetry(), "xoxb-test", Pacing(rates))


@pytest.fixture
async def slack(world: World) -> AsyncIterator[AsyncWebClient]:
    async with paced(world, RATES) as slack:
        yield slack


@pytest.fixture
async def quicker(world: World) -> AsyncIterator[AsyncWebClient]:
    async with paced(world, QUICKER) as slack:
        yield slack


def calls(place: Playground, method: str) -> list[tuple[int, str]]:
    return [(call.status, str(call.args.get("text") or "")) for call in place.calls if call.method == method]


async def test_after_a_burst_one_call_goes_at_a_time() -> None:
    line, loop = Line(RATE), asyncio.get_running_loop()
    began, at = loop.time(), list[float]()

    async def call() -> None:
        await line.turn()
        at.append(loop.time() - began)

    await asyncio.gather(*(call() for _ in range(5)))
    assert at[1] < EVERY
    assert [moment >= EVERY * number * 0.99 for number, moment in enumerate(at[2:], 1)] == [True] * 3


async def test_what_is_urgent_goes_before_all_others_and_the_rest_in_its_order() -> None:
    line, order = Line(replace(RATE, burst=1)), list[str]()

    async def call(name: str) -> None:
        await line.turn()
        order.append(name)

    tasks = [asyncio.create_task(call(name)) for name in ("begun", "one", "two")]
    await asyncio.sleep(0)
    with first():
        tasks += [asyncio.create_task(call(name)) for name in ("page", "page too")]
    await asyncio.gather(*tasks)
    assert order == ["begun", "page", "page too", "one", "two"]


async def test_whoever_would_wait_too_long_hears_so_at_once_and_each_is_told_another_time() -> None:
    line = Line(Rate(1.0, burst=1, patience=0.5))
    await line.turn()
    told = []
    for _ in range(3):
        with pytest.raises(HeldUpError) as early:
            await line.turn()
        assert not early.value.closed
        told.append(round(early.value.seconds))
    assert told == [1, 2, 3]


async def test_a_closed_line_opens_when_slack_says_and_then_takes_one_at_a_time() -> None:
    line, loop = Line(replace(RATE, burst=10)), asyncio.get_running_loop()
    number = await line.turn()
    began, at = loop.time(), list[float]()
    line.close(0.1)

    async def call(number: int = 0) -> None:
        await line.turn(number)
        at.append(loop.time() - began)

    others = [asyncio.create_task(call()) for _ in range(2)]
    await asyncio.sleep(0)
    await asyncio.gather(*others, call(number))
    assert at[0] >= 0.099
    assert at[2] >= at[0] + 2 * EVERY * 0.9


async def test_whoever_waits_when_slack_closes_for_long_is_sent_away() -> None:
    line = Line(replace(RATE, burst=1))
    await line.turn()
    waiting = asyncio.create_task(line.turn())
    await asyncio.sleep(0)
    line.close(60)
    for late in (waiting, line.turn()):
        with pytest.raises(HeldUpError) as early:
            await late
        assert early.value.closed
        assert early.value.seconds == pytest.approx(60, abs=1)


async def test_a_page_knocks_on_a_closed_line_once_a_second() -> None:
    now = [0.0]
    line = Line(replace(RATE, burst=1), lambda: now[0])
    line.close(60)
    with first():
        await line.turn()
        with pytest.raises(HeldUpError):
            await line.turn()
        now[0] += 1.0
        await line.turn()
    with pytest.raises(HeldUpError):
        await line.turn()


async def test_who_is_overtaken_for_too_long_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "_OVERTAKEN", 0.02)
    line = Line(RATE)
    line.close(0.5)
    with pytest.raises(HeldUpError):
        await line.turn()
    assert not line.idle


async def test_who_gives_up_takes_no_turn_along() -> None:
    line, loop = Line(replace(RATE, burst=1)), asyncio.get_running_loop()
    await line.turn()
    given_up, waiting = asyncio.create_task(line.turn()), asyncio.create_task(line.turn())
    await asyncio.sleep(0)
    given_up.cancel()
    began = loop.time()
    await waiting
    assert loop.time() - began < 1.5 * EVERY


async def test_who_gives_up_at_the_moment_of_their_turn_gives_it_back() -> None:
    line, loop = Line(Rate(1.0, burst=1)), asyncio.get_running_loop()
    await line.turn()
    late = asyncio.create_task(line.turn())
    await asyncio.sleep(0)
    line._full_at -= 1.0  # the time has come
    line._call_up()
    late.cancel()
    with pytest.raises(asyncio.CancelledError):
        await late
    began = loop.time()
    await line.turn()
    assert loop.time() - began < 0.5


async def test_lines_that_nobody_needs_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "_MOST_LINES", 10)
    now = [0.0]
    lines = Pacing(clock=lambda: now[0])
    for number in range(30):
        now[0] += 100
        await lines.line("xoxb", "chat.postMessage", f"C{number}").turn()
        assert len(lines._lines) <= 10
    assert lines.line("xoxb", "chat.update", "C1") is lines.line("xoxb", "chat.update", "C2")


async def test_a_short_429_is_waited_for_in_place(world: World, slack: AsyncWebClient) -> None:
    world.place.fail_next("chat.postMessage", status=429, retry_after=1)
    began = asyncio.get_running_loop().time()
    one, two = await asyncio.gather(*(slack.chat_postMessage(channel="#exchange", text=text) for text in ("1", "2")))
    assert asyncio.get_running_loop().time() - began >= 0.99
    assert one["ok"]
    assert two["ok"]
    assert sorted(status for status, _ in calls(world.place, "chat.postMessage")) == [200, 200, 429]


async def test_a_long_429_goes_back_and_slack_is_left_alone_meanwhile(world: World, slack: AsyncWebClient) -> None:
    world.place.fail_next("chat.postMessage", status=429, retry_after=30)
    for _ in range(3):
        with pytest.raises(SlackApiError) as refused:
            await slack.chat_postMessage(channel="#exchange", text="x")
        assert not isinstance(refused.value, OwnPaceError)
        what = advice(refused.value)
        assert (what.passes, what.counts, round(what.after or 0)) == (True, False, 30)
    assert (await slack.chat_postMessage(channel="#on-call", text="another channel"))["ok"]
    assert len(calls(world.place, "chat.postMessage")) == 2


async def test_a_backlog_of_our_own_reads_as_slack_would_say_it(world: World, slack: AsyncWebClient) -> None:
    said = await asyncio.gather(
        *(slack.chat_postMessage(channel="#exchange", text=str(n)) for n in range(20)), return_exceptions=True
    )
    early = [each for each in said if isinstance(each, OwnPaceError)]
    assert len(early) == 20 - RATES["chat.postMessage"].burst - 2
    waits = sorted(advice(each).after or 0 for each in early)
    assert all(later - sooner >= 0.9 for sooner, later in itertools.pairwise(waits))
    assert all(status == 200 for status, _ in calls(world.place, "chat.postMessage"))


async def test_edits_of_a_message_are_merged_and_all_get_the_answer(world: World, quicker: AsyncWebClient) -> None:
    posted = await quicker.chat_postMessage(channel="#exchange", text="0")
    channel, ts = posted["channel"], posted["ts"]
    other = await quicker.chat_postMessage(channel="#exchange", text="other")
    for _ in range(2):  # the burst
        await quicker.chat_update(channel=channel, ts=other["ts"], text="other")
    edits = [asyncio.create_task(quicker.chat_update(channel=channel, ts=ts, text=str(n))) for n in range(5)]
    await asyncio.sleep(0)
    edits[4].cancel()  # what nobody wants any more isn't shown
    answers = await asyncio.gather(*edits, return_exceptions=True)
    assert isinstance(answers[4], asyncio.CancelledError)
    assert [answer["text"] for answer in answers[:4]] == ["3"] * 4
    assert calls(world.place, "chat.update")[2:] == [(200, "3")]


async def test_an_edit_that_nobody_waits_for_any_more_is_not_sent(world: World, quicker: AsyncWebClient) -> None:
    posted = await quicker.chat_postMessage(channel="#exchange", text="0")
    change = {"channel": posted["channel"], "ts": posted["ts"]}
    for _ in range(2):
        await quicker.chat_update(**change, text="burst")
    given_up = asyncio.create_task(quicker.chat_update(**change, text="given up"))
    await asyncio.sleep(0)
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    await quicker.chat_update(**change, text="last")
    assert [text for _, text in calls(world.place, "chat.update")] == ["burst", "burst", "last"]


async def test_an_edit_that_slack_refuses_is_refused_to_all(world: World, quicker: AsyncWebClient) -> None:
    posted = await quicker.chat_postMessage(channel="#exchange", text="0")
    change = {"channel": posted["channel"], "ts": posted["ts"]}
    world.place.fail_next("chat.update", error="invalid_blocks")
    said = await asyncio.gather(
        *(quicker.chat_update(**change, text=text) for text in ("1", "2")), return_exceptions=True
    )
    assert all(isinstance(each, SlackApiError) for each in said)
    assert (await quicker.chat_update(**change, text="3"))["ok"]
