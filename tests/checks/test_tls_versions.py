"""Which versions a server accepts, and that a connection which fails for other reasons is no refusal."""

from __future__ import annotations

import pytest
from OpenSSL import SSL

from diagnostics.checks.model import Attempt
from diagnostics.checks.options import Options
from diagnostics.checks.run import Run
from diagnostics.checks.scope import Guarded, Scope
from diagnostics.checks.target import Target
from diagnostics.checks.tls_versions import Opened, Versions, versions
from diagnostics.network import Stream
from diagnostics.network.live import LiveNetwork
from diagnostics.network.recorded import RecordedStream
from tests.fakes.certificates import NOW, SERVED, authorities
from tests.fakes.tls_peer import TlsPeer

HOST = "mail.contoso.com"
SERVED_HERE = SERVED["healthy"](authorities(), HOST)
OLD, MIDDLE, NEW, NEWEST = SSL.TLS1_VERSION, SSL.TLS1_1_VERSION, SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION


def a_run() -> Run:
    return Run(Target(HOST), Options(now=NOW), Guarded(LiveNetwork([("127.0.0.1", 1)]), Scope()))


def opener(minimum: int, maximum: int, *, mute: bool = False) -> Opened:
    async def opened() -> Stream:
        return TlsPeer(SERVED_HERE.context(minimum, maximum), mute=mute)

    return opened


async def look(opened: Opened, spoken: str | None = None) -> tuple[Versions, Attempt]:
    run = a_run()
    found = await versions(run, "203.0.113.9:25", opened, server_name=HOST, spoken=spoken)
    (attempt,) = run.attempts
    assert attempt.check == "tls-versions"
    return found, attempt


@pytest.mark.parametrize("mute", [False, True])
@pytest.mark.parametrize(
    ("minimum", "maximum", "accepted", "outcomes"),
    [
        (OLD, NEWEST, ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"), ("tls_legacy_enabled",)),
        (MIDDLE, NEW, ("TLSv1.1", "TLSv1.2"), ("tls_legacy_enabled",)),
        (OLD, MIDDLE, ("TLSv1", "TLSv1.1"), ("tls_legacy_only",)),
        (OLD, OLD, ("TLSv1",), ("tls_legacy_only",)),
        (NEW, NEWEST, ("TLSv1.2", "TLSv1.3"), ()),
        (NEW, NEW, ("TLSv1.2",), ()),
    ],
)
async def test_versions(
    minimum: int, maximum: int, accepted: tuple[str, ...], outcomes: tuple[str, ...], mute: bool
) -> None:
    found, attempt = await look(opener(minimum, maximum, mute=mute))
    assert found.accepted == accepted
    assert found.unknown == ()
    assert attempt.outcomes == outcomes
    assert attempt.status == "done"


async def test_a_version_already_spoken_is_not_tried_again() -> None:
    opened = []

    async def opening() -> Stream:
        opened.append(1)
        return TlsPeer(SERVED_HERE.context(NEW, NEWEST))

    found, _ = await look(opening, "TLSv1.3")
    assert len(opened) == 3
    assert found.accepted == ("TLSv1.2", "TLSv1.3")


@pytest.mark.parametrize("broken", [ConnectionRefusedError("too many"), TimeoutError(), ConnectionResetError()])
async def test_a_connection_that_fails_says_nothing(broken: OSError) -> None:
    async def opened() -> Stream:
        raise broken

    found, attempt = await look(opened)
    assert found.unknown == ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
    assert attempt.status == "unavailable"
    assert attempt.outcomes == ()


async def test_a_server_that_closes_on_every_version_refuses_none() -> None:
    async def opened() -> Stream:
        return RecordedStream([])

    found, attempt = await look(opened)
    assert len(found.unknown) == 4
    assert attempt.outcomes == ()


async def test_legacy_only_wants_both_new_versions_refused() -> None:
    """The connections after the second are turned away: the new versions were never tried."""
    opened = []

    async def opening() -> Stream:
        opened.append(1)
        if len(opened) > 2:
            raise ConnectionRefusedError("421 too many connections")
        return TlsPeer(SERVED_HERE.context(OLD, NEWEST))

    found, attempt = await look(opening)
    assert found.unknown == ("TLSv1.2", "TLSv1.3")
    assert attempt.outcomes == ("tls_legacy_enabled",)
