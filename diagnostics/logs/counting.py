"""Counts by name, of which there may be more than can be kept.

A name that is kept has its exact count; the sessions of all the others are counted together. A name met once there is no room is
never kept, as what was counted before would be missing, and where two readers' counts are added, only names stay of which
both know all. So sums are exact too, whatever the parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

MOST_NAMES: Final = 50_000


@dataclass(slots=True)
class Count:
    sessions: int = 0
    failed: int = 0
    messages: int = 0

    def join(self, other: Count) -> None:
        self.sessions += other.sessions
        self.failed += other.failed
        self.messages += other.messages


@dataclass(slots=True)
class Room:
    """How many names may still be kept, by one or by several together."""

    left: int = MOST_NAMES


@dataclass(slots=True)
class Names:
    """`kept` in the order in which they were met; `full` once there were others."""

    room: Room = field(default_factory=Room)
    kept: dict[str, Count] = field(default_factory=dict)
    others: Count = field(default_factory=Count)
    full: bool = False

    def of(self, name: str) -> Count:
        """Where sessions of this name are counted."""
        known = self.kept.get(name)
        if known is None:
            if self.full or self.room.left < 1 or len(self.kept) >= MOST_NAMES:
                self.full = True
                return self.others
            self.room.left -= 1
            known = self.kept[name] = Count()
        return known

    def join(self, other: Names) -> None:
        """Add what was counted elsewhere."""
        for name, count in other.kept.items():
            self.of(name).join(count)
        self.others.join(other.others)
        if other.full:
            self.full = True
            for name in self.kept.keys() - other.kept.keys():
                self.others.join(self.kept.pop(name))
                self.room.left += 1

    def clear(self) -> None:
        """Give back the room."""
        self.room.left += len(self.kept)
        self.kept.clear()
