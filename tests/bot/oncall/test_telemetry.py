"""Pages as metrics, log lines and traces see them."""

from __future__ import annotations

import json
import logging

from bot.logs import JsonLines
from tests.bot.oncall.conftest import MINUTES, OnCallWorld
from tests.fakes.otlp import collector


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(JsonLines())
        self.lines: list[dict[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))


async def test_a_page_leads_back_to_the_delivery_that_called_for_it(oncall: OnCallWorld) -> None:
    heard = Lines()
    logger = logging.getLogger("bot")
    before = logger.level
    logger.addHandler(heard)
    logger.setLevel(logging.INFO)
    try:
        async with collector() as told, oncall.bot(OTEL_EXPORTER_OTLP_ENDPOINT=told.url) as bot:
            ts = await oncall.case()
            await oncall.say(ts, "escalate")
            await oncall.wait(11 * MINUTES)
            text = bot.telemetry.metrics.exposed("")[0].decode()
    finally:
        logger.removeHandler(heard)
        logger.setLevel(before)
    [_, asked] = await oncall.world.rows("select id from delivery order by arrival")
    [escalation] = await oncall.world.rows("select id from escalation")
    paging = next(line for line in heard.lines if line.get("phase") == "paging")
    assert (paging["delivery"], paging["escalation"]) == (str(asked["id"]), str(escalation["id"]))
    [fired] = [line for line in heard.lines if line["event"] == "a timer fired"]
    assert fired["escalation"] == str(escalation["id"])
    names = {span.name for span in told.trace(asked["id"])}
    assert {"receive", "deal with", "escalate", "slack conversations.open", "slack chat.postMessage"} <= names
    [sent] = await oncall.world.rows("select count(*) as direct from page where outlet = 'direct' and state = 'sent'")
    assert f'mailflow_pages_total{{outcome="sent",outlet="direct"}} {sent["direct"]}.0' in text
