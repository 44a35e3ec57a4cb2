"""Indexes of causes, recognisers and tables are kept, and never outlive what they were made of."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

from diagnostics import cause, kept, recognisers
from diagnostics.cause import catalogue, load
from diagnostics.ready import make_ready


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A package of one file, and what was made of it how often."""
    (tmp_path / "a.py").write_text("1")
    made: list[int] = []
    monkeypatch.setattr(kept, "_PACKAGE", tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)

    def ask() -> object:
        kept._stamp.cache_clear()
        return kept.kept("thing", lambda: made.append(1) or {"made": (len(made), "x")})

    yield SimpleNamespace(folder=tmp_path, made=made, ask=ask)
    kept._stamp.cache_clear()


def test_it_is_made_once(package: SimpleNamespace) -> None:
    assert [package.ask() for _ in range(3)] == [{"made": [1, "x"]}] * 3
    assert [path.suffix for path in (package.folder / "__pycache__").iterdir()] == [".json"]


@pytest.mark.parametrize("change", ["touched", "added", "removed", "grown", "damaged", "other"])
def test_it_is_made_anew_when_anything_changed(package: SimpleNamespace, change: str) -> None:
    (package.folder / "below").mkdir()
    (package.folder / "below" / "b.toml").write_text("b")
    package.ask()
    (place,) = (package.folder / "__pycache__").iterdir()
    changes = {
        "touched": lambda: os.utime(package.folder / "a.py", (1, 1)),
        "added": lambda: (package.folder / "c.py").write_text(""),
        "removed": (package.folder / "below" / "b.toml").unlink,
        "grown": lambda: (package.folder / "below" / "b.toml").write_text("bb"),
        "damaged": lambda: place.write_text('{"stamp": '),
        "other": lambda: place.write_text(json.dumps(["no", "index"])),
    }
    changes[change]()
    assert package.ask() == {"made": [2, "x"]}
    assert package.ask() == {"made": [2, "x"]}


def test_where_nothing_may_be_written_it_is_made_each_time(
    package: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (package.folder / "__pycache__").write_text("a file stands in the way")
    assert (package.ask(), package.ask()) == ({"made": [1, "x"]}, {"made": [2, "x"]})
    (package.folder / "__pycache__").unlink()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    package.ask()
    assert not (package.folder / "__pycache__").exists()


def test_the_index_of_causes_says_what_their_modules_say() -> None:
    package = import_module("diagnostics.causes")
    assert catalogue() == load(package.__path__, "diagnostics.causes.")
    for each in catalogue().values():
        assert each.title == each.manual.split("\n", 1)[0].rstrip(".")
        assert getattr(each.assess, cause._ATTRIBUTE).id == each.id


def test_the_index_of_recognisers_says_what_their_modules_say() -> None:
    bench = recognisers._bench()
    assert [(each.rank, each.module, each.function, each.screen) for each in bench.readers] == recognisers._declared()
    assert all(callable(each.read) for each in bench.readers)


def test_all_that_is_kept_can_be_made_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Afterwards a process that may write no bytecode makes nothing."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(tmp_path)
    subprocess.run([sys.executable, "-m", "diagnostics.ready"], env=environment, check=True)
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    catalogue.cache_clear()
    monkeypatch.setattr(kept, "_as_json", lambda made: pytest.fail(f"made again: {str(made)[:80]}"))
    make_ready()
