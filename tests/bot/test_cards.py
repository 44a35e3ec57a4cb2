"""The card of an incident through its life: who has it, what it was, what people say of it; and never twice, never stale."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from bot.database.cases import Cases
from bot.database.feedback import Feedback
from handlers import cards
from handlers.blocks import POST_MORTEM, RESOLVE_CASE, RIGHT, SHOW_STEPS, WRONG
from handlers.blocks.page import ACKNOWLEDGE, ESCALATE
from handlers.ports.feedback import Vote
from handlers.ports.oncall import Wish
from handlers.ports.thread import Thread
from tests.bot.conftest import World, everything
from tests.bot.oncall.conftest import MINUTES, OnCallWorld, WatchedClock
from tests.bot.pastes import CURED, FAILING, failing
from tests.oncall.policies import TEXT


@pytest.fixture
def oncall(world: World, tmp_path: Path) -> OnCallWorld:
    return OnCallWorld(world, tmp_path / "oncall.toml")


CAUSE = "tls.certificate.private-key-permission"
THREAD = ("T0CONTOSO1", "C0EXCHANGE")


async def case(world: World, text: str = FAILING) -> str:
    ts = await world.place.post("alex", "#exchange", text)
    await world.answer("#exchange", ts)
    await world.settled()
    await world.drawn()
    return ts


async def done(world: World, deliveries: int) -> None:
    await world.settled(deliveries)
    await world.drawn()


def buttons(world: World, ts: str) -> list[str]:
    blocks = world.answers("#exchange", ts)[0]["blocks"]
    return [each["action_id"] for block in blocks if block["type"] == "actions" for each in block["elements"]]


async def press(world: World, who: str, ts: str, action: str) -> None:
    await world.place.click(who, world.answers("#exchange", ts)[0]["ts"], action)


async def fill_in(world: World, who: str, ts: str, action: str, values: dict[str, Any]) -> None:
    """Presses a button that opens the form, and submits that."""
    await press(world, who, ts, action)
    await world.place.wait_for(lambda: world.place.modals(who))
    await world.place.submit_view(who, values)


def told(world: World, who: str) -> str:
    return everything(world.place.ephemerals(who)[-1])


async def test_what_a_card_offers_fits_how_things_stand(world: World, mode: dict[str, str]) -> None:
    async with world.bot(mode):
        ts = await case(world)
        assert "Nobody has it yet" in world.card("#exchange", ts)
        assert buttons(world, ts)[:2] == [ACKNOWLEDGE, RESOLVE_CASE]
        assert ESCALATE not in buttons(world, ts)  # nobody is on call here
        assert buttons(world, ts)[-2:] == [RIGHT, WRONG]
        await press(world, "sam", ts, ACKNOWLEDGE)
        await done(world, 2)
        assert "sam has it since" in world.card("#exchange", ts)
        assert "You have it" in told(world, "sam")
        await press(world, "priya", ts, ACKNOWLEDGE)
        await done(world, 3)
        assert "priya has it since" in world.card("#exchange", ts)
        await fill_in(world, "priya", ts, RESOLVE_CASE, {"cause": CAUSE})
        await done(world, 4)
        card = world.card("#exchange", ts)
        assert "Resolved: Exchange may not read the private key" in card
        assert "Resolved by priya" in card
        assert "less than a minute after the first report" in card
        assert "UnknownCredentials" not in card  # it is folded
        assert buttons(world, ts) == [POST_MORTEM, SHOW_STEPS]
        count = len(world.answers("#exchange", ts))
        await press(world, "sam", ts, SHOW_STEPS)
        assert "All steps" in await world.answer("#exchange", ts, count + 1)


async def test_the_card_follows_whoever_is_paged_and_has_it(world: World, oncall: OnCallWorld) -> None:
    oncall.policy(TEXT)
    async with oncall.bot():
        ts = await oncall.case()
        assert ESCALATE in buttons(world, ts)
        await press(world, "alex", ts, ESCALATE)
        await oncall.until(lambda: "Paged: jonas" in world.card("#exchange", ts))
        await oncall.wait(10 * MINUTES)
        assert "Paged: priya and jonas" in world.card("#exchange", ts)
        page = world.place.messages("jonas")[-1]
        await world.place.click("jonas", page["ts"], ACKNOWLEDGE)
        await oncall.until(lambda: "jonas has it since Tue 13:10 (Europe/Berlin)" in world.card("#exchange", ts))
        await oncall.wait(31 * MINUTES)  # nothing has moved, so it is paged for again
        assert "Paged: jonas" in world.card("#exchange", ts)
        await oncall.say(ts, "resolve", who="jonas")
        assert "Resolved by jonas at Tue 13:41 (Europe/Berlin), 41 min after the first report" in world.card(
            "#exchange", ts
        )
        assert len([said for said in world.answers("#exchange", ts) if "I have it" in everything(said)]) == 0


async def test_new_evidence_of_a_failure_opens_a_resolved_case_again(world: World) -> None:
    async with world.bot():
        ts = await case(world)
        await world.place.post("sam", "#exchange", "@Mailflow resolve", thread_ts=ts)
        await done(world, 2)
        await world.place.post("alex", "#exchange", CURED, thread_ts=ts)
        await done(world, 3)
        assert "Resolved by sam" in world.card("#exchange", ts)  # that it works is no reason
        await world.place.post("priya", "#exchange", failing(minute=55), thread_ts=ts)
        await done(world, 4)
        assert "priya has brought it back" in world.card("#exchange", ts)
        assert ACKNOWLEDGE in buttons(world, ts)


async def test_resolving_says_what_it_was_in_words_too(world: World) -> None:
    async with world.bot():
        ts = await case(world)
        await fill_in(world, "sam", ts, RESOLVE_CASE, {"words": "a <!channel> *switch* in rack 4", "note": "label it"})
        await done(world, 2)
        assert "a <!channel> *switch* in rack 4" in world.card("#exchange", ts)
        assert "<!channel>" not in world.answers("#exchange", ts)[0]["text"]
        assert "label it" not in str(world.answers("#exchange", ts))
        assert "It is resolved" in told(world, "sam")
        assert world.place.ephemerals("alex") == []


async def test_everybody_has_one_vote_that_nobody_else_sees(world: World) -> None:
    async with world.bot() as bot:
        ts = await case(world)
        before = world.answers("#exchange", ts)
        await press(world, "sam", ts, RIGHT)
        await press(world, "sam", ts, RIGHT)
        await fill_in(world, "priya", ts, WRONG, {"cause": "network.connection.refused", "note": "telnet hung"})
        await done(world, 4)
        assert "Thank you" in told(world, "sam")
        assert "Thank you" in told(world, "priya")
        await fill_in(world, "sam", ts, WRONG, {})
        await done(world, 5)
        assert world.answers("#exchange", ts) == before
        assert world.place.ephemerals("alex") == []
        given = await Feedback(bot.worker._database).given(Thread(*THREAD, ts))
        assert given == (
            Vote(
                "U0PRIYANAI",
                right=False,
                shown=CAUSE,
                cause="network.connection.refused",
                note="telnet hung",
            ),
            Vote("U0SAMOKAFO", right=False, shown=CAUSE),
        )


async def test_a_form_is_dealt_with_once_however_often_it_arrives(world: World) -> None:
    async with world.bot():
        ts = await case(world)
        await press(world, "sam", ts, RESOLVE_CASE)
        view = (await world.place.wait_for(lambda: world.place.modals("sam")))[-1]
        await asyncio.gather(*(world.place.submit_view("sam", {"cause": CAUSE}, view["id"]) for _ in range(3)))
        await done(world, 2)
        assert len(await world.rows("select 1 from delivery")) == 2
        assert [note["text"] for note in world.answers("#exchange", ts)[1:]] == ["Resolved by sam."]


async def test_a_form_that_slack_no_longer_lets_us_open_says_so_and_nothing_has_happened(world: World) -> None:
    async with world.bot():
        ts = await case(world)
        world.place.fail_next("views.open", error="expired_trigger_id")
        await press(world, "sam", ts, RESOLVE_CASE)
        await world.place.wait_for(lambda: world.place.ephemerals("sam"))
        assert "press the button once more" in told(world, "sam")
        assert "Nobody has it yet" in world.card("#exchange", ts)
        assert len(await world.rows("select 1 from delivery")) == 1


async def test_the_form_offers_what_is_suspected_first_and_then_everything(world: World) -> None:
    async with world.bot():
        ts = await case(world)
        await press(world, "sam", ts, RESOLVE_CASE)
        view = (await world.place.wait_for(lambda: world.place.modals("sam")))[-1]
        [menu] = [block["element"] for block in view["blocks"] if block["element"]["type"] == "static_select"]
        first, *families = menu["option_groups"]
        assert first["label"]["text"] == "Suspected here"
        assert first["options"][0]["value"] == CAUSE
        values = [option["value"] for group in menu["option_groups"] for option in group["options"]]
        assert len(values) == len(set(values)) > 200
        assert len(families) > 10
        assert json.loads(view["private_metadata"])["channel"] == "C0EXCHANGE"


async def test_the_steps_that_were_asked_for_move_with_the_card(world: World) -> None:
    async with world.bot():
        ts = await case(world, FAILING.replace("UnknownCredentials", "NoCredentials"))
        await press(world, "sam", ts, SHOW_STEPS)
        assert "has no private key" in await world.answer("#exchange", ts, 2)
        await world.place.edit("alex", "#exchange", ts, FAILING)
        await world.place.wait_for(lambda: "NETWORK SERVICE" in world.card("#exchange", ts))
        await world.place.wait_for(lambda: "has no private key" not in everything(world.answers("#exchange", ts)[1]))
        assert "NETWORK SERVICE" in everything(world.answers("#exchange", ts)[1])


async def test_in_a_direct_message_a_card_works_too(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "alex", FAILING)
        await world.answer("alex", ts)
        await done(world, 1)
        await world.place.click("alex", world.answers("alex", ts)[0]["ts"], ACKNOWLEDGE)
        await done(world, 2)
        assert "alex has it" in world.card("alex", ts)


async def test_an_unread_file_is_told_on_the_card_for_as_long_as_it_stands(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", FAILING, files=[("cat.txt", b"\x89PNG\r\n\x1a\n\x00\x00")])
        await world.answer("#exchange", ts)
        await done(world, 1)
        await press(world, "sam", ts, ACKNOWLEDGE)
        await done(world, 2)
        assert "cat.txt" in world.card("#exchange", ts)
        assert "sam has it" in world.card("#exchange", ts)


# -- never twice, never stale -------------------------------------------------------------------------


def edits(world: World, ts: str) -> list[str]:
    card = world.answers("#exchange", ts)[0]["ts"]
    return [call.args["text"] for call in world.place.calls if call.method == "chat.update" and call.args["ts"] == card]


async def test_what_changes_nothing_edits_nothing(world: World) -> None:
    async with world.bot():
        ts = await case(world)
        await world.place.post("sam", "#exchange", "thanks, looking", thread_ts=ts)
        await world.place.post("sam", "#exchange", "@Mailflow and now?", thread_ts=ts)
        await done(world, 3)
        assert edits(world, ts) == []


async def test_several_changes_at_once_are_one_edit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hold, drawn = asyncio.Event(), cards.drawn

    async def slow(*args: Any) -> Any:
        await hold.wait()
        return await drawn(*args)

    async with world.bot():
        ts = await case(world)
        monkeypatch.setattr(cards, "drawn", slow)
        for number, who in enumerate(("sam", "priya", "jonas", "alex"), 2):
            await press(world, who, ts, ACKNOWLEDGE)
            await world.settled(number)
        hold.set()
        await world.drawn()
        assert "alex has it" in world.card("#exchange", ts)
        assert len(edits(world, ts)) <= 2  # one that was on its way, and one for all the rest


async def test_a_card_that_was_posted_with_an_older_state_is_edited_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody resolves the case by a mention between the drawing of the first card and its posting."""
    drawn, ready, go = cards.drawn, asyncio.Event(), asyncio.Event()

    async def slow(*args: Any) -> Any:
        made = await drawn(*args)
        ready.set()
        await go.wait()
        return made

    async with world.bot() as bot:
        monkeypatch.setattr(cards, "drawn", slow)
        ts = await world.place.post("alex", "#exchange", FAILING)
        await ready.wait()
        monkeypatch.setattr(cards, "drawn", drawn)
        assert await bot.escalations.acknowledge(Wish(Thread(*THREAD, ts), "U0SAMOKAFO", "e1")) == "done"
        go.set()
        await done(world, 1)
        assert "sam has it" in world.card("#exchange", ts)


