"""Events in labelled lines: Event Viewer's General text, Get-WinEvent and Get-EventLog as lists."""

from __future__ import annotations

from collections.abc import Iterator

import re2
from msgspec import Struct, field

from diagnostics.patterns import linear
from diagnostics.recognisers.event_details import Found
from diagnostics.recognisers.event_labels import GOES_ON, LABELS, REPLY, event_of
from diagnostics.recognisers.format_list import Block, Lines, blocks

# Several labels on one line, as people copy the table of the viewer or type it off.
_INLINE = linear(
    r"(?i)(?:^|[\s,;|])("
    + "|".join(re2.escape(name) for name in sorted(LABELS, key=len, reverse=True))
    + r")\s{0,4}[:：]\s?"
)
_LONGEST_LABEL = 60
_NUMBER = linear(r"^\s*(\d{1,5})\b")
_PROVIDER = linear(r"^[\w][\w .()-]{1,79}$")


class _Draft(Struct):
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
    head, colon, value = line.replace("：", ":").partition(":")
    if not colon:
        return [("", line)]
    names = list(_INLINE.finditer(line)) if ":" in value else []
    if len(names) > 1 and not line[: names[0].start()].strip():
        ends = [name.start() for name in names[1:]] + [len(line)]
        return [
            (LABELS[n.group(1).lower()], line[n.end() : end].strip(" ,;|\t"))
            for n, end in zip(names, ends, strict=True)
        ]
    kind = LABELS.get(head.strip().lower(), "") if len(head) < _LONGEST_LABEL else ""
    return [(kind, value.strip())] if kind else [("", line)]


def _begins_anew(draft: _Draft, label: str, line: str) -> bool:
    if label == "":
        if not line.strip():
            return False
        if not draft.told or not _worth(draft):
            return bool(draft.told)
        return draft.gap and bool(draft.text) and not GOES_ON.search(line)
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
        if not draft.told or (draft.gap and not draft.text and REPLY.search(value)):
            return
        draft.text.append((index, value))
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
            if not (line.startswith(" " * 12) or GOES_ON.search(line)):
                return
            yield index, line
