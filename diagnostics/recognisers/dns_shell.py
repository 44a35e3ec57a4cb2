"""Resolve-DnsName as it was typed: what was asked, and whom. It prints neither.

The commands of one line answer in their order, and into one table as long as their records are of one kind. An error repeats
the line and underlines the command that failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final

from msgspec import Struct

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


class Asked(Struct, frozen=True):
    """One command; what it does not say is "": the machine's own server was asked then."""

    name: str = ""
    server: str = ""
    record: str = ""


def commands_on(line: str) -> list[Asked]:
    return [_asked(command) for command in _COMMAND.findall(line)]


def _asked(command: str) -> Asked:
    name, server, record = (pattern.search(command) for pattern in (_NAMED, _SERVER, _TYPE))
    return Asked(
        host(name.group(1)) if name else "",
        str(server.group(1)) if server else "",
        str(record.group(1)).upper() if record else "",
    )


def outcomes(lines: Lines) -> dict[int, list[Asked]]:
    """The commands that each error or table may come from, by its line: those that have not answered yet, in their order."""
    waiting: list[Asked] = []
    found: dict[int, list[Asked]] = {}
    for place, (index, line) in enumerate(lines):
        if "esolv" not in line and "ection" not in line:
            continue
        failed = _FAILED.search(line)
        if failed or _HEADER.search(line):
            underlined = _underlined(lines, place) if failed else None
            found[index] = [underlined] if underlined else list(waiting)
            waiting = waiting[1:] if len(waiting) > 1 else waiting
        elif not line.lstrip().startswith("+") and (commands := commands_on(line)):  # "+" echoes a failure
            waiting = commands
    return found


def _underlined(lines: Lines, place: int) -> Asked | None:
    """The command that an error underlines in the line above; None where that was cut off, or the columns were lost."""
    echo = ""
    for _, line in islice(lines, place + 1, place + _BELOW):
        mark = _UNDERLINE.search(line)
        if mark and echo:
            command, behind = echo[mark.start(1) : mark.end(1)], echo[mark.end(1) :]
            cut = command.rstrip().endswith("...") or behind.strip() == "..."
            return None if cut or not command.startswith("Resolve-DnsName") else _asked(command)
        echo = line
    return None


def asked_above(lines: Lines, line: int) -> list[Asked]:
    """The commands of the last line before `line` that has some."""
    above = (
        found for index, text in reversed(lines) if index < line and "esolv" in text and (found := commands_on(text))
    )
    return next(above, [])


def listed_by(lines: Lines, line: int, heard: dict[int, list[Asked]], *, last: bool = False) -> list[Asked]:
    """The commands that a list of properties at `line` may come from. Below a table for an authority alone, which says that the
    first one found nothing, the list is the next one's; so is it where it is the `last` word of a command."""
    before = max((index for index in heard if index < line), default=-1)
    if before < 0:
        return asked_above(lines, line)
    header = next(text for index, text in lines if index == before)
    table = "Section" in header
    return heard[before][1:] if "PrimaryServer" in header or (last and table) else heard[before]
