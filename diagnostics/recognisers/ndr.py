"""Non-delivery reports as people read them: Exchange of every version and language, and other systems' bounces.

Layout and codes carry the meaning, because the words come in forty languages: a reply stands in a known frame
(`returned '…'`, `#550 … ##`, `gave this error:`), its recipient on a line of its own above it, its servers on labelled
lines. The friendly paragraph is chosen from the code alone and says nothing; the copied headers are history.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import chain, islice, pairwise, takewhile
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, Reply, Source
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.bounce_words import COPY
from diagnostics.recognisers.delivery_status import is_field, row
from diagnostics.recognisers.exchange_sentences import in_english
from diagnostics.recognisers.ndr_addressees import addressed
from diagnostics.recognisers.ndr_frames import ADDRESS, NAMING, Quoted, frames, whole
from diagnostics.recognisers.ndr_layout import (
    GENERATING,
    OPENING,
    OTHER,
    address,
    addressee,
    headers_after,
    in_headline,
    mark,
    message_id,
    of_others,
    server,
    subject,
)
from diagnostics.recognisers.ndr_way import way
from diagnostics.recognisers.received import utc
from diagnostics.recognisers.reply_text import classed, read_reply, unwrapped
from diagnostics.text import Paste, squeezed

Lines = list[tuple[int, str]]

# These frames quote a reply outside bounces too; they count where a line of a bounce is near.
_WEAK: Final = frozenset({"said", "dialogue", "labelled", "trailing", "bare"})
_BARE = linear(r"^\s*(?:-- )?#?([45]\d\d[ -]#?[45]\.\d{1,3}\.\d{1,3}\b.*)$")
# Where nothing in the bounce has both codes.
_BASIC = linear(r"^(?:-- )?([45]\d\d(?: -|-)? ?[A-Za-z<'].*)$")
_STATUS = linear(r"^\s*(?:-- )?([45]\.\d{1,3}\.\d{1,3}(?: -)? [A-Za-z<(\[].*)$")
_OF_RECIPIENT = linear(rf"^[45]\d\d (?:[45]\.\d{{1,3}}\.\d{{1,3}} )?<({ADDRESS})>")
_WRAPPER = linear(r"(?i)QUEUE\.Expired|message (?:expired|delayed)|^#?\d{3} [45]\.4\.7\b|^[45]\.4\.7\b")
_DATED = linear(r"(?i)^\s*(?:Date|Sent|Arrival-Date|Gesendet|Envoy.{1,2})\s?:\s*(\S.{5,80})$")
_COPIED: Final = ("received:", "return-path:")
# What Sendmail calls a failure by its class, above the session that shows the reason ("(reason: 550 Host unknown)").
_CLASS_OF_SENDMAIL = linear(
    r"(?i)^[45]\d\d(?:[ -][45]\.\d{1,3}\.\d{1,3})? (?:system config error|local (?:configuration )?error|service unavailable"
    r"|data format error|internal (?:software )?error|remote protocol error|operating system error|system file missing"
    r"|i/o error|insufficient permission|host unknown|user unknown|deferred)\W*$"
)
_ENCAPSULATED = linear(r"(?i)^IMCEA[A-Z]{2,10}-\S+$")
_DELAYED = linear(
    r"(?i)message delayed|delivery (?:delayed|incomplete)|delivery is delayed|\bhas been delayed|\bis delayed for more than"
    r"|\bwill (?:be retried|retry|continue trying|keep trying)|\bstill undelivered|not yet received your message"
)
_LOCAL = linear(r"\b(?:RESOLVER|TRANSPORT|ROUTING|QUEUE|STOREDRV|SMTPSEND|CAT|APPROVAL|AGENT)\.[A-Za-z]")
_FOREIGN = linear(r"^\s*(?:[A-Za-z]{3,40}\s{2,}:\s|\d{4}-\d\d-\d\dT|(?:Log Name|Event (?:Source|Type|ID))\s*:)")
_LONGEST: Final = 1_200  # characters of a bounce's friendly words
_UNDER: Final = 3  # lines between a reply and the generating server that somebody pasted below it
_FAR: Final = 40  # lines between a headline and a reply without a frame, or between recipients and their reply
_MOST: Final = 200  # bounces of a paste, and differing recipients of a bounce, that are told apart


class _Bounce(Struct):
    """One bounce: its lines, the 0-based lines that only a bounce has, and its replies."""

    lines: Lines
    marks: list[int]
    quotes: list[Quoted]
    history: Lines = field(default_factory=list)


class _Group(Struct):
    """Recipients that share replies, newest reply first."""

    recipients: list[str]
    quotes: list[Quoted] = field(default_factory=list)

    @property
    def telling(self) -> Quoted:
        """The reply that holds the cause: an expiry or delay is but the frame of the attempts under it."""
        return min(self.quotes, key=_emptiness)


def _emptiness(quoted: Quoted) -> int:
    """How little a reply tells: 0 an error with words, 1 an expiry with one inside or the first line of an error, 2 an expiry
    alone, 3 a number."""
    if " " not in quoted.text[4:].strip():
        return 3
    if quoted.frame == "reason" and (quoted.text[3:4] == "-" or _CLASS_OF_SENDMAIL.search(quoted.text)):
        return 1  # Sendmail's summary: one line of several, or the class
    if not _WRAPPER.search(quoted.text):
        return 0
    return 1 if unwrapped(quoted.text)[1] else 2


@recogniser(
    rf"(?:{OPENING}|^\s*(?:{GENERATING})\s*:|{OTHER}|'#?[45]\d\d[ -]|\s##|#SMTP#|#[45]\.\d{{1,3}}\.\d|gave this error:"
    r"|^\s*<[^<>\s]+@[^<>\s]+>(?: \(.*\))?:|SMTP error from remote|response (?:from the remote server )?was:"
    r"|^\s*host \S+ \[[0-9a-f.:]{3,45}\]"
    r"|\(reason: [45]|remote host said:|responded as follows: \[[45]|\"diagnosticCode\"|0x[0-9a-f]{8}-0x[0-9a-f]{1,8}-0x)",
    rank=30,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each bounce in the paste."""
    return read_lines(reading.free(), reading.paste)


