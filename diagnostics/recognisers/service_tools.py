"""The state of a Windows service as other tools than a table show it: sc, net start, Start-Service, Get-Service as a list.

Also Test-ServiceHealth with its names typed apart. Names of services survive translation, and the messages give them in
brackets, so these are read in any language.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.format_list import blocks, items
from diagnostics.recognisers.sources import source_at

_NEEDED: Final = "MSExchange(?:Transport|FrontEndTransport|Delivery|Submission|ADTopology)|FMS"
_IS_NEEDED = linear(f"(?i)^(?:{_NEEDED})$")
# The hybrid wizard gets its list of certificates from it; no mail passes through it.
_IS_ASKED_FOR = linear(f"(?i)^(?:{_NEEDED}|MSExchangeServiceHost)$")
# sc query, sc queryex: the name, and a few lines below the state as number and word.
_SC_NAME = linear(rf"(?i)^\s*[A-Z_]{{4,14}}_NAME\s*:\s*({_NEEDED})\s*$")
_SC_STATE = linear(r"(?i)^\s*(?:STATE|STATUS|\S{3,12})\s*:\s*([1-7])\s+([A-Z_]{7,17})\b")
# `Service 'Microsoft Exchange Transport (MSExchangeTransport)' cannot be started …`, in any language.
_NAMED = linear(rf"(?i)\(({_NEEDED})\)\W{{1,3}}(?:\S+ ){{0,6}}(?:\S*start\S*|ouvrir|iniciar|avviare|\S*uruchomi\S*)\b")
_NET_START = linear(
    r"(?i)^\s*(?:The )?(Microsoft Exchange [A-Za-z -]{4,60}?|[\w ]*transport) service (?:could not be|is not) started"
)
_COMMAND = linear(rf"(?i)\b(?:net start|Start-Service(?: -Name)?|sc start) [\"']?({_NEEDED})\b")
_NOT_RUNNING = linear(r"(?i)^\s*Services ?not ?running\s*:\s*(\{?[^{}]*\}?)\s*$")
_FAILED_START = linear(
    r"(?i)could not be started|cannot be started|can't be started|nicht gestartet werden|error 10\d\d\b"
)
_NEAR: Final = 6
_STATES: Final = {"1": "Stopped", "2": "StartPending", "3": "StopPending", "4": "Running", "7": "Paused"}


@recogniser(
    rf"(?:_NAME\s*:\s*MSExchange|\((?:{_NEEDED})\)|\bservice (?:could not be|is not) started|^\s*Services not running\s*:"
    r"|^\s*(?:State|Status)\s*:\s*(?:Stopped|StartPending|StopPending|Paused|Running)\s*$)",
    rank=39,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the services that are told of."""
    found = [*_listed(reading), *_lines(reading)]
    if not found:
        return []
    facts: list[Fact] = [fact for _, fact in found]
    lines = [line for taken, _ in found for line in taken]
    states = {fact.name: fact.get("Status") or fact.get("ServicesNotRunning") for _, fact in found}
    return [artefact(reading, "windows-service", lines, facts, states)]


def _listed(reading: Reading) -> Iterator[tuple[list[int], Configured]]:
    """Get-Service and Win32_Service as lists."""
    for block in blocks(reading.free()):
        name, state = block.value("name", "servicename"), block.value("status", "state")
        if _IS_ASKED_FOR.search(name) and state in _STATES.values():
            start = block.value("starttype", "startmode")
            yield block.lines, _service(reading, block.line("status", "state"), name, state, start)


def _lines(reading: Reading) -> Iterator[tuple[list[int], Configured]]:
    lines = reading.free()
    for position, (index, line) in enumerate(lines):
        stopped = _NOT_RUNNING.search(line)
        if stopped and items(stopped.group(1)):
            values = (("ServicesNotRunning", stopped.group(1)),)
            yield (
                [index],
                Configured(source=source_at(reading, index), kind="service-health", values=values, failing=True),
            )
        named = _SC_NAME.search(line)
        if named:
            yield from _queried(reading, str(named.group(1)), index, lines[position + 1 : position + 1 + _NEAR])
        refused = _NAMED.search(line) if _FAILED_START.search(line) else None
        if refused:
            yield [index], _service(reading, index, str(refused.group(1)), "Stopped")
        elif _NET_START.search(line):
            yield from _started(reading, index, lines[max(0, position - _NEAR) : position])


def _queried(
    reading: Reading, name: str, index: int, below: list[tuple[int, str]]
) -> Iterator[tuple[list[int], Configured]]:
    for at, line in below:
        state = _SC_STATE.search(line)
        if state and "STATE" in line.upper() and state.group(1) in _STATES:
            yield [index, at], _service(reading, at, name, _STATES[str(state.group(1))])
            return


def _started(reading: Reading, index: int, above: list[tuple[int, str]]) -> Iterator[tuple[list[int], Configured]]:
    """net start gives the displayed name; the command above it has the service's own."""
    for at, line in reversed(above):
        command = _COMMAND.search(line)
        if command:
            yield [at, index], _service(reading, index, str(command.group(1)), "Stopped")
            return


def _service(reading: Reading, line: int, name: str, state: str, start: str = "") -> Configured:
    values = (("Status", state), ("Name", name), *((("StartType", start),) if start else ()))
    failing = state != "Running" and bool(_IS_NEEDED.search(name))
    return Configured(
        source=source_at(reading, line), kind="windows-service", name=name, values=values, failing=failing
    )
