"""Incidents and harmless texts to be scored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from tests.casefile import Case

_OWN = Path(__file__).parent.parent / "cases"


class _Sample(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    id: str
    input: str
    group: str = ""


class Followup(BaseModel):
    text: str
    settles: bool = True


class Incident(_Sample):
    """`accept` may not be empty. `act` is "" where it isn't told."""

    accept: tuple[str, ...]
    followups: tuple[Followup, ...] = ()
    determinable: Literal["yes", "narrowed", "no"] = "yes"
    kind: str = "own"
    act: str = ""
    must_mention: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        return self.accept[0].split(".", 1)[0]

    def until_settled(self) -> tuple[str, ...]:
        """The follow-ups up to the one that settles the cause; none where no follow-up does."""
        texts: list[str] = []
        for each in self.followups:
            texts.append(each.text)
            if each.settles:
                return tuple(texts)
        return ()


class Harmless(_Sample):
    expected: Literal["silent", "healthy"]


def read(folder: Path) -> Iterator[Incident | Harmless]:
    """The samples of a folder. Raises ValidationError for a line that is none."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                yield sample(json.loads(line))


def sample(row: dict[str, Any]) -> Incident | Harmless:
    return Harmless.model_validate(row) if "expected" in row else Incident.model_validate(row)


def own() -> Iterator[Incident]:
    """The project's own cases whose last expectation names a cause as confirmed or likely."""
    for path in sorted(_OWN.rglob("*.md")):
        pastes, expected = Case.read(path).steps()[-1]
        named = [line.split()[1] for line in expected.text.splitlines() if line.startswith(("confirmed ", "likely "))]
        if named:
            yield Incident(
                id=f"{path.parent.name}/{path.stem}",
                input=pastes[0],
                followups=tuple(Followup(text=text, settles=text is pastes[-1]) for text in pastes[1:]),
                determinable="narrowed" if len(pastes) > 1 else "yes",
                accept=(named[0],),
            )
