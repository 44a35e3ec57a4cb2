"""Watches: looked at on schedule, told of once, in the channel that wants to know; through crashes, and with nobody there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import checks as limits
from bot.app import Bot
from bot.checks import Checks
from bot.database import open_database
from bot.database.columns import WATCHED_MEMORY
from bot.database.notices import Notices
from bot.database.watches import WatchStore
from bot.watches.telling import Telling
from tests.bot.conftest import QUICK, World, everything
from tests.checks.whole import DOMAIN, HEALTHY, MX, Domain, domain
from tests.fakes.certificates import authorities
from tests.fakes.dns import Zone
from tests.fakes.minting import Served, Wish, named
from tests.oncall.policies import TEXT

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SOON = timedelta(minutes=10)


@dataclass
class Watched:
    """A lab that can be broken, a bot that watches it, and the clock that both go by."""

    world: World
    lab: Domain
    folder: Path
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    current: Bot | None = None

    @asynccontextmanager
    async def bot(self, **more: Any) -> AsyncIterator[Bot]:
        async with self.world.bot(clock=lambda: self.now, **more) as bot:
            self.current = bot
            yield bot

    async def command(self, text: str, channel: str = "#exchange") -> None:
        before = len(await self.world.rows("select 1 from delivery"))
        await self.world.place.command("alex", channel, "/mailflow", text)
        await self.world.settled(before + 1)
        await self.quiet()

    async def later(self, time: timedelta) -> None:
        """Lets time pass, as the sweep does every minute, until there is nothing left to do."""
        self.now += time
        assert self.current
        await self.current.watcher.rescue()
        await self.quiet()

    async def through(self, time: timedelta) -> None:
        """Lets time pass, look by look as they come due."""
        until = self.now + time
        while True:
            [row] = await self.world.rows("select min(next_at) as due from watched")
            if row["due"] > until:
                break
            await self.later(max(row["due"] - self.now, timedelta(0)))
        await self.later(until - self.now)

    async def quiet(self) -> None:
        async with asyncio.timeout(20):
            while True:
                busy = await self.world.rows(
                    "select 1 from watched join watch on watched.id = watched_id where next_at <= $1 and paused = '' "
                    "union all select 1 from watch_notice where state in ('planned', 'sending')",
                    self.now,
                )
                if not busy:
                    return
                await asyncio.sleep(0.02)

    def said(self, channel: str = "#exchange") -> list[str]:
        """The messages of a channel, without those in threads."""
        roots = [each for each in self.world.place.messages(channel) if each.get("thread_ts", each["ts"]) == each["ts"]]
        return [everything(each) for each in roots]

    def replies(self, number: int) -> list[str]:
        """What the bot said in the thread of the channel's message `number`."""
        roots = [each for each in self.world.place.messages("#exchange") if "parent_user_id" not in each]
        return [everything(each) for each in self.world.said("#exchange", roots[number]["ts"])]

    def show(self, days: float, *, issuer: str = "between", host: str = MX) -> None:
        """Has the mail server show another certificate, with so many days left from now on by the clock."""
        age = (self.now - datetime.now(UTC)) / DAY
        lab = authorities()
        made = getattr(lab, issuer).issue(Wish(named(host), hosts=(host,), days=days + age))
        self.lab.smtp.tls = Served((made.der, getattr(lab, issuer).der), made.key).ssl_context(self.folder)


