"""The table of hops in a bounce of Exchange Online: whether a mailbox of the organization handed the message in itself.

Its first hop then says `mapi`. A message that was forwarded begins with the hop on which it came in, by SMTP. Pasted from a page,
each cell may stand on a line of its own.
Source: https://learn.microsoft.com/exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online/non-delivery-reports-in-exchange-online
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at

_BEGINS: Final = r"^\W{0,4}(?:message hops\b|HOP\s+TIME\b)"
_HEAD = linear(f"(?i){_BEGINS}")
_PROTOCOL = linear(r"(?i)(?:^|\s)(mapi|Microsoft SMTP Server|E?SMTPS?A?|HTTPS?)(?:\s|$)")
_FIRST_ROW: Final = 20  # lines from the table's name to the end of its first hop, where each cell has a line


@recogniser(_BEGINS, rank=97)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first table whose first hop is a mailbox's own."""
    lines = reading.paste.lines
    head = next((index for index, line in enumerate(lines) if _HEAD.search(line)), -1)
    if head < 0 or not reading.claimed:
        return ()
    for index, line in islice(enumerate(lines), head + 1, head + _FIRST_ROW):
        named = _PROTOCOL.search(line)
        if named:
            if named.group(1).lower() != "mapi":
                break
            fact = Configured(source=source_at(reading, index), kind="first-hop", name="mapi")
            return (artefact(reading, "bounce-hops", [index], [fact], {"first": "mapi"}),)
    return ()
