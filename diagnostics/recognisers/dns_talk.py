"""What one look-up has printed so far: names with their records, put together from the lines of nslookup and host."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from diagnostics.looked_facts import DnsAnswer, DnsRecord
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading
from diagnostics.recognisers.dns_command import Command, fits, value_on
from diagnostics.recognisers.dns_records import NAME, host, reverse_name, text_of
from diagnostics.recognisers.sources import source_at

Found = tuple[DnsAnswer, list[int]]

_VALUE = linear(r"^\s*(?:(?:Address(?:es)?|Adressen?|Direcci.n(?:es)?)\s*:)?\s+([0-9A-Fa-f.:]{3,45})(?:#53)?\s*$")
_ALIAS = linear(rf"^\s*(?:Aliases|Alias)\s*:\s+{NAME}\s*$")


def answer_of(
    reading: Reading,
    line: int,
    name: str,
    *,
    error: str = "",
    server: str = "",
    records: Sequence[DnsRecord] = (),
    asked: str = "",
    flags: Sequence[str] = (),
) -> DnsAnswer:
    name = reverse_name(name)
    source = source_at(reading, line)
    return DnsAnswer(
        source=source,
        host=name,
        name=name,
        ok=not error,
        server=server,
        error=error,
        records=tuple(records),
        asked=asked,
        flags=tuple(flags),
    )


class Entry(Struct):
    """One name's answer that is being read."""

    name: str
    line: int
    lines: list[int] = field(default_factory=list)
    records: list[DnsRecord] = field(default_factory=list)
    flags: tuple[str, ...] = ()
    server: str = ""  # where it is another one than the command before it asked

    def answer(self, reading: Reading, server: str = "", error: str = "", asked: str = "") -> DnsAnswer:
        told = {"error": error, "server": server, "asked": asked}
        return answer_of(reading, self.line, self.name, records=self.records, flags=self.flags, **told)


class Talk(Struct):
    """What one command has printed so far. `open` is what the next lines may go on with: a record's type, or "values"."""

    reading: Reading
    server: str = ""
    asked: Command = field(default_factory=lambda: Command(""))
    after_server: bool = False
    entries: dict[str, Entry] = field(default_factory=dict)
    closed: list[Entry] = field(default_factory=list)  # of commands before, for names that were asked for again
    current: Entry | None = None
    open: str = ""
    later: list[Command] = field(default_factory=list)  # those behind it on the line, of which nothing was printed yet

    def begin(self, server: str, asked: Command | None = None) -> Iterator[Found]:
        yield from self.done()
        self.server, self.asked, self.after_server = server, asked or self.asked, False
        self.open = "values" if asked and asked.short else ""

    def done(self) -> Iterator[Found]:
        for entry in (*self.closed, *self.entries.values()):
            yield entry.answer(self.reading, entry.server or self.server), entry.lines
        self.entries, self.closed, self.current, self.open, self.later = {}, [], None, "", []

    def take(self, index: int, name: str, record: DnsRecord) -> None:
        self.current = self.entries.setdefault(name, Entry(name, index))
        self.current.lines.append(index)
        self.open = "TXT" if record.kind == "TXT" and not record.value else ""
        if not self.open:
            self.current.records.append(record)

    def name(self, index: int, name: str) -> None:
        """`Name:` begins a host's addresses; asked for an address, it is the answer itself."""
        asked, name = reverse_name(self.asked.name), host(name)
        if asked.endswith(".arpa"):
            self.take(index, asked, DnsRecord("PTR", name))
            self.open = "PTR"
        else:
            self.current = self.entries.setdefault(name, Entry(name, index))
            self.current.lines.append(index)
            self.open = "A"

    def goes_on(self, index: int, line: str) -> bool:
        """Whether `line` holds more of the record above: addresses, a TXT record's strings, an alias."""
        if self.open == "values":
            record = value_on(line, backwards=self.asked.backwards)
            if record and self.later and self._of_next(record):
                return self._next(index, line)
            if record:
                self.take(index, host(self.asked.name), record)
            self.open = "values" if record else ""
            return record is not None
        if self.current is None or not self.open:
            return self._next(index, line)
        address, alias = _VALUE.search(line), _ALIAS.search(line)
        if self.open == "TXT" and line.strip().startswith('"'):
            self._string(index, text_of(line.strip()))
        elif alias and self.open == "A":
            self.entries.pop(self.current.name, None)
            records = [DnsRecord("CNAME", self.current.name), *self.current.records]
            self.current = Entry(host(alias.group(1)), self.current.line, [*self.current.lines, index], records)
            self.entries[self.current.name] = self.current
        elif address and self.open in ("A", "PTR"):
            if self.open == "A":
                self._more(index, DnsRecord("AAAA" if ":" in address.group(1) else "A", address.group(1).lower()))
            else:
                self.current.lines.append(index)
        else:
            self.open = self.open if not line.strip() and self.open == "TXT" else ""
            return False
        return True

    def _of_next(self, record: DnsRecord) -> bool:
        """Whether a bare value is what another command on the line printed: it was printed already, or is of another kind."""
        again = self.current is not None and record in self.current.records
        return again or not fits(self.asked, record)

    def _next(self, index: int, line: str) -> bool:
        """Whether a bare value begins what the next command printed, which was typed on the same line."""
        short = next((each for each in self.later if each.short), None)
        record = value_on(line, backwards=short.backwards) if short else None
        if short is None or record is None:
            return False
        self.later = self.later[self.later.index(short) + 1 :]
        self.asked, self.open, server = short, "values", short.server
        for known in [each for each in self.entries.values() if each.name == reverse_name(short.name)]:
            self.closed.append(self.entries.pop(known.name))
        self.take(index, reverse_name(short.name), record)
        self.open = "values"
        if self.current:
            self.current.server = server
        return True

    def _string(self, index: int, text: str) -> None:
        """Strings on lines of their own, with nothing between, are one record."""
        assert self.current is not None
        last = self.current.records[-1:]
        if last and last[0].kind == "TXT" and self.current.lines[-1] == index - 1:
            text = self.current.records.pop().value + text
        self._more(index, DnsRecord("TXT", text))

    def _more(self, index: int, record: DnsRecord) -> None:
        assert self.current is not None
        self.current.records.append(record)
        self.current.lines.append(index)
