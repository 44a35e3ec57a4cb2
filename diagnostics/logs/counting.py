"""Counts by name, of which there may be more than can be kept.

Of too many names those with fewest sessions are let go, and their sessions counted together, so that the sum is always exact. A
name that comes again later is counted anew, and says that this may not be all of it.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

MOST_NAMES: Final = 20_000


class Count(Struct):
    """`partial` says that there may have been more sessions, which were counted with others."""

    sessions: int = 0
    failed: int = 0
    messages: int = 0
    partial: bool = False

    def join(self, other: Count) -> None:
        self.sessions += other.sessions
        self.failed += other.failed
        self.messages += other.messages
        self.partial = self.partial or other.partial


class Room(Struct):
    """How many names several `Names` may keep together."""

    left: int


class Names(Struct):
    """At least `most` names with most sessions, at most twice as many; `full` once there are `others`."""

    most: int = field(default_factory=lambda: MOST_NAMES)
    room: Room | None = None
    kept: dict[str, Count] = field(default_factory=dict)
    others: Count = field(default_factory=Count)
    full: bool = False

    def of(self, name: str) -> Count:
        """Where sessions of this name are counted."""
        known = self.kept.get(name)
        if known is None:
            if self.room is not None and self.room.left < 1:
                self.full = True
                return self.others
            if len(self.kept) >= 2 * self.most:
                self._let_go(sorted(self.kept, key=lambda each: self.kept[each].sessions)[: self.most])
            if self.room is not None:
                self.room.left -= 1
            known = self.kept[name] = Count(partial=self.full)
        return known

    def join(self, other: Names) -> None:
        """Add what was counted elsewhere."""
        for name, count in other.kept.items():
            self.of(name).join(count)
        self.others.join(other.others)
        if other.full:
            self.full = True
            for name in self.kept.keys() - other.kept.keys():
                self.kept[name].partial = True

    def clear(self) -> None:
        """Let go of all names."""
        self._let_go(list(self.kept))

    def _let_go(self, names: list[str]) -> None:
        self.full = True
        for name in names:
            self.others.join(self.kept.pop(name))
        if self.room is not None:
            self.room.left += len(names)
