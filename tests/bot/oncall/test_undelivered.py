"""Pages that Slack refuses, delays, or takes without saying so."""

from __future__ import annotations

import pytest

from tests.bot.oncall.conftest import MINUTES, OnCallWorld, pings
from tests.oncall.policies import JONAS, SAM, TEXT


@pytest.mark.parametrize("error", ["user_not_found", "cannot_dm_bot", "user_disabled", "channel_not_found"])
async def test_a_page_that_cannot_be_delivered_goes_to_the_next_at_once_and_says_so(
    oncall: OnCallWorld, error: str
) -> None:
    async with oncall.bot():
        ts = await oncall.case()
        oncall.world.place.fail_next("conversations.open", error=error)
        await oncall.say(ts, "escalate")
        assert oncall.pages() == [SAM]
        missed, paged = oncall.notes(ts)
        assert "Could not page jonas" in missed
        assert error in missed
        assert "Paged: sam" in paged
        assert all(JONAS not in pings(message) for message in oncall.world.place.messages("#on-call"))


async def test_when_nobody_can_be_reached_it_goes_on_later(oncall: OnCallWorld) -> None:
    async with oncall.bot():
        ts = await oncall.case()
        oncall.world.place.fail_next("conversations.open", count=4, error="user_disabled")
        await oncall.say(ts, "escalate")
        assert oncall.pages() == []
        assert len(oncall.notes(ts)) == 3
        await oncall.wait(5 * MINUTES)
        assert oncall.pages() == [JONAS]


async def test_one_of_several_cannot_be_paged(oncall: OnCallWorld) -> None:
    oncall.policy(TEXT.replace('targets = ["first", "backup"]', 'targets = ["both"]'))
    async with oncall.bot():
        ts = await oncall.case()
        oncall.world.place.fail_next("conversations.open", error="user_disabled")
        await oncall.say(ts, "escalate")
        assert oncall.pages() == [JONAS]
        assert sorted("Could not page priya" in note for note in oncall.notes(ts)) == [False, True]


async def test_a_rate_limit_is_waited_out_and_a_long_one_is_not(oncall: OnCallWorld) -> None:
    async with oncall.bot():
        ts = await oncall.case()
        oncall.world.place.fail_next("conversations.open", status=429, retry_after=1)
        await oncall.say(ts, "escalate")
        assert oncall.pages() == [JONAS]
        await oncall.say(ts, "resolve")
        oncall.world.place.fail_next("conversations.open", status=429, retry_after=60)
        await oncall.say(ts, "escalate")
        assert oncall.pages() == [JONAS, SAM]


async def test_a_page_whose_answer_was_lost_is_found_and_not_repeated(oncall: OnCallWorld) -> None:
    async with oncall.bot():
        ts = await oncall.case()
        oncall.world.place.fail_next("chat.postMessage", count=4, lost_answer=True)
        await oncall.say(ts, "escalate")
        assert len(oncall.world.place.messages("jonas")) == 1
        assert len(oncall.world.place.messages("#on-call")) == 2
        assert len(oncall.notes(ts)) == 1


async def test_no_ping_after_an_acknowledgement_even_of_what_was_to_be_tried_again(oncall: OnCallWorld) -> None:
    async with oncall.bot():
        ts = await oncall.case()
        oncall.world.place.fail_next("conversations.open", status=429, retry_after=3)
        await oncall.world.place.post("alex", "#exchange", "@Mailflow escalate", thread_ts=ts)
        await oncall.until(lambda: any(call.method == "conversations.open" for call in oncall.world.place.calls))
        await oncall.say(ts, "ack", who="sam")
        await oncall.wait(5 * MINUTES)
        assert oncall.pages() == []
