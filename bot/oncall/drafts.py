"""What an escalation's effects mean in pages: who is looked up, what is said where, and which systems hear of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import uuid4

from bot.database.held import Held
from bot.database.pages import Draft, Outlet, StoredPage
from bot.oncall.events import Effect, Page, Reached, State, Sync, Tell, Told, Unreached
from bot.oncall.policy import Policy
from handlers.ports.thread import Thread

Settled = Literal["sent", "failed", "dropped"]

SYSTEMS: Final[tuple[Outlet, ...]] = ("pagerduty", "webhook")
_SETTLED: Final[tuple[Told, ...]] = ("acknowledged", "taken-over", "resolved")
_BOTH: Final[tuple[Told, ...]] = ("acknowledged", "taken-over", "resolved", "exhausted", "rearmed", "handed-over")


async def of_effects(held: Held, effects: Iterable[Effect], policy: Policy) -> list[Draft]:
    """The pages that carry out `effects`, in their order."""
    channel = policy.channel if policy.channel != held.thread.channel else None
    planned: list[Draft] = []
    for effect in effects:
        if isinstance(effect, Page):
            if channel:
                planned.append(Draft(f"root {held.state.incident}", "root", channel, _why(held.state)))
            content = {**_why(held.state), "hand_over": effect.hand_over}
            planned.append(Draft(f"step {effect.step}", "target", effect.target, content, effect.step))
        elif isinstance(effect, Tell):
            planned += _told(effect, own_channel=bool(channel))
            if effect.what in _SETTLED:
                planned += edits(await held.out(held.state.incident))
                planned += _for_reporters(effect, await held.curious())
        elif isinstance(effect, Sync):
            planned += _synced(held.state, effect, await held.out(held.state.incident))
    return planned


def edits(pages: Iterable[StoredPage]) -> list[Draft]:
    """What Slack shows of pages is brought up to date, without a sound: who wasn't needed shouldn't wonder."""
    return [
        Draft(f"edit {page.id} {uuid4()}", "edit", str(page.id)) for page in pages if page.outlet in ("direct", "root")
    ]


def joined(other: Thread) -> dict[str, Any]:
    """The content of the note that another thread has it."""
    return {"what": "joined", "channel": other.channel, "ts": other.ts}


def came_of(pages: Sequence[StoredPage]) -> Reached | Unreached | None:
    """What the pages of one step came to; None while one is under way, or when they are no longer wanted.

    A failed page has in its `ref` why it failed, a target's page until when its people are on call.
    """
    if any(page.state in ("planned", "sending") for page in pages):
        return None
    target = next(page for page in pages if page.outlet == "target")
    sent = tuple(name_of(page) for page in pages if page.outlet != "target" and page.state == "sent")
    hand_over = bool(target.content.get("hand_over"))
    until = datetime.fromisoformat(target.ref) if target.state == "sent" and target.ref else None
    if sent or (target.state == "sent" and len(pages) == 1):
        return Reached(target.step, target.address, sent, until, hand_over)
    if any(page.state == "dropped" for page in pages):
        return None
    return Unreached(target.step, *_failed(pages))


def missed(pages: Sequence[StoredPage]) -> list[Draft]:
    """The note about those of a step who couldn't be paged although others could."""
    why, who = _failed(pages)
    content = {"what": "missed", "who": list(who), "detail": why}
    return [Draft(f"missed {pages[0].step}", "thread", content=content)] if who else []


def _failed(pages: Sequence[StoredPage]) -> tuple[str, tuple[str, ...]]:
    """Why pages failed, and whose."""
    failed = [page for page in pages if page.state == "failed"]
    whose = tuple(name_of(page) for page in failed if page.outlet != "target")
    return "; ".join(dict.fromkeys(page.ref for page in failed)), whose


def name_of(page: StoredPage) -> str:
    """Who a page is for: `@` and a Slack id, or a system's name."""
    return {"direct": f"@{page.address}", "pagerduty": "PagerDuty"}.get(page.outlet, page.address)


def late(state: State, page: StoredPage) -> list[Draft]:
    """A system that got its page when the case was acknowledged or resolved already has to hear of that too."""
    actions: dict[str, Literal["acknowledge", "resolve"]] = {"acknowledged": "acknowledge", "resolved": "resolve"}
    action = actions.get(state.phase)
    if action is None or not page.step or page.outlet not in SYSTEMS:
        return []
    return [_sync(state, action, page, state.holder)]


def _why(state: State) -> dict[str, Any]:
    """What a page says of how it came about."""
    return {
        "askers": list(state.askers),
        "reason": state.reason,
        "severity": state.severity,
        "holder": state.holder if state.phase == "acknowledged" else "",
    }


def _told(tell: Tell, *, own_channel: bool) -> list[Draft]:
    content = {
        "what": tell.what,
        "who": list(tell.who),
        "detail": tell.detail,
        "until": tell.until.isoformat() if tell.until else "",
    }
    key = f"tell {tell.what} {uuid4()}"
    if tell.what == "paged" and own_channel:  # one message pings, and it is where the work is done
        return [
            Draft(f"{key} there", "channel", content={**content, "ping": True}),
            Draft(key, "thread", content=content),
        ]
    here = Draft(key, "thread", content={**content, "ping": tell.what == "paged"})
    return [here, Draft(f"{key} there", "channel", content=content)] if own_channel and tell.what in _BOTH else [here]


def _for_reporters(tell: Tell, members: Sequence[str]) -> list[Draft]:
    """Whoever did it knows."""
    content = {"what": tell.what, "who": list(tell.who)}
    key = f"tell {tell.what} {uuid4()}"
    others = [member for member in members if f"@{member}" not in tell.who[:1]]
    return [Draft(f"{key} {member}", "reporter", member, content) for member in others]


def _synced(state: State, sync: Sync, pages: Sequence[StoredPage]) -> list[Draft]:
    first: dict[tuple[Outlet, str], StoredPage] = {}
    for page in pages:
        if page.outlet in SYSTEMS and page.outlet != sync.via:
            first.setdefault((page.outlet, page.address), page)
    return [_sync(state, sync.action, page, sync.by) for page in first.values()]


def _sync(state: State, action: Literal["acknowledge", "resolve"], page: StoredPage, by: str) -> Draft:
    return Draft(f"{action} {state.step} {page.id}", page.outlet, page.address, {"action": action, "who": [by]})
