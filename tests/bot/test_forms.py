"""The form: opened anywhere, checked when it is submitted, and answered once, where its sender wants it."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from bot.database import open_database
from bot.database.history import History
from bot.database.purging import forget
from handlers.blocks.form import FORM
from handlers.ports.thread import Thread
from tests.bot.conftest import World, everything
from tests.bot.pastes import FAILING
from tests.bot.stored import dump

HERE: dict[str, Any] = {"paste": FAILING, "where": "here", "channel": "C0EXCHANGE"}


async def opened(world: World, who: str = "alex", channel: str = "#exchange") -> dict[str, Any]:
    await world.place.command(who, channel, "/mailflow", "diagnose")
    [view] = await world.place.wait_for(lambda: world.place.modals(who))
    return view


async def threads(world: World, channel: str) -> list[str]:
    """The messages of ours that open a thread and are answered in it."""
    return await world.place.wait_for(
        lambda: [
            message["ts"]
            for message in world.place.messages(channel)
            if message.get("bot_id") == "B0MAILFLOW" and message.get("reply_count")
        ],
        20,
    )


async def test_the_command_opens_it_and_the_channel_gets_a_thread(world: World, mode: dict[str, str]) -> None:
    async with world.bot(mode):
        view = await opened(world)
        assert view["blocks"][3]["element"]["initial_conversation"] == "C0EXCHANGE"
        assert world.place.ephemerals("alex") == []
        done = await world.place.submit_view("alex", {"paste": f"&lt; is typed\n{FAILING}"})
        assert done.acknowledged
        assert world.place.modals("alex") == []
        [ts] = await threads(world, "#exchange")
        assert "UnknownCredentials" in await world.answer("#exchange", ts)
        opening = everything(world.place.messages("#exchange")[0])
        assert "<@U0ALEXRIVE> asks why mail fails." in opening
        assert "> &amp;lt; is typed" in opening
        assert FAILING not in opening
        await world.settled(2)
        await world.place.post("sam", "#exchange", "@Mailflow status", thread_ts=ts)
        assert "private key" in await world.answer("#exchange", ts, 2)
        kept = await world.rows("select message_ts from evidence where text is not null")
        assert [row["message_ts"] for row in kept] == [ts]


async def test_the_shortcut_answers_its_sender_alone_and_the_thread_goes_on(world: World, mode: dict[str, str]) -> None:
    async with world.bot(mode):
        await world.place.global_shortcut("alex", FORM)
        [view] = await world.place.wait_for(lambda: world.place.modals("alex"))
        assert view["blocks"][3]["element"]["default_to_current_conversation"] is True
        await world.place.submit_view("alex", {"paste": FAILING})
        [ts] = await threads(world, "alex")
        assert "UnknownCredentials" in await world.answer("alex", ts)
        assert "You asked why mail fails." in everything(world.place.messages("alex")[0])
        assert world.place.messages("#exchange") == []
        await world.place.post("alex", "alex", "0x8009030d", thread_ts=ts)
        await world.answer("alex", ts, 2)


async def test_files_are_read_as_in_a_message(world: World) -> None:
    async with world.bot():
        await opened(world)
        files = [
            world.place.members.upload("alex", "SEND.LOG.txt.gz", gzip.compress(FAILING.encode("utf-16"))),
            world.place.members.upload("alex", "cat.png", b"\x89PNG\r\n\x1a\n"),
        ]
        await world.place.submit_view("alex", {**HERE, "paste": None, "files": [file.id for file in files]})
        [ts] = await threads(world, "#exchange")
        await world.place.wait_for(lambda: "UnknownCredentials" in everything(world.answers("#exchange", ts)[0]), 20)
        assert "With SEND.LOG.txt.gz, cat.png." in everything(world.place.messages("#exchange")[0])
        assert "cat.png is an image" in await world.answer("#exchange", ts)


@pytest.mark.parametrize(
    ("values", "field", "says"),
    [
        ({"where": "me"}, "paste", "Paste what failed"),
        ({"where": "me", "paste": " \n "}, "paste", "Paste what failed"),
        ({"where": "here", "channel": None, "paste": "x"}, "channel", "Choose the channel"),
    ],
)
async def test_what_is_missing_is_said_in_its_field(
    world: World, mode: dict[str, str], values: dict[str, Any], field: str, says: str
) -> None:
    async with world.bot(mode):
        await opened(world)
        await world.place.submit_view("alex", values)
        [view] = world.place.modals("alex")
        assert list(view["errors"]) == [field]
        assert view["errors"][field].startswith(says)
        assert [row["subject"] for row in await world.rows("select subject from delivery")] == []


async def test_in_direct_messages_the_answer_stays_there(world: World) -> None:
    async with world.bot():
        view = await opened(world, channel="alex")
        assert view["blocks"][2]["element"]["initial_option"]["value"] == "me"


async def test_a_channel_without_the_bot_sends_the_answer_to_its_sender(world: World) -> None:
    async with world.bot():
        await opened(world)
        world.place.fail_next("chat.postMessage", error="not_in_channel")
        await world.place.submit_view("alex", HERE)
        [ts] = await threads(world, "alex")
        assert "I cannot post in the channel" in everything(world.place.messages("alex")[0])
        assert "UnknownCredentials" in await world.answer("alex", ts)


@pytest.mark.parametrize("method", ["chat.postMessage", "views.open"])
async def test_what_fails_is_said(world: World, method: str) -> None:
    async with world.bot():
        if method == "views.open":
            world.place.fail_next(method, error="expired_trigger_id")
            await world.place.command("alex", "#exchange", "/mailflow", "diagnose")
            [told] = await world.place.wait_for(lambda: world.place.ephemerals("alex"))
            assert "did not open" in everything(told)
            world.place.fail_next(method, error="expired_trigger_id")
            await world.place.global_shortcut("alex", FORM)
            [said] = await world.place.wait_for(lambda: world.place.messages("alex"))
            assert "did not open" in everything(said)
        else:
            await opened(world)
            world.place.fail_next(method, error="account_inactive")
            await world.place.submit_view("alex", HERE)
            [said] = await world.place.wait_for(lambda: world.place.messages("alex"))
            assert "Sorry" in everything(said)


async def test_a_lost_answer_of_slack_opens_no_second_thread(world: World) -> None:
    async with world.bot():
        await opened(world)
        world.place.fail_next("chat.postMessage", lost_answer=True)
        await world.place.submit_view("alex", HERE)
        [ts] = await threads(world, "#exchange")
        await world.settled(2)
        assert len([one for one in world.place.messages("#exchange") if "thread_ts" not in one or one["ts"] == ts]) == 1
        assert len(world.answers("#exchange", ts)) == 1


async def test_a_submission_that_comes_twice_is_one(world: World) -> None:
    async with world.bot():
        await opened(world)
        done = await world.place.submit_view("alex", HERE)
        await world.place._courier.request(done.kind, done.payload)
        await world.settled(2)
        assert len(await threads(world, "#exchange")) == 1


async def test_deleting_the_message_that_opened_the_thread_deletes_the_paste(
    world: World, mode: dict[str, str]
) -> None:
    """Its author can't: an admin does."""
    async with world.bot(mode):
        await opened(world)
        await world.place.submit_view("alex", HERE)
        [ts] = await threads(world, "#exchange")
        await world.answer("#exchange", ts)
        await world.settled(2)
        world.place.workspace.delete("C0EXCHANGE", ts)
        await world.place.wait_for(lambda: "UnknownCredentials" not in world.card("#exchange", ts), 20)
        await world.settled(3)
        assert await world.rows("select 1 from evidence where text is not null") == []
        assert "took the answer back" in world.card("#exchange", ts)


