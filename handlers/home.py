"""The Home tab, drawn for whoever opens it, and once a minute anew for as long as incidents move and it was opened lately.

Nothing waits for it, so it is no delivery: who wants it opens it again.
"""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError

from handlers import incidents, paging
from handlers.blocks.home import CHOICES, DAYS, MOST_OPEN, ON, Seen, home
from handlers.failures import slack_error
from handlers.ports.history import IncidentFilter
from handlers.ports.services import Services
from handlers.ports.slack import NotInstalledError

logger = logging.getLogger(__name__)

_MOST_RECENT: Final = 1_000
_AGAIN: Final = timedelta(seconds=3)
_LEAST: Final = timedelta(seconds=45)
_MONTH: Final = timedelta(days=30)
_UNREACHABLE: Final = (SlackApiError, aiohttp.ClientError, TimeoutError, OSError, NotInstalledError)


async def opened(services: Services, team: str, event: dict[str, Any]) -> None:
    """Draws the tab, unless that was done a moment ago. Slack tells of the Messages tab by the same event."""
    if event.get("tab") != "home" or not event.get("user"):
        return
    member = str(event["user"])
    if await services.people.opened(team, member, _AGAIN):
        await draw(services, team, member)


async def refresh(services: Services) -> None:
    """Draws what is out of date of the tabs that were opened lately. Called once a minute."""
    for team, member in await services.people.outdated(_LEAST):
        await draw(services, team, member)


async def chosen(services: Services, team: str, body: dict[str, Any]) -> None:
    """Keeps what somebody chose in one of the tab's menus."""
    action, member = body["actions"][0], str(body["user"]["id"])
    on = (action.get("selected_option") or {}).get("value") == ON
    before = await services.people.choices(team, member)
    after = replace(before, **{CHOICES[action["action_id"]]: on})
    await services.people.choose(team, member, after)


async def draw(services: Services, team: str, member: str) -> None:
    """Shows somebody how things stand now; calls nobody where that is what they see."""
    try:
        view = home(await _seen(services, team, member))
        digest = sha256(json.dumps(view).encode()).hexdigest()[:32]
        if digest != await services.people.shown(team, member):
            await (await services.slack(team)).views_publish(user_id=member, view=view)
            await services.people.showed(team, member, digest)
    except _UNREACHABLE as error:
        reason = slack_error(error) if isinstance(error, SlackApiError) else type(error).__name__
        logger.warning("the Home tab was not drawn", extra={"reason": reason})


async def _seen(services: Services, team: str, member: str) -> Seen:
    """The same as `/mailflow incidents` tells: what is open to everybody, and to guests nothing, for they ask in no channel."""
    now, slack = datetime.now(UTC), await services.slack(team)
    beyond = await paging.sees_all(slack, team, member)
    lists, past = services.history.listed, now - timedelta(days=DAYS)
    wanted = IncidentFilter(team, "", beyond=beyond)
    open_now, recent, figures, duties, watches, choices = await asyncio.gather(
        lists(wanted, skip=0, most=MOST_OPEN + 1),
        lists(IncidentFilter(team, "", "all", since=past, beyond=beyond), skip=0, most=_MOST_RECENT),
        services.history.figures(team, now - _MONTH),
        services.roster.now(team),
        services.watches.begun_by(team, member),
        services.people.choices(team, member),
    )
    shown = open_now[:MOST_OPEN]
    links = await asyncio.gather(*(paging.permalink(slack, each.thread) for each in shown))
    return Seen(
        now,
        open_now,
        recent,
        names=await incidents.names(services, shown),
        links=dict(zip((each.thread for each in shown), links, strict=True)),
        figures=figures,
        duties=duties,
        watches=watches,
        choices=choices,
        limited=not beyond,
    )
