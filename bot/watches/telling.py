"""Gets what watches say out into Slack: each post once, however often it is tried, and each opens a case.

A notice is marked as on its way before Slack is called; where the answer was lost, Slack is searched for it. Where a
channel can't be written to any more, its watch pauses, and whoever began it is told so and what the channel missed.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Final

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.database.notices import Notice, Notices
from bot.jobs import Pace
from diagnostics.checks.record import record
from handlers import paging
from handlers.blocks import watch
from handlers.blocks.message import Message
from handlers.failures import TooEarlyError, advice, slack_error
from handlers.judging import judge
from handlers.ports.cases import Pasted
from handlers.ports.incidents import Sighting
from handlers.ports.services import Services
from handlers.ports.thread import Thread

logger = logging.getLogger(__name__)

_SHUT: Final = {
    "not_in_channel": "I am not in that channel",
    "channel_not_found": "I can't see that channel any more",
    "is_archived": "that channel is archived",
    "restricted_action": "I may not post in that channel",
    "no_permission": "I may not post in that channel",
    "account_inactive": "that conversation is closed",
}
_GRAVE: Final = ("unreachable", "failing")
_FORGOTTEN: Final = "somebody"


class Telling:
    def __init__(self, notices: Notices, services: Services, pace: Pace) -> None:
        self._notices = notices
        self._services = services
        self._pace = pace

    async def deliver(self, notice: Notice) -> None:
        """One try. What came of it is recorded; raises nothing that a notice can do about."""
        outlets = {
            "start": self._start,
            "news": self._news,
            "edit": self._edit,
            "line": self._line,
            "owner": self._owner,
        }
        try:
            self._wait_for_stragglers(notice)
            await self._notices.send_off(notice)
            ts = await outlets[notice.kind](notice)
            await self._notices.settle(notice, "sent", ts)
        except Exception as error:  # noqa: BLE001 - `advice` knows which ones pass, the log gets them all
            await self._failed(notice, error)

    def _wait_for_stragglers(self, notice: Notice) -> None:
        """A call whose answer was lost may still be on its way into Slack."""
        if notice.state == "sending" and notice.waited < self._pace.straggler:
            raise TooEarlyError(self._pace.straggler - notice.waited)

    async def _failed(self, notice: Notice, error: Exception) -> None:
        what = advice(error)
        seconds = what.after if what.after is not None else self._pace.backoff * 2**notice.tries
        reason = slack_error(error) if isinstance(error, SlackApiError) else ""
        lost = notice.state == "sending" if isinstance(error, TooEarlyError) else not reason
        if what.passes and (notice.tries + 1 < self._pace.tries or not what.counts):
            await self._notices.postpone(notice, seconds, counts=what.counts, lost=lost)
            return
        logger.warning("a notice failed", extra={"kind": notice.kind, "reason": what.reason}, exc_info=error)
        if reason in _SHUT and notice.kind != "owner":
            await self._notices.pause(notice.watch, _SHUT[reason])
        else:
            await self._notices.settle(notice, "failed")

    async def _start(self, notice: Notice) -> str:
        ts = await self._post(notice, "", await self._message(notice))
        await self._open_case(notice, ts)
        return ts

    async def _news(self, notice: Notice) -> str:
        ts = await self._post(notice, "", await self._message(notice))
        thread = await self._open_case(notice, ts)
        if any(change.kind == "fault" and change.severity in _GRAVE for change in notice.content.changes):
            await self._found(thread)
        return ts

    async def _edit(self, notice: Notice) -> str:
        about = await self._notices.get(notice.about) if notice.about else None
        if about is not None and about.ts:
            await paging.edit(await self._slack(notice), about.channel, about.ts, await self._message(about))
        return ""

    async def _line(self, notice: Notice) -> str:
        about = await self._notices.get(notice.about) if notice.about else None
        return await self._post(notice, about.ts if about else "", watch.line_of(notice.content.changes))

    async def _owner(self, notice: Notice) -> str:
        channel = await paging.direct_channel(await self._slack(notice), notice.owner)
        message = watch.paused(notice.target, notice.channel, notice.content.why, notice.content.changes)
        return await self._post(replace(notice, channel=channel), "", message)

    async def _message(self, notice: Notice) -> Message:
        """What a message says by now."""
        content = notice.content
        if notice.kind == "start" and content.report is not None:
            who = await self._services.names(notice.team, f"@{notice.owner}") if notice.owner else _FORGOTTEN
            return watch.started(content.report, notice.every, who, over=notice.over)
        standing = await self._services.incidents.standing(Thread(notice.team, notice.channel, notice.ts))
        return watch.news(notice.target, content.changes, content.report, over=notice.over, oncall=standing.anybody)

    async def _found(self, thread: Thread) -> None:
        """A look of our own found a failure: the rules decide whether anybody is paged. Nobody reported it."""
        sighting = Sighting(thread, await judge(await self._services.cases.pasted(thread)))
        await self._services.incidents.noted(sighting)
        await self._services.incidents.saw(sighting)

    async def _post(self, notice: Notice, thread_ts: str, message: Message) -> str:
        slack, again = await self._slack(notice), notice.state == "sending"
        return await paging.post(slack, notice.channel, thread_ts, message, notice.id, again=again)

    async def _slack(self, notice: Notice) -> AsyncWebClient:
        return await self._services.slack(notice.team)

    async def _open_case(self, notice: Notice, ts: str) -> Thread:
        """The thread of a notice is a case: what is pasted there is judged together with what the look saw."""
        thread = Thread(notice.team, notice.channel, ts)
        report = notice.content.report
        if report is not None:
            seen = record(report.target, report.kind, report.attempts)
            await self._services.cases.keep(thread, Pasted(ts, seen))
            await self._services.cases.adopt(thread, ts, "watch", ts)
        return thread
