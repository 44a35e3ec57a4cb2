"""TLS over an open stream, kept apart from the socket so that a handshake can be looked into and bounded.

pyOpenSSL over memory BIOs: its verify callback reports every fault of a chain with its depth in one handshake, where other
libraries stop at the first, and its OpenSSL still speaks the obsolete versions that a probe has to try.
"""

from __future__ import annotations

import asyncio
import ipaddress
from contextlib import suppress
from typing import Final

from msgspec import Struct, field
from OpenSSL import SSL, crypto

from diagnostics.network import Stream, trust
from diagnostics.network.trust import Roots, roots

__all__ = ["Fault", "Handshake", "HandshakeError", "Roots", "handshake", "roots"]

_PIECE: Final = 1 << 14
_MOST_BYTES: Final = (
    1 << 18
)  # of a handshake; OpenSSL takes a chain of at most 100 KB, but ignores messages without end
_MOST_FAULTS: Final = 50
_LONGEST: Final = 200
_RECORDS: Final = frozenset({20, 21, 22, 23})  # RFC 8446, 5.1: what a TLS record begins with


class Fault(Struct, frozen=True):
    """One thing OpenSSL found wrong: `code` is X509_V_ERR_…, `depth` 0 for the server's own certificate."""

    code: int
    depth: int


class Handshake(Struct, frozen=True):
    """A finished handshake. `protocol` "TLSv1.2", `cipher` OpenSSL's name; `chain` DER certificates as the server sent them,
    its own first; `built` the path that OpenSSL found from the first one towards a trust anchor, which it ends with where
    one was found; `faults` as verified against the public roots and the operator's."""

    stream: Stream
    protocol: str
    cipher: str
    chain: tuple[bytes, ...]
    faults: tuple[Fault, ...] = ()
    built: tuple[bytes, ...] = ()


class HandshakeError(Exception):
    """TLS could not be agreed. `kind` tells who ended it and how; `text` is OpenSSL's reason, bounded.

    "alert": the server sent a TLS alert (`alert` is its number); "reset", "closed", "timeout": the connection ended so;
    "not-tls": what came back was not TLS (`text` is its beginning); "local": our side refused what the server offered.
    """

    def __init__(self, kind: str, text: str = "", alert: int = 0) -> None:
        super().__init__(text or kind)
        self.kind = kind
        self.text = text
        self.alert = alert


async def handshake(
    stream: Stream,
    *,
    server_name: str,
    minimum: str = "TLSv1.2",
    maximum: str = "TLSv1.3",
    roots: Roots | None = None,
    seconds: float = 8.0,
) -> Handshake:
    """TLS as a client on a stream whose next bytes are TLS. No fault of a certificate ends it: all are reported.

    `server_name` is sent as SNI, unless it is an address or empty; `minimum` and `maximum` are "TLSv1" to "TLSv1.3";
    `roots` None means this machine's. Raises HandshakeError, and leaves closing `stream` to the caller then.
    """
    session = _Session(stream, (roots or trust.roots()).context(minimum, maximum, _verified, _informed), server_name)
    try:
        async with asyncio.timeout(seconds):
            await session.agree()
    except TimeoutError as error:
        raise HandshakeError("timeout", f"TLS was not agreed within {seconds:g} seconds") from error
    except OSError as error:
        raise HandshakeError("reset", (error.strerror or type(error).__name__)[:_LONGEST]) from error
    return session.result()


class _Seen(Struct):
    """What OpenSSL's callbacks reported of one connection."""

    faults: list[Fault] = field(default_factory=list)
    alert: int = 0


def _verified(connection: SSL.Connection, _certificate: crypto.X509, code: int, depth: int, _ok: int) -> bool:
    faults: list[Fault] = connection.get_app_data().faults
    fault = Fault(code, depth)
    if code and len(faults) < _MOST_FAULTS and fault not in faults:
        faults.append(fault)
    return True


