"""The user name of a logon: its form tells whether a directory can know it. The name itself is nobody's business."""

from __future__ import annotations

from base64 import b64decode
from typing import Final

from diagnostics.mail_facts import UserForm

ASKED: Final = "VXNlcm5hbWU6"
"""`Username:`, as servers ask for it after AUTH LOGIN."""
BARE: Final = "[name]"
"""What stands in a redacted text for a name without a domain."""
_LONGEST: Final = 400  # characters, encoded
_FILLED_IN: Final = frozenset({"username", "user", "name", "login", "account", "redacted", "removed", "hidden"})
_FEWEST: Final = 3  # different letters: fewer are a mask


def form_of(answer: str) -> UserForm:
    """The form of the user name that answered the question; "" for what is masked or not encoded."""
    if answer == BARE:
        return "name"
    try:
        name = b64decode(answer[:_LONGEST], validate=True).decode()
    except ValueError:
        return ""
    if not name.isprintable() or len(set(name)) < _FEWEST or name.lower().strip("<>[]") in _FILLED_IN:
        return ""
    return "address" if "@" in name else "account" if "\\" in name else "name"
