"""Slack's limits, written down here again from its reference, so that a slip in the bot's own table is seen."""

from __future__ import annotations

import json
from typing import Any

from handlers.blocks import Message

MAX_BLOCKS = 50
MAX_MESSAGE = 10_000  # "msg_blocks_too_long" has been seen from 11,300 on
MAX_TEXT = 4_000  # bytes; chat.update refuses more
MAX_HEADER = 150
MAX_PLAIN = 3_000
MAX_CONTEXT_ELEMENTS = 10
MAX_ACTIONS = 25
MAX_BUTTON = 75
MAX_ACTION_ID = 255
MAX_URL = 3_000
MAX_METADATA, MAX_TITLE, MAX_OPTION, MAX_OPTIONS, MAX_VALUE, MAX_LABEL = 3_000, 24, 75, 100, 75, 2_000


def length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def check(message: Message) -> None:
    assert 1 <= len(message.blocks) <= MAX_BLOCKS
    assert len(json.dumps(message.blocks)) <= MAX_MESSAGE
    assert message.text.strip()
    assert len(message.text.encode()) <= MAX_TEXT
    check_mrkdwn(message.text)
    message.text.encode()  # no half of a surrogate pair
    for block in message.blocks:
        json.dumps(block, ensure_ascii=False).encode()
        CHECKS[block["type"]](block)


def check_mrkdwn(text: str) -> None:
    assert "<" not in text
    assert ">" not in text
    assert all(rest.startswith(("amp;", "lt;", "gt;")) for rest in text.split("&")[1:])


def check_plain(text: dict[str, Any], most: int) -> None:
    assert text["type"] == "plain_text"
    assert 1 <= length(text["text"]) <= most
    assert text["text"].strip()


def check_header(block: dict[str, Any]) -> None:
    check_plain(block["text"], MAX_HEADER)


def check_context(block: dict[str, Any]) -> None:
    assert 1 <= len(block["elements"]) <= MAX_CONTEXT_ELEMENTS
    for element in block["elements"]:
        check_plain(element, MAX_PLAIN)


def check_actions(block: dict[str, Any]) -> None:
    assert 1 <= len(block["elements"]) <= MAX_ACTIONS
    for button in block["elements"]:
        assert button["type"] == "button"
        assert 1 <= len(button["action_id"]) <= MAX_ACTION_ID
        check_plain(button["text"], MAX_BUTTON)


def check_rich_text(block: dict[str, Any]) -> None:
    assert block["elements"]
    for element in block["elements"]:
        assert element["elements"]
        if element["type"] == "rich_text_list":
            assert element["style"] == "bullet"
            assert all(
                section["type"] == "rich_text_section" and section["elements"] for section in element["elements"]
            )
            runs = [run for section in element["elements"] for run in section["elements"]]
        else:
            assert element["type"] in ("rich_text_section", "rich_text_quote", "rich_text_preformatted")
            runs = element["elements"]
        for run in runs:
            check_run(run)


def check_run(run: dict[str, Any]) -> None:
    if run["type"] == "link":
        assert run["url"].startswith(("https://", "http://"))
        assert len(run["url"]) <= MAX_URL
    else:
        assert run["type"] == "text"  # never a user, a channel or a broadcast
        assert run["text"]
        assert run.get("style", {"bold": True}).keys() <= {"bold", "italic", "code", "strike"}


CHECKS = {
    "header": check_header,
    "context": check_context,
    "actions": check_actions,
    "rich_text": check_rich_text,
}
