"""PagerDuty over its own wire."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest

from bot.oncall import http
from bot.oncall.failures import AdapterError
from bot.oncall.pagerduty import Incident, PagerDuty, heard, signed
from bot.oncall.policy import PagerDutyTable
from tests.fakes import pagerduty as fake
from tests.oncall.policies import NOON

HOUR = timedelta(hours=1)


@pytest.fixture
async def server() -> AsyncIterator[fake.PagerDuty]:
    async with fake.PagerDuty() as server:
        yield server


@pytest.fixture
async def api(server: fake.PagerDuty) -> AsyncIterator[PagerDuty]:
    table = PagerDutyTable(api_url=server.url, events_url=server.url)
    async with aiohttp.ClientSession() as session:
        yield PagerDuty(session, table, token=fake.TOKEN, routing_key=fake.ROUTING_KEY)


async def test_a_schedule_says_who_is_on_call_and_until_when(server: fake.PagerDuty, api: PagerDuty) -> None:
    server.duty("PPRIYA", "2026-03-24T09:00:00+01:00", "2026-03-24T18:00:00+01:00")
    server.duty("PJONAS", "2026-03-24T18:00:00+01:00", "2026-03-25T09:00:00+01:00")  # the next shift is listed too
    server.duty("POTHER", None, None, schedule="PSCHED2")
    duty = await api.on_call("PSCHED1", NOON)
    assert duty.users == ("PPRIYA",)
    assert duty.until == NOON + 5 * HOUR
    assert "since=2026-03-24T12%3A00%3A00Z" in server.asked[0].replace(":", "%3A")


async def test_somebody_may_be_on_call_twice_and_for_ever(server: fake.PagerDuty, api: PagerDuty) -> None:
    server.duty("PPRIYA", "2026-03-24T09:00:00Z", "2026-03-24T13:00:00Z")
    server.duty("PPRIYA", "2026-03-24T09:00:00Z", "2026-03-24T18:00:00Z")  # by another escalation policy
    server.duty("PJONAS", None, None)
    duty = await api.on_call("PSCHED1", NOON)
    assert (duty.users, duty.until) == (("PPRIYA", "PJONAS"), NOON + 6 * HOUR)


async def test_every_page_of_the_list_is_read(server: fake.PagerDuty, api: PagerDuty) -> None:
    for number in range(150):
        server.duty(f"P{number:04}", None, None)
    assert len((await api.on_call("PSCHED1", NOON)).users) == 150
    assert len(server.asked) == 2


async def test_an_incident_is_triggered_once_acknowledged_and_resolved(server: fake.PagerDuty, api: PagerDuty) -> None:
    incident = Incident("mailflow-1-1", "Confirmed: x" * 500, "critical", "https://contoso.slack.com/x", {"cause": "x"})
    await api.send("trigger", incident)
    await api.send("trigger", incident)
    assert [each.key for each in server.incidents.values()] == ["mailflow-1-1"]
    [one] = server.incidents.values()
    assert one.events[0]["payload"]["severity"] == "critical"
    await api.send("acknowledge", incident)
    assert one.status == "acknowledged"
    await api.send("resolve", incident)
    assert one.status == "resolved"


@pytest.mark.parametrize(("status", "passes"), [(429, True), (500, True), (503, True), (401, False), (400, False)])
async def test_failures_that_pass_are_told_from_those_that_do_not(
    server: fake.PagerDuty, api: PagerDuty, status: int, passes: bool
) -> None:
    for call in (api.on_call("PSCHED1", NOON), api.send("trigger", Incident("k", "s", "minor"))):
        server.fail.append(status)
        with pytest.raises(AdapterError, match=str(status)) as raised:
            await call
        assert raised.value.passes == passes
        assert raised.value.after == (1.0 if status == 429 else None)


async def test_a_wrong_key_is_refused_for_good(server: fake.PagerDuty) -> None:
    table = PagerDutyTable(api_url=server.url, events_url=server.url)
    async with aiohttp.ClientSession() as session:
        api = PagerDuty(session, table, token="wrong", routing_key="wrong")
        for call in (api.on_call("PSCHED1", NOON), api.send("trigger", Incident("k", "s", "minor"))):
            with pytest.raises(AdapterError) as raised:
                await call
            assert not raised.value.passes
            assert "wrong" not in str(raised.value)


async def test_silence_ends_in_time_and_nothing_there_is_said(
    server: fake.PagerDuty, api: PagerDuty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "SECONDS", 0.2)
    server.fail.append(0)
    with pytest.raises(AdapterError, match="can't be reached") as raised:
        await api.on_call("PSCHED1", NOON)
    assert raised.value.passes
    async with aiohttp.ClientSession() as session:
        nowhere = PagerDuty(session, PagerDutyTable(api_url="http://127.0.0.1:1", events_url="http://127.0.0.1:1"))
        with pytest.raises(AdapterError, match="can't be reached"):
            await nowhere.on_call("PSCHED1", NOON)


def test_only_a_body_that_is_signed_with_our_secret_is_believed() -> None:
    body, headers = fake.PagerDuty().webhook("acknowledged", "k", "Priya Nair", NOON)
    header = headers["X-PagerDuty-Signature"]
    assert signed(body, header, fake.SECRET)
    assert not signed(body + b" ", header, fake.SECRET)
    assert not signed(body, header, "other")
    bare = hmac.new(fake.SECRET.encode(), body, hashlib.sha256).hexdigest()
    for forged in ("", "v1=", bare, f"v0={bare}", f"v1={bare[:-1]}", "v1=\u00e9", f"v1={bare.upper()}"):
        assert not signed(body, forged, fake.SECRET)
    assert not signed(body, ",".join([*["v1=0"] * 10, f"v1={bare}"]), fake.SECRET)  # there are never so many


def test_a_webhook_says_who_did_what_and_when() -> None:
    body, _ = fake.PagerDuty().webhook("acknowledged", "k", "Priya Nair", NOON)
    told = heard(body)
    assert told
    assert (told.action, told.key, told.person, told.at) == ("acknowledge", "k", "Priya Nair", NOON)
    body, _ = fake.PagerDuty().webhook("priority_updated", "k", "Priya Nair", NOON)
    assert heard(body) is None


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"1", b"{}", b'{"event": 1}', b'{"event": {"event_type": "incident.resolved"}}', b"\xff"]
)
def test_odd_bodies_raise_what_the_http_side_knows(body: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        heard(body)