@pytest.fixture
async def watched(tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    monkeypatch.setattr(limits, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(limits, "_PER_ASKER", 1000)
    monkeypatch.setattr(limits, "_PER_TARGET", 1000)
    async with domain(tmp_path) as lab:
        world.environ.update(lab.environ)
        yield Watched(world, lab, tmp_path)


async def test_a_watch_says_how_things_stand_and_then_speaks_only_of_changes(watched: Watched) -> None:
    async with watched.bot():
        await watched.command(f"watch {MX} every 6h")
        [told] = watched.world.place.ephemerals("alex")
        assert f"I watch {MX} every 6 h" in everything(told)
        [start] = watched.said()
        assert f"Watching {MX} every 6 h" in start
        assert "No fault found" in start
        assert f"the certificate of {MX} ends on" in start
        for _ in range(3):
            await watched.later(7 * HOUR)
        assert len(watched.said()) == 1
        [row] = await watched.world.rows("select count(*) as looks from check_run where asker = 'watch'")
        assert row["looks"] == 4


async def test_starttls_that_is_gone_is_told_once_and_its_return_in_the_same_message(watched: Watched) -> None:
    tls = watched.lab.smtp.tls
    async with watched.bot():
        await watched.command(f"watch {MX}")
        watched.lab.smtp.tls = None
        await watched.later(7 * HOUR)
        assert len(watched.said()) == 1  # one look proves nothing
        await watched.later(SOON)
        for _ in range(2):
            await watched.later(7 * HOUR)
        _, news = watched.said()
        assert "does not offer STARTTLS" in news
        assert "Get-ReceiveConnector" in news
        assert watched.replies(1) == []
        watched.lab.smtp.tls = tls
        await watched.later(7 * HOUR)
        await watched.later(SOON)
        _, news = watched.said()
        assert news.startswith("*Over: ")
        assert "Get-ReceiveConnector" not in news
        [line] = watched.replies(1)
        assert line.startswith("✓ Over: ")


async def test_a_certificate_that_comes_to_its_end_is_told_at_each_threshold_once(watched: Watched) -> None:
    watched.show(days=40)
    async with watched.bot():
        await watched.command(f"watch {MX} every 7d")
        await watched.through(41 * DAY)
        said = watched.said()
        left = [text.split(" ends ")[1].split(",")[0] for text in said[1:-1]]
        assert left == ["in 30 days", "in 14 days", "in 7 days", "in 3 days", "within a day"]
        assert "has expired" in said[-1]
        assert "Get-ExchangeCertificate" in said[-1]


async def test_a_renewed_certificate_ends_the_warning_and_says_where_the_old_one_may_be_named(watched: Watched) -> None:
    watched.show(days=31)
    async with watched.bot():
        await watched.command(f"watch {MX} every 1d")
        await watched.later(2 * DAY)
        assert f"The certificate of {MX} ends in" in watched.said()[1]
        watched.show(days=365, issuer="stranger_between")
        await watched.later(2 * DAY)
        _, warning, *news = watched.said()
        assert warning.startswith("*Over: ")
        assert any("Over: the certificate" in line for line in watched.replies(1))
        changed = next(text for text in news if "another certificate" in text)
        assert "Before:" in changed
        assert (
            "Get-SendConnector | Where-Object { [string]$_.TlsCertificateName -eq '<I>CN=Example Public TLS CA 1"
            in changed
        )


async def test_mx_records_that_change_are_told_when_they_stay(watched: Watched) -> None:
    async with watched.bot():
        await watched.command(f"watch {DOMAIN}")
        watched.lab.dns.zone = Zone.read(HEALTHY.replace(f"MX     10 {MX}", f"MX     20 {MX}"))
        await watched.later(7 * HOUR)
        await watched.later(SOON)
        _, news = watched.said()
        assert f"The MX records of {DOMAIN} changed" in news
        assert f"Before: `10 {MX}`" in news
        assert f"Now: `20 {MX}`" in news


async def test_what_could_not_be_looked_at_is_no_change(watched: Watched) -> None:
    async with watched.bot():
        await watched.command(f"watch {MX}")
        zone = watched.lab.dns.zone
        watched.lab.dns.zone = Zone.read(f". !servfail\n{MX} !refused")
        for _ in range(3):
            await watched.later(7 * HOUR)
        watched.lab.dns.zone = zone
        await watched.later(7 * HOUR)
        assert all("Over" not in text for text in watched.said())


async def test_the_thread_of_a_change_is_a_case(watched: Watched) -> None:
    async with watched.bot():
        await watched.command(f"watch {MX}")
        watched.lab.smtp.tls = None
        await watched.later(7 * HOUR)
        await watched.later(SOON)
        ts = watched.world.place.messages("#exchange")[1]["ts"]
        paste = "451 4.7.5 STARTTLS is required for this connector, but mx1.contoso.test does not offer it"
        await watched.world.place.post("priya", "#exchange", paste, thread_ts=ts)
        await watched.world.settled(2)
        assert "does not offer STARTTLS" in watched.replies(1)[0]
        await watched.world.place.click("priya", ts, "check_host")
        await watched.world.settled(3)
        assert any("Failing" in text for text in watched.replies(1))
        await watched.world.place.click("priya", ts, "show_steps")
        await watched.world.settled(4)
        assert any("All steps" in text for text in watched.replies(1))


async def test_several_channels_share_one_look(watched: Watched) -> None:
    async with watched.bot():
        await watched.command(f"watch {MX}")
        await watched.command(f"watch {MX} every 1d", "#on-call")
        watched.show(days=5)
        for _ in range(2):
            await watched.later(7 * HOUR)
        assert [len(watched.said(channel)) for channel in ("#exchange", "#on-call")] == [2, 2]
        [row] = await watched.world.rows("select count(*) as looks from check_run where asker = 'watch'")
        assert row["looks"] == 4
        assert len(await watched.world.rows("select 1 from watched")) == 1
        await watched.command(f"unwatch {MX}")
        await watched.command(f"watch stop {MX}", "#on-call")
        assert await watched.world.rows("select 1 from watched") == []
        assert "alex ended it" in watched.said()[-1].lower()


async def test_watches_are_listed_in_their_channel(watched: Watched) -> None:
    async with watched.bot():
        await watched.command("watch")
        await watched.command(f"watch {MX}")
        await watched.command("watch")
        await watched.command("watch list", "#on-call")
        empty, _, listed, elsewhere = [everything(each) for each in watched.world.place.ephemerals("alex")]
        assert "Nothing is watched" in empty
        assert "Nothing is watched" in elsewhere
        assert f"{MX}: No fault found; every 6 h, last look {watched.now:%Y-%m-%d %H:%M} UTC, next look" in listed


async def test_a_mention_is_answered_in_its_thread_and_an_edit_changes_it(watched: Watched) -> None:
    async with watched.bot():
        ts = await watched.world.place.post("alex", "#exchange", f"@Mailflow watch {MX} every 12 hours")
        await watched.world.settled()
        assert "every 12 h" in await watched.world.answer("#exchange", ts)
        await watched.world.place.edit("alex", "#exchange", ts, f"@Mailflow watch {MX} daily")
        await watched.world.settled(2)
        assert "every day" in await watched.world.answer("#exchange", ts)
        [row] = await watched.world.rows("select every from watch")
        assert row["every"] == DAY
        await watched.quiet()
        assert sum("Watching" in text for text in watched.said()) == 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("watch mail.contoso.com every 5m", "At most every 15 minutes"),
        ("watch mail.contoso.com every 8d", "at least every 7 days"),
        ("watch mail.contoso.com soon", "How often?"),
        ("watch mail.contoso.com every 99999h", "How often?"),
        ("watch https://contoso.test/x", "web address"),
        ("watch <!channel>", "not a full host name"),
        ("watch out", "not a full host name"),
        ("watch stop", "Which one?"),
        ("watch stop mail.contoso.com", "not watched here"),
    ],
)
async def test_what_cannot_be_watched_is_a_sentence(world: World, asked: str, said: str) -> None:
    async with world.bot():
        await world.place.command("alex", "#exchange", "/mailflow", asked)
        await world.settled()
        assert said in everything(world.place.ephemerals("alex")[-1])
        assert await world.rows("select 1 from watched") == []


