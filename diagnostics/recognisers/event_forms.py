"""The forms in which Windows events are pasted, each read into what they have in common."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import re2

from diagnostics.recognisers.event_details import Found
from diagnostics.recognisers.event_labels import LABELS, event_of
from diagnostics.recognisers.format_list import Block, Lines, blocks, tables

_LABEL = re2.compile(r"^\s*([^\s:][^:\n]{0,40}?)\s*:\s*(.*)$")
_INLINE = re2.compile(
    r"(?:^|\s)(Log Name|Event Source|Event ID|Event Type|Event Category|Source|Task Category|Level"
    r"|Keywords|User|Computer|Date"
    r"|Time|Description|Message)\s*:\s"
)
_NUMBER = re2.compile(r"^\s*(\d{1,5})\b")
_PROVIDER = re2.compile(r"^[\w][\w .()-]{1,79}$")
# A description has paragraphs; these are the words that go on with one.
_GOES_ON = re2.compile(
    r"(?i)^\s*(?:The (?:following|SSPI|TLS|error|message|certificate|source)\b|Der SSPI|Le processus"
    r"|El proceso|Il processo|Resource|Exception|Stack|Details?\b"
    r"|Diagnostic|Additional|Cause:|Explanation|User Action|Watson|Inbound|Mail (?:sub|resub)"
    r"|at [A-Z]\w+\.|Error(?: code)?:|UsedDisk|PrivateBytes)"
)
_REPLY = re2.compile(r"^\s*[#<>*]?\s*[2-5]\d\d[ -]")
_EXCHANGE: Final = r"Schannel|MSExchange(?:[A-Za-z]+| [A-Z][A-Za-z]+(?: [A-Z][A-Za-z]+){0,3})?|FIPFS"
_PROVIDER_FIRST = re2.compile(
    rf"\b({_EXCHANGE})(?i:[ ,:;(/-]{{1,4}}(?:(?:errors?|events?|warnings?)?[ -]?(?:ID)?[ :=#(]{{0,3}}))(\d{{3,5}})\b"
)
_NUMBER_FIRST = re2.compile(
    rf"(?i:\bevents?(?:[ -]?ID)?[ :=#]{{0,3}})(\d{{3,5}})(?i:[ ,:;()-]{{1,4}}(?:source:? ?|from )?)({_EXCHANGE})\b"
)
_STATED = re2.compile(
    r"(?i)internal error state is \d|error code returned|SChannel error state is|alert (?:code"
    r"|was)\D{0,40}\d|:\s*\d{2,3}\."
)
_OBSERVED = re2.compile(
    r"(?i)event ?(?:log|viewer)|system log|application log|logged|\b(?:we|i|it) (?:also )?(?:see|saw"
    r"|get|got|find|found|have|log)|\bshows?\b|\b\d\d?:\d\d\b"
)
_ADVICE = re2.compile(
    r"(?i)\b(?:means?|meaning|indicates?|what (?:is|does|are)|usually|typically|refers? to|explains?"
    r"|in general|is logged when|look for|search for"
    r"|check for|can (?:occur|happen|be caused))\b|\?\s*$"
)
_XML_DATA = re2.compile(r"""<Data(?: Name=['"]([^'"]{1,80})['"])?>([^<]+)</Data>""")
_XML_LEVELS: Final = {"1": "Critical", "2": "Error", "3": "Warning", "4": "Information", "5": "Verbose"}
_LONGEST_XML: Final = 120  # lines


@dataclass(slots=True)
class _Draft:
    """An event whose lines are still coming. `told` is what each kind of label said, and where."""

    told: dict[str, tuple[int, str]] = field(default_factory=dict)
    text: list[tuple[int, str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    gap: bool = False

    def found(self) -> Found | None:
        """The event, if there is enough to know which it is."""
        number = _NUMBER.search(self.told.get("id", self.told.get("short id", (0, "")))[1])
        provider = self.told.get("provider", (0, ""))[1].strip()
        provider = provider if _PROVIDER.search(provider) else ""
        event = int(number.group(1)) if number else 0
        words = " ".join(part for _, part in self.text)
        event = event or event_of(words)
        known = bool(provider or 36864 <= event < 36900 or ("id" in self.told and words) or event_of(words))
        if not event or not known or ("id" not in self.told and len(self.told) < 2):
            return None
        where = self.text[0][0] if self.text else self.told.get("id", self.told.get("short id", (self.lines[0], "")))[0]
        return Found(
            line=where,
            lines=self.lines,
            provider=provider,
            event=event,
            level=self.told.get("level", (0, ""))[1],
            when=self.told.get("time", (0, ""))[1],
            text=self.text,
        )


def labelled_events(lines: Lines) -> Iterator[Found]:
    """Event Viewer's General text (labels in ten languages) and the objects of Get-WinEvent and Get-EventLog."""
    listed = list(_listed(lines))
    taken = {index for found in listed for index in found.lines}
    yield from listed
    draft = _Draft()
    for index, line in lines:
        if index in taken:
            continue
        for label, value in _labels(line):
            if _begins_anew(draft, label, line):
                if found := draft.found():
                    yield found
                draft = _Draft()
            _take(draft, index, label, line.strip() if label == "other" and draft.text else value)
    if found := draft.found():
        yield found


