"""What comes after an incident: its list, its draft, its times. Played in Slack's wire."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.case_export import exported
from bot.database import open_database
from bot.database.history import History
from bot.database.labels import labelled
from bot.database.statistics import Precision, Statistics, Times, statistics
from bot.statistics_command import rendered
from handlers.paging import sees_all
from handlers.ports.history import IncidentFilter
from handlers.ports.thread import Thread
from tests.bot.conftest import World, everything
from tests.bot.pastes import CURED, FAILING, alternating

TEAM = "T0CONTOSO1"
AGO = datetime.now(UTC) - timedelta(days=1)
OTHER = "550 5.7.64 TenantAttribution; Relay Access Denied [VI1EUR04FT012.eop-eur04.prod.protection.outlook.com]"
KEY = "tls.certificate.private-key-permission"


async def case(world: World, text: str = FAILING, channel: str = "#exchange") -> str:
    before = len(await world.rows("select 1 from delivery"))
    ts = await world.place.post("alex", channel, text)
    await world.settled(before + 1)
    return ts


async def say(world: World, ts: str, text: str, who: str = "alex") -> str:
    before = len(await world.rows("select 1 from delivery"))
    said = await world.place.post(who, "#exchange", f"@Mailflow {text}", thread_ts=ts)
    await world.settled(before + 1)
    return said


async def listed(world: World, text: str, who: str = "sam") -> str:
    before = len(world.place.ephemerals(who))
    await world.place.command(who, "#exchange", "/mailflow", text)
    found = await world.place.wait_for(lambda: world.place.ephemerals(who)[before:])
    return everything(found[0])


def drafts(world: World, ts: str) -> list[str]:
    """The drafts that are in a thread."""
    found = [file for file in world.attached("#exchange", ts) if file["name"].startswith("post-mortem-")]
    return [
        world.place.files[file["id"]].content.decode()
        for file in found
        if file.get("mode") != "tombstone" and file["id"] in world.place.files
    ]


async def test_the_list_shows_what_is_open_and_who_has_it(world: World) -> None:
    async with world.bot():
        first, second = await case(world), await case(world, OTHER)
        await say(world, first, "ack", "priya")
        shown = await listed(world, "incidents")
        assert "In hand" in shown
        assert "priya has it" in shown
        assert f"/p{first.replace('.', '')}" in shown
        assert shown.index(second.replace(".", "")) < shown.index(first.replace(".", ""))
        await say(world, first, "resolve", "priya")
        assert first.replace(".", "") not in await listed(world, "incidents")
        done = await listed(world, "incidents resolved")
        assert "by priya" in done
        assert second.replace(".", "") not in done
        assert all(message["user"] != "U0SAMOKAFO" for message in world.place.messages("#exchange"))


async def test_filters_and_mistakes(world: World) -> None:
    async with world.bot():
        first = await case(world)
        second = await case(world, OTHER)
        assert second.replace(".", "") not in await listed(world, "incidents cause private key")
        assert first.replace(".", "") in await listed(world, "incidents mine since 1d", "alex")
        assert "There are none" in await listed(world, "incidents mine")
        assert "I don't know when" in await listed(world, "incidents since forever")
        assert "I don't understand" in await listed(world, "incidents today")


async def test_a_mention_is_answered_for_one_pair_of_eyes(world: World) -> None:
    async with world.bot():
        ts = await case(world)
        before = len(world.answers("#exchange", ts))
        await say(world, ts, "incidents", "sam")
        assert "Open incidents" in everything(world.place.ephemerals("sam")[-1])
        assert len(world.answers("#exchange", ts)) == before


async def test_a_long_list_comes_in_pages(world: World) -> None:
    async with world.bot():
        await case(world)
        await world.rows(
            "with old as (insert into incident_case (team, channel, thread_ts, verdict) "
            "select team, channel, (1700000000 + number)::text || '.000000', 'failure' "
            "from incident_case, generate_series(1, 14) as number returning id) "
            "insert into escalation (case_id, opened_at) select id, now() from old"
        )
        await listed(world, "incidents all")
        told = world.place.ephemerals("sam")[-1]
        assert len(told["blocks"][1]["elements"][0]["elements"]) == 10
        await world.place.click("sam", told["ts"], "older_incidents")
        await world.place.wait_for(lambda: "from number 11" in everything(world.place.ephemerals("sam")[-1]))
        older = world.place.ephemerals("sam")[-1]
        assert len(older["blocks"][1]["elements"][0]["elements"]) == 5
        assert not [block for block in older["blocks"] if block["type"] == "actions"]


@pytest.mark.parametrize("audience", ["members", "outside"])
async def test_what_the_asker_may_not_see_is_not_listed(world: World, audience: str) -> None:
    async with world.bot():
        ts = await case(world)
        await world.rows("update escalation set audience = $1", audience)
        async with open_database(world.settings()) as database:
            channel = (await world.rows("select channel from incident_case"))[0]["channel"]
            here = await History(database).listed(IncidentFilter(TEAM, channel), skip=0, most=9)
            elsewhere = await History(database).listed(IncidentFilter(TEAM, "C0ELSEWHERE"), skip=0, most=9)
        assert [each.thread.ts for each in here] == [ts]
        assert elsewhere == ()


@pytest.mark.parametrize(
    ("user", "sees"),
    [
        ({"team_id": "T1"}, True),
        ({"team_id": "T1", "is_restricted": True}, False),
        ({"team_id": "T1", "is_ultra_restricted": True}, False),
        ({"team_id": "T1", "deleted": True}, False),
        ({"team_id": "T2"}, False),  # met in a channel that is shared: no stranger, and no member
        ({"team_id": "T2", "is_stranger": True}, False),
        ({"team_id": "T2", "enterprise_user": {"id": "U1", "enterprise_id": "E1", "teams": ["T2", "T1"]}}, True),
        ({"team_id": "T2", "enterprise_user": {"id": "U1", "enterprise_id": "E2", "teams": ["T2"]}}, False),
        ({}, False),
    ],
)
async def test_public_channels_are_for_full_members(user: dict[str, Any], sees: bool) -> None:
    class Slack:
        async def users_info(self, user: str) -> dict[str, Any]:
            return {"user": {"id": user, **about}}

    about = user
    assert await sees_all(Slack(), "T1", "U1") is sees  # type: ignore[arg-type]


async def test_guests_hear_only_of_the_channel_they_ask_in(world: World) -> None:
    async with world.bot():
        ts = await case(world)
        async with open_database(world.settings()) as database:
            history = History(database)
            assert await history.listed(IncidentFilter(TEAM, "C0OTHER"), skip=0, most=9)
            assert not await history.listed(IncidentFilter(TEAM, "C0OTHER", beyond=False), skip=0, most=9)
        world.place.fail_next("users.info", error="missing_scope")
        shown = await listed(world, "incidents")
        assert "Only of this channel" in shown
        assert ts.replace(".", "") in shown


async def test_the_draft_tells_the_story_of_the_thread(world: World) -> None:
    async with world.bot():
        ts = await case(world)
        await say(world, ts, "ack", "priya")
        await world.place.post("sam", "#exchange", CURED, thread_ts=ts)
        await world.settled(3)
        await say(world, ts, "resolve", "priya")
        await say(world, ts, "postmortem")
        [draft] = drafts(world, ts)
        rows = [line for line in draft.splitlines() if line.startswith("| 20")]
        told = [row.split(" | ")[1:] for row in rows]
        assert told[0][0] == "alex"
        assert "pasted something" in told[0][1]
        assert any(who == "priya" and "has it" in what for who, what in told)
        assert any(who == "sam" and "pasted something" in what for who, what in told)
        assert any(who == "priya" and "resolved it" in what for who, what in told)
        assert f"thread_ts={ts}" in draft
        assert "Resolved" in draft
        [file] = world.attached("#exchange", ts)
        day = f"{datetime.fromtimestamp(float(ts), UTC):%Y-%m-%d}"
        assert file["title"] == f"Post-mortem: Exchange may not read the private key of its own TLS certificate, {day}"
        assert re.fullmatch(rf"post-mortem-{day}-[0-9a-f]{{8}}\.md", file["name"])


async def test_a_draft_is_uploaded_once_and_a_fresh_one_takes_its_place(world: World) -> None:
    async with world.bot():
        ts = await case(world)
        world.place.fail_next("files.completeUploadExternal", lost_answer=True)
        await say(world, ts, "postmortem")
        assert len(drafts(world, ts)) == 1
        await say(world, ts, "post-mortem")
        assert len(drafts(world, ts)) == 1
        uploads = [call for call in world.place.calls if call.method == "files.completeUploadExternal"]
        assert len([call for call in uploads if not call.error]) == 2


async def test_the_button_of_a_resolved_card_drafts_once(world: World) -> None:
    async with world.bot():
        ts = await case(world)
        await say(world, ts, "resolve", "priya")
        card = world.answers("#exchange", ts)[0]["ts"]
        await world.place.wait_for(lambda: "post_mortem" in str(world.answers("#exchange", ts)[0]["blocks"]))
        world.place.fail_next("files.completeUploadExternal", lost_answer=True)
        await world.place.click("sam", card, "post_mortem")
        await world.place.wait_for(lambda: drafts(world, ts), 20)
        await world.settled(3)
        await world.place.click("sam", card, "post_mortem")
        await world.place.wait_for(lambda: world.place.ephemerals("sam"))
        assert "in this thread already" in everything(world.place.ephemerals("sam")[-1])
        assert len(drafts(world, ts)) == 1


async def test_what_was_deleted_is_in_no_draft(world: World) -> None:
    async with world.bot():
        ts = await case(world)
        reply = await world.place.post("sam", "#exchange", OTHER, thread_ts=ts)
        await world.settled(2)
        await say(world, ts, "postmortem")
        assert "TenantAttribution" in drafts(world, ts)[0]
        await world.place.delete("sam", "#exchange", reply)
        await world.settled(4)
        assert drafts(world, ts) == []
        await say(world, ts, "postmortem")
        [draft] = drafts(world, ts)
        assert "TenantAttribution" not in draft
        assert "took back what was pasted" in draft


async def test_an_edit_is_told_once_and_the_same_words_are_none(world: World) -> None:
    async with world.bot():
        ts = await case(world)
        await world.place.edit("alex", "#exchange", ts, f"please look at this:\n{FAILING}")
        await world.settled(2)
        async with open_database(world.settings()) as database:
            thread = Thread(TEAM, (await world.rows("select channel from incident_case"))[0]["channel"], ts)
            told = [each.what for each in await History(database).happened(thread)]
        assert told.count("edited") == 1
        assert told.count("pasted") == 1


async def test_where_there_is_no_incident_there_is_no_draft(world: World) -> None:
    async with world.bot():
        ts = await case(world, "lunch at noon?")
        await say(world, ts, "postmortem")
        assert "no incident here" in everything(world.answers("#exchange", ts)[-1])


async def test_times_causes_and_votes_are_counted(world: World) -> None:
    async with world.bot():
        first, _second = await case(world), await case(world, OTHER)
        await say(world, first, "ack", "priya")
        await say(world, first, "resolve", "priya")
        [row] = await world.rows("select id, blamed from incident_case where thread_ts = $1", first)
        for member, right, cause in (("U1", True, ""), ("U2", False, "dns.resolver.local-failure"), ("U3", True, "")):
            await world.rows(
                "insert into feedback (case_id, member, kind, was_right, shown, cause) values ($1, $2, 'vote', $3, $4, $5)",
                row["id"],
                member,
                right,
                row["blamed"],
                cause,
            )
        async with open_database(world.settings()) as database:
            found = await statistics(database.pool, TEAM, AGO)
            nobody = await statistics(database.pool, "T0OTHER", AGO)
            [case_] = await labelled(database, AGO)
        assert (found.incidents, found.resolved) == (2, 1)
        assert found.to_answer.count == 2
        assert found.to_answer.mean is not None
        assert 0 <= found.to_answer.mean < 60
        assert (found.to_acknowledge.count, found.to_resolve.count) == (1, 1)
        assert dict(found.causes)[row["blamed"]] == 1
        assert sum(each.right for each in found.precision) == 2
        assert sum(each.wrong for each in found.precision) == 1
        assert nobody.incidents == 0
        assert sorted(case_.causes) == sorted([row["blamed"], row["blamed"], "dns.resolver.local-failure"])
        assert exported([case_]).lines


async def test_a_log_with_both_outcomes_gets_its_picture(world: World, tmp_path: Path) -> None:
    async with world.bot():
        text = alternating("++++----++-+")
        (tmp_path / "send.log").write_text(text)
        ts = await world.place.post("alex", "#exchange", "", files=[("send.log", text.encode())])
        await world.settled()
        [file] = world.attached("#exchange", ts)
        assert file["title"] == "mailflow-sessions.png"
        assert file["alt_txt"].startswith("Bar chart: sessions per 15 seconds")


def test_the_terminal_shows_the_numbers() -> None:
    hour = Times(2, 5400.0, 3600.0)
    found = Statistics(
        3, 2, Times(3, 4.0, 3.0), Times(), hour, ((KEY, 2),), (Precision("confirmed", 2, 1),), ((KEY, 1),)
    )
    assert rendered(found, 30).splitlines() == [
        "3 incidents in 30 days, 2 of them resolved",
        "  until the first answer   3 s (median), 4 s (mean) of 3",
        "  until somebody had it    not on record",
        "  until it was resolved    1 h (median), 1 h 30 min (mean) of 2",
        f"      2  {KEY}",
        "what was confirmed: 2 said right, 1 said wrong",
        f"      1  confirmed and said to be wrong: {KEY}",
    ]
