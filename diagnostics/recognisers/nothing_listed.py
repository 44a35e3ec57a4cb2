"""Commands for settings that had nothing to list: the prompt comes back at once, or the person says that nothing did.

No rule of a kind, or no connector, is an answer as good as a list of them. What the command would have listed is told by its
own filter. Lists of queues, of messages and of senders who are barred are read in empty_list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.configuration_kinds import echoed
from diagnostics.recognisers.empty_list import NOTHING, PROMPT
from diagnostics.recognisers.sources import source_at

NOTHING_LISTED: Final = "nothing-listed"
"""The kind of the fact. Its name is the kind of the objects that were asked for; `Filter` has the properties they should have."""

_COMMAND = linear(rf"(?i){PROMPT}Get-[A-Z]\w{{3,50}}\b")
_TYPED = linear(r"^\s*Get-[A-Z]\w{3,50}(?: [^:]|\s*$)")  # without a prompt: then words have to say that nothing came
_TOLD = linear(r"\s[-=]+>\s")
_IS_PROMPT = linear(rf"(?i){PROMPT}")
_FILTERED = linear(
    r"(?i)\$_\.([A-Za-z]{3,60})\b|\b(?:Where-Object|where) ([A-Za-z]{3,60}) -|-Filter [\"'{( ]{1,3}([A-Za-z]{3,60}) -"
)
_ELSEWHERE: Final = frozenset({"get-queue", "get-message", "get-blockedsenderaddress"})
_NARROWEST: Final = 79  # columns of a console that may have cut the command
_MOST_ROWS: Final = 8
_BELOW: Final = 5
_AND = linear(r"(?i)\s-and\s")


@recogniser(rf"(?:{PROMPT}|^\s*)Get-[A-Z]", rank=42)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each line of commands that nothing stands below."""
    found = []
    for lines, command in _empty(reading.paste.lines):
        facts = [] if reading.claimed & set(lines) else list(_facts(reading, lines[0], command))
        if facts:
            found.append(artefact(reading, NOTHING_LISTED, lines, facts, {"listed": 0}))
    return found


def _empty(lines: Sequence[str]) -> Iterator[tuple[list[int], str]]:
    """(its lines, the command) of each that printed nothing."""
    for first, line in enumerate(lines):
        prompted = bool(_COMMAND.search(line[:1000]))
        if not prompted and not _TYPED.search(line[:1000]):
            continue
        end = first + 1
        while end < min(len(lines), first + _MOST_ROWS) and _wraps(lines[end - 1], lines[end]):
            end += 1
        below = next((each[:1000] for each in lines[end : end + _BELOW] if each.strip()), "")
        # Another command, or what came, on the same line is a person's own list of what they saw.
        silent = NOTHING.search(below[:200]) and not _TYPED.search(below) and not _TOLD.search(line[:1000])
        if (prompted and _IS_PROMPT.search(below)) or silent:
            yield list(range(first, end)), "".join(lines[first:end])


def _wraps(line: str, following: str) -> bool:
    """Whether a command goes on in the next line, which the console's width cut."""
    ends = not following.strip() or _IS_PROMPT.search(following[:1000]) or NOTHING.search(following[:200])
    return len(line.rstrip()) >= _NARROWEST and not ends


def _facts(reading: Reading, line: int, command: str) -> Iterator[Configured]:
    for part in command.split(";"):
        if _AND.search(part) or any(name in part.lower() for name in _ELSEWHERE):
            continue  # of fewer objects than one of the conditions tells
        asked = dict.fromkeys(str(name) for found in _FILTERED.findall(part) for name in found if name)
        for kind in filter(None, echoed(part)):
            values = (("Count", "0"), ("Filter", ", ".join(asked)))
            yield Configured(source=source_at(reading, line), kind=NOTHING_LISTED, name=kind, values=values)


def nothing_listed(objects: Iterable[Configured], kind: str, *properties: str) -> Configured | None:
    """Where a command listed no object of the kind at all, or none with any of these properties."""
    wanted = {name.lower() for name in properties}
    empty = [each for each in objects if each.kind == NOTHING_LISTED and each.name == kind]
    return next((each for each in empty if not (asked := _asked(each)) or (wanted and wanted <= asked)), None)


def _asked(empty: Configured) -> set[str]:
    return {name.lower() for name in empty.items("Filter")}
