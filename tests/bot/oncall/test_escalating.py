"""From a word in a thread to somebody who has it, over the real wire."""

from __future__ import annotations

from datetime import timedelta

from handlers.blocks.page import ACKNOWLEDGE, ESCALATE, RESOLVE
from tests.bot.conftest import everything
from tests.bot.oncall.conftest import MINUTES, OnCallWorld, pings
from tests.bot.pastes import FAILING
from tests.oncall.policies import JONAS, PRIYA, SAM, TEXT


async def test_who_is_on_call_gets_a_message_and_a_mention_with_the_essence(oncall: OnCallWorld) -> None:
    async with oncall.bot():
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        assert oncall.pages() == [JONAS]
        direct, root, mention = oncall.world.place.messages("jonas")[-1], *oncall.world.place.messages("#on-call")
        for message in (direct, root):
            said = everything(message)
            assert "Exchange may not read the private key" in said
            assert "TLS negotiation failed with error UnknownCredentials" in said
            assert "Get-ExchangeCertificate" in said
            assert f"/archives/C0EXCHANGE/p{ts.replace('.', '')}" in said
            assert "alex asks for whoever is on call" in said
            assert pings(message) == set()
        assert pings(mention) == {JONAS}
        assert mention["thread_ts"] == root["ts"]
        [note] = oncall.notes(ts)
        assert "Paged: jonas" in note
        assert [pings(said) for said in oncall.world.said("#exchange", ts)] == [set()] * 2


async def test_without_a_channel_the_mention_is_in_the_cases_thread(oncall: OnCallWorld) -> None:
    oncall.policy(TEXT.replace('channel = "C0ONCALL01"', ""))
    async with oncall.bot():
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        assert [pings(said) for said in oncall.world.answers("#exchange", ts)] == [set(), {JONAS}]
        assert oncall.channel() == []


async def test_a_button_acknowledges_and_the_paging_ends(oncall: OnCallWorld) -> None:
    async with oncall.bot():
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        page = oncall.world.place.messages("jonas")[-1]
        await oncall.world.place.click("jonas", page["ts"], ACKNOWLEDGE)
        await oncall.until(lambda: any("has it" in note for note in oncall.notes(ts)))
        await oncall.wait(29 * MINUTES)
        assert oncall.pages() == [JONAS]
        assert any("jonas has it" in said for said in oncall.channel())
        assert "jonas has it" in everything(oncall.world.place.messages("jonas")[-1])
        assert "You have it" in everything(oncall.world.place.ephemerals("jonas")[-1])


async def test_nobody_acknowledges_so_level_follows_level(oncall: OnCallWorld) -> None:
    async with oncall.bot():
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        await oncall.wait(9 * MINUTES)
        assert oncall.pages() == [JONAS]
        await oncall.wait(MINUTES)
        assert oncall.pages() == [JONAS, PRIYA, JONAS]
        await oncall.wait(25 * MINUTES)
        assert oncall.pages() == [JONAS, PRIYA, JONAS, JONAS, PRIYA, JONAS]
        assert "nobody has acknowledged" in oncall.notes(ts)[-1]


async def test_ack_and_resolve_work_in_the_case_and_under_every_page(oncall: OnCallWorld) -> None:
    async with oncall.bot():
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        root = oncall.world.place.messages("#on-call")[0]
        await oncall.world.place.post("sam", "#on-call", "@Mailflow ack", thread_ts=root["ts"])
        await oncall.until(lambda: any("sam has it" in note for note in oncall.notes(ts)))
        await oncall.say(ts, "resolve", who="sam")
        assert "Resolved by sam" in oncall.notes(ts)[-1]
        shown = oncall.world.place.messages("jonas")[-1]
        assert "Resolved by sam" in everything(shown)
        assert not [block for block in shown["blocks"] if block["type"] == "actions"]
        await oncall.wait(timedelta(hours=5))
        assert oncall.pages() == [JONAS]


