"""Pages on record: what an escalation does or says, one row each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

from handlers.ports.thread import Thread

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]  # it ships no type information

Outlet = Literal["target", "direct", "root", "channel", "thread", "reporter", "edit", "card", "pagerduty", "webhook"]
PageState = Literal["planned", "sending", "sent", "failed", "dropped"]

DELIVERY: Final = "delivery"
"""In a page's content, the id of the delivery that it comes from."""

PAGE: Final = (
    "select page.*, team, channel, thread_ts, "
    "coalesce(extract(epoch from now() - sending_at), 0)::float8 as waited, "
    "greatest(coalesce(extract(epoch from retry_at - now()), 0), 0)::float8 as wait "
    "from page join escalation on escalation.id = escalation_id join incident_case on incident_case.id = case_id "
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A page to be: `key` is its name within the escalation, and there is one of a name."""

    key: str
    outlet: Outlet
    address: str = ""
    content: Mapping[str, Any] = field(default_factory=dict)
    step: int = 0


@dataclass(frozen=True, slots=True)
class StoredPage:
    """A page on record. `waited` is the time in seconds since it was sent off without an answer being seen."""

    id: UUID
    escalation: UUID
    thread: Thread
    incident: int
    step: int
    outlet: Outlet
    address: str
    content: dict[str, Any]
    state: PageState
    place: str
    ref: str
    tries: int
    waited: float
    wait: float

    @property
    def delivery(self) -> str:
        """The id of the delivery that it comes from; "" for none, as when a timer fired."""
        return str(self.content.get(DELIVERY) or "")


def stored(row: asyncpg.Record) -> StoredPage:
    return StoredPage(
        id=row["id"],
        escalation=row["escalation_id"],
        thread=Thread(row["team"], row["channel"], row["thread_ts"]),
        incident=row["incident"],
        step=row["step"],
        outlet=row["outlet"],
        address=row["address"],
        content=json.loads(row["content"]),
        state=row["state"],
        place=row["place"],
        ref=row["ref"],
        tries=row["tries"],
        waited=row["waited"],
        wait=row["wait"],
    )