def read_lines(lines: Lines, paste: Paste) -> list[Artefact]:
    """The bounces in folded `lines` of `paste`, given as (0-based line of the paste, text)."""
    return [_artefact(each, paste) for each in _bounces(lines)]


def _bounces(lines: Lines) -> list[_Bounce]:
    quotes = list(frames(lines))
    kinds = {index: kind for index, line in lines if (kind := mark(line))}
    openings = {index for index, kind in kinds.items() if kind == "opening"}
    quotes = sorted([*quotes, *_bare(lines, quotes, sorted(kinds))], key=lambda each: each.first)
    starts = _starts(openings, quotes)
    at, places, places_of_quotes = (
        [index for index, _ in lines],
        sorted(kinds),
        [each.first for each in quotes],
    )
    found = []
    for start, end in pairwise([*starts, 1 << 60]):
        bounce = _Bounce(
            lines[bisect_left(at, start) : bisect_left(at, end)],
            places[bisect_left(places, start) : bisect_left(places, end)],
            quotes[bisect_left(places_of_quotes, start) : bisect_left(places_of_quotes, end)],
        )
        if _is_bounce(bounce, openings):
            found.append(_with_history(bounce))
    return found


def _starts(openings: set[int], quotes: list[Quoted]) -> list[int]:
    """The first lines of the bounces: a headline after a reply begins the next one."""
    starts, pending = [0], False
    quoted = {index for each in quotes for index in range(each.first, each.last + 1)}
    events = sorted([(index, True) for index in openings - quoted] + [(each.first, False) for each in quotes])
    for index, opening in events:
        if opening and pending and len(starts) < _MOST:
            starts.append(index)
        pending = not opening
    return [start for start in starts if start == 0 or not _below(start, starts, quotes)]


