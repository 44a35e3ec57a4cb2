"""How long a Receive connector kept its reply to a message back: `Tarpit for '0.00:00:30' due to 'DelayedAck'`.

Every receive log of Exchange 2010 and later has such rows, for shadow redundancy keeps replies back on purpose. It is told as a
failure only where the person says that sending is slow.
Source: https://learn.microsoft.com/exchange/mail-flow/transport-high-availability/shadow-redundancy
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
from diagnostics.recognisers.told_settings import MOST_LINES, supposes

_HELD = linear(r"(?i)\bTarpit for '(?:\d{1,3}\.)?(\d{1,2}):(\d\d):(\d\d)(?:\.\d{1,9})?' due to '\s?(DelayedAck)\b")
_SLOW = linear(
    r"(?i)\b(?:slow(?:er|ly)?|sluggish|takes? (?:too |very |so |far too )?long"
    r"|tak(?:es?|ing) [^.;\n]{0,20}\d ?(?:s|sec\w*|min\w*)|delay(?:s|ed)?|times? out|timed out|langsam\w*|schleppend"
    r"|verzögert\w*|dauert|lent\w{0,5}|traînant\w*|tarda\w*|traag|trage|långsam\w*)\b"
)
_MOST_ROWS: Final = 10_000


@recogniser(r"\bTarpit for '", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the longest wait."""
    waits = [
        (3600 * int(hours) + 60 * int(minutes) + int(seconds), index, reason)
        for index, line in enumerate(reading.paste.lines[:_MOST_ROWS])
        if "Tarpit" in line and (found := _HELD.search(line))
        for hours, minutes, seconds, reason in (found.groups(),)
    ]
    if not waits:
        return []
    longest, row, reason = max(waits)
    slow = any(_says_slow(line[:1000]) for _, line in reading.free()[:MOST_LINES])
    if not slow:
        return []
    values = (("Seconds", str(longest)), ("Rows", str(len(waits))))
    fact = Configured(source=source_at(reading, row), kind="held-reply", name=str(reason), values=values, failing=True)
    return [artefact(reading, "held-reply", [row], [fact], {"seconds": longest, "rows": len(waits)})]


def _says_slow(line: str) -> bool:
    slow = _SLOW.search(line)
    return slow is not None and "Tarpit for" not in line and not supposes(line[: slow.start()])
