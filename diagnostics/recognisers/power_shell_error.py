"""Errors that PowerShell prints for a cmdlet: `Cmdlet : message`, the Exchange shell's own sentences, and the record below.

The record (`+ CategoryInfo`, `+ FullyQualifiedErrorId`) names the cmdlet and the server; the message stands above it.
Source: https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_errors
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import CommandError
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.lookup_errors import missing
from diagnostics.recognisers.sources import source_at
from diagnostics.text import squeezed

Lines = list[tuple[int, str]]

_VERBS: Final = (
    "Add|Clear|Complete|Connect|Disable|Disconnect|Dismount|Enable|Export|Get|Import|Invoke|Mount|Move|New|Remove|Repair"
    "|Restart|Restore|Resume|Retry|Search|Set|Start|Stop|Suspend|Test|Uninstall|Update|Validate"
)
_SENTENCE: Final = (
    r"^\s*(?:A special Rpc error occurs on|Cannot connect to the remote procedure call service on the) server\b"
)
_NAMED: Final = rf"^\s*(?:(?:{_VERBS})-[A-Z][A-Za-z]{{2,60}})\s+:\s+(?-i:[^a-z\s])"
_RECORD: Final = r"^\s*\+\s*(?:CategoryInfo|FullyQualifiedErrorId)\s*:"
_IS_NAMED = linear(rf"^\s*((?:{_VERBS})-[A-Z][A-Za-z]{{2,60}})\s+:\s+([^a-z\s].*)$")
_IS_SENTENCE = linear(_SENTENCE)
_IS_RECORD = linear(_RECORD)
_CATEGORY = linear(r"CategoryInfo\s*:.*\[([A-Z][a-z]+-[A-Za-z]{2,60})\]")
_DETAIL = linear(r"^\s*(?:At (?:line:|\S+\.ps1:)|\+)")
_PROMPT = linear(r"^\s*(?:\[PS\]|PS [A-Z]:|>>)|^\s*[A-Za-z][A-Za-z0-9]{2,60}\s{2,}:\s")
_SERVER = linear(r"(?i)\bon (?:the )?server (?:named )?([A-Za-z0-9][\w.-]{0,252}?)(?:[:,\s]|\.\s|$)")
_CLASS = linear(r"(?:, |FailureCategory=Cmdlet-)([A-Z][A-Za-z]{4,60}Exception)\b")
_ON_RECORD = linear(r"\[Server=([\w.-]{1,253})")
_MOST_LINES: Final = 16


class _Error(Struct):
    lines: list[int]
    parts: list[str]
    cmdlet: str = ""
    server: str = ""
    exception: str = ""


@recogniser(f"(?:{_SENTENCE}|{_NAMED}|{_RECORD})", rank=62)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each error."""
    found = []
    for error in _errors(reading.free()):
        text = squeezed(" ".join(error.parts))
        server = _SERVER.search(text)
        fact = CommandError(
            source=source_at(reading, error.lines[0]),
            text=text,
            cmdlet=error.cmdlet,
            code=error.exception,
            host=(server.group(1) if server else error.server).lower(),
        )
        shown = {"cmdlet": error.cmdlet, "error": text[:200]}
        vain = missing(text, fact.source)
        found.append(artefact(reading, "command-error", error.lines, [fact, vain] if vain else [fact], shown))
    return found


def _errors(lines: Lines) -> Iterator[_Error]:
    """Each error with the lines of its message and of its record."""
    position = last = 0
    while position < len(lines):
        line = lines[position][1]
        named = _IS_NAMED.search(line)
        if named or _IS_SENTENCE.search(line):
            start = position
        elif _IS_RECORD.search(line):
            start = _above(lines, position, last)
        else:
            position += 1
            continue
        error = _Error([], [])
        position = last = _take(error, lines, start, position)
        if named:
            error.cmdlet, error.parts[0] = named.group(1), named.group(2)
        if error.parts:
            yield error


def _above(lines: Lines, record: int, limit: int) -> int:
    """Where the message above a record begins: after the blank line or the prompt."""
    at = record
    while at > limit and record - at < _MOST_LINES:
        index, line = lines[at - 1]
        gap = not line.strip() and at == record  # some consoles put one between the message and its record
        if (not line.strip() and not gap) or index != lines[at][0] - 1 or _PROMPT.search(line):
            break
        at -= 1
    return at


def _take(error: _Error, lines: Lines, start: int, least: int) -> int:
    """Read the error that begins at `start`; returns the position behind it, which is beyond `least`."""
    at = start
    detailed = False
    while at < len(lines) and at - start < 2 * _MOST_LINES:
        index, line = lines[at]
        gap = not line.strip() and at + 1 < len(lines) and bool(_IS_RECORD.search(lines[at + 1][1]))
        if error.lines and (index != error.lines[-1] + 1 or (not line.strip() and not gap) or _PROMPT.search(line)):
            break
        detail = bool(_DETAIL.search(line))
        if detailed and not detail and not line[:1].isspace():
            break
        if error.parts and not detail and (_IS_NAMED.search(line) or _IS_SENTENCE.search(line)):
            break
        detailed = detailed or detail
        error.lines.append(index)
        _note(error, line, detailed=detailed)
        at += 1
    return max(at, least + 1)


def _exception(line: str) -> str:
    """The class of the exception that a record names: it stays English where the message is translated."""
    named = _CLASS.search(line)
    return str(named.group(1)) if named else ""


def _note(error: _Error, line: str, *, detailed: bool) -> None:
    category, server = _CATEGORY.search(line), _ON_RECORD.search(line)
    if category:
        error.cmdlet = error.cmdlet or category.group(1)
    if server:
        error.server = server.group(1)
    error.exception = error.exception or (_exception(line) if detailed else "")
    if not detailed:
        error.parts.append(line.strip())
