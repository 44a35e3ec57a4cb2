"""What opens the thread of a form quotes enough of a paste to know it again, and nothing private."""

from __future__ import annotations

import pytest

from handlers.blocks.form import opening
from tests.bot.conftest import everything


@pytest.mark.parametrize(
    ("row", "private"),
    [
        ("Password='Winter 2026!' is refused", ("Winter", "2026!")),
        ("$c = ConvertTo-SecureString 'Winter 2026!' -AsPlainText", ("Winter", "2026!")),
        ("AUTH PLAIN AHNhbUBjb250b3NvLmNvbQBzZWNyZXQ= is refused", ("AHNhb",)),
        ("550 for sam.okafor@contoso.com is refused", ("sam", "okafor")),
    ],
)
def test_its_quote_holds_nothing_private(row: str, private: tuple[str, ...]) -> None:
    message = opening(f"{row}\nsecond line", [])
    said = everything({"text": message.text, "blocks": list(message.blocks)})
    assert not any(each in said for each in private)
    assert "second line" in said
