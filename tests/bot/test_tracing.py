"""Traces as a collector gets them: one for each delivery, named after it, with nothing of what was pasted."""

from __future__ import annotations

import asyncio
from secrets import token_bytes
from uuid import UUID, uuid4

import pytest

from bot.otlp import OtlpTracing
from bot.telemetry import Telemetry
from bot.tracing import NoTracing, tracing_of
from tests.bot.conftest import World
from tests.bot.pastes import FAILING
from tests.fakes.otlp import collector


async def test_one_trace_leads_from_the_event_to_the_answer(world: World, mode: dict[str, str]) -> None:
    async with collector() as told:
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": told.url, "OTEL_EXPORTER_OTLP_HEADERS": "x-key=secret%20one"}
        async with world.bot(mode, **settings):
            ts = await world.place.post("alex", "#exchange", FAILING)
            await world.answer("#exchange", ts)
            await world.place.post("sam", "#exchange", "@Mailflow check 127.0.0.1")
            await world.settled(2)
        rows = await world.rows("select id from delivery order by arrival")
    spans = told.trace(rows[0]["id"])
    by_name = {span.name: span for span in spans}
    assert {"receive", "deal with", "diagnose", "slack chat.postMessage", "postgresql insert"} <= by_name.keys()
    [root] = [span for span in spans if not span.parent_span_id]
    assert root.name == "receive"
    assert by_name["deal with"].parent_span_id == root.span_id
    ids = {span.span_id for span in spans}
    assert all(span.parent_span_id in ids for span in spans if span is not root)
    outcome = {pair.key: pair.value.string_value for pair in by_name["deal with"].attributes}
    assert outcome == {"mailflow.kind": "message", "mailflow.outcome": "answered"}
    assert any(span.name == "check" for span in told.trace(rows[1]["id"]))
    assert told.resource["service.name"] == "mailflow"
    assert told.headers["x-key"] == "secret one"
    for private in (b"contoso", b"UnknownCredentials", b"3C0FFEE1", b"127.0.0.1", b"xoxb", b"C0EXCHANGE"):
        assert private not in told.raw


async def test_an_exception_is_told_by_its_type_alone(world: World) -> None:
    async with collector() as told:
        tracing = tracing_of(world.settings(OTEL_EXPORTER_OTLP_ENDPOINT=told.url))
        with pytest.raises(ValueError, match="pasted"), tracing.span("work"):
            raise ValueError("this was pasted")
        await _closed(tracing)
    [span] = told.spans
    assert span.status.message == "ValueError"
    assert b"pasted" not in told.raw


async def test_looks_and_statements_belong_to_what_is_in_hand_or_to_nothing(world: World) -> None:
    async with collector() as told:
        tracing = tracing_of(world.settings(OTEL_EXPORTER_OTLP_ENDPOINT=told.url))
        tracing.past("nobody asked", 0.1)
        name = uuid4()
        with tracing.resumed(name, "deal with"):
            tracing.past("look spf", 0.25, **{"mailflow.status": "done"})
        await _closed(tracing)
    assert [span.name for span in told.spans] == ["look spf", "deal with"]
    look, work = told.trace(name)
    assert look.parent_span_id == work.span_id
    assert look.end_time_unix_nano - look.start_time_unix_nano == 250_000_000


@pytest.mark.parametrize(("sampler", "share"), [("always_off", ""), ("parentbased_traceidratio", "0.5")])
async def test_every_process_samples_the_same_deliveries(
    world: World, monkeypatch: pytest.MonkeyPatch, sampler: str, share: str
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", share)
    names = [UUID(bytes=token_bytes(16)) for _ in range(40)]  # as the inbox names what it stores
    async with collector() as told:
        one = tracing_of(world.settings(OTEL_EXPORTER_OTLP_ENDPOINT=told.url))
        other = tracing_of(world.settings(OTEL_EXPORTER_OTLP_ENDPOINT=told.url))
        for name in names:
            with one.first(name, "receive"):
                pass
            with other.resumed(name, "deal with"):
                pass
        await _closed(one)
        await _closed(other)
    seen = [len(told.trace(name)) for name in names]
    assert set(seen) == ({0, 2} if share else {0})


async def test_a_collector_that_is_down_holds_nothing_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.otlp.PATIENCE", 0.1)
    async with world.bot(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1"):
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)


def test_without_an_endpoint_nothing_is_traced(world: World) -> None:
    assert isinstance(tracing_of(world.settings()), NoTracing)
    assert isinstance(Telemetry().tracing, NoTracing)


async def _closed(tracing: object) -> None:
    """In a thread, as the bot does it: the collector here lives in this loop."""
    assert isinstance(tracing, OtlpTracing)
    await asyncio.to_thread(tracing.close)
