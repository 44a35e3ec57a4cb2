"""The lab's DNS server, seen through the real network: what each line of a zone turns into."""

from __future__ import annotations

import pytest

from diagnostics.network import live
from diagnostics.network.live import LiveNetwork
from tests.fakes.dns import DnsServer, txt

_ZONE = f"""
# what a line looks like
contoso.test         TXT    "v=spf1 " "-all"
contoso.test         MX     10 Mail.Contoso.test.
mail.contoso.test    A      127.0.0.10
www.contoso.test     CNAME  mail.contoso.test
*.wild.test          A      127.0.0.11
signed.test          !signed
_tls.signed.test     TXT    "x"
alias.signed.test    CNAME  contoso.test
broken.test          !servfail
to-broken.test       CNAME  broken.test
to-nothing.test      CNAME  nothing.test
refused.test         !refused
quiet.test           !timeout TXT
quiet.test           A      127.0.0.12
cut.test             !truncated
cut.test             TXT    "whole over TCP"
junk.test            !garbage
late.test            !delay 50
late.test            TXT    "late"
huge.test            TXT    {txt(b"x" * 10_000)}
bytes.test           TXT    {txt(bytes(range(256)))}
loop.test            CNAME  pool.test
pool.test            CNAME  loop.test
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "DNS_SECONDS", 0.5)


@pytest.mark.parametrize(
    ("name", "kind", "status", "values"),
    [
        ("contoso.test", "TXT", "answer", ("v=spf1 -all",)),
        ("CONTOSO.test.", "MX", "answer", ("10 mail.contoso.test",)),
        ("contoso.test", "A", "nodata", ()),
        ("www.contoso.test", "A", "answer", ("127.0.0.10",)),
        ("www.contoso.test", "CNAME", "answer", ("mail.contoso.test",)),
        ("any.wild.test", "A", "answer", ("127.0.0.11",)),
        ("wild.test", "A", "nodata", ()),
        ("nothing.test", "A", "nxdomain", ()),
        ("to-nothing.test", "A", "nxdomain", ()),
        ("broken.test", "TXT", "servfail", ()),
        ("to-broken.test", "TXT", "servfail", ()),
        ("refused.test", "TXT", "refused", ()),
        ("quiet.test", "TXT", "timeout", ()),
        ("quiet.test", "A", "answer", ("127.0.0.12",)),
        ("cut.test", "TXT", "answer", ("whole over TCP",)),
        ("junk.test", "TXT", "servfail", ()),
        ("late.test", "TXT", "answer", ("late",)),
        ("huge.test", "TXT", "answer", ("x" * 10_000,)),
        ("bytes.test", "TXT", "answer", (bytes(range(256)).decode("latin-1"),)),
        ("loop.test", "TXT", "servfail", ()),
    ],
)
async def test_a_zone_is_answered(name: str, kind: str, status: str, values: tuple[str, ...]) -> None:
    async with DnsServer(_ZONE) as server:
        reply = await LiveNetwork([server.address]).resolve(name, kind)
    assert (reply.status, reply.values) == (status, values)


async def test_what_is_signed_says_so_and_an_alias_out_of_the_zone_does_not() -> None:
    async with DnsServer(_ZONE, host="127.0.0.53") as server:
        network = LiveNetwork([server.address])
        replies = [
            await network.resolve(name, "TXT") for name in ("_tls.signed.test", "alias.signed.test", "contoso.test")
        ]
    assert [reply.authenticated for reply in replies] == [True, False, False]
    assert replies[1].canonical == "contoso.test"


async def test_a_truncated_answer_is_asked_for_again_over_tcp() -> None:
    async with DnsServer(_ZONE) as server:
        await LiveNetwork([server.address]).resolve("cut.test", "TXT")
    assert server.asked == [("cut.test", "TXT", "udp"), ("cut.test", "TXT", "tcp")]
