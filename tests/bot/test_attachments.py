"""An answer that is longer than a message: its rest is a file in the same thread."""

from __future__ import annotations

import pytest

from handlers.blocks import Message
from tests.bot.conftest import World, everything
from tests.bot.pastes import FAILING

LONG = Message("short", ({"type": "section", "text": {"type": "mrkdwn", "text": "short"}},), ("all.txt", "the rest"))


@pytest.fixture(autouse=True)
def long_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every judgement is one that does not fit: which ones do not is for the blocks to say, and not at stake here."""

    def answer(_report: object, **_: object) -> Message:
        return LONG

    monkeypatch.setattr("handlers.messages.answer", answer)


async def test_the_file_follows_the_answer_into_its_thread(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.settled()
        assert "short" in everything(world.answers("#exchange", ts)[0])
        [file] = world.attached("#exchange", ts)
        assert file["name"] == "all.txt"
        assert world.place.files[file["id"]].content == b"the rest"


async def test_an_upload_whose_answer_was_lost_is_not_repeated(world: World) -> None:
    async with world.bot():
        world.place.fail_next("files.completeUploadExternal", lost_answer=True)
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.settled()
        assert len(world.attached("#exchange", ts)) == 1
        assert len(world.answers("#exchange", ts)) == 1


async def test_a_withdrawn_answer_takes_its_file_along(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.settled()
        [file] = world.attached("#exchange", ts)
        await world.place.delete("alex", "#exchange", ts)
        await world.settled(2)
        deletions = [call.args["file"] for call in world.place.calls if call.method == "files.delete"]
        assert deletions == [file["id"]]
        assert {row["state"] for row in await world.rows("select state from answer")} == {"withdrawn"}
