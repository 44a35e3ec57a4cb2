"""An on-call channel that the bot can't write to keeps nobody from being paged, and is told of once."""

from __future__ import annotations

from tests.bot.oncall.conftest import OnCallWorld


async def test_who_is_in_the_thread_hears_once_how_the_channel_is_mended(oncall: OnCallWorld) -> None:
    async with oncall.bot():
        told = []
        for _ in range(2):
            ts = await oncall.case()
            oncall.world.place.fail_next("chat.postMessage", error="not_in_channel")
            await oncall.say(ts, "escalate")
            told.append([note for note in oncall.notes(ts) if "/invite @Mailflow" in note])
        assert [len(notes) for notes in told] == [1, 0]
        assert "the on-call channel" in told[0][0]
        assert oncall.pages() == ["U0JONASWEB"] * 2
