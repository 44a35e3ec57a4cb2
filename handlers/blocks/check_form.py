"""The form that asks which host or domain to check, and what was entered in it."""

from __future__ import annotations

from typing import Any, Final

CHECK_FORM: Final = "check_form"
"""`callback_id` of the form."""

TARGET: Final = "target"
"""`block_id` of its only field, where what is wrong with it is said."""

_LONGEST: Final = 300  # characters; a name in the DNS has 253


def check_form() -> dict[str, Any]:
    """The modal."""
    typed = {
        "type": "plain_text_input",
        "action_id": TARGET,
        "max_length": _LONGEST,
        "placeholder": _plain("mail.contoso.com"),
    }
    hint = "A name or an address, with a port where it isn't 25. Only you get the answer, as a direct message."
    return {
        "type": "modal",
        "callback_id": CHECK_FORM,
        "title": _plain("Check a host"),
        "submit": _plain("Check"),
        "close": _plain("Cancel"),
        "blocks": [
            {
                "type": "input",
                "block_id": TARGET,
                "label": _plain("Host or domain"),
                "element": typed,
                "hint": _plain(hint),
            }
        ],
    }


def entered(view: dict[str, Any]) -> str:
    """What was typed."""
    field = view["state"]["values"][TARGET][TARGET]
    return str(field.get("value") or "").strip()


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}
