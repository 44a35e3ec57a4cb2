"""Paging by way of other systems, and what they tell us: PagerDuty, a webhook, a Slack user group."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.bot.conftest import everything
from tests.bot.oncall.conftest import MINUTES, OnCallWorld
from tests.fakes import oncall_webhook
from tests.fakes import pagerduty as fake
from tests.fakes.oncall_webhook import OnCallWebhook
from tests.oncall.policies import JONAS, PRIYA, SAM, TEXT

SECRETS = {
    "MAILFLOW_PAGERDUTY_TOKEN": fake.TOKEN,
    "MAILFLOW_PAGERDUTY_ROUTING_KEY": fake.ROUTING_KEY,
    "MAILFLOW_PAGERDUTY_WEBHOOK_SECRET": fake.SECRET,
    "MAILFLOW_ONCALL_WEBHOOK_SECRET": oncall_webhook.SECRET,
}


def first(target: str, more: str = "") -> str:
    """The policy with another first target."""
    return TEXT.replace('rota = "exchange"', target) + more


RECIPIENT = (
    "Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient anna.berg@contoso.com not found by SMTP "
    "address lookup'"
)


@asynccontextmanager
async def pagerduty(oncall: OnCallWorld, *, target: str = "pagerduty = true", keyed: bool = True) -> AsyncIterator[Any]:
    """A bot whose first target is PagerDuty; yields PagerDuty and the bot's address for its webhooks."""
    async with fake.PagerDuty(keyed=keyed) as server:
        urls = f'[pagerduty]\napi_url = "{server.url}"\nevents_url = "{server.url}"\n'
        known = first(target).replace(f'slack = "{PRIYA}"', f'slack = "{PRIYA}"\npagerduty = "PPRIYA"')
        oncall.policy(known + urls)
        async with oncall.bot(**SECRETS) as bot:
            yield server, f"{bot.server.url}/oncall/pagerduty"


async def test_pagerduty_is_triggered_with_the_essence_and_told_who_has_it(oncall: OnCallWorld) -> None:
    async with pagerduty(oncall) as (server, _):
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        [incident] = server.incidents.values()
        [trigger] = incident.events
        assert trigger["payload"]["summary"].startswith("Likely: Exchange may not read the private key")
        assert trigger["payload"]["custom_details"]["cause"] == "tls.certificate.private-key-permission"
        assert "UnknownCredentials" in trigger["payload"]["custom_details"]["proof"]
        assert f"p{ts.replace('.', '')}" in trigger["links"][0]["href"]
        assert "Paged: PagerDuty" in oncall.notes(ts)[0]
        await oncall.say(ts, "ack", who="sam")
        assert incident.status == "acknowledged"
        await oncall.say(ts, "resolve", who="sam")
        assert incident.status == "resolved"
        await oncall.say(ts, "escalate")
        assert len(server.incidents) == 2  # a new incident, for what is new


async def test_other_systems_get_no_address_out_of_a_paste(oncall: OnCallWorld) -> None:
    async with pagerduty(oncall) as (server, _):
        await oncall.say(await oncall.case(text=RECIPIENT), "escalate")
        [incident] = server.incidents.values()
        told = incident.events[0]["payload"]
    assert "Recipient user1@contoso.com not found" in told["custom_details"]["proof"]
    assert "anna.berg" not in str(told)


async def test_webhooks_get_no_address_out_of_a_paste(oncall: OnCallWorld) -> None:
    async with webhook(oncall, 'webhook = "ops"') as (server, _):
        await oncall.say(await oncall.case(text=RECIPIENT), "escalate")
        [(_, page)] = server.told
    assert "Recipient user1@contoso.com not found" in page["proof"]
    assert "anna.berg" not in str(page)


@pytest.mark.parametrize("keyed", [True, False])
async def test_an_acknowledgement_in_pagerduty_counts_here(oncall: OnCallWorld, keyed: bool) -> None:
    async with pagerduty(oncall, keyed=keyed) as (server, url):
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        [key] = server.incidents
        assert await server.tell(url, "acknowledged", key, "Priya Nair", oncall.clock.now) == 202
        await oncall.quiet()
        assert "Priya Nair has it" in oncall.notes(ts)[-1]
        assert len(server.incidents[key].events) == 1  # it isn't told what it told us
        await oncall.wait(20 * MINUTES)
        assert oncall.pages() == []
        assert await server.tell(url, "resolved", key, "Priya Nair", oncall.clock.now) == 202
        await oncall.quiet()
        assert "Resolved by Priya Nair" in oncall.notes(ts)[-1]


