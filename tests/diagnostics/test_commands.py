"""Every command that any case offers: readable PowerShell, real cmdlets and parameters, nothing harmful."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

import pytest

from diagnostics import Report
from tests.casefile import Case, judged
from tests.powershell_grammar import errors, nodes, parsed

_HERE = Path(__file__).parent
_CASES = sorted((_HERE.parent / "cases").rglob("*.md"))
_POWERSHELL = ("exchange-management-shell", "exchange-online-powershell", "powershell")
# Made from the published cmdlet reference: name -> {"where": "P" on-premises, "C" cloud; "params": {name: where}}.
_CMDLETS = json.loads((_HERE / "cmdlets.json").read_text())
_COMMON = {
    "verbose", "debug", "erroraction", "warningaction", "errorvariable", "outvariable", "whatif", "confirm",
}  # fmt: skip
_COMMA_LIST = re.compile(r"(?<=\s)(-?[\w*.]+)(?:,\s?[\w*.]+)+")
# The grammar ends a parameter's name at a digit; PowerShell doesn't.
_DIGITS = re.compile(r"(?<=\s)(-[A-Za-z]+)v?\d+([A-Za-z]*)")
_HARMFUL = re.compile(
    r"-RequireTLS \$false|-IgnoreSTARTTLS \$true|-TlsAuthLevel (EncryptionOnly|\$null)|-TlsSettings Opportunistic|SkipAgent"
    r"|mail\.que|ms-Exch-SMTP-Accept-Any-Recipient|-BypassedSender|-AllowedSender|-WhiteList|-SCL -1|no inspect esmtp"
    r"|-SuspendMessage|Remove-Message|Remove-Queue|-PermissionGroups .*AnonymousUsers.*-RemoteIPRanges 0\.0\.0\.0",
    re.IGNORECASE,
)


@lru_cache
def _reports() -> tuple[Report, ...]:
    return tuple(judged(pastes) for path in _CASES for pastes, _ in Case.read(path).steps())


@lru_cache
def _offered() -> tuple[tuple[str, str, str], ...]:
    """(cause id or question, shell, command)."""
    found = set()
    for report in _reports():
        found |= {(f.cause, step.shell, step.command) for f in report.findings for step in f.steps}
        found |= {(question.ask, question.shell, question.command) for question in report.next}
    return tuple(sorted(row for row in found if row[2]))


def _plain(command: str) -> str:
    """The command without what the grammar doesn't know though PowerShell does."""
    return _DIGITS.sub(r"\1\2", _COMMA_LIST.sub(r"\1", command))


def _powershell() -> list[tuple[str, str, str]]:
    return [row for row in _offered() if row[1] in _POWERSHELL]


def test_every_powershell_command_parses() -> None:
    wrong = [(who, command, errors(_plain(command))) for who, _, command in _powershell()]
    assert [row for row in wrong if row[2]] == []


def test_every_cmdlet_and_parameter_exists_where_it_is_to_be_run() -> None:
    wrong = []
    for who, shell, command in _powershell():
        for name, parameters in _calls(command):
            known = _CMDLETS.get(name.lower())
            if known is None:
                wrong.append((who, name, "unknown cmdlet"))
                continue
            place = "C" if shell == "exchange-online-powershell" else "P"
            if place not in known["where"]:
                wrong.append((who, name, f"not in {shell}"))
            for parameter in parameters - _COMMON:
                fits = [p for p in known["params"] if re.sub(r"\d", "", p).startswith(parameter)]
                if not fits or not any(place in known["params"][p] for p in fits):
                    wrong.append((who, name, f"no parameter -{parameter} in {shell}"))
    assert wrong == []


def _calls(command: str) -> list[tuple[str, set[str]]]:
    found = []
    for node in nodes(parsed(_plain(command))):
        if node.type != "command":
            continue
        name = next((c.text.decode() for c in node.children if c.type == "command_name" and c.text), "")
        if "-" in name and "." not in name:
            elements = [c for child in node.children if child.type == "command_elements" for c in child.children]
            flags = {
                c.text.decode().lstrip("-").rstrip(":").lower()
                for c in elements
                if c.type == "command_parameter" and c.text
            }
            found.append((name, flags))
    return found


def test_no_step_does_harm_to_make_an_error_go_away() -> None:
    assert [row for row in _offered() if _HARMFUL.search(row[2])] == []


def test_a_step_that_changes_something_says_what_and_how_to_undo_it() -> None:
    for report in _reports():
        for finding in report.findings:
            effects = [step.effect for step in finding.steps]
            assert effects == sorted(effects, key=lambda effect: effect != "read-only"), finding.cause
            for step in finding.steps:
                if step.effect != "read-only":
                    assert step.changes, (finding.cause, step.say)
                    assert step.undo, (finding.cause, step.say)


@pytest.mark.parametrize("belief", ["likely", "confirmed"])
def test_what_is_believed_comes_with_something_to_do(belief: str) -> None:
    bare = {f.cause for r in _reports() for f in r.findings if f.belief == belief and not f.steps}
    assert bare == set()
