"""Checks asked for in Slack: a mention, a command, a button; shared, limited, on record; and none of it twice."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot import checks as limits
from bot.database import open_database
from bot.database.audit import entries
from tests.bot.conftest import World, everything
from tests.bot.test_crashes import process
from tests.checks.whole import DOMAIN, MX, Domain, domain

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

QUEUE = f"""Identity : EX01\\41
NextHopDomain : {MX}
Status : Retry
MessageCount : 12
LastError : 454 4.7.5 Certificate validation failure, Reason:CertExpired"""


@pytest.fixture
async def lab(tmp_path: Path, world: World) -> AsyncIterator[Domain]:
    async with domain(tmp_path, certificate="expired") as place:
        world.environ.update(place.environ)
        yield place


async def checked(world: World, channel: str, ts: str, verdict: str = "Failing") -> str:
    """The answer, once the check in it is over."""

    def over() -> str:
        said = [everything(message) for message in world.answers(channel, ts)]
        return next((text for text in said if verdict in text), "")

    return await world.place.wait_for(over, 20)


async def test_a_mention_is_answered_by_one_message_that_fills_in(
    world: World, lab: Domain, mode: dict[str, str]
) -> None:
    async with world.bot(mode):
        ts = await world.place.post("alex", "#exchange", f"@Mailflow check {MX}")
        text = await checked(world, "#exchange", ts)
        await world.settled()
        assert f"{MX}" in text
        assert "expired" in text
        assert "Get-ExchangeCertificate" in text
        assert len(world.answers("#exchange", ts)) == 1
        posts = [call.method for call in world.place.calls if call.method.startswith("chat.")]
        assert posts[0] == "chat.postMessage"
        assert set(posts[1:]) == {"chat.update"}


async def test_a_command_is_answered_in_the_channel_and_its_thread_is_the_case(world: World, lab: Domain) -> None:
    async with world.bot():
        await world.place.command("alex", "#exchange", "/mailflow", f"check {DOMAIN}")
        await world.place.wait_for(
            lambda: any("Failing" in everything(each) for each in world.place.messages("#exchange")), 20
        )
        [message] = world.place.messages("#exchange")
        await world.place.post("priya", "#exchange", QUEUE, thread_ts=message["ts"])
        await world.settled(2)
        assert "Confirmed" in everything(world.place.thread("#exchange", message["ts"])[-1])
        assert world.place.ephemerals("alex") == []


async def test_a_check_in_a_thread_is_judged_with_what_the_thread_holds(world: World, lab: Domain) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", QUEUE)
        await world.answer("#exchange", ts)
        await world.place.post("priya", "#exchange", f"@Mailflow check {MX}", thread_ts=ts)
        text = await checked(world, "#exchange", ts)
        await world.settled()
        assert "Together with what this thread holds" in text
        assert "Confirmed: The other server's certificate has expired" in text


async def test_the_button_checks_what_the_answer_names(world: World, lab: Domain) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", QUEUE)
        await world.answer("#exchange", ts)
        answer = world.answers("#exchange", ts)[0]
        buttons = [each for block in answer["blocks"] if block["type"] == "actions" for each in block["elements"]]
        assert f"Check {MX}" in [each["text"]["text"] for each in buttons]
        await world.place.click("priya", answer["ts"], "check_host")
        assert "expired" in await checked(world, "#exchange", ts)
        await world.place.click("alex", answer["ts"], "check_host")
        await world.settled()
        assert len(world.answers("#exchange", ts)) == 2  # the second press renews the same message


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("check", "Which host or domain?"),
        ("check https://contoso.test/x", "web address"),
        ("check 127.0.0.1:22", "not a port of mail"),
        ("check 10.0.0.5", "not a public address"),
        ("check <!channel>", "not a host name"),
    ],
)
async def test_what_cannot_be_checked_is_a_sentence(world: World, lab: Domain, asked: str, said: str) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", f"@Mailflow {asked}")
        await world.place.wait_for(lambda: any(said in everything(each) for each in world.answers("#exchange", ts)))
        await world.place.command("alex", "#exchange", "/mailflow", asked)
        await world.settled(2)
        shown = [*world.place.ephemerals("alex"), *world.place.messages("#exchange")]
        assert any(said in everything(each) for each in shown)
        assert lab.smtp.heard == []


async def test_no_check_reaches_the_bots_own_database(world: World, lab: Domain) -> None:
    """127.0.0.0/8 is allowed here; the database is on 127.0.0.1 or a socket, and what it listens on stays closed."""
    assert str(limits.closed_networks("postgresql://u:p@127.0.0.1:5432/x")[0]) == "127.0.0.1/32"
    async with world.bot(MAILFLOW_CHECK_DENY="127.0.0.1"):
        ts = await world.place.post("alex", "#exchange", f"@Mailflow check {MX}")
        await checked(world, "#exchange", ts, "Not checked")
        assert lab.smtp.heard == []


async def test_later_askers_get_the_result_that_is_there_and_it_is_on_record(world: World, lab: Domain) -> None:
    async with world.bot():
        first = await world.place.post("alex", "#exchange", f"@Mailflow check {MX}")
        await checked(world, "#exchange", first)
        looks = len(lab.smtp.heard)
        second = await world.place.post("priya", "#exchange", f"@Mailflow check {MX.upper()}")
        assert "somebody who asked the same" in await checked(world, "#exchange", second)
        await world.settled()
        assert len(lab.smtp.heard) == looks
        [row] = await world.rows("select target, verdict, asker, report from check_run")
        assert row["verdict"] == "failing"
        assert MX.encode() not in row["report"] + row["target"]  # sealed, and a mark
        async with open_database(world.settings()) as database, database.pool.acquire() as connection:
            [done] = [each.entry async for each in entries(connection, database.seal, LONG_AGO)]
        assert (done.kind, done.user, done.detail) == ("checked", row["asker"], {"target": MX})


async def test_two_who_ask_at_once_share_one_check(world: World, lab: Domain) -> None:
    async with world.bot():
        asked = [await world.place.post(who, "#exchange", f"@Mailflow check {MX}") for who in ("alex", "priya")]
        for ts in asked:
            await checked(world, "#exchange", ts)
        await world.settled()
        assert len(await world.rows("select 1 from check_run")) == 1


async def test_a_person_may_not_ask_without_end(world: World, lab: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_PER_ASKER", 1)
    monkeypatch.setattr(limits, "FRESH_SECONDS", 0.0)
    async with world.bot():
        first = await world.place.post("alex", "#exchange", f"@Mailflow check {MX}")
        await checked(world, "#exchange", first)
        again = await world.place.post("alex", "#exchange", f"@Mailflow check {DOMAIN}")
        assert "Not now: you have had 1 checks in 1 min" in await checked(world, "#exchange", again, "Not now")
        other = await world.place.post("priya", "#exchange", f"@Mailflow check {DOMAIN}")
        await checked(world, "#exchange", other)


async def test_a_deleted_request_takes_the_result_with_it(world: World, lab: Domain) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", f"@Mailflow check {MX}")
        await checked(world, "#exchange", ts)
        await world.place.delete("alex", "#exchange", ts)
        await world.settled(2)
        assert await world.rows("select 1 from evidence where text is not null") == []
        assert "expired" not in everything(world.answers("#exchange", ts)[0])


async def test_a_deleted_result_takes_its_record_with_it(world: World, lab: Domain) -> None:
    """Of a command nothing else is in the channel; under a button nobody wrote anything."""
    async with world.bot():
        await world.place.command("alex", "#exchange", "/mailflow", f"check {DOMAIN}")
        alone = (await world.place.wait_for(lambda: world.place.messages("#exchange")))[0]["ts"]
        await world.settled()
        ts = await world.place.post("alex", "#exchange", QUEUE)
        await world.answer("#exchange", ts)
        await world.place.click("priya", world.answers("#exchange", ts)[0]["ts"], "check_host")
        await checked(world, "#exchange", ts, "expired")
        await world.settled(3)
        kept = "select thread_ts from evidence join incident_case on id = case_id where text is not null order by 1"
        assert [row["thread_ts"] for row in await world.rows(kept)] == [alone, ts, ts]
        world.place.workspace.delete("C0EXCHANGE", alone)
        world.place.workspace.delete("C0EXCHANGE", world.answers("#exchange", ts)[1]["ts"])
        await world.settled(5)
        assert [row["thread_ts"] for row in await world.rows(kept)] == [ts]  # what alex wrote


async def test_what_is_deleted_while_the_check_runs_leaves_no_record(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = limits.Checks.run

    async def runs(self: limits.Checks, *given: Any) -> Any:
        result = await run(self, *given)
        world.place.workspace.delete("C0EXCHANGE", world.place.messages("#exchange")[0]["ts"])
        async with asyncio.timeout(15):
            while True:
                if await world.rows("select 1 from delivery where subject like 'delete%' and done_at is not null"):
                    return result
                await asyncio.sleep(0.02)

    monkeypatch.setattr(limits.Checks, "run", runs)
    async with domain(tmp_path, certificate="expired") as lab, world.bot(**lab.environ):
        await world.place.command("alex", "#exchange", "/mailflow", f"check {MX}")
        await world.settled(2)
        assert await world.rows("select 1 from check_run where verdict = 'failing'")
        assert await world.rows("select 1 from evidence where text is not null") == []


async def test_after_a_kill_the_check_is_made_once_more_and_answered_once(world: World, lab: Domain) -> None:
    async with process(world, "after-record") as child:
        ts = await world.place.post("alex", "#exchange", f"@Mailflow check {MX}")
        assert await asyncio.wait_for(child.wait(), 30) == -signal.SIGKILL
    async with process(world, "never"):
        await checked(world, "#exchange", ts)
        await world.settled()
        assert len(world.answers("#exchange", ts)) == 1


async def test_where_the_bot_may_not_post_the_asker_alone_is_told(world: World, lab: Domain) -> None:
    async with world.bot():
        world.place.fail_next("chat.postMessage", error="not_in_channel")
        await world.place.command("alex", "#exchange", "/mailflow", f"check {MX}")
        await world.place.wait_for(lambda: world.place.ephemerals("alex"), 20)
        told = world.place.ephemerals("alex")[0]
        assert "expired" in everything(told)
        assert "attached file" not in everything(told)  # a private answer takes none
        assert world.place.messages("#exchange") == []