def _below(start: int, starts: list[int], quotes: list[Quoted]) -> bool:
    """Whether a headline stands right under a reply and has none of its own: it belongs to what is above it."""
    end = next((each for each in starts if each > start), 1 << 60)
    above = any(start - _UNDER <= each.last < start for each in quotes)
    return above and not any(start <= each.first < end for each in quotes)


def _bare(lines: Lines, quotes: list[Quoted], marked: list[int]) -> list[Quoted]:
    """Replies that stand without any frame below a line of a bounce."""
    if not marked:
        return []
    taken = {i for each in quotes for i in range(each.first, each.last + 1)}
    near = [
        (index, line)
        for index, line in lines
        if index not in taken and (above := bisect_right(marked, index) - 1) >= 0 and index - marked[above] <= _FAR
    ]
    found = _standing(near, _BARE)
    return found if found or quotes else _standing(near, _BASIC) or _standing(near, _STATUS)


def _standing(lines: Lines, pattern: Any) -> list[Quoted]:
    """The replies in `lines` that begin as `pattern` has it, each with the lines it was wrapped over."""
    found: list[Quoted] = []
    for at, (index, line) in enumerate(lines):
        reply = pattern.search(line) if not found or index > found[-1].last else None
        if reply:
            text, last = whole("bare", reply.group(1).strip(), lines, at)
            found.append(Quoted("bare", index, last, squeezed(text)))
    return found


def _is_bounce(bounce: _Bounce, openings: set[int]) -> bool:
    if any(each.frame not in _WEAK for each in bounce.quotes):
        return True
    if bounce.quotes:
        return bool(bounce.marks)
    # A bounce whose technical part was not pasted: only its headline and a recipient tell it, or the copied message.
    if openings.isdisjoint(bounce.marks):
        return False
    return _copies(bounce) or any(address(line) or in_headline(line) for _, line in bounce.lines)


def _copies(bounce: _Bounce) -> bool:
    """Whether a copy of the message stands below the headline, under a line that announces it."""
    last = max(bounce.marks)
    announced = any(
        COPY.search(line) and not line[:12].lower().startswith(_COPIED) for i, line in bounce.lines if i > last
    )
    return announced and next(headers_after(bounce.lines, last), None) is not None


def _with_history(bounce: _Bounce) -> _Bounce:
    last = max([*bounce.marks, *(each.last for each in bounce.quotes)])
    end = bounce.quotes[-1].last if bounce.quotes else last
    bounce.history = list(headers_after(bounce.lines, end))
    return bounce


def _artefact(bounce: _Bounce, paste: Paste) -> Artefact:
    groups = _groups(bounce)
    claims = _claims(bounce)
    return Artefact(
        kind="ndr",
        first=min(claims) + 1,
        last=max(claims) + 1,
        facts=tuple(_facts(bounce, groups, paste)),
        shown=_shown(bounce, groups),
        paste=paste.index,
        claims=frozenset(claims),
    )


def _claims(bounce: _Bounce) -> set[int]:
    """The lines from the first that only a bounce has to the last reply, but nothing that stands between as its own."""
    history = {index for index, _ in bounce.history}
    own = set(bounce.marks) - history
    own.update(i for each in bounce.quotes for i in range(each.first, each.last + 1))
    first = min(own, default=0)
    # Where replies are, what stands below the last of them is a person's, but for the lines that only a bounce has.
    last = max((each.last for each in bounce.quotes), default=max(own, default=0))
    top = bounce.quotes[0].first if bounce.quotes else first
    first = min([first, *(i for i, line in bounce.lines if top - 6 <= i < top and address(line))])
    return (
        history
        | own
        | {i for i, line in bounce.lines if first <= i <= last and (i in own or not _FOREIGN.search(line))}
    )


