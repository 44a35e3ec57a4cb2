"""Which rows fit a server's reply: number and text decide together, the most specific rows win."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from diagnostics.codes import tables
from diagnostics.codes.model import Row
from diagnostics.codes.tables import Entry
from diagnostics.codes.wording import contains, fold, words
from diagnostics.patterns import linear

# A reply line has at most 512 octets and a quoted chain of them a few thousand; what is longer is not a reply.
_LIMIT = 8_000
_LAYERS = 8

_REPLY = linear(r"\b([245][0-9]{2})[ -]#?([245]\.[0-9]{1,3}\.[0-9]{1,3})\b")
_SOCKET = linear(r"\b(?:winsock|socket|win32)[a-z ]{0,20}[:=]? ?([0-9]{3,5})\b")

Causes = tuple[tuple[str, float], ...]
Rank = tuple[bool, int, int, bool]


def suspects(code: str | None, enhanced: str | None, text: str) -> Causes:
    """The causes that a reply points at, as (cause id, weight from 0 to 1), best first; () when none is known.

    `code` is the three-digit number ("550"), `enhanced` the enhanced code ("5.7.64"), `text` the reply's text,
    with or without its numbers and with or without the replies around it or inside it. A row whose text is there
    beats any number; where a reply only carries another error, that error is judged.
    """
    folded = fold(text[:_LIMIT])
    layers = list(_layers(code or "", enhanced or "", folded))
    telling = [one for layer in layers for one in layer if _tells(one)]
    if telling:
        return weigh([max(telling, key=_length).row])
    own = next((layer for layer in layers if layer), [])
    if any(one.row.wrapper for one in own):
        return _carried(layers, folded)
    return weigh(one.row for one in own)


def is_wrapper(code: str | None, enhanced: str | None, text: str) -> bool:
    """Whether this reply only carries another error and so asks for the cause instead of naming it."""
    return any(one.row.wrapper for one in _best(code or "", enhanced or "", fold(text[:_LIMIT])))


def token(text: str) -> Row | None:
    """The row of the most telling of Exchange's own tokens in a text; None where there is none that a table has."""
    folded = fold(text[:_LIMIT])
    anchors = tables.tokens()
    found = [one for word in anchors.keys() & words(folded) for one in anchors[word] if contains(folded, one.parts)]
    return max(found, key=_length).row if found else None


def weigh(rows: Iterable[Row]) -> Causes:
    """The causes of several rows as one list, the highest weight of each, best first."""
    weights: dict[str, float] = {}
    for row in rows:
        for cause, weight in row.causes:
            weights[cause] = max(weight, weights.get(cause, 0.0))
    return tuple(sorted(weights.items(), key=lambda item: -item[1]))


def fitting(code: str, enhanced: str, folded: str) -> list[tuple[Rank, Entry]]:
    """Every row that fits a reply, with its rank, the most specific first. `folded` has passed `fold`."""
    anchors = tables.tokens()
    tokens = [one for word in anchors.keys() & words(folded) for one in anchors[word]]
    return _ranked([*numbered(code, enhanced), *tokens], code, enhanced, folded)


def numbered(code: str, enhanced: str) -> list[Entry]:
    """The rows of a reply's numbers, whatever their text."""
    found = [*_of_enhanced(enhanced)] if enhanced else []
    return [*found, *tables.replies("smtp-basic").by_basic.get(code, ())] if code else found


def _of_enhanced(enhanced: str) -> Iterator[Entry]:
    stem, _, detail = enhanced.rpartition(".")
    table = tables.enhanced_tables().get(stem[2:]) if stem[1:2] == "." else None
    if not table or not (detail.isascii() and detail.isdigit()):
        return
    index = tables.replies(table)
    yield from index.by_enhanced.get(enhanced, ())
    if not enhanced.startswith(("X", "2")):  # what is registered names faults, of which a success is none
        yield from index.by_enhanced.get(f"X{enhanced[1:]}", ())
    number = int(detail[:4])
    for of, first, last, one in index.ranges:
        if of == stem and first <= number <= last:
            yield one


def _ranked(entries: list[Entry], code: str, enhanced: str, folded: str) -> list[tuple[Rank, Entry]]:
    found = [(_rank(one, code, enhanced), one) for one in entries if contains(folded, one.parts)]
    return sorted(found, key=lambda pair: pair[0], reverse=True)


def _rank(one: Entry, code: str, enhanced: str) -> Rank:
    """Text before number, then exact number before range before class, then the longer text, then the basic code."""
    number = 0
    if enhanced and one.enhanced == enhanced:
        number = 3
    elif "-" in one.enhanced:
        number = 2
    elif one.enhanced.startswith("X") and one.enhanced[1:] == enhanced[1:]:
        number = 1
    return bool(one.parts), number, _length(one), bool(one.basic) and one.basic == code


def _tells(one: Entry) -> bool:
    """Whether the row was met by its text and names more than a carrier, or the socket error in a carrier."""
    return bool(one.parts) and (not one.row.wrapper or one.parts[-1].isdigit())


def _length(one: Entry) -> int:
    return sum(map(len, one.parts))


def _top(found: list[tuple[Rank, Entry]]) -> list[Entry]:
    return [one for rank, one in found if rank == found[0][0]]


def _best(code: str, enhanced: str, folded: str) -> list[Entry]:
    return _top(fitting(code, enhanced, folded))


def _layers(code: str, enhanced: str, folded: str) -> Iterator[list[Entry]]:
    """The most specific rows of the reply itself, then those of each other reply in its text, outermost first."""
    yield _best(code, enhanced, folded)
    for match in [*_REPLY.finditer(folded)][:_LAYERS]:
        if (match[1], match[2]) != (code, enhanced):
            entries = numbered(match[1], match[2])
            yield _top(_ranked(entries, match[1], match[2], folded[match.start() :]))


def _carried(layers: list[list[Entry]], folded: str) -> Causes:
    """What a wrapper carries: the innermost reply that says more, else a socket error, else a TLS error word.

    When nothing of that is there, the wrapper with the longest text that fits is all that is known.
    """
    inner = (weigh(one.row for one in layer if not one.row.wrapper) for layer in reversed(layers))
    sockets = (weigh(tables.numbers("winsock").get(int(m[1]), ())) for m in _SOCKET.finditer(folded))
    named = (weigh(tables.tls_words().get(word, ())) for word in words(folded))
    for source in (inner, sockets, named):
        found = next((causes for causes in source if causes), ())
        if found:
            return found
    return weigh([max((one for layer in layers for one in layer), key=_length).row])
