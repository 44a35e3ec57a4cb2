"""What other systems tell us over HTTP: acknowledged there is acknowledged here. Forged, stale and repeated requests
change nothing, and what was accepted has been stored."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final
from uuid import UUID

from aiohttp import web

from bot.oncall import pagerduty, webhook
from bot.oncall.deciding import Clock
from bot.oncall.escalations import Escalations
from bot.oncall.events import Acknowledged, Resolved
from bot.oncall.failures import AdapterError

logger = logging.getLogger(__name__)

PAGERDUTY: Final = "/oncall/pagerduty"
WEBHOOK: Final = "/oncall/webhook"
_LARGEST: Final = 1 << 18
ODD: Final = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)  # JSON of another shape


class Inbound:
    """A secret that is "" closes its address. `pagerduty_api` is asked which alerts an incident has."""

    def __init__(
        self,
        escalations: Escalations,
        *,
        clock: Clock,
        ready: Callable[[], bool],
        pagerduty_api: pagerduty.PagerDuty | None = None,
        pagerduty_secret: str = "",
        webhook_secret: str = "",
    ) -> None:
        self._escalations = escalations
        self._clock = clock
        self._ready = ready
        self._pagerduty_api = pagerduty_api
        self._pagerduty_secret = pagerduty_secret
        self._webhook_secret = webhook_secret

    def routes(self) -> list[web.RouteDef]:
        found = [web.post(PAGERDUTY, self._pagerduty)] if self._pagerduty_secret else []
        return [*found, web.post(WEBHOOK, self._webhook)] if self._webhook_secret else found

    async def _pagerduty(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        if not pagerduty.signed(body, request.headers.get("X-PagerDuty-Signature", ""), self._pagerduty_secret):
            raise web.HTTPUnauthorized
        try:
            heard = pagerduty.heard(body)
        except ODD:
            raise web.HTTPBadRequest from None
        if heard and (escalation := await self._meant(heard)):
            kind = Acknowledged if heard.action == "acknowledge" else Resolved
            event = kind(heard.person, heard.at, "pagerduty")
            answered = await self._escalations.reported("pagerduty", heard.event, escalation, event)
            logger.info("PagerDuty told us", extra={"action": heard.action, "outcome": answered})
        return web.Response(status=202)

    async def _meant(self, heard: pagerduty.Heard) -> UUID | None:
        """Our escalation behind a PagerDuty incident. 503 when that can't be told now: PagerDuty sends it again."""
        if heard.key or not self._pagerduty_api:
            return _escalation(heard.key)
        try:
            keys = await self._pagerduty_api.keys(heard.incident)
        except AdapterError as error:
            logger.warning("an incident's alerts could not be read", extra={"reason": str(error)})
            if error.passes:
                raise web.HTTPServiceUnavailable from None
            return None
        return next((found for key in keys if (found := _escalation(key))), None)

    async def _webhook(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        signature = request.headers.get("Mailflow-Signature", "")
        stamp = request.headers.get("Mailflow-Timestamp", "")
        if not webhook.signed(body, stamp, signature, self._webhook_secret, self._clock()):
            raise web.HTTPUnauthorized
        try:
            heard = webhook.heard(body)
        except ODD:
            raise web.HTTPBadRequest from None
        kind = Acknowledged if heard.action == "acknowledge" else Resolved
        event = kind(heard.person, via="webhook")
        answered = await self._escalations.reported("webhook", signature, heard.escalation, event)
        return web.json_response({"outcome": answered})

    async def _body(self, request: web.Request) -> bytes:
        """503 until the bot is ready: what isn't taken in is sent again."""
        if not self._ready():
            raise web.HTTPServiceUnavailable
        if (request.content_length or 0) > _LARGEST:
            raise web.HTTPRequestEntityTooLarge(_LARGEST, request.content_length or 0)
        body = await request.read()
        if len(body) > _LARGEST:
            raise web.HTTPRequestEntityTooLarge(_LARGEST, len(body))
        return body


def _escalation(key: str) -> UUID | None:
    """The escalation in a dedup_key of ours; other incidents of the same account have keys of another kind."""
    prefix, _, rest = key.partition("-")
    if prefix != "mailflow":
        return None
    try:
        return UUID(rest.rpartition("-")[0])
    except ValueError:
        return None