async def test_a_forged_webhook_changes_nothing(oncall: OnCallWorld) -> None:
    async with pagerduty(oncall) as (server, url):
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        [key] = server.incidents
        body, headers = server.webhook("acknowledged", key, "Mallory", oncall.clock.now)
        async with aiohttp.ClientSession() as session:
            for content, sent in (
                (body, {}),
                (body, {"X-PagerDuty-Signature": "v1=" + "0" * 64}),
                (body.replace(b"acknowledged", b"resolved"), headers),
            ):
                async with session.post(url, data=content, headers=sent) as answer:
                    assert answer.status == 401
            async with session.post(url, data=b"x" * (1 << 19), headers=headers) as answer:
                assert answer.status == 413
        await oncall.wait(10 * MINUTES)
        assert len(oncall.pages()) == 2


async def test_a_replayed_webhook_does_not_silence_what_came_after(oncall: OnCallWorld) -> None:
    async with pagerduty(oncall) as (server, url):
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        [key] = server.incidents
        at = oncall.clock.now
        await server.tell(url, "acknowledged", key, "Priya Nair", at, event="01FIRST")
        await oncall.quiet()
        await oncall.wait(31 * MINUTES)  # nothing moved, so it is paged for again
        before = len(oncall.notes(ts))
        assert await server.tell(url, "acknowledged", key, "Priya Nair", at, event="01FIRST") == 202
        assert await server.tell(url, "acknowledged", key, "Priya Nair", at, event="01SECOND") == 202
        await oncall.quiet()
        assert len(oncall.notes(ts)) == before
        await oncall.wait(10 * MINUTES)
        assert len(oncall.pages()) == 2


async def test_incidents_of_others_do_not_concern_us(oncall: OnCallWorld) -> None:
    async with pagerduty(oncall) as (server, url):
        for key in ("srv01/HTTP", "mailflow-", "mailflow-x-1", "mailflow-00000000-0000-0000-0000-000000000000-1"):
            assert await server.tell(url, "acknowledged", key, "Priya Nair", oncall.clock.now) == 202
        assert await server.tell(url, "triggered", "x", "Priya Nair", oncall.clock.now) == 202


async def test_while_pagerduty_does_not_answer_its_webhook_is_to_come_again(oncall: OnCallWorld) -> None:
    async with pagerduty(oncall, keyed=False) as (server, url):
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        [key] = server.incidents
        server.fail.append(503)
        assert await server.tell(url, "acknowledged", key, "Priya Nair", oncall.clock.now, event="01E") == 503
        assert await server.tell(url, "acknowledged", key, "Priya Nair", oncall.clock.now, event="01E") == 202
        await oncall.quiet()
        assert "Priya Nair has it" in oncall.notes(ts)[-1]


async def test_pagerduty_fails_for_a_moment_and_then_for_good(oncall: OnCallWorld) -> None:
    async with pagerduty(oncall) as (server, _):
        ts = await oncall.case()
        server.fail += [500, 429]
        await oncall.say(ts, "escalate")
        assert len(server.incidents) == 1
        assert oncall.pages() == []
        other = await oncall.case()
        server.fail += [500] * 3
        await oncall.say(other, "escalate")
        assert oncall.pages() == [SAM]
        assert "Could not page PagerDuty: PagerDuty answers with status 500" in oncall.notes(other)[0]


async def test_a_schedule_of_pagerduty_says_who_is_on_call(oncall: OnCallWorld) -> None:
    async with pagerduty(oncall, target='pagerduty_schedule = "PSCHED1"') as (server, _):
        server.duty("PPRIYA", "2026-03-24T09:00:00Z", "2026-03-24T12:05:00Z")
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        assert oncall.pages() == [PRIYA]
        server.oncalls.clear()
        server.duty("PSTRANGER", None, None)
        await oncall.wait(5 * MINUTES)  # the shift changes, to somebody whom the on-call file doesn't know
        assert oncall.pages() == [PRIYA, SAM]
        assert "isn't among the people of the on-call file" in oncall.notes(ts)[-2]


async def test_a_schedule_that_cannot_be_read_is_followed_by_the_next_target(oncall: OnCallWorld) -> None:
    async with pagerduty(oncall, target='pagerduty_schedule = "PSCHED1"') as (server, _):
        server.fail += [500] * 3
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        assert oncall.pages() == [SAM]
        assert "PagerDuty answers with status 500" in oncall.notes(ts)[0]


async def test_one_source_that_fails_does_not_keep_the_others_from_being_paged(oncall: OnCallWorld) -> None:
    target = 'pagerduty_schedule = "PSCHED1"\npeople = ["priya"]'
    async with pagerduty(oncall, target=target) as (server, _):
        server.fail += [500] * 3
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        assert oncall.pages() == [PRIYA]


