"""What the words of a refusal are about (refusals.toml).

Every mail server and filter has its own words for the same few reasons, and nobody has them all. What they share is the
noun (SPF, a block list, spam, a virus) and what became of the message. A cause takes the noun as its signature, and asks
here whether the reply was refused for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar

import re2

from diagnostics.facts import Said
from diagnostics.kept import table
from diagnostics.patterns import linear, together

_T = TypeVar("_T")
_LONGEST: Final = 4_000
_COURTESY: Final = linear(
    r"(?i)\b(?:protect|keep) (?:our |your )?(?:users|recipients|members|customers) from spam\b"
    r"(?:(?:,| and| or| &)+ (?:phishing|malware|viruses|abuse|fraud)\b)*"
    r"|\bspam\W{0,3}(?:&|and|firewall)\W{0,3}(?:virus\W{0,3}firewall\b)?"
    r"|\bconnect(?:ing)? to (?:MX server )?[\w.-]{1,253}\["
    r"|\bprivate/[\w.-]{1,60}|\b(?:malware|spam) acl condition\b|\bvirus_scan\b|\ball virus scanners failed\b"
)
"""Why a server has rules at all, whichever of them was broken; what a filter is called; and the name of a host, or of a program
on the relay, that was asked in vain."""


class _Topics(Set[str]):
    """The topics of one text. Each is looked for when it is first asked about: all patterns together take 30 ms to compile."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._low = text.lower()
        self._known: dict[object, bool] = {}

    def __contains__(self, topic: object) -> bool:
        found = self._known.get(topic)
        if found is None:
            found = self._known[topic] = self._speaks_of(topic)
        return found

    def _speaks_of(self, topic: object) -> bool:
        words = _table()["words"].get(topic)
        if topic not in _table()["topics"] or (words and not any(word in self._low for word in words)):
            return False
        return bool(_patterns(topic).Match(self._text))

    def __iter__(self) -> Iterator[str]:
        return (topic for topic in _table()["topics"] if topic in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return any(True for _ in self)

    @classmethod
    def _from_iterable(cls, it: Iterable[_T], /) -> frozenset[_T]:
        """What `&` and its like return."""
        return frozenset(it)


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return table(Path(__file__).with_name("refusals.toml"))


@cache
def _patterns(topic: object) -> re2.Set:
    refused = "(?:" + "|".join(_table()["refused"]) + ")"
    whole = (f"(?i){each}".replace("{refused}", refused) for each in _table()["topics"][topic])
    # A gap of bytes compiles to a fifth of one of letters: the set is half as large, and made in half the time.
    return together(each.replace(".{0,", r"\C{0,") for each in whole)


def topics(said: Said) -> Set[str]:
    """The topics of refusals.toml that a refusal speaks of; none where it gives no reason, or no mail server wrote it."""
    return frozenset() if said.kind in ("event", "command", "stray") else topics_of(said.text[:_LONGEST])


@lru_cache(maxsize=512)
def topics_of(text: str) -> Set[str]:
    """The topics of a text in one line."""
    return _Topics(_COURTESY.sub("", text))
