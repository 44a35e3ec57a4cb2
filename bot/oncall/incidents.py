"""handlers.ports.incidents.Incidents: what a case shows, which threads are about the same failure, and how things stand with it.

The first thread about a failure is its incident. Whoever reports the same within the window is led there, or, where they can't
see it, gets an answer of their own; either way the incident counts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

from bot.database.alike import Link
from bot.database.escalations import EscalationStore, StoredStanding
from bot.database.held import Held
from bot.oncall import drafts
from bot.oncall.deciding import Decider
from bot.oncall.events import Judged, Phase, Reported
from bot.oncall.severity import assess
from diagnostics.report import Report
from diagnostics.subject import signature
from handlers.blocks.sections import leading
from handlers.ports.incidents import Sighting, Standing
from handlers.ports.thread import Thread, is_direct

_SURE: Final = ("confirmed", "likely")
_TROUBLE: Final = ("failure", "unknown")
_ALIKE: Final = 5  # suspects that make up a symptom
_PHASES: Final[dict[Phase, Literal["open", "paging", "acknowledged", "resolved"]]] = {
    "idle": "open",
    "watching": "open",
    "paging": "paging",
    "acknowledged": "acknowledged",
    "resolved": "resolved",
}


class Incidents:
    """`window` is how long after its beginning an incident takes in reports of the same failure; 0 for never."""

    def __init__(self, store: EscalationStore, decider: Decider, *, window: timedelta) -> None:
        self._store = store
        self._decider = decider
        self._window = window

    async def noted(self, sighting: Sighting) -> None:
        thread, report = sighting.thread, sighting.report
        async with self._store.opened(thread) as held:
            now = self._decider.clock()
            new = held.state.opened is None
            shows = held.mark_of(signature(report))
            audience = sighting.audience if sighting.message_ts else None
            await held.alike.sign(shows, _suspects(report), audience=audience, anew=False)
            await held.judged(*_comes_to(report))
            if report.verdict in _TROUBLE:
                by = f"@{sighting.user}" if sighting.user else "an alert"
                await self._decider.apply(held, Reported(by, sighting.fresh), now)
                if sighting.message_ts:
                    await held.alike.reported(by if sighting.user else "", sighting.message_ts, now)
            await self._link(held, shows, new=new)

    async def saw(self, sighting: Sighting) -> None:
        thread, report = sighting.thread, sighting.report
        async with self._store.opened(thread) as held:
            suspects = [finding.cause for finding in report.findings if not finding.alike]
            symptom = " ".join(sorted(suspects[:_ALIKE]))
            await held.save(held.state, symptom)
            link = await held.alike.link()
            await held.plan_card(*await held.alike.above())
            if not link.led:
                await self._weigh(held, sighting, symptom)
        if link.led and link.joined:
            async with self._store.held(link.joined) as lead:
                if lead:
                    await self._weigh(lead, sighting, symptom)

    async def changed(self, thread: Thread, report: Report | None, *, deleted: str = "") -> None:
        escalation = await self._store.find(thread)
        if escalation is None:
            return
        joiners: Sequence[UUID] = ()
        async with self._store.held(escalation) as held:
            if held is None:
                return
            if held.thread == thread:
                joiners = await self._signed_anew(held, report, deleted)
            await held.plan(drafts.edits(await held.out()))
            await held.plan_card(*await held.alike.above())
            await held.wake()
        for joiner in joiners:  # one after the other, oldest first: where the lead is gone, the next one becomes it
            async with self._store.held(joiner) as held:
                if held:
                    await self._link(held, await held.alike.signature(), new=False)

    async def standing(self, thread: Thread) -> Standing:
        anybody = self._decider.pages(thread.team)
        found = await self._store.standing(thread)
        if found is None:
            return Standing(anybody=anybody)
        state = found.state
        phase = _PHASES[state.phase]
        who = await self._paged(found) if phase == "paging" else tuple(filter(None, (state.holder,)))
        return Standing(
            phase=phase,
            who=who,
            since=state.since,
            took=state.since - state.opened if state.since and state.opened and phase == "resolved" else None,
            held=state.held if phase == "paging" else "",
            cause=state.resolution,
            reopened=state.reopened,
            reports=found.reports,
            people=found.people,
            lead=found.lead,
            suspects=found.suspects,
            reporter=found.reporter,
            escalation=str(found.id),
            anybody=anybody,
        )

    # -- within a transaction -------------------------------------------------------------------------

    async def _link(self, held: Held, shows: str, *, new: bool) -> None:
        """Decides which incident this one belongs to. A thread that has a card of its own keeps it."""
        before = await held.alike.link()
        link = before
        if before.joined and not await held.alike.stays(before.joined, shows):
            link = Link()
        if (new or (before.led and not link.led)) and shows and self._window:
            link = await held.alike.first(shows, self._decider.clock() - self._window)
        if link == before:
            return
        above = await held.alike.above()
        await held.alike.join(link)
        await held.plan_card(*dict.fromkeys([*above, *await held.alike.above()]))

    async def _weigh(self, held: Held, sighting: Sighting, symptom: str) -> None:
        """What somebody shows us alone pages nobody by itself."""
        now = self._decider.clock()
        report = sighting.report
        quiet = is_direct(sighting.thread.channel) or not self._decider.pages(sighting.thread.team)
        rules = () if quiet else self._decider.policy.rules
        counted = {rule.within: 0 for rule in rules if rule.when == "many-reporters" and symptom}
        for within in counted:
            counted[within] = await held.alike.reporters(symptom, now - within)
        found = assess(rules, report, lambda within: counted.get(within, 0))
        top = report.findings[0] if report.findings else None
        cause = top.cause if top and top.belief in _SURE else ""
        judged = Judged(found.severity, found.after, found.reason, cause) if found else Judged(cause=cause)
        await self._decider.weigh(held, judged, now)

    async def _signed_anew(self, held: Held, report: Report | None, deleted: str) -> list[UUID]:
        """What a case shows after something of it was taken back; the escalations that joined it for what it showed."""
        if deleted:
            await held.alike.unreported(deleted)
        shows = held.mark_of(signature(report)) if report else ""
        suspects = _suspects(report) if report else ()
        await held.alike.sign(shows, suspects, audience=None, anew=True)
        await held.judged(*_comes_to(report))
        if report is None:
            await self._link(held, "", new=False)
        return await held.alike.joiners()

    async def _paged(self, found: StoredStanding) -> tuple[str, ...]:
        return tuple(drafts.name_of(page) for page in await self._store.last_paged(found.id, found.state.incident))


def _suspects(report: Report) -> tuple[str, ...]:
    return tuple(each.cause for each in report.findings)


def _comes_to(report: Report | None) -> tuple[str, str, str]:
    """Its verdict, the cause that is blamed and with which belief; "" for none."""
    top = leading(report) if report else None
    return (report.verdict if report else "nothing", top.cause if top else "", top.belief if top else "")
