"""The Hybrid Configuration Wizard: rows of its log, its numbered messages (HCW8078), and the errors it shows.

A row is `time *LEVEL* number [Client=UX, …, Cmdlet=…, Thread=…] text`; an error's text goes on over the lines below.
Source: https://learn.microsoft.com/exchange/hybrid-configuration-wizard
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import CommandError
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.text import squeezed

Lines = list[tuple[int, str]]

_TIME: Final = r"^\s*\d{4}\.\d\d\.\d\d \d\d:\d\d:\d\d(?:\.\d{1,4})?"
_OPENER: Final = (
    r"\bThe Wizard did not complete successfully|\bcmdlet had thrown an exception\. This may indicate invalid"
)
_ERROR: Final = (
    _OPENER
    + r"|\bHCW\d{4}\b|\bUpdating hybrid configuration failed|\bSubtask \w{1,60} execution failed|\bHybrid\.MailFlowTask\b"
    + r"|\bPowerShell failed to invoke '|\bThe HCW has completed, but|^\W*Migration Endpoint could not be created"
)
_ROW = linear(
    rf"(?i){_TIME}\s+(?:\*(ERROR|WARN|WARNING|INFO|DEBUG)\*\s+)?(\d+)?\s*"
    r"\[((?:Client|Provider|Functionality|Activity|Session|Page)=[^\]]*)\]\s*(.*)$"
)
_IS_ERROR = linear(f"(?i)(?:{_ERROR})")
_OPENS = linear(rf"(?i)(?:{_OPENER})")
_CODE = linear(r"(?i)\b(HCW\d{4})\b")
_CMDLET = linear(r"(?i)\bCmdlet=([A-Za-z]+-[A-Za-z]+)")
# A message of paragraphs: the step, the cmdlet, and what that met. Behind a blank line, only words that go on so belong to it.
_GOES_ON = linear(
    r"(?i)^\W*(?:Execution of the \S{3,60} cmdlet|An error occurred|An unexpected result|Active Directory operation failed"
    r"|The term '|Processing data from|Connecting to remote|State of runspace|Federation trust|The domains? '|Object reference"
    r"|The total number of|The operation couldn.t|RequiredTls|The Secure Mail Certificate)"
)
_STACK = linear(r"^\s*at\s+[\w.]+\.[\w.<>]+\(")
_FAILED: Final = frozenset({"ERROR"})
# A number reports an error where it heads a line, or where somebody says that the wizard showed it, now.
_NUMBERED = linear(r"(?i)(?:^|[^/\w-])HCW\d{4}\b")
_HEADS = linear(r"^(?i:[\W\d]*(?:error\W+)?HCW\d{4})(?:\W*$|\s*[-:=]\s*\S|\s+[A-Z\"'])")
_SHOWN = linear(
    r"(?i)\b(?:end(?:s|ed)|fail(?:s|ed)?|stop(?:s|ped)|gets?|getting|got|receiv(?:es?|ed|ing)|gives?|gave|sa(?:ys?|id)|shows|throws|threw|returns|again)\b"
    r"|\b(?:errors?|with|code|Fehler|mit|avec|erreur|con)\W{1,4}HCW\d{4}\b|\bHCW\d{4}\s*[-:=]\s*\S"
)
_ASKED = linear(r"(?i)\bwhat (?:is|does)\b|\?\s*$")
_PROSE = linear(
    r"(?i)\b(?:wiki|runbook|remember|fixed|solved|gone|means?|used to|docs? sa(?:y|id)|to the docs?)\b"
    r"|\blast (?:time|week|month|year)\b"
)
_MOST_LINES: Final = 14


class _Entry(Struct, frozen=True):
    lines: tuple[int, ...]
    level: str
    text: str
    cmdlet: str = ""


@recogniser(rf"(?:{_ERROR}|{_TIME}\s[^\n]*\[(?:Client|Provider|Functionality|Activity|Session)=)", rank=55)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for all entries; only its errors are facts."""
    entries = list(_entries(reading.free()))
    if not entries:
        return ()
    facts = [
        CommandError(
            source=source_at(reading, each.lines[0]),
            text=each.text,
            cmdlet=each.cmdlet or "Hybrid Configuration Wizard",
            code=_code(each.text),
        )
        for each in entries
        if each.level in _FAILED
    ]
    levels = dict(Counter(each.level.lower() for each in entries))
    shown = {"entries": levels, "codes": sorted({fact.code for fact in facts if fact.code})}
    return [artefact(reading, "hybrid-wizard", [line for each in entries for line in each.lines], facts, shown)]


def _code(text: str) -> str:
    found = _CODE.search(text)
    return str(found.group(1)).upper() if found else ""


def _reports(line: str) -> bool:
    """Whether a line that is no row of the log shows an error, rather than speaks of one."""
    if not _IS_ERROR.search(line) or _ASKED.search(line):
        return False
    if not _CODE.search(line) or _HEADS.search(line):
        return True
    return bool(_NUMBERED.search(line) and _SHOWN.search(line) and not _PROSE.search(line))


def _entries(lines: Lines) -> Iterator[_Entry]:
    position = 0
    while position < len(lines):
        line = lines[position][1]
        row = _ROW.search(line)
        if not row and not _reports(line):
            position += 1
            continue
        level = (row.group(1) or "INFO").upper() if row else "ERROR"
        first = row.group(4) if row else line
        taken, text = _whole(lines, position, first, goes_on=level in _FAILED)
        cmdlet = _CMDLET.search(row.group(3)) if row else None
        yield _Entry(tuple(taken), level, text, cmdlet.group(1) if cmdlet else "")
        position += sum(1 for each in lines[position : position + _MOST_LINES] if each[0] <= taken[-1])


def _whole(lines: Lines, position: int, first: str, *, goes_on: bool) -> tuple[list[int], str]:
    """The text of an entry over its lines. An opening sentence or quote bridges a blank line; stack frames say nothing."""
    taken, parts = [lines[position][0]], [first.strip()]
    for index, line in lines[position + 1 : position + _MOST_LINES]:
        quoted = " '" in parts[0] and parts[0].count("'") % 2 == 1
        opened = len(parts) == 1 and (quoted or bool(_OPENS.search(parts[0])))
        opened = opened or _resumes(lines[position + 1 : position + _MOST_LINES], taken[-1])
        bridged = index <= taken[-1] + (2 if opened else 1)
        if not goes_on or not bridged or _ROW.search(line):
            break
        if not line.strip():
            if opened:
                continue
            break
        taken.append(index)
        if not _STACK.search(line):
            parts.append(line.strip())
    return taken, squeezed(" ".join(parts))


def _resumes(lines: Lines, last: int) -> bool:
    """Whether the first line behind the blank one that follows line `last` goes on with the message."""
    after = next((line for index, line in lines if index > last and line.strip()), "")
    return bool(_GOES_ON.search(after))
