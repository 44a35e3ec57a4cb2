"""Spans of the work, for whoever set an OTLP endpoint: from the arrival of a delivery to its answer.

A trace is named after what it follows: its id is the delivery's without the dashes. So the id in a log line leads to the
trace, and work that another process takes up later goes on in it, with nothing stored for it.
Spans hold names, kinds and outcomes, nothing of what people pasted, and of an exception its type alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from bot.settings import Settings

Value = str | int | float
Note = Callable[[str, Value], None]
"""Adds an attribute to a span."""


class Tracing(Protocol):
    @property
    def on(self) -> bool: ...

    @contextmanager
    def first(self, trace: UUID, name: str, **attributes: Value) -> Iterator[Note]:
        """The first span of a trace."""

    @contextmanager
    def resumed(self, trace: UUID, name: str, **attributes: Value) -> Iterator[Note]:
        """A span below the first one of a trace, in whatever process that was."""

    @contextmanager
    def span(self, name: str, **attributes: Value) -> Iterator[Note]:
        """A span below the current one; the first of a trace of its own where there is none."""

    def past(self, name: str, seconds: float, **attributes: Value) -> None:
        """A span that ended just now, if it belongs to a current one."""

    def close(self) -> None:
        """Sends what is left. Blocking, for a few seconds at most."""


class NoTracing:
    """What runs where no endpoint is set."""

    on = False

    @contextmanager
    def first(self, trace: UUID, name: str, **attributes: Value) -> Iterator[Note]:  # noqa: ARG002 - the protocol's
        yield _forget

    @contextmanager
    def resumed(self, trace: UUID, name: str, **attributes: Value) -> Iterator[Note]:  # noqa: ARG002 - the protocol's
        yield _forget

    @contextmanager
    def span(self, name: str, **attributes: Value) -> Iterator[Note]:  # noqa: ARG002 - the protocol's
        yield _forget

    def past(self, name: str, seconds: float, **attributes: Value) -> None:
        pass

    def close(self) -> None:
        pass


def _forget(_name: str, _value: Value) -> None:
    pass


def tracing_of(settings: Settings) -> Tracing:
    if not settings.otlp_endpoint:
        return NoTracing()
    from bot.otlp import OtlpTracing  # a quarter of a second of import, for those who trace

    headers = settings.otlp_headers.get_secret_value() if settings.otlp_headers else ""
    return OtlpTracing(settings.otlp_endpoint, headers)
