"""PagerDuty on loopback: its REST API, its Events API v2 and its webhooks (v3), in the shapes that its documentation gives.

https://developer.pagerduty.com/api-reference/ and https://developer.pagerduty.com/docs/
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
from aiohttp import web

from tests.fakes.loopback import OnLoopback

Json = dict[str, Any]
TOKEN = "u+token"
ROUTING_KEY = "R" * 32
SECRET = "webhook-secret"
_ACCEPT = "application/vnd.pagerduty+json;version=2"


@dataclass
class Incident:
    id: str
    key: str
    status: str = "triggered"
    summary: str = ""
    events: list[Json] = field(default_factory=list)


class PagerDuty(OnLoopback):
    """`oncalls` is what GET /oncalls has to page through. `keyed`: whether incidents carry their dedup_key themselves, or
    in their alerts alone, as on services that create alerts. `fail` answers the next calls with these statuses; 0 takes
    the call and never answers. While `open` is cleared, events are taken and wait for it."""

    def __init__(self, *, keyed: bool = True) -> None:
        self.oncalls: list[Json] = []
        self.incidents: dict[str, Incident] = {}
        self.asked: list[str] = []
        self.fail: list[int] = []
        self.keyed = keyed
        self.open = asyncio.Event()
        self.open.set()
        self._sent = 0

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/oncalls", self._rest(self._list_oncalls)),
            web.get("/incidents/{id}/alerts", self._rest(self._list_alerts)),
            web.post("/v2/enqueue", self._enqueue),
        ]

    def duty(self, user: str, start: str | None, end: str | None, schedule: str = "PSCHED1") -> None:
        """Puts a user on call from `start` to `end` (ISO 8601; None for always)."""
        number = len(self.oncalls)
        self.oncalls.append(
            {
                "user": {
                    "id": user,
                    "type": "user_reference",
                    "summary": f"User {user}",
                    "self": f"{self.url}/users/{user}",
                    "html_url": f"https://contoso.pagerduty.com/users/{user}",
                },
                "schedule": {"id": schedule, "type": "schedule_reference", "summary": "Exchange", "html_url": None},
                "escalation_policy": {"id": f"PPOLICY{number}", "type": "escalation_policy_reference"},
                "escalation_level": 1,
                "start": start,
                "end": end,
            }
        )

    def webhook(self, action: str, key: str, person: str, at: datetime, *, event: str = "") -> tuple[bytes, Json]:
        """The body and headers of a webhook: `person` has done `action` ("acknowledged", "resolved" …)."""
        self._sent += 1
        incident = self.incidents.get(key) or Incident("PFOREIGN", key)
        body = {
            "event": {
                "id": event or f"01EVENT{self._sent:019}",
                "event_type": f"incident.{action}",
                "resource_type": "incident",
                "occurred_at": at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "agent": {
                    "html_url": "https://contoso.pagerduty.com/users/PXPGF42",
                    "id": "PXPGF42",
                    "self": "https://api.pagerduty.com/users/PXPGF42",
                    "summary": person,
                    "type": "user_reference",
                },
                "client": None,
                "data": {
                    "id": incident.id,
                    "type": "incident",
                    "self": f"https://api.pagerduty.com/incidents/{incident.id}",
                    "html_url": f"https://contoso.pagerduty.com/incidents/{incident.id}",
                    "number": self._sent,
                    "status": action,
                    "incident_key": key if self.keyed else None,
                    "created_at": "2026-03-24T12:00:00Z",
                    "title": incident.summary,
                    "service": {"id": "PSERVICE", "type": "service_reference", "summary": "Exchange"},
                    "assignees": [],
                    "urgency": "high",
                },
            }
        }
        content = json.dumps(body).encode()
        signature = hmac.new(SECRET.encode(), content, hashlib.sha256).hexdigest()
        # While a secret is rotated there are two signatures.
        headers = {"X-PagerDuty-Signature": f"v1={'0' * 64},v1={signature}", "Content-Type": "application/json"}
        return content, headers

    async def tell(self, url: str, action: str, key: str, person: str, at: datetime, *, event: str = "") -> int:
        """Sends a webhook; the status that it got."""
        body, headers = self.webhook(action, key, person, at, event=event)
        async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
            return answer.status

    def _rest(self, answer: Callable[[web.Request], Json]) -> Any:
        async def handle(request: web.Request) -> web.Response:
            self.asked.append(request.path_qs)
            if refused := await self._failed():
                return refused
            if request.headers.get("Authorization") != f"Token token={TOKEN}":
                return web.Response(status=401, text="")
            if request.headers.get("Accept") != _ACCEPT:
                return web.Response(status=406)
            return web.json_response(answer(request))

        return handle

    def _list_oncalls(self, request: web.Request) -> Json:
        wanted = request.query.getall("schedule_ids[]")
        limit, offset = int(request.query["limit"]), int(request.query["offset"])
        found = [entry for entry in self.oncalls if entry["schedule"]["id"] in wanted]
        shown = found[offset : offset + limit]
        more = offset + limit < len(found)
        return {"oncalls": shown, "limit": limit, "offset": offset, "more": more, "total": None}

    def _list_alerts(self, request: web.Request) -> Json:
        found = [each for each in self.incidents.values() if each.id == request.match_info["id"]]
        alerts = [{"id": "PALERT", "type": "alert", "alert_key": each.key, "status": each.status} for each in found]
        return {"alerts": alerts, "limit": 100, "offset": 0, "more": False}

    async def _enqueue(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        await self.open.wait()
        if refused := await self._failed():
            return refused
        event = await request.json()
        if wrong := _mistakes(event):
            body = {"status": "invalid event", "message": "Event object is invalid", "errors": wrong}
            return web.json_response(body, status=400)
        key = event["dedup_key"]
        action = event["event_action"]
        incident = self.incidents.get(key)
        if action == "trigger" and (incident is None or incident.status == "resolved"):
            incident = self.incidents[key] = Incident(f"PINC{len(self.incidents)}", key)
            incident.summary = event["payload"]["summary"]
        if incident:
            incident.events.append(event)
            incident.status = {"acknowledge": "acknowledged", "resolve": "resolved"}.get(action, incident.status)
        return web.json_response({"status": "success", "message": "Event processed", "dedup_key": key}, status=202)

    async def _failed(self) -> web.Response | None:
        if not self.fail:
            return None
        status = self.fail.pop(0)
        if status == 0:
            await asyncio.Event().wait()
        return web.Response(status=status, headers={"Retry-After": "1"} if status == 429 else {})


def _mistakes(event: Json) -> list[str]:
    wrong = []
    if event.get("routing_key") != ROUTING_KEY:
        wrong.append("'routing_key' is invalid")
    if event.get("event_action") not in ("trigger", "acknowledge", "resolve"):
        wrong.append("'event_action' is invalid")
    if not 0 < len(event.get("dedup_key") or "") <= 255:
        wrong.append("'dedup_key' is invalid")
    if event.get("event_action") == "trigger":
        payload = event.get("payload") or {}
        if not 0 < len(payload.get("summary") or "") <= 1024:
            wrong.append("'payload.summary' is missing or too long")
        if not payload.get("source"):
            wrong.append("'payload.source' is missing or blank")
        if payload.get("severity") not in ("critical", "error", "warning", "info"):
            wrong.append("'payload.severity' is invalid")
        wrong += ["'links.href' is missing" for link in event.get("links", ()) if not link.get("href")]
    return wrong
