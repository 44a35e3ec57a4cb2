"""Outline → one Slack message: blocks within Slack's limits, the plain text beside them, and a file for the rest.

Everything is a header, rich text, context or a button. Their texts are taken as they are, never as mrkdwn, so what
people pasted comes back as it was typed and a command is copied as it will run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, Literal

from diagnostics.patterns import linear
from handlers.blocks import limits
from handlers.blocks.mrkdwn import fallback
from handlers.blocks.outline import Line, Part, Role, as_text, line, part

Block = dict[str, Any]

_DISPENSABLE: Final = 7  # what was ruled out, and links: not worth a file of their own
_MOST_RUNS: Final = 41
ATTACHED: Final = "The rest did not fit: the attached file has all of it."
TOO_LONG: Final = "(too long for a message: it is in the attached file)"
_LONGEST: Final[dict[Role, int]] = {
    "title": limits.HEADER,
    "command": limits.COMMAND,
    **dict.fromkeys(("heading", "text", "bullet", "aside"), limits.PARAGRAPH),
}
_CODE = linear(r"`([^`]+)`")
_URL = linear(r"https?://[!-;=?-{}~]+")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file beside a message. `part` tells it from the message's others; `alt` says what a picture shows."""

    part: Literal["chart", "data"]
    name: str
    content: bytes
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What to send: `text` for notifications and old clients, `blocks`, a text file (name, content) with what did not fit or
    None, and other files."""

    text: str
    blocks: tuple[Block, ...] = ()
    file: tuple[str, str] | None = None
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Button:
    """`value` comes back when it is pressed: at most 2,000 characters."""

    label: str
    action_id: str
    value: str = ""
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to the readers, and the buttons that answer it."""

    question: str
    answers: tuple[Button, ...]


def message(
    parts: Sequence[Part],
    *,
    buttons: Sequence[Button] = (),
    asked: Asked | None = None,
    complete: Callable[[], Sequence[Part]] | None = None,
) -> Message:
    """Show as many of `parts` as fit, by their rank, in their order.

    When one doesn't fit, or a command is too long to be shown whole, `complete()` (default: `parts`) becomes the file.
    """
    actions = [_actions(buttons)] if buttons else []
    if asked and asked.answers:
        actions += [*_blocks(part([line("aside", asked.question)], small=True)), _actions(asked.answers)]
    kept, spilled = _fitting(parts, actions)
    if not spilled:
        return Message(fallback(kept), (*_blocks(kept), *actions))
    kept = [*kept, *part([line("aside", ATTACHED)], small=True)]
    content = as_text(complete() if complete else parts)
    return Message(fallback(kept), (*_blocks(kept), *actions), ("mailflow-answer.txt", content))


def _fitting(parts: Sequence[Part], actions: Sequence[Block]) -> tuple[list[Part], bool]:
    notice = _blocks(part([line("aside", ATTACHED)], small=True))
    room = limits.MESSAGE - limits.size([*notice, *actions])
    places = limits.BLOCKS - len(notice) - len(actions)
    chosen: set[int] = set()
    closed: set[str] = set()
    spilled = False
    for index, group in sorted(enumerate(parts), key=lambda item: item[1].rank):
        spilled = spilled or _shortened(group)
        blocks = _blocks([group])
        if group.chain in closed or limits.size(blocks) > room or len(blocks) > places:
            spilled = spilled or group.rank < _DISPENSABLE
            closed |= {group.chain} - {""}
            continue
        chosen.add(index)
        room -= limits.size(blocks)
        places -= len(blocks)
    return [group for index, group in enumerate(parts) if index in chosen], spilled


def _blocks(parts: Sequence[Part]) -> list[Block]:
    return [block for group in parts for block in (_small(group) if group.small else _normal(group))]


def _small(group: Part) -> list[Block]:
    return [{"type": "context", "elements": [_plain(_small_text(group), limits.CONTEXT)]}]


def _small_text(group: Part) -> str:
    return "\n".join(f"{item.lead} {item.text}".strip() for item in group.lines)


