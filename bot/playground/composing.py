"""What Slack makes of typed text: the escaped, linked `text` of the message and its `rich_text` block.

Source: https://docs.slack.dev/messaging/formatting-message-text. Slack links every mail address, web address and
bare host name it finds, inside code too, and escapes `&`, `<` and `>`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import re2

from bot.playground.people import Channel, Person, UserGroup

Json = dict[str, Any]
# Slack links a bare host name when its last label is a public suffix; these are the ones that mail logs hold.
_SUFFIXES = "com|net|org|info|biz|edu|gov|mil|int|io|eu|uk|de|fr|es|it|nl|be|ch|at|pl|se|no|dk|fi|us|ca|au|nz|in|jp|br"
_LINK = re2.compile(
    r"(?P<url>https?://[^\s<>|\"]+)"
    r"|(?P<mail>[A-Za-z0-9._%+\-]+@(?:[A-Za-z0-9\-]+\.)+[A-Za-z]{2,})"
    rf"|(?P<host>\b(?:[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?\.)+(?:{_SUFFIXES})\b(?::\d+)?)"
)
_CODE = re2.compile(r"(?s)```\n?(?P<block>.+?)\n?```|`(?P<span>[^`\n]+)`")
_BROADCASTS = ("channel", "here", "everyone")


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class Composer:
    """Turns what a member typed into what Slack stores. Names resolve against the workspace's own."""

    def __init__(self, people: list[Person], channels: list[Channel], groups: tuple[UserGroup, ...]) -> None:
        names: dict[str, Json] = {f"@{name}": {"type": "broadcast", "range": name} for name in _BROADCASTS}
        for group in groups:
            names[f"@{group.handle}"] = {
                "type": "usergroup",
                "usergroup_id": group.id,
                "handle": group.handle,
            }
        for person in people:
            for name in (person.name, person.real_name):
                names[f"@{name.lower()}"] = {"type": "user", "user_id": person.id}
        for channel in channels:
            if channel.name:
                names[f"#{channel.name}"] = {
                    "type": "channel",
                    "channel_id": channel.id,
                    "name": channel.name,
                }
        self._names = names
        ordered = "|".join(re2.escape(name) for name in sorted(names, key=len, reverse=True))
        self._mention = re2.compile(rf"(?i)(?:^|[^\w@#])(?P<name>{ordered})(?:$|[^\w\-@])")

    def compose(self, typed: str) -> tuple[str, list[Json]]:
        """The message's `text` and its `blocks` (one `rich_text` block, none for empty text)."""
        typed = typed.replace("\r\n", "\n").strip("\n")
        if not typed.strip():
            return "", []
        text: list[str] = []
        groups: list[Json] = []
        line: list[Json] = []
        for part, kind in _split_code(typed):
            elements = list(self._elements(part, mentions=kind == "text"))
            written = "".join(_as_text(element) for element in elements)
            if kind == "block":
                text.append(f"```{written}```")
                _close(groups, line)
                groups.append({"type": "rich_text_preformatted", "elements": elements, "border": 0})
            elif kind == "span":
                text.append(f"`{written}`")
                line += [{**element, "style": {"code": True}} for element in elements]
            else:
                text.append(written)
                line += elements
        _close(groups, line)
        return "".join(text), [{"type": "rich_text", "elements": groups}]

    def _elements(self, text: str, *, mentions: bool) -> Iterator[Json]:
        for plain, mention in self._split_mentions(text) if mentions else ((text, None),):
            yield from _links(plain)
            if mention is not None:
                yield mention

    def _split_mentions(self, text: str) -> Iterator[tuple[str, Json | None]]:
        start = 0
        while match := self._mention.search(text, start):
            yield text[start : match.start(1)], dict(self._names[match.group("name").lower()])
            start = match.end(1)
        yield text[start:], None


def _close(groups: list[Json], line: list[Json]) -> None:
    if line:
        groups.append({"type": "rich_text_section", "elements": list(line)})
        line.clear()


def _split_code(text: str) -> Iterator[tuple[str, str]]:
    start = 0
    for match in _CODE.finditer(text):
        if match.start() > start:
            yield text[start : match.start()], "text"
        kind = "block" if match.group("block") is not None else "span"
        yield match.group(kind), kind
        start = match.end()
    if start < len(text):
        yield text[start:], "text"


def _links(text: str) -> Iterator[Json]:
    start = 0
    for match in _LINK.finditer(text):
        found = match.group(0).rstrip(".,;:!?)]}'")
        if match.start() > start:
            yield {"type": "text", "text": text[start : match.start()]}
        if match.group("url"):
            yield {"type": "link", "url": found}
        else:
            scheme = "mailto:" if match.group("mail") else "http://"
            yield {"type": "link", "url": scheme + found, "text": found}
        start = match.start() + len(found)
    if start < len(text):
        yield {"type": "text", "text": text[start:]}


_AS_TEXT: dict[str, Callable[[Json], str]] = {
    "text": lambda element: escape(element["text"]),
    "user": lambda element: f"<@{element['user_id']}>",
    "channel": lambda element: f"<#{element['channel_id']}|{element['name']}>",
    "usergroup": lambda element: f"<!subteam^{element['usergroup_id']}|@{element['handle']}>",
    "broadcast": lambda element: f"<!{element['range']}>",
}


def _as_text(element: Json) -> str:
    if element["type"] == "link":
        url, label = escape(element["url"]), element.get("text")
        return f"<{url}|{escape(label)}>" if label else f"<{url}>"
    return _AS_TEXT[element["type"]](element)
