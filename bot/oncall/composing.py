"""Puts on-call together from the settings and the on-call file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web

from bot.database import Database
from bot.database.escalations import EscalationStore
from bot.database.told import Told
from bot.jobs import Pace, ThreadLocks
from bot.oncall.deciding import Clock, Decider
from bot.oncall.escalations import Escalations
from bot.oncall.inbound import Inbound
from bot.oncall.incidents import Incidents
from bot.oncall.pager import Draw, Pager
from bot.oncall.pagerduty import PagerDuty
from bot.oncall.policy import NOBODY, Policy, PolicyError, load
from bot.oncall.roster import Roster
from bot.oncall.sources import Sources
from bot.oncall.telling import Telling
from bot.oncall.webhook import Webhook
from bot.settings import Settings, SettingsError
from bot.telemetry import Telemetry
from handlers.names import Names
from handlers.ports.cases import Cases
from handlers.ports.slack import Slack

if TYPE_CHECKING:
    from pydantic import SecretStr


@dataclass(frozen=True)
class _Secrets:
    """What the on-call file may need and doesn't hold; "" for what isn't set."""

    pagerduty_token: str
    pagerduty_routing_key: str
    pagerduty_webhook: str
    webhook: str


def _secrets(settings: Settings) -> _Secrets:
    def plain(value: SecretStr | None) -> str:
        return value.get_secret_value() if value else ""

    return _Secrets(
        plain(settings.pagerduty_token),
        plain(settings.pagerduty_routing_key),
        plain(settings.pagerduty_webhook_secret),
        plain(settings.oncall_webhook_secret),
    )


def policy_of(settings: Settings) -> Policy | None:
    """The on-call file, if one is set. Raises SettingsError with a sentence for each mistake in it."""
    if settings.oncall_file is None:
        return None
    try:
        policy = load(settings.oncall_file)
    except PolicyError as error:
        raise SettingsError(*(f"MAILFLOW_ONCALL_FILE: {sentence}" for sentence in error.sentences)) from None
    if settings.client_id and not policy.team:
        raise SettingsError(
            "MAILFLOW_ONCALL_FILE: team is missing. Several workspaces may install the app: say whose people these are, as in "
            'team = "T0123ABCD".'
        )
    if wrong := _missing(policy, _secrets(settings)):
        raise SettingsError(*wrong)
    return policy


@dataclass(frozen=True)
class Composed:
    """On-call, put together: what handlers and jobs work with, and what is added to the HTTP side."""

    escalations: Escalations
    incidents: Incidents
    roster: Roster
    routes: tuple[web.RouteDef, ...]


@dataclass(frozen=True)
class Surroundings:
    """What on-call works with. `draw` edits the card of a case; `ready` says whether requests are taken in."""

    database: Database
    session: aiohttp.ClientSession
    slack: Slack
    cases: Cases
    names: Names
    draw: Draw
    ready: Callable[[], bool]
    clock: Clock
    pace: Pace
    telemetry: Telemetry


def compose(settings: Settings, around: Surroundings) -> Composed:
    """On-call by the on-call file; without one nobody is ever paged. Starts nothing. Raises SettingsError."""
    policy = policy_of(settings)
    secrets = _secrets(settings) if policy else _Secrets("", "", "", "")
    policy = policy or NOBODY
    store, clock, pace = EscalationStore(around.database), around.clock, around.pace
    pagerduty = PagerDuty(
        around.session, policy.pagerduty, token=secrets.pagerduty_token, routing_key=secrets.pagerduty_routing_key
    )
    webhooks = {
        name: Webhook(around.session, name, table.url, secrets.webhook) for name, table in policy.webhooks.items()
    }
    sources = Sources(policy, around.slack, pagerduty, webhooks)
    telling = Telling(around.cases, around.slack, around.names, policy.time_zone)
    told = Told(around.database)
    pager = Pager(
        store, around.slack, telling, sources, pagerduty, webhooks, draw=around.draw, told=told, clock=clock, pace=pace
    )
    decider = Decider(policy, clock)
    locks = ThreadLocks(around.database.url, patience=pace.trivial)
    escalations = Escalations(store, decider, deliver=pager.deliver, locks=locks, pace=pace, telemetry=around.telemetry)
    inbound = Inbound(
        escalations,
        clock=clock,
        ready=around.ready,
        pagerduty_api=pagerduty if secrets.pagerduty_token else None,
        pagerduty_secret=secrets.pagerduty_webhook,
        webhook_secret=secrets.webhook,
    )
    window = timedelta(minutes=settings.storm_minutes)
    return Composed(
        escalations,
        Incidents(store, decider, window=window),
        Roster(policy, sources, around.names.of, clock=clock),
        tuple(inbound.routes()),
    )


def _missing(policy: Policy, secrets: _Secrets) -> list[str]:
    """What the file relies on and the settings don't have."""
    wrong: list[str] = []
    for name, target in policy.targets.items():
        for key, used, secret, setting in (
            ("pagerduty_schedule", target.pagerduty_schedule, secrets.pagerduty_token, "MAILFLOW_PAGERDUTY_TOKEN"),
            ("pagerduty", target.pagerduty, secrets.pagerduty_routing_key, "MAILFLOW_PAGERDUTY_ROUTING_KEY"),
        ):
            if used and not secret:
                wrong.append(f"MAILFLOW_ONCALL_FILE: targets.{name}.{key} needs {setting}.")
    if policy.webhooks and not secrets.webhook:
        wrong.append("MAILFLOW_ONCALL_FILE: webhooks needs MAILFLOW_ONCALL_WEBHOOK_SECRET.")
    return wrong
