"""Options and fixtures that every test may use."""

from __future__ import annotations

import pytest
from hypothesis import settings

# A deadline for an example measures how busy the machine is, and the first one compiles every pattern; tests/bench tells time.
settings.register_profile("mailflow", deadline=None)
settings.load_profile("mailflow")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="rewrite the expectations of the cases; review the diff")
