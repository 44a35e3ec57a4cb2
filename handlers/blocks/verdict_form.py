"""The form in which people say what it was: when they resolve a case, or find that its card was wrong.

Shapes: https://docs.slack.dev/reference/views/modal-views and https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any, Final

from diagnostics.cause import catalogue
from handlers.blocks import words
from handlers.blocks.card import RESOLVE_CASE, WRONG
from handlers.blocks.limits import clip
from handlers.ports.feedback import OTHER_CAUSE

Json = dict[str, Any]

VERDICT_FORM: Final = "verdict_form"
_OPTION: Final = 75
_GROUP: Final = 100  # options in one group, and groups in one menu
_LONGEST: Final = {"words": 300, "note": 2_000}
_IDS: Final = 200


@dataclass(frozen=True, slots=True)
class Place:
    """Which card a form is about. `action` is the button that opened it; `value` is what that carried."""

    channel: str
    thread_ts: str
    card_ts: str
    action: str
    value: str


def verdict_form(place: Place, suspects: Sequence[str]) -> Json:
    """The modal. `suspects` are ids of the catalogue, which are offered first."""
    resolving = place.action == RESOLVE_CASE
    menu = {
        "type": "static_select",
        "action_id": "cause",
        "placeholder": _plain("I don't know"),
        "option_groups": list(_groups(suspects)),
    }
    return {
        "type": "modal",
        "callback_id": VERDICT_FORM,
        "title": _plain("Resolve" if resolving else "What was it?"),
        "submit": _plain("Resolve" if resolving else "Send"),
        "close": _plain("Cancel"),
        "private_metadata": json.dumps(asdict(place)),
        "blocks": [
            _input("cause", "What was it?", menu),
            _input("words", "If it isn't in the list: what was it?", _typed("words")),
            _input("note", "Anything the next one should know?", _typed("note")),
        ],
    }


def place_of(view: Json) -> Place | None:
    """What a form was opened for; None for a form of another version."""
    try:
        told = json.loads(str(view.get("private_metadata") or ""))
        place = Place(**{name: str(told[name])[:_IDS] for name in Place.__slots__})
    except (ValueError, KeyError, TypeError):
        return None
    return place if place.action in (RESOLVE_CASE, WRONG) and place.channel and place.thread_ts else None


def entered(view: Json) -> str:
    """What stands in a submitted form, as the text of a delivery: JSON with `value`, `cause`, `words` and `note`."""
    place = place_of(view)
    values: Json = (view.get("state") or {}).get("values") or {}
    chosen = ((values.get("cause") or {}).get("cause") or {}).get("selected_option") or {}
    cause = str(chosen.get("value") or "")
    typed = {name: str(((values.get(name) or {}).get(name) or {}).get("value") or "").strip() for name in _LONGEST}
    said = {name: clip(text, _LONGEST[name]) for name, text in typed.items()}
    if cause not in catalogue():
        cause = OTHER_CAUSE if said["words"] else ""
    return json.dumps({"value": place.value if place else "", "cause": cause, **said})


def _groups(suspects: Sequence[str]) -> Iterable[Json]:
    """What is suspected, then everything by its family."""
    known = catalogue()
    first = [known[each] for each in dict.fromkeys(suspects) if each in known]
    if first:
        yield _group("Suspected here", [(each.id, each.title) for each in first])
    rest = [each for each in known.values() if each not in first and not each.modifier]
    for family, members in groupby(sorted(rest, key=lambda each: (each.family, each.title)), lambda each: each.family):
        yield _group(words.kind(family), [(each.id, each.title) for each in members])


def _group(label: str, causes: Sequence[tuple[str, str]]) -> Json:
    options = [{"text": _plain(clip(title, _OPTION)), "value": id_} for id_, title in causes[:_GROUP]]
    return {"label": _plain(clip(label[:1].upper() + label[1:], _OPTION)), "options": options}


def _input(name: str, label: str, element: Json) -> Json:
    return {"type": "input", "block_id": name, "optional": True, "label": _plain(label), "element": element}


def _typed(name: str) -> Json:
    long = {"multiline": True} if name == "note" else {}
    return {"type": "plain_text_input", "action_id": name, "max_length": _LONGEST[name], **long}


def _plain(text: str) -> Json:
    return {"type": "plain_text", "text": text, "emoji": False}
