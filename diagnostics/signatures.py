"""Literal signatures of causes, matched over what servers said, all in one pass.

A signature is plain text. White space is folded and case ignored. One that begins or ends with a digit needs a border
of digits and dots there, so that 5.1.1 isn't found in 5.1.10 nor 5.2.1 in "id 15.2.1748.10"; one that begins with a letter
needs a word border there, while a longer ending is allowed (Greylist is found in Greylisting).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from string import ascii_letters, digits
from typing import Final

from ahocorasick_rs import AhoCorasick

from diagnostics import codes
from diagnostics.facts import Fact, Reply, Said, TlsReport, WindowsEvent
from diagnostics.looked_facts import Stray
from diagnostics.mail_facts import CommandError, Traced, Tracked
from diagnostics.patterns import linear
from diagnostics.text import squeezed

_LONGEST: Final = 20_000  # a reply longer than this is no reply; only its beginning is read
_CLAUSE: Final = (24, 4)  # characters and words
# MapiExceptionMaxSubmissionExceeded; a token with dots in it is judged where bare replies are read.
# Also AdminLimitExceededException, SEC_E_TIME_SKEW and an extended MAPI code (0x80070005-0x0004dc-…).
_MADE_UP = linear(
    r"(?:^|\s)(?:(?:X-)?[A-Za-z][a-z]+(?:[A-Z][a-z]+){2}|[A-Z]{2,4}[a-z]+(?:[A-Z][a-z]+)*Exception|[A-Z]{3,8}(?:_[A-Z]{1,12}){2,5}"
    r"|\[?0x[0-9a-fA-F]{8}-)|^IMCEA[A-Z]+-"
)
# Names that only one program prints: an attribution result, events of moderation, a pool, a keyword that a firewall masked, and
# the errors of block lists.
_TOKEN = linear(
    r"^(?:ATTR\d{1,2}|X{7}[A-Z]|MODERAT(?:ORREJECT|ORSALLNDR|IONEXPIRE)|RegularRelayOutboundPool|127\.255\.255\.25[0-9])$"
)
_COMMAND = linear(
    r"^(?:Get|Set|New|Remove|Start|Stop|Test|Enable|Disable|Add)-?[A-Z]"
)  # what somebody runs or plans; no failure
_SHORTEST_NAME: Final = 8
_DIGITS: Final = frozenset("0123456789")
_NUMBER: Final = _DIGITS | {"."}
_WORD: Final = frozenset(f"{ascii_letters}{digits}_")


def stands(signature: str, text: str, start: int, end: int) -> bool:
    """Whether a signature that was found in `text` from `start` to `end` has its borders there."""
    before, after = text[start - 1 : start], text[end : end + 2]
    if before in (_NUMBER if signature[0].isdigit() else _WORD if signature[0].isalpha() else ()):
        return False
    if not signature[-1].isdigit():
        return True
    return after[:1] not in _NUMBER or (after[:1] == "." and after[1:] not in _DIGITS)


@lru_cache(maxsize=4096)
def telling(signature: str) -> bool:
    """Whether a signature is wording that nobody uses in conversation: a whole clause, or a name that a program made up."""
    text = squeezed(signature)
    long, words = _CLAUSE
    if len(text) >= long and len(text.split()) >= words:
        return True
    made_up = len(text) >= _SHORTEST_NAME and bool(_MADE_UP.search(text)) and not _COMMAND.search(text)
    return made_up or bool(_TOKEN.search(text))


class Signatures:
    """Literals of some causes as (cause id, literal), in one automaton: cost grows with the text, not with their number."""

    def __init__(self, literals: Iterable[tuple[str, str]]) -> None:
        self._owners = [(owner, signature) for owner, signature in literals]
        self._texts = [squeezed(signature).lower() for _, signature in self._owners]
        self._all = AhoCorasick(self._texts, store_patterns=False)

    def tells(self, text: str) -> bool:
        """Whether `text`, with white space folded, holds a telling signature of any cause."""
        return any(telling(self._owners[index][1]) for index in self._match(text))

    def _match(self, text: str) -> list[int]:
        """The numbers of the literals that stand in `text`, rising."""
        low = text.lower()
        found = self._all.find_matches_as_indexes(low, overlapping=True)
        return sorted({index for index, start, end in found if stands(self._texts[index], low, start, end)})

    def said(self, facts: Iterable[Fact]) -> dict[str, list[Said]]:
        """The matches in replies and events, by cause id, in the order of the facts."""
        found: dict[str, list[Said]] = {}
        for fact in facts:
            utterance = _utterance(fact)
            for index in self._match(utterance) if utterance else ():
                owner, signature = self._owners[index]
                found.setdefault(owner, []).append(_said(fact, signature, utterance))
        return found


def _utterance(fact: Fact) -> str:
    if isinstance(fact, Reply):
        return squeezed(f"{fact.whole[:_LONGEST]}")
    if isinstance(fact, WindowsEvent):
        also = codes.shared_with(fact.provider)  # the same number means the same under both names
        named = f"{fact.provider} {fact.event} {also} {fact.event}" if also else f"{fact.provider} {fact.event}"
        return squeezed(f"{named} {fact.text[:_LONGEST]}")
    if isinstance(fact, CommandError):
        return squeezed(f"{fact.text[:_LONGEST]} {fact.code}")
    if isinstance(fact, Stray):
        return squeezed(fact.text[:_LONGEST])
    if isinstance(fact, TlsReport) and fact.policy == "tlsa":  # the same words as in DANE's replies
        return f"{fact.result}: {fact.domain}"
    if isinstance(fact, Tracked):
        words = f"{fact.origin} {fact.event} {fact.status} {fact.context} {fact.source.quote}"
        return squeezed(words[:_LONGEST]) if fact.failing else ""
    if isinstance(fact, Traced):
        return squeezed(fact.detail[:_LONGEST]) if fact.failing else ""
    return ""


def _said(fact: Fact, signature: str, text: str) -> Said:
    kinds = {
        WindowsEvent: "event",
        CommandError: "command",
        Stray: "stray",
        TlsReport: "report",
        Tracked: "tracking",
        Traced: "trace",
    }
    kind = fact.kind if isinstance(fact, Reply) else kinds[type(fact)]
    by = fact.by if isinstance(fact, Reply) else ""
    return Said(source=fact.source, host=fact.host, signature=signature, text=text, kind=kind, by=by)