async def test_beginning_and_ending_is_for_those_who_may(world: World) -> None:
    async with world.bot(MAILFLOW_MAY_WATCH="U0PRIYANAI"):
        for number, asked in enumerate((f"watch {MX}", f"watch stop {MX}", "watch"), 1):
            await world.place.command("alex", "#exchange", "/mailflow", asked)
            await world.settled(number)
        *refused, listed = [everything(each) for each in world.place.ephemerals("alex")]
        assert all("priya" in text for text in refused)
        assert "Nothing is watched" in listed
        assert await world.rows("select 1 from watched") == []


async def test_prose_that_begins_with_the_word_is_a_paste(world: World) -> None:
    async with world.bot():
        text = "@Mailflow watch out, everything of theirs fails with 550 5.7.606 Access denied, banned sending IP"
        ts = await world.place.post("alex", "#exchange", text)
        assert "banned" in await world.answer("#exchange", ts)


async def test_a_workspace_may_have_so_many(watched: Watched) -> None:
    async with watched.bot(MAILFLOW_MAX_WATCHES="1"):
        await watched.command(f"watch {MX}")
        await watched.command(f"watch {DOMAIN}")
        assert "may have 1 (MAILFLOW_MAX_WATCHES)" in everything(watched.world.place.ephemerals("alex")[-1])
        await watched.command(f"watch {MX} every 1h")  # another interval is no other watch
        assert [row["every"] for row in await watched.world.rows("select every from watch")] == [HOUR]


