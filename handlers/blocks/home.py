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
from handlers.blocks.message import Button, message, plain
from handlers.blocks.outline import Part, line, part
from handlers.blocks.watch import stands
from handlers.incident_ports import Duty
from handlers.past import Figures, Incident
from handlers.ports import Thread, Watch

NEW_DIAGNOSIS: Final = "new_diagnosis"
"""`action_id` of the button that opens the form."""

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
    limited: bool = False


def home(seen: Seen) -> dict[str, Any]:
    """The view, within Slack's limits: each section keeps to those of a message."""
    start = message(
        part([line("text", "Paste a mail-flow error in a channel that I am in, send it to me, or start here.")]),
        buttons=[Button("New diagnosis", NEW_DIAGNOSIS, primary=True)],
    )
    sections = [start.blocks, _open(seen), message(_duties(seen.duties)).blocks, message(_watches(seen.watches)).blocks]
    if not seen.limited:
        sections.append(message([*_chart(seen), *_figures(seen.figures)]).blocks)
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


def _watches(watches: Sequence[Watch]) -> list[Part]:
    lines = [line("bullet", clip(stands(each), _SAID), lead=f"{each.target}:") for each in watches[:_MOST_WATCHES]]
    more = len(watches) - _MOST_WATCHES
    lines += [line("bullet", f"and {more} more")] if more > 0 else []
    none = line("text", "None. In a channel: /mailflow watch mail.contoso.com every 6h")
    return part([line("title", "Watches that you began"), *(lines or [none])])


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
