"""The words that every answer uses for a report's terms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.logs.model import LogSummary
from diagnostics.report import Act, BeliefName, Effect, Evidence, ReadArtefact, Shell

BELIEF: Final[dict[BeliefName, str]] = {"confirmed": "Confirmed", "likely": "Likely", "possible": "Possible"}

ACT: Final[dict[Act, str]] = {
    "on-prem": "Whoever runs your own mail server has to act.",
    "exchange-online": "Your Exchange Online admins have to act.",
    "network": "Your network or firewall team has to act.",
    "dns": "Whoever runs the DNS has to act.",
    "sender": "The sender has to act.",
    "recipient-side": "The recipient's side has to act.",
    "microsoft": "Microsoft has to act.",
}

SHELL: Final[dict[Shell, str]] = {
    "exchange-management-shell": "Exchange Management Shell",
    "exchange-online-powershell": "Exchange Online PowerShell",
    "powershell": "PowerShell",
    "cmd": "Command Prompt",
    "bash": "Linux shell",
    "dns-record": "DNS record",
    "portal": "Admin centre",
}

EFFECT: Final[dict[Effect, str]] = {
    "read-only": "read-only",
    "config-change": "⚠ changes the configuration",
    "service-restart": "⚠ restarts a service",
    "data-loss-risk": "⚠ can lose data",
}

_NAMES: Final = {
    **{
        word: word.upper()
        for word in ("smtp", "ndr", "dsn", "dns", "tls", "exo", "mx", "spf", "ad", "acl", "led", "csv")
    },
    **{word: word.capitalize() for word in ("windows", "exchange", "outlook", "schannel", "postfix")},
}


def where(evidence: Evidence, log: LogSummary | None = None) -> str:
    """`line 22`, or `follow-up 1, line 3` for what came later; `SEND20261118-1.LOG:22` in a log of several files."""
    if log is not None:
        return f"{file_name(log, evidence.paste)}:{evidence.line}"
    return _paste(evidence.paste) + f"line {evidence.line}"


def file_name(log: LogSummary, number: int) -> str:
    """The last part of a file's path."""
    return log.files[number].name.replace("\\", "/").rpartition("/")[2] if number < len(log.files) else "?"


def _paste(paste: int) -> str:
    return f"follow-up {paste}, " if paste else ""


def what(artefact: ReadArtefact) -> str:
    """`SMTP send log (lines 1-23)`."""
    first, last = artefact.lines
    lines = f"line {first}" if first == last else f"lines {first}-{last}"
    return f"{kind(artefact.kind)} ({_paste(artefact.paste)}{lines})"


def kind(name: str) -> str:
    """`smtp-send-log` as people say it: `SMTP send log`."""
    return " ".join(_NAMES.get(word, word) for word in name.replace("-", " ").split())


def listed(names: Sequence[str]) -> str:
    """`Priya`, `Priya and Sam`, `Priya, Sam and Jonas`; "" for nobody."""
    *others, last = names or ("",)
    return f"{', '.join(others)} and {last}" if others else last
