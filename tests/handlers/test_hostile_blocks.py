"""A paste can't become a part of our message that Slack acts on: a link, a mention, a button, a block."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from diagnostics import diagnose, explain
from handlers.blocks import CHECK_HOST, SHOW_STEPS, answer, details, explained, plain
from handlers.blocks.form import opening
from handlers.commands import unknown
from handlers.intake import submission, unslack
from tests.bot.pastes import failing

BLOCK = json.dumps(
    [{"type": "actions", "elements": [{"type": "button", "action_id": "evil", "url": "https://evil.example"}]}]
)
TYPES = {
    "header", "context", "actions", "rich_text", "rich_text_section", "rich_text_list", "rich_text_quote",
    "rich_text_preformatted", "plain_text", "text", "link", "button",
}  # fmt: skip
HOSTILE = (
    "<https://evil.example|https://login.microsoftonline.com>",
    "<!channel> <!here> <!everyone> <!subteam^S1> <@U0SAMOKAFO> <#C0EXCHANGE>",
    "&lt;!channel&gt; &amp;lt;!channel&amp;gt;",
    "[click](https://evil.example) *bold* _x_ ~x~ `code` ```fence```",
    'x","type":"actions"}],"blocks":[{"type":"actions"',
    BLOCK,
    "https://evil.example/ mailto:a@evil.example slack://open tel:110",
    "\u202ehttps://moc.elpmaxe.live\u202c \u200b@channel @here @everyone",
)
PASTES = tuple(
    make(text)
    for text in HOSTILE
    for make in (
        lambda text: failing(connector=text.replace(",", ";").replace('"', "'")),
        lambda text: f"550 5.7.64 TenantAttribution; Relay Access Denied {text}",
        lambda text: f"Remote Server at {text} (1.2.3.4) returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; {text}'",
        lambda text: f"Identity : MX1\\{text}\nDeliveryType : {text}\nStatus : Retry\nLastError : 421 4.4.1 {text}",
    )
)


def parts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from parts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from parts(inner)


def held(blocks: Any, text: str) -> None:
    for part in parts(list(blocks)):
        assert part.get("type", "text") in TYPES
        if part.get("type") == "link":
            assert "evil" not in (urlsplit(part["url"]).hostname or "")
            assert "text" not in part  # where a link leads is what is shown
        if part.get("type") == "button":
            assert part["action_id"] in (SHOW_STEPS, CHECK_HOST)
            assert "url" not in part
    unquoted = "\n".join(row.removeprefix("> ") for row in text.split("\n"))
    assert not {"<", ">"} & set(unquoted)


@pytest.mark.parametrize("paste", PASTES)
def test_a_diagnosis_holds_only_parts_of_ours(paste: str) -> None:
    report = diagnose(paste)
    assert report.findings or report.artefacts
    for said in (answer(report), details(report)):
        held(said.blocks, said.text)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_repeats_a_persons_words_holds_only_parts_of_ours(text: str) -> None:
    for said in (explained(explain(text)), unknown(text), plain(text), opening(text, [text])):
        held(said.blocks, said.text)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_was_escaped_once_is_taken_back_once(text: str) -> None:
    """Slack escapes what people type; unescaped twice, a person's own `&lt;!channel&gt;` would become a mention."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("```", "")
    assert unslack(escaped) == text.replace("```", "")
    assert submission(escaped).text == text.replace("```", "")
