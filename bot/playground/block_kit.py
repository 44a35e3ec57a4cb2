"""Refuses what Slack refuses: blocks and views that lack a member, have a wrong type or exceed a limit.

Messages are worded like Slack's, with a JSON pointer, as in
`must be less than 3001 characters [json-pointer:/blocks/0/text/text]`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from bot.playground import limits
from bot.playground.elements import INTERACTIVE, check_element
from bot.playground.shape import Faults, Json

IMAGE_HOSTS = ("https://", "http://")


def check_blocks(blocks: Any, pointer: str = "/blocks", surface: str = "message") -> list[str]:
    """Every fault found in a list of blocks; `surface` is "message", "modal" or "home"."""
    faults = Faults()
    if not isinstance(blocks, list):
        faults.add("must be an array", pointer)
        return faults.found
    most = limits.MESSAGE_BLOCKS if surface == "message" else limits.VIEW_BLOCKS
    if len(blocks) > most:
        faults.add(f"no more than {most} items allowed", pointer)
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        _check_block(faults, block, f"{pointer}/{index}", surface)
        block_id = block.get("block_id", "") if isinstance(block, dict) else ""
        if block_id and block_id in seen:
            faults.add(f"`block_id` {block_id} already exists", f"{pointer}/{index}/block_id")
        seen.add(block_id)
    if sum(1 for block in blocks if isinstance(block, dict) and block.get("type") == "table") > limits.TABLES:
        faults.add("only one table allowed", pointer)
    return faults.found


def text_length(blocks: Any) -> int:
    """The characters of text that a list of blocks holds, which Slack caps over the whole message."""
    if isinstance(blocks, list):
        return sum(text_length(item) for item in blocks)
    if isinstance(blocks, dict):
        own = blocks.get("text")
        rest = (value for key, value in blocks.items() if not (key == "text" and isinstance(own, str)))
        return (len(own) if isinstance(own, str) else 0) + sum(text_length(value) for value in rest)
    return 0


def check_view(view: Any) -> list[str]:
    """Every fault found in a modal or Home view."""
    faults = Faults()
    if not isinstance(view, dict):
        faults.add("must be an object", "/view")
        return faults.found
    kind = view.get("type")
    if kind not in ("modal", "home"):
        faults.add("`type` must be one of: modal, home", "/view/type")
        return faults.found
    if kind == "modal":
        faults.text(view.get("title"), "/view/title", limits.VIEW_TITLE, kinds=("plain_text",))
        for button in ("submit", "close"):
            if button in view:
                faults.text(view[button], f"/view/{button}", limits.VIEW_BUTTON, kinds=("plain_text",))
        has_input = any(isinstance(b, dict) and b.get("type") == "input" for b in view.get("blocks") or [])
        if has_input and "submit" not in view:
            faults.add("missing required field: submit (the view has input blocks)", "/view")
    faults.string(view.get("private_metadata", ""), "/view/private_metadata", limits.PRIVATE_METADATA, empty=True)
    faults.string(view.get("callback_id", ""), "/view/callback_id", limits.CALLBACK_ID, empty=True)
    return faults.found + check_blocks(view.get("blocks"), "/view/blocks", str(kind))


def fill_ids(blocks: list[Json], new_id: Callable[[], str]) -> list[Json]:
    """Give every block a `block_id` and every interactive element an `action_id`, as Slack does."""
    for block in blocks:
        block.setdefault("block_id", new_id())
        for element in interactive(block):
            element.setdefault("action_id", new_id())
    return blocks


def interactive(block: Json) -> Iterator[Json]:
    """The elements of a block that a person can use."""
    inside = [*block.get("elements", []), block.get("accessory"), block.get("element")]
    yield from (item for item in inside if isinstance(item, dict) and item.get("type") in INTERACTIVE)


def _check_block(faults: Faults, block: Any, at: str, surface: str) -> None:
    if not isinstance(block, dict):
        faults.add("must be an object", at)
        return
    check = _BLOCKS.get(str(block.get("type")))
    if check is None or (surface != "message" and block["type"] in ("markdown", "table")):
        faults.add(f"unsupported type: {block.get('type')}", f"{at}/type")
        return
    faults.string(block.get("block_id", ""), f"{at}/block_id", limits.BLOCK_ID, empty=True)
    check(faults, block, at)


def _section(faults: Faults, block: Json, at: str) -> None:
    if "text" not in block and "fields" not in block:
        faults.add("must have `text` or `fields`", at)
    if "text" in block:
        faults.text(block["text"], f"{at}/text", limits.SECTION_TEXT)
    if "fields" in block:
        for index, field in enumerate(faults.items(block["fields"], f"{at}/fields", limits.SECTION_FIELDS)):
            faults.text(field, f"{at}/fields/{index}", limits.FIELD_TEXT)
    if "accessory" in block:
        check_element(faults, block["accessory"], f"{at}/accessory", "accessory")


def _header(faults: Faults, block: Json, at: str) -> None:
    faults.text(block.get("text"), f"{at}/text", limits.HEADER_TEXT, kinds=("plain_text",))


def _context(faults: Faults, block: Json, at: str) -> None:
    for index, item in enumerate(faults.items(block.get("elements"), f"{at}/elements", limits.CONTEXT_ELEMENTS)):
        here = f"{at}/elements/{index}"
        if isinstance(item, dict) and item.get("type") == "image":
            check_element(faults, item, here, "context")
        else:
            faults.text(item, here, limits.CONTEXT_TEXT)


def _actions(faults: Faults, block: Json, at: str) -> None:
    for index, item in enumerate(faults.items(block.get("elements"), f"{at}/elements", limits.ACTIONS_ELEMENTS)):
        check_element(faults, item, f"{at}/elements/{index}", "actions")


def _divider(_faults: Faults, _block: Json, _at: str) -> None:
    """A divider has no members of its own."""


def _rich_text(faults: Faults, block: Json, at: str) -> None:
    kinds = ("rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote")
    for index, item in enumerate(faults.items(block.get("elements"), f"{at}/elements", None)):
        here = f"{at}/elements/{index}"
        if not isinstance(item, dict) or item.get("type") not in kinds:
            faults.add(f"`type` must be one of: {', '.join(kinds)}", f"{here}/type")
        else:
            faults.items(item.get("elements"), f"{here}/elements", None)


def _input(faults: Faults, block: Json, at: str) -> None:
    faults.text(block.get("label"), f"{at}/label", limits.INPUT_LABEL, kinds=("plain_text",))
    if "hint" in block:
        faults.text(block["hint"], f"{at}/hint", limits.INPUT_HINT, kinds=("plain_text",))
    check_element(faults, block.get("element"), f"{at}/element", "input")


def _image(faults: Faults, block: Json, at: str) -> None:
    faults.string(block.get("alt_text"), f"{at}/alt_text", limits.IMAGE_ALT)
    if "title" in block:
        faults.text(block["title"], f"{at}/title", limits.IMAGE_TITLE, kinds=("plain_text",))
    if "slack_file" not in block:
        faults.string(block.get("image_url"), f"{at}/image_url", limits.URL)
        if not str(block.get("image_url", "")).startswith(IMAGE_HOSTS):
            faults.add("invalid url", f"{at}/image_url")


def _markdown(faults: Faults, block: Json, at: str) -> None:
    faults.string(block.get("text"), f"{at}/text", limits.MARKDOWN_TEXT)


def _table(faults: Faults, block: Json, at: str) -> None:
    for index, row in enumerate(faults.items(block.get("rows"), f"{at}/rows", limits.TABLE_ROWS)):
        for column, cell in enumerate(faults.items(row, f"{at}/rows/{index}", limits.TABLE_COLUMNS)):
            here = f"{at}/rows/{index}/{column}"
            kind = cell.get("type") if isinstance(cell, dict) else None
            if kind == "raw_text":
                faults.string(cell.get("text"), f"{here}/text", None)
            elif kind == "rich_text":
                _rich_text(faults, cell, here)
            else:
                faults.add("`type` must be one of: raw_text, rich_text", f"{here}/type")


_BLOCKS: dict[str, Callable[[Faults, Json, str], None]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "divider": _divider,
    "rich_text": _rich_text,
    "input": _input,
    "image": _image,
    "markdown": _markdown,
    "table": _table,
}
