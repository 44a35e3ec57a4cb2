"""A fleet of real processes on a database of its own, in the playground as its Slack."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.conftest import World
from tests.bot.replicas.fleet import Fleet


@pytest.fixture
def fleet(world: World) -> Iterator[Fleet]:
    with tempfile.TemporaryDirectory(prefix="mailflow-fleet-") as folder:
        fleet = Fleet(world.environ, Path(folder))
        yield fleet
        fleet.stop()
