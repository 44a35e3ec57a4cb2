"""What a message says, wherever it says it. Monitoring puts its words into blocks and attachments, and a summary into `text`.

Shapes: https://docs.slack.dev/reference/block-kit/blocks and https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from handlers.blocks.mrkdwn import escape
from handlers.intake import unslack

Json = dict[str, Any]

_MOST: Final = 50_000  # characters; more than Slack lets a message hold
_DEEPEST: Final = 6


def all_text(message: Json) -> str:
    """The text, then what blocks and attachments add to it, as Slack escapes texts. Nothing is said twice.

    What people write is in their text: their blocks only repeat it.
    """
    text = _string(message, "text").strip()
    blocks = message.get("blocks") if message.get("bot_id") or not text else None
    said, known = [text], _bare(text)
    for piece in (*_of_blocks(blocks), *_of_attachments(message.get("attachments"))):
        bare = _bare(piece)
        if len(known) < _MOST and bare not in known:
            said.append(piece.strip())
            known += bare
    return "\n".join(filter(None, said))[:_MOST]


def _bare(text: str) -> str:
    """Letters and digits alone: the same words may be marked up in another way."""
    return "".join(char for char in unslack(text) if char.isalnum())


def _of_attachments(attachments: Any) -> Iterator[str]:
    for each in _objects(attachments):
        told = [_string(each, key) for key in ("pretext", "title", "text")]
        told += [f"{_string(field, 'title')}: {_string(field, 'value')}" for field in _objects(each.get("fields"))]
        told += [*_of_blocks(each.get("blocks")), *_of_blocks(_inner_blocks(each))]
        said = [piece for piece in told if piece.strip(": ")]
        yield from said or [_string(each, "fallback")]


def _inner_blocks(attachment: Json) -> list[Any]:
    """A forwarded message brings its blocks along in a wrapping of their own."""
    return [
        block
        for each in _objects(attachment.get("message_blocks"))
        for inner in _objects([each.get("message")])
        for block in _list(inner.get("blocks"))
    ]


def _of_blocks(blocks: Any, depth: int = 0) -> Iterator[str]:
    """A line, or several, for each block, and each row of a table."""
    for block in _objects(blocks):
        kind = str(block.get("type"))
        if kind == "table":
            for row in _list(block.get("rows")):
                yield "\t".join("".join(_of_blocks([cell], depth + 1)) for cell in _objects(row))
        elif kind.startswith("rich_text_") and kind != "rich_text_list":
            yield "".join(_runs(block.get("elements")))
        elif kind == "raw_text":
            yield escape(_string(block, "text"))
        elif isinstance(block.get("text"), str):
            yield block["text"]
        elif depth < _DEEPEST:
            inside = [block.get("text"), *_list(block.get("fields")), *_list(block.get("elements"))]
            yield from _of_blocks(inside, depth + 1)


def _runs(elements: Any) -> Iterator[str]:
    """The runs of rich text. They are not escaped, as texts are."""
    for run in _objects(elements):
        if run.get("type") == "link":
            yield escape(str(run.get("text") or run.get("url") or ""))
        elif isinstance(run.get("text"), str):
            yield escape(run["text"])


def _string(value: Json, key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _objects(value: Any) -> list[Json]:
    return [each for each in _list(value) if isinstance(each, dict)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
