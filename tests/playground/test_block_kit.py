"""Slack's limits, one by one: what just fits is taken, one more is refused with the place."""

from __future__ import annotations

import pytest

from bot.playground.block_kit import check_blocks, check_view, text_length
from bot.playground.errors import SlackError
from bot.playground.messages import message_fields


def plain(text):
    return {"type": "plain_text", "text": text}


def mrkdwn(text):
    return {"type": "mrkdwn", "text": text}


def button(**more):
    return {"type": "button", "text": plain("Go"), **more}


def actions(*elements):
    return {"type": "actions", "elements": list(elements)}


def select(count, **more):
    options = [{"text": plain("x"), "value": str(number)} for number in range(count)]
    return {"type": "static_select", "options": options, **more}


def section(text="x", **more):
    return {"type": "section", "text": mrkdwn(text), **more}


AT_THE_LIMIT = {
    "section text": (lambda n: section("x" * n), 3000),
    "field text": (lambda n: {"type": "section", "fields": [mrkdwn("x" * n)]}, 2000),
    "fields": (lambda n: {"type": "section", "fields": [mrkdwn("x")] * n}, 10),
    "header": (lambda n: {"type": "header", "text": plain("x" * n)}, 150),
    "context": (lambda n: {"type": "context", "elements": [mrkdwn("x")] * n}, 10),
    "actions": (lambda n: actions(*[button()] * n), 25),
    "button text": (lambda n: actions({"type": "button", "text": plain("x" * n)}), 75),
    "button value": (lambda n: actions(button(value="x" * n)), 2000),
    "action_id": (lambda n: actions(button(action_id="x" * n)), 255),
    "options": (lambda n: actions(select(n)), 100),
    "overflow": (lambda n: section(accessory={**select(n), "type": "overflow"}), 5),
    "option value": (
        lambda n: actions({**select(0), "options": [{"text": plain("x"), "value": "x" * n}]}), 150,
    ),
    "markdown": (lambda n: {"type": "markdown", "text": "x" * n}, 12000),
    "alt text": (lambda n: {"type": "image", "image_url": "https://a.b", "alt_text": "x" * n}, 2000),
    "table rows": (lambda n: {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]] * n}, 100),
    "block_id": (lambda n: section(block_id="x" * n), 255),
}  # fmt: skip


@pytest.mark.parametrize("name", AT_THE_LIMIT)
def test_what_fits_is_taken_and_one_more_is_not(name):
    make, most = AT_THE_LIMIT[name]
    assert check_blocks([make(most)]) == []
    assert len(check_blocks([make(most + 1)])) == 1


@pytest.mark.parametrize(
    "block",
    [
        {"type": "video"},
        {"type": "section"},
        {"type": "section", "text": {"type": "html", "text": "x"}},
        {"type": "section", "text": "x"},
        {"type": "section", "text": {"type": "mrkdwn"}},
        {"type": "section", "text": mrkdwn("")},
        {"type": "section", "text": {**mrkdwn("x"), "colour": "red"}},
        {"type": "header", "text": mrkdwn("x")},
        {"type": "context", "elements": []},
        {"type": "context", "elements": [button()]},
        actions(),
        actions(button(style="loud")),
        actions({"type": "plain_text_input"}),
        actions(button(confirm={"title": plain("x")})),
        {"type": "image", "image_url": "https://a.b"},
        {"type": "image", "image_url": "javascript:x", "alt_text": "x"},
        {"type": "input", "label": plain("x")},
        {"type": "input", "label": plain("x"), "element": button()},
        {"type": "rich_text", "elements": [{"type": "text", "text": "x"}]},
        {"type": "table", "rows": [["x"]]},
        "section",
    ],
)
def test_malformed_blocks(block):
    assert check_blocks([block])


def test_a_message_takes_fifty_blocks_and_a_view_a_hundred():
    assert check_blocks([section()] * 50) == []
    assert check_blocks([section()] * 51) == ["no more than 50 items allowed [json-pointer:/blocks]"]
    assert check_blocks([section()] * 100, surface="modal") == []
    assert check_blocks([section()] * 101, surface="modal")
    assert check_blocks({"type": "divider"})


def test_block_ids_are_unique():
    assert check_blocks([section(block_id="a"), section(block_id="a")])


def test_the_text_of_all_blocks_together():
    assert text_length([section("x" * 10), {"type": "section", "fields": [mrkdwn("xx"), mrkdwn("y")]}]) == 13
    message_fields({"blocks": [section("x" * 2600)] * 5, "text": "x"})
    with pytest.raises(SlackError, match="msg_blocks_too_long"):
        message_fields({"blocks": [section("x" * 2601)] * 5, "text": "x"})


def test_the_text_of_an_update_is_counted_in_bytes():
    message_fields({"text": "é" * 2000}, text_bytes=4000)
    with pytest.raises(SlackError, match="msg_too_long"):
        message_fields({"text": "é" * 2001}, text_bytes=4000)


def modal(**more):
    return {"type": "modal", "title": plain("Title"), "blocks": [section()], **more}


@pytest.mark.parametrize(
    ("view", "where"),
    [
        (modal(title=plain("x" * 25)), "/view/title/text"),
        (modal(private_metadata="x" * 3001), "/view/private_metadata"),
        (
            modal(blocks=[{"type": "input", "label": plain("x"), "element": {"type": "plain_text_input"}}]),
            "/view",
        ),
        (modal(blocks=[{"type": "markdown", "text": "x"}]), "/view/blocks/0/type"),
        ({"type": "modal", "blocks": []}, "/view/title"),
        ({"type": "page"}, "/view/type"),
        ([], "/view"),
    ],
)
def test_malformed_views(view, where):
    assert any(fault.endswith(f"[json-pointer:{where}]") for fault in check_view(view))


def test_a_good_view():
    assert check_view(modal()) == []
    assert check_view({"type": "home", "blocks": [actions(button())]}) == []
