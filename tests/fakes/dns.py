"""A DNS server on loopback, over UDP and TCP, that answers from a zone and misbehaves on request.

    async with DnsServer('''
        contoso.test         TXT    "v=spf1 -all"
        mail.contoso.test    A      127.0.0.10
        *.wild.test          A      127.0.0.11
        signed.test          !signed
        broken.test          !servfail
        quiet.test           !timeout TXT
    ''') as server:
        network = LiveNetwork([server.address])

A line is a name, a type and the data as zone files write it (names are absolute, with or without the last dot, and the root
is a dot; lines that begin with # are comments). In place of a type stands what the server does at that name, for one type
or for all:

    !servfail !refused !nxdomain   that response code
    !timeout                       silence
    !bogus                         SERVFAIL as for a broken signature: answered when DNSSEC is not to be checked (CD)
    !truncated                     nothing but the TC bit over UDP; the answer over TCP
    !garbage                       bytes that are no DNS message
    !delay 300                     the answer, 300 milliseconds later
    !signed                        the AD bit, as a validating resolver sets it; for every name below as well

A name whose CNAME leads to such a name shares its fate, as with a real resolver.
"""

from __future__ import annotations

import asyncio
import struct
from contextlib import closing, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

_LONGEST_CHAIN: Final = 20
_RCODES: Final = {"servfail": dns.rcode.SERVFAIL, "refused": dns.rcode.REFUSED, "nxdomain": dns.rcode.NXDOMAIN}
_BEHAVIOURS: Final = frozenset({*_RCODES, "bogus", "timeout", "truncated", "garbage", "delay", "signed"})
_GARBAGE: Final = b"\xff" * 40
_TTL: Final = 60


def txt(*strings: bytes | str) -> str:
    """TXT data for a zone line, whatever the bytes; a string of more than 255 is split as publishers do."""
    chunks = []
    for string in strings:
        data = string.encode() if isinstance(string, str) else string
        chunks += [data[start : start + 255] for start in range(0, len(data) or 1, 255)]
    return " ".join('"' + "".join(f"\\{byte:03d}" for byte in chunk) + '"' for chunk in chunks)


@dataclass
class Zone:
    records: dict[str, dict[str, list[dns.rdata.Rdata]]] = field(default_factory=dict)
    behaviours: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)  # (name, type or "") -> (what, ms)

    @classmethod
    def read(cls, text: str) -> Zone:
        zone = cls()
        for line in text.splitlines():
            words = line.split(maxsplit=2)
            if not words or words[0].startswith("#"):
                continue
            name, kind, data = words[0].rstrip(".").lower() or ".", words[1], words[2] if len(words) > 2 else ""
            if kind.startswith("!"):
                zone._behave(name, kind[1:], data.split())
            else:
                record = dns.rdata.from_text(dns.rdataclass.IN, kind, data, origin=dns.name.root, relativize=False)
                zone.records.setdefault(name, {}).setdefault(kind, []).append(record)
        return zone

    def _behave(self, name: str, what: str, words: list[str]) -> None:
        if what not in _BEHAVIOURS:
            raise ValueError(f"!{what} is none of {sorted(_BEHAVIOURS)}")
        ms = int(words.pop(0)) if what == "delay" else 0
        for kind in words or [""]:
            self.behaviours[name, kind] = (what, ms)

    def behaviour(self, name: str, kind: str) -> tuple[str, int]:
        return self.behaviours.get((name, kind)) or self.behaviours.get((name, "")) or ("", 0)

    def signed(self, name: str) -> bool:
        return any(self.behaviours.get((parent, "")) == ("signed", 0) for parent in _parents(name))

    def at(self, name: str) -> dict[str, list[dns.rdata.Rdata]] | None:
        """The records at the name, or of the wildcard above it; None where the name does not exist."""
        if name in self.records:
            return self.records[name]
        if any(other.endswith(f".{name}") for other in self.records):
            return {}
        for parent in _parents(name)[1:]:
            if f"*.{parent}" in self.records:
                return self.records[f"*.{parent}"]
        return {} if any(known == name for known, _ in self.behaviours) else None


