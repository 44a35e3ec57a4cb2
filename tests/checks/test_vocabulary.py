"""Every word of the vocabulary is shown by a test of the lab."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics.checks.outcomes import OUTCOMES

_TESTS = "\n".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__))
_LAB = (Path(__file__).parent.parent / "fakes" / "certificates.py").read_text()


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_word_is_shown(outcome: str) -> None:
    assert f'"{outcome}"' in _TESTS or f'"{outcome}"' in _LAB