async def test_a_channel_that_shuts_pauses_its_watch_and_its_owner_hears_what_it_missed(watched: Watched) -> None:
    async with watched.bot():
        await watched.command(f"watch {MX}")
        watched.show(days=5)
        watched.world.place.fail_next("chat.postMessage", error="is_archived")
        await watched.later(7 * HOUR)
        [told] = [everything(each) for each in watched.world.place.messages("alex")]
        assert "paused the watch" in told
        assert "archived" in told
        assert "another certificate" in told
        looks = len(watched.lab.smtp.heard)
        await watched.later(7 * HOUR)
        assert len(watched.lab.smtp.heard) == looks  # nobody is told, so nobody looks
        await watched.command(f"watch {MX}")
        assert sum("Watching" in text for text in watched.said()) == 2
        assert len(watched.world.place.messages("alex")) == 1


async def test_what_may_not_be_looked_at_is_not_watched_in_silence(watched: Watched) -> None:
    async with watched.bot(MAILFLOW_CHECK_DENY="127.0.0.1"):
        await watched.command(f"watch {MX}")
        [told] = [everything(each) for each in watched.world.place.messages("alex")]
        assert "MAILFLOW_CHECK_DENY" in told
        assert watched.lab.smtp.heard == []


async def test_an_expired_certificate_goes_to_whoever_is_on_call(watched: Watched) -> None:
    policy = watched.folder / "oncall.toml"
    policy.write_text(TEXT + '\n[[rules]]\nwhen = "any-failure"\nseverity = "critical"\n')
    watched.show(days=2)
    async with watched.bot(MAILFLOW_ONCALL_FILE=str(policy)):
        await watched.command(f"watch {MX}")
        assert await watched.world.rows("select 1 from page") == []
        await watched.later(3 * DAY)
        await watched.world.place.wait_for(
            lambda: [call for call in watched.world.place.calls if call.method == "conversations.open"], 10
        )
        root = next(each for each in watched.world.place.messages("#exchange") if "has expired" in everything(each))
        await watched.world.place.click("priya", root["ts"], "acknowledge_escalation")
        await watched.world.place.wait_for(
            lambda: any("has it" in everything(each) for each in watched.world.said("#exchange", root["ts"])), 10
        )


async def test_after_days_without_any_process_there_is_one_look(watched: Watched) -> None:
    async with watched.bot():
        await watched.command(f"watch {MX} every 1h")
    watched.now += 5 * DAY
    async with watched.bot():
        await watched.quiet()
        [row] = await watched.world.rows("select count(*) as looks from check_run where asker = 'watch'")
        assert row["looks"] == 2
        assert len(watched.said()) == 1


