"""Edited and deleted messages, and the button under an answer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bot.conftest import World, everything
from tests.bot.pastes import CURED, FAILING, failing


async def stored(world: World) -> list[dict[str, Any]]:
    return await world.rows("select message_ts, text, withdrawn_at from evidence order by message_ts")


async def test_an_edit_changes_the_answer_in_place(world: World, mode: dict[str, str]) -> None:
    async with world.bot(mode):
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        await world.place.edit("alex", "#exchange", ts, failing(connector="To the partner"))
        await world.place.wait_for(lambda: "To the partner" in everything(world.answers("#exchange", ts)[0]))
        await world.settled()
        assert len(world.answers("#exchange", ts)) == 1


async def test_a_message_edited_into_a_failure_gets_its_first_answer(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", "is mail down?")
        await world.place.edit("alex", "#exchange", ts, FAILING)
        assert "UnknownCredentials" in await world.answer("#exchange", ts)


async def test_a_message_edited_into_chatter_loses_its_answer_and_its_record(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        await world.place.edit("alex", "#exchange", ts, "never mind")
        await world.place.wait_for(lambda: "took the answer back" in everything(world.answers("#exchange", ts)[0]))
        await world.settled()
        assert "UnknownCredentials" not in everything(world.answers("#exchange", ts)[0])
        assert [row["text"] for row in await stored(world)] == [None]

        await world.place.edit("alex", "#exchange", ts, FAILING)
        await world.place.wait_for(lambda: "UnknownCredentials" in everything(world.answers("#exchange", ts)[0]))
        await world.settled()
        assert len(world.answers("#exchange", ts)) == 1


async def test_a_preview_of_a_link_is_no_edit(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        message = world.place.thread("#exchange", ts)[0]
        sent = len(world.place.deliveries)
        world.place.send_event(
            {
                "type": "message",
                "subtype": "message_changed",
                "channel": "C0EXCHANGE",
                "channel_type": "channel",
                "ts": "1900000000.000100",
                "message": {**message, "attachments": [{"from_url": "https://contoso.com"}]},
                "previous_message": message,
            }
        )
        await world.place.wait_for(lambda: len(world.place.deliveries) > sent)
        assert [row["subject"].split()[0] for row in await world.rows("select subject from delivery")] == ["message"]


@pytest.mark.parametrize("change", ["edit", "delete"])
async def test_a_message_that_arrives_after_its_change_brings_nothing_back(
    world: World, mode: dict[str, str], change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack delivers again what a bot that was being restarted did not acknowledge, in any order."""
    async with world.bot(mode):
        with monkeypatch.context() as lost:
            lost.setattr(world.place._courier, "event", lambda event: "")
            ts = await world.place.post("alex", "#exchange", FAILING)
        message = {**world.place.thread("#exchange", ts)[0], "channel": "C0EXCHANGE", "channel_type": "channel"}
        if change == "edit":
            await world.place.edit("alex", "#exchange", ts, failing("To the partner"))
            assert "To the partner" in await world.answer("#exchange", ts)
        else:
            await world.place.delete("alex", "#exchange", ts)
        await world.settled(2)
        late = world.place.send_event(message)
        await world.place.wait_for(
            lambda: any(each.id == late and each.acknowledged for each in world.place.deliveries)
        )
        assert len(await world.rows("select 1 from delivery")) == 2
        assert len([row for row in await stored(world) if row["text"]]) == (change == "edit")
        assert all("To the partner" in everything(each) for each in world.answers("#exchange", ts))


async def test_a_deleted_message_is_purged_and_its_answer_taken_back(world: World, mode: dict[str, str]) -> None:
    async with world.bot(mode):
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        await world.place.delete("alex", "#exchange", ts)
        await world.place.wait_for(
            lambda: any("was deleted" in everything(said) for said in world.answers("#exchange", ts))
        )
        await world.settled()
        assert [row["text"] for row in await stored(world)] == [None]
        assert await world.rows("select 1 from delivery where payload is not null") == []


async def test_a_deleted_paste_goes_from_the_card_and_from_later_answers(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", failing(connector="First"))
        await world.answer("#exchange", ts)
        later = await world.place.post("sam", "#exchange", failing(connector="Second"), thread_ts=ts)
        await world.answer("#exchange", ts, count=2)
        await world.place.delete("sam", "#exchange", later)
        await world.place.wait_for(lambda: "was deleted" in everything(world.answers("#exchange", ts)[1]))
        await world.place.wait_for(lambda: "Second" not in everything(world.answers("#exchange", ts)[0]))
        assert "First" in everything(world.answers("#exchange", ts)[0])

        await world.place.post("sam", "#exchange", failing(connector="Third"), thread_ts=ts)
        await world.answer("#exchange", ts, count=3)
        await world.place.delete("alex", "#exchange", ts)
        await world.place.wait_for(lambda: "First" not in everything(world.answers("#exchange", ts)[0]))
        assert "Third" in everything(world.answers("#exchange", ts)[0])  # the card stands for what is left
        third = everything(world.answers("#exchange", ts)[2])
        assert "Third" in third
        assert "First" not in third


async def test_a_cure_is_told_in_the_thread_and_a_healthy_log_elsewhere_is_not(world: World) -> None:
    async with world.bot():
        healthy = await world.place.post("sam", "#exchange", CURED)
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        await world.place.post("alex", "#exchange", CURED, thread_ts=ts)
        assert "succeeded" in await world.answer("#exchange", ts, count=2)
        await world.settled()
        assert world.answers("#exchange", healthy) == []

        await world.place.post("sam", "#exchange", "@Mailflow is this fine?", thread_ts=healthy)
        assert await world.answer("#exchange", healthy)


async def test_the_button_shows_every_step_once_even_after_a_restart(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", FAILING.replace("UnknownCredentials", "NoCredentials"))
        await world.answer("#exchange", ts)
        await world.settled()
    async with world.bot():
        ours = world.answers("#exchange", ts)[0]["ts"]
        await world.place.click("sam", ours, "show_steps")
        steps = await world.answer("#exchange", ts, count=2)
        assert "All steps" in steps
        await world.place.click("priya", ours, "show_steps")
        told = await world.place.wait_for(lambda: world.place.ephemerals("priya"))
        assert "already" in everything(told[0])
        await world.settled()
        assert len(world.answers("#exchange", ts)) == 2
