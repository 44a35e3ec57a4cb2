"""From a word in a thread to somebody who has it, over the real wire."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from handlers.blocks.page import ACKNOWLEDGE, ESCALATE, RESOLVE
from tests.bot.conftest import everything
from tests.bot.oncall.conftest import MINUTES, OnCallWorld
from tests.bot.pastes import CURED, FAILING
from tests.oncall.policies import MIDNIGHT, QUIET, TEXT

PRIYA, JONAS, SAM, ALEX = "U0PRIYANAI", "U0JONASWEB", "U0SAMOKAFO", "U0ALEXRIVE"
RULE = '[[rules]]\nwhen = "any-failure"\n'


def pings(message: dict[str, Any]) -> set[str]:
    """Whom a message pings: by its text (for notifications) and by its blocks."""

    def users(value: Any) -> set[str]:
        if isinstance(value, dict):
            return ({value["user_id"]} if value.get("type") == "user" else set()).union(*map(users, value.values()))
        return set().union(*map(users, value)) if isinstance(value, list) else set()

    words = str(message.get("text") or "").replace("<@", " <@").split()
    return users(message.get("blocks")) | {word[2:].rstrip(">") for word in words if word.startswith("<@")}


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


@pytest.mark.parametrize("error", ["user_not_found", "cannot_dm_bot", "user_disabled", "channel_not_found"])
async def test_a_page_that_cannot_be_delivered_goes_to_the_next_at_once_and_says_so(
    oncall: OnCallWorld, error: str
) -> None:
    async with oncall.bot():
        ts = await oncall.case()
        oncall.world.place.fail_next("conversations.open", error=error)
        await oncall.say(ts, "escalate")
        assert oncall.pages() == [SAM]
        missed, paged = oncall.notes(ts)
        assert "Could not page jonas" in missed
        assert error in missed
        assert "Paged: sam" in paged
        assert all(JONAS not in pings(message) for message in oncall.world.place.messages("#on-call"))


async def test_when_nobody_can_be_reached_it_goes_on_later(oncall: OnCallWorld) -> None:
    async with oncall.bot():
        ts = await oncall.case()
        oncall.world.place.fail_next("conversations.open", count=4, error="user_disabled")
        await oncall.say(ts, "escalate")
        assert oncall.pages() == []
        assert len(oncall.notes(ts)) == 3
        await oncall.wait(5 * MINUTES)
        assert oncall.pages() == [JONAS]


async def test_one_of_several_cannot_be_paged(oncall: OnCallWorld) -> None:
    oncall.policy(TEXT.replace('targets = ["first", "backup"]', 'targets = ["both"]'))
    async with oncall.bot():
        ts = await oncall.case()
        oncall.world.place.fail_next("conversations.open", error="user_disabled")
        await oncall.say(ts, "escalate")
        assert oncall.pages() == [JONAS]
        assert sorted("Could not page priya" in note for note in oncall.notes(ts)) == [False, True]


async def test_a_rate_limit_is_waited_out_and_a_long_one_is_not(oncall: OnCallWorld) -> None:
    async with oncall.bot():
        ts = await oncall.case()
        oncall.world.place.fail_next("conversations.open", status=429, retry_after=1)
        await oncall.say(ts, "escalate")
        assert oncall.pages() == [JONAS]
        await oncall.say(ts, "resolve")
        oncall.world.place.fail_next("conversations.open", status=429, retry_after=60)
        await oncall.say(ts, "escalate")
        assert oncall.pages() == [JONAS, SAM]


async def test_a_page_whose_answer_was_lost_is_found_and_not_repeated(oncall: OnCallWorld) -> None:
    async with oncall.bot():
        ts = await oncall.case()
        oncall.world.place.fail_next("chat.postMessage", count=4, lost_answer=True)
        await oncall.say(ts, "escalate")
        assert len(oncall.world.place.messages("jonas")) == 1
        assert len(oncall.world.place.messages("#on-call")) == 2
        assert len(oncall.notes(ts)) == 1


async def test_no_ping_after_an_acknowledgement_even_of_what_was_to_be_tried_again(oncall: OnCallWorld) -> None:
    async with oncall.bot():
        ts = await oncall.case()
        oncall.world.place.fail_next("conversations.open", status=429, retry_after=3)
        await oncall.world.place.post("alex", "#exchange", "@Mailflow escalate", thread_ts=ts)
        await oncall.until(lambda: any(call.method == "conversations.open" for call in oncall.world.place.calls))
        await oncall.say(ts, "ack", who="sam")
        await oncall.wait(5 * MINUTES)
        assert oncall.pages() == []


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


async def test_a_rule_escalates_by_itself_and_says_why(oncall: OnCallWorld) -> None:
    oncall.policy(TEXT + RULE + 'after = "15m"\n')
    async with oncall.bot():
        ts = await oncall.case()
        await oncall.wait(14 * MINUTES)
        assert oncall.pages() == []
        await oncall.wait(MINUTES)
        assert oncall.pages() == [JONAS]
        assert "Escalated by the rules (major): nobody has acknowledged it" in oncall.channel()[0]
        assert len(oncall.notes(ts)) == 1


async def test_what_is_shown_to_the_bot_alone_pages_nobody_by_itself(oncall: OnCallWorld) -> None:
    oncall.policy(TEXT + RULE)
    async with oncall.bot():
        ts = await oncall.world.place.post("alex", "alex", FAILING)
        await oncall.world.answer("alex", ts)
        await oncall.world.settled()
        await oncall.wait(timedelta(hours=1))
        assert oncall.pages() == []


async def test_a_failure_that_an_edit_brings_is_escalated(oncall: OnCallWorld) -> None:
    oncall.policy(TEXT + RULE)
    async with oncall.bot():
        ts = await oncall.world.place.post("alex", "#exchange", "mail is slow")
        await oncall.world.settled()
        assert oncall.pages() == []
        await oncall.world.place.edit("alex", "#exchange", ts, FAILING)
        await oncall.world.answer("#exchange", ts)
        await oncall.world.settled(2)
        await oncall.quiet()
        assert oncall.pages() == [JONAS]


async def test_an_acknowledgement_in_time_keeps_a_rule_from_paging(oncall: OnCallWorld) -> None:
    oncall.policy(TEXT + RULE + 'after = "15m"\n')
    async with oncall.bot():
        ts = await oncall.case()
        await oncall.say(ts, "ack", who="sam")
        await oncall.wait(29 * MINUTES)
        assert oncall.pages() == []
        await oncall.wait(2 * MINUTES)
        assert oncall.pages() == [JONAS]  # nothing has moved since
        assert any("paging again" in note for note in oncall.notes(ts))


async def test_what_is_cured_before_the_rule_strikes_pages_nobody(oncall: OnCallWorld) -> None:
    oncall.policy(TEXT + RULE + 'after = "15m"\n')
    async with oncall.bot():
        ts = await oncall.case()
        await oncall.post(ts, CURED, who="sam")
        await oncall.wait(timedelta(hours=1))
        assert oncall.pages() == []


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


async def test_many_people_with_the_same_cause_page_once(oncall: OnCallWorld) -> None:
    oncall.policy(TEXT + '[[rules]]\nwhen = "many-reporters"\nat_least = 3\nseverity = "critical"\n')
    async with oncall.bot():
        threads = [await oncall.case(who) for who in ("alex", "alex", "sam")]
        await oncall.quiet()
        assert oncall.pages() == []
        threads.append(await oncall.case("priya"))
        await oncall.quiet()
        assert oncall.pages() == [JONAS]
        assert "3 people report the same cause" in oncall.channel()[0]
        threads.append(await oncall.case("jonas"))
        await oncall.quiet()
        assert oncall.pages() == [JONAS]
        assert "another thread" in oncall.notes(threads[-1])[0]


async def test_quiet_hours_wait_for_the_morning_and_say_so(oncall: OnCallWorld) -> None:
    oncall.policy(TEXT + RULE + QUIET)
    oncall.clock.now = MIDNIGHT
    async with oncall.bot():
        ts = await oncall.case()
        await oncall.quiet()
        assert "Nobody is paged before Wed 07:00 (Europe/Berlin)" in oncall.notes(ts)[0]
        await oncall.wait(timedelta(hours=8))
        assert oncall.pages()[0] == JONAS
        assert len(oncall.notes(ts)) > 1


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


async def test_nothing_of_a_paste_is_stored_with_an_escalation(oncall: OnCallWorld) -> None:
    oncall.policy(TEXT + RULE)
    async with oncall.bot():
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        for table in ("escalation", "page", "timer", "reporter", "escalation_event"):
            rows = str(await oncall.world.rows(f"select * from {table}"))
            assert "Outbound to Office" not in rows
            assert "contoso" not in rows.lower().replace("t0contoso1", "")


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
