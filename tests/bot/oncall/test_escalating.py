"""From a word in a thread to somebody who has it, over the real wire."""

from __future__ import annotations

from tests.bot.oncall.conftest import MINUTES, OnCallWorld

PRIYA, JONAS, SAM, ALEX = "U0PRIYANAI", "U0JONASWEB", "U0SAMOKAFO", "U0ALEXRIVE"


async def test_who_is_on_call_gets_a_message_and_a_mention(oncall: OnCallWorld) -> None:
    async with oncall.bot():
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        assert oncall.pages() == [PRIYA]
        print(oncall.notes(ts), oncall.channel())
        print(oncall.world.place.messages("priya"))
        await oncall.wait(10 * MINUTES)
        print(oncall.pages(), oncall.notes(ts))
        assert 0
