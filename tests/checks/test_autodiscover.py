"""Autodiscover asked for by name: port 443 and its certificate, told as facts."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics.checks.autodiscover import autodiscover
from handlers.blocks.looks import summary
from tests.checks.lab import DOMAIN, seen
from tests.fakes.certificates import SERVED, authorities
from tests.fakes.https import HttpsServer, answer

NAME = f"autodiscover.{DOMAIN}"
ASKED = frozenset({"autodiscover"})


@pytest.mark.parametrize(
    ("certificate", "wrong"), [("healthy", []), ("expired", ["cert_expired"]), ("wrong-name", ["cert_name_mismatch"])]
)
async def test_the_certificate_on_443_is_judged(tmp_path: Path, certificate: str, wrong: list[str]) -> None:
    lab = authorities()
    context = SERVED[certificate](lab, NAME).ssl_context(tmp_path)
    async with HttpsServer(answer(b""), context) as server:
        attempt = await seen(
            f"{NAME} A 127.0.0.1",
            autodiscover,
            DOMAIN,
            ports={443: server.port},
            only=ASKED,
            ca_file=lab.ca_file(tmp_path),
        )
    https = attempt.facts["https"]
    assert (https["open"], list(https["wrong"]), attempt.outcomes) == (True, wrong, ())
    assert "port 443: TLSv1.3" in summary(attempt)
    assert server.asked in ([], [""])  # nothing is requested


async def test_a_closed_port_and_one_that_is_out_of_scope_are_told_apart() -> None:
    closed = await seen(f"{NAME} A 127.0.0.1", autodiscover, DOMAIN, ports={443: 1}, only=ASKED)
    outside = await seen(f"{NAME} A 10.0.0.5", autodiscover, DOMAIN, only=ASKED)
    assert closed.facts["https"]["open"] is False
    assert outside.facts["https"]["open"] is None
    assert "MAILFLOW_CHECK_ALLOW" in outside.facts["https"]["why"]


async def test_without_being_asked_for_nothing_is_connected_to() -> None:
    attempt = await seen(f"{NAME} A 127.0.0.1", autodiscover, DOMAIN, ports={443: 1})
    assert "https" not in attempt.facts