def _groups(bounce: _Bounce) -> list[_Group]:
    """The replies by the recipients on the lines above them; attempts without a recipient between belong together."""
    groups: list[_Group] = []
    known = {index: found for index, line in bounce.lines if (found := address(line)) and not addressee(line)}
    known |= _encapsulated(bounce.lines, known)
    anywhere = _anywhere(bounce, known)
    below = -1
    for quoted in bounce.quotes:
        above = (
            [] if quoted.frame == "entry" or quoted.frame in NAMING else _run(bounce.lines, known, below, quoted.first)
        )
        # "##rfc822;…" names the address as first written; the line above names the one that failed.
        named = quoted.recipient or ("" if anywhere else _in_reply(quoted))
        above = above or ([named] if named else [])
        hidden = quoted.frame == "entry" and not quoted.recipient
        if not groups or hidden or (above and above != groups[-1].recipients):
            if len(groups) == _MOST:
                break
            groups.append(_Group([] if hidden else above or anywhere))
        groups[-1].quotes.append(quoted)
        below = quoted.last
    if not groups and bounce.marks:
        own = list(takewhile(lambda each: not _ends(each[1]), _from(bounce.lines, bounce.marks[0])))
        words = " ".join(filter(None, (line.strip() for _, line in own)))
        quoted = Quoted("headline", bounce.marks[0], bounce.marks[0], in_english(words[:_LONGEST]))
        listed = list(dict.fromkeys(known[index] for index, _ in own if index in known))[:_MOST]
        groups.append(_Group(listed if len(listed) > 1 and listed[:1] == anywhere else anywhere, [quoted]))
    return groups


def _ends(line: str) -> bool:
    """Whether a bounce's own words end here: its copy of the message begins, or its fields for machines do."""
    return bool(COPY.search(line)) or (":" in line and is_field(line))


def _from(lines: Lines, first: int) -> Lines:
    return lines[bisect_left(lines, first, key=lambda each: each[0]) :]


def _in_reply(quoted: Quoted) -> str:
    """Whom a reply names first ("550 <bob@fabrikam.com>... User unknown"): old sendmail has no list of recipients above it."""
    found = _OF_RECIPIENT.search(quoted.text)
    return str(found.group(1)) if found else ""


def _encapsulated(lines: Lines, known: dict[int, str]) -> dict[int, str]:
    """The recipients among `known` that are the last line of a wrapped IMCEA address, by their line, put together."""
    whole: dict[int, str] = {}
    parts: list[str] = []
    for index, line in lines:
        text = line.strip()
        if _ENCAPSULATED.search(text):
            parts = [text]
        elif parts and text and " " not in text and len(parts) < _FAR:
            parts.append(text)
        else:
            parts = []
        if parts and "@" in text:
            if len(parts) > 1 and index in known:
                whole[index] = "".join(parts)
            parts = []
    return whole


def _run(lines: Lines, known: dict[int, str], below: int, above: int) -> list[str]:
    """The last run of recipient lines between two lines, with blank lines allowed within."""
    run: list[str] = []
    end = bisect_left(lines, above, key=lambda each: each[0])
    for index, line in reversed(lines[max(0, end - _FAR) : end]):
        if index <= below:
            break
        if index in known:
            run.insert(0, known[index])
        elif line.strip() and run:
            break
    return list(dict.fromkeys(run))


def _anywhere(bounce: _Bounce, known: dict[int, str]) -> list[str]:
    """The first recipient that the bounce names at all."""
    history = {index for index, _ in bounce.history}
    named = (in_headline(line) or known.get(index, "") for index, line in bounce.lines if index not in history)
    written = (addressee(line) for _, line in bounce.lines)
    first = next((each for each in chain(named, written) if each), "")
    return [first] if first else []


