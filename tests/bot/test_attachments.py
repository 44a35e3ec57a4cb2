"""An answer that is longer than a message: its rest is a file in the same thread. A card takes no file along; its steps do."""

from __future__ import annotations

import re

import pytest

from handlers.blocks import SHOW_STEPS, Message
from tests.bot.conftest import World, everything
from tests.bot.pastes import FAILING

LONG = Message("short", ({"type": "section", "text": {"type": "mrkdwn", "text": "short"}},), ("all.txt", "the rest"))


@pytest.fixture(autouse=True)
def long_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """All steps are more than fit: which ones do not is for the blocks to say, and not at stake here."""

    def details(_report: object) -> Message:
        return LONG

    monkeypatch.setattr("handlers.actions.details", details)
    monkeypatch.setattr("handlers.cards.details", details)  # a card that is drawn again draws its steps again


async def asked(world: World) -> str:
    """A case whose steps somebody asked for."""
    ts = await world.place.post("alex", "#exchange", FAILING)
    await world.answer("#exchange", ts)
    await world.settled()
    await world.place.click("alex", world.answers("#exchange", ts)[0]["ts"], SHOW_STEPS)
    await world.settled(2)
    return ts


async def test_the_file_follows_the_answer_into_its_thread(world: World) -> None:
    async with world.bot():
        ts = await asked(world)
        assert "short" in everything(world.answers("#exchange", ts)[1])
        [file] = world.attached("#exchange", ts)
        assert file["title"] == "all.txt"
        assert re.fullmatch(r"all-[0-9a-f]{8}\.txt", file["name"])
        assert world.place.files[file["id"]].content == b"the rest"


async def test_an_upload_whose_answer_was_lost_is_not_repeated(world: World) -> None:
    async with world.bot():
        world.place.fail_next("files.completeUploadExternal", lost_answer=True)
        ts = await asked(world)
        assert len(world.attached("#exchange", ts)) == 1
        assert len(world.answers("#exchange", ts)) == 2


async def test_withdrawn_steps_take_their_file_along(world: World) -> None:
    async with world.bot():
        ts = await asked(world)
        [file] = world.attached("#exchange", ts)
        await world.place.delete("alex", "#exchange", ts)
        await world.settled(3)
        await world.drawn()
        deletions = [call.args["file"] for call in world.place.calls if call.method == "files.delete"]
        assert deletions == [file["id"]]
        assert {row["state"] for row in await world.rows("select state from answer")} == {"withdrawn"}
