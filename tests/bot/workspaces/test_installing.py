"""Installation by OAuth: who may complete it, how often, and what is kept of it."""

from __future__ import annotations

import pytest

from bot.database import open_database
from bot.database.oauth_states import OAuthStates
from bot.installing import SCOPES
from bot.settings import SettingsError
from tests.bot.pastes import FAILING
from tests.bot.stored import dump
from tests.bot.workspaces.conftest import PUBLIC, TwoWorlds, query_of


async def test_who_installs_the_app_is_answered_from_then_on(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        await worlds.contoso.place.post("alex", "#exchange", FAILING)
        page = await worlds.install(worlds.contoso)
        assert page.status == 200
        assert "Mailflow is in Contoso." in page.text
        ts = await worlds.contoso.place.post("alex", "#exchange", FAILING)
        assert "private key" in await worlds.contoso.answer("#exchange", ts)
        assert len(await worlds.rows("select 1 from delivery")) == 1  # nothing was taken in before


async def test_slack_is_asked_for_what_the_manifest_names(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        begun = await worlds.browse("/slack/install?team=T1%26redirect_uri=https://elsewhere.example")
        assert begun.status == 302
        assert begun.location.startswith(f"{worlds.slack.url}/oauth/v2/authorize?")
        asked = query_of(begun.location)
        assert asked["redirect_uri"] == f"{PUBLIC}/slack/oauth_redirect"
        assert asked["scope"].split(",") == list(SCOPES)
        assert asked["client_id"] == "1.2"
        assert "elsewhere" not in begun.location


async def test_what_is_in_a_name_is_shown_as_text(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        page = await worlds.install(worlds.fabrikam)
        assert "Fabrikam &lt;b&gt;" in page.text
        refused = await worlds.browse("/slack/oauth_redirect?error=<script>alert(1)</script>")
        assert "script" not in refused.text


async def test_tokens_are_stored_sealed(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        await worlds.install(worlds.contoso)
        async with open_database(worlds.contoso.settings()) as database:
            stored = await dump(database)
        assert "T0CONTOSO1" in stored
        assert "xox" not in stored


async def test_a_state_serves_once(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        back, cookie = await worlds.agree(worlds.contoso)
        assert (await worlds.browse(back, cookie)).status == 200
        again = await worlds.browse(back, cookie)
        assert again.status == 400
        assert "Please begin again" in again.text


async def test_a_state_serves_the_browser_that_began(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        back, cookie = await worlds.agree(worlds.contoso)
        assert "did not begin this installation" in (await worlds.browse(back)).text
        _, other = await worlds.agree(worlds.contoso)
        assert "did not begin this installation" in (await worlds.browse(back, other)).text
        assert await worlds.rows("select 1 from installation") == []
        assert (await worlds.browse(back, cookie)).status == 200


async def test_a_state_that_nobody_issued_is_refused_even_with_its_cookie(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        back, _ = await worlds.agree(worlds.contoso)
        code = query_of(back)["code"]
        forged = await worlds.browse(f"/slack/oauth_redirect?code={code}&state=forged", "slack-app-oauth-state=forged")
        assert forged.status == 400
        assert await worlds.rows("select 1 from installation") == []


async def test_a_state_runs_out(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        back, cookie = await worlds.agree(worlds.contoso)
        await worlds.rows("update oauth_state set expires_at = now()")
        assert "took too long" in (await worlds.browse(back, cookie)).text
        await worlds.agree(worlds.contoso)
        assert len(await worlds.rows("select 1 from oauth_state")) == 1  # the old one is gone


async def test_states_serve_once_and_are_bounded(worlds: TwoWorlds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.database.oauth_states._MOST", 3)
    async with open_database(worlds.contoso.settings()) as database:
        states = OAuthStates(database)
        issued = [await states.async_issue() for _ in range(8)]
        assert await database.pool.fetchval("select count(*) from oauth_state") <= 4
        assert await states.async_consume(issued[-1])
        assert not await states.async_consume(issued[-1])
        assert not await states.async_consume(issued[0])


async def test_whoever_says_no_is_told_that_nothing_happened(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        worlds.contoso.place.tokens.consents = False
        page = await worlds.install(worlds.contoso)
        assert page.status == 200
        assert "Nothing was installed" in page.text
        assert await worlds.rows("select 1 from installation") == []


async def test_an_organisation_is_refused_and_its_token_given_back(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        worlds.contoso.place.tokens.org_wide = True
        page = await worlds.install(worlds.contoso)
        assert page.status == 400
        assert "workspace by workspace" in page.text
        assert [call.method for call in worlds.contoso.place.calls][-1] == "auth.revoke"
        assert await worlds.rows("select 1 from installation") == []


@pytest.mark.parametrize(
    ("method", "fault", "sentence"),
    [
        ("oauth.v2.access", {"lost_answer": True}, "try again in a minute"),
        ("oauth.v2.access", {"error": "invalid_code"}, "begin again"),
        ("auth.test", {"error": "account_inactive"}, "begin again"),
    ],
)
async def test_an_installation_that_fails_says_so(
    worlds: TwoWorlds, caplog: pytest.LogCaptureFixture, method: str, fault: dict[str, object], sentence: str
) -> None:
    async with worlds.bot():
        back, cookie = await worlds.agree(worlds.contoso)
        worlds.contoso.place.fail_next(method, **fault)
        page = await worlds.browse(back, cookie)
        assert page.status >= 400
        assert sentence in page.text
        assert await worlds.rows("select 1 from installation") == []
        assert query_of(back)["code"] not in caplog.text


async def test_installed_again_is_installed_once(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        await worlds.install(worlds.contoso)
        await worlds.install(worlds.contoso)
        assert len(await worlds.rows("select 1 from installation")) == 1
        ts = await worlds.contoso.place.post("alex", "#exchange", FAILING)
        await worlds.contoso.answer("#exchange", ts)


async def test_a_command_where_the_app_is_not_installed_says_so(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        await worlds.install(worlds.contoso)
        await worlds.fabrikam.place.command("alex", "#exchange", "/mailflow", "help")
        [told] = worlds.fabrikam.place.ephemerals("alex")
        assert "no longer installed" in told["text"]
        assert await worlds.rows("select 1 from delivery") == []


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_BOT_TOKEN and SLACK_CLIENT_ID exclude each other"),
        ({"SLACK_APP_TOKEN": "xapp-1"}, "SLACK_CLIENT_ID needs HTTP mode"),
        ({"SLACK_CLIENT_SECRET": ""}, "SLACK_CLIENT_SECRET is not set"),
        ({"MAILFLOW_PUBLIC_URL": ""}, "MAILFLOW_PUBLIC_URL is not set"),
        ({"SLACK_SIGNING_SECRET": ""}, "SLACK_SIGNING_SECRET is not set"),
    ],
)
async def test_half_a_configuration_does_not_start(
    worlds: TwoWorlds, monkeypatch: pytest.MonkeyPatch, more: dict[str, str], sentence: str
) -> None:
    for name in more:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingsError, match=sentence):
        async with worlds.bot(**more):
            pass
