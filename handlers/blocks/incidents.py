"""The list of incidents: one row each, newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from diagnostics.cause import catalogue
from handlers.blocks import limits, words
from handlers.blocks.happened import lasted
from handlers.blocks.message import Message
from handlers.blocks.mrkdwn import escape
from handlers.blocks.outline import cleaned
from handlers.ports.thread import is_direct

if TYPE_CHECKING:  # the command line draws with this, and needs no ports
    from handlers.ports.history import Incident
    from handlers.ports.thread import Thread

MORE: Final = "older_incidents"
"""`action_id` of the button for older ones; its value is how many were shown, and the question."""

_STATE: Final = {"open": "Open", "paging": "Paging", "acknowledged": "In hand", "resolved": "Resolved"}
_CAUSE: Final = 110


def incident_list(
    rows: Sequence[Incident],
    *,
    title: str,
    now: datetime,
    names: Mapping[str, str],
    links: Mapping[Thread, str],
    notes: Sequence[str] = (),
    more: str = "",
) -> Message:
    """`names` are those of the holders, `links` lead to the threads, `notes` are sentences below; `more` is the value of the
    button for older ones, "" for none."""
    heading = {"type": "header", "text": _plain(title, limits.HEADER)}
    blocks: list[dict[str, Any]] = [heading]
    lines = [f"*{escape(title)}*"]
    if rows:
        items = [_item(each, now, names, links.get(each.thread, "")) for each in rows]
        bullets = {"type": "rich_text_list", "style": "bullet", "elements": items}
        blocks.append({"type": "rich_text", "elements": [bullets]})
        lines += [f"• {escape(_text(each, now, names))} {links.get(each.thread, '')}".rstrip() for each in rows]
    for note in notes:
        blocks.append({"type": "context", "elements": [_plain(note, limits.CONTEXT)]})
        lines.append(escape(note))
    if more:
        button = {"type": "button", "text": _plain("Older ones", limits.BUTTON), "action_id": MORE, "value": more}
        blocks.append({"type": "actions", "elements": [button]})
    return Message(limits.clip_beside("\n".join(lines)), tuple(blocks))


def title_of(cause: str) -> str:
    """What a cause is called; its id when the catalogue has none of that id any more."""
    known = catalogue().get(cause)
    return known.title if known else cause


def _item(each: Incident, now: datetime, names: Mapping[str, str], link: str) -> dict[str, Any]:
    state = {"type": "text", "text": f"{_STATE[each.state]}  ", "style": {"bold": True}}
    elements: list[dict[str, Any]] = [state, {"type": "text", "text": _what(each)}]
    elements.append({"type": "text", "text": f"\n{_facts(each, now, names)}"})
    if not is_direct(each.thread.channel):
        elements += [{"type": "text", "text": " · "}, {"type": "channel", "channel_id": each.thread.channel}]
    if link:
        elements += [{"type": "text", "text": " · "}, {"type": "link", "url": link, "text": "thread"}]
    return {"type": "rich_text_section", "elements": elements}


def _text(each: Incident, now: datetime, names: Mapping[str, str]) -> str:
    return f"{_STATE[each.state]}: {_what(each)}; {_facts(each, now, names)}"


def _what(each: Incident) -> str:
    if not each.cause:
        return "no cause is settled yet"
    belief = next((said for name, said in words.BELIEF.items() if name == each.belief), each.belief)
    return limits.clip(f"{belief}: {cleaned(title_of(each.cause))}", _CAUSE)


def _facts(each: Incident, now: datetime, names: Mapping[str, str]) -> str:
    """Who has it, how old it is, and how many reported it."""
    facts: list[str] = []
    if each.holder:
        name = cleaned(names.get(each.holder, each.holder.removeprefix("@")))[:80]
        facts.append(f"by {name}" if each.state == "resolved" else f"{name} has it")
    if each.ended:
        facts.append(f"took {lasted(each.ended - each.opened)}")
    facts.append(f"reported {lasted(now - each.opened)} ago")
    if each.reports > 1:
        facts.append(f"{each.reports} reports")
    if each.reporters > 1:
        facts.append(f"{each.reporters} people")
    return " · ".join(facts)


def _plain(text: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": limits.clip(text, limit), "emoji": False}
