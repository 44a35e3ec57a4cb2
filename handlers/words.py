"""What one word said to the bot means: after `/mailflow`, after a mention, or in a direct message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from handlers.blocks import Message
from handlers.intake import unslack
from handlers.ports.inbox import Delivery
from handlers.ports.services import Services

Act = Callable[[Services, Delivery], Awaitable[str]]
Reply = Callable[[Services, Delivery], Awaitable[Message]]

_LONGEST: Final = 20  # letters of a word that may be a typing error
_ALIKE: Final = 0.7


@dataclass(frozen=True, slots=True)
class Word:
    """`names` are the ways to say it, the first one is shown; `takes` is what stands behind it, `says` what it does.

    `asked` tells whether a whole text is this request, rather than a paste that happens to begin with the word. A request is
    answered by `reply`, or does its own answering: `from_command` after `/mailflow`, `in_thread` anywhere else. None: there it
    is not understood. `edits`: also a message that becomes this request by an edit is one. `anybody`: also people of other
    organisations may ask it.
    """

    names: tuple[str, ...]
    says: str
    asked: Callable[[str], bool]
    takes: str = ""
    reply: Reply | None = None
    from_command: Act | None = None
    in_thread: Act | None = None
    edits: bool = False
    anybody: bool = False

    @property
    def usage(self) -> str:
        """As it is typed: `check <host or domain>`."""
        return f"{self.names[0]} {self.takes}".strip()


def split(text: str) -> tuple[str, str]:
    """The first word in lower case, and the rest as Slack sent it."""
    word, *rest = text.strip().split(maxsplit=1) or [""]
    return word.lower(), rest[0] if rest else ""


def find(words: Sequence[Word], text: str) -> Word | None:
    """The request that a text is; None for any other text."""
    first, _ = split(text)
    return next((word for word in words if first in word.names and word.asked(text)), None)


def hint(words: Sequence[Word], text: str) -> str:
    """What somebody probably wanted to say; "" where the text resembles none of the words."""
    first, rest = split(text)
    if known := next((word for word in words if first in word.names), None):
        return "" if known.asked(text) else f"I did not understand that. Say it as in: {known.usage}"
    names = {name: word for word in words for name in word.names}
    near = get_close_matches(first, names, n=1, cutoff=_ALIKE) if len(first) <= _LONGEST else []
    if not near:
        return ""
    meant = names[near[0]]
    return f"I do not know “{first}”. Did you mean: {f'{meant.names[0]} {unslack(rest)}' if rest else meant.usage}"
