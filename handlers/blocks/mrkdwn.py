"""Outline → Slack's mrkdwn, for the plain text beside the blocks: notifications, screen readers, and old clients.

Blocks themselves are rich text, which Slack doesn't parse: pasted text can neither ping nor format anything there.
"""

from __future__ import annotations

from collections.abc import Iterable

from handlers.blocks import limits
from handlers.blocks.outline import Line, Part


def escape(text: str) -> str:
    """`& < >` as entities: what is left can't be a link, a mention or a broadcast."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(text: str) -> str:
    """A code span; escaped text in quotation marks when a backtick would end the span early."""
    shown = escape(" ".join(text.split("\n")))
    return f"“{shown}”" if "`" in shown else f"`{shown}`"


def fence(text: str) -> str:
    """A code block; plain escaped text when a fence inside would end it early. The text is never altered."""
    shown = escape(text)
    return shown if "```" in shown else f"```\n{shown}\n```"


def fallback(parts: Iterable[Part]) -> str:
    """The outline as mrkdwn within `limits.TEXT`, without the end that doesn't fit. A command is whole or absent."""
    shown: list[str] = []
    left = limits.TEXT
    for item in (item for group in parts for item in group.lines):
        said = _said(item)
        size = len(said.encode()) + 1
        if size > left:
            if not shown:
                shown.append(limits.clip_beside(said))
            break
        shown.append(said)
        left -= size
    return "\n".join(shown)


def _said(item: Line) -> str:
    if item.role == "command":
        return fence(item.text)
    if item.role == "quote":
        return f"{escape(item.lead)} {code(limits.clip(item.text, limits.QUOTE))}".strip()
    text = limits.clip(item.text, limits.PARAGRAPH)
    # Three backticks in a sentence would turn every later code block inside out.
    said = escape(f"{item.lead} {text}" if item.lead else text).replace("```", '"')
    return {"bullet": f"• {said}", "heading": f"*{said}*", "title": f"*{said}*"}.get(item.role, said)
