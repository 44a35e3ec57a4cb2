"""The Home tab shows what whoever opens it may see, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.app import Bot
from bot.playground.block_kit import check_view
from handlers.blocks.check_form import TARGET
from handlers.blocks.home import CHECK_A_HOST, DAYS, NEW_DIAGNOSIS, STOP_WATCH, Seen, home
from handlers.ports.history import Figures, Incident
from handlers.ports.people import Choices
from handlers.ports.roster import Duty
from handlers.ports.thread import Thread
from handlers.ports.watches import Watch
from tests.bot.conftest import World, everything
from tests.bot.pastes import FAILING

NOW = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)


def incident(number: int, at: datetime = NOW, cause: str = "x" * 300) -> Incident:
    thread = Thread("T", "C0EXCHANGE", f"{number}.000000")
    return Incident(thread, "open", cause, "likely", "@U0SAM", at, None, 3, 2)


def seen(**more: Any) -> Seen:
    usual = Seen(NOW, (), (), names={}, links={}, figures=Figures(), duties=(), watches=(), choices=Choices())
    return replace(usual, **more)


def shown(view: dict[str, Any]) -> str:
    assert check_view(view) == []
    assert len(view["blocks"]) <= 100
    return str(view["blocks"])


async def opened(world: World, who: str) -> str:
    await world.place.open_home(who)
    view = await world.place.wait_for(lambda: world.place.home(who))
    return shown(view)


async def press(world: World, who: str, action: str, chosen: Any = None) -> str:
    """Uses something on somebody's tab; the digest of the tab as it was."""
    view = world.place.home(who)
    assert view
    await world.place.click_view(who, view["id"], action, chosen)
    return str(view["hash"])


async def pressed(world: World, who: str, action: str, chosen: Any = None) -> str:
    """The same; what the tab shows once it is redrawn for that."""
    before = await press(world, who, action, chosen)
    return shown(await world.place.wait_for(lambda: (now := world.place.home(who)) and now["hash"] != before and now))


