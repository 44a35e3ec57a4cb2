"""What changes between the checks of one target, and which of it is worth telling. Pure: no I/O, no clock."""

from diagnostics.watching.changes import Judgement, judge, next_look
from diagnostics.watching.model import Change, Memory
from diagnostics.watching.snapshot import Snapshot, snapshot

__all__ = ["Change", "Judgement", "Memory", "Snapshot", "judge", "next_look", "snapshot"]
