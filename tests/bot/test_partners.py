"""Somebody of another organisation in a channel that Slack Connect shares: pastes are answered, and nothing else is theirs."""

from __future__ import annotations

import pytest

from handlers.blocks import POST_MORTEM, RESOLVE_CASE, RIGHT, SHOW_STEPS, WRONG
from handlers.blocks.page import ACKNOWLEDGE, ESCALATE, RESOLVE
from handlers.commands import WORDS
from handlers.ports.inbox import Delivery
from handlers.ports.thread import Thread
from tests.bot.conftest import everything
from tests.bot.oncall.conftest import OnCallWorld, oncall  # noqa: F401 - a fixture
from tests.bot.pastes import FAILING

PARTNERS, LENA = "#partners", "U0LENAHART"
REFUSED = "for people of the organisation that runs me"


async def case(oncall: OnCallWorld, who: str) -> str:  # noqa: F811 - the fixture
    ts = await oncall.world.place.post(who, PARTNERS, FAILING)
    await oncall.world.answer(PARTNERS, ts)
    await oncall.world.settled()
    return ts


async def say(oncall: OnCallWorld, ts: str, text: str, who: str = "lena") -> str:  # noqa: F811 - the fixture
    """What the bot says to it in the thread."""
    before = len(oncall.world.answers(PARTNERS, ts))
    await oncall.world.place.post(who, PARTNERS, f"@Mailflow {text}", thread_ts=ts)
    return await oncall.world.answer(PARTNERS, ts, before + 1)


async def test_partners_get_answers_and_decide_nothing(oncall: OnCallWorld) -> None:  # noqa: F811 - the fixture
    world = oncall.world
    async with oncall.bot(MAILFLOW_CHECK_DENY="0.0.0.0/0,::/0"):
        ts = await case(oncall, "lena")
        assert "certificate" in world.card(PARTNERS, ts)
        paged = oncall.pages()
        for words in (
            "ack",
            "resolve",
            "escalate",
            "check 203.0.113.9",
            "watch mx.contoso.com",
            "incidents",
            "oncall",
            "postmortem",
        ):
            assert REFUSED in await say(oncall, ts, words), words
        for words, said in (("explain 5.7.64", "5.7.64"), ("help", "diagnose"), ("status", "certificate")):
            assert said in await say(oncall, ts, words), words
        for table in ("check_run", "watch"):
            assert await world.rows(f"select 1 from {table}") == []
        assert await world.rows("select 1 from escalation where phase in ('acknowledged', 'resolved')") == []
        assert oncall.pages() == paged
        [wanted] = await world.rows("select count(*) as n from audit where kind = 'refused'")
        assert wanted["n"] == 8
        assert "alex has it" in await say(oncall, ts, "ack", "alex")


async def test_buttons_are_no_way_around(oncall: OnCallWorld) -> None:  # noqa: F811 - the fixture
    world = oncall.world
    async with oncall.bot():
        ts = await case(oncall, "alex")
        card = world.answers(PARTNERS, ts)[0]["ts"]
        for count, action in enumerate((ACKNOWLEDGE, RIGHT, WRONG, RESOLVE_CASE), start=1):
            await world.place.click("lena", card, action)
            told = await world.place.wait_for(lambda n=count: world.place.ephemerals("lena")[n - 1 :])
            assert REFUSED in everything(told[-1]), action
        assert world.place.modals("lena") == []
        await world.place.click("lena", card, SHOW_STEPS)
        await world.answer(PARTNERS, ts, 2)
        await world.settled()
        assert await world.rows("select 1 from feedback") == []
        assert await world.rows("select 1 from escalation where phase in ('acknowledged', 'resolved')") == []


async def test_who_is_named_is_as_one_of_ours(oncall: OnCallWorld) -> None:  # noqa: F811 - the fixture
    async with oncall.bot(MAILFLOW_PARTNERS=LENA, MAILFLOW_MAY_ESCALATE="U0SAMOKAFO"):
        ts = await case(oncall, "lena")
        assert "Only sam may page" in await say(oncall, ts, "escalate")
        assert "has it" in await say(oncall, ts, "ack")


async def test_who_is_named_hears_of_the_shared_channel_only(oncall: OnCallWorld) -> None:  # noqa: F811 - the fixture
    world = oncall.world
    async with oncall.bot(MAILFLOW_PARTNERS=LENA):
        await oncall.case()
        ts = await case(oncall, "lena")
        for who in ("lena", "alex"):
            await world.place.post(who, PARTNERS, "@Mailflow incidents", thread_ts=ts)
            told = await world.place.wait_for(lambda name=who: world.place.ephemerals(name))
            assert ("C0EXCHANGE" in str(told)) == (who == "alex")
            assert "C0PARTNERS" in str(told)


async def test_a_message_that_becomes_a_request_is_none_either(oncall: OnCallWorld) -> None:  # noqa: F811 - the fixture
    world = oncall.world
    async with oncall.bot(MAILFLOW_CHECK_DENY="0.0.0.0/0,::/0"):
        ts = await world.place.post("lena", PARTNERS, "@Mailflow help")
        await world.answer(PARTNERS, ts)
        await world.place.edit("lena", PARTNERS, ts, "@Mailflow check 203.0.113.9")
        await world.place.wait_for(lambda: REFUSED in everything(world.answers(PARTNERS, ts)[0]))
        await world.settled(2)
        assert await world.rows("select 1 from check_run") == []


def test_what_anybody_may_ask_tells_of_nothing_beyond_the_thread() -> None:
    """A word that is added is for people of ours until somebody decides otherwise."""
    assert {word.names[0] for word in WORDS if word.anybody} == {"diagnose", "explain", "status", "help"}


@pytest.mark.parametrize("action", [ACKNOWLEDGE, ESCALATE, RESOLVE, POST_MORTEM, RIGHT, "a_button_of_tomorrow"])
def test_a_button_is_for_people_of_ours_until_it_says_otherwise(action: str) -> None:
    from handlers.partners import _wants_more

    def pressed(name: str) -> Delivery:
        return Delivery("action", "E1", "S1", Thread("T1", "C1", "5.0"), action=name, outside=True)

    assert _wants_more(pressed(action))
    assert not _wants_more(pressed(SHOW_STEPS))
