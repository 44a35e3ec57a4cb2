"""Whatever a stranger publishes as TXT: no check of it raises, asks without end, takes long or shows without bound."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.checks.dkim import dkim
from diagnostics.checks.dmarc import dmarc
from diagnostics.checks.model import Attempt
from diagnostics.checks.spf import spf
from diagnostics.checks.tls_rpt import tls_rpt
from diagnostics.network import DnsReply, Stream
from tests.checks.lab import DOMAIN, made

_CHECKS = (spf, dmarc, dkim, tls_rpt)
_NOW = datetime(2026, 11, 1, tzinfo=UTC)


class _Everywhere:
    """The same text at every name; hosts, addresses and mail servers wherever they are asked for."""

    def __init__(self, text: Callable[[str], str]) -> None:
        self._text = text
        self.asked: list[str] = []

    async def resolve(self, name: str, type: str, *, unchecked: bool = False) -> DnsReply:  # noqa: A002  the DNS's own word
        self.asked.append(name)
        values = {"TXT": (self._text(name),), "A": ("203.0.113.1",), "PTR": (DOMAIN,), "CNAME": (), "AAAA": ()}
        return DnsReply(name, type, "answer", values.get(type, (f"10 {DOMAIN}",)))

    async def connect(self, address: str, port: int) -> Stream:
        raise ConnectionRefusedError


async def look(network: _Everywhere) -> list[Attempt]:
    options = {"now": _NOW, "ip": "198.51.100.1"}
    return [await made(network, check, DOMAIN, **options) for check in _CHECKS]  # type: ignore[arg-type]


_PIECES = st.lists(
    st.one_of(
        st.binary(max_size=60).map(lambda data: data.decode("latin-1")),
        st.sampled_from(
            [
                "v=spf1 ",
                "v=DMARC1;",
                "v=TLSRPTv1;",
                "v=DKIM1;",
                "p=",
                "rua=mailto:a@b.test!",
                "rua=https://[",
                "include:",
                "redirect=%{d",
                "exists:%{p}.",
                "%{l1r+-}",
                "%{D99}",
                "ip6:fe80::1%eth0",
                "ip4:1.2.3.4/",
                "a//",
                ".test",
                " ",
                ";",
                ",",
            ]
        ),
    ),
    max_size=12,
).map("".join)


@given(_PIECES)
@settings(max_examples=300, deadline=None)
def test_any_text_is_judged(text: str) -> None:
    for attempt in asyncio.run(look(_Everywhere(lambda _: text))):
        assert not attempt.reason.startswith("the check itself failed")
        assert Attempt.model_validate_json(attempt.model_dump_json()) == attempt


_BOMBS: dict[str, Callable[[str], str]] = {
    "ten kilobytes": lambda _: "v=spf1 " + "x" * 10_000,
    "the longest text there is": lambda _: "v=spf1 " + "a " * 32_000,
    "addresses without end": lambda _: "v=spf1 " + "ip4:203.0.113.1 " * 1_200,
    "macros without end": lambda _: "v=spf1 " + "".join(f"exists:{'%{d}' * 60} " for _ in range(80)),
    "explanations without end": lambda name: "%{d}" * 500 if name.startswith("why") else "v=spf1 exp=why.test -all",
    "every name includes a hundred": lambda name: (
        "v=spf1 " + " ".join(f"include:{n}.{name[-200:].lstrip('.')}" for n in range(100))
    ),
    "every name includes itself": lambda name: f"v=spf1 include:{name} include:{name} redirect={name}",
    "a redirect that grows": lambda name: f"v=spf1 redirect=x.{name}",
    "tags without end": lambda _: "v=DMARC1; p=none;" + "a=b;" * 15_000,
    "reports to everybody": lambda _: "v=DMARC1; p=none; rua=" + ",".join(f"mailto:a@h{n}.test" for n in range(3_000)),
    "a key without end": lambda _: "v=DKIM1; p=" + "A" * 60_000,
    "control characters": lambda _: "v=spf1 \x1b[31m\x00\r\n\x9b -all",
}


@pytest.mark.parametrize("name", _BOMBS)
async def test_bombs_cost_little(name: str) -> None:
    network = _Everywhere(_BOMBS[name])
    began = time.process_time()
    attempts = await look(network)
    assert time.process_time() - began < 5  # seconds; one or two hundredths for most
    assert len(network.asked) < 400
    for attempt in attempts:
        assert not attempt.reason.startswith("the check itself failed")
        shown = json.dumps(attempt.facts, ensure_ascii=False)
        assert len(shown) < 40_000
        assert shown.isprintable()
