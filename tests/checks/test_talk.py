"""Replies of strangers: read whole, bounded, and never trusted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.checks.greeting import banner_facts, foreign, hello_facts
from diagnostics.checks.hello import Hello, masked_greeting
from diagnostics.checks.talk import Reply, Talk, TalkError, shown
from diagnostics.network.recorded import RecordedStream

_LIKELY = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from(
            [b"220 ", b"220-", b"250-", b"250 ", b"\r\n", b"\n", b"STARTTLS", b"AUTH=", b"SIZE 9", b"\x00"]
        ),
    ),
    max_size=20,
).map(b"".join)


class _Pieces:
    """A stream that gives bytes in pieces of a size, then ends."""

    def __init__(self, data: bytes, size: int) -> None:
        self.data, self.size, self.taken = data, size, 0

    async def read(self, most: int) -> bytes:
        piece = self.data[self.taken : self.taken + min(most, self.size)]
        self.taken += len(piece)
        return piece

    async def write(self, data: bytes) -> None: ...

    async def close(self) -> None: ...


@given(_LIKELY, st.integers(1, 50))
async def test_any_bytes_become_a_reply_or_one_error(data, size):
    talk = Talk(_Pieces(data, size))
    try:
        reply = await talk.reply(5)
    except TalkError as error:
        foreign(error.seen)
        return
    assert talk.usable
    assert 0 <= reply.code <= 999
    assert len(reply.text) <= 304
    facts = {**banner_facts(reply), **hello_facts(Hello.of(reply))}
    assert all(len(line) <= 602 for line in facts["capabilities"])
    masked_greeting(reply)


@given(_LIKELY, st.integers(1, 50))
async def test_pieces_make_no_difference(data, size):
    assert await _outcome(data, size) == await _outcome(data, len(data) + 1)


async def _outcome(data: bytes, size: int) -> object:
    try:
        return await Talk(_Pieces(data, size)).reply(5)
    except TalkError:
        return None


@pytest.mark.parametrize("data", [b"220 " + b"x" * 5_000_000, b"220-x\r\n" * 1_000_000, b"220-" + b"y" * 500 + b"\r\n"])
async def test_reading_ends_at_a_bound(data):
    stream = _Pieces(data * 2, 4096)
    with pytest.raises(TalkError):
        await Talk(stream).reply(5)
    assert stream.taken <= 80_000


@given(st.text())
def test_what_is_shown_is_one_short_line(text):
    line = shown(text)
    assert len(line) <= 300
    assert line.isprintable()


async def test_a_reply_before_the_command_is_noticed():
    talk = Talk(RecordedStream([b"220 a\r\n250 b\r\n"]))
    await talk.reply(1)
    with pytest.raises(TalkError, match="out of turn"):
        await talk.command("EHLO x", 1)


@pytest.mark.parametrize(
    ("lines", "masked"),
    [
        (("*****2***0**",), True),
        (("*" * 40, "**2*"), True),
        (("***** welcome *****",), False),
        (("mail.contoso.test ESMTP",), False),
        (("****",), False),
    ],
)
def test_a_masked_banner_has_no_letter_left(lines, masked):
    assert masked_greeting(Reply(220, lines)) is masked


@pytest.mark.parametrize(
    ("banner", "product", "version"),
    [
        ("MX.mail.protection.outlook.com Microsoft ESMTP MAIL Service ready at Tue", "Exchange Online", None),
        ("exch.contoso.test Microsoft ESMTP MAIL Service ready at Tue, 1 Sep 2026", "Microsoft Exchange", None),
        ("a Microsoft ESMTP MAIL Service, Version: 8.5.9600.16384 ready", "Microsoft SMTP (IIS)", "8.5.9600.16384"),
        ("mail.contoso.test ESMTP Postfix (Debian/GNU)", "Postfix", None),
        ("mail.contoso.test ESMTP Exim 4.97.1 Tue, 01 Sep 2026", "Exim", "4.97.1"),
        ("mail.contoso.test ESMTP Sendmail 8.17.1/8.17.1; Tue", "Sendmail", "8.17.1"),
        ("mx.google.com ESMTP d9443c01a7336-1f0-gsmtp", "Gmail", None),
        ("mail.contoso.test ESMTP", None, None),
    ],
)
def test_products_and_versions_of_banners(banner, product, version):
    facts = banner_facts(Reply(220, (banner,)))
    assert (facts.get("product"), facts.get("version")) == (product, version)


@pytest.mark.parametrize("offers", [("X-EXPS GSSAPI NTLM",), ("X-ANONYMOUSTLS",)])
def test_exchange_is_known_by_its_keywords(offers):
    assert hello_facts(Hello.of(Reply(250, ("mail.contoso.test", *offers))))["product"] == "Microsoft Exchange"


def test_both_spellings_of_auth_are_one():
    hello = Hello.of(Reply(250, ("mail", "AUTH=LOGIN", "AUTH login plain ntlm", "size 10")))
    assert hello.facts()["auth"] == ["LOGIN", "PLAIN", "NTLM"]
    assert hello.facts()["size"] == 10
