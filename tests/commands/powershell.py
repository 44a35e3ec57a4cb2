"""What is wrong with a PowerShell command: grammar, cmdlets, parameters, and how values stand in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tree_sitter import Node

from tests.commands.powershell_grammar import errors, nodes, parsed

# The published cmdlet reference: {name: {"where": "P" on-premises, "C" cloud; "params": {name: where, ":switch"}}}.
_CMDLETS: dict[str, Any] = json.loads((Path(__file__).parent / "cmdlets.json").read_text())
_PLACES = {"exchange-management-shell": "P", "exchange-online-powershell": "C", "powershell": "P"}
_COMMON = {"verbose", "debug", "erroraction", "warningaction", "errorvariable", "outvariable"}
_PROGRAMS = {
    "assemblemessage",
    "certutil",
    "gpresult",
    "icacls",
    "klist",
    "netsh",
    "nltest",
    "ping",
    "pktmon",
    "repadmin",
    "setspn",
    "w32tm",
}
_SCRIPT = re.compile(r"(?:\(Join-Path \$env:\w+ ')?[\w\\.-]+\.ps1(?:'\))?")
_COMMA_LIST = re.compile(r"(?<=\s)(-?[\w*.]+)(?:,\s?[\w*.]+)+")
# The grammar ends a parameter's name at a digit; PowerShell doesn't.
_DIGITS = re.compile(r"(?<=\s)(-[A-Za-z]+)v?\d+([A-Za-z]*)")


@dataclass(frozen=True)
class Call:
    """One command of a pipeline: its name as written, its parameters (lower case) with the text of their values."""

    name: str
    parameters: tuple[tuple[str, str], ...]
    arguments: tuple[str, ...]

    @property
    def is_cmdlet(self) -> bool:
        return "-" in self.name and not self.is_script

    @property
    def is_script(self) -> bool:
        """A script file: `.\\Name.ps1`, or `& (Join-Path <folder> 'Name.ps1')`."""
        return bool(_SCRIPT.fullmatch(self.name))


# Cmdlets that print objects; text is printed between any lists.
_PRINTS = re.compile(r"(?:Get|Resolve|Test)-(?!Content\b|Command ExSetup)\w+")


def plain(command: str) -> str:
    """The command without what the grammar doesn't know though PowerShell does."""
    return _DIGITS.sub(r"\1\2", _COMMA_LIST.sub(r"\1", command))


@lru_cache(maxsize=4096)
def calls(command: str) -> tuple[Call, ...]:
    return tuple(_call(node) for node in nodes(parsed(plain(command))) if node.type == "command")


def _call(node: Node) -> Call:
    name = next((_text(child) for child in node.children if child.type.startswith("command_name")), "")
    parts = [part for child in node.children if child.type == "command_elements" for part in child.children]
    parameters: list[tuple[str, str]] = []
    arguments: list[str] = []
    open_, colon = False, ""
    for part in parts:
        if part.type == "command_argument_sep":
            colon = _text(part).strip()
        elif part.type == "command_parameter":
            parameters.append((_text(part).lstrip("-").lower(), ""))
            open_ = True
        elif open_:
            parameters[-1] = (parameters[-1][0], colon + _text(part))
            open_ = False
        else:
            arguments.append(_text(part))
    return Call(name, tuple(parameters), tuple(arguments))


def _text(node: Node) -> str:
    return node.text.decode() if node.text else ""


def faults(command: str, shell: str) -> Iterator[str]:
    """What would go wrong when `command` is run in `shell`."""
    yield from (f"can't be parsed at `{stretch}`" for stretch in errors(plain(command)))
    yield from _mixed(command)
    for call in calls(command):
        if call.is_cmdlet:
            yield from _cmdlet(call, shell)
        elif call.name.lower() not in _PROGRAMS and not call.is_script:
            yield f"`{call.name}` is no cmdlet, script or program that we know"


def _mixed(command: str) -> Iterator[str]:
    """On one line PowerShell refuses to go on with a list that it is told to format beside objects that it formats by itself."""
    statements = [each for each in _statements(command) if _PRINTS.match(each)]
    if any("Format-" in each for each in statements):
        yield from (
            f"`{each}` is formatted by itself beside one that is not" for each in statements if "Format-" not in each
        )


def _statements(command: str) -> Iterator[str]:
    """The statements that stand side by side: not those in braces, brackets or quotes."""
    depth, quoted, begin = 0, False, 0
    for place, char in enumerate(command):
        quoted = quoted != (char == "'")
        depth += 0 if quoted else (char in "({") - (char in ")}")
        if char == ";" and not depth and not quoted:
            yield command[begin:place].strip()
            begin = place + 1
    yield command[begin:].strip()


def _cmdlet(call: Call, shell: str) -> Iterator[str]:
    place = _PLACES[shell]
    known = _CMDLETS.get(call.name.lower())
    if known is None:
        yield f"there is no cmdlet {call.name} (cmdlets.json lists those of Exchange, and the others that we use)"
        return
    if place not in known["where"]:
        yield f"{call.name} isn't there in {shell}"
        return
    for name, value in call.parameters:
        yield from (f"{call.name}: {fault}" for fault in _parameter(name, value, known["params"], place, shell))


def _parameter(name: str, value: str, known: dict[str, str], place: str, shell: str) -> Iterator[str]:
    if name in _COMMON:
        return
    meant = [known[each] for each in known if re.sub(r"\d", "", each) == name]
    meant = meant or [known[each] for each in known if each.startswith(name)]
    fitting = [each for each in meant if place in each.partition(":")[0]]
    if not fitting:
        yield f"no parameter -{name} in {shell}"
    elif fitting[0].endswith(":switch"):
        if value in ("$true", "$false"):
            yield f"-{name} is a switch: its value needs a colon"
    elif not value:
        yield f"-{name} has no value"


def natives(command: str) -> list[str]:
    """The programs, other than cmdlets and scripts, that a command starts, each with its whole text."""
    found = [node for node in nodes(parsed(plain(command))) if node.type == "command"]
    return [_text(node) for node in found if _call(node).name.lower() in _PROGRAMS]
