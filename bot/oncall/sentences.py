"""What is said about an escalation: why somebody is paged, and the notes in the case's thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from handlers.blocks.words import listed


def why(content: Mapping[str, Any], names: Sequence[str]) -> str:
    """Why a page goes out. `names` are those of the people who asked."""
    if content.get("hand_over"):
        holder = content.get("holder_name")
        has_it = f"{holder} has it" if holder else "nobody has acknowledged it yet"
        return f"Your shift begins, and this is open: {has_it}."
    if names:
        return f"{listed(names)} {'asks' if len(names) == 1 else 'ask'} for whoever is on call."
    return f"Escalated by the rules ({content.get('severity')}): {content.get('reason')}."


def told(content: Mapping[str, Any], names: Sequence[str], zone: ZoneInfo, *, link: str = "") -> str:
    """The note about what happened. `names` are those of whom it concerns; `link` leads to another thread."""
    first, all_of_them = names[0] if names else "", listed(names) or "anybody"
    until = _time(content, zone)
    sentences = {
        "paged": f"Paged: {all_of_them}.",
        "handed-over": f"The shift changed: {all_of_them} got a message about this.",
        "unreached": f"Could not page {all_of_them}: {content.get('detail')}. Going on to the next at once.",
        "missed": f"Could not page {all_of_them}: {content.get('detail')}.",
        "held": f"Nobody is paged before {until} because of {content.get('detail')}. Somebody is if you escalate.",
        "acknowledged": f"{first} has it. Nobody else is paged.",
        "taken-over": f"{first} takes over from {names[-1] if names else ''}.",
        "rearmed": f"{first} has it, and nothing has happened since: paging again.",
        "exhausted": f"Everybody was paged and nobody has acknowledged. Starting over at {until}.",
        "resolved": f"Resolved by {first}.",
        "shut": str(content.get("detail")),
        "joined": f"The same cause is being worked on in another thread, so nobody is paged for this one. {link}",
    }
    return sentences[content["what"]].strip()


def reported(what: str, names: Sequence[str]) -> str:
    """The same for who reported the incident."""
    first = names[0] if names else "Somebody"
    sentences = {
        "acknowledged": f"{first} has the incident that you reported.",
        "taken-over": f"{first} has taken over the incident that you reported from {names[-1] if names else ''}.",
        "resolved": f"{first} has resolved the incident that you reported.",
    }
    return sentences[what]


def _time(content: Mapping[str, Any], zone: ZoneInfo) -> str:
    text = content.get("until")
    return f"{datetime.fromisoformat(text).astimezone(zone):%a %H:%M} ({zone.key})" if text else ""
