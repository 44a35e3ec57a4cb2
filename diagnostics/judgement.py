"""Everything that is known about one case: its texts, what was read in them, and the verdicts."""

from __future__ import annotations

from functools import cached_property
from itertools import islice
from typing import Final

from msgspec import Struct, field

from diagnostics.artefacts import Artefact
from diagnostics.cause import Belief
from diagnostics.complaint import complains
from diagnostics.elsewhere import is_elsewhere
from diagnostics.facts import Fact
from diagnostics.hints import Hint
from diagnostics.patterns import linear
from diagnostics.seen import failures
from diagnostics.text import Paste
from diagnostics.verdict import Verdict

_MOST_PROSE: Final = 100  # lines: people explain in a few sentences
# A sentence that a mail client broke: a full line without an end, and a letter in front of the next.
_WRAPPED = linear(r"([^\n]{60,120}[^\n.!?:;])\n([\p{L}(\x22])")
_IN_SENTENCES: Final = frozenset({"smtp-reply", "error-text", "tls-error"})
# Where one line is all of it, people name it in the middle of their own paragraph: an event, a right of a connector, a command.
_TOLD_IN_ONE: Final = frozenset({"windows-event", "mail-log", "connector-rights", "tls-probe"})
_AMONG_WORDS: Final = frozenset({"last-error", "relay-log", "message-headers", "message-trace"})


class Judgement(Struct, dict=True):
    """Everything the engine knows about one case. What is looked up in its texts is kept: several ask for it."""

    pastes: tuple[Paste, ...]
    artefacts: tuple[Artefact, ...]
    facts: tuple[Fact, ...]
    verdicts: list[Verdict] = field(default_factory=list)
    told: tuple[Hint, ...] = ()  # what the person says around the artefacts
    declined: frozenset[str] = frozenset()  # what was asked for and with which cmdlet, and nobody can answer
    talk: bool = False  # nobody reports a failure: if there is an error, a line about something else quotes it
    began: bool = False  # the first text alone tells of a failure, or reads like one: what is sent later is about it

    def of(self, belief: Belief) -> list[Verdict]:
        return [each for each in self.verdicts if each.finding.belief is belief]

    @cached_property
    def prose(self) -> str:
        """The lines that no artefact consists of, and those that quote a bare reply in a sentence of the person's own. A sentence
        that a mail client broke is one line again."""
        claimed = {
            (artefact.paste, line)
            for artefact in self.artefacts
            if not in_a_sentence(artefact)
            for line in (artefact.claims or range(artefact.first - 1, artefact.last))
        }
        free = (
            line
            for paste in self.pastes
            for number, line in enumerate(paste.lines)
            if line and (paste.index, number) not in claimed
        )
        return str(
            _WRAPPED.sub(lambda found: f"{found.group(1)} {found.group(2)}", "\n".join(islice(free, _MOST_PROSE)))
        )

    @cached_property
    def elsewhere(self) -> bool:
        """Whether it is about a mail server of another kind than Exchange."""
        return is_elsewhere(self.artefacts, self.facts, self.prose)

    @cached_property
    def complaint(self) -> bool:
        """Whether the person says that mail fails, or the case began with a failure."""
        return self.began or complains(self.prose) or (not failures(self.facts) and complains(self._around))

    @property
    def _around(self) -> str:
        """A text of one line, where an output that somebody quotes stands among his own words."""
        lines = [line for paste in self.pastes for line in paste.lines if line.strip()]
        return lines[0] if len(lines) == 1 and any(each.kind in _AMONG_WORDS for each in self.artefacts) else ""

    @property
    def best(self) -> tuple[int, float]:
        """The belief and the weight of the first verdict; nothing where there is none."""
        return strength(self.verdicts[0]) if self.verdicts else (0, 0.0)


def strength(verdict: Verdict) -> tuple[int, float]:
    return (int(verdict.finding.belief), verdict.finding.weight)


def in_a_sentence(artefact: Artefact) -> bool:
    """Whether a person's own words stand on the same line: a quoted reply, or an event, success or check that is told of."""
    told = artefact.kind in _TOLD_IN_ONE and artefact.first == artefact.last
    return told or artefact.in_words or artefact.kind in _IN_SENTENCES
