"""A network that replays: answers and conversations as they were written down. For judging without a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from diagnostics.network import DnsReply, Stream

Chunks = Sequence[bytes | BaseException]


class RecordedNetwork:
    """`replies` answer questions by (name, type); any other name does not exist. `unchecked` are the replies that differ
    when the resolver is told not to validate. `conversations` are what a server sends
    on each connection to (address, port): before anything is written the first chunk, then one after each write. A chunk
    that is an exception is raised. A place that is not listed refuses the connection."""

    def __init__(
        self,
        replies: Iterable[DnsReply] = (),
        conversations: Mapping[tuple[str, int], Chunks | BaseException] | None = None,
        *,
        unchecked: Iterable[DnsReply] = (),
    ) -> None:
        self._replies = {(reply.name.lower(), reply.type): reply for reply in replies}
        self._unchecked = {(reply.name.lower(), reply.type): reply for reply in unchecked}
        self._names = {reply.name.lower() for reply in self._replies.values()}
        self._conversations = dict(conversations or {})
        self.asked: list[tuple[str, str]] = []
        self.connected: list[tuple[str, int]] = []

    async def resolve(self, name: str, type: str, *, unchecked: bool = False) -> DnsReply:  # noqa: A002  the DNS's own word
        key = (name.rstrip(".").lower(), type)
        self.asked.append(key)
        if unchecked and key in self._unchecked:
            return self._unchecked[key]
        status = "nodata" if key[0] in self._names else "nxdomain"
        return self._replies.get(key) or DnsReply(key[0], type, status)  # type: ignore[arg-type]  # both are DnsStatus

    async def connect(self, address: str, port: int) -> Stream:
        self.connected.append((address, port))
        script = self._conversations.get((address, port), ConnectionRefusedError("refused"))
        if isinstance(script, BaseException):
            raise script
        return RecordedStream(script)


class RecordedStream:
    """Sends the script; `written` is what it was sent."""

    def __init__(self, script: Chunks) -> None:
        self._script = list(script)
        self._waiting = 1  # chunks that may be read: the greeting, and one for each write
        self._rest = b""
        self.written: list[bytes] = []

    async def read(self, most: int) -> bytes:
        if not self._rest and self._script and self._waiting:
            self._waiting -= 1
            chunk = self._script.pop(0)
            if isinstance(chunk, BaseException):
                raise chunk
            self._rest = chunk
        data, self._rest = self._rest[:most], self._rest[most:]
        return data

    async def write(self, data: bytes) -> None:
        self.written.append(data)
        self._waiting += 1

    async def close(self) -> None:
        self._script.clear()
