"""A server's reply that somebody pasted without anything around it, or inside a sentence of their own.

A channel talks about codes all day. A reply counts when it reads as one: number and wording, Exchange's own token, or a
phrase that only software writes. A code that is merely named, asked about or compared is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, Reply, Source
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.ndr_frames import Quoted, framed
from diagnostics.recognisers.remarks import spoken
from diagnostics.recognisers.reply_text import find_codes, goes_on, read_reply
from diagnostics.recognisers.reply_wording import (
    PHRASES,
    Place,
    names_token,
    of_a_person,
    person_goes_on,
    phrase_class,
    reads_as_reply,
    reads_on,
    tokens,
)
from diagnostics.recognisers.told_past import over

Lines = list[tuple[int, str]]
_FRAMED: Final = frozenset({"coded", "said", "dialogue", "error", "response"})
_MAYBE = linear(rf"[45]\d\d|[45]\.\d{{1,3}}[. ]\d|\b[A-Z]{{3,12}}\.[A-Z]|(?i:{PHRASES})")
_BASIC = linear(r"\b[45]\d\d\b")
_CONTINUED = linear(
    r"^[\s>\"'`*(]{0,8}([45]\d\d)-[A-Z<\[(#].*\s"
)  # a reply's line that another one follows (RFC 5321, 4.2.1)
_PHRASE = linear(f"(?i:{PHRASES})")
# A field of a log, msg="450 4.4.1 …" time=43: what follows its quote is no part of the reply. One may be quoted within.
_CLOSES: Final = {quote: linear(rf"[^\s:{quote}]{quote}(?:[\s,;)\]}}][^{quote}]*)?$") for quote in ('"', "'")}
_IN_JSON = linear(
    r"\":\s*\\?\"(?:smtp; ?)?$"
)  # the value of a field: "diagnosticCode":"smtp; 550 5.1.1 …", also escaped
_JSON_ENDS = linear(r"\\?\"\s*(?:[,}\]]|$)")
_LED = linear(r"(?i)[\[{<]+LED[=-]\s*$")
_NUMBER_ENDS = linear(r"\b[45]\d\d(?:[ -]#?[45]\.\d{1,3}\.\d{1,3})?:?$")
_WORDS = linear(r"[^\W\d_]{3}")
_TYPING_SLOWLY = linear(r"(?i)timeout waiting for client input")
_LINKED = linear(r"^[45]\d\d[`*_]{0,3}[\])]?\s?[<(\[]\s?https?://")  # number of an issue, and the page of it
_MOST_TRIED: Final = 40  # codes looked at in one line
_MOST_LINES: Final = 10_000  # lines with a number in them that are looked at closely: half a second's worth
_MOST_IN_LINE: Final = 5
_MOST_REPLIES: Final = 100  # different replies told of one paste
_LONGEST: Final = 20_000
_PORTS: Final = ("465", "587")  # of submission: no server replies with these numbers


class _Found(Struct, frozen=True):
    first: int
    last: int
    facts: tuple[Fact, ...]


@recogniser(
    r"(?:\b[45]\d\d\b|\b[45]\.\d{1,3}[. ]\d{1,3}\b"
    rf"|\b(?:RESOLVER|STOREDRV|SMTPSEND|ROUTING|QUEUE|CAT|APPROVAL)\.[a-z]|{PHRASES})",
    rank=90,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each run of lines that are failing replies. Replies that report success are none."""
    runs: list[list[_Found]] = []
    for found in _replies(reading):
        if runs and found.first <= runs[-1][-1].last + 1:
            runs[-1].append(found)
        else:
            runs.append([found])
    return [_artefact(run, reading.paste.index) for run in runs]