async def test_two_processes_look_once_and_speak_once(watched: Watched) -> None:
    async with watched.bot() as one, watched.bot() as other:
        await watched.command(f"watch {MX}")
        watched.show(days=5)
        watched.now += 7 * HOUR
        await asyncio.gather(*(bot.watcher.rescue() for bot in (one, other, one, other)))
        await watched.quiet()
        assert len(watched.said()) == 2
        [row] = await watched.world.rows("select count(*) as looks from check_run where asker = 'watch'")
        assert row["looks"] == 2


async def test_looks_that_are_refused_for_now_are_made_later(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    async with watched.bot():
        await watched.command(f"watch {MX}")
        monkeypatch.setattr(limits, "_PER_ASKER", 1)
        await watched.later(7 * HOUR)
        [row] = await watched.world.rows("select looked_at, next_at from watched")
        assert row["next_at"] - watched.now <= timedelta(minutes=1)
        monkeypatch.setattr(limits, "_PER_ASKER", 1000)
        await watched.later(SOON)
        [row] = await watched.world.rows("select looked_at from watched")
        assert row["looked_at"] == watched.now


async def test_a_post_whose_answer_is_lost_is_found(watched: Watched) -> None:
    async with watched.bot():
        watched.world.place.fail_next("chat.postMessage", lost_answer=True)
        await watched.command(f"watch {MX}")
        assert len(watched.said()) == 1


async def test_what_another_version_kept_is_begun_anew(watched: Watched) -> None:
    async with watched.bot() as bot:
        await watched.command(f"watch {MX}")
        watched.show(days=5)
        [row] = await watched.world.rows("select id from watched")
        async with open_database(watched.world.settings()) as database:
            no_memory = database.seal.close("something else", WATCHED_MEMORY.at(row["id"]))
        await watched.world.rows("update watched set memory = $1", no_memory)
        await watched.later(7 * HOUR)
        assert len(watched.said()) == 1
        watched.show(days=4)
        await watched.later(7 * HOUR)
        assert "another certificate" in watched.said()[-1]
        assert bot.ready


STEPS: dict[str, Callable[[], tuple[type, str]]] = {
    "looked": lambda: (Checks, "run"),
    "recorded": lambda: (WatchStore, "held"),
    "sent off": lambda: (Notices, "send_off"),
    "posted": lambda: (Telling, "_post"),
    "a case": lambda: (Telling, "_open_case"),
    "settled": lambda: (Notices, "settle"),
}


@pytest.mark.parametrize("step", STEPS)
async def test_cut_off_behind_any_step_everything_is_said_once(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The process ends right behind a step: its job never comes back to it, and another process takes over."""
    async with watched.bot():
        await watched.command(f"watch {MX}")
    watched.now += 7 * HOUR
    watched.show(days=5)
    where, name = STEPS[step]()
    reached = asyncio.Event()

    async def cut(*_: Any) -> None:
        reached.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(where, name, _cut_behind(getattr(where, name), cut))
        async with watched.bot(pace=replace(QUICK, stop=0.05)):
            await asyncio.wait_for(reached.wait(), 10)
    async with watched.bot():
        await watched.quiet()
        start, news = watched.said()
        assert "Watching" in start
        assert "another certificate" in news
        held = await watched.world.rows("select 1 from evidence where text is not null")
        assert len(held) == 2  # both are cases


def _cut_behind(call: Any, cut: Callable[..., Any]) -> Any:
    if call.__name__ == "held":

        @asynccontextmanager
        async def around(*args: Any) -> AsyncIterator[Any]:
            async with call(*args) as held:
                yield held
            await cut()

        return around

    async def behind(*args: Any, **more: Any) -> Any:
        await call(*args, **more)
        await cut()

    return behind
