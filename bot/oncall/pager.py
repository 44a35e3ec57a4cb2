"""Gets pages out: looks up who is behind a target, writes to people and threads in Slack, calls other systems.

A page is marked as on its way before it goes. When its outcome wasn't seen, Slack is searched for it, and other systems
get it again under the same key: so nobody is paged twice. A person's page that fails counts as failed soon, because
somebody else has to be paged; a note in a thread is tried for longer.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from typing import Any, Final
from uuid import UUID

from slack_sdk.errors import SlackApiError

from bot.database.escalations import EscalationStore
from bot.database.pages import Draft, StoredPage
from bot.jobs import Pace
from bot.oncall.deciding import Clock
from bot.oncall.escalations import Escalations
from bot.oncall.failures import AdapterError
from bot.oncall.pagerduty import Incident, PagerDuty
from bot.oncall.sources import Recipient, Resolution, Sources
from bot.oncall.telling import Telling
from bot.oncall.webhook import Webhook
from bot.pacing import OwnPaceError, first
from handlers import paging
from handlers.blocks.message import Message
from handlers.failures import Advice, TooEarlyError, advice, slack_error
from handlers.mending import lacking, mend
from handlers.ports.slack import Slack
from handlers.ports.thread import Thread
from handlers.ports.told import Told

logger = logging.getLogger(__name__)

Draw = Callable[[Thread], Awaitable[None]]

_TRIES: Final = 3  # for a person's page
_PATIENCE: Final = 15.0  # seconds that a person's page may be told to wait


class Pager:
    """`deliver` is what Escalations calls with a page that is due; `draw` edits the card of a case."""

    def __init__(
        self,
        store: EscalationStore,
        slack: Slack,
        telling: Telling,
        sources: Sources,
        pagerduty: PagerDuty,
        webhooks: Mapping[str, Webhook],
        *,
        draw: Draw,
        told: Told,
        clock: Clock,
        pace: Pace,
    ) -> None:
        self._store = store
        self._slack = slack
        self._telling = telling
        self._sources = sources
        self._pagerduty = pagerduty
        self._webhooks = webhooks
        self._draw = draw
        self._told = told
        self._clock = clock
        self._pace = pace

    async def deliver(self, escalations: Escalations, page: StoredPage) -> None:
        """One try. What came of it is recorded; raises nothing that a page can do about."""
        outlets = {
            "target": self._look_up,
            "direct": self._direct,
            "reporter": self._reporter,
            "root": self._root,
            "channel": self._there,
            "thread": self._here,
            "edit": self._edit,
            "card": self._card,
            "pagerduty": self._incident,
            "webhook": self._hook,
        }
        try:
            if not await self._begin(page):
                return
            with nullcontext() if page.outlet in ("edit", "card") else first():
                await outlets[page.outlet](escalations, page)
        except Exception as error:  # noqa: BLE001 - `_advice` knows which ones pass, the log gets them all
            await self._failed(escalations, page, error)

    async def _begin(self, page: StoredPage) -> bool:
        """Marks the page as on its way; False when it is no longer wanted."""
        if page.state == "sending" and page.waited < self._pace.straggler:
            raise TooEarlyError(self._pace.straggler - page.waited)
        return await self._store.send_off(page)

    async def _failed(self, escalations: Escalations, page: StoredPage, error: Exception) -> None:
        what = _advice(error)
        person = page.step > 0
        seconds = what.after if what.after is not None else self._pace.backoff * 2**page.tries
        if isinstance(error, TooEarlyError):
            await self._store.postpone(page, seconds, counts=False, lost=page.state == "sending")
            return
        if isinstance(
            error, OwnPaceError
        ):  # it goes out as soon as it can: whoever else is paged gets theirs no sooner
            await self._store.postpone(page, seconds, counts=False, lost=False)
            return
        left = page.tries + 1 < (_TRIES if person else self._pace.tries) or not (person or what.counts)
        if what.passes and left and not (person and seconds > _PATIENCE):
            await self._store.postpone(page, seconds, counts=person or what.counts, lost=_lost(page, error))
            return
        logger.warning("a page failed", extra={"outlet": page.outlet, "reason": what.reason}, exc_info=error)
        await escalations.settle(page, "failed", ref=_half_a_sentence(error), more=await self._said_once(page, error))

    async def _said_once(self, page: StoredPage, error: Exception) -> tuple[Draft, ...]:
        """The note about an on-call channel that can't be written to: those who are in the case's thread can mend it."""
        sentence = mend(error, "the on-call channel") if page.outlet == "root" else ""
        if not sentence or not isinstance(error, SlackApiError):
            return ()
        problem = slack_error(error)
        if not await self._told.first(page.thread.team, problem, page.address):
            return ()
        return (Draft(f"shut {problem}", "thread", content={"what": "shut", "detail": sentence}),)

    # -- who ------------------------------------------------------------------------------------------

    async def _look_up(self, escalations: Escalations, page: StoredPage) -> None:
        found = await self._sources.resolve(page.thread.team, page.address, self._clock())
        if not found.recipients and found.problem:
            raise found.problem
        if found.problem:
            logger.warning("a source of on-call people failed", extra={"reason": str(found.problem)})
        wanted, why = await self._wanted(page, found)
        until = found.until.isoformat() if found.until else ""
        drafts = tuple(self._draft(page, recipient) for recipient in wanted)
        if drafts or (page.content.get("hand_over") and not why):
            await escalations.settle(page, "sent", ref=until, more=drafts)
        else:
            await escalations.settle(page, "failed", ref=why)

    async def _wanted(self, page: StoredPage, found: Resolution) -> tuple[list[Recipient], str]:
        """Whom to page of those who were found: not who asked, and at a change of shifts not who was paged before."""
        if not found.recipients:
            return [], "nobody is on call there"
        askers = [str(asker).lstrip("@") for asker in page.content.get("askers", ())]
        wanted = [each for each in found.recipients if each[1] not in askers]
        if page.content.get("hand_over"):
            before = await self._store.paged(page.escalation, page.incident)
            return [each for each in wanted if each not in before], ""
        return wanted, "" if wanted else "whoever is on call there is the one who asks"

    def _draft(self, page: StoredPage, recipient: Recipient) -> Draft:
        outlet, address = recipient
        return Draft(f"step {page.step} {outlet} {address}", outlet, address, page.content, page.step)

    # -- Slack ----------------------------------------------------------------------------------------

    async def _direct(self, escalations: Escalations, page: StoredPage) -> None:
        channel = await paging.direct_channel(await self._slack(page.thread.team), page.address)
        message = await self._telling.page(page)
        await self._post(escalations, page, channel, "", message)

    async def _reporter(self, escalations: Escalations, page: StoredPage) -> None:
        channel = await paging.direct_channel(await self._slack(page.thread.team), page.address)
        await self._post(escalations, page, channel, "", await self._telling.for_reporter(page))

    async def _root(self, escalations: Escalations, page: StoredPage) -> None:
        await self._post(escalations, page, page.address, "", await self._telling.page(page))

    async def _there(self, escalations: Escalations, page: StoredPage) -> None:
        """In the on-call channel's thread; where that couldn't be opened, whoever must be pinged is pinged here."""
        root = await self._store.root(page)
        if root and root.state in ("planned", "sending"):
            raise TooEarlyError(self._pace.backoff)
        if root and root.state == "sent":
            await self._post(escalations, page, root.place, root.ref, await self._telling.note(page))
        elif page.content.get("ping"):
            await self._here(escalations, page)
        else:
            await escalations.settle(page, "dropped")

    async def _here(self, escalations: Escalations, page: StoredPage) -> None:
        await self._post(escalations, page, page.thread.channel, page.thread.ts, await self._telling.note(page))

    async def _edit(self, escalations: Escalations, page: StoredPage) -> None:
        """A page that Slack shows says how things stand, and quotes only what is still on record."""
        shown, state = await self._store.page(UUID(page.address)), await self._store.state(page.escalation)
        if shown is not None and state is not None:
            message = await self._telling.shown(shown, state)
            await paging.edit(await self._slack(page.thread.team), shown.place, shown.ref, message)
        await escalations.settle(page, "sent")

    async def _card(self, escalations: Escalations, page: StoredPage) -> None:
        await self._draw(page.thread)
        await escalations.settle(page, "sent")

    async def _post(self, escalations: Escalations, page: StoredPage, channel: str, ts: str, message: Message) -> None:
        again = page.state == "sending"
        slack = await self._slack(page.thread.team)
        ref = await paging.post(slack, channel, ts, message, page.id, again=again)
        await escalations.settle(page, "sent", place=channel, ref=ref)

    # -- other systems --------------------------------------------------------------------------------

    async def _incident(self, escalations: Escalations, page: StoredPage) -> None:
        key = f"mailflow-{page.escalation}-{page.incident}"
        action = page.content.get("action", "trigger")
        if action != "trigger":
            await self._pagerduty.send(action, Incident(key))
        else:
            essence = await self._telling.essence(page)
            title, link = essence.pop("title"), essence.pop("link")
            await self._pagerduty.send("trigger", Incident(key, title, page.content["severity"], link, essence))
        await escalations.settle(page, "sent", ref=key)

    async def _hook(self, escalations: Escalations, page: StoredPage) -> None:
        webhook = self._webhooks.get(page.address)
        if webhook is None:
            raise AdapterError("the on-call file no longer has this webhook", passes=False)
        body: dict[str, Any] = {"type": page.content.get("action", "page"), "escalation": str(page.escalation)}
        if body["type"] == "page":
            body |= {"severity": page.content["severity"], **await self._telling.essence(page)}
        else:
            body["by"] = await self._telling.name(page.thread.team, str(page.content["who"][0]))
        await webhook.tell(body, page.id, self._clock())
        await escalations.settle(page, "sent", ref=str(page.id))


def _advice(error: Exception) -> Advice:
    if isinstance(error, AdapterError):
        return Advice(passes=error.passes, after=error.after, counts=True, reason=str(error))
    return advice(error)


def _lost(page: StoredPage, error: Exception) -> bool:
    """Whether it may have arrived all the same: then it is looked for before it is sent again."""
    if isinstance(error, SlackApiError):
        return not slack_error(error)
    return page.outlet != "target"


def _half_a_sentence(error: Exception) -> str:
    if isinstance(error, AdapterError):
        return str(error)
    if isinstance(error, SlackApiError):
        if scope := lacking(error):
            return f"the app lacks the scope {scope}"
        return f"Slack says {slack_error(error) or 'nothing'}"
    return f"Slack can't be reached ({type(error).__name__})"