def _parents(name: str) -> list[str]:
    labels = name.split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]


class DnsServer:
    """`asked` lists every question as (name, type, "udp" or "tcp"). `delay` milliseconds pass before each answer."""

    def __init__(self, zone: str, *, host: str = "127.0.0.1", delay: int = 0) -> None:
        self.zone = Zone.read(zone)
        self.asked: list[tuple[str, str, str]] = []
        self.address = (host, 0)
        self._delay = delay
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> DnsServer:
        loop = asyncio.get_running_loop()
        for _ in range(20):  # the port that TCP got may be taken for UDP
            self._tcp = await asyncio.start_server(self._serve, self.address[0], 0)
            port = self._tcp.sockets[0].getsockname()[1]
            try:
                self._udp, _ = await loop.create_datagram_endpoint(
                    lambda: _Datagrams(self), local_addr=(self.address[0], port)
                )
            except OSError:
                self._tcp.close()
                continue
            self.address = (self.address[0], port)
            return self
        raise OSError("no port was free for both UDP and TCP")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._udp.close()
        self._tcp.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # the transports close in the loop's next turn

    def datagram(self, data: bytes, transport: asyncio.DatagramTransport, peer: tuple[str, int]) -> None:
        async def reply() -> None:
            answer = await self._answer(data, "udp")
            if answer is not None and not transport.is_closing():
                transport.sendto(answer, peer)

        self._keep(asyncio.ensure_future(reply()))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._keep(task)
        with closing(writer), suppress(asyncio.IncompleteReadError, OSError):
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                answer = await self._answer(await reader.readexactly(length), "tcp")
                if answer is None:
                    break
                writer.write(struct.pack("!H", len(answer)) + answer)
                await writer.drain()

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, data: bytes, transport: str) -> bytes | None:
        try:
            query = dns.message.from_wire(data)
        except dns.exception.DNSException:
            return None
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind, transport))
        response = dns.message.make_response(query, recursion_available=True)
        what, ms = self._fill(response, name, kind, checked=not query.flags & dns.flags.CD)
        await asyncio.sleep((ms + self._delay) / 1000)
        if what == "timeout":
            return None
        if what == "garbage":
            return data[:2] + _GARBAGE
        return _wire(response, transport, query.payload if query.edns >= 0 else 512, cut=what == "truncated")

    def _fill(self, response: dns.message.Message, asked: str, kind: str, *, checked: bool) -> tuple[str, int]:
        """Puts the answer into the response; returns what to do with it besides sending it."""
        name, signed = asked, self.zone.signed(asked)
        for _ in range(_LONGEST_CHAIN):
            what, ms = self.zone.behaviour(name, kind)
            records = self.zone.at(name)
            if what == "bogus" and checked:
                what = "servfail"
            if what in _RCODES or records is None:
                response.set_rcode(_RCODES.get(what, dns.rcode.NXDOMAIN))
                break
            alias = records.get("CNAME", []) if kind != "CNAME" else []
            _add(response, name, kind if not alias else "CNAME", alias or records.get(kind, []))
            if not alias or what in ("timeout", "garbage"):
                break
            name = alias[0].target.to_text(omit_final_dot=True).lower()  # type: ignore[attr-defined]  # a CNAME has one
            signed = signed and self.zone.signed(name)
        if signed:
            response.flags |= dns.flags.AD
        return what, ms


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._server.datagram(data, self._transport, addr)


def _add(response: dns.message.Message, name: str, kind: str, records: list[dns.rdata.Rdata]) -> None:
    if records:
        response.answer.append(dns.rrset.from_rdata_list(dns.name.from_text(name), _TTL, records))


def _wire(response: dns.message.Message, transport: str, payload: int, *, cut: bool) -> bytes:
    wire = response.to_wire(max_size=65535)
    if transport == "tcp" or (len(wire) <= payload and not cut):
        return wire
    response.answer.clear()
    response.flags |= dns.flags.TC
    return response.to_wire()