async def test_who_escalates_is_never_paged(oncall: OnCallWorld) -> None:
    async with oncall.bot():
        ts = await oncall.case("jonas")
        await oncall.say(ts, "escalate", who="jonas")
        assert oncall.pages() == [SAM]  # jonas is on call himself, so the next target is
        assert "the one who asks" in oncall.notes(ts)[0]
        await oncall.wait(10 * MINUTES)
        assert oncall.pages() == [SAM, PRIYA]
        assert all(JONAS not in pings(message) for message in oncall.world.place.messages("#on-call"))


async def test_asking_twice_pages_once(oncall: OnCallWorld) -> None:
    async with oncall.bot():
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        await oncall.say(ts, "escalate", who="sam")
        assert oncall.pages() == [JONAS]
        assert "a moment ago" in oncall.notes(ts)[-1]
        for sent in [each.id for each in oncall.world.place.deliveries if each.id]:
            await oncall.world.place.redeliver(sent)
        await oncall.world.settled()
        await oncall.quiet()
        assert oncall.pages() == [JONAS]


async def test_there_may_be_nothing_to_acknowledge(oncall: OnCallWorld) -> None:
    async with oncall.bot():
        ts = await oncall.world.place.post("alex", "#exchange", "@Mailflow help")
        await oncall.world.answer("#exchange", ts)
        await oncall.say(ts, "ack")
        assert "nothing to acknowledge" in oncall.notes(ts)[-1]


async def test_the_button_for_the_next_level(oncall: OnCallWorld) -> None:
    async with oncall.bot():
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        oncall.clock.now += 2 * MINUTES
        page = oncall.world.place.messages("jonas")[-1]
        await oncall.world.place.click("jonas", page["ts"], ESCALATE)
        await oncall.until(lambda: len(oncall.notes(ts)) == 2)
        assert oncall.pages() == [JONAS, PRIYA]  # jonas asked for more: he isn't paged again
        page = oncall.world.place.messages("priya")[-1]
        await oncall.world.place.click("priya", page["ts"], RESOLVE)
        await oncall.until(lambda: "Resolved by priya" in oncall.notes(ts)[-1])


async def test_a_word_to_the_bot_alone_wakes_nobody_without_a_case(oncall: OnCallWorld) -> None:
    place = oncall.world.place
    async with oncall.bot():
        ts = await place.post("alex", "alex", "escalate")
        asked = await oncall.world.answer("alex", ts)
        assert "Nobody is paged yet" in asked
        assert "first: jonas, until" in asked
        await oncall.wait(timedelta(hours=1))
        assert oncall.pages() == []
        await place.click("alex", oncall.world.answers("alex", ts)[0]["ts"], ESCALATE)
        await oncall.until(lambda: oncall.pages() == [JONAS])
        await oncall.until(lambda: "Paged: jonas" in everything(oncall.world.answers("alex", ts)[-1]))
        assert "being paged" in everything(place.ephemerals("alex")[-1])


async def test_a_word_below_a_paste_or_a_page_is_clear_even_to_the_bot_alone(oncall: OnCallWorld) -> None:
    place = oncall.world.place
    async with oncall.bot():
        ts = await place.post("alex", "alex", FAILING)
        await oncall.world.answer("alex", ts)
        await place.post("alex", "alex", "escalate", thread_ts=ts)
        await oncall.until(lambda: oncall.pages() == [JONAS])
        await oncall.quiet()
        oncall.clock.now += 2 * MINUTES
        await place.post("jonas", "jonas", "escalate", thread_ts=place.messages("jonas")[-1]["ts"])
        await oncall.until(lambda: oncall.pages() == [JONAS, PRIYA])


