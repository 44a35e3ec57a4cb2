"""Microsoft Remote Connectivity Analyzer as text: `Testing …`, its outcome below, and additional details with replies.

Indentation and icons get lost in a paste, the sentences stay. Source: https://testconnectivity.microsoft.com
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, Reply
from diagnostics.looked_facts import DnsAnswer, PortTest
from diagnostics.mail_facts import CommandError
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact, failed_reply
from diagnostics.recognisers.reply_text import codes
from diagnostics.recognisers.sources import source_at

Lines = list[tuple[int, str]]

_MARKS: Final = (
    r"\bConnectivity Analyzer\b|^\s*Elapsed Time:\s*\d+ ms|^\W{0,12}Testing TCP port \d+ on host\b"
    r"|^\W{0,12}Attempting to retrieve DNS MX records|^\W{0,12}Testing (?:in|out)bound SMTP mail flow"
)
_MARK = linear(f"(?i)(?:{_MARKS})")
_PORT = linear(r"(?i)Testing TCP port (\d{1,5}) on host (\S{1,253}?) to ensure")
_OPENED = linear(r"(?i)port was opened successfully")
_BLOCKED = linear(r"(?i)specified port is either blocked, not listening|port couldn't be opened|failed to open")
_RECORDS = linear(
    r"(?i)(?:MX|DNS|host) (?:MX )?records? (?:in DNS )?for (?:domain|the domain)?\s*'?([\w.-]{1,253}?)'?\.?\s*$"
)
_RESOLVED = linear(r"(?i)successfully (?:retrieved|resolved)|resolved successfully")
_UNRESOLVED = linear(
    r"(?i)(?:could ?n[o']t|can't|couldn't|cannot) be (?:resolved|retrieved|found)|no MX records|records? (?:was|were) not found"
)
_FAILED = linear(
    r"(?i)\bfailed\b|\bis either blocked\b|\bwas n[o']t successful|couldn't|could not|isn't valid|is not valid|not trusted"
    r"|was rejected|error"
)
_VERDICT = linear(r"(?i)Connectivity Analyzer (?:failed|has failed|wasn't able)")
_QUIET = linear(r"(?i)^\s*(?:Additional Details|Test Steps|Elapsed Time:|Exception details:?$|Tell me more)")
_REACH: Final = 12  # lines between two sentences of a report


@recogniser(f"(?:{_MARKS})", rank=58)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the report."""
    lines = _extent(reading.free())
    if not lines:
        return ()
    facts = [*_tests(reading, lines), *_replies(reading, lines)]
    failed = [(index, line.strip()) for index, line in lines if _FAILED.search(line) and not _QUIET.search(line)]
    if failed and not any(isinstance(fact, Reply) for fact in facts):
        index, text = next((each for each in failed if not _VERDICT.search(each[1])), failed[0])
        facts.append(CommandError(source=source_at(reading, index), text=text, cmdlet="Remote Connectivity Analyzer"))
    shown = {
        "tests": sum(1 for _, line in lines if line.strip().startswith(("Testing", "Attempting"))),
        "failed": len(failed),
    }
    return [artefact(reading, "connectivity-analyzer", [index for index, _ in lines], facts, shown)]


def _extent(lines: Lines) -> Lines:
    """From the first sentence that only a report has to the last, with what goes on right below it."""
    marks = [at for at, (_, line) in enumerate(lines) if _MARK.search(line)]
    if not marks:
        return []
    first = last = marks[0]
    for mark in marks:
        if mark - last > _REACH:
            break
        last = mark
    while last + 1 < len(lines) and _goes_on(lines, last):
        last += 1
    return lines[first : last + 1]


def _goes_on(lines: Lines, last: int) -> bool:
    """Whether the line below belongs to the report: right below it, or a blank line before an outcome."""
    below = lines[last + 1]
    after = lines[last + 2][1] if last + 2 < len(lines) else ""
    outcome = below[1] if below[1].strip() else after
    return below[0] == lines[last][0] + 1 and bool(
        below[1].strip() or _OPENED.search(outcome) or _BLOCKED.search(outcome)
    )


def _tests(reading: Reading, lines: Lines) -> Iterator[Fact]:
    """Each port test and look-up with the outcome that stands below it."""
    port: tuple[int, str] | None = None
    name = ""
    for index, line in lines:
        tested, looked = _PORT.search(line), _RECORDS.search(line)
        if tested:
            port = (int(tested.group(1)), tested.group(2).strip("'").lower())
        elif port and (_OPENED.search(line) or _BLOCKED.search(line)):
            number, host = port
            opened = bool(_OPENED.search(line))
            yield PortTest(source=source_at(reading, index), host=host, port=number, succeeded=opened, inbound=True)
            port = None
        elif looked and "attempt" in line.lower():
            name = looked.group(1).lower()
        elif name and (_RESOLVED.search(line) or _UNRESOLVED.search(line)):
            ok = bool(_RESOLVED.search(line))
            yield DnsAnswer(source=source_at(reading, index), name=name, ok=ok, error="" if ok else line.strip())
            name = ""


def _replies(reading: Reading, lines: Lines) -> Iterator[Fact]:
    for index, line in lines:
        basic, enhanced = codes(line)
        failing = basic >= 400 or (not basic and enhanced[:1] in ("4", "5"))
        if failing and not _QUIET.search(line):
            yield from failed_reply(line, source_at(reading, index), kind="client")
