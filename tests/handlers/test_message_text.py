"""Where monitoring puts its words, and that nothing of it is lost or said twice."""

from __future__ import annotations

from typing import Any

import pytest

from diagnostics import diagnose
from handlers.deliveries import accepted
from handlers.intake import unslack
from handlers.message_text import all_text
from handlers.ports.slack import Identity
from tests.bot.pastes import FAILING

US = Identity("T1", "U0US", "B0US")
ALERT = "Queue to fabrikam.com: 451 4.4.0 DNS query failed &lt;NonExistentDomain&gt;"


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


@pytest.mark.parametrize(
    "message",
    [
        {"text": "Alert", "attachments": [{"color": "danger", "text": ALERT, "fallback": "Alert"}]},
        {"text": "Alert", "attachments": [{"title": "EX01", "fields": [{"title": "LastError", "value": ALERT}]}]},
        {"text": "Alert", "attachments": [{"blocks": [section("EX01"), section(ALERT)]}]},
        {"text": "Alert", "attachments": [{"fallback": ALERT}]},
        {"text": "Alert", "attachments": [{"message_blocks": [{"message": {"blocks": [section(ALERT)]}}]}]},
        {"text": "Alert", "blocks": [section(ALERT), {"type": "divider"}]},
        {"text": "", "blocks": [{"type": "section", "fields": [{"type": "mrkdwn", "text": ALERT}]}]},
        {"text": "", "blocks": [{"type": "context", "elements": [{"type": "mrkdwn", "text": ALERT}]}]},
        {"text": "", "blocks": [{"type": "markdown", "text": ALERT}]},
        {"text": "", "blocks": [{"type": "table", "rows": [[{"type": "raw_text", "text": unslack(ALERT)}]]}]},
        {"text": ALERT},
    ],
)
def test_an_alert_is_read_wherever_it_stands(message: dict[str, Any]) -> None:
    said = unslack(all_text({"bot_id": "B1", **message}))
    assert said.count("DNS query failed <NonExistentDomain>") == 1
    assert diagnose(said).verdict == "failure"


def test_rich_text_is_escaped_once_and_keeps_its_lines() -> None:
    pasted = [{"type": "text", "text": FAILING}]
    said = {
        "type": "rich_text_section",
        "elements": [{"type": "text", "text": "see "}, {"type": "link", "url": "https://a"}],
    }
    listed = {
        "type": "rich_text_list",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "&lt;"}]}],
    }
    blocks = [{"type": "rich_text", "elements": [said, listed, {"type": "rich_text_preformatted", "elements": pasted}]}]
    assert unslack(all_text({"blocks": blocks})) == f"see https://a\n&lt;\n{FAILING.strip()}"


def test_what_the_text_says_already_is_not_repeated() -> None:
    text = "*451 4.4.0* DNS query failed: <http://mx.contoso.com|mx.contoso.com>"
    repeated = section("451 4.4.0 DNS query failed: mx.contoso.com")
    for bot in ({"bot_id": "B1"}, {}):
        assert all_text({**bot, "text": text, "blocks": [repeated], "attachments": [{"blocks": [repeated]}]}) == text
    assert all_text({"text": "of people", "blocks": [section("repeats it in another way")]}) == "of people"


@pytest.mark.parametrize(
    "odd",
    [
        None,
        "text",
        7,
        [
            None,
            7,
            "x",
            {},
            {"type": "section"},
            {"text": 7, "fields": "x", "message_blocks": [{"message": 7}]},
            {"type": "table", "rows": 7},
        ],
    ],
)
def test_odd_shapes_say_nothing(odd: Any) -> None:
    assert all_text({"text": None, "blocks": odd, "attachments": odd}) == ""


def test_a_nest_of_blocks_and_a_flood_of_them_come_to_an_end() -> None:
    block: dict[str, Any] = section("deep")
    for _ in range(200):
        block = {"type": "section", "elements": [block]}
    assert all_text({"blocks": [block]}) == ""
    assert len(all_text({"blocks": [section(f"{n} " + "x" * 3000) for n in range(1000)]})) == 50_000


def test_the_shortcut_reads_what_people_forwarded_and_a_channel_does_not() -> None:
    message = {"ts": "5.0", "user": "U1", "text": "have a look", "attachments": [{"is_share": True, "text": ALERT}]}
    shortcut = {
        "type": "message_action",
        "callback_id": "diagnose_message",
        "team": {"id": "T1"},
        "user": {"id": "U2"},
        "channel": {"id": "C1"},
        "trigger_id": "1.2",
        "message": message,
    }
    taken = accepted(shortcut, US, frozenset())
    assert taken
    assert taken.text == f"have a look\n{ALERT}"
    event = {
        "type": "event_callback",
        "event_id": "Ev1",
        "team_id": "T1",
        "event": {**message, "type": "message", "channel": "C1"},
    }
    posted = accepted(event, US, frozenset())
    assert posted
    assert posted.text == "have a look"
    assert accepted({**shortcut, "message": {**message, "bot_id": "B0US"}}, US, frozenset()) is None
