"""The words that work in threads, where Slack has no commands; and what is said to a word that is none."""

from __future__ import annotations

import pytest

from handlers.commands import WORDS
from tests.bot.conftest import World, everything
from tests.bot.oncall.conftest import OnCallWorld, oncall  # noqa: F401 - a fixture
from tests.bot.pastes import FAILING


async def test_status_says_in_two_lines_how_a_case_stands(oncall: OnCallWorld) -> None:  # noqa: F811 - the fixture
    async with oncall.bot():
        ts = await oncall.case()
        await oncall.say(ts, "status")
        said = oncall.notes(ts)[-1].split("\n")
        assert said[0].startswith("Open. ")
        assert "private key" in said[0]
        assert said[1].startswith("Next: ")
        await oncall.say(ts, "escalate")
        await oncall.say(ts, "status")
        assert oncall.notes(ts)[-1].startswith("Open; jonas is being paged")
        await oncall.say(ts, "ack", "sam")
        await oncall.say(ts, "status")
        assert oncall.notes(ts)[-1].startswith("Open; sam has it.")
        await oncall.say(ts, "resolve", "priya")
        await oncall.say(ts, "status")
        assert oncall.notes(ts)[-1].startswith("Resolved by priya.")
        link = f"https://contoso.slack.com/archives/C0EXCHANGE/p{ts.replace('.', '')}"
        for text, says in ((f"status {link}", "Resolved by priya."), ("status", "Which case?")):
            await oncall.world.place.command("alex", "#exchange", "/mailflow", text)
            await oncall.until(
                lambda says=says: any(says in everything(e) for e in oncall.world.place.ephemerals("alex"))
            )


async def test_status_of_a_healthy_case_and_of_none(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", "lunch?")
        await world.place.post("alex", "#exchange", "@Mailflow status", thread_ts=ts)
        assert "no case yet" in await world.answer("#exchange", ts)


async def test_who_is_on_call_is_told_without_a_ping(oncall: OnCallWorld) -> None:  # noqa: F811 - the fixture
    async with oncall.bot():
        await oncall.world.place.command("alex", "#exchange", "/mailflow", "oncall")
        [told] = await oncall.world.place.wait_for(lambda: oncall.world.place.ephemerals("alex"))
        text = everything(told)
        assert "first: jonas, until Mon 30 Mar 09:00 (Europe/Berlin)" in text
        assert "both: priya, jonas\n" in text
        ts = await oncall.world.place.post("alex", "#exchange", "@Mailflow on-call")
        assert "backup: sam" in await oncall.world.answer("#exchange", ts)
        assert "<@" not in everything(oncall.world.answers("#exchange", ts)[0]) + text
        assert oncall.pages() == []


async def test_without_a_file_nobody_is_on_call(world: World) -> None:
    async with world.bot():
        await world.place.command("alex", "#exchange", "/mailflow", "oncall")
        [told] = await world.place.wait_for(lambda: world.place.ephemerals("alex"))
        assert "Nobody is on call for this workspace" in everything(told)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("chekc mail.contoso.com", "I do not know “chekc”. Did you mean: check mail.contoso.com"),
        ("solved", "Did you mean: resolve <link to a message>"),
        ("escalate this please", "Say it as in: escalate"),
        ("what is wrong?", "I can read no mail-flow error in this."),
        ("what is wrong?", "“help” lists what I understand"),
        ("help", "or send it to me"),
        ("diagnose lunch", "I can read no mail-flow error in this."),
        ("explain 5.7.64", "5.7.64"),
    ],
)
async def test_a_word_that_is_none_is_answered_with_the_nearest(world: World, text: str, says: str) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", "hm")
        await world.place.post("alex", "#exchange", f"@Mailflow {text}", thread_ts=ts)
        assert says in await world.answer("#exchange", ts)


async def test_a_paste_that_begins_with_a_word_is_a_paste(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", f"@Mailflow check this please:\n{FAILING}")
        assert "UnknownCredentials" in await world.answer("#exchange", ts)


async def test_a_shortcut_where_the_bot_is_no_member_answers_its_user(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("monitoring", "#exchange", FAILING)
        world.place.fail_next("chat.postMessage", error="not_in_channel")
        await world.place.shortcut("sam", "#exchange", ts, "diagnose_message")
        [told] = await world.place.wait_for(lambda: world.place.ephemerals("sam"))
        assert "UnknownCredentials" in everything(told)
        assert await world.rows("select 1 from evidence where text is not null") == []


async def test_a_shortcut_on_our_own_message_says_what_it_is_for(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        await world.place.shortcut("sam", "#exchange", world.answers("#exchange", ts)[0]["ts"], "diagnose_message")
        [told] = await world.place.wait_for(lambda: world.place.ephemerals("sam"))
        assert "a message of mine" in everything(told)


def test_no_way_to_say_something_means_two_things() -> None:
    names = [name for word in WORDS for name in word.names]
    assert len(names) == len(set(names))
    assert all(word.reply or word.from_command or word.in_thread for word in WORDS)