def _labels(line: str) -> list[tuple[str, str]]:
    """(kind of label, value) for each label of the line; ("", line) where it has none."""
    names = list(_INLINE.finditer(line)) if line.count(":") > 1 else []
    if len(names) > 1 and not line[: names[0].start()].strip():
        ends = [name.start() for name in names[1:]] + [len(line)]
        return [(LABELS[n.group(1).lower()], line[n.end() : end].strip()) for n, end in zip(names, ends, strict=True)]
    found = _LABEL.search(line)
    kind = LABELS.get(found.group(1).lower(), "") if found else ""
    return [(kind, (found.group(2) or "").strip())] if found and kind else [("", line)]


def _begins_anew(draft: _Draft, label: str, line: str) -> bool:
    if label == "":
        if not line.strip():
            return False
        if not draft.told or not _worth(draft):
            return bool(draft.told)
        return draft.gap and bool(draft.text) and not _GOES_ON.search(line)
    if label == "other":
        return False
    return label in draft.told or (bool(draft.text) and draft.gap)


def _worth(draft: _Draft) -> bool:
    return "id" in draft.told or "short id" in draft.told or "provider" in draft.told


def _take(draft: _Draft, index: int, label: str, value: str) -> None:
    if not label and not value.strip():
        draft.gap = True
        return
    if not label or (label == "other" and draft.text):
        if not draft.told or (draft.gap and not draft.text and _REPLY.search(value)):
            return
        draft.text.append((index, value.strip()))
    elif label != "other" or draft.told:
        draft.told.setdefault(label, (index, value))
        if label == "text" and value:
            draft.text.append((index, value))
    else:
        return
    draft.gap = False
    if index not in draft.lines[-1:]:
        draft.lines.append(index)


def _listed(lines: Lines) -> Iterator[Found]:
    """Objects of Get-WinEvent or Get-EventLog: their message may be cut anywhere by the console."""
    place = {index: position for position, (index, _) in enumerate(lines)}
    for block in blocks(lines):
        if (
            not block.has("message")
            or not block.has("id", "eventid")
            or not block.has("timecreated", "providername", "source", "index")
        ):
            continue
        draft = _draft_of(block)
        for index, line in _paragraphs_after(lines, place[block.lines[-1]] + 1):
            draft.text.append((index, line.strip()))
            draft.lines.append(index)
        if found := draft.found():
            yield found


def _draft_of(block: Block) -> _Draft:
    draft = _Draft(lines=list(block.lines))
    for name, each in block.properties.items():
        kind = LABELS.get(name, "other")
        if kind != "other":
            draft.told.setdefault("id" if kind == "short id" else kind, (each.lines[0], each.value))
    draft.text = [(block.line("message"), block.value("message"))]
    return draft


def _paragraphs_after(lines: Lines, start: int) -> Iterator[tuple[int, str]]:
    """The rest of a message that has a blank line in it: it stays under its column, or goes on in known words."""
    for index, line in lines[start : start + 40]:
        if line.strip():
            if not (line.startswith(" " * 12) or _GOES_ON.search(line)):
                return
            yield index, line


def table_events(lines: Lines) -> Iterator[Found]:
    """Rows of Get-WinEvent's own table; its provider stands in a line above."""
    provider = next(
        (line.split(":", 1)[1].strip() for _, line in lines if line.lstrip().startswith("ProviderName:")), ""
    )
    for row in tables(lines, "id", "message"):
        number = row.cells["id"]
        told = row.cells["message"]
        if number.isascii() and number.isdecimal() and len(number) < 6 and (provider or event_of(told)):
            yield Found(
                line=row.line,
                lines=list(row.lines),
                provider=row.cells.get("providername", "") or provider,
                event=int(number),
                level=row.cells.get("leveldisplayname", ""),
                text=[(row.line, told)],
            )


