"""What pages say: the case as it is judged at the moment, why somebody is paged, and the notes in threads."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from bot.database.pages import StoredPage
from bot.oncall import sentences
from bot.oncall.events import State
from diagnostics import Report
from diagnostics.redaction import Redactor
from handlers import paging
from handlers.blocks.message import Message, message, plain
from handlers.blocks.outline import line, part
from handlers.blocks.page import mention, page, summary
from handlers.blocks.words import listed
from handlers.judging import judge
from handlers.names import Names
from handlers.ports.cases import Cases
from handlers.ports.slack import Slack
from handlers.ports.thread import Thread

_QUOTES: Final = 3
_QUOTE: Final = 300


class Telling:
    """Nothing of a case is stored with a page: all that is said of it is read when it is said. Times are in `zone`."""

    def __init__(self, cases: Cases, slack: Slack, names: Names, zone: ZoneInfo) -> None:
        self._cases = cases
        self._slack = slack
        self._zone = zone
        self.name = names.of

    async def page(self, stored: StoredPage) -> Message:
        """What a person, or the on-call channel, gets to read."""
        return await self._page(stored, await self.why(stored), str(stored.escalation))

    async def shown(self, stored: StoredPage, state: State) -> Message:
        """The same by now: who has it, and what is still on record."""
        if state.phase not in ("acknowledged", "resolved"):
            return await self.page(stored)
        why = sentences.told({"what": state.phase}, [await self.name(stored.thread.team, state.holder)], self._zone)
        return await self._page(stored, why, "" if state.phase == "resolved" else str(stored.escalation))

    async def note(self, stored: StoredPage) -> Message:
        """A note, or the mention of those who are paged."""
        who = [str(name) for name in stored.content.get("who", ())]
        if stored.content.get("ping"):
            others = [name for name in who if not name.startswith("@")]
            members = [name[1:] for name in who if name.startswith("@")]
            paged = f"you are paged{' (also: ' + listed(others) + ')' if others else ''}."
            return mention(members, paged) if members else plain(f"Paged: {listed(others) or 'anybody'}.")
        link = ""
        if stored.content["what"] == "joined":
            link = await self.link(Thread(stored.thread.team, stored.content["channel"], stored.content["ts"]))
        names = [await self.name(stored.thread.team, name) for name in who]
        return plain(sentences.told(stored.content, names, self._zone, link=link))

    async def for_reporter(self, stored: StoredPage) -> Message:
        """What somebody else did about an incident, for who reported it."""
        names = [await self.name(stored.thread.team, str(name)) for name in stored.content["who"]]
        said = line("text", sentences.reported(str(stored.content["what"]), names))
        which = line("text", summary(await self._report(stored.thread)))
        return message(part([said, which, line("link", await self.link(stored.thread), lead="See:")]))

    async def essence(self, stored: StoredPage) -> dict[str, str]:
        """For systems that show text: title, why and link; cause, proof and first step where one is known. What they got,
        nobody here deletes or forgets: so what was pasted is redacted."""
        report, redact = await self._report(stored.thread), Redactor(keep_domains=True)
        said = {"title": redact(summary(report)), "why": await self.why(stored), "link": await self.link(stored.thread)}
        if report is None or not report.findings:
            return said
        top = report.findings[0]
        proof = " / ".join(redact(evidence.quote)[:_QUOTE] for evidence in top.evidence[:_QUOTES])
        step = top.steps[0].say if top.steps else ""
        first = report.next[0].ask if report.next and top.belief != "confirmed" else step
        told = {"cause": top.cause, "because": redact(top.because), "proof": proof, "first_step": redact(first)}
        return {**said, **told}

    async def why(self, stored: StoredPage) -> str:
        """Why it goes out, in a sentence."""
        team = stored.thread.team
        names = [await self.name(team, str(asker)) for asker in stored.content.get("askers", ())]
        holder = str(stored.content.get("holder") or "")
        content = {**stored.content, "holder_name": await self.name(team, holder) if holder else ""}
        return sentences.why(content, names)

    async def link(self, thread: Thread) -> str:
        return await paging.permalink(await self._slack(thread.team), thread)

    async def _page(self, stored: StoredPage, why: str, escalation: str) -> Message:
        link = await self.link(stored.thread)
        return page(await self._report(stored.thread), why=why, link=link, escalation=escalation)

    async def _report(self, thread: Thread) -> Report | None:
        held = await self._cases.pasted(thread)
        return await judge(held) if held else None
