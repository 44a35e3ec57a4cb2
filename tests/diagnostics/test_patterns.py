"""Patterns are compiled when they are first used, so this is where a wrong one is found."""

from __future__ import annotations

import gc
import importlib
import pickle
import pkgutil

import pytest
import re2

import diagnostics
import handlers
from diagnostics.borders import with_borders
from diagnostics.patterns import Pattern, linear


def test_every_pattern_is_one() -> None:
    for package in (diagnostics, handlers):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(info.name)
    patterns = [each for each in gc.get_objects() if isinstance(each, Pattern)]
    assert len(patterns) > 500
    for pattern in patterns:
        written = pattern.pattern
        assert re2.compile(with_borders(written) if isinstance(written, str) else written) is not None


def test_a_wrong_pattern_says_so_at_its_first_use() -> None:
    with pytest.raises(re2.error):
        linear("(").search("")


def test_it_behaves_as_what_re2_compiles() -> None:
    words = linear(r"(\w+)")
    assert words.findall("two words") == re2.compile(r"(\w+)").findall("two words")
    assert words.sub("x", "two words") == "x x"
    assert pickle.loads(pickle.dumps(linear(r"a+"))).search("aa").group() == "aa"
    with pytest.raises(AttributeError):
        _ = words.nothing
