"""A resolver that gives up at once, for lookups that never get an answer."""

from __future__ import annotations

import pytest

from diagnostics.network import live


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "DNS_SECONDS", 0.2)
