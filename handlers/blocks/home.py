"""The Home tab: what is open, what happened lately, who is on call, and what whoever looks has watched.

Views: https://docs.slack.dev/surfaces/app-home
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from handlers.blocks.happened import lasted
from handlers.blocks.incidents import incident_list, title_of
from handlers.blocks.limits import clip
from handlers.blocks.message import Block, Button, message, plain
from handlers.blocks.mrkdwn import escape
from handlers.blocks.outline import Part, cleaned, line, part
from handlers.blocks.watch import stands
from handlers.ports.history import Figures, Incident
from handlers.ports.people import Choices
from handlers.ports.roster import Duty
from handlers.ports.thread import Thread, is_direct
from handlers.ports.watches import Watch

NEW_DIAGNOSIS: Final = "new_diagnosis"
"""`action_id` of the button that opens the form."""

CHECK_A_HOST: Final = "check_a_host"
"""`action_id` of the button that asks which host to check."""

STOP_WATCH: Final = "stop_watch"
"""`action_id` of the button that ends a watch; its value is the watch's channel and target."""

CHOICES: Final = {"answers_in_short": "short", "told_of_mine": "told"}
"""`action_id`s of the menus, and what of `Choices` each one sets."""

ON: Final = "on"
_OFF: Final = "off"

DAYS: Final = 14  # of the chart
MOST_OPEN: Final = 8
_MOST_WATCHES: Final = 10
_MOST_DUTIES: Final = 6
_MOST_CAUSES: Final = 5
_SAID: Final = 300  # characters of one line
_SHORT: Final = timedelta(seconds=1)
_WIDTH: Final = 24  # characters of the longest bar


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody may see. `recent` are the incidents of the last days, `names` and `links` as in `incident_list`; `limited`:
    nobody could tell whether they may read every public channel."""

    now: datetime
    open: tuple[Incident, ...]
    recent: tuple[Incident, ...]
    names: Mapping[str, str]
    links: Mapping[Thread, str]
    figures: Figures
    duties: tuple[Duty, ...]
    watches: tuple[Watch, ...]
    choices: Choices
    limited: bool = False


def home(seen: Seen) -> dict[str, Any]:
    """The view, within Slack's limits: each section keeps to those of a message."""
    start = message(
        part([line("text", "Paste a mail-flow error in a channel that I am in, send it to me, or start here.")]),
        buttons=[Button("New diagnosis", NEW_DIAGNOSIS, primary=True), Button("Check a host", CHECK_A_HOST)],
    )
    sections = [start.blocks, _open(seen), message(_duties(seen.duties)).blocks, _watches(seen.watches)]
    if not seen.limited:
        sections.append(message([*_chart(seen), *_figures(seen.figures)]).blocks)
    sections.append(_settings(seen.choices))
    return {"type": "home", "blocks": [block for section in sections for block in section]}


def _open(seen: Seen) -> tuple[dict[str, Any], ...]:
    if seen.limited:
        said = "I can't tell which channels you may read, so ask inside one: /mailflow incidents"
    elif not seen.open:
        said = "Nothing is open in the public channels."
    else:
        more = ["There are more: /mailflow incidents lists them all."] if len(seen.open) > MOST_OPEN else []
        notes = [*more, "Those of private channels are listed inside them, by /mailflow incidents."]
        rows = seen.open[:MOST_OPEN]
        return incident_list(
            rows, title="Open incidents", now=seen.now, names=seen.names, links=seen.links, notes=notes
        ).blocks
    return ({"type": "header", "text": _plain("Open incidents")}, *plain(said).blocks)


def _duties(duties: Sequence[Duty]) -> list[Part]:
    lines = [line("bullet", clip(each.said, _SAID), lead=f"{each.target}:") for each in duties[:_MOST_DUTIES]]
    more = len(duties) - _MOST_DUTIES
    lines += [line("bullet", f"and {more} more: /mailflow oncall")] if more > 0 else []
    nobody = line("text", "Nobody is on call: no on-call file is set up for this workspace.")
    return part([line("title", "On call now"), *(lines or [nobody])])


