"""The GET for policies: whatever a server sends, the answer is an answer or one kind of error, and bounded."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from diagnostics.network.http import HttpError, Response, get
from diagnostics.network.recorded import RecordedStream
from tests.fakes.https import answer

_PIECES = st.sampled_from([
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 101 Switching Protocols\r\n", b"HTTP/1.0 304 x\r\n", b"HTTP/1.1 100 Continue\r\n\r\n",
    b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"Transfer-Encoding: chunked\r\n", b"Upgrade: x\r\n", b"\r\n", b"5\r\n",
    b"hello", b"\r\n0\r\n\r\n", b"\x00\xff", b"Connection: close\r\n", b"ffffffffffffffff\r\n",
])  # fmt: skip


def asked(sent: bytes, most: int = 100) -> Response | HttpError:
    async def run() -> Response | HttpError:
        try:
            return await get(
                RecordedStream([sent]), host="mta-sts.contoso.test", path="/", accept="text/plain", most=most
            )
        except HttpError as error:
            return error

    return asyncio.run(run())


@given(st.lists(_PIECES | st.binary(max_size=50), max_size=12))
def test_whatever_is_sent_is_an_answer_or_one_error(pieces: list[bytes]) -> None:
    got = asked(b"".join(pieces))
    if isinstance(got, Response):
        assert len(got.body) <= 100
    else:
        assert len(str(got)) < 300


def test_a_body_of_just_the_size_is_whole_and_one_byte_more_is_not() -> None:
    exact, more = asked(answer(b"x" * 100)), asked(answer(b"x" * 101))
    assert isinstance(exact, Response)
    assert isinstance(more, Response)
    assert (exact.whole, len(exact.body)) == (True, 100)
    assert (more.whole, len(more.body)) == (False, 100)


def test_the_first_of_a_repeated_header_counts() -> None:
    got = asked(answer(b"", headers=("X-Kind: first", "x-kind: second")))
    assert isinstance(got, Response)
    assert got.headers["x-kind"] == "first"
