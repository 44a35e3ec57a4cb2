"""What the whole database holds, and a way to have something in each of its tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from slack_sdk.oauth.installation_store import Bot

from bot.database import Database
from bot.database.audit import Entry, append
from bot.database.cases import Cases
from bot.database.columns import CHECK_REPORT
from bot.database.escalations import EscalationStore
from bot.database.feedback import Feedback
from bot.database.inbox import Inbox
from bot.database.installations import Installations
from bot.database.notices import Content, plan
from bot.database.pages import Draft
from bot.database.people import People
from bot.database.told import Told
from bot.database.watches import WatchBook
from bot.oncall.chronicle import Noted
from bot.oncall.events import Arm, State
from handlers.ports.cases import Pasted
from handlers.ports.checks import Asker
from handlers.ports.feedback import Vote
from handlers.ports.inbox import Delivery
from handlers.ports.people import Choices
from handlers.ports.thread import Thread

EVERY = timedelta(hours=6)
NOW = datetime(2026, 11, 18, tzinfo=UTC)
# Tables that hold nothing of anybody, and why.
OF_NOBODY = {
    "migration": "names of migrations",
    "seal": "a known word",
    "data_key": "numbers and dates",
    "data_key_wrap": "keys",
    "escalation_event": "ids of events, so that none counts twice",
    "audit": "stays; what it says of them is erased",
    "oauth_state": "hashes of random numbers",
    "pgqueuer": "ids of deliveries and escalations",
    "pgqueuer_log": "the same",
    "pgqueuer_schedules": "the sweep",
    "pgqueuer_statistics": "numbers",
}


async def tables(connection: Any) -> list[str]:
    rows = await connection.fetch(
        "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'"
    )
    return [row["table_name"] for row in rows]


async def counts(database: Database) -> dict[str, int]:
    async with database.pool.acquire() as connection:
        return {
            name: await connection.fetchval(f'select count(*) from "{name}"')
            for name in await tables(connection)
            if name not in OF_NOBODY
        }


async def dump(database: Database) -> str:
    """Every column of every row of every table, as text; bytes also as they are."""
    async with database.pool.acquire() as connection:
        rows = [row for name in await tables(connection) for row in await connection.fetch(f'select * from "{name}"')]
    return "\n".join(
        value.decode("latin-1") if isinstance(value, bytes) else str(value) for row in rows for value in row.values()
    )


async def lived(database: Database, team: str, channel: str, user: str) -> None:
    """Something in every table that holds something of anybody: a new table needs a line here."""
    thread = Thread(team, channel, f"{user}.1")
    inbox, cases = Inbox(database), Cases(database)
    for number in (1, 2):
        event = f"Ev{team}{channel}{user}{number}"
        await inbox.accept(Delivery("message", event, event, thread, f"{number}.0", user, "sam@fabrikam.com"))
    await cases.keep(thread, Pasted("1.0", f"paste of {user}", "{}", ("a file was too large",)), author=user)
    await Feedback(database).keep(thread, Vote(user, right=False, words="the dog ate it", note=f"says {user}"))
    await Told(database).first(team, "not_in_channel", channel)
    await cases.mark(await cases.plan(thread, "1.0", "answer", judged=True), "sent", "5.0")
    async with EscalationStore(database).opened(thread) as held:
        await held.alike.reported(f"@{user}", "1.0", NOW)
        await held.note([Noted("acknowledged", (f"@{user}",))], NOW)
        await held.save(State(phase="acknowledged", incident=1, askers=(f"@{user}",), holder=f"@{user}"), "tls")
        await held.plan([Draft(f"step 1 direct {user}", "direct", user, {"askers": [f"@{user}"]}, 1)])
        await held.plan([Draft("joined 1", "thread", content={"what": "joined", "channel": channel, "ts": "1.0"})])
        await held.arm(Arm("shift", NOW), NOW)
        await held.record("acknowledged", f"@{user}", "slack")
    async with database.pool.acquire() as connection, connection.transaction():
        run = await connection.fetchval(
            "insert into check_run (team, target, asker, channel, finished_at) values ($1, $2, $3, $4, now()) returning id",
            team,
            database.seal.mark("target", "mail.contoso.com"),
            user,
            channel,
        )
        report = database.seal.close("{}", CHECK_REPORT.at(run))
        await connection.execute("update check_run set report = $2 where id = $1", run, report)
        await append(connection, database.seal, Entry("checked", team, channel, user))
    await WatchBook(database, most=50, clock=lambda: NOW).start(
        f"{user.lower()}.contoso.com", EVERY, Asker(team, user, channel)
    )
    await People(database).choose(team, user, Choices(short=True))
    await People(database).opened(team, user, EVERY)
    async with database.pool.acquire() as connection, connection.transaction():
        watch = await connection.fetchval("select id from watch where channel = $1", channel)
        await plan(connection, database.seal, Content(why="gone"), watch, "owner")
    if not await database.pool.fetchval("select true from installation where team = $1", team):
        bot = Bot(team_id=team, bot_id="B1", bot_user_id="U1", bot_token=f"xoxb-{team}", installed_at=0.0)
        await Installations(database).save(bot)
