"""Writes compound files (the container of .msg), so that tests need no mail program.

Version 3 of [MS-CFB] with sectors of 512 bytes: streams below 4,096 bytes share the ministream, as the format demands.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

SECTOR: Final = 512
MINI: Final = 64
CUTOFF: Final = 4096
END: Final = 0xFFFFFFFE
FREE: Final = 0xFFFFFFFF
NONE: Final = 0xFFFFFFFF

Tree = dict[str, "bytes | Tree"]


@dataclass
class _Entry:
    name: str
    kind: int  # 1 storage, 2 stream, 5 root
    start: int = END
    size: int = 0
    children: list[int] = field(default_factory=list)
    right: int = NONE


def compound(tree: Tree) -> bytes:
    """A compound file with these streams (bytes) and storages (trees)."""
    return _Writer().write(tree)


def item(**properties: str | bytes) -> Tree:
    """The streams of an Outlook item: property numbers such as `x1000` to text, or to bytes."""
    return {
        f"__substg1.0_{number[1:].upper()}{'001F' if isinstance(value, str) else '0102'}": (
            value.encode("utf-16-le") if isinstance(value, str) else value
        )
        for number, value in properties.items()
    }


class _Writer:
    def __init__(self) -> None:
        self.entries = [_Entry("Root Entry", 5)]
        self.sectors: list[bytes] = []
        self.fat: list[int] = []
        self.mini = b""
        self.minifat: list[int] = []

    def write(self, tree: Tree) -> bytes:
        self._add(0, tree)
        root = self.entries[0]
        root.size = len(self.mini)
        root.start = self._chain(self.mini)
        minifat = self._chain(b"".join(struct.pack("<I", each) for each in self.minifat), FREE)
        directory = self._chain(b"".join(map(self._entry, self.entries)))
        first = len(self.sectors)
        tables = 1
        while (len(self.fat) + tables) > tables * SECTOR // 4:
            tables += 1
        fat = [*self.fat, *[0xFFFFFFFD] * tables]
        fat += [FREE] * (tables * SECTOR // 4 - len(fat))
        body = b"".join(self.sectors) + struct.pack(f"<{len(fat)}I", *fat)
        header = struct.pack(
            "<8s16sHHHHH6sIIIIIIIII",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", bytes(16), 0x3E, 3, 0xFFFE, 9, 6, bytes(6),
            0, tables, directory, 0, CUTOFF, minifat, -(-len(self.minifat) * 4 // SECTOR), END, 0,
        )  # fmt: skip
        places = [first + each for each in range(tables)] + [FREE] * (109 - tables)
        return header + struct.pack("<109I", *places) + body

    def _add(self, parent: int, tree: Tree) -> None:
        for name, value in tree.items():
            self.entries.append(_Entry(name, 2 if isinstance(value, bytes) else 1))
            index = len(self.entries) - 1
            siblings = self.entries[parent].children
            if siblings:
                self.entries[siblings[-1]].right = index
            siblings.append(index)
            if isinstance(value, bytes):
                entry = self.entries[index]
                entry.size = len(value)
                entry.start = self._chain(value) if len(value) >= CUTOFF else self._small(value)
            else:
                self._add(index, value)

    def _chain(self, content: bytes, fill: int = 0) -> int:
        if not content:
            return END
        first = len(self.sectors)
        padding = b"\xff" if fill else b"\x00"
        for at in range(0, len(content), SECTOR):
            self.sectors.append(content[at : at + SECTOR].ljust(SECTOR, padding))
            self.fat.append(len(self.sectors))
        self.fat[-1] = END
        return first

    def _small(self, content: bytes) -> int:
        if not content:
            return END
        first = len(self.minifat)
        for at in range(0, len(content), MINI):
            self.mini += content[at : at + MINI].ljust(MINI, b"\x00")
            self.minifat.append(len(self.minifat) + 1)
        self.minifat[-1] = END
        return first

    def _entry(self, entry: _Entry) -> bytes:
        name = entry.name.encode("utf-16-le") + b"\x00\x00"
        child = entry.children[0] if entry.children else NONE
        return struct.pack(
            "<64sHBBIII16sI8s8sIII",
            name, len(name), entry.kind, 1, NONE, entry.right, child, bytes(16), 0, bytes(8), bytes(8),
            entry.start, entry.size, 0,
        )  # fmt: skip
