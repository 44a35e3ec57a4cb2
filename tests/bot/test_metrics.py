"""What /metrics tells, to whom, and that no label grows with what strangers write."""

from __future__ import annotations

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.health import _is_here
from bot.metrics import Metrics
from diagnostics import diagnose
from handlers.blocks import RIGHT
from tests.bot.conftest import World
from tests.bot.pastes import FAILING

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def fetched(url: str, **headers: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/metrics", headers=headers) as response:
        return response.status, await response.text()


def read(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[f"mailflow_{name}", frozenset(labels.items())]


async def test_a_day_in_short(world: World) -> None:
    async with world.bot() as bot:
        world.place.fail_next("chat.postMessage", status=429, retry_after=1)
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        await world.place.post("sam", "#exchange", "@Mailflow check 127.0.0.1")
        await world.settled(2)
        world.place.fail_next("chat.postMessage", count=2, error="restricted_action")
        await world.place.post("sam", "#exchange", f"{FAILING}\n")
        await world.settled(3)
        await world.place.redeliver(world.place.deliveries[0].id)
        status, text = await fetched(bot.server.url)
    assert status == 200
    now = read(text)
    assert value(now, "deliveries_received_total", kind="message", outcome="stored") == 3
    assert value(now, "deliveries_received_total", kind="message", outcome="duplicate") >= 1
    assert value(now, "deliveries_done_total", kind="message", outcome="answered") == 1
    assert value(now, "deliveries_done_total", kind="message", outcome="failed") == 1
    assert value(now, "delivery_seconds_count", kind="message") == 3
    assert value(now, "answer_seconds_count", part="card") == 1
    assert value(now, "answer_seconds_sum", part="card") >= 1  # it counts from the arrival, the wait for Slack too
    assert value(now, "diagnosis_seconds_count") >= 2
    assert value(now, "reports_total", verdict="failure", belief="likely") == 2
    cause = "tls.certificate.private-key-permission"
    assert value(now, "leading_causes_total", cause=cause, belief="likely") == 2
    assert value(now, "slack_call_seconds_count", method="chat.postMessage", outcome="rate_limited") == 1
    assert value(now, "slack_call_seconds_count", method="chat.postMessage", outcome="refused") == 2
    assert value(now, "slack_wait_seconds_total", method="chat.postMessage") == 1
    assert value(now, "check_seconds_count", verdict="refused") == 1
    for lane in ("delivery", "log"):
        assert value(now, "open_deliveries", lane=lane) == value(now, "job_lag_seconds", lane=lane) == 0
    assert value(now, "database_connections", state="most") >= value(now, "database_connections", state="busy")
    assert value(now, "incidents", state="open") == value(now, "incident_causes", cause=cause) == 2
    assert value(now, "incidents", state="resolved") == 0
    assert value(now, "incident_mean_seconds", until="answered") >= 0
    assert value(now, "ready") == value(now, "database_up") == 1
    assert any(name == "mailflow_build_info" for name, _ in now)
    for private in ("contoso", "127.0.0.1", "U0ALEXRIVE", "C0EXCHANGE", "T0CONTOSO1", ts):
        assert private not in text


async def test_what_people_say_of_an_answer_counts(world: World) -> None:
    async with world.bot() as bot:
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        await world.place.click("sam", world.answers("#exchange", ts)[0]["ts"], RIGHT)
        await world.settled(2)
        now = read((await fetched(bot.server.url))[1])
    assert value(now, "feedback_total", said="right", cause="tls.certificate.private-key-permission") == 1


async def test_on_the_port_that_slack_reaches_it_is_for_this_machine_alone(world: World) -> None:
    async with world.bot() as bot:
        for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"):
            status, text = await fetched(bot.server.url, **{header: "127.0.0.1"})
            assert status == 403
            assert "MAILFLOW_METRICS_PORT" in text


@pytest.mark.parametrize(
    ("peer", "here"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.7", False),
        ("::ffff:203.0.113.9", False),
        ("fe80::1%eth0", False),
        ("", False),
        (None, False),
    ],
)
def test_which_addresses_are_this_machine(peer: str | None, here: bool) -> None:
    assert _is_here(peer) is here


async def test_a_port_of_its_own_takes_it_away_from_the_other(world: World) -> None:
    async with world.bot(MAILFLOW_METRICS_PORT="0") as bot:
        assert (await fetched(bot.server.url))[0] == 404
        assert bot.metrics_server
        status, text = await fetched(bot.metrics_server.url, **{"X-Forwarded-For": "203.0.113.9"})
        assert status == 200
        assert "mailflow_build_info" in text
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{bot.metrics_server.url}/readyz") as response:
                assert response.status == 200
            async with session.post(f"{bot.metrics_server.url}/slack/events") as response:
                assert response.status == 404


async def test_openmetrics_is_spoken_to_those_who_ask_for_it(world: World) -> None:
    async with world.bot() as bot:
        _, text = await fetched(bot.server.url, Accept="application/openmetrics-text; version=1.0.0")
        assert text.endswith("# EOF\n")


def test_no_label_grows_with_what_others_write() -> None:
    metrics = Metrics()
    stranger = diagnose("550 4.4.7 QUEUE.Expired")
    odd = stranger.findings[0].model_copy(update={"cause": "site.something.secret"})
    for number in range(500):
        name = f"secret{number}"
        metrics.received(name, new=True)
        metrics.done(name, f"{name}: more", 0.1, stranger.model_copy(update={"findings": (odd,)}))
        metrics.answered(name, 0.1)
        metrics.called_slack(name, "ok", 0.1, wait=1)
        metrics.checked(name, 0.1)
        metrics.paged(name, name)
        metrics.voted("wrong", name)
    text = metrics.exposed("")[0].decode()
    series = [line for line in text.splitlines() if "secret" in line]
    assert (
        len({line.split("secret")[1].split('"')[0] for line in series}) <= 60
    )  # names out of our own code, cut off there
    assert "site.something" not in text
    assert 'cause="other"' in text
    assert len(text) < 300_000


def test_bots_share_nothing() -> None:
    one, other = Metrics(), Metrics()
    one.voted("right", "")
    assert 'said="right"' in one.exposed("")[0].decode()
    assert 'said="right"' not in other.exposed("")[0].decode()
