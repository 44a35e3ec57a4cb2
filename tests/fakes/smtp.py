"""SMTP servers on loopback. Healthy by default: greets, offers STARTTLS, refuses to relay. Every fault is composed.

    async with SmtpServer(tls=context) as server: ...                      # healthy
    async with SmtpServer(tls=context, greeting=b"554 no\\r\\n"): ...        # turns everybody away
    async with SmtpServer(tls=context, replies={"EHLO": close}): ...       # hangs up at EHLO
    async with SmtpServer(tls=context, agreed=silence): ...                # says 220 to STARTTLS, then nothing

What stands for a reply is bytes to send, or an act: an async function that gets the client and may do anything.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType

NAME = "mail.contoso.test"
GREETING = f"220 {NAME} ESMTP ready\r\n".encode()
CAPABILITIES = ("PIPELINING", "SIZE 37748736", "8BITMIME", "DSN", "CHUNKING", "SMTPUTF8")
REFUSED = b"550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain\r\n"

_PATIENCE = 60.0  # seconds for a client that says nothing


@dataclass
class Client:
    """One connection, seen from the server. `rest` is what has come and was not read yet; `number` counts from 0."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    secured: bool = False
    rest: bytes = b""
    said: bytes = b""  # last

    async def say(self, data: bytes) -> None:
        self.said = data
        self.writer.write(data)
        await self.writer.drain()

    async def line(self) -> bytes:
        """The next line without its end; b"" when the client has gone."""
        while b"\n" not in self.rest:
            data = await asyncio.wait_for(self.reader.read(65536), _PATIENCE)
            if not data:
                return b""
            self.rest += data
        line, _, self.rest = self.rest.partition(b"\n")
        return line.rstrip(b"\r") or b" "

    def reset(self) -> None:
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Act = Callable[[Client], Awaitable[None]]
Answer = bytes | Act


class GoneError(Exception):
    """The server has ended the session."""


async def close(client: Client) -> None:
    raise GoneError


async def reset(client: Client) -> None:
    client.reset()
    raise GoneError


async def silence(client: Client) -> None:
    """Reads on, and never answers."""
    while await client.reader.read(65536):
        pass
    raise GoneError


def late(seconds: float, data: bytes) -> Act:
    async def act(client: Client) -> None:
        await asyncio.sleep(seconds)
        await client.say(data)

    return act


def dripping(seconds: float, data: bytes) -> Act:
    """One byte, a pause, the next byte."""

    async def act(client: Client) -> None:
        for start in range(len(data)):
            await client.say(data[start : start + 1])
            await asyncio.sleep(seconds)

    return act


def endless(data: bytes) -> Act:
    async def act(client: Client) -> None:
        while True:
            await client.say(data)
            await asyncio.sleep(0)

    return act


def hearing(data: bytes, act: Act) -> Act:
    """Waits for what the client says first."""

    async def both(client: Client) -> None:
        await client.reader.read(65536)
        await client.say(data)
        await act(client)

    return both


def then(data: bytes, act: Act) -> Act:
    async def both(client: Client) -> None:
        await client.say(data)
        await act(client)

    return both


def extended(*capabilities: str, name: str = NAME) -> bytes:
    """A reply to EHLO."""
    lines = [f"{name} greets you", *capabilities]
    marks = ["-"] * (len(lines) - 1) + [" "]
    return "".join(f"250{mark}{line}\r\n" for mark, line in zip(marks, lines, strict=True)).encode()


@dataclass
class SmtpServer:
    """`replies` are by verb, `inside` those once TLS is there; `agreed` is what comes after 220 to STARTTLS, None for the
    handshake. `at_once` speaks TLS from the first byte. `injectable` takes plaintext across the handshake. `heard` is every
    line that came, by connection. `greetings` are those of single connections, by number."""

    address: str = "127.0.0.1"
    port: int = 0
    tls: ssl.SSLContext | None = None
    greeting: Answer = GREETING
    capabilities: tuple[str, ...] = CAPABILITIES
    replies: Mapping[str, Answer] = field(default_factory=dict)
    inside: Mapping[str, Answer] = field(default_factory=dict)
    agreed: Act | None = None
    at_once: bool = False
    injectable: bool = False
    greetings: Mapping[int, Answer] = field(default_factory=dict)
    heard: list[list[str]] = field(default_factory=list)

    async def __aenter__(self) -> SmtpServer:
        self._server = await asyncio.start_server(
            self._serve, self.address, self.port, ssl=self.tls if self.at_once else None
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._tasks: set[asyncio.Task[None]] = set()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        client = Client(reader, writer, len(self.heard), secured=self.at_once)
        self.heard.append([])
        try:
            with suppress(GoneError, OSError, TimeoutError, asyncio.CancelledError):
                await self._answer(client, self.greetings.get(client.number, self.greeting))
                while line := await client.line():
                    await self._take(client, line.decode("latin-1"))
        finally:
            self._tasks.discard(task)
            with suppress(OSError, RuntimeError):
                writer.close()

    async def _take(self, client: Client, line: str) -> None:
        self.heard[client.number].append(line)
        verb = line.split(" ", 1)[0].upper()
        answer = (
            (self.inside if client.secured else {}).get(verb) or self.replies.get(verb) or self._usual(client, verb)
        )
        await self._answer(client, answer)
        if verb == "STARTTLS" and client.said.startswith(b"220"):
            await self._secure(client)
        if verb == "QUIT":
            raise GoneError

    async def _answer(self, client: Client, answer: Answer) -> None:
        await (client.say(answer) if isinstance(answer, bytes) else answer(client))

    def _usual(self, client: Client, verb: str) -> bytes:
        starttls = ("STARTTLS",) if self.tls and not client.secured else ()
        usual = {
            "EHLO": extended(*self.capabilities, *starttls),
            "HELO": f"250 {NAME}\r\n".encode(),
            "MAIL": b"250 2.1.0 Sender OK\r\n",
            "RCPT": REFUSED,
            "RSET": b"250 2.0.0 Resetting\r\n",
            "NOOP": b"250 2.0.0 OK\r\n",
            "QUIT": b"221 2.0.0 Bye\r\n",
        }
        if starttls:
            usual["STARTTLS"] = b"220 2.0.0 Ready\r\n"
        return usual.get(verb, b"500 5.3.3 Unrecognized command\r\n")

    async def _secure(self, client: Client) -> None:
        if not self.injectable:
            client.rest = b""
        if self.agreed:
            await self.agreed(client)
        assert self.tls
        await client.writer.start_tls(self.tls)
        client.secured = True
