"""Events in a person's words: provider and number with what it said, or a Schannel sentence by itself."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.patterns import linear
from diagnostics.recognisers.event_details import Found
from diagnostics.recognisers.event_labels import GOES_ON, PROVIDERS, REPLY, event_of
from diagnostics.recognisers.format_list import Lines

_PROVIDER_FIRST = linear(
    rf"\b({PROVIDERS})(?i:[ ,:;(/-]{{1,4}}(?:(?:errors?|events?|warnings?)?[ -]?(?:ID)?[ :=#(]{{0,3}}))(\d{{3,5}})\b"
)
_NUMBER_FIRST = linear(
    rf"(?i:\b(?:events?|errors?|warnings?|EventId|ID|Ereignis|[\x{{e9}}\x{{c9}}]v[\x{{e9}}e]nement"
    rf"|evento|gebeurtenis|zdarzenie|h\x{{e4}}ndelse|событие)(?:[ -]?ID)?[ :=#]{{0,3}}|^\s*)(\d{{3,5}})"
    rf"(?i:[ ,:;()-]{{1,4}}(?:source:? ?|from )?)({PROVIDERS})\b"
)
_NAMES = ("Schannel", "MSExchange", "FIPFS", "Service Control")
_STATED = linear(
    r"(?i)internal error state is \d|error code returned|SChannel error state is|alert (?:code"
    r"|was)\D{0,40}\d|:\s*\d{2,3}\."
)
_OBSERVED = linear(
    r"(?i)event ?(?:log|viewer)|system log|application log|logged|\b(?:we|i|it) (?:also )?(?:see|saw"
    r"|get|got|find|found|have|log)|\bshows?\b|\b\d\d?:\d\d\b"
    r"|\bsince\b|\b(?:every|each) (?:day|night|hour|minute|second|morning|few|\d)"
    r"|\b(?:once|twice|times|\d+x?) (?:a|an|per|every) "
    r"|\b(?:seit|alle \d|jede \w+|depuis|toutes les|desde|cada|da ieri|ogni|sinds|elke)\b|\bstuck\b|\bqueues?\b|\bstopp|\bcrash"
    r"|\bfails?\b|\bfailed\b|\bfailing\b"
    r"|\ball (?:mails?|messages?)\b|\bno (?:mails?|messages?)\b|\bnothing\b|\bkeeps?\b"
    r"|\bright (?:before|after)|\b0x[0-9a-f]{8}\b|\b10\d{3}\b"
)
_ADVICE = linear(
    r"(?i)\b(?:means?|meaning|indicates?|what (?:is|does|are)|usually|typically|refers? to|explains?"
    r"|in general|is logged when|look for|search for"
    r"|check for|can (?:occur|happen|be caused))\b|\?\s*$"
)
_OF_ONE = linear(r"\[(?:\d{1,3}\.){3}\d{1,3}\]")


def quoted_events(lines: Lines) -> Iterator[Found]:
    """Events in a person's words: provider and number with what it said, or a Schannel sentence by itself."""
    position = 0
    while position < len(lines):
        index, line = lines[position]
        provider, number, title = _named(line)
        if not (number or event_of(line)):
            position += 1
            continue
        used = _quoted_extent(lines, position)
        part = lines[position : position + used]
        position += used
        words = " ".join(text for _, text in part)
        if title or _reported(words, bool(number)):
            text = [(i, t.strip()) for i, t in part]
            yield Found(index, [i for i, _ in part], provider, number, text=text)


def _named(line: str) -> tuple[str, int, bool]:
    """The provider and number that the line names, and whether it says nothing else: Event Viewer's own heading."""
    if not any(name in line for name in _NAMES):
        return "", 0, False
    found = _PROVIDER_FIRST.search(line)
    turned = None if found else _NUMBER_FIRST.search(line)
    named = found or turned
    if named is None:
        return "", 0, False
    provider, number = (named.group(1), named.group(2)) if found else (named.group(2), named.group(1))
    event = int(number)
    if 1900 <= event < 2100 and "event" not in line.lower():
        return "", 0, False  # the year of a product
    return provider.strip(), event, len(line.strip()) <= named.end() - named.start() + 3


def _quoted_extent(lines: Lines, start: int) -> int:
    """How many lines the event that is quoted from `start` on takes: its paragraph, and those that go on with it."""
    count, gap = 1, False
    for index, line in lines[start + 1 : start + 60]:
        if not line.strip():
            gap = True
        elif _begins(line) or (_ended(lines[start + count - 1], index, gap) and not GOES_ON.search(line)):
            break
        else:
            gap = False
        count += 1
    while count > 1 and not lines[start + count - 1][1].strip():
        count -= 1
    return count


def _ended(last: tuple[int, str], index: int, gap: bool) -> bool:
    """Whether the sentence on the line before is over, so that the line `index` is a person's again."""
    return gap or index != last[0] + 1 or last[1].rstrip().endswith(".")


def _begins(line: str) -> bool:
    """Whether something else begins here: another event, or a reply."""
    return bool(_named(line)[1] or REPLY.search(line))


def _reported(words: str, named: bool) -> bool:
    """Whether the words report an event that happened, rather than explain what such an event means."""
    if event_of(words) and _STATED.search(words):
        return True
    if explains(words):
        return False
    return bool(event_of(words) or _OBSERVED.search(words) or (named and len(words) > 80))


def explains(words: str) -> bool:
    """Whether the words explain what such an event means, or ask for it. An address stands in no explanation."""
    return bool(_ADVICE.search(words)) and not _OF_ONE.search(words)
