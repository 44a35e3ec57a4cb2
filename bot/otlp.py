"""Traces by OTLP over HTTP. No global state: the provider is the bot's own, the current span lives in the task."""

from __future__ import annotations

import importlib.metadata
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import requests
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    get_current_span,
    set_span_in_context,
    use_span,
)
from opentelemetry.util.re import parse_env_headers

from bot.tracing import Note, Value

_PATH: Final = "/v1/traces"
_LOCAL: Final = ("127.0.0.1", "localhost", "::1")
_NANO: Final = 1_000_000_000
PATIENCE: Final = 3.0  # seconds

_named: ContextVar[UUID | None] = ContextVar("named", default=None)


class _Ids(RandomIdGenerator):
    """Gives the span that is about to begin the ids of what it follows, so that others can go on below it."""

    def generate_trace_id(self) -> int:
        named = _named.get()
        return named.int if named else super().generate_trace_id()

    def generate_span_id(self) -> int:
        named = _named.get()
        return _span_of(named) if named else super().generate_span_id()


def _span_of(named: UUID) -> int:
    """Half of it; 0 would be no id."""
    return named.int >> 64 or 1


class OtlpTracing:
    """`endpoint` is the collector's base address, `headers` as in OTEL_EXPORTER_OTLP_HEADERS. How much is sampled, and what
    this service is called, are for the SDK's own variables (OTEL_TRACES_SAMPLER, OTEL_SERVICE_NAME).
    """

    on = True

    def __init__(self, endpoint: str, headers: str = "") -> None:
        session = requests.Session()
        session.trust_env = urlsplit(endpoint).hostname not in _LOCAL  # a proxy leads away from this machine
        self._exporter = OTLPSpanExporter(
            endpoint.rstrip("/") + _PATH,
            headers=parse_env_headers(headers, liberal=True) if headers else None,
            session=session,
        )
        self._provider = TracerProvider(resource=_resource(), id_generator=_Ids(), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("mailflow")

    @contextmanager
    def first(self, trace: UUID, name: str, **attributes: Value) -> Iterator[Note]:
        named = _named.set(trace)
        try:
            span = self._tracer.start_span(name, Context(), SpanKind.CONSUMER, attributes)
        finally:
            _named.reset(named)
        with _current(span) as note:
            yield note

    @contextmanager
    def resumed(self, trace: UUID, name: str, **attributes: Value) -> Iterator[Note]:
        # Sampling goes by the trace id, so this process decides as the one that began it did.
        decision = self._provider.sampler.should_sample(None, trace.int, name).decision
        flags = TraceFlags(TraceFlags.SAMPLED if decision is Decision.RECORD_AND_SAMPLE else TraceFlags.DEFAULT)
        first = NonRecordingSpan(SpanContext(trace.int, _span_of(trace), is_remote=True, trace_flags=flags))
        span = self._tracer.start_span(name, set_span_in_context(first, Context()), SpanKind.CONSUMER, attributes)
        with _current(span) as note:
            yield note

    @contextmanager
    def span(self, name: str, **attributes: Value) -> Iterator[Note]:
        with _current(self._tracer.start_span(name, attributes=attributes)) as note:
            yield note

    def past(self, name: str, seconds: float, **attributes: Value) -> None:
        if get_current_span().is_recording():
            now = time.time_ns()
            self._tracer.start_span(name, attributes=attributes, start_time=now - int(seconds * _NANO)).end(now)

    def close(self) -> None:
        """A collector that is down would be tried again for half a minute; nobody waits that long for a stop."""
        enough = threading.Timer(PATIENCE, self._exporter.shutdown)
        enough.start()
        self._provider.shutdown()
        enough.cancel()


@contextmanager
def _current(span: Span) -> Iterator[Note]:
    """Makes it the current span, and ends it. An exception may quote a paste: its type is all that is told."""
    try:
        with use_span(span, record_exception=False, set_status_on_exception=False):
            yield span.set_attribute
    except BaseException as error:
        span.set_status(Status(StatusCode.ERROR, type(error).__name__))
        raise
    finally:
        span.end()


def _resource() -> Resource:
    found = Resource.create({SERVICE_VERSION: importlib.metadata.version("mailflow")})
    unnamed = str(found.attributes.get(SERVICE_NAME, "")).startswith("unknown_service")
    return found.merge(Resource({SERVICE_NAME: "mailflow"})) if unnamed else found
