"""CAPI2's event 30: Windows built a certificate's chain, and the chain is not good.

Mostly the event names the certificate and not whose it is, nor at which end: our own chain that stays below a root which this
machine lacks, and one of a private authority, read the same. Where it was checked as that of a server by name, it is a peer's.
"""

from __future__ import annotations

from diagnostics.facts import WindowsEvent
from diagnostics.patterns import linear

_SUBJECT = linear(r"subjectName: ([^;]{1,200});")
_WHY = {"0X800B0109": "ends in a root that this machine does not trust", "0X800B010A": "does not build up to a root"}


def doubted_chain(event: WindowsEvent) -> str:
    """What Windows says of the chain, as the beginning of a sentence; "" for any other event."""
    why = _WHY.get(event.error.upper(), "")
    if not why or "capi2" not in event.provider.lower() or "; server: " in event.text:
        return ""
    subject = _SUBJECT.search(event.text)
    named = f"`{subject.group(1)}`" if subject else "a certificate"
    return f"Windows says (CAPI2, event {event.event}) that the chain of {named} {why}"
