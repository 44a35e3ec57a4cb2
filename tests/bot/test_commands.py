"""`/mailflow`, which answers only the person who asked."""

from __future__ import annotations

import pytest

from tests.bot.conftest import World, everything
from tests.bot.pastes import FAILING


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "paste"),
        ("help", "paste"),
        ("explain 5.7.64", "5.7.64"),
        ("EXPLAIN 5.7.64", "5.7.64"),
        ("explain", "explain 5.7.64"),
        ("explain tls.certificate.private-key-permission", "private key"),
        (f"diagnose {FAILING}", "UnknownCredentials"),
        ("frobnicate", "do not know that command"),
        ("explian 5.7.64", "Did you mean: explain"),
        ("escalate", "MAILFLOW_ONCALL_FILE"),
        ("status", "Which case?"),
    ],
)
async def test_each_command_is_answered_for_one_pair_of_eyes(
    world: World, mode: dict[str, str], text: str, expected: str
) -> None:
    async with world.bot(mode):
        sent = await world.place.command("alex", "#exchange", "/mailflow", text)
        assert sent.acknowledged
        told = await world.place.wait_for(lambda: world.place.ephemerals("alex"))
        assert expected.lower() in everything(told[0]).lower()
        assert not [block for block in told[0].get("blocks", []) if block["type"] == "actions"]
        await world.settled()
        assert len(world.place.ephemerals("alex")) == 1
        assert world.place.messages("#exchange") == []
