"""`/mailflow incidents`: which incidents there are, for the eyes of whoever asks.

People are told of what they can see by themselves: of the channel in which they ask, and of channels that are open to everybody.
Private channels and direct messages are told of only inside them; guests, who don't see every public channel, hear only of the
one in which they ask.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from diagnostics.cause import catalogue
from diagnostics.patterns import linear
from handlers import answers, paging, privately
from handlers.blocks import Message, plain
from handlers.blocks.incidents import incident_list
from handlers.ports.history import Incident, IncidentFilter
from handlers.ports.inbox import Delivery
from handlers.ports.services import Services
from handlers.ports.thread import Thread, is_direct

WORD: Final = "incidents"
_MOST: Final = 10  # on a page
_LONGEST: Final = 300
_MOST_WORDS: Final = 3  # more is prose, unless it begins as a question does
_FURTHEST: Final = 10_000
_CHANNEL = linear(r"(?:<#)?([CDG][A-Z0-9]{2,20})(?:\|[^>]{0,80})?>?")
_SPAN = linear(r"([0-9]{1,4})(h|d|w)")
_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_KEYS: Final = ("open", "resolved", "all", "mine", "cause", "channel", "since")
_USAGE: Final = (
    "For example: `incidents`, `incidents resolved since 7d`, `incidents all cause certificate`, `incidents mine`, "
    "`incidents channel` for this channel only."
)


class QuestionError(Exception):
    """Not a question for incidents; the text is for whoever asked."""


@dataclass(frozen=True, slots=True)
class _Page:
    question: str
    skip: int = 0


def wanted(text: str) -> bool:
    """Whether a text asks for incidents."""
    words = text[:_LONGEST].lower().split()
    if words[:1] != [WORD] or "\n" in text.strip():
        return False
    return len(words) <= _MOST_WORDS or words[1] in _KEYS


async def from_command(services: Services, delivery: Delivery) -> str:
    """`/mailflow incidents …`."""
    message = await _listed(services, delivery, _Page(delivery.text))
    return await privately.tell(services, delivery, message, buttons=True)


async def asked(services: Services, delivery: Delivery) -> str:
    """A mention, which only its author gets an answer to, or a direct message."""
    message = await _listed(services, delivery, _Page(delivery.text))
    if is_direct(delivery.thread.channel):
        await answers.say(services, delivery.thread, delivery.message_ts, "answer", message)
        return "answered"
    slack = await services.slack(delivery.thread.team)
    await answers.with_or_without_blocks(
        slack.chat_postEphemeral,
        message,
        channel=delivery.thread.channel,
        user=delivery.user,
        thread_ts=delivery.thread.ts if delivery.thread.ts != delivery.message_ts else None,
    )
    return "told"


async def older(services: Services, delivery: Delivery) -> str:
    """The button below a list: the next page takes its place."""
    skip, _, question = delivery.text.partition(" ")
    page = _Page(question, min(int(skip), _FURTHEST) if skip.isdecimal() and len(skip) < 9 else 0)
    message = await _listed(services, delivery, page)
    shown = {"text": message.text, "blocks": list(message.blocks)}
    await services.respond(delivery.response_url, {"replace_original": True, **shown})
    return "answered"


async def _listed(services: Services, delivery: Delivery, page: _Page) -> Message:
    now = datetime.now(UTC)
    try:
        question = asked_for(page.question, delivery.thread, delivery.user, now)
    except QuestionError as error:
        return plain(str(error))
    notes = []
    team = delivery.thread.team
    if not question.beyond or not await paging.sees_all(await services.slack(team), team, delivery.user):
        question = replace(question, beyond=False)
        notes = ["Only of this channel: I can't tell whether you may read the others."]
    found = await services.history.listed(question, skip=page.skip, most=_MOST + 1)
    rows = found[:_MOST]
    if not rows:
        return plain(f"{'No older ones' if page.skip else 'There are none'}. {' '.join(notes)}".strip())
    more = f"{page.skip + _MOST} {page.question[:_LONGEST]}" if len(found) > _MOST else ""
    slack = await services.slack(delivery.thread.team)
    links = await asyncio.gather(*(paging.permalink(slack, each.thread) for each in rows))
    return incident_list(
        rows,
        title=_title(question, page.skip),
        now=now,
        names=await names(services, rows),
        links=dict(zip((each.thread for each in rows), links, strict=True)),
        notes=notes,
        more=more,
    )


def asked_for(text: str, thread: Thread, user: str, now: datetime) -> IncidentFilter:
    """The question in `incidents open cause certificate since 7d mine`. Raises QuestionError."""
    found = IncidentFilter(thread.team, thread.channel)
    for key, value in _parts(text):
        if key in ("open", "resolved", "all") and not value:
            found = replace(found, state=key)  # type: ignore[arg-type]  # one of the three
        elif key == "mine" and not value:
            found = replace(found, member=user)
        elif key == "cause" and value:
            found = replace(found, causes=_causes(value))
        elif key == "channel":
            found = replace(found, channel=_channel(value, thread.channel))
        elif key == "since" and value:
            found = replace(found, since=_since(value, now))
        else:
            raise QuestionError(f"I don't understand “{f'{key} {value}'.strip()[:80]}”. {_USAGE}")
    return found


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """Each key with what stands behind it."""
    _, *tokens = text[:_LONGEST].split()
    key, values = "", list[str]()
    for token in tokens:
        if token.lower() in _KEYS and not (key == "cause" and not values):
            if key or values:
                yield key, " ".join(values)
            key, values = token.lower(), []
        else:
            values.append(token)
    if key or values:
        yield key, " ".join(values)


def _causes(value: str) -> frozenset[str]:
    """The ids of the causes that a text names, by id or by words of their titles."""
    known = catalogue()
    if value in known:
        return frozenset((value,))
    named = value.lower().split()
    found = frozenset(
        each.id for each in known.values() if all(word in f"{each.id} {each.title}".lower() for word in named)
    )
    if not found:
        raise QuestionError(f"I know no cause with “{value[:80]}” in its name. `mailflow causes` lists them all.")
    return found


def _channel(value: str, here: str) -> str:
    if not value:
        return here
    if found := _CHANNEL.fullmatch(value):
        return str(found[1])
    raise QuestionError(
        f"I can't look up “{value[:80]}”: ask inside that channel with `incidents channel`, or give the channel's id, which "
        "begins with C."
    )


def _since(value: str, now: datetime) -> datetime:
    if found := _SPAN.fullmatch(value.lower()):
        return now - int(found[1]) * _UNITS[found[2]]
    try:
        day = datetime.fromisoformat(value)
        return day.replace(tzinfo=UTC) if day.tzinfo is None else day.astimezone(UTC)
    except (ValueError, OverflowError):
        raise QuestionError(
            f"I don't know when “{value[:80]}” is. Say `since 12h`, `since 7d` or `since 2026-11-01`."
        ) from None


async def names(services: Services, rows: tuple[Incident, ...]) -> dict[str, str]:
    """What those are called who have the incidents."""
    teams = {each.holder: each.thread.team for each in rows if each.holder.startswith("@")}
    people = sorted(teams)
    called = await asyncio.gather(*(services.names(teams[who], who) for who in people))
    return dict(zip(people, called, strict=True))


def _title(question: IncidentFilter, skip: int) -> str:
    which = {"open": "Open incidents", "resolved": "Resolved incidents", "all": "Incidents"}[question.state]
    return f"{which} (from number {skip + 1} on)" if skip else which
