"""Tokens that run out are renewed in time, once, and an answer of Slack's that gets lost loses no workspace."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from bot.database.installations import Held
from bot.playground.tokens import App
from bot.workspaces import EveryWorkspace, workspaces_of
from tests.bot.conftest import World
from tests.bot.pastes import FAILING
from tests.bot.workspaces.conftest import TwoWorlds

SOON = App("1.2", "client-secret", lifetime=3600)  # less than the margin: renewed when it is next needed


def renewals(world: World) -> list[str]:
    """How Slack answered those that there were."""
    calls = [call for call in world.place.calls if call.method == "oauth.v2.access"]
    return [call.error or "ok" for call in calls if call.args.get("grant_type") == "refresh_token"]


async def answered(world: World) -> None:
    ts = await world.place.post("alex", "#exchange", FAILING)
    await world.answer("#exchange", ts)


async def test_a_token_with_time_left_is_not_renewed(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        await worlds.install(worlds.contoso)
        await answered(worlds.contoso)
        assert renewals(worlds.contoso) == []


async def test_a_token_near_its_end_is_renewed_on_the_way(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        worlds.contoso.place.tokens.app = SOON
        await worlds.install(worlds.contoso)
        worlds.contoso.place.tokens.app = App("1.2", "client-secret")
        [before] = await worlds.rows("select tokens, expires_at from installation")
        await answered(worlds.contoso)
        [after] = await worlds.rows("select tokens, expires_at from installation")
        assert renewals(worlds.contoso) == ["ok"]
        assert after["tokens"] != before["tokens"]
        assert after["expires_at"] > before["expires_at"]


async def test_tokens_that_last_are_left_alone(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        worlds.contoso.place.tokens.app = App("1.2", "client-secret", rotates=False)
        await worlds.install(worlds.contoso)
        await answered(worlds.contoso)
        assert renewals(worlds.contoso) == []
        assert await worlds.rows("select 1 from installation where expires_at is null")


async def test_a_token_that_has_run_out_is_renewed_first(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        await run_out(worlds)
        await answered(worlds.contoso)
        assert renewals(worlds.contoso) == ["ok"]


async def test_of_many_who_need_it_in_two_processes_one_renews(worlds: TwoWorlds) -> None:
    async with worlds.bot() as bot:
        await run_out(worlds)
        worlds.contoso.place.fail_next("oauth.v2.access", delay=0.3)
        async with aiohttp.ClientSession() as session:
            assert isinstance(bot.workspaces, EveryWorkspace)
            other = workspaces_of(bot.settings, bot.workspaces.installations, session)  # knows nothing of the first
            both = [each.slack("T0CONTOSO1") for each in (bot.workspaces, other) for _ in range(10)]
            tokens = {slack.token for slack in await asyncio.gather(*both)}
        assert len(tokens) == 1
        assert renewals(worlds.contoso) == ["ok"]


async def test_whoever_gives_up_waiting_takes_no_token_with_them(worlds: TwoWorlds) -> None:
    async with worlds.bot() as bot:
        await run_out(worlds)
        worlds.contoso.place.fail_next("oauth.v2.access", delay=0.3)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(bot.workspaces.slack("T0CONTOSO1"), 0.1)
        await answered(worlds.contoso)
        assert renewals(worlds.contoso) == ["ok"]


async def test_while_the_old_token_is_good_a_renewal_that_fails_is_tried_later(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        worlds.contoso.place.tokens.app = SOON
        await worlds.install(worlds.contoso)
        worlds.contoso.place.fail_next("oauth.v2.access", count=9, status=500)
        await answered(worlds.contoso)
        await answered(worlds.contoso)
        assert len([call for call in worlds.contoso.place.calls if call.status == 500]) == 1


@pytest.mark.parametrize("fault", [{"lost_answer": True}, {"status": 500}, {"status": 429}])
async def test_an_outage_at_the_wrong_moment_delays_the_answer(worlds: TwoWorlds, fault: dict[str, Any]) -> None:
    async with worlds.bot():
        await run_out(worlds)
        worlds.contoso.place.fail_next("oauth.v2.access", **fault)
        await answered(worlds.contoso)


async def test_a_crash_between_slacks_answer_and_the_record_loses_no_workspace(
    worlds: TwoWorlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    renew = Held.renew
    crashed: list[str] = []

    async def crash(self: Held, bot: Any) -> None:
        if not crashed:
            crashed.append(bot.bot_token)
            raise ConnectionError("the process died here")
        await renew(self, bot)

    monkeypatch.setattr(Held, "renew", crash)
    async with worlds.bot():
        await run_out(worlds)
        await answered(worlds.contoso)
        assert crashed
        assert renewals(worlds.contoso) == ["ok", "ok"]


async def test_a_refresh_token_that_slack_refuses_is_told_in_the_log_and_ends_the_job(
    worlds: TwoWorlds, caplog: pytest.LogCaptureFixture
) -> None:
    async with worlds.bot() as bot:
        await run_out(worlds)
        worlds.contoso.place.fail_next("oauth.v2.access", count=9, error="invalid_refresh_token")
        with pytest.raises(SlackApiError):
            await bot.workspaces.slack("T0CONTOSO1")
        await worlds.contoso.place.post("alex", "#exchange", FAILING)
        await worlds.settled()
        [record] = [r for r in caplog.records if r.message == "a workspace's token could not be renewed"][:1]
        assert record.reason == "Slack: invalid_refresh_token"  # type: ignore[attr-defined]
        [stored] = await worlds.rows("select outcome, payload from delivery")
        assert stored == {"outcome": "failed: Slack: invalid_refresh_token", "payload": None}


async def run_out(worlds: TwoWorlds) -> None:
    """Contoso's token has run out; nothing of ours was running when it could have been renewed."""
    await worlds.install(worlds.contoso)
    worlds.contoso.place.tokens.expire()
    await worlds.rows("update installation set expires_at = now()")
