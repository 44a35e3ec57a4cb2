"""`postmortem` in the thread of an incident: its draft as a file there, one at a time. It goes when a message that it rests on
is edited or deleted, as everything does that quotes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

from diagnostics.redaction import Redactor
from handlers import answers, cards, paging
from handlers.blocks import plain
from handlers.blocks.post_mortem import Material, post_mortem, title_of
from handlers.judging import judge
from handlers.ports.cases import Answer, Pasted
from handlers.ports.history import Happened, Incident
from handlers.ports.inbox import Delivery
from handlers.ports.services import Services
from handlers.ports.thread import Thread
from handlers.timeline import timeline

_WORDS: Final = ("postmortem", "post-mortem", "post mortem")
_LONGEST: Final = 40
_NAMES: Final = 60  # people whom Slack is asked about
_NO_INCIDENT: Final = (
    "There is no incident here to write about. Ask in the thread of one: what was pasted must still be there."
)
_THERE: Final = "The draft is in this thread already. For a fresh one, mention me here with the word `postmortem`."


def wanted(text: str) -> bool:
    """Whether a text asks for the draft."""
    return len(text) <= _LONGEST and text.strip().lower() in _WORDS


async def asked(services: Services, delivery: Delivery) -> str:
    """A mention or a direct message in the thread. What was drafted before goes: it is out of date."""
    return await _draft(services, delivery, delivery.message_ts) or await _say(services, delivery, _NO_INCIDENT)


async def pressed(services: Services, delivery: Delivery) -> str:
    """The button of a resolved incident."""
    earlier = await _drafts(services, delivery.thread)
    if any(own.state == "sent" for own in earlier):
        return await _only_you(services, delivery, _THERE)
    return await _draft(services, delivery, delivery.event) or await _only_you(services, delivery, _NO_INCIDENT)


async def _draft(services: Services, delivery: Delivery, key: str) -> str:
    """Uploads the draft, and removes those from before; "" where there is nothing to write about."""
    thread = delivery.thread
    incident = await services.history.incident(thread)
    held = await services.cases.pasted(thread)
    if incident is None or not held:
        return ""
    earlier = [own for own in await _drafts(services, thread) if own.message_ts != key]
    answer = await services.cases.plan(thread, key, "post-mortem", judged=True)
    material = await _material(services, incident, held)
    content = await asyncio.to_thread(post_mortem, material)
    name = f"post-mortem-{incident.opened:%Y-%m-%d}.md"
    await answers.attach(services, answer, name, content.encode(), title=title_of(material))
    for own in earlier:
        await answers.take_back(services, own, "")
    return "drafted"


async def _material(services: Services, incident: Incident, held: Sequence[Pasted]) -> Material:
    history = await timeline(services, incident.thread)
    return Material(
        report=await judge(held),
        incident=incident,
        history=history,
        pasted=[paste.text for paste in held],
        redact=Redactor(keep_domains=True),
        names=await _names(services, history, incident),
        links=await _links(services, incident.thread, history),
        was=await cards.was(services, incident.thread, await services.incidents.standing(incident.thread)),
    )


async def _names(services: Services, history: Iterable[Happened], incident: Incident) -> dict[str, str]:
    who = (*(name for each in history for name in each.who), incident.holder)
    people = list(dict.fromkeys(name for name in who if name.startswith("@")))[:_NAMES]
    names = await asyncio.gather(*(services.names(incident.thread.team, name) for name in people))
    return dict(zip(people, names, strict=True))


async def _links(services: Services, thread: Thread, history: Iterable[Happened]) -> dict[str, str]:
    """Slack is asked for one link; those of the thread's other messages differ from it in the time only."""
    root = await paging.permalink(await services.slack(thread.team), thread)
    name = f"/p{thread.ts.replace('.', '')}"
    if not root.endswith(name):
        return {thread.ts: root} if root else {}
    start = root.removesuffix(name)
    found = {thread.ts: root}
    for ts in {each.message_ts for each in history if each.message_ts} - {thread.ts}:
        found[ts] = f"{start}/p{ts.replace('.', '')}?thread_ts={thread.ts}&cid={thread.channel}"
    return found


async def _drafts(services: Services, thread: Thread) -> list[Answer]:
    return [own for own in await services.cases.answers(thread) if own.part == "post-mortem"]


async def _say(services: Services, delivery: Delivery, text: str) -> str:
    await answers.say(services, delivery.thread, delivery.message_ts, "answer", plain(text))
    return "answered"


async def _only_you(services: Services, delivery: Delivery, text: str) -> str:
    said = {"response_type": "ephemeral", "replace_original": False, "thread_ts": delivery.thread.ts, "text": text}
    await services.respond(delivery.response_url, said)
    return "told"
