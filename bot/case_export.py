"""Cases that people labelled, as lines for `make eval`: redacted, and with counts in the place of names."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from diagnostics.cause import catalogue
from diagnostics.redaction import Redactor

_NAME: Final = "labelled.jsonl"


class CasesExistError(Exception):
    """There is a file of cases already; the text says so."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A case and what people said of it. `texts` are its pastes in order; `causes` are the causes that people named, one for each
    who did; `wrong` counts those who said that the answer was wrong."""

    texts: tuple[str, ...]
    causes: tuple[str, ...]
    wrong: int = 0


@dataclass(slots=True)
class Exported:
    """Lines of JSON, and how many cases were left out and why."""

    lines: list[str] = field(default_factory=list)
    disputed: int = 0
    unnamed: int = 0


def exported(cases: Iterable[Labelled]) -> Exported:
    """The lines of the cases on whose cause most people agree."""
    found = Exported()
    known = catalogue()
    for case in cases:
        named = Counter(cause for cause in case.causes if cause in known)
        if not named or not case.texts:
            found.unnamed += 1
            continue
        (cause, count), *others = named.most_common()
        if others and others[0][1] == count:
            found.disputed += 1
            continue
        number = len(found.lines) + 1
        found.lines.append(json.dumps(_row(case, cause, number, dict(named))))
    return found


def _row(case: Labelled, cause: str, number: int, named: dict[str, int]) -> dict[str, Any]:
    redact = Redactor(hide_ips=True)
    first, *later = (redact(text) for text in case.texts)
    return {
        "id": f"labelled-{number:04}",
        "kind": "labelled",
        "input": first,
        "followups": [{"text": text, "settles": text is later[-1]} for text in later],
        "cause": cause,
        "accept": [cause],
        "determinable": "narrowed" if later else "yes",
        "labels": {"named": named, "answer_wrong": case.wrong},
    }


def write(folder: Path, lines: Iterable[str]) -> Path:
    """Writes a new file that only its owner may read. Raises CasesExistError or OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / _NAME
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CasesExistError(f"{path} exists already. Name another folder, or remove it.") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.writelines(f"{line}\n" for line in lines)
    return path
