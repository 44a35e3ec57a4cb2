"""The table of hops in a bounce of Exchange Online: whether a mailbox of the organization handed the message in itself, or which
server outside brought it.

Its first hop then says `mapi`. A message that was forwarded has the hop on which it came in, by SMTP. Pasted from a page,
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
# The two hosts of the hop on which a message comes in from the Internet, or from a server that may relay.
_CAME_IN = linear(
    r"(?i)(?:^|\s)([a-z0-9][a-z0-9.-]{1,250}\.[a-z]{2,24})\s+[a-z0-9.-]{1,100}\.mail\.protection\.outlook\.com\b"
)
_MICROSOFTS: Final = (".outlook.com", ".office365.com", ".mx.microsoft")
_INSIDE: Final = (".local", ".lan", ".internal", ".intra", ".corp")
_MOST_ROWS: Final = 40
_FIRST_ROW: Final = 20  # lines from the table's name to the end of its first hop, where each cell has a line


@recogniser(_BEGINS, rank=97)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first table, where its first hop is a mailbox's own or one that names a server outside."""
    lines = reading.paste.lines
    head = next((index for index, line in enumerate(lines) if _HEAD.search(line)), -1)
    if head < 0 or not reading.claimed:
        return ()
    for index, line in islice(enumerate(lines), head + 1, head + _FIRST_ROW):
        named = _PROTOCOL.search(line)
        if named:
            if named.group(1).lower() != "mapi":
                return _came_in(reading, head)
            fact = Configured(source=source_at(reading, index), kind="first-hop", name="mapi")
            return (artefact(reading, "bounce-hops", [index], [fact], {"first": "mapi"}),)
    return ()


def _came_in(reading: Reading, head: int) -> Sequence[Artefact]:
    """By the server that handed the message in; its name and the next cell may stand on two lines."""
    lines = reading.paste.lines
    for index in range(head + 1, min(head + _MOST_ROWS, len(lines))):
        hop = _CAME_IN.search(" ".join(lines[index : index + 2]))
        host = str(hop.group(1)).lower() if hop and hop.start() < len(lines[index]) else ""
        if host and not host.endswith((*_MICROSOFTS, *_INSIDE)):
            fact = Configured(source=source_at(reading, index), kind="came-in", name=host)
            return (artefact(reading, "bounce-hops", [index], [fact], {"from": host}),)
    return ()
