"""The operator's own webhook: signed both ways."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import aiohttp
import pytest

from bot.oncall.failures import AdapterError
from bot.oncall.webhook import Webhook, heard, sign, signed
from tests.fakes.oncall_webhook import SECRET, OnCallWebhook
from tests.fakes.oncall_webhook import signed as theirs
from tests.oncall.policies import NOON

STAMP = str(int(NOON.timestamp()))


@pytest.fixture
async def server() -> AsyncIterator[OnCallWebhook]:
    async with OnCallWebhook() as server:
        yield server


@pytest.fixture
async def hook(server: OnCallWebhook) -> AsyncIterator[Webhook]:
    async with aiohttp.ClientSession() as session:
        yield Webhook(session, "ops", server.url, SECRET)


async def test_it_says_who_is_on_call(server: OnCallWebhook, hook: Webhook) -> None:
    server.answer = {"people": ["U0PRIYANAI"], "until": "2026-03-24T18:00:00Z"}
    assert await hook.on_call(NOON) == (("U0PRIYANAI",), NOON + timedelta(hours=6))
    server.answer = {"people": []}
    assert await hook.on_call(NOON) == ((), None)
    assert server.told[0][1] == {"type": "who_is_on_call", "at": "2026-03-24T12:00:00+00:00"}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        b"",
        b"<html>",
        {"people": "U0PRIYANAI"},
        {"people": ["<!channel>"]},
        {"people": [1]},
        {"people": ["U0PRIYANAI"], "until": "soon"},
        b"x" * (2 << 20),
    ],
)
async def test_an_answer_that_says_nothing_pages_nobody(
    server: OnCallWebhook, hook: Webhook, answer: dict[str, object] | bytes
) -> None:
    server.answer = answer  # type: ignore[assignment]
    with pytest.raises(AdapterError) as raised:
        await hook.on_call(NOON)
    assert not raised.value.passes


async def test_a_page_carries_its_delivery(server: OnCallWebhook, hook: Webhook) -> None:
    delivery = uuid4()
    await hook.tell({"type": "page", "title": "x"}, delivery, NOON)
    assert server.told == [(str(delivery), {"type": "page", "title": "x"})]


async def test_it_is_not_led_elsewhere(server: OnCallWebhook, hook: Webhook) -> None:
    server.fail.append(302)
    with pytest.raises(AdapterError, match="302"):
        await hook.tell({"type": "page"}, uuid4(), NOON)
    assert server.told == []


async def test_another_secret_is_refused(server: OnCallWebhook) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(AdapterError, match="401"):
            await Webhook(session, "ops", server.url, "other").tell({"type": "page"}, uuid4(), NOON)
    assert server.forged == 1


def test_signatures_agree_and_age() -> None:
    body = b'{"action": "acknowledge"}'
    headers = theirs(body, STAMP, SECRET)
    assert sign(body, SECRET, int(STAMP)) == headers
    signature = headers["Mailflow-Signature"]
    assert signed(body, STAMP, signature, SECRET, NOON)
    assert signed(body, STAMP, signature, SECRET, NOON + timedelta(minutes=5))
    assert not signed(body, STAMP, signature, SECRET, NOON + timedelta(minutes=5, seconds=1))
    assert not signed(body, STAMP, signature, SECRET, NOON - timedelta(minutes=6))
    assert not signed(body, str(int(STAMP) + 1), signature, SECRET, NOON)
    assert not signed(body + b" ", STAMP, signature, SECRET, NOON)
    assert not signed(body, STAMP, signature, "other", NOON)
    for stamp in (
        "",
        "-1",
        "1e9",
        "9" * 5000,
        "\u0661",
        f"0{STAMP}",
        f"00{STAMP}",
        f"+{STAMP}",
        f" {STAMP}",
        f"{STAMP} ",
    ):
        assert not signed(body, stamp, signature, SECRET, NOON)
        assert not signed(body, stamp, theirs(body, stamp, SECRET)["Mailflow-Signature"], SECRET, NOON)


def test_what_we_send_is_not_taken_for_what_we_are_told() -> None:
    with pytest.raises(ValueError, match="no action"):
        heard(json.dumps({"type": "acknowledge", "escalation": str(uuid4()), "by": "sam"}).encode())


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"action": "page"}', b'{"action": "resolve", "escalation": "x"}']
)
def test_odd_bodies_are_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        heard(body)


def test_a_name_cannot_pass_for_a_slack_member() -> None:
    escalation = uuid4()
    told = heard(json.dumps({"action": "resolve", "escalation": str(escalation), "by": " @U0SAM" + "x" * 99}).encode())
    assert told.escalation == escalation
    assert told.person.startswith("U0SAM")
    assert len(told.person) == 80
