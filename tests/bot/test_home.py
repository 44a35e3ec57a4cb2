"""The Home tab shows what whoever opens it may see, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.playground.block_kit import check_view
from handlers.blocks.home import DAYS, NEW_DIAGNOSIS, Seen, home
from handlers.incident_ports import Duty
from handlers.past import Figures, Incident
from handlers.ports import Thread, Watch
from tests.bot.conftest import World
from tests.bot.pastes import FAILING

NOW = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)


def incident(number: int, at: datetime = NOW, cause: str = "x" * 300) -> Incident:
    thread = Thread("T", "C0EXCHANGE", f"{number}.000000")
    return Incident(thread, "open", cause, "likely", "@U0SAM", at, None, 3, 2)


def seen(**more: Any) -> Seen:
    usual = Seen(NOW, (), (), names={}, links={}, figures=Figures(), duties=(), watches=())
    return replace(usual, **more)


def shown(view: dict[str, Any]) -> str:
    assert check_view(view) == []
    assert len(view["blocks"]) <= 100
    return str(view["blocks"])


async def opened(world: World, who: str) -> str:
    await world.place.open_home(who)
    view = await world.place.wait_for(lambda: world.place.home(who))
    return shown(view)


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
        view = world.place.home("alex")
        assert view
        await world.place.click_view("alex", view["id"], NEW_DIAGNOSIS)
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
