"""How large the messages are that fail, as far as somebody tells: "attachments above 25 MB", "a file of roughly fifty megabytes".

It is no artefact: it makes nothing a suspect. What a limit shows is weighed against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from diagnostics.facts import Source
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.text import Paste

SIZE: Final = "told-size"
_MOST_LINES: Final = 60
_LONGEST: Final = 1_000
_MEGA: Final = 1 << 20
_WORDS: Final = {
    "five": 5, "ten": 10, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "hundred": 100,
}  # fmt: skip
_SIZE = linear(rf"(?i)\b(\d{{1,4}}(?:[.,]\d{{1,2}})?|{'|'.join(_WORDS)})[ -]?(?:MB|MiB|Mo|megabytes?|megs?|mega)\b")
_OF_MAIL = linear(
    r"(?i)\b(?:attach\w*|messages?|e-?mails?|mails?|files?|pdfs?|zip|workbooks?|documents?|spreadsheets?|presentations?|photos?|anh[aä]ng\w*|anlagen?|nachricht\w*|datei\w*|pi[eè]ces?"
    r"|fichiers?|adjunt\w*|archivos?|correos?|allegat\w*|bijlagen?|anexos?)\b"
)
_IS = linear(
    r"(?i)\b(?:is|was|are|were|has|weighs?|ist|war|sind|hat|wiegt|fait|p[eè]se|est|es|pesa|pesaba)\b[^:=]{0,20}$"
)
_CLAUSE = linear(r"[\",;.!?()]")
_LIMIT = linear(
    r"(?i)\b(?:limit\w*|max\w*|quota|size is|grenze|h[oö]chst\w*|l[ií]mite\w*|plafond|allow\w*|erlaub\w*)\b|:\s*$"
)
# Attachments grow by a third when they are encoded, and line ends and headers come on top.
GROWN: Final = 1.45


def sizes(pastes: Iterable[Paste]) -> Iterator[Configured]:
    """One for each size that a text names of a message, in bytes, and not of a limit.

    An answer is mostly what a command printed: of that, what a sentence says beside it.
    """
    for paste in pastes:
        yield from _named(paste)


def _named(paste: Paste) -> Iterator[Configured]:
    for index, line in enumerate(paste.lines[:_MOST_LINES]):
        text = line[:_LONGEST]
        for found in _SIZE.finditer(text) if _OF_MAIL.search(text) else ():
            before = _CLAUSE.split(text[max(0, found.start() - 40) : found.start()])[-1]
            if not _LIMIT.search(before) and (paste.index == 0 or _IS.search(before)):
                number = found.group(1).lower().replace(",", ".")
                size = int((_WORDS.get(number) or float(number)) * _MEGA)
                source = Source(index + 1, paste.raw[index].strip(), paste.index)
                yield Configured(source=source, kind=SIZE, values=(("Bytes", str(size)),))


def told_size(settings: Iterable[Configured]) -> int:
    """The largest size that is told, in bytes; 0 where none is."""
    return max((int(each.get("Bytes")) for each in settings if each.kind == SIZE), default=0)