async def test_a_slack_user_group_is_paged_as_a_whole(oncall: OnCallWorld) -> None:
    oncall.policy(first('slack_user_group = "S0EXCHANGE"'))
    async with oncall.bot():
        ts = await oncall.case("priya")
        await oncall.say(ts, "escalate", who="priya")
        assert oncall.pages() == [JONAS]  # its other member asked


async def test_a_slack_user_group_that_is_gone_is_followed_by_the_next_target(oncall: OnCallWorld) -> None:
    oncall.policy(first('slack_user_group = "S0NOWHERE"'))
    async with oncall.bot():
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        assert oncall.pages() == [SAM]
        assert "no_such_subteam" in oncall.notes(ts)[0]


@asynccontextmanager
async def webhook(oncall: OnCallWorld, target: str) -> AsyncIterator[tuple[OnCallWebhook, str]]:
    async with OnCallWebhook() as server:
        oncall.policy(first(target, f'[webhooks.ops]\nurl = "{server.url}"\n'))
        async with oncall.bot(**SECRETS) as bot:
            yield server, f"{bot.server.url}/oncall/webhook"


async def test_a_webhook_is_told_and_tells(oncall: OnCallWorld) -> None:
    async with webhook(oncall, 'webhook = "ops"') as (server, url):
        ts = await oncall.case()
        server.fail.append(503)
        await oncall.say(ts, "escalate")
        [(delivery, page)] = server.told
        assert delivery
        assert page["type"] == "page"
        assert page["severity"] == "major"
        assert "private key" in page["title"]
        assert "UnknownCredentials" in page["proof"]
        body = {"action": "acknowledge", "escalation": page["escalation"], "by": "Priya Nair"}
        now = oncall.clock.now.timestamp()
        assert await server.tell(url, body, now, secret="other") == 401
        assert await server.tell(url, body, now - 301) == 401
        assert await server.tell(url, {**body, "action": "page"}, now) == 400
        assert await server.tell(url, body, now) == 200
        await oncall.quiet()
        assert "Priya Nair has it" in oncall.notes(ts)[-1]
        await oncall.wait(29 * MINUTES)
        assert oncall.pages() == []
        await oncall.say(ts, "resolve", who="sam")
        assert server.told[-1][1] == {"type": "resolve", "escalation": page["escalation"], "by": "sam"}


async def test_a_request_to_the_webhook_counts_once(oncall: OnCallWorld) -> None:
    async with webhook(oncall, 'webhook = "ops"') as (server, url):
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        body = {"action": "acknowledge", "escalation": server.told[0][1]["escalation"], "by": "Priya Nair"}
        stamp = oncall.clock.now.timestamp()
        await server.tell(url, body, stamp)
        await oncall.quiet()
        await oncall.say(ts, "escalate")
        before = len(oncall.pages())
        assert await server.tell(url, body, stamp) == 200
        assert await server.tell(url, body, stamp, prefix="0") == 401
        assert await server.tell(url, body, stamp, prefix="00") == 401
        await oncall.wait(5 * MINUTES)
        assert len(server.told) == 2  # paged in each round, and not told what it told us
        assert len(oncall.pages()) == before
        await oncall.wait(10 * MINUTES)
        assert len(oncall.pages()) > before


async def test_a_webhook_says_who_is_on_call(oncall: OnCallWorld) -> None:
    async with webhook(oncall, 'webhook_people = "ops"') as (server, _):
        server.answer = {"people": [PRIYA]}
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        assert oncall.pages() == [PRIYA]
        assert "you are paged" in everything(oncall.world.place.messages("#on-call")[-1])


async def test_both_addresses_are_closed_without_their_secrets(oncall: OnCallWorld) -> None:
    async with oncall.bot() as bot, aiohttp.ClientSession() as session:
        for path in ("/oncall/pagerduty", "/oncall/webhook"):
            async with session.post(bot.server.url + path, data=b"{}") as answer:
                assert answer.status == 404


async def test_what_was_in_flight_when_somebody_acknowledged_is_acknowledged_too(oncall: OnCallWorld) -> None:
    async with pagerduty(oncall) as (server, _):
        ts = await oncall.case()
        server.open.clear()
        before = len(await oncall.world.rows("select 1 from delivery"))
        await oncall.world.place.post("alex", "#exchange", "@Mailflow escalate", thread_ts=ts)
        await oncall.until(lambda: "/v2/enqueue" in server.asked)
        await oncall.world.place.post("sam", "#exchange", "@Mailflow ack", thread_ts=ts)
        await oncall.world.settled(before + 2)
        server.open.set()
        await oncall.quiet()
        [incident] = server.incidents.values()
        assert [event["event_action"] for event in incident.events] == ["trigger", "acknowledge"]
        assert "Paged" not in "".join(oncall.notes(ts))