async def test_an_edit_that_was_planned_before_a_crash_is_made_after_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(*_: Any) -> None:
        raise asyncio.CancelledError

    clock = WatchedClock()
    async with world.bot(clock=clock):
        ts = await case(world)
        monkeypatch.setattr(cards, "refresh", dies)
        await press(world, "sam", ts, ACKNOWLEDGE)
        await world.settled(2)
        assert "Nobody has it yet" in world.card("#exchange", ts)
    monkeypatch.undo()
    async with world.bot(clock=clock):
        await world.drawn()
        assert "sam has it" in world.card("#exchange", ts)
        assert len(world.answers("#exchange", ts)) == 2  # the card, and the note that sam has it


async def test_an_edit_that_slack_puts_off_is_made_later(world: World) -> None:
    async with world.bot():
        ts = await case(world)
        world.place.fail_next("chat.update", status=429, retry_after=1)
        await press(world, "sam", ts, ACKNOWLEDGE)
        await done(world, 2)
        assert "sam has it" in world.card("#exchange", ts)


async def test_a_card_whose_answer_was_lost_is_the_only_one(world: World) -> None:
    async with world.bot():
        world.place.fail_next("chat.postMessage", lost_answer=True)
        ts = await case(world)
        await press(world, "sam", ts, ACKNOWLEDGE)
        await done(world, 2)
        assert "sam has it" in world.card("#exchange", ts)
        assert len([said for said in world.answers("#exchange", ts) if "Likely" in everything(said)]) == 1


async def test_two_messages_at_the_same_moment_have_one_card_between_them(world: World) -> None:
    """A paste and a log, which is read in a lane of its own."""
    async with world.bot() as bot:
        database, thread = bot.worker._database, Thread(*THREAD, "1790000000.000001")
        here = Cases(database)
        await here.plan(thread, thread.ts, "pause")
        found = await asyncio.gather(*(here.card(thread, f"1790000000.00000{n}") for n in range(1, 9)))
        assert len({own.id for own in found if own}) == 1


async def test_old_cases_get_a_card_with_their_next_paste(world: World) -> None:
    async with world.bot():
        ts = await case(world)
        await world.rows("update answer set part = 'answer' returning 1")
        await world.place.post("sam", "#exchange", failing(minute=30), thread_ts=ts)
        await done(world, 2)
        assert "I have it" in everything(world.answers("#exchange", ts)[1])
