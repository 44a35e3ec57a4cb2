"""What a server says of itself: the answer to EHLO, and the marks a middlebox leaves in it."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from diagnostics.checks.talk import Reply, shown
from diagnostics.recognisers.masking import MASKED_CAPABILITY

_MOST_CAPABILITIES: Final = 60
_MASK: Final = "XXXX"  # what is left of a four-letter verb; no server invents such a word
_FEWEST_STARS: Final = 5


class Hello(Struct, frozen=True):
    """`name` is how the server calls itself; `capabilities` are keywords in upper case with their parameters (RFC 5321,
    4.1.1.1), empty after HELO. `extended` is False when only HELO was accepted."""

    name: str = ""
    capabilities: dict[str, str] | None = None
    extended: bool = True

    @classmethod
    def of(cls, reply: Reply, *, extended: bool = True) -> Hello:
        found: dict[str, str] = {}
        for line in reply.lines[1:_MOST_CAPABILITIES]:
            keyword, _, parameters = shown(line).replace("AUTH=", "AUTH ", 1).partition(" ")
            if keyword:  # both spellings of AUTH are offered together by old servers; the longer list tells more
                word = keyword.upper()
                found[word] = max(found.get(word, ""), parameters.strip(), key=len)
        first = shown(reply.lines[0]).split(" ", 1)[0]
        return cls(first, found if extended else {}, extended)

    def offers(self, keyword: str) -> bool:
        return keyword in (self.capabilities or {})

    @property
    def masked(self) -> bool:
        """Whether a keyword was overwritten with X on the way."""
        return any(MASKED_CAPABILITY.search(keyword) for keyword in self.capabilities or {})

    def facts(self) -> dict[str, Any]:
        """For a report: the lines as offered, the size limit in octets, and the mechanisms of AUTH."""
        offered = self.capabilities or {}
        facts: dict[str, Any] = {"capabilities": [f"{word} {more}".strip() for word, more in offered.items()]}
        if offered.get("SIZE", "").isdigit():
            facts["size"] = int(offered["SIZE"][:19])
        if "AUTH" in offered:
            facts["auth"] = offered["AUTH"].upper().split()
        return facts


def masked_greeting(reply: Reply) -> bool:
    """Whether a banner was overwritten with asterisks: no letter is left. A box drawn around a banner leaves letters."""
    text = " ".join(reply.lines)
    return "*" * _FEWEST_STARS in text and not any(each.isalpha() for each in text)


def masked_verb(reply: Reply) -> bool:
    """Whether the server refuses a verb that we didn't send: it was overwritten with X on the way."""
    return reply.code >= 500 and _MASK in " ".join(reply.lines)