def _informed(connection: SSL.Connection, where: int, value: int) -> None:
    if where & SSL.SSL_CB_READ_ALERT == SSL.SSL_CB_READ_ALERT:
        connection.get_app_data().alert = value & 0xFF


class _Session:
    """One TLS connection, and the Stream of what is said inside."""

    def __init__(self, stream: Stream, context: SSL.Context, server_name: str) -> None:
        self._stream = stream
        self._seen = _Seen()
        self._first = b""
        self._tls = SSL.Connection(context, None)
        self._tls.set_app_data(self._seen)
        self._tls.set_connect_state()
        if _is_name(server_name):
            self._tls.set_tlsext_host_name(server_name.encode("ascii"))

    async def agree(self) -> None:
        """The handshake itself. Raises HandshakeError or OSError."""
        came = 0
        while True:
            try:
                self._tls.do_handshake()
            except SSL.WantReadError:
                pass
            except SSL.Error as error:
                with suppress(OSError):
                    await self._flush()  # our alert tells the server why
                raise self._foreign() or self._failure(error) from error
            else:
                return await self._flush()
            await self._flush()
            data = await self._stream.read(_PIECE)
            if not data:
                raise self._foreign() or HandshakeError("closed", "the server closed the connection")
            self._first = (self._first + data)[:_LONGEST] if len(self._first) < _LONGEST else self._first
            came += len(data)
            if came > _MOST_BYTES:
                raise HandshakeError("local", f"more than {_MOST_BYTES} bytes and no end of the handshake")
            self._tls.bio_write(data)

    def _foreign(self) -> HandshakeError | None:
        """Where what came can't be TLS, however it went on."""
        if not self._first or (self._first[0] in _RECORDS and self._first[1:2] in (b"", b"\x03")):
            return None
        return HandshakeError("not-tls", self._first.decode("latin-1"))

    def _failure(self, error: SSL.Error) -> HandshakeError:
        reason = _reason(error)
        if self._seen.alert:
            return HandshakeError("alert", reason, self._seen.alert)
        return HandshakeError("local", reason)

    def result(self) -> Handshake:
        tls = self._tls
        return Handshake(
            stream=self,
            protocol=tls.get_protocol_version_name(),
            cipher=tls.get_cipher_name() or "",
            chain=_der(tls.get_peer_cert_chain()),
            faults=tuple(self._seen.faults),
            built=_der(tls.get_verified_chain()),
        )

    async def read(self, most: int) -> bytes:
        while True:
            try:
                return self._tls.recv(most)
            except SSL.WantReadError:
                pass
            except SSL.ZeroReturnError:
                return b""
            except SSL.Error as error:
                raise ConnectionAbortedError(0, f"TLS failed: {_reason(error)}") from error
            await self._flush()  # a key update has to be answered
            data = await self._stream.read(_PIECE)
            if not data:
                return b""
            self._tls.bio_write(data)

    async def write(self, data: bytes) -> None:
        try:
            self._tls.sendall(data)
        except SSL.Error as error:
            raise ConnectionAbortedError(0, f"TLS failed: {_reason(error)}") from error
        await self._flush()

    async def close(self) -> None:
        with suppress(SSL.Error, OSError):
            self._tls.shutdown()
            await self._flush()
        await self._stream.close()

    async def _flush(self) -> None:
        """Sends what OpenSSL has ready."""
        parts = []
        with suppress(SSL.WantReadError):
            while True:
                parts.append(self._tls.bio_read(_PIECE))
        if parts:
            await self._stream.write(b"".join(parts))


def _is_name(text: str) -> bool:
    if not text or not text.isascii():
        return False
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return True
    return False


def _reason(error: SSL.Error) -> str:
    """OpenSSL's words for what went wrong first."""
    queue = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return str(queue[0][2])[:_LONGEST] if queue else type(error).__name__


def _der(certificates: list[crypto.X509] | None) -> tuple[bytes, ...]:
    return tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, each) for each in certificates or ())
