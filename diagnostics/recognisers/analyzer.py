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
from diagnostics.recognisers.dns_records import host, reverse_name
from diagnostics.recognisers.reply_text import codes
from diagnostics.recognisers.sources import source_at

Lines = list[tuple[int, str]]

_IP: Final = r"([0-9a-fA-F.:]{3,45})"
# Sentences that name a fault. They stand alone where somebody copies only what is red.
# A list's error code (127.255.255.x) is no listing. Source: https://github.com/MicrosoftDocs/OfficeDocs-ConnectivityAnalyzer
_UNNAMED: Final = rf"^\W{{0,12}}(?:The )?IP Address {_IP} (?:does n[o']t|doesn't) have a PTR record\b"
_LISTED: Final = (
    rf"^\W{{0,12}}(?:The |Your )?IP(?: Address)? {_IP} was found on (?:the|a) .{{0,80}}\bStatus code\W{{1,3}}127\.0\."
)
_WITHOUT_MX: Final = r"\bNo MX records (?:were )?found in DNS for (?:the )?(?:SMTP )?domain '?([\w.-]{1,253}?)'?\.?\W*$"
_RELAYED: Final = r"\bOpen relay test message (?:was )?delivered successfully"
# A stranger's message to a stranger is sent on purpose: that it is refused is the good outcome.
_NOT_RELAYED: Final = (
    r"\bOpen Relay test passed|\bopen relay test message (?:delivery )?failed|\b(?:is|was)(?:n[o']t| not) an open relay"
)
_MUTE: Final = r"\bExpected Service Banner was n[o']t received"
_FAULTS: Final = f"{_UNNAMED}|{_LISTED}|{_WITHOUT_MX}|{_RELAYED}|{_MUTE}"
_MARKS: Final = (
    r"\bConnectivity Analyzer\b|^\s*Elapsed Time:\s*\d+ ms|^\W{0,12}Testing TCP port \d+ on host\b"
    r"|^\W{0,12}Attempting to retrieve DNS MX records|^\W{0,12}Testing (?:in|out)bound SMTP mail flow"
    rf"|{_FAULTS}"
)
_MARK = linear(f"(?i)(?:{_MARKS})")
_FAULT = linear(f"(?i)(?:{_FAULTS})")
_PTR = linear(f"(?i){_UNNAMED}")
_SILENT = linear(f"(?i){_MUTE}")
_PASSED = linear(f"(?i){_NOT_RELAYED}")
_NO_MX = linear(f"(?i){_WITHOUT_MX}")
_PORT = linear(r"(?i)Testing TCP port (\d{1,5}) on host (\S{1,253}?) to ensure")
_OPENED = linear(r"(?i)port was opened successfully")
_BLOCKED = linear(
    rf"(?i)specified port is either blocked, not listening|port couldn't be opened|failed to open|{_MUTE}"
)
_RECORDS = linear(
    r"(?i)(?:MX|DNS|host) (?:MX )?records? (?:in DNS )?for (?:domain|the domain)?\s*'?([\w.-]{1,253}?)'?\.?\s*$"
)
_RESOLVED = linear(r"(?i)successfully (?:retrieved|resolved)|resolved successfully")
_UNRESOLVED = linear(
    r"(?i)(?:could ?n[o']t|can't|couldn't|cannot) be (?:resolved|retrieved|found)|no MX records|records? (?:was|were) not found"
)
_FAILED = linear(
    r"(?i)\bfailed\b|\bis either blocked\b|\bwas n[o']t successful|couldn't|could not|isn't valid|is not valid|not trusted"
    rf"|was rejected|error|was(?:n't| not) able to|{_FAULTS}"
)
_VERDICT = linear(r"(?i)Connectivity Analyzer (?:failed|has failed|wasn't able)")
_QUIET = linear(r"(?i)^\s*(?:Additional Details|Test Steps|Elapsed Time:|Exception details:?$|Tell me more)")
_TESTS: Final = ("Testing", "Attempting", "Performing", "Checking")
_REACH: Final = 12  # lines between two sentences of a report


@recogniser(f"(?:{_MARKS})", rank=58)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the report."""
    lines = _extent(reading.free())
    if not lines:
        return ()
    telling = _without_relay_test(lines)
    facts = [*_tests(reading, lines), *_records(reading, lines), *_replies(reading, telling)]
    failed = [(index, line.strip()) for index, line in telling if _FAILED.search(line) and not _QUIET.search(line)]
    named = [each for each in failed if _FAULT.search(each[1])]
    if failed and not named and not any(isinstance(fact, Reply) for fact in facts):
        named = [next((each for each in failed if not _VERDICT.search(each[1])), failed[0])]
    facts.extend(
        CommandError(source=source_at(reading, index), text=text, cmdlet="Remote Connectivity Analyzer")
        for index, text in named
    )
    tests = sum(1 for _, line in lines if line.strip().startswith(_TESTS))
    if not (facts or tests):
        return ()  # the analyzer's name alone is no result, and no health
    shown = {"tests": tests, "failed": len(failed)}
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


def _without_relay_test(lines: Lines) -> Lines:
    """The lines but for what a passed open relay test prints, up to the next test: the refusal that it wanted to see."""
    kept: Lines = []
    passed = False
    for index, line in lines:
        passed = bool(_PASSED.search(line)) or (passed and not line.strip().startswith(_TESTS))
        if not passed:
            kept.append((index, line))
    return kept


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
        elif _SILENT.search(line):  # an older report doesn't say which host it connected to
            yield PortTest(source=source_at(reading, index), succeeded=False, inbound=True)
        elif looked and "attempt" in line.lower():
            name = looked.group(1).lower()
        elif name and (_RESOLVED.search(line) or _UNRESOLVED.search(line)):
            ok = bool(_RESOLVED.search(line))
            yield DnsAnswer(source=source_at(reading, index), name=name, ok=ok, error="" if ok else line.strip())
            name = ""


def _records(reading: Reading, lines: Lines) -> Iterator[Fact]:
    """What its sentences say of DNS by themselves: an address without a name, a domain without a mail server."""
    for index, line in lines:
        unnamed, without = _PTR.search(line), _NO_MX.search(line)
        source, error = source_at(reading, index), line.strip()
        if unnamed:
            yield DnsAnswer(source=source, name=reverse_name(unnamed.group(1)), ok=False, error=error, asked="PTR")
        elif without:
            yield DnsAnswer(source=source, name=host(without.group(1)), ok=False, error=error, asked="MX")


def _replies(reading: Reading, lines: Lines) -> Iterator[Fact]:
    for index, line in lines:
        basic, enhanced = codes(line)
        failing = basic >= 400 or (not basic and enhanced[:1] in ("4", "5"))
        if failing and not _QUIET.search(line):
            yield from failed_reply(line, source_at(reading, index), kind="client")
