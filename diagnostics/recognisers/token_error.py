"""What Microsoft Entra answers an application that asks for a token to send mail with: `AADSTS50076: …`, alone or in the answer's
JSON. No mail server has seen that application yet.

The sign-in log's numbers, told beside a refusal, are read elsewhere (told_client).
Source: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at

_ERROR = linear(r"\bAADSTS(\d{5,7})\b")
_MAIL = linear(
    r"(?i)\bsmtp|\b(?:e-?)?mail|\bexchange\b|outlook\.office|office ?365|microsoft ?365|\bEWS\b"
    r"|00000002-0000-0ff1-ce00-000000000000"
)
_LONGEST = 4_000


@recogniser(r"\bAADSTS\d", rank=93)
def read(reading: Reading) -> Sequence[Artefact]:
    """The first error. Without a word of mail around it, it may be any application's, and is nobody's failure here."""
    lines = [line[:_LONGEST] for line in reading.paste.lines]
    index, found = next(((index, each) for index, line in enumerate(lines) if (each := _ERROR.search(line))), (0, None))
    if found is None or not any(_MAIL.search(line) for line in lines):
        return []
    number = str(found.group(1))
    fact = Configured(source=source_at(reading, index), kind="token-refused", name=number, failing=True)
    return [artefact(reading, "token-error", [index], [fact], {"error": number})]
