"""Who may have hosts checked and people paged, over the real wire; refusals say who may, and ping nobody."""

from __future__ import annotations

from typing import Any

import pytest

from bot.permissions import Permissions
from bot.settings import SettingsError
from handlers.blocks import CHECK_HOST
from handlers.blocks.page import ESCALATE
from tests.bot.conftest import World, everything
from tests.bot.oncall.conftest import OnCallWorld, oncall  # noqa: F401 - a fixture
from tests.bot.pastes import FAILING
from tests.bot.test_checks import QUEUE

GROUP = "S0EXCHANGE"  # Priya and Jonas
WHO = "Only Exchange on-call and sam may have hosts checked here."


async def test_a_check_is_for_those_who_may(world: World) -> None:
    async with world.bot(MAILFLOW_MAY_CHECK=f"{GROUP}, U0SAMOKAFO", MAILFLOW_CHECK_DENY="0.0.0.0/0,::/0"):
        asked = await world.place.post("alex", "#exchange", "@Mailflow check 203.0.113.9")
        refusal = await world.answer("#exchange", asked)
        assert WHO in refusal
        assert "<@" not in refusal
        await world.place.command("alex", "#exchange", "/mailflow", "check 203.0.113.9")
        [told] = await world.place.wait_for(lambda: world.place.ephemerals("alex"))
        assert WHO in everything(told)
        assert await world.rows("select 1 from check_run") == []
        for who in ("priya", "sam"):
            allowed = await world.place.post(who, "#exchange", "@Mailflow check 203.0.113.9")
            assert "may have hosts" not in await world.answer("#exchange", allowed)
        await world.settled(4)
        assert len([call for call in world.place.calls if call.method == "usergroups.users.list"]) == 1


async def test_a_button_that_one_may_not_use_answers_only_them(world: World) -> None:
    async with world.bot(MAILFLOW_MAY_CHECK=GROUP):
        ts = await world.place.post("alex", "#exchange", QUEUE)
        await world.answer("#exchange", ts)
        await world.place.click("alex", world.answers("#exchange", ts)[0]["ts"], CHECK_HOST)
        [told] = await world.place.wait_for(lambda: world.place.ephemerals("alex"))
        assert "Only Exchange on-call may have hosts checked" in everything(told)
        assert len(world.answers("#exchange", ts)) == 1


async def test_slack_does_not_answer_so_nobody_gets_in(world: World) -> None:
    async with world.bot(MAILFLOW_MAY_CHECK=GROUP):
        world.place.fail_next("usergroups.users.list", error="missing_scope")
        ts = await world.place.post("priya", "#exchange", "@Mailflow check 203.0.113.9")
        said = await world.answer("#exchange", ts)
        assert "I cannot tell whether you may have hosts checked" in said
        assert "missing_scope" in said


async def test_paging_is_for_those_who_may_and_having_it_for_all(oncall: OnCallWorld) -> None:  # noqa: F811 - the fixture
    async with oncall.bot(MAILFLOW_MAY_ESCALATE=GROUP):
        ts = await oncall.case()
        await oncall.say(ts, "escalate")
        assert "Only Exchange on-call may page" in oncall.notes(ts)[-1]
        assert oncall.pages() == []
        await oncall.say(ts, "escalate", "priya")
        assert oncall.pages() == ["U0JONASWEB"]
        page = oncall.world.place.messages("jonas")[-1]
        await oncall.world.place.click("alex", page["ts"], ESCALATE)
        [told] = await oncall.world.place.wait_for(lambda: oncall.world.place.ephemerals("alex"))
        assert "Only Exchange on-call may page" in everything(told)
        await oncall.say(ts, "ack")
        assert "alex has it" in oncall.notes(ts)[-1]


class _Slack:
    """Counts how often it is asked."""

    def __init__(self, members: dict[str, list[str]]) -> None:
        self.members = members
        self.asked: list[str] = []

    async def of(self, _team: str) -> _Slack:
        return self

    async def usergroups_users_list(self, usergroup: str) -> dict[str, Any]:
        self.asked.append(usergroup)
        if usergroup not in self.members:
            raise TimeoutError
        return {"users": self.members[usergroup]}

    async def usergroups_list(self) -> dict[str, Any]:
        raise TimeoutError


async def test_members_are_believed_for_a_minute() -> None:
    slack, now = _Slack({"S1": ["U1"]}), [0.0]
    may = Permissions(slack.of, {"watch": frozenset({"S1"})}, clock=lambda: now[0])  # type: ignore[arg-type]
    assert await may.refusal("watch", "T1", "U1") == ""
    slack.members["S1"] = []
    assert await may.refusal("watch", "T1", "U1") == ""
    now[0] = 61
    assert await may.refusal("watch", "T1", "U1") == (
        "Only the user group S1 may begin or end watches here. Ask one of them."
    )
    assert slack.asked == ["S1", "S1"]


async def test_one_group_that_cannot_be_asked_shuts_out_only_those_of_no_other() -> None:
    slack = _Slack({"S2": ["U2"]})
    may = Permissions(slack.of, {"check": frozenset({"S1", "S2", "U3"})})  # type: ignore[arg-type]
    assert [await may.refusal("check", "T1", user) for user in ("U2", "U3")] == ["", ""]
    assert "Slack cannot be reached" in await may.refusal("check", "T1", "U1")


def test_names_are_no_ids(world: World) -> None:
    with pytest.raises(SettingsError, match="MAILFLOW_MAY_CHECK: must be ids"):
        world.settings(MAILFLOW_MAY_CHECK="@exchange-oncall")


async def test_by_default_everybody_may(world: World) -> None:
    async with world.bot(MAILFLOW_CHECK_DENY="0.0.0.0/0"):
        ts = await world.place.post("alex", "#exchange", "@Mailflow check 203.0.113.9")
        assert "Only" not in await world.answer("#exchange", ts)
        await world.place.post("alex", "#exchange", FAILING, thread_ts=ts)
        await world.settled(2)
        assert not [call for call in world.place.calls if call.method.startswith("usergroups")]
