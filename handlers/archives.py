"""What is packed with zip or gzip and small enough for a paste. Nothing is written to disk, and nothing grows unseen.

Archives of logs go another way, and may be large: handlers.uploads.
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from typing import IO, Final

from diagnostics.logs.layout import HEAD, head
from handlers.filetypes import GZIP
from handlers.plaintext import Unreadable, decoded, megabytes, shown

_MOST_MEMBERS: Final = 100
_ENTRY: Final = b"PK\x01\x02"  # what each member's entry in a zip's directory begins with
_ENCRYPTED: Final = 1  # a bit of a member's flags
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What the standard library raises for them; NotImplementedError is its word for a way of packing that it doesn't know.
_DAMAGED: Final = (EOFError, OSError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError)
_BY_SYSTEMS: Final = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


class TooLargeError(Unreadable):
    """What is packed is larger than a paste may be."""


def unpacked(name: str, content: bytes, *, limit: int) -> list[tuple[str, bytes]]:
    """The files in an archive (zip or gzip), with their names. Together they have at most `limit` bytes.

    Raises Unreadable for what is damaged, locked, crowded, or packed in a rare way, and TooLargeError.
    """
    called = shown(name)
    try:
        if content.startswith(GZIP):
            with gzip.open(io.BytesIO(content)) as stream:
                return [(_inner(name), _read(called, stream, limit))]
        return _members(called, content, limit)
    except Unreadable:
        raise
    except _DAMAGED as problem:
        raise Unreadable(
            f"{called} is damaged: pack it again and send it, or send the text that is inside."
        ) from problem


def holds_logs(name: str, content: bytes, *, limit: int) -> bool:
    """Whether an archive is one of transport's logs, or larger than a paste, so that only logs in it can be read."""
    try:
        found = unpacked(name, content, limit=limit)
    except TooLargeError:
        return True
    except Unreadable:
        return False
    return any(head(decoded(inside[:HEAD]) or "") for _, inside in found)


def _members(called: str, content: bytes, limit: int) -> list[tuple[str, bytes]]:
    if content.count(_ENTRY) > _MOST_MEMBERS:  # before the library makes an object of each
        raise Unreadable(f"{called} holds more than {_MOST_MEMBERS} files: send only those that matter.")
    found: list[tuple[str, bytes]] = []
    taken = 0
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for info in archive.infolist():
            if info.is_dir() or info.filename.startswith(_BY_SYSTEMS[0]) or info.filename.endswith(_BY_SYSTEMS[1:]):
                continue
            if info.flag_bits & _ENCRYPTED:
                raise Unreadable(f"{called} is locked with a password: send the file without one.")
            if info.compress_type not in _METHODS:
                raise Unreadable(f"{called} is packed in a way that I do not read: make it an ordinary zip archive.")
            with archive.open(info) as stream:
                inside = _read(called, stream, limit, taken)
            taken += len(inside)
            found.append((f"{called}/{info.filename}", inside))
    return found


def _read(called: str, stream: IO[bytes] | gzip.GzipFile, limit: int, taken: int = 0) -> bytes:
    """All of a stream, of which never more than a byte too many is unpacked."""
    inside = stream.read(limit - taken + 1)
    if taken + len(inside) > limit:
        raise TooLargeError(
            f"{called} unpacks to more than {megabytes(limit)}, and of what is larger I read transport logs only: send the "
            "part around the failure."
        )
    return inside


def _inner(name: str) -> str:
    return name[:-3] if name.lower().endswith(".gz") else name
