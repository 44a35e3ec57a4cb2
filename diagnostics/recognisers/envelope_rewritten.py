"""An envelope sender that a forwarder wrote in place of the original one, in a log, a session or a bounce.

The Sender Rewriting Scheme makes `SRS0=hash=tt=original.domain=local@forwarder` of it, with `+` or `-` as the first separator at
some, `SRS1…` at the second forwarder; Exchange Online writes `local+SRS=hash=tt=domain=local@forwarder`. A log tells of many
messages: the line counts when its message is one of those that failed.
Sources: https://www.libsrs2.net/srs/srs.pdf, https://learn.microsoft.com/en-us/exchange/reference/sender-rewriting-scheme
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Addressed
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at

_SENDER: Final = (
    r"(?:\bfrom[:=] ?<?|<= |\bF=<?|\bsender: ?rfc822; ?|\breturn-path: ?<?|\benvelope-from[ =]<?|\bmailfrom=<?)"
    r"(?:SRS[01][=+-]|[^\s<>@]{1,64}\+SRS=)[^\s<>@]{1,300}@"
)
_BY = linear(rf"(?i){_SENDER}([a-z0-9-]{{1,63}}(?:\.[a-z0-9-]{{1,63}}){{1,8}})")
# Of Postfix and Sendmail, and of Exim.
_ID = linear(r"\b([0-9A-Za-z]{6,20}): from=<?|\b([0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4}) <= ")
_FAILED = linear(
    r"\bstatus=(?:bounced|deferred|expired|undeliverable)\b| (?:\*\*|==) |\bstat=(?:Deferred|User|Service|Host|Data|[45]\d\d)"
    r"|\breject: "
)


@recogniser(_SENDER, rank=93)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sender of a message that failed."""
    lines = reading.paste.lines
    failed = [line[:2000] for line in lines if _FAILED.search(line[:2000])]
    for index, line in enumerate(lines):
        told = _BY.search(line[:2000])
        of = _ID.search(line[:2000]) if told else None
        number = next((str(each) for each in of.groups() if each), "") if of else ""
        if told and (not number or any(number in each for each in failed)):
            by = str(told.group(1)).lower()
            fact = Addressed(source=source_at(reading, index), recipients=(), redirected=True, by=by, rewritten=True)
            return [artefact(reading, "envelope-rewritten", [index], [fact], {"by": by})]
    return []
