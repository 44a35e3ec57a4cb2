"""Resolve-DnsName as it was typed: what was asked, and whom. It prints neither.

The commands of one line answer in their order, and into one table as long as their records are of one kind. An error repeats
the line and underlines the command that failed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import islice
from typing import Final, Self

from msgspec import Struct, field

from diagnostics.patterns import linear
from diagnostics.recognisers.dns_records import NAME, host

Lines = Sequence[tuple[int, str]]

_COMMAND = linear(r"(?i)\bResolve-DnsName\s+[^\s:;|][^;|]*")
_NAMED = linear(rf"(?i)\bResolve-DnsName\s+(?:-Name\s+)?['\"]?{NAME}['\"]?(?:\s|$)")
_SERVER = linear(r"(?i)-Server\s+['\"]?([A-Za-z0-9_.:-]{1,253})")
_TYPE = linear(r"(?i)-Type\s+['\"]?([A-Z]{1,10})\b")
_FAILED = linear(rf"(?i)^\s*Resolve-DnsName\s*:\s*{NAME}\s*:\s*\S")
_HEADER = linear(r"^\s*Name\s+Type\s+TTL\s+Section\b")
_UNDERLINE = linear(r"^\s*\+\s+(~{3,})\s*$")
_BELOW: Final = 6  # lines of an error
_MOST: Final = 12  # commands on a line


class Asked(Struct, frozen=True):
    """One command; what it does not say is "": the machine's own server was asked then."""

    name: str = ""
    server: str = ""
    record: str = ""


def commands_on(line: str) -> list[Asked]:
    return [_asked(command) for command in _COMMAND.findall(line)[:_MOST]]


def _asked(command: str) -> Asked:
    name, server, record = (pattern.search(command) for pattern in (_NAMED, _SERVER, _TYPE))
    return Asked(
        host(name.group(1)) if name else "",
        str(server.group(1)) if server else "",
        str(record.group(1)).upper() if record else "",
    )


class Shell(Struct):
    """What a text shows of the commands, by line: those that were `typed` there, and of each error or table those that it may
    come from, which have not answered yet, in their order. `empty` are the tables for an authority alone."""

    typed: dict[int, list[Asked]] = field(default_factory=dict)
    heard: dict[int, list[Asked]] = field(default_factory=dict)
    empty: set[int] = field(default_factory=set)
    tables: set[int] = field(default_factory=set)
    lines: list[int] = field(default_factory=list)  # of what was typed
    outcomes: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, lines: Lines) -> Self:
        shell = cls()
        waiting: list[Asked] = []
        for place, (index, line) in enumerate(lines):
            if "esolv" not in line and "ection" not in line:
                continue
            failed = _FAILED.search(line)
            if failed or _HEADER.search(line):
                underlined = _underlined(lines, place) if failed else None
                shell.heard[index] = [underlined] if underlined else list(waiting)
                waiting = waiting[1:] if len(waiting) > 1 else waiting
                shell.tables |= set() if failed else {index}
                shell.empty |= {index} if "PrimaryServer" in line else set()
            elif not line.lstrip().startswith("+") and (commands := commands_on(line)):  # "+" echoes a failure
                shell.typed[index] = waiting = commands
        shell.lines, shell.outcomes = list(shell.typed), list(shell.heard)
        return shell

    def above(self, line: int) -> list[Asked]:
        """The commands of the last line before `line` that has some."""
        return self.typed.get(_before(line, self.lines), [])

    def listed(self, line: int, *, last: bool = False) -> list[Asked]:
        """The commands that a list of properties at `line` may come from. Below a table for an authority alone, which says that
        the first one found nothing, the list is the next one's; so is it where it is the `last` word of a command."""
        before = _before(line, self.outcomes)
        if before < 0 or before < _before(line, self.lines):
            return self.above(line)
        following = before in self.empty or (last and before in self.tables)
        return self.heard[before][1:] if following else self.heard[before]


def _before(line: int, lines: Sequence[int]) -> int:
    """The last of the lines, which are in their order, before `line`; -1 where none is."""
    place = bisect_left(lines, line)
    return lines[place - 1] if place else -1


def _underlined(lines: Lines, place: int) -> Asked | None:
    """The command that an error underlines in the line above; None where that was cut off, or the columns were lost."""
    echo = ""
    for _, line in islice(lines, place + 1, place + _BELOW):
        mark = _UNDERLINE.search(line)
        if mark and echo:
            command = echo[mark.start(1) : mark.end(1)]
            cut = echo.rstrip().endswith("...") and ";" not in echo[mark.end(1) :]
            return None if cut or not command.startswith("Resolve-DnsName") else _asked(command)
        echo = line
    return None
