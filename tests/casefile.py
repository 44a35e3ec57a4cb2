"""Cases: Markdown files with pasted texts in fenced blocks and, after each, what must be believed then.

    # A title
    Prose: what happened, in short.

    ```paste
    the text
    ```

    ```expect
    verdict: failure
    confirmed tls.certificate.private-key-permission
    ruled_out network.port25.outbound-blocked
    asks Send the queue's last error in full.
    ```

An `expect` block after the first paste speaks of that paste alone; the next paste is a follow-up in the same thread, and the next
`expect` speaks of both. The set of beliefs must be equal, so every case is also a test against all other causes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from diagnostics import Report
from diagnostics.book import Book
from diagnostics.cause import catalogue
from diagnostics.reporting import report_of

_BLOCK = re.compile(r"^(`{3,})(paste|expect)[^\n]*\n(.*?)^\1\s*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Case:
    path: Path
    source: str

    @classmethod
    def read(cls, path: Path) -> Case:
        return cls(path, path.read_text(encoding="utf-8"))

    def blocks(self) -> list[Block]:
        return [Block(m[2], m[3], m.start(3), m.end(3)) for m in _BLOCK.finditer(self.source)]

    def steps(self) -> list[tuple[tuple[str, ...], Block]]:
        """(the pastes so far, the expectation after them)."""
        pastes: list[str] = []
        found = []
        for block in self.blocks():
            if block.kind == "paste":
                pastes.append(block.text)
            else:
                found.append((tuple(pastes), block))
        return found

    def accept(self) -> None:
        """Rewrite every expectation with what is believed now."""
        source = self.source
        for pastes, block in reversed(self.steps()):
            source = source[: block.start] + believed(judged(pastes)) + source[block.end :]
        self.path.write_text(source, encoding="utf-8")


def judged(pastes: tuple[str, ...]) -> Report:
    """What the rules alone make of it: what a text reads like is counted from these very cases."""
    return report_of(pastes, _rules())


@cache
def _rules() -> Book:
    return Book.of(catalogue().values())


def believed(report: Report) -> str:
    """The part of a report that a case fixes: the verdict, all beliefs, and the questions."""
    lines = [f"verdict: {report.verdict}"]
    lines += [f"{each.belief} {each.cause}" for each in report.findings]
    lines += [f"ruled_out {each.cause}" for each in report.ruled_out]
    lines += [f"beside {each.cause}" for each in report.notes if each.cause]
    lines += [f"asks {each.ask}" for each in report.next[:1]]
    return "\n".join(lines) + "\n"