def _watches(watches: Sequence[Watch]) -> tuple[Block, ...]:
    """A row each, with a button: what a section says is mrkdwn, so it is escaped."""
    more = len(watches) - _MOST_WATCHES
    note = f"And {more} more: in its channel, /mailflow watch lists them." if more > 0 else ""
    none = "" if watches else "None. In a channel: /mailflow watch mail.contoso.com every 6h"
    title = {"type": "header", "text": _plain("Watches that you began")}
    return (title, *map(_watch, watches[:_MOST_WATCHES]), *message(part([line("text", note or none)])).blocks)


def _watch(watch: Watch) -> Block:
    where = "our direct messages" if is_direct(watch.channel) else f"<#{escape(watch.channel)}>"
    said = f"*{escape(clip(cleaned(watch.target), _SAID))}* in {where}\n{escape(clip(cleaned(stands(watch)), _SAID))}"
    value = f"{watch.channel} {watch.target}"
    stop = {"type": "button", "text": _plain("Stop watching"), "action_id": STOP_WATCH, "value": value}
    confirm = {
        "title": _plain("Stop watching?"),
        "text": _plain("Whoever reads that conversation is told."),
        "confirm": _plain("Stop watching"),
        "deny": _plain("Go on"),
    }
    return {
        "type": "section",
        "text": {"type": "mrkdwn", "text": said},
        "accessory": {**stop, "confirm": confirm},
    }


def _settings(choices: Choices) -> tuple[Block, ...]:
    short = _menu("answers_in_short", choices.short, "Short", "In full")
    told = _menu("told_of_mine", choices.told, "Tell me", "Don't tell me")
    return (
        {"type": "header", "text": _plain("Your settings")},
        _choice("Answers to what you report", "Short: the cause, its proof and what to do first.", short),
        _choice("When others take or resolve what you reported", "By direct message. The card always shows it.", told),
    )


def _choice(what: str, means: str, menu: Block) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": f"*{what}*\n{means}"}, "accessory": menu}


def _menu(action: str, chosen: bool, on: str, off: str) -> Block:
    options = {True: {"text": _plain(on), "value": ON}, False: {"text": _plain(off), "value": _OFF}}
    return {
        "type": "static_select",
        "action_id": action,
        "options": [options[False], options[True]],
        "initial_option": options[chosen],
    }


def _chart(seen: Seen) -> list[Part]:
    """A row a day, drawn with characters: a picture would need a public address."""
    days = [(seen.now - timedelta(days=ago)).date() for ago in reversed(range(DAYS))]
    counts = Counter(each.opened.date() for each in seen.recent)
    most = max((counts[day] for day in days), default=0)
    title = line("title", f"Reported in the last {DAYS} days")
    if not most:
        return part([title, line("text", "No incident in the public channels.")])
    bars = {day: "█" * -(-counts[day] * _WIDTH // max(most, _WIDTH)) for day in days}
    rows = [f"{day:%a %d %b} {f'{bar} {counts[day]}' if bar else '·'}" for day, bar in bars.items()]
    return part([title, line("command", "\n".join(rows)), line("aside", "Days are in UTC.")])


def _figures(figures: Figures) -> list[Part]:
    means = (
        ("an answer", figures.to_answer),
        ("somebody had it", figures.to_acknowledge),
        ("it was resolved", figures.to_resolve),
    )
    times = [
        line("bullet", lasted(mean) if mean >= _SHORT else "under a second", lead=f"Until {what}:")
        for what, mean in means
        if mean is not None
    ]
    causes = [
        line("bullet", clip(title_of(cause), _SAID), lead=f"{count} ×")
        for cause, count in figures.causes[:_MOST_CAUSES]
    ]
    return [
        *part([line("heading", "Mean times, last 30 days"), *times]),
        *part([line("heading", "Causes, last 30 days"), *causes]),
    ]


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}
