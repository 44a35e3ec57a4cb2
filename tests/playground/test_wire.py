"""The wire, as a real slack-bolt app sees it over signed HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.playground import Playground
from bot.playground.errors import SlackError
from tests.playground.conftest import IMPATIENT
from tests.playground.tiny_bot import BOT_TOKEN, TinyBot, answer_blocks


def bot_replies(playground: Playground, ts: str) -> list[dict[str, Any]]:
    return [m for m in playground.thread("#exchange", ts) if m.get("bot_id")]


async def test_a_message_is_escaped_linked_and_answered_in_its_thread(playground, tiny_bot):
    ts = await playground.post("sam", "#exchange", "RCPT TO:<anna@contoso.com> via mail.contoso.com & more")
    replies = await playground.wait_for(lambda: bot_replies(playground, ts))
    event = tiny_bot.payload("message")["event"]
    assert event["text"] == (
        "RCPT TO:&lt;<mailto:anna@contoso.com|anna@contoso.com>&gt; via "
        "<http://mail.contoso.com|mail.contoso.com> &amp; more"
    )
    assert (event["channel_type"], event["user"], event["ts"]) == ("channel", "U0SAMOKAFO", ts)
    assert event["blocks"][0]["type"] == "rich_text"
    assert replies[0]["thread_ts"] == ts
    parent = playground.thread("#exchange", ts)[0]
    assert (parent["reply_count"], parent["latest_reply"]) == (1, replies[0]["ts"])


async def test_the_envelope_is_slacks(playground, tiny_bot):
    await playground.post("sam", "#exchange", "ping")
    await playground.wait_for(lambda: tiny_bot.seen)
    body = tiny_bot.payload("message")
    assert (body["type"], body["team_id"], body["api_app_id"]) == (
        "event_callback",
        "T0CONTOSO1",
        "A0MAILFLOW",
    )
    assert body["event_id"].startswith("Ev")
    assert body["authorizations"][0]["user_id"] == "U0MAILFLOW"


async def test_a_mention_arrives_twice(playground, tiny_bot):
    await playground.post("alex", "#exchange", "@Mailflow ping")
    await playground.wait_for(lambda: len(tiny_bot.seen) == 2)
    assert sorted(tiny_bot.kinds()) == ["app_mention", "message"]
    assert tiny_bot.payload("app_mention")["event"]["text"] == "<@U0MAILFLOW> ping"
    assert tiny_bot.payload("app_mention")["event"]["ts"] == tiny_bot.payload("message")["event"]["ts"]
    assert tiny_bot.payload("app_mention")["event_id"] != tiny_bot.payload("message")["event_id"]


async def test_a_direct_message(playground, tiny_bot):
    await playground.post("priya", "priya", "@Mailflow ping")
    await playground.wait_for(lambda: tiny_bot.seen)
    event = tiny_bot.payload("message")["event"]
    assert (event["channel_type"], event["channel"]) == ("im", "D0PRIYANAI")
    assert "app_mention" not in tiny_bot.kinds()


async def test_an_alert_bot_posts_a_bot_message(playground, tiny_bot):
    await playground.post("monitoring", "#exchange", "QUEUE EX01\\4471 has 143 messages")
    await playground.wait_for(lambda: tiny_bot.seen)
    event = tiny_bot.payload("message/bot_message")["event"]
    assert event["bot_id"] == "B0ALERTBOT"
    assert "user" not in event


async def test_edit_and_delete(playground, tiny_bot):
    ts = await playground.post("alex", "#exchange", "ping one")
    await playground.edit("alex", "#exchange", ts, "ping two")
    await playground.delete("alex", "#exchange", ts)
    await playground.wait_for(lambda: len(tiny_bot.seen) == 3)
    changed = tiny_bot.payload("message/message_changed")["event"]
    assert (changed["message"]["text"], changed["previous_message"]["text"]) == ("ping two", "ping one")
    assert changed["message"]["edited"]["user"] == "U0ALEXRIVE"
    assert changed["ts"] != ts == changed["message"]["ts"]
    assert tiny_bot.payload("message/message_deleted")["event"]["deleted_ts"] == ts
    assert playground.messages("#exchange") == []


async def test_a_deleted_parent_with_replies_becomes_a_tombstone(playground, tiny_bot):
    ts = await playground.post("alex", "#exchange", "an error")
    await playground.wait_for(lambda: bot_replies(playground, ts))
    await playground.delete("alex", "#exchange", ts)
    await playground.wait_for(lambda: "message/message_changed" in tiny_bot.kinds())
    changed = tiny_bot.payload("message/message_changed")["event"]
    assert changed["message"]["subtype"] == "tombstone"
    assert changed["previous_message"]["text"] == "an error"
    assert len(playground.thread("#exchange", ts)) == 2


async def test_only_the_author_edits(playground):
    ts = await playground.post("alex", "#exchange", "mine")
    with pytest.raises(SlackError, match="cant_update_message"):
        await playground.edit("sam", "#exchange", ts, "yours")


async def test_a_command_and_its_response_url(playground, tiny_bot):
    done = await playground.command("jonas", "#exchange", "/mailflow", "explain 4.4.7")
    assert done.acknowledged
    body = tiny_bot.payload("command")
    assert (body["command"], body["text"], body["user_id"]) == ("/mailflow", "explain 4.4.7", "U0JONASWEB")
    assert [m["text"] for m in playground.ephemerals("jonas")] == ["On it"]
    said = await playground.wait_for(lambda: playground.messages("#exchange"))
    assert said[0]["text"] == "explain 4.4.7: for all"


async def test_a_response_url_serves_five_times(playground, tiny_bot):
    await playground.command("jonas", "#exchange", "/mailflow", "x")
    await playground.wait_for(lambda: playground.messages("#exchange"))
    hook = AsyncWebhookClient(tiny_bot.payload("command")["response_url"])
    statuses = [(await hook.send(text="again")).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 200, 404]


async def test_a_command_that_nobody_answers_says_so(playground, tiny_bot):
    tiny_bot.broken = 1
    done = await playground.command("jonas", "#exchange", "/mailflow", "x")
    assert (done.status, done.acknowledged) == (500, False)
    assert "dispatch_failed" in playground.ephemerals("jonas")[0]["text"]


async def test_a_button_replaces_its_message(playground, tiny_bot):
    ts = await playground.post("sam", "#exchange", "an error")
    reply = (await playground.wait_for(lambda: bot_replies(playground, ts)))[0]
    await playground.click("priya", reply["ts"], "helped")
    body = tiny_bot.payload("helped")
    assert body["actions"][0]["value"] == "yes"
    assert body["container"]["thread_ts"] == ts
    assert body["message"]["metadata"]["event_payload"] == {"case": ts}
    await playground.wait_for(lambda: bot_replies(playground, ts)[0]["text"] == "Glad to hear it")
    assert bot_replies(playground, ts)[0]["blocks"] == []


async def test_a_shortcut_opens_a_modal_that_refuses_then_takes(playground, tiny_bot):
    ts = await playground.post("sam", "#exchange", "ping")
    await playground.shortcut("sam", "#exchange", ts, "diagnose_message")
    view = (await playground.wait_for(lambda: playground.modals("sam")))[-1]
    assert tiny_bot.payload("shortcut")["message"]["ts"] == ts
    await playground.submit_view("sam", {"text": "bad"})
    assert playground.modals("sam")[-1]["errors"] == {"log": "That is no log."}
    file = playground.members.upload("sam", "send.log", b"2026-11-18T08:12:44.018Z")
    await playground.submit_view("sam", {"text": "good", "server": "ex02", "file": [file.id]}, view["id"])
    assert playground.modals("sam") == []
    values = tiny_bot.seen[-1][1]["view"]["state"]["values"]
    assert values["where"]["server"]["selected_option"]["value"] == "ex02"
    assert values["attached"]["file"]["files"][0]["name"] == "send.log"


async def test_home(playground, tiny_bot):
    await playground.open_home("sam")
    home = await playground.wait_for(lambda: playground.home("sam"))
    assert home["blocks"][0]["text"]["text"] == "Open cases"


async def test_an_upload_is_downloaded_with_the_token_only(playground, tiny_bot):
    ts = await playground.post("sam", "#exchange", "", files=[("SEND20261118-1.log", b"first line\nsecond")])
    replies = await playground.wait_for(lambda: bot_replies(playground, ts))
    event = tiny_bot.payload("message/file_share")["event"]
    file = event["files"][0]
    assert (file["filetype"], file["mimetype"], file["size"]) == ("text", "text/plain", 17)
    assert "first line" in str(replies[0]["blocks"])
    assert "<html>" in await tiny_bot.read(file["url_private_download"], token="xoxb-other")


async def test_a_long_paste_becomes_a_snippet(playground, tiny_bot):
    text = "2026-11-18 line\n" * 1000
    ts = await playground.post("sam", "#exchange", text)
    await playground.wait_for(lambda: bot_replies(playground, ts))
    file = tiny_bot.payload("message/file_share")["event"]["files"][0]
    assert (file["mode"], file["size"], file["lines"]) == ("snippet", len(text), 1000)
    assert await tiny_bot.read(file["url_private_download"]) == text


async def test_files_upload_v2(playground, tiny_bot):
    ts = await playground.post("sam", "#exchange", "ping")
    file = {"content": "long evidence", "filename": "evidence.txt", "initial_comment": "All of it"}
    done = await tiny_bot.client.files_upload_v2(channel="C0EXCHANGE", thread_ts=ts, **file)
    shared = playground.thread("#exchange", ts)[-1]
    assert (shared["text"], shared["files"][0]["id"]) == ("All of it", done["file"]["id"])
    info = await tiny_bot.client.files_info(file=done["file"]["id"])
    assert info["content"] == "long evidence"


async def test_an_event_that_fails_comes_again(playground, tiny_bot):
    tiny_bot.broken = 2
    await playground.post("sam", "#exchange", "ping")
    await playground.wait_for(lambda: tiny_bot.seen)
    headers = [request.headers for request in tiny_bot.requests]
    assert [h.get("X-Slack-Retry-Num") for h in headers] == [None, "1", "2"]
    assert [h.get("X-Slack-Retry-Reason") for h in headers] == [None, "http_error", "http_error"]
    await playground.wait_for(lambda: len(playground.deliveries) == 3)
    assert len({delivery.id for delivery in playground.deliveries}) == 1
    assert [delivery.status for delivery in playground.deliveries] == [500, 500, 200]


@pytest.mark.parametrize("playground", [IMPATIENT], indirect=True)
async def test_an_event_that_is_answered_too_late_comes_again(playground, tiny_bot):
    tiny_bot.slow = 2.0
    await playground.post("sam", "#exchange", "ping")
    await playground.wait_for(lambda: playground.deliveries and playground.deliveries[-1].acknowledged)
    assert playground.deliveries[0].error == "http_timeout"
    assert tiny_bot.requests[1].headers["X-Slack-Retry-Reason"] == "http_timeout"


async def test_after_three_retries_the_event_is_given_up(playground, tiny_bot):
    tiny_bot.broken = 9
    await playground.post("sam", "#exchange", "ping")
    await playground.wait_for(lambda: len(playground.deliveries) == 4)
    assert not playground.deliveries[-1].acknowledged


async def test_the_bot_may_refuse_retries(playground, tiny_bot):
    tiny_bot.broken, tiny_bot.final = 1, True
    await playground.post("sam", "#exchange", "ping one")
    await playground.wait_for(lambda: playground.deliveries)
    await playground.post("sam", "#exchange", "ping two")
    await playground.wait_for(lambda: tiny_bot.seen)
    assert [request.headers.get("X-Slack-Retry-Num") for request in tiny_bot.requests] == [None, None]


async def test_only_subscribed_events_are_sent(playground, tiny_bot):
    assert playground.send_event({"type": "team_rename"}) == ""
    event_id = playground.send_event({"type": "app_uninstalled"})
    await playground.wait_for(lambda: playground.deliveries)
    assert playground.deliveries[0].payload["event"] == {"type": "app_uninstalled"}
    assert playground.deliveries[0].id == event_id


async def test_redelivery(playground, tiny_bot):
    await playground.post("sam", "#exchange", "ping")
    await playground.wait_for(lambda: playground.deliveries)
    await playground.redeliver(playground.deliveries[0].id, times=2)
    assert len({payload["event_id"] for _, payload in tiny_bot.seen}) == 1
    assert len(tiny_bot.seen) == 3


async def test_a_wrong_signature_is_refused_by_bolt(playground):
    stranger = TinyBot(playground.api_url, secret="another-secret")
    playground.request_url = await stranger.serve()
    await playground.post("sam", "#exchange", "ping")
    await playground.wait_for(lambda: playground.deliveries)
    assert playground.deliveries[0].status == 401
    assert stranger.seen == []
    await stranger.stop()


async def test_rate_limits_are_waited_out_by_the_sdk(playground, tiny_bot):
    playground.fail_next("chat.postMessage", status=429, retry_after=1)
    await tiny_bot.client.chat_postMessage(channel="C0EXCHANGE", text="hello")
    assert [call.status for call in playground.calls if call.method == "chat.postMessage"] == [429, 200]
    assert len(playground.messages("#exchange")) == 1


async def test_a_lost_answer_was_performed(playground, tiny_bot):
    tiny_bot.client.retry_handlers.clear()
    playground.fail_next("chat.postMessage", lost_answer=True)
    with pytest.raises(aiohttp.ClientError):
        await tiny_bot.client.chat_postMessage(channel="C0EXCHANGE", text="hello")
    assert [m["text"] for m in playground.messages("#exchange")] == ["hello"]


async def test_a_forced_error_and_a_late_answer(playground, tiny_bot):
    playground.fail_next("chat.postMessage", count=2, error="is_archived")
    for _ in range(2):
        with pytest.raises(SlackApiError, match="is_archived"):
            await tiny_bot.client.chat_postMessage(channel="C0EXCHANGE", text="hello")
    playground.fail_next("*", delay=0.2)
    call = asyncio.create_task(tiny_bot.client.chat_postMessage(channel="C0EXCHANGE", text="hello"))
    other = await tiny_bot.client.api_test()
    assert (await call)["ok"] is other["ok"] is True


async def test_a_server_error(playground, tiny_bot):
    playground.fail_next("chat.postMessage", status=500)
    with pytest.raises(SlackApiError):
        await tiny_bot.client.chat_postMessage(channel="C0EXCHANGE", text="hello")
    assert playground.messages("#exchange") == []


@pytest.mark.parametrize(
    ("method", "args", "error"),
    [
        ("chat.postMessage", {"channel": "C0NOWHERE0", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "C0EXCHANGE"}, "no_text"),
        (
            "chat.postMessage",
            {"channel": "C0EXCHANGE", "text": "x", "metadata": {"a": 1}},
            "invalid_metadata_format",
        ),
        ("chat.update", {"channel": "C0EXCHANGE", "ts": "1.000001", "text": "x"}, "message_not_found"),
        ("chat.nothing", {}, "unknown_method"),
        ("views.open", {"trigger_id": "1.2.3", "view": {}}, "invalid_trigger_id"),
        ("apps.connections.open", {}, "not_allowed_token_type"),
        ("conversations.replies", {"channel": "C0EXCHANGE", "ts": "1.000001"}, "thread_not_found"),
        ("users.info", {"user": "U0NOBODY00"}, "user_not_found"),
    ],
)
async def test_refusals_have_slacks_names(playground, tiny_bot, method, args, error):
    with pytest.raises(SlackApiError) as refused:
        await tiny_bot.client.api_call(method, json=args)
    assert refused.value.response["error"] == error


@pytest.mark.parametrize(("token", "error"), [("", "not_authed"), ("xoxb-wrong", "invalid_auth")])
async def test_tokens(playground, token, error):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession() as session:
        async with session.post(playground.api_url + "auth.test", headers=headers) as response:
            assert await response.json() == {"ok": False, "error": error}
        async with session.post(playground.api_url + "auth.test", data={"token": BOT_TOKEN}) as response:
            assert (await response.json())["user_id"] == "U0MAILFLOW"


async def test_only_own_messages_are_updated(playground, tiny_bot):
    ts = await playground.post("sam", "#exchange", "ping")
    with pytest.raises(SlackApiError, match="cant_update_message"):
        await tiny_bot.client.chat_update(channel="C0EXCHANGE", ts=ts, text="mine now")
    with pytest.raises(SlackApiError, match="cant_delete_message"):
        await tiny_bot.client.chat_delete(channel="C0EXCHANGE", ts=ts)


async def test_invalid_blocks_say_where(playground, tiny_bot):
    blocks = answer_blocks("x")
    blocks[1]["text"]["text"] = "x" * 3001
    with pytest.raises(SlackApiError) as refused:
        await tiny_bot.client.chat_postMessage(channel="C0EXCHANGE", text="x", blocks=blocks)
    assert refused.value.response["error"] == "invalid_blocks"
    messages = refused.value.response["response_metadata"]["messages"]
    assert messages == ["[ERROR] must be less than 3001 characters [json-pointer:/blocks/1/text/text]"]


async def test_metadata_comes_back_when_asked_for(playground, tiny_bot):
    metadata = {"event_type": "case", "event_payload": {"id": 7}}
    sent = await tiny_bot.client.chat_postMessage(channel="C0EXCHANGE", text="x", metadata=metadata)
    ask = {"channel": "C0EXCHANGE", "ts": sent["ts"]}
    assert "metadata" not in (await tiny_bot.client.conversations_replies(**ask))["messages"][0]
    with_metadata = await tiny_bot.client.conversations_replies(**ask, include_all_metadata=True)
    assert with_metadata["messages"][0]["metadata"] == metadata


async def test_reactions(playground, tiny_bot):
    ts = await playground.post("sam", "#exchange", "ping")
    await tiny_bot.client.reactions_add(channel="C0EXCHANGE", timestamp=ts, name="eyes")
    with pytest.raises(SlackApiError, match="already_reacted"):
        await tiny_bot.client.reactions_add(channel="C0EXCHANGE", timestamp=ts, name="eyes")
    assert playground.messages("#exchange")[0]["reactions"] == [{"name": "eyes", "users": ["U0MAILFLOW"], "count": 1}]
    await tiny_bot.client.reactions_remove(channel="C0EXCHANGE", timestamp=ts, name="eyes")
    assert playground.messages("#exchange")[0]["reactions"] == []


async def test_ephemeral_and_permalink_and_groups(playground, tiny_bot):
    client = tiny_bot.client
    await client.chat_postEphemeral(channel="C0EXCHANGE", user="U0SAMOKAFO", text="psst")
    assert [m["text"] for m in playground.ephemerals("sam")] == ["psst"]
    assert playground.messages("#exchange") == []
    ts = await playground.post("sam", "#exchange", "ping")
    link = (await client.chat_getPermalink(channel="C0EXCHANGE", message_ts=ts))["permalink"]
    assert link == f"{playground.url}/archives/C0EXCHANGE/p{ts.replace('.', '')}"
    group = (await client.usergroups_list())["usergroups"][0]
    assert (await client.usergroups_users_list(usergroup=group["id"]))["users"] == [
        "U0PRIYANAI",
        "U0JONASWEB",
    ]
    assert (await client.conversations_open(users="U0SAMOKAFO"))["channel"]["id"] == "D0SAMOKAFO"


async def test_it_listens_on_loopback_only(playground):
    with pytest.raises(ValueError, match="loopback"):
        await playground.start(host="0.0.0.0")
