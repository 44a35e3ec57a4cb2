"""The real network: dnspython's resolver, and TCP through asyncio."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import dns.asyncquery
import dns.asyncresolver
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.resolver

from diagnostics.network import DnsReply, DnsStatus, Stream

CONNECT_SECONDS: Final = 5.0
DNS_SECONDS: Final = 2.0  # for one server; the next one is asked then
_MOST_TRIES: Final = 3
_MOST_RECORDS: Final = 256
_STATUSES: Final[dict[int, DnsStatus]] = {
    dns.rcode.NXDOMAIN: "nxdomain",
    dns.rcode.REFUSED: "refused",
}


class LiveNetwork:
    """`dns_servers` are (address, port); empty for the ones this machine uses."""

    def __init__(self, dns_servers: Sequence[tuple[str, int]] = ()) -> None:
        self._servers = tuple(dns_servers) or _own_servers()

    async def resolve(self, name: str, type: str, *, unchecked: bool = False) -> DnsReply:  # noqa: A002  the DNS's own word
        # AD in a question asks the resolver to say whether it validated (RFC 6840, 5.7).
        flags = dns.flags.RD | (dns.flags.CD if unchecked else dns.flags.AD)
        try:
            query = dns.message.make_query(name, type, use_edns=0, payload=1232, flags=flags)
        except (dns.exception.DNSException, UnicodeError, ValueError):
            return DnsReply(name, type, "nxdomain")  # no such name can exist
        failed: dict[tuple[str, int], DnsReply] = {}
        # A lost packet is not a dead name server, so silence is asked twice.
        for server in (self._servers * 2)[:_MOST_TRIES]:
            if server in failed and failed[server].status != "timeout":
                continue
            failed[server] = await _ask(query, name, type, *server)
            if failed[server].looked:
                return failed[server]
        # A server that says why it has no answer tells more than one that is silent.
        nothing = DnsReply(name, type, "timeout")
        return min(failed.values(), key=lambda reply: reply.status == "timeout", default=nothing)

    async def connect(self, address: str, port: int) -> Stream:
        ipaddress.ip_address(address)  # a name would be resolved behind the scope's back
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(address, port, limit=1 << 16)
        return _TcpStream(reader, writer)


class _TcpStream:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self, most: int) -> bytes:
        return await self._reader.read(most)

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def close(self) -> None:
        with suppress(OSError, RuntimeError):
            self._writer.close()
            await self._writer.wait_closed()


def _own_servers() -> tuple[tuple[str, int], ...]:
    try:
        resolver = dns.resolver.Resolver()
    except dns.resolver.NoResolverConfiguration:
        return ()
    return tuple((str(server), resolver.port) for server in resolver.nameservers)


async def _ask(query: dns.message.QueryMessage, name: str, type: str, server: str, port: int) -> DnsReply:  # noqa: A002
    try:
        answer, _ = await dns.asyncquery.udp_with_fallback(
            query, server, timeout=DNS_SECONDS, port=port, ignore_trailing=True
        )
    except (dns.exception.Timeout, OSError):  # nobody there is no answer, too, and says nothing about the name
        return DnsReply(name, type, "timeout", server=server)
    except dns.exception.FormError:
        return await _ask_leniently(query, name, type, server, port)
    except (dns.exception.DNSException, EOFError):
        return DnsReply(name, type, "servfail", server=server)
    return _reply(answer, name, type, server)


async def _ask_leniently(query: dns.message.QueryMessage, name: str, type: str, server: str, port: int) -> DnsReply:  # noqa: A002
    """Once more, read record by record: one that is malformed (a TLSA digest cut short) must not hide the others."""
    unreadable = DnsReply(name, type, "servfail", server=server)
    try:
        async with asyncio.timeout(DNS_SECONDS):
            answer = dns.message.from_wire(
                await _over_tcp(query.to_wire(prepend_length=True), server, port),
                ignore_trailing=True,
                continue_on_error=True,
            )
    except (dns.exception.DNSException, OSError, EOFError):
        return unreadable
    reply = _reply(answer, name, type, server) if query.is_response(answer) else unreadable
    return unreadable if reply.status == "nodata" else reply


async def _over_tcp(wire: bytes, server: str, port: int) -> bytes:
    reader, writer = await asyncio.open_connection(server, port)
    try:
        writer.write(wire)
        return await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
    finally:
        writer.close()


def _reply(answer: dns.message.Message, name: str, type: str, server: str) -> DnsReply:  # noqa: A002
    rcode = answer.rcode()
    if rcode != dns.rcode.NOERROR:
        return DnsReply(name, type, _STATUSES.get(rcode, "servfail"), server=server)
    try:
        chain = answer.resolve_chaining() if isinstance(answer, dns.message.QueryMessage) else None
    except dns.exception.DNSException:
        return DnsReply(name, type, "servfail", server=server)
    found = chain.answer if chain else None
    records = list(found)[:_MOST_RECORDS] if found else []
    canonical = _host(chain.canonical_name) if chain else ""
    return DnsReply(
        name,
        type,
        "answer" if records else "nodata",
        tuple(_value(record) for record in records),
        canonical if canonical != name.rstrip(".").lower() else "",
        bool(answer.flags & dns.flags.AD),
        server,
    )


def _host(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


def _value(record: Any) -> str:
    kind = record.rdtype
    if kind == dns.rdatatype.TXT:
        return b"".join(record.strings).decode("latin-1")
    if kind == dns.rdatatype.MX:
        return f"{record.preference} {_host(record.exchange)}"
    if kind in (dns.rdatatype.PTR, dns.rdatatype.CNAME, dns.rdatatype.NS):
        return _host(record.target)
    if kind == dns.rdatatype.SOA:
        return _host(record.mname)
    return str(record.to_text())
