"""`watch mail.contoso.com every 6h`, `watch` and `watch stop mail.contoso.com`, as a command, a mention or a direct message.

A watch is the channel's: it speaks there, is listed there, and whoever begins or ends one is seen by all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from slack_sdk.errors import SlackApiError

from diagnostics.checks import TargetError, target_of
from diagnostics.patterns import linear
from handlers import answers, forms, privately
from handlers.blocks import Message, plain
from handlers.blocks.watch import listing, often
from handlers.failures import NOT_THERE, slack_error
from handlers.intake import unslack
from handlers.ports.checks import Asker
from handlers.ports.inbox import Delivery
from handlers.ports.services import Services
from handlers.ports.watches import WatchRefusedError

USUAL: Final = timedelta(hours=6)
SHORTEST: Final = timedelta(minutes=15)
LONGEST: Final = timedelta(days=7)
_LONGEST_TEXT: Final = 400
_MOST_WORDS: Final = 6  # `watch mail.contoso.com every 6 hours`; more is prose, and may be a paste
_EVERY = linear(r"(?i)(?:every\s*)?(\d{0,4})\s*(m|min|mins|minutes?|h|hours?|d|days?)")
_WORDS: Final = {"hourly": "1h", "daily": "1d", "weekly": "7d"}
_UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_HOW: Final = "How often? As in: watch mail.contoso.com every 6h"


class WordingError(ValueError):
    """What was typed can't be followed; the text is a sentence that says how it is said."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants of watches. `target` as it was typed, "" for the list."""

    do: Literal["list", "start", "stop"]
    target: str = ""
    every: timedelta = USUAL


def asked(text: str) -> bool:
    """Whether a text is about watches."""
    words = text[:_LONGEST_TEXT].split()
    first = words[0].lower() if words else ""
    return (
        first in ("watch", "unwatch") and len(text) <= _LONGEST_TEXT and "\n" not in text and len(words) <= _MOST_WORDS
    )


async def in_thread(services: Services, delivery: Delivery) -> str:
    """Answers a mention or a direct message in its thread."""
    message, _ = await _perform(services, delivery)
    answer = await answers.say(services, delivery.thread, delivery.message_ts, "watch", message)
    if delivery.kind == "edit":
        await answers.change(services, answer, message)
    return "answered"


async def from_command(services: Services, delivery: Delivery) -> str:
    """Answers whoever gave the command. That a watch has ended is said to all, as its beginning is."""
    message, for_all = await _perform(services, delivery)
    if not for_all:
        return await privately.tell(services, delivery, message)
    try:
        await answers.say(services, delivery.thread, delivery.event, "watch", message, in_channel=True)
    except SlackApiError as error:
        if slack_error(error) not in NOT_THERE:
            raise
        return await privately.tell(services, delivery, message)
    return "answered"


async def from_home(services: Services, delivery: Delivery) -> str:
    """The button beside a watch on the Home tab of who began it. Its channel is told before the watch ends: so it is told even
    where this is cut off and done again."""
    thread, target = delivery.thread, delivery.text
    if refusal := await services.permissions.refusal("watch", thread.team, delivery.user):
        await forms.tell(services, thread.team, delivery.user, refusal)
        return "refused"
    begun = await services.watches.begun_by(thread.team, delivery.user)
    if not any(each.target == target and each.channel == thread.channel for each in begun):
        return "over"
    try:
        message = await _over(services, delivery, target)
        await answers.say(services, thread, delivery.event, "watch", message, in_channel=True)
    except SlackApiError as error:
        if slack_error(error) not in NOT_THERE:
            raise
    await services.watches.stop(target, thread.team, thread.channel)
    return "answered"


def wanted(text: str) -> Wanted:
    """Reads a request. Raises WordingError, or TargetError for what is no target."""
    word, *rest = unslack(text).split()
    if word.lower() == "unwatch" or (rest and rest[0].lower() in ("stop", "off", "remove", "end")):
        named = rest if word.lower() == "unwatch" else rest[1:]
        if len(named) != 1:
            raise WordingError("Which one? As in: watch stop mail.contoso.com")
        return Wanted("stop", str(target_of(named[0])))
    if not rest or (len(rest) == 1 and rest[0].lower() == "list"):
        return Wanted("list")
    target = target_of(rest[0])
    if "." not in target.host and not target.is_address:
        raise TargetError("That is not a full host name or domain. As in: watch mail.contoso.com")
    return Wanted("start", str(target), _every(" ".join(rest[1:])))


def _every(text: str) -> timedelta:
    if not text:
        return USUAL
    found = _EVERY.fullmatch(_WORDS.get(text.lower(), text))
    if not found:
        raise WordingError(_HOW)
    every = int(found.group(1) or 1) * _UNITS[found.group(2)[0].lower()]
    if not SHORTEST <= every <= LONGEST:
        raise WordingError(
            "At most every 15 minutes, and at least every 7 days. As in: watch mail.contoso.com every 6h"
        )
    return every


async def _perform(services: Services, delivery: Delivery) -> tuple[Message, bool]:
    """Does what is wanted: the reply, and whether all of the channel should see it."""
    try:
        wish = wanted(delivery.text)
        if wish.do == "list":
            return listing(await services.watches.listed(delivery.thread.team, delivery.thread.channel)), False
        if refusal := await services.permissions.refusal("watch", delivery.thread.team, delivery.user):
            return plain(refusal), False
        if wish.do == "stop":
            return await _stop(services, delivery, wish.target)
        asker = Asker(delivery.thread.team, delivery.user, delivery.thread.channel)
        begun = await services.watches.start(wish.target, wish.every, asker)
    except (WordingError, TargetError, WatchRefusedError) as problem:
        return plain(str(problem)), False
    said = f"I watch {begun.target} {often(begun.every)}, and speak here when something changes."
    return plain(f"{said} To end it: watch stop {begun.target}"), False


async def _stop(services: Services, delivery: Delivery, target: str) -> tuple[Message, bool]:
    if not await services.watches.stop(target, delivery.thread.team, delivery.thread.channel):
        return plain(f"{target} is not watched here. What is: watch"), False
    return await _over(services, delivery, target), True


async def _over(services: Services, delivery: Delivery, target: str) -> Message:
    who = await services.names(delivery.thread.team, f"@{delivery.user}")
    return plain(f"{target} is no longer watched here: {who} ended it.")