def _artefact(run: list[_Found], paste: int) -> Artefact:
    facts = tuple(fact for found in run for fact in found.facts)
    replies = [fact for fact in facts if isinstance(fact, Reply)]
    rows = [{"code": r.code, "enhanced": r.enhanced, "text": r.text, "by": r.by} for r in replies]
    shown: dict[str, Any] = {"replies": rows}
    first, last = run[0].first, max(found.last for found in run)
    claims = frozenset(i for found in run for i in range(found.first, found.last + 1))
    return Artefact("smtp-reply", first + 1, last + 1, facts, shown, paste, claims)


def _replies(reading: Reading) -> Iterator[_Found]:
    """The failing replies of the free lines, each different text told once."""
    lines = reading.free()
    told: set[str] = set()
    at = tried = 0
    while at < len(lines) and len(told) < _MOST_REPLIES and tried < _MOST_LINES:
        maybe = bool(_MAYBE.search(lines[at][1]))
        tried += maybe
        several = _in_line(lines, at) if maybe else []
        if not several:
            at += 1
            continue
        for quoted in several:
            if quoted.text not in told:
                told.add(quoted.text)
                yield _Found(quoted.first, quoted.last, tuple(_facts(quoted, reading)))
        last = several[0].last
        while at < len(lines) and lines[at][0] <= last:
            at += 1


def _in_line(lines: Lines, at: int) -> list[Quoted]:
    """The replies that `lines[at]` quotes one behind the other, each with its own end: "yahoo: "421 …", free: "550 …"."""
    found: list[Quoted] = []
    quoted = _reply_at(lines, at)
    index, rest = lines[at]
    while quoted is not None and len(found) < _MOST_IN_LINE:
        found.append(quoted)
        said = spoken(quoted.text)
        _, here, rest = rest.partition(said)
        another = bool(here) and quoted.first == quoted.last and _MAYBE.search(rest)
        quoted = _reply_at([(index, rest)], 0) if another else None
    return found


def _reply_at(lines: Lines, at: int) -> Quoted | None:
    """The reply that begins in `lines[at]`: in another system's frame, which names the speaker, or standing alone."""
    quoted = framed(lines, at)
    if quoted and quoted.frame in _FRAMED and quoted.text[:1] in "45#":
        return quoted
    return _standing(lines, at)


def _standing(lines: Lines, at: int) -> Quoted | None:
    """The reply that begins in `lines[at]`, with the lines it was wrapped over."""
    index, line = lines[at]
    parted = _parted(lines, at)
    place = parted or next(_places(line), None) or _of_several(lines, at)
    if place is None or (_TYPING_SLOWLY.search(line) and _after_success(lines, at)):
        return None
    text, last = line[place.start :], index
    if _LINKED.search(text):
        return None
    ends = _JSON_ENDS.search(text) if _IN_JSON.search(place.before) else None
    if ends:
        return Quoted("bare", index, index, text[: ends.start()].strip(), line=index)
    if person_goes_on(place):
        return Quoted("bare", index, index, line[place.start : place.end], line=index)
    theirs = spoken(text)
    if len(theirs) < len(text.rstrip()):
        return Quoted("bare", index, index, theirs[:_LONGEST].strip(), line=index)
    quote = line[place.start - 1 : place.start]
    marked, tick, _ = text.partition("`")
    if quote == tick == "`" and _WORDS.search(marked):
        return Quoted("bare", index, index, marked[:_LONGEST].strip(), line=index)
    closed = _shut(text) if quote not in ('"', "'") else bool(_CLOSES[quote].search(text))
    opened = quote in ('"', "'") and not closed
    for following, rest in lines[at + 1 : at + 40]:
        ends = opened and quote in rest and quote not in text  # the quotation mark before the reply is closed there
        wrapped = parted is not None and (last == index or (_goes_lower(rest) and text[-1:] not in ".!?"))
        if closed or following != last + 1 or not (ends or wrapped or goes_on(text, rest)):
            break
        text, last = f"{text}\n{rest}", following
    if quote in ('"', "'") and text.rfind(quote) > 0:
        text = text[: text.rfind(quote)]
    return Quoted("bare", index, last, text[:_LONGEST].strip(), line=index)


