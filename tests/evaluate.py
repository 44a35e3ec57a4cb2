"""`make eval CASES=folder`: how often the diagnosis is right, over cases with a confirmed cause.

A folder holds `*.jsonl` files, one JSON object a line: `input`, `cause`, `accept`, `determinable` (yes, narrowed, no),
`kind`, `group`, `must_mention` and `must_not` (patterns over the whole answer); or, for harmless text, `input` and
`expected` (silent or healthy). Near-duplicates share a `group` and count once. Without a folder the project's own cases
are scored.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from diagnostics import Report, diagnose
from tests.casefile import Case

_OWN = Path(__file__).parent / "cases"
_EXPECTED = {"silent": "nothing", "healthy": "healthy"}


@dataclass
class Score:
    """Counts of one slice: cases (by group), right first, right among three, the question separates."""

    weight: float = 0.0
    first: float = 0.0
    three: float = 0.0
    separates: float = 0.0

    def line(self, name: str) -> str:
        if not self.weight:
            return ""
        shares = (self.first, self.three, self.separates)
        return f"  {name:28} {self.weight:6.1f}" + "".join(f"{100 * share / self.weight:9.0f}%" for share in shares)


@dataclass
class Tally:
    slices: dict[str, Score] = field(default_factory=lambda: defaultdict(Score))
    beliefs: dict[str, list[float]] = field(default_factory=lambda: defaultdict(lambda: [0.0, 0.0]))
    misses: list[str] = field(default_factory=list)
    mentions: list[float] = field(default_factory=lambda: [0.0, 0.0])
    harmful: list[str] = field(default_factory=list)
    harmless: list[bool] = field(default_factory=list)


def rows(folder: Path) -> Iterable[dict[str, Any]]:
    """The cases of a folder."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                yield json.loads(line)


def own() -> Iterable[dict[str, Any]]:
    """The project's own cases: the first belief after the last paste is the label."""
    for path in sorted(_OWN.rglob("*.md")):
        *_, (pastes, block) = Case.read(path).steps()
        named = [line.split()[1] for line in block.text.splitlines() if line.startswith(("confirmed ", "likely "))]
        if named:
            text = "\n\n".join(pastes)
            yield {"id": f"{path.parent.name}/{path.stem}", "input": text, "accept": named[:1], "kind": "own"}


def score(cases: Iterable[dict[str, Any]]) -> Tally:
    """Diagnose every case and count."""
    known = list(cases)
    groups: dict[str, int] = defaultdict(int)
    for case in known:
        groups[case.get("group") or case["id"]] += 1
    tally = Tally()
    for case in known:
        report = diagnose(case["input"])
        if "expected" in case:
            right = report.verdict == _EXPECTED[case["expected"]]
            tally.harmless.append(right)
            if not right:
                tally.misses.append(f"{case['id']}: {case['expected']} expected, {report.verdict} found")
        else:
            _count(tally, case, report, 1 / groups[case.get("group") or case["id"]])
    return tally


def _count(tally: Tally, case: dict[str, Any], report: Report, weight: float) -> None:
    found = [each.cause for each in report.findings]
    accept = set(case["accept"])
    first, three = bool(found[:1]) and found[0] in accept, bool(accept & set(found[:3]))
    separates = any(accept & set(question.separates) for question in report.next)
    family = case["accept"][0].split(".")[0]
    for name in ("all", f"determinable {case.get('determinable', 'yes')}", f"kind {case['kind']}", f"family {family}"):
        slice_ = tally.slices[name]
        slice_.weight += weight
        slice_.first += weight * first
        slice_.three += weight * three
        slice_.separates += weight * separates
    for suspect in report.findings[:1]:
        tally.beliefs[suspect.belief][0] += weight * first
        tally.beliefs[suspect.belief][1] += weight
    answer = report.model_dump_json().lower()
    for pattern in case.get("must_mention", ()):
        tally.mentions[0] += weight * bool(re.search(pattern, answer))
        tally.mentions[1] += weight
    tally.harmful += [f"{case['id']}: {pattern}" for pattern in case.get("must_not", ()) if re.search(pattern, answer)]
    if not first:
        tally.misses.append(
            f"{case['id']}: {', '.join(sorted(accept))} expected, {', '.join(found[:4]) or report.verdict} found"
        )


def show(tally: Tally) -> None:
    """Print the tally."""
    print(f"  {'':28} {'cases':>6}{'first':>10}{'of three':>10}{'asked':>10}")
    for name in sorted(tally.slices, key=lambda name: (name != "all", name)):
        print(tally.slices[name].line(name))
    for belief, (right, total) in sorted(tally.beliefs.items()):
        print(f"  {belief + ' first findings':28} {total:6.1f}{100 * right / total:9.0f}% right")
    if tally.mentions[1]:
        print(f"  {'says what it must':28} {tally.mentions[1]:6.1f}{100 * tally.mentions[0] / tally.mentions[1]:9.0f}%")
    if tally.harmless:
        print(
            f"  {'harmless, left alone':28} {len(tally.harmless):6}{100 * sum(tally.harmless) / len(tally.harmless):9.0f}%"
        )
    for line in (*tally.harmful, *tally.misses):
        print(f"  {line}")


if __name__ == "__main__":
    show(score(rows(Path(sys.argv[1])) if len(sys.argv) > 1 else own()))
