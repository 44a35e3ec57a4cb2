"""The handshake: what it reports, how it fails, and that nothing a server does makes it long."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL import SSL

from diagnostics.network.recorded import RecordedStream
from diagnostics.network.tls import HandshakeError, handshake, roots
from tests.fakes.certificates import SERVED, UNSPEAKABLE, authorities
from tests.fakes.tls_peer import TlsPeer

HOST = "mail.contoso.com"
HEALTHY = SERVED["healthy"](authorities(), HOST)


async def failure(stream: object, **more: object) -> HandshakeError:
    with pytest.raises(HandshakeError) as caught:
        await handshake(stream, **{"server_name": HOST, **more})  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize(
    ("version", "number"),
    [("TLSv1", SSL.TLS1_VERSION), ("TLSv1.1", SSL.TLS1_1_VERSION), ("TLSv1.2", SSL.TLS1_2_VERSION)],
)
async def test_every_version_can_be_spoken(version: str, number: int) -> None:
    peer = TlsPeer(HEALTHY.context(number, number))
    found = await handshake(peer, server_name=HOST, minimum=version, maximum=version)
    assert found.protocol == version
    assert found.chain == HEALTHY.chain


async def test_text_goes_both_ways_inside() -> None:
    peer = TlsPeer(HEALTHY.context(), says=b"220 hello\r\n")
    stream = (await handshake(peer, server_name=HOST)).stream
    assert await stream.read(100) == b"220 hello\r\n"
    await stream.write(b"EHLO a\r\n")
    assert peer.told == b"EHLO a\r\n"
    assert await stream.read(100) == b""  # the other side has nothing more
    await stream.close()
    assert peer.closed


@pytest.mark.parametrize(("name", "expected"), [(HOST, HOST.encode()), ("203.0.113.9", None), ("", None)])
async def test_the_server_is_told_the_name_and_never_an_address(name: str, expected: bytes | None) -> None:
    asked = []
    context = HEALTHY.context()
    context.set_tlsext_servername_callback(lambda connection: asked.append(connection.get_servername()))
    await handshake(TlsPeer(context), server_name=name)
    assert asked == [expected]


async def test_an_alert_is_told_with_its_number() -> None:
    error = await failure(TlsPeer(HEALTHY.context(maximum=SSL.TLS1_1_VERSION)))
    assert (error.kind, error.alert) == ("alert", 70)
    assert "protocol version" in error.text


async def test_a_version_that_we_did_not_offer_is_refused_by_us() -> None:
    hello = bytes.fromhex("160302002a020000260302") + bytes(32) + bytes.fromhex("00c013000000")  # TLS 1.1's ServerHello
    error = await failure(RecordedStream([hello]))
    assert (error.kind, error.text) == ("local", "unsupported protocol")


async def test_plain_text_is_not_tls() -> None:
    error = await failure(RecordedStream([b"500 5.5.1 command not recognised\r\n"]))
    assert (error.kind, error.text[:9]) == ("not-tls", "500 5.5.1")


async def test_the_connection_ends() -> None:
    assert (await failure(RecordedStream([]))).kind == "closed"
    assert (await failure(RecordedStream([b"\x16\x03\x03\x00"]))).kind == "closed"
    assert (await failure(RecordedStream([b"50"]))).kind == "not-tls"
    assert (await failure(RecordedStream([ConnectionResetError(104, "reset")]))).kind == "reset"


class Dripping:
    """A server that sends `begin` and then zeros without end, each piece `pause` seconds after the last; or `begin` again and
    again."""

    def __init__(self, begin: bytes, pause: float, *, again: bool = False) -> None:
        self.begin, self.pause, self.again, self.sent = begin, pause, again, 0

    async def read(self, most: int) -> bytes:
        await asyncio.sleep(self.pause)
        piece = self.begin if self.again or not self.sent else b"\0"
        self.sent += len(piece)
        return piece

    async def write(self, data: bytes) -> None: ...

    async def close(self) -> None: ...


async def test_a_server_that_drips_has_no_more_time_than_any_other() -> None:
    slow = Dripping(bytes.fromhex("1603034000"), 0.02)  # a record of 16 KB, which takes five minutes
    assert (await failure(slow, seconds=0.5)).kind == "timeout"
    assert 1 < slow.sent < 2_000


async def test_a_server_that_never_answers() -> None:
    assert (await failure(Dripping(b"", 60), seconds=0.1)).kind == "timeout"


async def test_messages_without_end_are_cut_off() -> None:
    flood = Dripping(bytes.fromhex("160303000400000000") * 100, 0, again=True)  # HelloRequest, which clients ignore
    assert "no end" in (await failure(flood)).text
    assert flood.sent <= 1 << 19


async def test_a_megabyte_of_certificate_is_not_taken() -> None:
    huge = UNSPEAKABLE["huge"](authorities(), HOST)
    error = await failure(TlsPeer(huge.context()))
    assert error.kind == "local"
    assert "excessive" in error.text


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=400), max_size=4), st.booleans())
def test_whatever_comes_back_is_a_handshake_error(pieces: list[bytes], framed: bool) -> None:
    chunks = [b"\x16\x03\x03" + len(each).to_bytes(2) + each if framed else each for each in pieces]
    asyncio.run(failure(RecordedStream([*filter(None, chunks), b""]), seconds=1))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 4000), st.integers(1, 255))
def test_a_damaged_handshake_never_raises_anything_else(place: int, flip: int) -> None:
    class Damaged(TlsPeer):
        seen = 0

        async def read(self, most: int) -> bytes:
            data = bytearray(await super().read(most))
            if 0 <= place - self.seen < len(data):
                data[place - self.seen] ^= flip
            self.seen += len(data)
            return bytes(data)

    with suppress(HandshakeError):
        asyncio.run(handshake(Damaged(HEALTHY.context(maximum=SSL.TLS1_2_VERSION)), server_name=HOST, seconds=1))


def test_trust_anchors_are_read_once() -> None:
    assert roots() is roots()
    assert roots().known


def test_a_file_without_certificates_is_an_error(tmp_path: object) -> None:
    with pytest.raises(ValueError, match="PEM"):
        roots(__file__)
    with pytest.raises(OSError, match="nowhere"):
        roots("/nowhere/ca.pem")
