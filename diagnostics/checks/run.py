"""One check under way: what it may do, how long it may take, and what it has found so far."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from msgspec import Struct, field

from diagnostics.checks.model import Attempt, Status
from diagnostics.checks.options import Options
from diagnostics.checks.outcomes import Outcome
from diagnostics.checks.scope import Guarded, OutOfScopeError
from diagnostics.checks.target import Target
from diagnostics.network import DnsReply

logger = logging.getLogger(__name__)

_MOST_LOOKUPS: Final = 400  # in one check: an SPF record or a long MX list must not make us a flood


class Found(Struct):
    """What one look has come to; its check fills it in."""

    outcomes: list[Outcome] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    status: Status = "done"
    reason: str = ""

    def add(self, outcome: Outcome, detail: str = "") -> None:
        """An outcome was seen. `detail` is half a sentence that goes behind its meaning."""
        if outcome not in self.outcomes:
            self.outcomes.append(outcome)
        if detail:
            self.facts.setdefault("details", {})[outcome] = detail

    def unavailable(self, reason: str) -> None:
        """We could not look, which says nothing about the subject."""
        self.status, self.reason = "unavailable", reason

    def skip(self, reason: str) -> None:
        self.status, self.reason = "skipped", reason


class Run:
    """`progress` is called with each attempt as soon as it is over."""

    def __init__(
        self, target: Target, options: Options, network: Guarded, progress: Callable[[Attempt], None] = lambda _: None
    ) -> None:
        self.target = target
        self.options = options
        self.network = network
        self.attempts: list[Attempt] = []
        self.refusals: list[str] = []
        self._progress = progress
        self._asked: dict[tuple[str, str, bool], asyncio.Task[DnsReply]] = {}

    def wants(self, check: str) -> bool:
        return not self.options.only or check in self.options.only

    @asynccontextmanager
    async def attempt(self, check: str, subject: str) -> AsyncIterator[Found]:
        """Records what the block finds out. A broken connection or the end of time makes it "unavailable"."""
        found = Found()
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            yield found
        except OutOfScopeError as refused:
            self.refusals.append(str(refused))
            found.unavailable(str(refused))
        except TimeoutError:
            found.unavailable("no answer in time")
        except OSError as error:
            found.unavailable(f"the connection broke ({error.strerror or type(error).__name__})")
        except asyncio.CancelledError:
            found.unavailable(f"not finished within {self.options.timeout:g} seconds")
            raise
        except Exception as error:
            logger.exception("a check failed", extra={"check": check})
            found.unavailable(f"the check itself failed ({type(error).__name__})")
        finally:
            self._record(check, subject, found, (clock() - began) * 1000)

    def _record(self, check: str, subject: str, found: Found, ms: float) -> None:
        attempt = Attempt(
            check=check,
            subject=subject,
            status=found.status,
            outcomes=tuple(found.outcomes),
            ms=round(ms, 1),
            facts=found.facts,
            reason=found.reason,
        )
        self.attempts.append(attempt)
        self._progress(attempt)

    async def resolve(self, name: str, type: str, *, unchecked: bool = False) -> DnsReply:  # noqa: A002  the DNS's own word
        """The answer to a question; the same question is asked once in a check, however many want to know."""
        asked = self._ask(name, type, unchecked)
        return await asyncio.shield(asked) if asked else DnsReply(name, type, "refused")

    def ask_ahead(self, name: str, type: str) -> None:  # noqa: A002  the DNS's own word
        """Asks a question whose answer will be needed later."""
        self._ask(name, type, unchecked=False)

    def _ask(self, name: str, kind: str, unchecked: bool) -> asyncio.Task[DnsReply] | None:
        """The look-up under way or done; None when this check has made too many."""
        key = (name.rstrip(".").lower() or ".", kind, unchecked)
        if key not in self._asked and len(self._asked) < _MOST_LOOKUPS:
            self._asked[key] = asyncio.ensure_future(self.network.resolve(key[0], kind, unchecked=unchecked))
        return self._asked.get(key)

    async def close(self) -> None:
        """Ends look-ups that nobody waits for any more."""
        for task in self._asked.values():
            task.cancel()
        await asyncio.gather(*self._asked.values(), return_exceptions=True)
