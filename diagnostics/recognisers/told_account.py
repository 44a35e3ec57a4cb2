"""Whose account a logon is that Microsoft refused for being one by password: a private one of Outlook.com, or an organization's.

The refusal has the same words for both. The server's name or an address beside it tells them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES

_REFUSAL: Final = "basic authentication is disabled"
_PRIVATE = linear(r"(?i)\bsmtp-mail\.outlook\.com\b|@(?:outlook|hotmail|live|msn)\.[a-z]{2,3}(?:\.[a-z]{2})?\b")
_ADDRESS = linear(r"(?i)\b[\w.+-]{1,64}@[a-z0-9][a-z0-9-]{0,62}\.[a-z]{2,}")


@recogniser(r"(?i)\bbasic authentication is disabled\b", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """The first line that names a private account or its server; else the first address."""
    lines = list(enumerate(reading.paste.lines[:MOST_LINES]))
    if not any(_REFUSAL in line.lower() for _, line in lines):
        return []
    for name, pattern in (("Private", _PRIVATE), ("Organization", _ADDRESS)):
        index = next((index for index, line in lines if pattern.search(line)), None)
        if index is not None:
            fact = Configured(source=source_at(reading, index), kind="told-account", name=name)
            return [artefact(reading, "told-account", [index], [fact], {"account": name})]
    return []
