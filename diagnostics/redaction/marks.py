"""Marks in the place of what is private."""

from __future__ import annotations

from typing import Final

from diagnostics.redaction.addresses import with_addresses, with_ids, with_x500
from diagnostics.redaction.credentials import without_credentials, without_logins

ADDRESS: Final = "[address]"
MESSAGE_ID: Final = "[message id]"


def redacted(text: str) -> str:
    """The text with marks such as `[address]` in the place of what is private. Done twice, it changes nothing more."""
    text = without_credentials(text)
    text = with_ids(text, lambda _id: MESSAGE_ID)
    text = with_addresses(text, lambda _local, _domain: ADDRESS)
    text = with_x500(text, lambda _name: ADDRESS)
    return without_logins(text)  # a quoted address, which ends it, may have stood in a URL
