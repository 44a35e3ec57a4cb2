"""A collector on loopback that takes traces by OTLP over HTTP, and decodes what really came."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.fakes.loopback import on_loopback


@dataclass
class Collector:
    """`raw` is every request's body as it was unpacked, `resource` what the spans are said to come from."""

    url: str = ""
    spans: list[Span] = field(default_factory=list)
    raw: bytes = b""
    resource: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        body = gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
        told = ExportTraceServiceRequest.FromString(body)
        self.raw += body
        self.headers = dict(request.headers)
        for resource in told.resource_spans:
            self.resource = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
            self.spans += [span for scope in resource.scope_spans for span in scope.spans]
        return web.Response(
            body=ExportTraceServiceResponse().SerializeToString(), content_type="application/x-protobuf"
        )

    def trace(self, delivery: object) -> list[Span]:
        """The spans of what a UUID names."""
        return [span for span in self.spans if span.trace_id.hex() == str(delivery).replace("-", "")]


@asynccontextmanager
async def collector() -> AsyncIterator[Collector]:
    taken = Collector()
    application = web.Application()
    application.router.add_post("/v1/traces", taken.take)
    async with on_loopback(application) as taken.url:
        yield taken
