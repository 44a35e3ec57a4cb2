"""The same failure reported again joins the first incident; another one doesn't, and nobody is led where they can't look."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.playground.samples import load_samples
from handlers.blocks import RESOLVE_CASE
from tests.bot.conftest import World, everything
from tests.bot.oncall.conftest import MINUTES, OnCallWorld
from tests.bot.pastes import CURED, FAILING, failing
from tests.oncall.policies import TEXT

EXPIRED = """Identity : EX01\\41
NextHopDomain : mail.fabrikam.com
DeliveryType : SmartHostConnectorDelivery
Status : Retry
MessageCount : 12
LastError : 454 4.7.5 Certificate validation failure, Reason:CertExpired"""


@pytest.fixture
def world(world: World) -> World:
    world.environ["MAILFLOW_STORM_MINUTES"] = "60"
    return world


@pytest.fixture
def oncall(world: World, tmp_path: Path) -> OnCallWorld:
    return OnCallWorld(world, tmp_path / "oncall.toml")


async def report(world: World, who: str, text: str = FAILING, channel: str = "#exchange") -> str:
    """Somebody pastes a failure, and is answered; its ts."""
    before = len(await world.rows("select 1 from delivery"))
    ts = await world.place.post(who, channel, text)
    await world.answer(channel, ts)
    await world.settled(before + 1)
    await world.drawn()
    return ts


async def add(world: World, who: str, ts: str, text: str, channel: str = "#exchange") -> None:
    before = len(await world.rows("select 1 from delivery"))
    await world.place.post(who, channel, text, thread_ts=ts)
    await world.settled(before + 1)
    await world.drawn()


async def take_away(world: World, who: str, ts: str, channel: str = "#exchange") -> None:
    before = len(await world.rows("select 1 from delivery"))
    await world.place.delete(who, channel, ts)
    await world.settled(before + 1)
    await world.drawn()


def led_to(world: World, ts: str, lead: str, channel: str = "#exchange") -> bool:
    """Whether the one answer in a thread leads to the card of another, and says nothing of the failure itself."""
    [only] = world.answers(channel, ts)
    card = world.answers(channel, lead)[0]
    return f"p{card['ts'].replace('.', '')}" in everything(only) and "private key" not in everything(only)


async def test_the_same_failure_reported_again_gets_a_link_and_the_card_counts(world: World) -> None:
    async with world.bot():
        first = await report(world, "alex")
        assert "Reported" not in world.card("#exchange", first)
        second = await report(world, "sam", failing(minute=20))  # another session of it
        third = await report(world, "sam")
        assert led_to(world, second, first)
        assert led_to(world, third, first)
        assert "3 times by 2 people" in world.card("#exchange", first).replace("\n", "")
        assert "Likely: Exchange may not read the private key" in world.card("#exchange", first)


@pytest.mark.parametrize(
    "other",
    [
        FAILING.replace("UnknownCredentials", "NoCredentials"),  # another cause, on the same connector
        failing(connector="To the partner"),  # the same cause, on another connector
    ],
)
async def test_another_failure_is_an_incident_of_its_own(world: World, other: str) -> None:
    async with world.bot():
        first = await report(world, "alex")
        second = await report(world, "sam", other)
        assert "I have it" in world.card("#exchange", second)
        assert "Reported" not in world.card("#exchange", first)


async def test_the_window_ends_and_may_be_closed(world: World, oncall: OnCallWorld) -> None:
    async with world.bot(clock=oncall.clock):
        first = await report(world, "alex")
        oncall.clock.now += 59 * MINUTES
        assert led_to(world, await report(world, "sam"), first)
        oncall.clock.now += 2 * MINUTES
        assert "I have it" in world.card("#exchange", await report(world, "sam"))
    async with world.bot(clock=oncall.clock, MAILFLOW_STORM_MINUTES="0"):
        assert "I have it" in world.card("#exchange", await report(world, "priya"))


async def test_what_is_resolved_takes_in_nothing(world: World) -> None:
    async with world.bot():
        first = await report(world, "alex")
        await add(world, "sam", first, "@Mailflow resolve")
        assert "Resolved by sam" in world.card("#exchange", first)
        assert "I have it" in world.card("#exchange", await report(world, "priya"))


async def test_who_cannot_see_the_first_gets_an_answer_and_counts(world: World) -> None:
    async with world.bot():
        private = await report(world, "alex", channel="alex")
        first = await report(world, "sam")
        assert "I have it" in world.card("#exchange", first)
        assert "private key" in world.card("#exchange", first)
        assert "2 times by 2 people" in world.card("alex", private).replace("\n", "")
        assert "D0ALEX" not in str(world.answers("#exchange", first))
        second = await report(world, "priya")  # is led to the one that everybody sees
        assert led_to(world, second, first)
        assert "3 times by 3 people" in world.card("alex", private).replace("\n", "")
        assert "2 times by 2 people" in world.card("#exchange", first).replace("\n", "")
        again = await report(world, "alex", channel="alex")
        assert led_to(world, again, private, "alex") or "p" + world.answers("#exchange", first)[0]["ts"].replace(
            ".", ""
        ) in world.card("alex", again)


async def test_a_deleted_report_no_longer_counts(world: World) -> None:
    async with world.bot():
        first = await report(world, "alex")
        second = await report(world, "sam")
        assert "2 times by 2 people" in world.card("#exchange", first).replace("\n", "")
        await take_away(world, "sam", second)
        assert "Reported" not in world.card("#exchange", first)
        assert "took the answer back" in everything(world.answers("#exchange", second)[0])


async def test_when_the_first_is_deleted_the_oldest_of_the_others_becomes_it(world: World) -> None:
    async with world.bot():
        first = await report(world, "alex")
        second, third = await report(world, "sam"), await report(world, "priya")
        await take_away(world, "alex", first)
        assert "private key" in world.card("#exchange", second)
        assert "2 times by 2 people" in world.card("#exchange", second).replace("\n", "")
        assert led_to(world, third, second)
        for ts in (first, second, third):
            assert len(world.answers("#exchange", ts)) == 1  # nothing was said twice


async def test_when_the_first_turns_into_something_else_the_others_are_on_their_own(world: World) -> None:
    async with world.bot():
        first, second = await report(world, "alex"), await report(world, "sam")
        await world.place.edit("alex", "#exchange", first, failing(connector="To the partner"))
        await world.settled(3)
        await world.drawn()
        assert "To the partner" in world.card("#exchange", first)
        assert "I have it" in world.card("#exchange", second)
        assert "Outbound to Office 365" in world.card("#exchange", second)


async def test_later_evidence_may_keep_a_report_where_it_is_or_make_it_an_incident(world: World) -> None:
    (_, queue), (_, log), *_ = next(each for each in load_samples() if each.id.endswith("no-credentials")).parts
    async with world.bot():
        first, second = await report(world, "alex", queue), await report(world, "sam", queue)
        assert led_to(world, second, first)
        await add(world, "sam", second, queue)
        card, below = world.answers("#exchange", second)
        assert "I have it" not in everything(card)
        lead = world.answers("#exchange", first)[0]["ts"].replace(".", "")
        assert f"p{lead}" in everything(below)
        await add(world, "sam", second, log)  # shows more than the first thread has ever shown
        card, _, below = world.answers("#exchange", second)
        assert "I have it" in everything(card)
        assert f"p{card['ts'].replace('.', '')}" in everything(below)
        assert "Reported" not in world.card("#exchange", first)


async def test_reports_of_the_symptom_join_after_the_cause_was_found(world: World) -> None:
    """Whoever sees only the symptom has the same failure as the thread that knows more by now."""
    async with world.bot():
        first = await report(world, "alex", EXPIRED)
        await add(world, "sam", first, FAILING)
        assert led_to(world, await report(world, "priya", EXPIRED), first)


async def test_what_is_said_where_a_report_was_led_away_reaches_the_incident(world: World) -> None:
    async with world.bot():
        first, second = await report(world, "alex"), await report(world, "sam")
        await add(world, "sam", second, "@Mailflow ack")
        assert "sam has it" in world.card("#exchange", first)
        assert "You have it" in everything(world.answers("#exchange", second)[-1])


async def test_a_fix_ends_it_for_new_reports_only(world: World) -> None:
    async with world.bot():
        first = await report(world, "alex")
        await add(world, "alex", first, CURED)
        assert "I have it" in world.card("#exchange", await report(world, "sam", failing(minute=50)))


async def test_two_at_the_same_moment_are_one_incident(world: World) -> None:
    async with world.bot(), world.bot():
        threads = await asyncio.gather(*(world.place.post(who, "#exchange", FAILING) for who in ("alex", "sam") * 3))
        for ts in threads:
            await world.answer("#exchange", ts)
        await world.settled(6)
        await world.drawn()
        cards = [ts for ts in threads if "I have it" in world.card("#exchange", ts)]
        assert len(cards) == 1
        assert "6 times by 2 people" in world.card("#exchange", cards[0]).replace("\n", "")
        assert all(led_to(world, ts, cards[0]) for ts in threads if ts != cards[0])


async def test_a_storm_pages_once_and_in_the_first_thread(world: World, oncall: OnCallWorld) -> None:
    oncall.policy(TEXT + '[[rules]]\nwhen = "many-reporters"\nat_least = 3\nseverity = "critical"\n')
    async with oncall.bot():
        first = await oncall.case("alex")
        for who in ("alex", "sam", "priya", "jonas"):
            ts = await oncall.case(who)
            await oncall.quiet()
            assert len(world.answers("#exchange", ts)) == 1
        assert oncall.pages() == ["U0JONASWEB"]
        assert ["Paged: jonas" in note for note in oncall.notes(first)] == [True]
        assert "Paged: jonas" in world.card("#exchange", first)
        await oncall.say(ts, "ack", who="jonas")
        await oncall.wait(timedelta(minutes=20))
        assert oncall.pages() == ["U0JONASWEB"]


async def test_nothing_of_a_paste_is_stored_with_a_signature(world: World) -> None:
    async with world.bot():
        ts = await report(world, "alex", failing(connector="Out to northwind"))
        await report(world, "sam", failing(connector="Out to northwind"))
        card = world.answers("#exchange", ts)[0]
        await world.place.click("alex", card["ts"], RESOLVE_CASE)
        await world.place.wait_for(lambda: world.place.modals("alex"))
        await world.place.submit_view("alex", {"words": "northwind forgot its key", "note": "ask northwind"})
        await world.settled(3)
        for table in ("escalation", "reporter", "page", "feedback", "answer"):
            found: list[dict[str, Any]] = await world.rows(f"select * from {table}")
            assert found
            assert "northwind" not in str(found)
