"""PagerDuty: who is on call by a schedule, incidents by the Events API v2, and its webhooks (v3) back to us.

https://developer.pagerduty.com/api-reference/ (GET /oncalls, GET /incidents/{id}/alerts), https://developer.pagerduty.com/docs/events-api-v2-overview,
https://developer.pagerduty.com/docs/webhooks-overview and /docs/verifying-webhook-signatures
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from urllib.parse import quote

import aiohttp

from bot.oncall.failures import AdapterError
from bot.oncall.http import call
from bot.oncall.policy import PagerDutyTable, Severity

SUMMARY: Final = 1024
_PAGE: Final = 100
_PAGES: Final = 10
_NAME_SHOWN: Final = 80
_NAME: Final = "PagerDuty"
_SEVERITY: Final[dict[Severity, str]] = {"critical": "critical", "major": "error", "minor": "warning"}


@dataclass(frozen=True, slots=True)
class Duty:
    """PagerDuty ids of who is on call, and until when that holds; None for always."""

    users: tuple[str, ...]
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Incident:
    """What an incident says. `key` makes repetitions one: PagerDuty's dedup_key."""

    key: str
    summary: str = ""
    severity: Severity = "minor"
    link: str = ""
    details: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What a webhook tells: `person` has acknowledged or resolved an incident at `at`. `key` is its dedup_key; "" where
    PagerDuty has it in the incident's alerts alone."""

    event: str
    action: Literal["acknowledge", "resolve"]
    incident: str
    key: str
    person: str
    at: datetime


class PagerDuty:
    """`token` is a REST API key (read-only is enough), `routing_key` that of an Events API v2 integration."""

    def __init__(
        self, session: aiohttp.ClientSession, table: PagerDutyTable, *, token: str = "", routing_key: str = ""
    ) -> None:
        self._session = session
        self._table = table
        self._token = token
        self._routing_key = routing_key

    async def on_call(self, schedule: str, at: datetime) -> Duty:
        """Who a schedule has on call at `at`. Raises AdapterError."""
        found: list[dict[str, Any]] = []
        for page in range(_PAGES):
            query = [
                ("schedule_ids[]", schedule),
                ("since", _stamp(at)),
                ("until", _stamp(at + timedelta(minutes=1))),
                ("limit", str(_PAGE)),
                ("offset", str(page * _PAGE)),
            ]
            answer = await self._get("/oncalls", query)
            found += _entries(answer, "oncalls")
            if not answer.get("more"):
                break
        return _duty(found, at)

    async def keys(self, incident: str) -> tuple[str, ...]:
        """The dedup_keys of an incident's alerts. Raises AdapterError."""
        answer = await self._get(f"/incidents/{quote(incident, safe='')}/alerts", [("limit", str(_PAGE))])
        return tuple(str(alert.get("alert_key") or "") for alert in _entries(answer, "alerts"))

    async def _get(self, path: str, query: list[tuple[str, str]]) -> Any:
        headers = {
            "Authorization": f"Token token={self._token}",
            "Accept": "application/vnd.pagerduty+json;version=2",
        }
        return await call(self._session, _NAME, "GET", self._table.api_url + path, headers=headers, params=query)

    async def send(self, action: Literal["trigger", "acknowledge", "resolve"], incident: Incident) -> None:
        """Sends an event. Raises AdapterError."""
        body: dict[str, Any] = {"routing_key": self._routing_key, "event_action": action, "dedup_key": incident.key}
        if action == "trigger":
            body["client"] = "Mailflow"
            body["payload"] = {
                "summary": incident.summary[:SUMMARY],
                "source": "mailflow",
                "severity": _SEVERITY[incident.severity],
                "custom_details": incident.details or {},
            }
            if incident.link:
                body["client_url"] = incident.link
                body["links"] = [{"href": incident.link, "text": "The thread in Slack"}]
        await call(self._session, _NAME, "POST", f"{self._table.events_url}/v2/enqueue", headers={}, json=body)


def signed(body: bytes, header: str, secret: str) -> bool:
    """Whether one of the signatures in `X-PagerDuty-Signature` (`v1=…`, several while a secret is rotated) is ours."""
    wanted = "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    given = [part.strip() for part in header.split(",")[:10]]
    return any(hmac.compare_digest(wanted.encode(), part.encode()) for part in given)


def heard(body: bytes) -> Heard | None:
    """What a webhook's body tells us; None when it is nothing for us, as PagerDuty's own test. Raises ValueError."""
    event = json.loads(body)["event"]
    actions: dict[str, Literal["acknowledge", "resolve"]] = {
        "incident.acknowledged": "acknowledge",
        "incident.resolved": "resolve",
    }
    action = actions.get(event["event_type"])
    if action is None:
        return None
    incident = str(event["data"]["id"])
    key = str(event["data"].get("incident_key") or "")
    person = str((event.get("agent") or {}).get("summary") or "somebody in PagerDuty").lstrip("@")[:_NAME_SHOWN]
    at = datetime.fromisoformat(str(event["occurred_at"]))
    return Heard(str(event["id"]), action, incident, key, person, at if at.tzinfo else at.replace(tzinfo=UTC))


def _entries(answer: Any, name: str) -> list[dict[str, Any]]:
    entries = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(entries, list):
        raise AdapterError("PagerDuty answers with something else than what was asked", passes=False)
    return [entry for entry in entries if isinstance(entry, dict)]


def _duty(entries: list[dict[str, Any]], at: datetime) -> Duty:
    """One person may be there once for every escalation policy, in which case their last shift counts."""
    ends: dict[str, datetime | None] = {}
    for entry in entries:
        start, end = (_moment(entry.get(name)) for name in ("start", "end"))
        user = str((entry.get("user") or {}).get("id") or "")
        if user and (start is None or start <= at) and (end is None or end > at):
            known = ends.get(user, end)
            ends[user] = None if end is None or known is None else max(end, known)
    return Duty(tuple(ends), min((end for end in ends.values() if end), default=None))


def _moment(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) and value else None


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
