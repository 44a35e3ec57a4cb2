"""Who may have what watched, in which words, and what is answered."""

from __future__ import annotations

import pytest

from tests.bot.conftest import World, everything
from tests.bot.watches.conftest import DAY, HOUR, Watched
from tests.checks.whole import DOMAIN, MX


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


async def test_what_may_not_be_looked_at_is_not_watched_in_silence(watched: Watched) -> None:
    async with watched.bot(MAILFLOW_CHECK_DENY="127.0.0.1"):
        await watched.command(f"watch {MX}")
        [told] = [everything(each) for each in watched.world.place.messages("alex")]
        assert "MAILFLOW_CHECK_DENY" in told
        assert watched.lab.smtp.heard == []
