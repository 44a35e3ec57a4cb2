"""Refuses block elements (buttons, menus, inputs) that Slack refuses: https://docs.slack.dev/reference/block-kit/block-elements"""

from __future__ import annotations

from typing import Any

from bot.playground import limits
from bot.playground.shape import Faults, Json

_MENUS = ("static_select", "multi_static_select")
_PICKERS = ("users_select", "conversations_select", "channels_select", "datepicker", "timepicker")
_CHOICES = ("checkboxes", "radio_buttons")
_TYPED = ("plain_text_input", "email_text_input", "url_text_input", "number_input")
INTERACTIVE = frozenset({"button", "overflow", "file_input", *_MENUS, *_PICKERS, *_CHOICES, *_TYPED})
_PLACES: dict[str, frozenset[str]] = {
    "accessory": frozenset({"button", "overflow", "image", *_MENUS, *_PICKERS, *_CHOICES}),
    "actions": frozenset({"button", "overflow", "static_select", *_PICKERS, *_CHOICES}),
    "input": frozenset({"file_input", *_MENUS, *_PICKERS, *_CHOICES, *_TYPED}),
    "context": frozenset({"image"}),
}


def check_element(faults: Faults, element: Any, at: str, place: str) -> None:
    """`place` says where the element stands: "accessory", "actions", "input" or "context"."""
    if not isinstance(element, dict):
        faults.add("missing required field" if element is None else "must be an object", at)
        return
    kind = str(element.get("type"))
    if kind not in _PLACES[place]:
        faults.add(f"unsupported type: {kind}", f"{at}/type")
        return
    if kind == "image":
        faults.string(element.get("alt_text"), f"{at}/alt_text", limits.IMAGE_ALT)
        faults.string(element.get("image_url"), f"{at}/image_url", limits.URL)
        return
    faults.string(element.get("action_id", ""), f"{at}/action_id", limits.ACTION_ID, empty=True)
    if "confirm" in element:
        _confirm(faults, element["confirm"], f"{at}/confirm")
    if "placeholder" in element:
        faults.text(element["placeholder"], f"{at}/placeholder", limits.PLACEHOLDER, kinds=("plain_text",))
    if kind == "button":
        _button(faults, element, at)
    elif kind == "overflow" or kind in _MENUS or kind in _CHOICES:
        _menu(faults, element, at, kind)
    elif kind in _TYPED:
        _typed(faults, element, at, kind)


def _button(faults: Faults, element: Json, at: str) -> None:
    faults.text(element.get("text"), f"{at}/text", limits.BUTTON_TEXT, kinds=("plain_text",))
    faults.string(element.get("value", ""), f"{at}/value", limits.BUTTON_VALUE, empty=True)
    if "url" in element:
        faults.string(element["url"], f"{at}/url", limits.URL)
    if element.get("style", "primary") not in ("primary", "danger"):
        faults.add("`style` must be one of: primary, danger", f"{at}/style")


def _menu(faults: Faults, element: Json, at: str, kind: str) -> None:
    most = limits.OVERFLOW_OPTIONS if kind == "overflow" else limits.OPTIONS
    if kind in _CHOICES:
        most = limits.CHOICES
    if "option_groups" in element:
        for index, group in enumerate(faults.items(element["option_groups"], f"{at}/option_groups", limits.OPTIONS)):
            here = f"{at}/option_groups/{index}"
            faults.text(group.get("label"), f"{here}/label", limits.OPTION_TEXT, kinds=("plain_text",))
            _options(faults, group.get("options"), f"{here}/options", most, kind)
    else:
        _options(faults, element.get("options"), f"{at}/options", most, kind)


def _options(faults: Faults, options: Any, at: str, most: int, kind: str) -> None:
    kinds = ("plain_text", "mrkdwn") if kind in _CHOICES else ("plain_text",)
    for index, option in enumerate(faults.items(options, at, most)):
        here = f"{at}/{index}"
        if not isinstance(option, dict):
            faults.add("must be an object", here)
            continue
        faults.text(option.get("text"), f"{here}/text", limits.OPTION_TEXT, kinds=kinds)
        faults.string(option.get("value"), f"{here}/value", limits.OPTION_VALUE)


def _typed(faults: Faults, element: Json, at: str, kind: str) -> None:
    longest = element.get("max_length", limits.PLAIN_INPUT)
    if not isinstance(longest, int) or not 1 <= longest <= limits.PLAIN_INPUT:
        faults.add(f"must be between 1 and {limits.PLAIN_INPUT}", f"{at}/max_length")
    if kind == "number_input" and not isinstance(element.get("is_decimal_allowed"), bool):
        faults.add("missing required field", f"{at}/is_decimal_allowed")
    faults.string(element.get("initial_value", ""), f"{at}/initial_value", limits.PLAIN_INPUT, empty=True)


def _confirm(faults: Faults, confirm: Any, at: str) -> None:
    if not isinstance(confirm, dict):
        faults.add("must be an object", at)
        return
    faults.text(confirm.get("title"), f"{at}/title", limits.CONFIRM_TITLE, kinds=("plain_text",))
    faults.text(confirm.get("text"), f"{at}/text", limits.CONFIRM_TEXT)
    for button in ("confirm", "deny"):
        if button in confirm:
            faults.text(confirm[button], f"{at}/{button}", limits.CONFIRM_BUTTON, kinds=("plain_text",))