async def test_deleting_another_message_of_ours_changes_nothing(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        await world.settled()
        world.place.workspace.delete("C0EXCHANGE", world.answers("#exchange", ts)[0]["ts"])
        await world.settled(2)
        assert len(await world.rows("select 1 from evidence where text is not null")) == 1


@pytest.mark.parametrize("paste", [FAILING, "nothing that fails, for sam.okafor@contoso.com"])
async def test_who_is_forgotten_is_no_longer_quoted(world: World, paste: str) -> None:
    async with world.bot():
        await opened(world)
        await world.place.submit_view("alex", {**HERE, "paste": paste})
        [ts] = await threads(world, "#exchange")
        await world.answer("#exchange", ts)
        await world.settled(2)
        async with open_database(world.settings()) as database:
            assert (await forget(database, "user", "U0ALEXRIVE", really=True)).removed["pastes"] == 1
            await world.place.wait_for(lambda: "erased" in everything(world.place.messages("#exchange")[0]), 20)
            await world.settled(3)
            assert "U0ALEXRIVE" not in await dump(database)

        def gone() -> bool:
            said = [everything(message) for message in world.place.thread("#exchange", ts)]
            return not any(line and line in each for each in said for line in ("U0ALEXRIVE", *paste.splitlines()))

        await world.place.wait_for(gone, 20)


async def test_openings_of_earlier_versions_are_known_by_whom_they_quote(world: World) -> None:
    async with world.bot():
        await opened(world)
        await world.place.submit_view("alex", HERE)
        [ts] = await threads(world, "#exchange")
        await world.settled(2)
    await world.rows("delete from answer where part = 'opening'")
    await world.rows("alter table answer drop column author")
    await world.rows("drop index answer_plain")
    await world.rows("delete from migration where name = '0012_forgetting.sql'")
    async with open_database(world.settings()) as database:
        found = await world.rows("select ts, author from answer where part = 'opening'")
        happened = await History(database).happened(Thread("T0CONTOSO1", "C0EXCHANGE", ts))
    assert found == [{"ts": ts, "author": "U0ALEXRIVE"}]
    assert [each.what for each in happened[:2]] == ["pasted", "answered"]
