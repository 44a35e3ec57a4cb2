"""What is made of this package's modules and tables (indexes, parsed TOML), kept beside their bytecode.

It stands in `__pycache__` under the same rules: whoever may write there may write the modules, nothing is written where
bytecode isn't, and where it can't be it is made anew each time. It is JSON, so reading it runs nothing. It holds as long as no
file of the package has changed, been added or removed.
"""

from __future__ import annotations

import json
import os
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache, lru_cache
from importlib import import_module
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any, Final

_PACKAGE: Final = Path(__file__).parent
_SOURCES: Final = (".py", ".toml")


def kept(name: str, make: Callable[[], Any]) -> Any:
    """What `make` returns, as JSON has it (tuples are lists); `make` is called only where nothing that holds is kept."""
    try:
        place = Path(cache_from_source(str(_PACKAGE / f"{name}.py"))).with_suffix(".json")
        stamp = _stamp()
    except (NotImplementedError, OSError):  # no bytecode is kept, or the package lies in an archive
        return _as_json(make())
    with suppress(OSError, ValueError):
        known = json.loads(place.read_bytes())
        if isinstance(known, dict) and known.get("stamp") == stamp:
            return known["value"]
    value = _as_json(make())
    if not sys.dont_write_bytecode:
        _write(place, {"stamp": stamp, "value": value})
    return value


@cache
def loaded(module: str, name: str) -> Any:
    """A function by the names of its module and itself. The module is imported when it is first asked for."""
    return getattr(import_module(module), name)


def table(path: Path) -> dict[str, Any]:
    """A TOML table of this package."""
    loaded: dict[str, Any] = kept(f"{path.parent.name}-{path.stem}", lambda: _parsed(path))
    return loaded


def _parsed(path: Path) -> Any:
    import tomllib  # needed once for each table, and then never again on this machine

    return tomllib.loads(path.read_text("utf-8"))


def _as_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _write(place: Path, content: dict[str, Any]) -> None:
    """At once or not at all: others may read it now, or write the same."""
    half = place.with_name(f"{place.name}.{os.getpid()}")
    with suppress(OSError):
        place.parent.mkdir(exist_ok=True)
        half.write_text(json.dumps(content), "utf-8")
        half.replace(place)


@lru_cache(maxsize=1)
def _stamp() -> str:
    """Which source files there are, and their sizes and times; five hundred take two thousandths of a second."""
    files = sorted(_sources(str(_PACKAGE)))
    return f"{len(files)} {max(time for _, _, time in files)} {zlib.crc32(repr(files).encode())}"


def _sources(folder: str) -> list[tuple[str, int, int]]:
    found: list[tuple[str, int, int]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(_SOURCES):
                status = entry.stat()
                found.append((entry.path, status.st_size, status.st_mtime_ns))
            elif entry.is_dir(follow_symlinks=False) and entry.name != "__pycache__":
                found += _sources(entry.path)
    return found
