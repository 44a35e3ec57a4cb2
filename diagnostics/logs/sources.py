"""The files that a person names: plain, gzip, members of a zip, whole folders and patterns; UTF-8 or UTF-16.

Every source is read as blocks of UTF-8. What is packed is bounded, because ten kilobytes can unpack to ten gigabytes; the
names inside an archive are shown and never used as a path.
"""

from __future__ import annotations

import codecs
import glob
import os
from collections.abc import Callable, Iterable, Iterator
from io import BufferedIOBase, BufferedReader, FileIO
from pathlib import Path
from typing import Final, Literal, cast

from msgspec import Struct

BLOCK: Final = 256 << 10  # fits a core's second-level cache with all that is made of it
MOST_UNPACKED: Final = 50 << 30
"""Bytes that one packed file may unpack to, unless the caller says otherwise."""

_MOST_RATIO: Final = 250  # logs pack 10 to 40 times; a bomb 1000 times
_RATIO_FROM: Final = 64 << 20
_MOST_FILES: Final = 100_000
_NAMES: Final = (".log", ".txt", ".csv", ".gz", ".zip")
_NEAR: Final = 2 << 10  # most lines are some hundred bytes long
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class UnreadableLogError(ValueError):
    """A file that cannot be read as a log. The message is one sentence that names it."""


class Source(Struct, frozen=True):
    """One log. `size` is what it takes on disk, in bytes; `encoding` is that of its text."""

    path: str
    name: str
    packing: Literal["", "gzip", "zip"] = ""
    member: str = ""
    size: int = 0
    encoding: str = "utf-8"
    most: int = MOST_UNPACKED

    @property
    def seekable(self) -> bool:
        """Whether an offset in the text is an offset in the file."""
        return not self.packing and self.encoding == "utf-8"

    def blocks(self, start: int = 0, block: int = BLOCK, tell: Callable[[int], None] | None = None) -> Iterator[bytes]:
        """UTF-8 from byte `start` of the text on, up to a line's end where that is near; at most `block` bytes of a plain file.
        `tell` hears how many bytes on disk were read for it.

        Raises UnreadableLogError where a packed file is damaged or too large.
        """
        tell = tell or _nobody
        if self.seekable:
            with Path(self.path).open("rb", buffering=0) as file:
                at = start
                while data := file.read(_whole_lines(file, at, block)):
                    at += len(data)
                    tell(at - start)
                    yield data
            return
        for data in self._recoded(block, tell):
            if start < len(data):
                yield data[start:]
                start = 0
            else:
                start -= len(data)

    def _recoded(self, block: int, tell: Callable[[int], None]) -> Iterator[bytes]:
        if self.encoding == "utf-8":
            yield from self._unpacked(block, tell)
            return
        decoder = codecs.getincrementaldecoder(self.encoding)("replace")
        for data in self._unpacked(block, tell):
            yield decoder.decode(data).encode("utf-8", "replace")
        yield decoder.decode(b"", final=True).encode("utf-8", "replace")

    def _unpacked(self, block: int, tell: Callable[[int], None]) -> Iterator[bytes]:
        total = size = 0
        held: list[bytes] = []  # in small pieces, so that what stands before damage is read
        try:
            with Path(self.path).open("rb") as disk, self._opened(disk) as file:
                before = disk.tell()
                while data := file.read1(block):
                    held.append(data)
                    total, size = total + len(data), size + len(data)
                    self._bound(total)
                    tell(min(disk.tell() - before, self.size))
                    if size >= block:
                        yield b"".join(held)
                        held, size = [], 0
        except _damages() as problem:
            yield b"".join(held)
            said = f"{self.name} is damaged or locked, and was read up to {total:,} bytes."
            raise UnreadableLogError(said) from problem
        yield b"".join(held)

    def _opened(self, disk: BufferedReader) -> BufferedIOBase:
        if not self.packing:
            return disk
        import gzip  # what reads a plain file begins without what unpacks
        import zipfile

        if self.packing == "gzip":
            return gzip.open(disk)
        if self.member.lower().endswith(".gz"):
            return gzip.open(zipfile.ZipFile(disk).open(self.member))
        return cast("BufferedIOBase", zipfile.ZipFile(disk).open(self.member))

    def _bound(self, total: int) -> None:
        if not self.packing:
            return
        if total > self.most:
            raise UnreadableLogError(f"{self.name} unpacks to more than {self.most:,} bytes: the rest was not read.")
        if total > _RATIO_FROM and total > _MOST_RATIO * max(self.size, 1) and self.most <= MOST_UNPACKED:
            raise UnreadableLogError(
                f"{self.name} unpacks to more than {_MOST_RATIO} times its size, as archives made to do harm do: the rest was "
                "not read."
            )


