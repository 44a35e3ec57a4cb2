"""The state: timestamps, threads, tombstones; and views, which have no wire of their own."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bot.playground import Manifest, Timings, events, views
from bot.playground.errors import SlackError
from bot.playground.responses import Responses
from bot.playground.samples import load_samples, parse_sample
from bot.playground.workspace import Change, Workspace


@pytest.fixture
def workspace():
    return Workspace(lambda: 1_700_000_000.0, Manifest())


def test_timestamps_are_unique_and_increase_while_the_clock_stands(workspace):
    stamps = [workspace.next_ts() for _ in range(50)]
    assert stamps[0] == "1700000000.000000"
    assert all(float(a) < float(b) and len(a) == len(b) for a, b in pairwise(stamps))


def test_a_reply_to_a_reply_joins_the_thread(workspace):
    parent = workspace.post("C0EXCHANGE", {"user": "U1", "text": "a"})
    reply = workspace.post("C0EXCHANGE", {"user": "U2", "text": "b"}, parent["ts"])
    second = workspace.post("C0EXCHANGE", {"user": "U2", "text": "c"}, reply["ts"])
    assert second["thread_ts"] == parent["ts"]
    assert (parent["reply_count"], parent["reply_users"]) == (2, ["U2"])
    workspace.delete("C0EXCHANGE", reply["ts"])
    workspace.delete("C0EXCHANGE", second["ts"])
    assert "reply_count" not in parent
    with pytest.raises(SlackError, match="cannot_reply_to_message"):
        workspace.post("C0EXCHANGE", {"text": "x"}, "1.000001")


def test_a_partner_is_of_another_workspace_and_in_shared_channels_only(workspace):
    posted = workspace.post("C0PARTNERS", {"user": "U0LENAHART", "text": "<@U0MAILFLOW> a"})
    mention, message = events.of_change(workspace, Change("posted", "C0PARTNERS", posted))
    assert message["team"] == "T0NORTHWIN"
    assert (mention["team"], mention["user_team"]) == ("T0CONTOSO1", "T0NORTHWIN")
    assert events.envelope(workspace, message, "Ev1", 0)["is_ext_shared_channel"]
    assert not events.envelope(workspace, {**message, "channel": "C0EXCHANGE"}, "Ev1", 0)["is_ext_shared_channel"]
    assert workspace.person("lena").to_slack(workspace.team)["team_id"] == "T0NORTHWIN"
    with pytest.raises(SlackError, match="channel_not_found"):
        workspace.channel("U0LENAHART")


def modal(text="x"):
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": "T"},
        "blocks": [{"type": "section", "block_id": "s", "text": {"type": "mrkdwn", "text": text}}],
    }


def test_at_most_three_modals_are_stacked(workspace):
    first = views.open_modal(workspace, "U1", modal(), push=False)
    second = views.open_modal(workspace, "U1", modal(), push=True)
    views.open_modal(workspace, "U1", modal(), push=True)
    assert (second["previous_view_id"], second["root_view_id"]) == (first["id"], first["id"])
    with pytest.raises(SlackError, match="push_limit_reached"):
        views.open_modal(workspace, "U1", modal(), push=True)


def test_a_stale_hash_is_refused(workspace):
    view = views.open_modal(workspace, "U1", modal(), push=False)
    stale = view["hash"]
    views.update_view(workspace, {"view_id": view["id"], "hash": stale, "view": modal("y")})
    with pytest.raises(SlackError, match="hash_conflict"):
        views.update_view(workspace, {"view_id": view["id"], "hash": stale, "view": modal("z")})
    assert workspace.modals["U1"][0]["blocks"][0]["text"]["text"] == "y"


@pytest.mark.parametrize(
    ("answer", "left"),
    [("", 1), ({"response_action": "clear"}, 0), ({"response_action": "update", "view": modal()}, 2)],
)
def test_what_a_submission_leaves_open(workspace, answer, left):
    views.open_modal(workspace, "U1", modal(), push=False)
    top = views.open_modal(workspace, "U1", modal(), push=True)
    views.submitted(workspace, "U1", top, answer)
    assert len(workspace.modals["U1"]) == left


class Clock:
    now = 1_700_000_000.0

    def __call__(self):
        return self.now


def test_a_trigger_serves_once_and_for_three_seconds():
    clock = Clock()
    responses = Responses(Workspace(clock, Manifest()), Timings(), lambda: "http://127.0.0.1:1")
    trigger, late = responses.trigger("U1"), responses.trigger("U1")
    assert responses.redeem(trigger) == "U1"
    with pytest.raises(SlackError, match="invalid_trigger_id"):
        responses.redeem(trigger)
    clock.now += 3.1
    with pytest.raises(SlackError, match="expired_trigger_id"):
        responses.redeem(late)


def test_the_samples_can_be_posted_as_they_are():
    samples = load_samples()
    assert len(samples) == 6
    assert [len(sample.parts) for sample in samples[:2]] == [4, 4]
    for sample in samples:
        for _, text in sample.parts:
            assert 0 < len(text) < 12_000
            assert text.count("```") % 2 == 0


def test_a_sample_without_parts_is_refused():
    with pytest.raises(ValueError, match="needs a '# title' line"):
        parse_sample("x", "# Title\n\nno parts")