def csv_events(lines: Lines) -> Iterator[Found]:
    """One line of an exported log: a provider's name, and a number beside it."""
    for index, line in lines:
        if line.count(",") < 4 or not any(name in line for name in ("Schannel", "MSExchange", "FIPFS")):
            continue
        try:
            values = [value.strip() for value in next(csv.reader([line]), [])]
        except csv.Error:  # longer than any event
            continue
        for place, value in enumerate(values):
            beside = [values[i] for i in (place - 1, place + 1) if 0 <= i < len(values)]
            number = next((n for n in beside if n.isascii() and n.isdecimal() and 3 <= len(n) <= 5), "")
            if number and re2.fullmatch(_EXCHANGE, value):
                level = next((v for v in values if v in ("Error", "Warning", "Information", "Critical")), "")
                words = max(values, key=len)
                yield Found(index, [index], value, int(number), level, values[0], [(index, words)])
                break


def xml_events(lines: Lines) -> Iterator[Found]:
    """The XML of the Details tab, on one line or many."""
    region: list[tuple[int, str]] = []
    for index, line in lines:
        opens = "<Event " in line or "<Event>" in line or "<System>" in line or "<Provider " in line
        if not region and not opens:
            continue
        if region and (
            len(region) > _LONGEST_XML or ("<Event " in line and any("<EventID" in text for _, text in region))
        ):
            yield from _xml_event(region)
            region = []
        region.append((index, line))
        if "</Event>" in line:
            yield from _xml_event(region)
            region = []
    yield from _xml_event(region)


_XML_ID = re2.compile(r"<EventID(?: [^<>]{0,80})?>(\d{1,5})</EventID>")
_XML_PROVIDER = re2.compile(r"""<Provider Name=['"]([^'"]{1,80})['"]""")
_XML_LEVEL = re2.compile(r"<Level>(\d)</Level>")
_XML_TIME = re2.compile(r"""SystemTime=['"]([^'"]{1,40})['"]""")
_XML_MESSAGE = re2.compile(r"(?s)<Message>([^<]+)</Message>")


def _xml_event(region: list[tuple[int, str]]) -> Iterator[Found]:
    number_line = next((index for index, line in region if "<EventID" in line), -1)
    whole = "\n".join(line for _, line in region)
    number, provider = _XML_ID.search(whole), _XML_PROVIDER.search(whole)
    if number is None or provider is None:
        return
    last = max(place for place, (_, line) in enumerate(region) if "<" in line)
    level, when, message = _XML_LEVEL.search(whole), _XML_TIME.search(whole), _XML_MESSAGE.search(whole)
    data = " ".join(f"{name}: {value}" if name else value for name, value in _XML_DATA.findall(whole))
    yield Found(
        line=number_line,
        lines=[index for index, _ in region[: last + 1]],
        provider=provider.group(1),
        event=int(number.group(1)),
        level=_XML_LEVELS.get(level.group(1), "") if level else "",
        when=when.group(1) if when else "",
        text=[(number_line, f"{message.group(1) if message else ''} {data}")],
    )


def quoted_events(lines: Lines) -> Iterator[Found]:
    """Events in a person's words: provider and number with what it said, or a Schannel sentence by itself."""
    position = 0
    while position < len(lines):
        index, line = lines[position]
        named = _PROVIDER_FIRST.search(line)
        turned = None if named else _NUMBER_FIRST.search(line)
        if not (named or turned or event_of(line)):
            position += 1
            continue
        used = _quoted_extent(lines, position)
        part = lines[position : position + used]
        position += used
        words = " ".join(text for _, text in part)
        provider, number = (
            (named.group(1), named.group(2)) if named else (turned.group(2), turned.group(1)) if turned else ("", "")
        )
        if _reported(words, line, bool(number)):
            text = [(i, t.strip()) for i, t in part]
            yield Found(index, [i for i, _ in part], provider.strip(), int(number or 0), text=text)


def _quoted_extent(lines: Lines, start: int) -> int:
    """How many lines the event that is quoted from `start` on takes: its paragraph, and those that go on with it."""
    count, gap = 1, False
    for index, line in lines[start + 1 : start + 60]:
        if not line.strip():
            gap = True
        elif _begins(line) or (_ended(lines[start + count - 1], index, gap) and not _GOES_ON.search(line)):
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
    return bool(_PROVIDER_FIRST.search(line) or _NUMBER_FIRST.search(line) or _REPLY.search(line))


def _reported(words: str, line: str, named: bool) -> bool:
    """Whether the words report an event that happened, rather than explain what such an event means."""
    if event_of(words) and _STATED.search(words):
        return True
    if _ADVICE.search(words):
        return False
    title = named and len(line.strip()) < 60
    return bool(title or event_of(words) or _OBSERVED.search(words) or (named and len(words) > 80))
