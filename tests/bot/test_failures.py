"""Slack and networks fail in the middle; the thread gets its one answer all the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.bot.conftest import QUICK, World, everything
from tests.bot.pastes import FAILING


def posts(world: World) -> list[int]:
    return [call.status for call in world.place.calls if call.method == "chat.postMessage"]


async def test_a_rate_limit_is_waited_out(world: World) -> None:
    async with world.bot():
        world.place.fail_next("chat.postMessage", status=429, retry_after=1)
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        assert posts(world) == [429, 200]
        await world.settled()
        waited = await world.rows("select tries, done_at - received_at >= interval '1 second' as waited from delivery")
        assert waited == [{"tries": 0, "waited": True}]


async def test_a_long_rate_limit_goes_back_to_the_job_and_nothing_is_looked_for(world: World) -> None:
    async with world.bot():
        world.place.fail_next("chat.postMessage", status=429, retry_after=3)
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.place.wait_for(lambda: posts(world))
        [waiting] = await world.rows("select tries, done_at from delivery")
        assert waiting == {"tries": 0, "done_at": None}
        await world.answer("#exchange", ts)
        assert posts(world) == [429, 200]
        assert "conversations.replies" not in [call.method for call in world.place.calls]


async def test_server_errors_are_tried_again(world: World) -> None:
    async with world.bot():
        world.place.fail_next("chat.postMessage", count=2, status=500)
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        assert posts(world) == [500, 500, 200]


async def test_a_post_whose_answer_was_lost_is_found_and_not_repeated(world: World, mode: dict[str, str]) -> None:
    async with world.bot(mode):
        world.place.fail_next("chat.postMessage", lost_answer=True)
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.settled()
        assert len(world.answers("#exchange", ts)) == 1
        assert posts(world) == [200]
        [answer] = await world.rows("select state, ts from answer where part = 'card'")
        assert answer == {"state": "sent", "ts": world.answers("#exchange", ts)[0]["ts"]}


async def test_without_the_right_to_look_a_lost_post_is_repeated(world: World) -> None:
    async with world.bot():
        world.place.fail_next("chat.postMessage", lost_answer=True)
        world.place.fail_next("conversations.replies", error="missing_scope")
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.settled()
        assert len(world.answers("#exchange", ts)) == 2


async def test_refused_blocks_leave_the_plain_text(world: World) -> None:
    async with world.bot():
        world.place.fail_next("chat.postMessage", error="invalid_blocks")
        ts = await world.place.post("alex", "#exchange", FAILING)
        assert "UnknownCredentials" in await world.answer("#exchange", ts)
        assert not world.answers("#exchange", ts)[0].get("blocks")


async def test_after_too_many_failures_there_is_an_apology_and_the_next_mention_works(world: World) -> None:
    async with world.bot(pace=replace(QUICK, tries=3, backoff=0.05)):
        world.place.fail_next("chat.postMessage", count=3, status=500)
        ts = await world.place.post("alex", "#exchange", FAILING)
        assert "Sorry" in await world.answer("#exchange", ts)
        await world.settled()
        [delivery] = await world.rows("select outcome, payload from delivery")
        assert delivery["outcome"].startswith("failed")
        assert delivery["payload"] is None
        await world.place.post("alex", "#exchange", "@Mailflow again please", thread_ts=ts)
        assert "UnknownCredentials" in await world.answer("#exchange", ts, count=2)


async def test_what_slack_refuses_for_good_is_not_tried_again(world: World) -> None:
    async with world.bot():
        world.place.fail_next("chat.postMessage", count=3, error="restricted_action")
        await world.place.post("alex", "#exchange", FAILING)
        await world.settled()
        assert len(posts(world)) == 3  # the answer, what is to be mended, and the apology
        assert (await world.rows("select outcome from delivery"))[0]["outcome"] == "failed: Slack: restricted_action"


@pytest.mark.parametrize(
    ("error", "mend"),
    [
        ("not_in_channel", "/invite @Mailflow"),
        ("channel_not_found", "/invite @Mailflow"),
        ("is_archived", "archived"),
        ("restricted_action", "owner of the workspace"),
        ("missing_scope", "the scope that Slack asks for"),
    ],
)
async def test_who_asked_is_told_privately_and_once_how_it_is_mended(world: World, error: str, mend: str) -> None:
    async with world.bot():
        for number in range(2):
            world.place.fail_next("chat.postMessage", error=error)
            await world.place.post("alex", "#exchange", FAILING)
            await world.settled(number + 1)
        [told] = world.place.messages("alex")
        assert mend in everything(told)
    async with world.bot():  # a restart says it no second time, another day does
        world.place.fail_next("chat.postMessage", error=error)
        await world.place.post("alex", "#exchange", FAILING)
        await world.settled(3)
        assert len(world.place.messages("alex")) == 1
        await world.rows("update told set at = at - interval '25 hours' returning 1")
        world.place.fail_next("chat.postMessage", error=error)
        await world.place.post("alex", "#exchange", FAILING)
        await world.settled(4)
        assert len(world.place.messages("alex")) == 2


async def test_blocks_that_a_response_url_refuses_leave_the_plain_text(world: World) -> None:
    async with world.bot():
        world.place.responses.refuses_blocks = True
        await world.place.command("alex", "#exchange", "/mailflow", "explain 5.7.64")
        [said] = await world.place.wait_for(lambda: world.place.ephemerals("alex"))
        assert "5.7.64" in said["text"]
        assert not said.get("blocks")


async def test_the_order_within_a_thread_survives_a_failure(world: World) -> None:
    async with world.bot():
        world.place.fail_next("chat.postMessage", status=429, retry_after=1)
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.place.wait_for(lambda: posts(world))
        await world.place.post("alex", "#exchange", "@Mailflow explain 5.7.64", thread_ts=ts)
        await world.answer("#exchange", ts, count=2)
        first, second = (everything(said) for said in world.answers("#exchange", ts))
        assert "UnknownCredentials" in first
        assert "5.7.64" in second


async def test_what_cannot_be_stored_is_not_acknowledged(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world.bot() as bot:
        pool = bot.worker._database.pool
        await pool.execute("alter table delivery rename to delivery_away")
        await world.place.post("alex", "#exchange", FAILING)
        await world.place.wait_for(lambda: world.place.deliveries)
        assert not world.place.deliveries[0].acknowledged
        await pool.execute("alter table delivery_away rename to delivery")
        ts = world.place.messages("#exchange")[0]["ts"]
        await world.answer("#exchange", ts)
        await world.settled()
        assert len(world.answers("#exchange", ts)) == 1


async def test_a_lost_database_connection_is_taken_up_again(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        await world.rows(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )
        ts = await world.place.post("sam", "#exchange", FAILING)
        await world.place.wait_for(lambda: world.answers("#exchange", ts), 30)