def _normal(group: Part) -> list[Block]:
    blocks: list[Block] = []
    for is_header, run in groupby(group.lines, key=lambda item: item.role == "title"):
        if is_header:
            blocks += [{"type": "header", "text": _plain(item.text, limits.HEADER)} for item in run]
        else:
            blocks.append({"type": "rich_text", "elements": _elements(list(run))})
    return blocks


def _elements(lines: Sequence[Line]) -> list[Block]:
    elements: list[Block] = []
    for role, run in groupby(lines, key=lambda item: item.role):
        items = [_runs(item) for item in run]
        if role == "bullet":
            sections = [{"type": "rich_text_section", "elements": item} for item in items]
            elements.append({"type": "rich_text_list", "style": "bullet", "elements": sections})
        elif role == "quote":
            elements.append({"type": "rich_text_quote", "elements": _joined(items)})
        elif role == "command":
            elements += [{"type": "rich_text_preformatted", "elements": item} for item in items]
        else:
            elements.append({"type": "rich_text_section", "elements": _joined(items)})
    return elements


def _joined(items: Sequence[list[Block]]) -> list[Block]:
    joined = list(items[0])
    for item in items[1:]:
        joined += [_text("\n"), *item]
    return joined


def _runs(item: Line) -> list[Block]:
    """The styled runs of one line."""
    if item.role == "command":
        return [_text(TOO_LONG if _too_long(item) else item.text)]
    lead = [_text(limits.clip(item.lead, 60) + " ", bold=True)] if item.lead else []
    if item.role == "link":
        return [*lead, _link(item.text)]
    if item.role == "jump":
        return [*lead, _link(item.text, "open it")]
    if item.role == "quote":
        return [*lead, _text(limits.clip(item.text, limits.QUOTE))]
    text = limits.clip(item.text, limits.PARAGRAPH)
    if item.role == "heading":
        return [_text(text, bold=True)]
    return [*lead, *([_text(text, italic=True)] if item.role == "aside" else _prose(text))]


def _prose(text: str) -> list[Block]:
    """Our sentences mark names and commands with backticks; Slack shows those as code."""
    pieces = _CODE.split(text)
    if len(pieces) > _MOST_RUNS:  # every run has its own frame, and the frames count against the limit
        return [_text(text)]
    return [_text(piece, code=True) if index % 2 else _text(piece) for index, piece in enumerate(pieces) if piece]


def _link(url: str, text: str = "") -> Block:
    """`text` is shown in place of the address."""
    if _URL.fullmatch(url) and limits.units(url) <= limits.URL:
        return {"type": "link", "url": url} | ({"text": text} if text else {})
    return _text(limits.clip(url, limits.QUOTE))


def _text(text: str, **style: bool) -> Block:
    return {"type": "text", "text": text, "style": style} if style else {"type": "text", "text": text}


def _plain(text: str, limit: int) -> Block:
    # Without `emoji`, ":100:" in an address stays what it is.
    return {"type": "plain_text", "text": limits.clip(text, limit), "emoji": False}


def _actions(buttons: Sequence[Button]) -> Block:
    return {"type": "actions", "elements": [_button(each) for each in buttons]}


def _button(button: Button) -> Block:
    pressed = {"value": button.value} if button.value else {}
    pressed |= {"style": "primary"} if button.primary else {}
    label = _plain(button.label, limits.BUTTON)
    return {"type": "button", "text": label, "action_id": button.action_id, **pressed}


def _shortened(group: Part) -> bool:
    """Whether something of the part is missing on the screen that its reader needs. A log line may be cut."""
    if group.small:
        return limits.units(_small_text(group)) > limits.CONTEXT
    return any(map(_too_long, group.lines))


def _too_long(item: Line) -> bool:
    return item.role in _LONGEST and limits.units(item.text) > _LONGEST[item.role]


def plain(text: str) -> Message:
    """A sentence or two, with nothing in it taken as formatting; the end of a long text goes into the file."""
    paragraphs = [line("text", paragraph) for paragraph in text.split("\n")]
    return message([group for item in paragraphs for group in part([item], chain="text")])
