"""Whose account a logon is that Microsoft refused for being one by password: a private one of Outlook.com, or an organization's.

The refusal has the same words for both. The server's name, an address, or the person tells them apart: beside the refusal, or in
what answers the question.
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
_ACCOUNT: Final = r"(?:\w+(?:\.com)? )?(?:account|mailbox|konto|compte|cuenta)\b"
_TOLD_PRIVATE: Final = (
    r"\bsmtp-mail\.outlook\.com\b|@(?:outlook|hotmail|live|msn)\.[a-z]{2,3}(?:\.[a-z]{2})?\b"
    rf"|\b(?:private[ns]?|personal|consumer|free|privates?|personnel) {_ACCOUNT}"
)
_TOLD_OWNED: Final = (
    rf"\b(?:business|work|company|corporate|organi[sz]ation.?s?|tenant.?s?) {_ACCOUNT}|\b(?:firmen|geschäfts)konto\b"
)
_PRIVATE, _OWNED = linear(f"(?i){_TOLD_PRIVATE}"), linear(f"(?i){_TOLD_OWNED}")
_ADDRESS = linear(r"(?i)\b[\w.+-]{1,64}@[a-z0-9][a-z0-9-]{0,62}\.[a-z]{2,}")


@recogniser(rf"(?i)(?:{_REFUSAL}|{_TOLD_PRIVATE}|{_TOLD_OWNED})", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """The first line that tells it. Beside the refusal any other address is an organization's."""
    lines = list(enumerate(reading.paste.lines[:MOST_LINES]))
    refused = any(_REFUSAL in line.lower() for _, line in lines)
    if not refused and not reading.paste.index:
        return []
    ways = [("Private", _PRIVATE), ("Organization", _OWNED), ("Organization", _ADDRESS)]
    for name, pattern in ways if refused else ways[:2]:
        index = next((index for index, line in lines if pattern.search(line)), None)
        if index is not None:
            fact = Configured(source=source_at(reading, index), kind="told-account", name=name)
            return [artefact(reading, "told-account", [index], [fact], {"account": name})]
    return []
