"""Which of Slack's payloads concern the bot. Shapes as Slack documents them; the wire itself is under tests/bot."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.deliveries import accepted
from handlers.ports.inbox import OURS, Delivery
from handlers.ports.slack import Identity
from handlers.ports.thread import Thread

US = Identity(team="T1", user="U0BOT", bot="B0BOT")


def event(**fields: Any) -> dict[str, Any]:
    basic = {
        "type": "message",
        "channel": "C1",
        "channel_type": "channel",
        "user": "U1",
        "ts": "5.0",
        "text": "hi",
    }
    return {"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": {**basic, **fields}}


def taken(body: dict[str, Any], alert_bots: frozenset[str] = frozenset()) -> Delivery | None:
    return accepted(body, US, alert_bots)


def test_a_message_opens_its_own_thread_and_a_reply_joins_one() -> None:
    posted, reply = taken(event()), taken(event(ts="6.0", thread_ts="5.0"))
    assert posted
    assert reply
    assert posted.thread == reply.thread == Thread("T1", "C1", "5.0")
    assert not posted.direct


@pytest.mark.parametrize("odd", ["U\ud800", "U\0"])
@pytest.mark.parametrize("field", ["user", "channel", "ts", "thread_ts"])
def test_what_no_database_takes_is_left_alone(field: str, odd: str) -> None:
    assert taken(event(**{field: odd})) is None
    assert taken(event(text=odd))


def connect(team: str, enterprise: str | None = None, *, ours: str | None = None, **fields: Any) -> dict[str, Any]:
    """An event of a channel that Slack Connect shares; `team` and `enterprise` are those of whoever wrote."""
    heard = {"team_id": "T1", "enterprise_id": ours, "user_id": "U0BOT", "is_bot": True}
    about = {"team_id": team, "enterprise_id": enterprise, "is_ext_shared_channel": True, "authorizations": [heard]}
    return {**event(**({"team": team} | fields)), **about}


def pressed(user: str | None, team: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "user": {"id": "U1", "team_id": user} if user else {"id": "U1"},
        "team": team,
        "container": {"type": "message", "message_ts": "5.0", "channel_id": "C1"},
        "actions": [{"action_id": "show_steps"}],
        "trigger_id": "1.2",
    }


HOME, THEIRS = {"id": "T1", "domain": "ours"}, {"id": "T2", "domain": "theirs"}
GRID = {**HOME, "enterprise_id": "E1", "enterprise_name": "Ours"}


@pytest.mark.parametrize(
    ("body", "outside"),
    [
        (event(), False),
        (event(team="T2"), False),  # of our own organisation: the channel is not shared with another
        (connect("T1"), False),
        (connect("T2"), True),
        (connect("T2", "E2", ours="E1"), True),
        (connect("T3", "E1", ours="E1"), False),  # another workspace of our organisation
        (connect("T1", type="app_mention", user_team="T2", source_team="T2"), True),
        (connect("T1", type="app_mention", user_team="E2", source_team="E2", ours="E1"), True),
        (connect("T1", type="app_mention", user_team="E1", source_team="E1", ours="E1"), False),
        (connect("", type="app_mention"), True),  # nobody knows of whom
        (
            connect("T2", subtype="message_changed", message={"ts": "5.0", "user": "U1", "team": "T2", "text": "x"}),
            True,
        ),
        (
            connect("T2", subtype="message_changed", message={"ts": "5.0", "user": "U1", "team": "T1", "text": "x"}),
            False,
        ),
        (pressed("T1", HOME), False),
        (pressed("T2", HOME), True),
        (pressed("T2", THEIRS), True),
        (pressed("E1", GRID), False),
        (pressed("E2", GRID), True),
        (pressed("E2", {**THEIRS, "enterprise_id": "E2"}), True),
        (pressed(None, HOME), False),
        (pressed(None, None), True),
    ],
)
def test_who_is_of_another_organisation(body: dict[str, Any], outside: bool) -> None:
    delivery = taken(body)
    assert delivery
    assert delivery.outside is outside


@pytest.mark.parametrize("subtype", ["file_share", "thread_broadcast"])
def test_subtypes_that_people_write(subtype: str) -> None:
    assert taken(event(subtype=subtype))


@pytest.mark.parametrize(
    "subtype",
    ["channel_join", "channel_topic", "me_message", "bot_message", "reminder_add", "message_replied"],
)
def test_other_subtypes_are_ignored(subtype: str) -> None:
    assert taken(event(subtype=subtype)) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"user": "U0BOT"},
        {"user": "U0BOT", "bot_id": "B0BOT"},
        {"bot_id": "B0BOT"},
        {"bot_id": "B9"},
        {"subtype": "bot_message", "bot_id": "B9"},
        {"type": "reaction_added"},
        {"type": "app_mention", "bot_id": "B9"},
    ],
)
def test_bots_and_ourselves_are_ignored(fields: dict[str, Any]) -> None:
    assert taken(event(**fields)) is None


def test_an_allowed_bot_is_read_with_its_attachments() -> None:
    body = event(
        user=None,
        subtype="bot_message",
        bot_id="B9",
        text="",
        attachments=[{"text": "550"}, {"fallback": "4.4.7"}],
    )
    delivery = taken(body, frozenset({"B9"}))
    assert delivery
    assert delivery.text == "550\n4.4.7"
    assert taken(event(bot_id="B0BOT"), frozenset({"B0BOT"})) is None


def test_both_events_of_a_mention_are_about_the_same_thing() -> None:
    text = "<@U0BOT> explain 5.7.64"
    mention, message = taken(event(type="app_mention", text=text)), taken(event(text=text))
    assert mention
    assert message
    assert mention.subject == message.subject
    assert mention.direct
    assert message.direct
    assert mention.text == message.text == "explain 5.7.64"


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("hey <@U0BOT|mailflow> help", "hey help"),
        ("<@U0BOT>\nlog", "\nlog"),
        ("help <@U0BOT>", "help"),
        ("<@U0BOT>", ""),
    ],
)
def test_the_mention_is_taken_out(text: str, rest: str) -> None:
    delivery = taken(event(text=text))
    assert delivery
    assert delivery.direct
    assert delivery.text == rest


@pytest.mark.parametrize("text", ["<@U0BOTTLE> hi", "<@U0BOT", "U0BOT"])
def test_somebody_elses_mention_is_not_ours(text: str) -> None:
    delivery = taken(event(text=text))
    assert delivery
    assert not delivery.direct
    assert delivery.text == text


def test_a_direct_message_is_direct() -> None:
    delivery = taken(event(channel="D1", channel_type="im"))
    assert delivery
    assert delivery.direct


def edit(message: dict[str, Any], before: dict[str, Any], **fields: Any) -> dict[str, Any]:
    basic = {"ts": "5.0", "user": "U1", "text": "new"}
    return event(
        subtype="message_changed",
        ts="7.0",
        message={**basic, **message},
        previous_message={**basic, "text": "old", **before},
        **fields,
    )


def test_an_edit_is_about_the_message_and_each_edit_counts() -> None:
    first, second = taken(edit({"edited": {"ts": "6.0"}}, {})), taken(edit({"edited": {"ts": "7.0"}}, {}))
    assert first
    assert second
    assert (first.kind, first.message_ts, first.text) == ("edit", "5.0", "new")
    assert first.subject != second.subject


def test_a_change_that_people_did_not_make_is_ignored() -> None:
    assert taken(edit({"text": "old", "attachments": [{"from_url": "https://contoso.com"}]}, {})) is None
    assert taken(edit({"user": "U0BOT", "bot_id": "B0BOT"}, {})) is None
    assert taken(edit({"subtype": "channel_topic"}, {})) is None


@pytest.mark.parametrize(
    "fields",
    [
        {
            "subtype": "message_deleted",
            "deleted_ts": "5.0",
            "previous_message": {"user": "U1", "thread_ts": "4.0"},
        },
        {
            "subtype": "message_changed",
            "message": {"subtype": "tombstone", "ts": "5.0", "user": "USLACKBOT"},
            "previous_message": {"user": "U1", "ts": "5.0", "thread_ts": "4.0"},
        },
    ],
)
def test_a_deletion_in_either_form(fields: dict[str, Any]) -> None:
    delivery = taken(event(ts="9.0", **fields))
    assert delivery
    assert (delivery.kind, delivery.message_ts, delivery.thread.ts) == ("delete", "5.0", "4.0")


@pytest.mark.parametrize(("bot", "action"), [("B0BOT", OURS), ("B0OTHER", "")])
def test_the_deletion_of_our_own_message_says_that_it_was_ours(bot: str, action: str) -> None:
    delivery = taken(event(subtype="message_deleted", deleted_ts="5.0", previous_message={"bot_id": bot}))
    assert delivery
    assert (delivery.kind, delivery.message_ts, delivery.action) == ("delete", "5.0", action)


def test_files_keep_what_is_needed_to_fetch_them() -> None:
    file = {
        "id": "F1",
        "name": "a.log",
        "url_private_download": "https://files.slack.com/a",
        "size": 3,
        "mimetype": "text/plain",
    }
    delivery = taken(event(subtype="file_share", files=[file, {"id": "F2", "mode": "tombstone"}]))
    assert delivery
    assert [(kept.id, kept.url, kept.size) for kept in delivery.files] == [("F1", "https://files.slack.com/a", 3)]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"type": "event_callback"},
        {"type": "event_callback", "event": {"type": "message"}},
        {"type": "block_actions", "team": {"id": "T1"}, "actions": [{"action_id": "other"}], "container": {}},
        {"type": "message_action", "callback_id": "other"},
        {"type": "view_submission"},
        {"command": "/other"},
    ],
)
def test_what_is_not_for_us_is_left_alone(body: dict[str, Any]) -> None:
    assert taken(body) is None


@given(st.text(), st.sampled_from([None, "file_share", "bot_message"]))
def test_any_text_is_taken_as_it_is(text: str, subtype: str | None) -> None:
    delivery = taken(event(text=text, subtype=subtype))
    if delivery and not delivery.direct:
        assert delivery.text == text


def test_a_payload_of_another_shape_is_left_alone_and_its_text_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert taken({"type": "event_callback", "event": ["secret"]}) is None
    assert [record.getMessage() for record in caplog.records] == ["a payload is not as Slack documents it"]
    assert "secret" not in caplog.text
