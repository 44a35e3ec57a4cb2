"""Policies for tests, as an operator would write them."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from typing import Any

from bot.oncall.policy import Policy

PRIYA, JONAS, SAM = "U0PRIYANAI", "U0JONASWEB", "U0SAMOKAFO"
NOON = datetime(2026, 3, 24, 12, tzinfo=UTC)  # a Tuesday; 13:00 in Berlin
MIDNIGHT = datetime(2026, 3, 24, 23, tzinfo=UTC)  # the night of that Tuesday

TEXT = """
time_zone = "Europe/Berlin"
channel = "C0ONCALL01"
rounds = 2
rearm_after = "30m"

[people.priya]
slack = "U0PRIYANAI"

[people.jonas]
slack = "U0JONASWEB"

[people.sam]
slack = "U0SAMOKAFO"

[rotas.exchange]
layers = [{ people = ["priya", "jonas"], start = 2026-01-05T09:00:00 }]

[targets.first]
rota = "exchange"

[targets.backup]
people = ["sam"]

[targets.both]
people = ["priya", "jonas"]

[[levels]]
targets = ["first", "backup"]
delay = "10m"

[[levels]]
targets = ["both"]
delay = "5m"
"""

QUIET = """
[quiet_hours]
hours = [{ from = "22:00", to = "07:00" }]
"""


def policy(more: str = "", **changed: Any) -> Policy:
    """The policy of TEXT with more TOML behind it; `changed` replaces whole keys of its top."""
    return Policy.model_validate({**tomllib.loads(TEXT + more), **changed})