def _of_several(lines: Lines, at: int) -> Place | None:
    """The number that begins `lines[at]` where the next line has it too: a reply of several lines, whatever its words."""
    index, line = lines[at]
    first = _CONTINUED.search(line)
    if first is None or at + 1 == len(lines) or lines[at + 1][0] != index + 1:
        return None
    number = str(first.group(1))
    following = lines[at + 1][1].lstrip(" \t>")
    goes = following.startswith((f"{number}-", f"{number} "))
    return Place(line, first.start(1), first.end(1), "basic") if goes else None


def _shut(text: str) -> bool:
    """Whether a quotation that began before the reply, on a line above maybe, ends with it."""
    last = text.rstrip()[-1:]
    return last in ("”", "»") or (last == '"' and text.count('"') % 2 == 1)


def _goes_lower(line: str) -> bool:
    return line[:1].islower() and not of_a_person(line)


def _parted(lines: Lines, at: int) -> Place | None:
    """Where a reply begins whose numbers end `lines[at]`, with its words on the line below; None where those are a person's."""
    index, line = lines[at]
    number = _NUMBER_ENDS.search(line.rstrip())
    if number is None or number.group().startswith(_PORTS) or at + 1 == len(lines):
        return None
    below, words = lines[at + 1]
    if below != index + 1 or not reads_on(words) or any(reads_as_reply(each) for each in _coded(words)):
        return None
    announced = number.group(0).endswith(":") and "." in number.group(0)
    form: Literal["pair", "basic"] = "pair" if announced else "basic"
    place = Place(f"{line.rstrip()} {words.strip()}", number.start(), number.end(), form)
    return place if reads_as_reply(place) and not over(place.before, place.after) else None


def _after_success(lines: Lines, at: int) -> bool:
    """A server tires of somebody who types by hand: what counts in such a transcript came before."""
    return at > 0 and lines[at - 1][1].lstrip()[:3] == "250"


def _places(line: str) -> Iterator[Place]:
    """Where in `line` a failing reply begins, leftmost first."""
    candidates = [*_coded(line), *tokens(line)][:_MOST_TRIED]
    candidates += [Place(line, _begins(found), found.end(), "phrase") for found in _PHRASE.finditer(line[:_LONGEST])]
    for place in sorted(candidates, key=lambda each: each.start):
        if reads_as_reply(place) and not over(place.before, place.after):
            led = _LED.search(place.before)
            yield place if led is None else replace(place, start=place.start - len(led.group(0)))


def _begins(phrase: Any) -> int:
    """Where the words of a phrase begin, behind the mark that some are only known by."""
    return int(phrase.end()) - len(phrase.group(0).lstrip(" :>\"'`("))


def _coded(line: str) -> Iterator[Place]:
    """The failing codes in `line`: enhanced ones first, then three digits that belong to none of them."""
    paired: set[int] = set()
    for code in islice(find_codes(line), _MOST_TRIED):
        if code.enhanced[0] != "2" and (code.basic == 0 or code.basic >= 400):
            yield Place(line, code.start, code.end, "pair" if code.basic else "enhanced")
        paired.add(code.start)
    for found in islice(_BASIC.finditer(line), _MOST_TRIED):
        if found.start() not in paired and found.group() not in _PORTS:
            yield Place(line, found.start(), found.end(), "basic")


def _facts(quoted: Quoted, reading: Reading) -> list[Fact]:
    line = max(quoted.line, quoted.first)
    source = Source(line + 1, reading.paste.raw[line].strip(), reading.paste.index)
    reply, *stated = read_reply(quoted.text, source, kind="bare", by=quoted.host, ip=quoted.ip)
    assert isinstance(reply, Reply)
    if not reply.code and not reply.enhanced and not stated:
        token = names_token(quoted.text)
        # RFC 3463: X.0.0 is the code of an error of which only the class is known.
        reply = replace(reply, enhanced=f"{'5' if token else phrase_class(quoted.text)}.0.0")
    return [reply, *stated]
