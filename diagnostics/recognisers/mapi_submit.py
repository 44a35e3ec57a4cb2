"""Submissions that the store refused, as MAPI and EWS programs log them: BlackBerry, CRM and fax connectors, scripts.

They print the function that sends and the number or name of "access denied", which Windows, MAPI and the services write in their
own ways. Another error of the same function, or the same error of another one (opening a folder), is no refused submission.
Source: https://learn.microsoft.com/office/client-developer/outlook/mapi/imessage-submitmessage
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import ClientError
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.event_quotes import explains
from diagnostics.recognisers.reply_wording import asks_about
from diagnostics.recognisers.sources import source_at
from diagnostics.text import squeezed

_SUBMITS: Final = (
    r"\bSubmitMessage\b|\bMapiSubmit\w*|\bunable to submit (?:the )?message|\bMailItem\.Send\b|\bMAPISendMail\b"
    r"|\bMessage\.Submit\b|\bSendItem\b|\bSend(?:AndSaveCopy|Only)\b|\bcannot submit (?:the )?message"
)
_DENIED: Final = (
    r"\b(?:0x)?80070005\b|-2147024891\b|\bE_ACCESSDENIED\b|\bMAPI_E_NO_ACCESS\b|\bMapiExceptionNoAccess\b"
    r"|\bErrorAccessDenied\b"
)
_REFUSED = linear(rf"(?i)(?:{_SUBMITS}).{{0,160}}(?:{_DENIED})|(?:{_DENIED}).{{0,160}}(?:{_SUBMITS})")
_SERVICE = linear(r"(?i)\b(?:SendItem|Send(?:AndSaveCopy|Only))\b")
_MOST: Final = 400  # lines that are looked at


@recogniser(rf"(?:{_SUBMITS})", rank=62)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for all lines: a program tries again and again."""
    lines = [(index, line) for index, line in reading.free()[:_MOST] if _REFUSED.search(line[:2000])]
    lines = [(index, line) for index, line in lines if not (explains(line) or asks_about(line))]
    if not lines:
        return []
    fact = ClientError(source=source_at(reading, lines[0][0]), text=squeezed(lines[0][1][:2000]))
    return [artefact(reading, "client-error", [index for index, _ in lines], [fact], {"error": fact.text[:200]})]


def submission_denied(text: str) -> bool:
    """Whether `text` says that a submission was refused for want of a right."""
    return bool(_REFUSED.search(text))


def by_service(text: str) -> bool:
    """Whether the program submits by a call of Exchange Web Services, which needs more rights than the one to send."""
    return bool(_SERVICE.search(text))
