"""A TLS server in memory: the other end of a Stream, without a socket."""

from __future__ import annotations

from contextlib import suppress

from OpenSSL import SSL


class TlsPeer:
    """A Stream whose other end is an OpenSSL server. It greets with `says` inside TLS and keeps what it is told in `told`.
    Where the handshake fails it sends an alert, or with `mute` just closes, as Windows does."""

    def __init__(self, context: SSL.Context, says: bytes = b"", *, mute: bool = False) -> None:
        self._tls = SSL.Connection(context, None)
        self._tls.set_accept_state()
        self._says = says
        self._mute = mute
        self._shaken = False
        self.told = b""
        self.closed = False

    async def write(self, data: bytes) -> None:
        self._tls.bio_write(data)
        try:
            if not self._shaken:
                self._tls.do_handshake()
                self._shaken = True
                if self._says:
                    self._tls.sendall(self._says)
            while True:
                self.told += self._tls.recv(65536)
        except (SSL.WantReadError, SSL.ZeroReturnError):
            pass
        except SSL.Error:
            self.closed = True  # its alert is still to be read
            if self._mute:
                with suppress(SSL.WantReadError):
                    self._tls.bio_read(65536)

    async def read(self, most: int) -> bytes:
        try:
            return self._tls.bio_read(most)
        except SSL.WantReadError:
            return b""

    async def close(self) -> None:
        self.closed = True