async def test_a_command_needs_the_link_of_a_message_here(oncall: OnCallWorld) -> None:
    async with oncall.bot():
        ts = await oncall.case()
        link = f"https://contoso.slack.com/archives/C0EXCHANGE/p{ts.replace('.', '')}"
        for where, text in (("#exchange", "escalate"), ("#on-call", f"escalate {link}")):
            await oncall.world.place.command("alex", where, "/mailflow", text)
            await oncall.until(lambda: oncall.world.place.ephemerals("alex"))
            assert "Which case?" in everything(oncall.world.place.ephemerals("alex")[-1])
            oncall.world.place.workspace.ephemerals.clear()
        assert oncall.pages() == []
        await oncall.world.place.command("alex", "#exchange", "/mailflow", f"escalate {link}")
        await oncall.until(lambda: oncall.pages() == [JONAS])


async def test_a_mention_may_name_another_thread_of_its_channel(oncall: OnCallWorld) -> None:
    async with oncall.bot():
        ts = await oncall.case()
        link = f"https://contoso.slack.com/archives/C0EXCHANGE/p{ts.replace('.', '')}"
        there = await oncall.world.place.post("alex", "#on-call", f"@Mailflow escalate {link}")
        assert "Which case?" in await oncall.world.answer("#on-call", there)
        here = await oncall.world.place.post("alex", "#exchange", f"@Mailflow escalate {link}")
        assert "is being paged" in await oncall.world.answer("#exchange", here)
        await oncall.quiet()
        assert oncall.pages() == [JONAS]
        assert "Paged: jonas" in oncall.notes(ts)[0]


async def test_chatter_in_the_thread_is_movement(oncall: OnCallWorld) -> None:
    async with oncall.bot():
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        await oncall.say(ts, "ack", who="jonas")
        for _ in range(3):
            await oncall.wait(20 * MINUTES)
            await oncall.post(ts, "still at it", who="jonas")
        assert oncall.pages() == [JONAS]
        await oncall.wait(31 * MINUTES)
        assert oncall.pages() == [JONAS, JONAS]


async def test_the_shift_after_this_one_hears_of_what_is_open(oncall: OnCallWorld) -> None:
    oncall.clock.now = oncall.clock.now.replace(day=30, hour=6, minute=50)  # 08:50 in Berlin, ten minutes before
    async with oncall.bot():
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        assert oncall.pages() == [JONAS]
        await oncall.say(ts, "ack", who="jonas")
        await oncall.wait(11 * MINUTES)
        assert oncall.pages() == [JONAS, PRIYA]
        assert "Your shift begins" in everything(oncall.world.place.messages("priya")[-1])
        assert "jonas has it" in everything(oncall.world.place.messages("priya")[-1])
        assert "The shift changed: priya" in oncall.notes(ts)[-1]


async def test_a_deleted_paste_leaves_the_pages_too(oncall: OnCallWorld) -> None:
    async with oncall.bot():
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        assert "UnknownCredentials" in oncall.channel()[0]
        await oncall.world.place.delete("alex", "#exchange", ts)
        await oncall.until(lambda: "UnknownCredentials" not in "".join(oncall.channel()))
        await oncall.quiet()
        assert "UnknownCredentials" not in everything(oncall.world.place.messages("jonas")[-1])


async def test_without_an_on_call_file_nobody_is_paged_and_the_rest_works(oncall: OnCallWorld) -> None:
    async with oncall.world.bot(clock=oncall.clock) as bot:
        oncall.current = bot
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        assert "Nobody is on call" in oncall.notes(ts)[0]
        await oncall.say(ts, "ack", who="sam")
        assert "sam has it" in oncall.notes(ts)[1]
        await oncall.wait(timedelta(days=2))
        assert await oncall.world.rows("select 1 from timer") == []
        await oncall.say(ts, "resolve", who="sam")
        assert "Resolved by sam" in oncall.notes(ts)[2]
        assert len(oncall.notes(ts)) == 3
        assert oncall.pages() == []


async def test_who_takes_what_nobody_was_paged_for_is_not_asked_again(oncall: OnCallWorld) -> None:
    async with oncall.bot():
        ts = await oncall.case()
        await oncall.say(ts, "ack", who="sam")
        await oncall.post(ts, "looking")
        await oncall.wait(timedelta(hours=5))
        assert oncall.pages() == []
