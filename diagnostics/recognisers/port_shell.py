"""Connections tried from a Unix shell that print nothing of their own, or only beside their command.

Bash opens `/dev/tcp/HOST/PORT` without a word, and `nc -z` may be as quiet: the exit code tells, or the words that the person
had printed for each outcome. Ncat and nmap say how it went, and not with whom. `timeout` ends with 124 where the time ran out:
nobody answered, so nobody refused.

Source: https://www.gnu.org/software/bash/manual/bash.html#Redirections,
https://www.gnu.org/software/coreutils/manual/html_node/timeout-invocation.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from msgspec import Struct

from diagnostics.artefacts import Artefact
from diagnostics.facts import ConnectFailed, Fact
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.port_test import as_artefact, port_tested

Outcome = Literal["open", "timeout", "refused", "closed", ""]
_HOST: Final = r"([A-Za-z0-9][A-Za-z0-9_.:-]{0,252})"
_END: Final = r"(?:$|[\s;&|)'\"])"
_DEVICE = linear(rf"/dev/tcp/{_HOST}/(\d{{1,5}}){_END}")
_NETCAT = linear(
    rf"(?i)\bn(?:c|cat|etcat)\s(?:[^;|&]{{0,80}}\s)?-\w*[zv]\w*\s(?:[^;|&]{{0,60}}\s)?{_HOST}\s+(\d{{1,5}}){_END}"
)
_NMAP = linear(rf"(?i)\bnmap\s[^;|&]{{0,80}}?-p\s?(\d{{1,5}})\s(?:[^;|&]{{0,60}}\s)?{_HOST}{_END}")
# Bash itself names the device in what it prints when it fails.
_PRINTED = linear(r"(?i)^\s*(?:\S{1,40}: ){1,3}(?:line \d+: )?(?:connect|/dev/tcp/\S+): ")
_WAITS = linear(r"\btimeout\s+(?:-\S+\s+(?:[A-Z]+\s+)?)*\d")
_ASKS = linear(r"\$(?:\?|LASTEXITCODE)")
_WORDS = linear(r"&&\s*echo\s+['\"]?([^'\"|;&]{1,60}?)['\"]?\s*\|\|\s*echo\s+['\"]?([^'\"|;&]{1,60}?)['\"]?\s*$")
_CODE = linear(r"(?i)^\W{0,3}(?:(?:exit|return)?[ _-]?(?:code|status|rc|ret|result|exit)?)\s?[=:]?\s?(\d{1,3})\s*$")
_PROMPT = linear(r"^\s*(?:\S{0,80}[$#>]\s|\[\S{1,60} \S{1,60}\][$#]\s)")
_RAN_OUT: Final = frozenset({124, 137, 143})  # timeout's own, and those of a process that it had to kill
_STATE = linear(r"(?i)^\s*(\d{1,5})/tcp\s+(open|closed|filtered)\b")
_SAYS: Final[tuple[tuple[str, Outcome], ...]] = (
    ("connection refused", "refused"),
    ("timed out", "timeout"),
    ("ncat: timeout", "timeout"),
    ("no route to host", "closed"),
    ("network is unreachable", "closed"),
    ("ncat: connected to", "open"),
    ("succeeded!", "open"),
    (") open", "open"),
)
_STATES: Final[dict[str, Outcome]] = {"open": "open", "closed": "refused", "filtered": "timeout"}
_MOST_LINES: Final = 8  # below a command, until its outcome


class _Command(Struct, frozen=True):
    index: int
    line: str
    host: str
    port: str


@recogniser(r"(?:/dev/tcp/\S+/\d|\bn(?:c|cat|etcat)\s(?:\S+\s)*-\w*[zv]|\bnmap\s.*-p\s?\d)", rank=44)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each command whose outcome stands below it."""
    return list(_tests(reading))


def _tests(reading: Reading) -> Iterator[Artefact]:
    lines = reading.free()
    for place, (index, line) in enumerate(lines):
        command = _command(index, line)
        if command is None:
            continue
        outcome, told = _outcome(command, _below(lines[place + 1 : place + 1 + _MOST_LINES]))
        if not outcome:
            continue
        at = told[0] if told else index
        fact = port_tested(reading, at, outcome == "open", host=command.host, port=command.port)
        refused: list[Fact] = []
        if outcome == "refused":
            refused = [ConnectFailed(source=fact.source, host=fact.host, kind="refused", ip=fact.ip)]
        yield as_artefact(reading, fact, [index, *told], refused)


def _command(index: int, line: str) -> _Command | None:
    if _PRINTED.search(line):
        return None
    found = _DEVICE.search(line) or _NETCAT.search(line)
    if found:
        return _Command(index, line, str(found.group(1)), str(found.group(2)))
    scan = _NMAP.search(line)
    return _Command(index, line, str(scan.group(2)), str(scan.group(1))) if scan else None


def _below(lines: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """What was printed below a command: up to the next one, but for the one that asks for the exit code."""
    for index, line in lines:
        if _command(index, line) or (_PROMPT.search(line) and not _ASKS.search(line)):
            return
        if line.strip():
            yield index, line.strip()


def _outcome(command: _Command, below: Iterator[tuple[int, str]]) -> tuple[Outcome, list[int]]:
    """How it went, and the lines that say so. Words of the system tell more than the exit code that follows from them."""
    asked, told = bool(_ASKS.search(command.line)), list[int]()
    outcome: Outcome = ""
    for index, line in below:
        asks = bool(_ASKS.search(line))
        asked = asked or asks
        found: Outcome = "" if asks else _printed(command, line) or (_coded(command, line) if asked else "")
        if found and outcome not in ("refused", "timeout"):
            outcome = found
        if found or asks:
            told.append(index)
    return outcome, told if outcome else []


def _printed(command: _Command, line: str) -> Outcome:
    low = line.lower()
    state, words = _STATE.search(line), _WORDS.search(command.line)
    if state and state.group(1) == command.port:
        return _STATES[state.group(2).lower()]
    if words and low in (str(words.group(1)).lower(), str(words.group(2)).lower()):
        return "open" if low == str(words.group(1)).lower() else "closed"
    return next((outcome for said, outcome in _SAYS if said in low), "")


def _coded(command: _Command, line: str) -> Outcome:
    """0 is open, 1 closed for whatever reason; with any other code the command itself did not work."""
    found = _CODE.search(line)
    code = int(found.group(1)) if found else -1
    if code in _RAN_OUT and _WAITS.search(command.line):
        return "timeout"
    return "open" if code == 0 else "closed" if code == 1 else ""
