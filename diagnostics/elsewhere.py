"""A mail server that is none of Microsoft's: whether a case is about one, and the checks of our steps in its shell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeVar

from msgspec.structs import replace

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, Reply
from diagnostics.patterns import linear
from diagnostics.report import Question, Step
from diagnostics.seen import by_own_log

Offered = TypeVar("Offered", Step, Question)

_OF_ANY_SYSTEM: Final = frozenset({"relay-log", "smtp-reply", "error-text", "tls-error", "mail-log"})
_EXCHANGE = linear(
    r"(?i)\bexchange (?:20|server|SE\b|CU)|\b(?:our|the|an?|to|from|unser\w*|der|le|el) exchange\b|\bhybrid|\bDAG\b|\bEMS\b"
)
_NAME: Final = r"('[\w.<>:-]{1,253}')"
_SHOWN: Final = r"(?: \| (?:Where-Object \{\$_\.Strings -match '[\w=]+'\} \| )?Format-(?:Table|List)(?: [\w,]+)?)?"
_RESOLVES = linear(rf"^Resolve-DnsName {_NAME}(?: -Type ([A-Z]+))?(?: -Server ([\w.:]+))?{_SHOWN}$")
_TESTS = linear(rf"^Test-NetConnection {_NAME} -Port (\d{{1,5}}){_SHOWN}$")
_SERVERS: Final = "Get-DnsClientServerAddress"
_EACH = linear(rf"^{_NAME}, {_NAME} \| ForEach-Object \{{ Test-NetConnection \$_ -Port (\d{{1,5}}) \}}{_SHOWN}$")


def is_elsewhere(artefacts: Iterable[Artefact], facts: Iterable[Fact], prose: str) -> bool:
    """Whether a mail server of another kind refused a client, or could not deliver, and nobody speaks of Exchange: it has none of
    Exchange's settings to ask for."""
    if any(isinstance(fact, Reply) and by_own_log(fact) for fact in facts):
        return True
    shown = {each.kind for each in artefacts if not each.in_words}
    return "relay-log" in shown and shown <= _OF_ANY_SYSTEM and not _EXCHANGE.search(prose)


def for_unix(step: Offered) -> Offered:
    """The step or question with `dig` and `nc`, where it looks a name up or tests a port; else as it is."""
    if step.shell != "powershell" or not step.command:
        return step
    told = [_in_bash(each) for each in step.command.split("; ")]
    return replace(step, shell="bash", command="; ".join(filter(None, told))) if all(told) else step


def _in_bash(statement: str) -> str:
    """One statement in bash, "" where it has none. Names are quoted literals of few characters, which both shells take alike."""
    resolves, tests, each = (pattern.search(statement) for pattern in (_RESOLVES, _TESTS, _EACH))
    if tests:
        return _port(tests.group(1), tests.group(2))
    if each:
        return "; ".join(_port(each.group(place), each.group(3)) for place in (1, 2))
    if statement.startswith(_SERVERS):
        return "grep nameserver /etc/resolv.conf"
    if not resolves:
        return ""
    name, kind, server = resolves.groups()
    asked = f"-x {name}" if kind == "PTR" else f"{kind or 'A'} {name}"
    return f"dig +short {asked}" + (f" @{server}" if server else "")


def _port(name: str, port: str) -> str:
    return f"nc -vz -w 10 {name} {port}"
