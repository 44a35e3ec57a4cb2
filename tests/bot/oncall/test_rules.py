"""What pages people without anybody asking, and what keeps it from that."""

from __future__ import annotations

from datetime import timedelta

from tests.bot.oncall.conftest import MINUTES, OnCallWorld
from tests.bot.pastes import CURED, FAILING
from tests.oncall.policies import JONAS, MIDNIGHT, QUIET, TEXT

RULE = '[[rules]]\nwhen = "any-failure"\n'


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


async def test_nothing_of_a_paste_is_stored_with_an_escalation(oncall: OnCallWorld) -> None:
    oncall.policy(TEXT + RULE)
    async with oncall.bot():
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        for table in ("escalation", "page", "timer", "reporter", "escalation_event"):
            rows = str(await oncall.world.rows(f"select * from {table}"))
            assert "Outbound to Office" not in rows
            assert "contoso" not in rows.lower().replace("t0contoso1", "")
