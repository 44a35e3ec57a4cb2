"""The Home tab, drawn for whoever opens it. Nothing waits for it, so it is no delivery: who wants it opens it again."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError

from handlers import incidents, paging
from handlers.blocks.home import DAYS, MOST_OPEN, Seen, home
from handlers.failures import slack_error
from handlers.past import IncidentFilter
from handlers.ports import NotInstalledError, Services

logger = logging.getLogger(__name__)

_MOST_RECENT: Final = 1_000
_MONTH: Final = timedelta(days=30)
_UNREACHABLE: Final = (SlackApiError, aiohttp.ClientError, TimeoutError, OSError, NotInstalledError)


async def opened(services: Services, team: str, event: dict[str, Any]) -> None:
    """Draws the tab. Slack tells of the Messages tab by the same event."""
    if event.get("tab") != "home" or not event.get("user"):
        return
    member = str(event["user"])
    try:
        view = home(await _seen(services, team, member))
        await (await services.slack(team)).views_publish(user_id=member, view=view)
    except _UNREACHABLE as error:
        reason = slack_error(error) if isinstance(error, SlackApiError) else type(error).__name__
        logger.warning("the Home tab was not drawn", extra={"reason": reason})


async def _seen(services: Services, team: str, member: str) -> Seen:
    """The same as `/mailflow incidents` tells: what is open to everybody, and to guests nothing, for they ask in no channel."""
    now, slack = datetime.now(UTC), await services.slack(team)
    beyond = await paging.sees_all(slack, member)
    lists, past = services.history.listed, now - timedelta(days=DAYS)
    wanted = IncidentFilter(team, "", beyond=beyond)
    open_now, recent, figures, duties, watches = await asyncio.gather(
        lists(wanted, skip=0, most=MOST_OPEN + 1),
        lists(IncidentFilter(team, "", "all", since=past, beyond=beyond), skip=0, most=_MOST_RECENT),
        services.history.figures(team, now - _MONTH),
        services.roster.now(team),
        services.watches.begun_by(team, member),
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
        limited=not beyond,
    )
