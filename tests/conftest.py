"""Options and fixtures that every test may use."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

# Time is measured in benchmarks: a loaded machine must not fail a property.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="rewrite the expectations of the cases; review the diff")