def _facts(bounce: _Bounce, groups: list[_Group], paste: Paste) -> list[Fact]:
    """A Reply for each recipient, from the attempt that holds the cause, and what its words state."""
    found: list[Fact] = []
    generating, receiving = _servers(bounce)
    at = _when(bounce)
    marks = set(bounce.marks)
    others = any(of_others(line) for index, line in bounce.lines if index in marks)
    for group in groups:
        quoted = group.telling
        line = max(quoted.line, quoted.first)
        source = Source(line + 1, paste.raw[line].strip(), paste.index)
        by, ip = _by(quoted, generating, receiving)
        for recipient in group.recipients or [""]:
            reply, *stated = read_reply(
                quoted.text, source, kind="ndr", by=by, ip=ip, recipient=recipient, at=at, reporter=generating
            )
            assert isinstance(reply, Reply)
            outer = group.quotes[0]
            if outer is not quoted and _WRAPPER.search(outer.text):
                reply = replace(reply, wrappers=(outer.text, *reply.wrappers))
            reply = replace(reply, to_sender=others and bool(reply.code or reply.enhanced))
            if not stated:
                reply = classed(reply, delayed=bool(_DELAYED.search(quoted.text)))
            found += [reply, *stated]
    claims = _claims(bounce)
    written = addressed(
        bounce.history,
        [each for each in bounce.lines if each[0] in claims],
        [each for group in groups for each in group.recipients],
        paste,
    )
    return [*found, *written, *way(bounce.history, paste)]


def _servers(bounce: _Bounce) -> tuple[str, tuple[str, str]]:
    """The generating server, and the (host, address) of the one that refused, as far as labelled lines tell."""
    generating, receiving = "", ("", "")
    history = {index for index, _ in bounce.history}
    for index, line in bounce.lines:
        named = server(line) if index not in history else None
        if not named:
            continue
        label, host, ip = named
        refusing = label.strip().lower() in ("remote server", "message rejected by", "receiving server") or generating
        if refusing and not receiving[0]:
            receiving = (host, ip)
        elif not refusing:
            generating = host
    return generating, receiving


def _by(quoted: Quoted, generating: str, receiving: tuple[str, str]) -> tuple[str, str]:
    """Who gave the reply. "Remote Server returned" is printed even where the generating server itself decided."""
    if quoted.host or quoted.ip:
        return quoted.host, quoted.ip
    if receiving[0] and not _WRAPPER.search(quoted.text):
        return receiving
    return (generating, "") if _LOCAL.search(quoted.text) else ("", "")


def _when(bounce: _Bounce) -> str:
    """When the report, or the message in it, was written: ISO 8601 in UTC, "" where no line gives a time with its zone."""
    dates = (_DATED.search(line) for _, line in bounce.lines)
    told = (utc(found.group(1)) for found in islice((each for each in dates if each), _MOST))
    return next((each for each in told if each), "")


def _shown(bounce: _Bounce, groups: list[_Group]) -> dict[str, Any]:
    generating, receiving = _servers(bounce)
    rows = []
    for group in groups:
        quoted = group.telling
        by, _ = _by(quoted, generating, receiving)
        delayed = _DELAYED.search(group.quotes[0].text)
        rows += [
            row(
                address=recipient,
                action="delayed" if delayed else "failed",
                status="",
                diagnostic="" if quoted.frame == "headline" else quoted.text,
                remote_mta="" if by == generating else by,
            )
            for recipient in group.recipients or [""]
        ]
    return {
        "recipients": rows,
        "reporting_mta": generating,
        "message_id": _message_id(bounce.history),
        "subject": _subject(bounce),
    }


def _message_id(history: Lines) -> str:
    lines = [line for _, line in history]
    found = (message_id(line, after) for line, after in pairwise([*lines, ""]))
    return next((each for each in found if each), "")


def _subject(bounce: _Bounce) -> str:
    """The subject in the copied headers, else the one the bounce itself names."""
    for lines in (bounce.history, bounce.lines):
        found = next((each for _, line in lines if (each := subject(line))), "")
        if found:
            return found
    return ""
