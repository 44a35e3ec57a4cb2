"""Nobody reaches into another workspace: where all names are the same, only the team tells whose case it is."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.database import StartError
from bot.playground.delivery import INTERACTIVE
from bot.settings import SettingsError
from handlers.blocks import SHOW_STEPS
from handlers.blocks.page import ACKNOWLEDGE, RESOLVE
from tests.bot.conftest import World, everything
from tests.bot.pastes import FAILING
from tests.bot.workspaces.conftest import FABRIKAM, TwoWorlds
from tests.oncall.policies import TEXT


async def paste(world: World, text: str = FAILING) -> str:
    return await world.place.post("alex", "#exchange", text)


async def press(world: World, ts: str, action: str, value: str) -> dict[str, Any]:
    """A button whose value, place and message somebody made up. What Slack signed it for is this workspace."""
    place = world.place
    payload = {
        "type": "block_actions",
        "team": {"id": place.workspace.team.id, "domain": "x"},
        "user": {"id": "U0SAMOKAFO", "team_id": place.workspace.team.id},
        "container": {"type": "message", "message_ts": ts, "channel_id": "C0EXCHANGE"},
        "channel": {"id": "C0EXCHANGE", "name": "exchange"},
        "message": {"ts": ts, "thread_ts": ts},
        "trigger_id": f"{action} {ts} {value}",
        "response_url": place.responses.response_url("U0SAMOKAFO", "C0EXCHANGE"),
        "actions": [{"action_id": action, "block_id": "b", "type": "button", "value": value, "action_ts": "1.0"}],
    }
    before = len(place.ephemerals("sam"))
    await place._courier.request(INTERACTIVE, payload)
    await place.wait_for(lambda: place.ephemerals("sam")[before:])
    return place.ephemerals("sam")[-1]


async def test_the_same_thread_in_two_workspaces_is_two_cases(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        await worlds.install()
        one, other = await asyncio.gather(
            paste(worlds.contoso), paste(worlds.fabrikam, FAILING.replace("Outbound to Office 365", "Fabrikam's own"))
        )
        assert one == other
        first, second = await worlds.contoso.answer("#exchange", one), await worlds.fabrikam.answer("#exchange", other)
        assert "Outbound to Office 365" in first
        assert "Fabrikam's own" not in first
        assert "Fabrikam" in second
        assert "Outbound to Office 365" not in second
        assert len(await worlds.rows("select 1 from incident_case")) == 2


async def test_a_button_shows_nothing_of_a_case_elsewhere(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        await worlds.install()
        ts = await paste(worlds.contoso)
        await worlds.contoso.answer("#exchange", ts)
        [answer] = worlds.contoso.answers("#exchange", ts)
        said = await press(worlds.fabrikam, answer["ts"], SHOW_STEPS, "")
        assert "no longer have" in said["text"]
        assert len(worlds.contoso.answers("#exchange", ts)) == 1
        assert worlds.fabrikam.place.messages("#exchange") == []


async def test_a_pages_button_does_nothing_to_an_escalation_elsewhere(
    worlds: TwoWorlds, policy: dict[str, str]
) -> None:
    async with worlds.bot(**policy):
        await worlds.install()
        ts = await paste(worlds.contoso)
        await worlds.contoso.answer("#exchange", ts)
        await worlds.contoso.place.post("alex", "#exchange", "@Mailflow escalate", thread_ts=ts)
        [page] = await worlds.contoso.place.wait_for(lambda: worlds.contoso.place.messages("jonas"))
        [row] = await worlds.rows("select id from escalation")
        assert str(row["id"]) in str(page)
        for action in (ACKNOWLEDGE, RESOLVE):
            for place_ts in (ts, page["ts"]):
                said = await press(worlds.fabrikam, place_ts, action, str(row["id"]))
                assert said["text"].startswith("There is nothing to")
        [row] = await worlds.rows("select phase from escalation")
        assert row["phase"] == "paging"


async def test_a_link_leads_to_no_thread_elsewhere(worlds: TwoWorlds, policy: dict[str, str]) -> None:
    async with worlds.bot(**policy):
        await worlds.install()
        ts = await paste(worlds.contoso)
        await worlds.contoso.answer("#exchange", ts)
        link = f"https://contoso.slack.com/archives/C0EXCHANGE/p{ts.replace('.', '')}"
        await worlds.fabrikam.place.command("sam", "#exchange", "/mailflow", f"escalate {link}")
        await worlds.fabrikam.place.wait_for(lambda: worlds.fabrikam.place.ephemerals("sam"))
        assert worlds.fabrikam.place.ephemerals("sam")[0]["text"].startswith("Which case?")
        assert await worlds.rows("select 1 from escalation where phase <> 'idle'") == []


async def test_on_call_serves_the_workspace_that_its_file_names(worlds: TwoWorlds, policy: dict[str, str]) -> None:
    async with worlds.bot(**policy):
        await worlds.install()
        ts = await paste(worlds.fabrikam)
        await worlds.fabrikam.answer("#exchange", ts)
        await worlds.fabrikam.place.post("alex", "#exchange", "@Mailflow escalate", thread_ts=ts)
        assert "Nobody is on call for this workspace" in await worlds.fabrikam.answer("#exchange", ts, 2)
        await worlds.fabrikam.place.command("sam", "#exchange", "/mailflow", "oncall")
        [said] = await worlds.fabrikam.place.wait_for(lambda: worlds.fabrikam.place.ephemerals("sam"))
        assert said["text"] == "Nobody is on call for this workspace."
        await worlds.fabrikam.place.post("alex", "#exchange", "@Mailflow ack", thread_ts=ts)
        assert "nothing to acknowledge" in await worlds.fabrikam.answer("#exchange", ts, 3)
        await worlds.settled(4)
        for world in (worlds.contoso, worlds.fabrikam):
            for place in ("jonas", "priya", "#on-call"):
                assert world.place.messages(place) == []


async def test_a_file_is_fetched_with_the_token_of_its_workspace(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        await worlds.install()
        worlds.contoso.place.reads_files = False
        ts = await worlds.fabrikam.place.post("alex", "#exchange", "", files=[("send.log", FAILING.encode())])
        assert "private key" in await worlds.fabrikam.answer("#exchange", ts)


async def test_what_is_said_to_one_person_is_said_where_they_are(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        await worlds.install()
        await worlds.fabrikam.place.command("alex", "#exchange", "/mailflow", "explain 5.7.64")
        [said] = await worlds.fabrikam.place.wait_for(lambda: worlds.fabrikam.place.ephemerals("alex"))
        assert "5.7.64" in everything(said)
        assert worlds.contoso.place.ephemerals("alex") == []


async def test_a_check_elsewhere_is_not_answered_from(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        await worlds.install()
        for world in (worlds.contoso, worlds.fabrikam):
            ts = await paste(world, "@Mailflow check 192.0.2.1")
            await world.answer("#exchange", ts)
        await worlds.settled(2)
        assert len(await worlds.rows("select distinct team from check_run")) == 2


async def test_watches_and_their_news_stay_where_they_are(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        await worlds.install()
        await worlds.contoso.place.command("alex", "#exchange", "/mailflow", "watch 192.0.2.1 daily")
        await worlds.contoso.place.wait_for(lambda: worlds.contoso.place.ephemerals("alex"))
        for words, said in (("watch list", "Nothing is watched"), ("unwatch 192.0.2.1", "is not watched")):
            before = len(worlds.fabrikam.place.ephemerals("alex"))
            await worlds.fabrikam.place.command("alex", "#exchange", "/mailflow", words)
            await worlds.fabrikam.place.wait_for(lambda: worlds.fabrikam.place.ephemerals("alex")[before:])  # noqa: B023
            assert said in everything(worlds.fabrikam.place.ephemerals("alex")[-1])
        assert len(await worlds.rows("select 1 from watched")) == 1


async def test_a_form_is_submitted_where_it_was_opened(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        await worlds.install()
        place = worlds.fabrikam.place
        await place.command("alex", "#exchange", "/mailflow", "diagnose")
        [form] = await place.wait_for(lambda: place.modals("alex"))
        assert form["app_installed_team_id"] == "T0FABRIKAM"
        await place.submit_view("alex", {"channel": "C0EXCHANGE", "paste": FAILING})
        [opened] = await place.wait_for(lambda: place.messages("#exchange"))
        assert "private key" in await worlds.fabrikam.answer("#exchange", opened["ts"])
        assert worlds.contoso.place.messages("#exchange") == []


async def test_a_signature_of_somebody_else_is_refused(worlds: TwoWorlds) -> None:
    async with worlds.bot():
        await worlds.install()
        worlds.fabrikam.place._courier.signing_secret = "another app's"
        await paste(worlds.fabrikam)
        await worlds.fabrikam.place.wait_for(lambda: worlds.fabrikam.place.deliveries)
        assert worlds.fabrikam.place.deliveries[0].status == 401
        assert await worlds.rows("select 1 from delivery") == []


async def test_with_one_token_another_workspace_is_refused(world: World) -> None:
    async with world.bot():
        world.place.workspace.team = FABRIKAM
        await paste(world)
        await world.place.wait_for(lambda: world.place.deliveries)
        assert world.place.deliveries[0].acknowledged
        assert await world.rows("select 1 from delivery") == []


async def test_the_on_call_file_names_a_workspace_where_there_may_be_several(worlds: TwoWorlds, tmp_path: Path) -> None:
    file = tmp_path / "oncall.toml"
    file.write_text(TEXT)
    with pytest.raises(SettingsError, match="MAILFLOW_ONCALL_FILE: team is missing"):
        async with worlds.bot(MAILFLOW_ONCALL_FILE=str(file)):
            pass


async def test_the_on_call_file_names_no_other_workspace_than_the_tokens(world: World, policy: dict[str, str]) -> None:
    async with world.bot(**policy):
        pass
    world.place.workspace.team = FABRIKAM
    with pytest.raises(StartError, match="team is not the workspace"):
        async with world.bot(**policy):
            pass