def _damages() -> tuple[type[Exception], ...]:
    """What is raised for a packed file that is damaged."""
    import gzip
    import zipfile
    import zlib

    return EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile, NotImplementedError, RuntimeError


def _whole_lines(file: FileIO, at: int, block: int) -> int:
    """How many bytes from `at` on end with a line, at most `block`; all of them where no line ends near. `file` stands at `at`
    then. Lines that lie in two blocks would have to be put together, and with them all that stands between them copied."""
    file.seek(max(at, at + block - _NEAR))
    tail = file.read(min(block, _NEAR))
    file.seek(at)
    return block - len(tail) + (tail.rfind(b"\n") + 1 or len(tail)) if len(tail) == min(block, _NEAR) else block


def _nobody(_read: int) -> None:
    pass


def sources(names: Iterable[str], *, most: int = MOST_UNPACKED) -> Iterator[Source]:
    """The logs behind paths, folders and patterns. Raises UnreadableLogError or OSError for what is not there."""
    seen: set[Path] = set()  # a link may lead to what was named already
    for name in names:
        paths = [Path(name)] if Path(name).exists() else _matches(name)
        if not paths:
            raise UnreadableLogError(f"{shown(name)}: No such file or directory")
        for path in paths:
            for file in _files(path):
                real = file.resolve()
                if real not in seen:
                    seen.add(real)
                    yield from _opened(file, most)


def _matches(pattern: str) -> list[Path]:
    """The files that a pattern names, as a shell that does not know patterns hands it on."""
    return [Path(each) for each in sorted(glob.glob(pattern, recursive=True))]  # noqa: PTH207 - Path.glob refuses absolute ones


def _files(path: Path) -> Iterator[Path]:
    """The file, or every log in the folder. Links to folders are not followed: they may lead round in a circle."""
    if not path.is_dir():
        yield path
        return
    count = 0
    for folder, folders, files in os.walk(path):
        folders.sort()
        for name in sorted(files):
            if name.lower().endswith(_NAMES) and (Path(folder) / name).is_file():
                yield Path(folder) / name
                count += 1
        if count > _MOST_FILES:
            raise UnreadableLogError(
                f"{shown(str(path))} holds more than {_MOST_FILES:,} files: name a folder below it."
            )


def _opened(path: Path, most: int) -> Iterator[Source]:
    with path.open("rb") as file:
        magic = file.read(4)
        size = os.fstat(file.fileno()).st_size
    if magic.startswith(b"PK\x03\x04"):
        yield from _members(path, most)
        return
    packing: Literal["", "gzip"] = "gzip" if magic.startswith(b"\x1f\x8b") else ""
    yield _encoded(Source(str(path), shown(str(path)), packing, size=size, most=most))


def _members(path: Path, most: int) -> Iterator[Source]:
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()][:_MOST_FILES]
    except (zipfile.BadZipFile, NotImplementedError) as problem:
        raise UnreadableLogError(f"{shown(str(path))} is a damaged zip archive.") from problem
    for info in infos:
        if info.filename.lower().endswith(
            _NAMES
        ):  # an archive in it opens as no log, and is named among what was left out
            name = shown(f"{path}/{info.filename}")
            yield _encoded(Source(str(path), name, "zip", info.filename, info.compress_size, most=most))


def _encoded(source: Source) -> Source:
    """The source with the encoding that its first bytes tell: a byte order mark, or a NUL in every other byte."""
    sample = next(source._unpacked(4096, _nobody), b"")
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return _with(source, encoding)
    odd, even = sample[1::2].count(0), sample[0::2].count(0)
    if odd + even > len(sample) // 4:
        return _with(source, "utf-16-le" if odd > even else "utf-16-be")
    return source


def _with(source: Source, encoding: str) -> Source:
    return Source(source.path, source.name, source.packing, source.member, source.size, encoding, source.most)


def shown(name: str) -> str:
    """A file's name that is safe to show: a name may hold line feeds and escape sequences."""
    plain = "".join(char if char.isprintable() else "\ufffd" for char in name.encode("utf-8", "replace").decode())
    return plain if len(plain) <= 200 else plain[:80] + "…" + plain[-119:]
