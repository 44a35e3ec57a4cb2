"""What the checks of TXT records share: whether an answer tells anything, names, tag lists, strangers' text as a fact."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from diagnostics.network import DnsReply

_LONGEST: Final = 1000  # characters of a record that a fact holds
_MOST_TAGS: Final = 100
_SPACE: Final = " \t\r\n"
LONGEST_NAME: Final = 253
_LONGEST_LABEL: Final = 63
_HOW: Final = {"timeout": "no answer in time", "servfail": "SERVFAIL", "refused": "the resolver refused"}


def failed(reply: DnsReply) -> str:
    """Why an answer says nothing, as half a sentence; "" for one that does."""
    if reply.looked:
        return ""
    return f"the {reply.type} records of {reply.name} could not be looked up ({_HOW[reply.status]})"


def shown(text: str, longest: int = _LONGEST) -> str:
    """A record's text for people: read as UTF-8 where it is that, everything that does not print escaped, bounded."""
    with suppress(UnicodeError):  # it is the latin-1 that it came as, or holds characters of ours
        text = text[: 4 * longest].encode("latin-1").decode()
    printable = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text[:longest]
    )
    return printable if len(text) <= longest else printable + " …"


def tags(text: str) -> tuple[dict[str, str], list[str]]:
    """A tag list `a=b; c=d` (RFC 6376, 3.2) in its order, names as written, and the parts that are no tag. Of a tag that
    is there twice the first counts. Costs linear time."""
    found: dict[str, str] = {}
    others: list[str] = []
    for part in text.split(";")[:_MOST_TAGS]:
        name, equals, value = (piece.strip(_SPACE) for piece in part.partition("="))
        if equals and name.isascii() and name.replace("_", "").isalnum():
            found.setdefault(name, value)
        elif part.strip(_SPACE):
            others.append(part.strip(_SPACE))
    return found, others


def is_name(name: str) -> bool:
    """Whether DNS can be asked for this: labels of 1 to 63 characters, 253 in all."""
    return len(name) <= LONGEST_NAME and all(0 < len(label) <= _LONGEST_LABEL for label in name.split("."))
