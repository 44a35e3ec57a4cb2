"""From a paste in a channel to the answer in its thread, over the real wire."""

from __future__ import annotations

import pytest

from diagnostics import diagnose
from tests.bot.conftest import World, everything
from tests.bot.pastes import CURED, FAILING, failing

UNABLE = 'LastError : 451 4.4.0 Primary target IP address responded with: "421 4.2.1 Unable to connect."'


async def test_a_pasted_failure_is_answered_in_its_thread(world: World, mode: dict[str, str]) -> None:
    async with world.bot(mode):
        ts = await world.place.post("alex", "#exchange", FAILING)
        assert "UnknownCredentials" in await world.answer("#exchange", ts)
        await world.settled()
        assert len(world.answers("#exchange", ts)) == 1


async def test_chatter_is_met_with_silence_and_forgotten(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", "good morning, the coffee machine is broken again")
        await world.place.wait_for(lambda: world.place.deliveries)
        await world.settled()
        assert world.answers("#exchange", ts) == []
        assert await world.rows("select 1 from delivery where payload is not null") == []
        assert await world.rows("select 1 from evidence") == []


async def test_a_mention_that_pastes_gets_one_answer_although_it_arrives_twice(
    world: World, mode: dict[str, str]
) -> None:
    async with world.bot(mode):
        ts = await world.place.post("alex", "#exchange", f"@Mailflow what is this? {FAILING}")
        await world.answer("#exchange", ts)
        await world.place.wait_for(lambda: len(world.place.deliveries) == 2)
        await world.settled()
        assert len(world.answers("#exchange", ts)) == 1


async def test_a_redelivery_gets_no_second_answer(world: World, mode: dict[str, str]) -> None:
    async with world.bot(mode):
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        event = world.place.deliveries[0].id
        await world.place.redeliver(event, times=3)
        await world.settled()
        assert len(world.answers("#exchange", ts)) == 1
        assert [sent.acknowledged for sent in world.place.deliveries if sent.id == event] == [True] * 4


async def test_a_direct_message_always_gets_an_answer(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("priya", "priya", "hello, can you help me?")
        assert await world.answer("priya", ts)


@pytest.mark.parametrize("text", ["@Mailflow", "@Mailflow help", "@Mailflow what do you think?"])
async def test_a_mention_without_a_paste_says_what_to_paste(world: World, text: str) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", text)
        assert "paste" in (await world.answer("#exchange", ts)).lower()


async def test_a_mention_explains_a_code_as_the_command_does(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", "@Mailflow explain 5.7.64")
        assert "5.7.64" in await world.answer("#exchange", ts)


async def test_a_follow_up_judges_the_whole_thread_and_moves_the_first_answer(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        await world.place.post("sam", "#exchange", "thanks, looking", thread_ts=ts)
        await world.place.post("sam", "#exchange", CURED, thread_ts=ts)
        assert "works again" in await world.answer("#exchange", ts, count=2)
        await world.place.wait_for(lambda: "works again" in everything(world.answers("#exchange", ts)[0]))
        await world.settled()
        assert len(world.answers("#exchange", ts)) == 2


async def test_what_somebody_says_was_found_answers_the_question_and_chatter_does_not(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", UNABLE)
        await world.answer("#exchange", ts)
        await world.place.post("sam", "#exchange", "is port 25 blocked by our provider?", thread_ts=ts)
        told = await world.place.post(
            "sam", "#exchange", "asked them: port 25 is blocked by our provider", thread_ts=ts
        )
        assert "likely now" in await world.answer("#exchange", ts, count=2)
        await world.place.post("sam", "#exchange", "thanks, I'll call them", thread_ts=ts)
        await world.place.post("sam", "#exchange", "port 25 is blocked by our provider, as said", thread_ts=ts)
        await world.settled()
        assert len(world.answers("#exchange", ts)) == 2
        await world.place.delete("sam", "#exchange", told)
        await world.place.wait_for(lambda: "likely" not in everything(world.answers("#exchange", ts)[0]).lower())


async def test_what_was_asked_for_of_a_told_failure_is_judged_with_it(world: World) -> None:
    """Nothing was pasted first, so nothing was read; what is sent then is read alone as settings without a failure."""
    told = (
        "Nach dem Import des Wildcard-Zertifikats am Montag zeigt EHLO STARTTLS an, nach dem STARTTLS kommt aber immer noch "
        "CN=EX7 (selbstsigniert). Partner mit Zertifikatsprüfung bekommen wir so nicht."
    )
    printed = (
        "Thumbprint    : 51A2F04E9D3C586B17E0AC45D2938F61B47C0E5B\nSubject       : CN=*.contoso.com\nServices      : IIS\n"
        "Status        : Valid\nHasPrivateKey : True\n\n"
        "Thumbprint    : 2E7BD51902C4A86F1D90B2E7745A8C1360F9ED25\nSubject       : CN=EX7\nServices      : IIS, SMTP\n"
        "Status        : Valid\nHasPrivateKey : True"
    )
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", f"@Mailflow {told}")
        assert "certificates of the Exchange server" in await world.answer("#exchange", ts)
        await world.place.post("alex", "#exchange", printed, thread_ts=ts)
        assert "without SMTP" in await world.answer("#exchange", ts, count=2)
        await world.settled()
        assert len(world.answers("#exchange", ts)) == 2


async def test_who_cannot_answer_is_asked_something_else_once(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", UNABLE)
        first = diagnose(UNABLE).next[0].ask
        assert first in await world.answer("#exchange", ts)
        await world.place.post("sam", "#exchange", "no idea what he did there yesterday, Bob", thread_ts=ts)
        await world.place.post("sam", "#exchange", "I have no access to that server", thread_ts=ts)
        second = diagnose(UNABLE, followups=("I have no access to that server",)).next[0].ask
        assert second != first
        assert second in await world.answer("#exchange", ts, count=2)
        await world.settled()
        assert len(world.answers("#exchange", ts)) == 2


async def test_a_mention_in_a_thread_works_from_the_record_alone(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        await world.place.post("sam", "#exchange", "@Mailflow and now?", thread_ts=ts)
        assert "UnknownCredentials" in await world.answer("#exchange", ts, count=2)
        methods = {call.method for call in world.place.calls}
        assert not methods & {"conversations.history", "conversations.replies"}


async def test_other_bots_are_ignored_unless_allowed(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("monitoring", "#exchange", FAILING)
        await world.place.wait_for(lambda: world.place.deliveries)
        assert await world.rows("select 1 from delivery") == []
    async with world.bot(MAILFLOW_ALERT_BOTS="B0OTHER, B0ALERTBOT"):
        ts = await world.place.post("monitoring", "#exchange", FAILING)
        assert "UnknownCredentials" in await world.answer("#exchange", ts)


async def test_a_message_shortcut_answers_a_message_that_was_passed_over(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", "is mail down?")
        await world.place.wait_for(lambda: world.place.deliveries)
        await world.settled()
        assert world.answers("#exchange", ts) == []
        await world.place.shortcut("sam", "#exchange", ts, "diagnose_message")
        assert "paste" in (await world.answer("#exchange", ts)).lower()


async def test_hostile_text_pings_nobody_and_comes_back_as_typed(world: World) -> None:
    typed = failing(connector="Out <!channel> <@U0SAMOKAFO> &<> `x`")
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", typed)
        await world.answer("#exchange", ts)
        message = world.answers("#exchange", ts)[0]
        sent = next(call for call in world.place.calls if call.method == "chat.postMessage").args
        assert "<!channel>" not in sent["text"]
        assert "<@U0SAMOKAFO>" not in sent["text"]
        assert all(block["type"] != "section" or "<!" not in str(block) for block in message["blocks"])
        assert "Out <!channel> <@U0SAMOKAFO> &<> `x`" in everything({"blocks": message["blocks"]})


async def test_two_conversations_do_not_wait_for_each_other(world: World) -> None:
    async with world.bot():
        world.place.fail_next("chat.postMessage", delay=9.5)  # whichever of the two comes first
        begun = [(channel, await world.place.post("alex", channel, FAILING)) for channel in ("#exchange", "#on-call")]
        await world.place.wait_for(lambda: any(world.answers(*each) for each in begun), 9)
        assert sorted(len(world.answers(*each)) for each in begun) == [0, 1]


async def test_a_thread_that_does_not_stop_is_paused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handlers.messages.LOOP_ANSWERS", 3)
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", FAILING)
        for number in range(6):
            await world.place.post("alex", "#exchange", f"{FAILING}{number}", thread_ts=ts)
        await world.place.wait_for(lambda: len(world.place.deliveries) == 7)
        await world.settled()
        said = [everything(message) for message in world.answers("#exchange", ts)]
        assert len(said) == 4
        assert "pause" in said[-1]
