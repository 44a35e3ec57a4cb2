"""Messages counted by address."""

from __future__ import annotations

import pytest
from hypothesis import given

from diagnostics.facts import Fact
from diagnostics.mail_facts import Configured
from diagnostics.recognisers.counted_messages import COUNTED
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts

TABLE = "Count Name\n----- ----\n 4931 core-sw@contoso.com\n   22 it@contoso.com"


def counted(text: str) -> list[tuple[str, str]]:
    return [(each.name, each.get("Count")) for each in facts(text, Configured) if each.kind == COUNTED]


def test_a_table() -> None:
    assert counted(TABLE) == [("core-sw@contoso.com", "4931"), ("it@contoso.com", "22")]


def test_rows_without_their_header() -> None:
    assert len(counted("   31 a@contoso.com\n   18 b@contoso.com")) == 2


def test_one_row_below_the_header() -> None:
    assert counted("Count Name\n----- ----\n 12 a@contoso.com") == [("a@contoso.com", "12")]


@pytest.mark.parametrize(
    "text", ["12 a@contoso.com", "550 a@contoso.com is unknown\n550 b@contoso.com is unknown", *CHATTER]
)
def test_what_counts_nothing(text: str) -> None:
    assert not counted(text)


@given(damaged(TABLE))
def test_damage_never_raises(text: str) -> None:
    assert all(isinstance(fact, Fact) for each in artefacts(text) for fact in each.facts)
