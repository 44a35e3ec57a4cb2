"""All ports at once. `bot.app` puts the adapters behind them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handlers.ports.cases import Cases
from handlers.ports.checks import Checks
from handlers.ports.feedback import Feedback
from handlers.ports.files import Files
from handlers.ports.history import History
from handlers.ports.inbox import Inbox
from handlers.ports.incidents import Incidents
from handlers.ports.logs import Logs
from handlers.ports.oncall import OnCall
from handlers.ports.people import People
from handlers.ports.permissions import Permissions
from handlers.ports.roster import Roster
from handlers.ports.slack import Identity, Slack
from handlers.ports.told import Told
from handlers.ports.watches import Watches


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that listeners and jobs work with."""

    inbox: Inbox
    cases: Cases
    history: History
    slack: Slack
    files: Files
    checks: Checks
    watches: Watches
    logs: Logs
    permissions: Permissions
    identity: Callable[[str], Awaitable[Identity]]
    """Who the bot is in a team's workspace. Raises NotInstalledError."""
    removed: Callable[[str, datetime], Awaitable[bool]]
    """Erases what is held of a team from whose workspace the app was removed; False when it is back since that time."""
    respond: Callable[[str, dict[str, Any]], Awaitable[None]]
    oncall: OnCall
    incidents: Incidents
    roster: Roster
    feedback: Feedback
    told: Told
    people: People
    names: Callable[[str, str], Awaitable[str]]
    """What somebody is called in a team; see Standing for who."""
    max_file_bytes: int = 5_000_000
    alert_bots: frozenset[str] = frozenset()
    manual_url: str = ""
    """Where the causes' pages are published; "" for nowhere."""
    straggler_seconds: float = 2.0
    """How long a call whose answer was lost may still take effect."""