async def test_it_shows_public_incidents_and_not_those_of_direct_messages(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        secret = await world.place.post("sam", "sam", "550 5.7.64 TenantAttribution; Relay Access Denied")
        await world.answer("sam", secret)
        await world.drawn()
        tab = await opened(world, "alex")
    assert "Open incidents" in tab
    assert f"p{ts.replace('.', '')}" in tab
    assert secret.replace(".", "") not in tab
    assert "'Until an answer: '" in tab
    assert "█ 1" in tab
    assert "relay" not in tab.lower()


async def test_without_the_scope_for_people_it_shows_no_incident(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        world.place.fail_next("users.info", count=9, error="missing_scope")
        tab = await opened(world, "alex")
    assert ts.replace(".", "") not in tab
    assert "Causes, last 30 days" not in tab
    assert "ask inside one: /mailflow incidents" in tab


async def test_its_button_opens_the_form(world: World) -> None:
    async with world.bot():
        await opened(world, "alex")
        await press(world, "alex", NEW_DIAGNOSIS)
        [form] = await world.place.wait_for(lambda: world.place.modals("alex"))
    assert form["title"]["text"] == "Diagnose mail flow"


def test_nothing_on_record_is_said_in_words() -> None:
    tab = shown(home(seen()))
    for words in (
        "Nothing is open",
        "Nobody is on call",
        "watch mail.contoso.com",
        "No incident in the public channels",
    ):
        assert words in tab


def test_as_much_as_there_may_be_fits() -> None:
    days = [NOW - timedelta(days=number % DAYS) for number in range(900)]
    rows = tuple(incident(number, at) for number, at in enumerate(days))
    links = {each.thread: "https://contoso.slack.com/archives/C0EXCHANGE/" + "p1" * 40 for each in rows}
    figures = Figures(timedelta(seconds=3), timedelta(minutes=4), timedelta(days=9), (("y" * 900, 3),) * 40)
    watch = Watch("m" * 253, timedelta(hours=6), "U0SAM", "failing", 9, NOW, NOW, "p" * 900)
    duty = Duty("t" * 60, ("n" * 80,) * 9, until=NOW, problem="p" * 900)
    tab = shown(
        home(seen(open=rows[:9], recent=rows, links=links, figures=figures, duties=(duty,) * 9, watches=(watch,) * 40))
    )
    assert "did not fit" not in tab
    assert "There are more" in tab


def published(world: World) -> int:
    return sum(call.method == "views.publish" for call in world.place.calls)


async def test_whoever_wants_answers_in_short_gets_short_ones(world: World) -> None:
    async with world.bot():
        await opened(world, "alex")
        tab = await pressed(world, "alex", "answers_in_short", "on")
        assert "'initial_option': {'text': {'type': 'plain_text', 'text': 'Short'" in tab
        short, full = [await world.place.post(who, "#exchange", FAILING) for who in ("alex", "priya")]
        cards = [await world.answer("#exchange", ts) for ts in (short, full)]
        await world.place.command("alex", "#exchange", "/mailflow", f"diagnose {FAILING}")
        told = await world.place.wait_for(lambda: world.place.ephemerals("alex"))
    assert "Do this, in this order" in cards[1]
    assert "Do this, in this order" not in cards[0]
    assert "The lines that p" in cards[0]
    assert "Show all steps" in cards[0]
    assert "Do this, in this order" not in everything(told[0])
    assert "on my Home tab" in everything(told[0])


async def test_whoever_wants_it_hears_what_others_do_about_what_they_reported(world: World) -> None:
    async with world.bot():
        for who in ("alex", "priya"):
            await opened(world, who)
        await pressed(world, "alex", "told_of_mine", "on")
        mine, other = [await world.place.post(who, "#exchange", FAILING) for who in ("alex", "priya")]
        for ts in (mine, other):
            await world.answer("#exchange", ts)
            await world.place.post("sam", "#exchange", "@Mailflow ack", thread_ts=ts)
        await world.settled(4)
        await world.place.post("alex", "#exchange", "@Mailflow resolve", thread_ts=mine)
        await world.settled(5)
        await world.drawn()
        [said] = await world.place.wait_for(lambda: world.place.messages("alex"))
    assert "sam has the incident that you reported." in everything(said)
    assert f"p{mine.replace('.', '')}" in everything(said)
    assert world.place.messages("priya") == []


async def test_a_check_is_asked_for_in_a_form_and_answered_to_that_person(world: World) -> None:
    async with world.bot():
        await opened(world, "alex")
        await press(world, "alex", CHECK_A_HOST)
        await world.place.wait_for(lambda: world.place.modals("alex"))
        await world.place.submit_view("alex", {TARGET: "not a host"})
        [form] = await world.place.wait_for(lambda: [each for each in world.place.modals("alex") if each.get("errors")])
        assert "host" in form["errors"][TARGET]
        await world.place.submit_view("alex", {TARGET: "127.0.0.1"})
        await world.place.wait_for(lambda: world.place.messages("alex"))
        await world.settled()
        assert "127.0.0.1" in everything(world.place.messages("alex")[0])


async def test_a_form_of_who_may_not_check_is_answered_with_who_may(world: World) -> None:
    async with world.bot(MAILFLOW_MAY_CHECK="U0SAMOKAFO"):
        await opened(world, "alex")
        await press(world, "alex", CHECK_A_HOST)
        await world.place.wait_for(lambda: world.place.modals("alex"))
        await world.place.submit_view("alex", {TARGET: "mail.contoso.com"})
        [said] = await world.place.wait_for(lambda: world.place.messages("alex"))
    assert "Only sam may" in everything(said)


async def test_a_watch_ends_by_its_button_and_its_channel_is_told(world: World) -> None:
    async with world.bot():
        await world.place.command("alex", "#exchange", "/mailflow", "watch mail.contoso.com")
        await world.place.wait_for(lambda: world.place.ephemerals("alex"))
        assert "<#C0EXCHANGE>" in await opened(world, "alex")
        tab = await pressed(world, "alex", STOP_WATCH)
        assert "mail.contoso.com* in" not in tab
        assert "alex ended it" in str(world.place.messages("#exchange"))
    assert await world.rows("select 1 from watch") == []


async def test_who_may_not_end_a_watch_is_told_who_may(world: World) -> None:
    async with world.bot():
        await world.place.command("alex", "#exchange", "/mailflow", "watch mail.contoso.com")
        await world.place.wait_for(lambda: world.place.ephemerals("alex"))
    async with world.bot(MAILFLOW_MAY_WATCH="U0SAMOKAFO"):
        await opened(world, "alex")
        await press(world, "alex", STOP_WATCH)
        [said] = await world.place.wait_for(lambda: world.place.messages("alex"))
    assert "Only sam may" in everything(said)
    assert await world.rows("select 1 from watch") != []


async def test_it_is_drawn_anew_for_who_opened_it_lately_and_once_where_it_is_opened_twice(world: World) -> None:
    async with world.bot() as bot:
        for who in ("alex", "alex", "priya"):
            await opened(world, who)
        await world.place.wait_for(lambda: published(world) == 2)
        await a_minute_later(bot, world)
        assert published(world) == 2  # nothing has happened
        ts = await world.place.post("sam", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        await world.drawn()
        await world.rows("update home_tab set opened_at = now() - interval '61 minutes' where member = 'U0PRIYANAI'")
        await a_minute_later(bot, world)
        assert published(world) == 3
        assert ts.replace(".", "") in shown(world.place.home("alex") or {})
        await world.rows("update page set sending_at = sending_at - interval '5 minutes'")
        await a_minute_later(bot, world)
        assert published(world) == 3


async def a_minute_later(bot: Bot, world: World) -> None:
    await world.rows("update home_tab set drawn_at = drawn_at - interval '1 minute'")
    await bot.worker.sweep()
