"""On call: whether the on-call file loads, and whether everybody and everything in it is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.doctor.model import Finding, Subject
from bot.oncall.composing import policy_of
from bot.oncall.failures import AdapterError
from bot.oncall.pagerduty import PagerDuty
from bot.oncall.policy import Policy
from bot.oncall.slack_user_group import members
from bot.oncall.webhook import Webhook
from bot.settings import SettingsError
from bot.slack import client
from bot.telemetry import Telemetry
from handlers.failures import slack_error

_AT_A_TIME: Final = 4
_PEOPLE: Final = 40
"""Slack answers so many calls of users.info in a minute without waiting."""
_FILE: Final = "Correct the on-call file (docs/oncall.md)."

Question = Callable[[], Awaitable[Finding | None]]
"""None: all is well."""


async def look(subject: Subject) -> AsyncIterator[Finding]:
    settings = subject.settings
    if settings.oncall_file is None:
        yield Finding("on call", "note", "No on-call file is set, so nobody is paged.", "docs/oncall.md says how.")
        return
    try:
        policy = policy_of(settings)
    except SettingsError as wrong:
        for sentence in wrong.sentences:
            yield Finding("on call", "fault", sentence, _FILE)
        return
    assert policy is not None
    yield Finding(
        "on call", "ok", f"The on-call file is right: {len(policy.levels)} levels, {len(policy.people)} people."
    )
    asked = [*_systems(policy, subject)]
    if settings.bot_token is not None:
        slack = client(settings, subject.session, Telemetry(), settings.bot_token.get_secret_value())
        asked += _slack(policy, slack)
    if not asked:
        return
    failed = False
    async for finding in _answers(asked):
        failed = True
        yield finding
    if not failed:
        yield Finding("on call", "ok", "Everybody and everything in it can be found.")


async def _answers(questions: list[Question]) -> AsyncIterator[Finding]:
    one_of = asyncio.Semaphore(_AT_A_TIME)

    async def asked(question: Question) -> Finding | None:
        async with one_of:
            return await question()

    for answer in asyncio.as_completed([asked(question) for question in questions]):
        if finding := await answer:
            yield finding


def _slack(policy: Policy, slack: AsyncWebClient) -> list[Question]:
    people = list(policy.people.items())[:_PEOPLE]
    questions: list[Question] = [partial(_person, slack, name, person.slack) for name, person in people]
    for name, target in policy.targets.items():
        if group := target.slack_user_group:
            questions.append(partial(_group, slack, name, group))
    if channel := policy.channel:
        questions.append(partial(_channel, slack, channel))
    return questions


async def _person(slack: AsyncWebClient, name: str, member: str) -> Finding | None:
    try:
        user = (await slack.users_info(user=member))["user"]
    except (SlackApiError, aiohttp.ClientError, OSError) as error:
        return _unknown(f"people.{name} can't be looked up in Slack", error, "user_not_found")
    if user.get("deleted"):
        return Finding("on call", "fault", f"people.{name} is deactivated in Slack.", _FILE)
    return None


async def _group(slack: AsyncWebClient, name: str, group: str) -> Finding | None:
    try:
        if not await members(slack, group):
            return Finding(
                "on call", "fault", f"The user group of targets.{name} has nobody in it.", "Add somebody in Slack."
            )
    except AdapterError as error:
        return Finding("on call", "fault", f"targets.{name}: {error}.", _FILE)
    except (aiohttp.ClientError, OSError) as error:
        return _unknown(f"targets.{name} can't be looked up in Slack", error)
    return None


async def _channel(slack: AsyncWebClient, channel: str) -> Finding | None:
    try:
        await slack.conversations_history(channel=channel, limit=1)
    except (SlackApiError, aiohttp.ClientError, OSError) as error:
        reason = slack_error(error) if isinstance(error, SlackApiError) else ""
        if reason in ("not_in_channel", "channel_not_found"):
            mend = "Invite it there: /invite @Mailflow"
            return Finding("on call", "fault", f"The bot is not in the on-call channel ({reason}).", mend)
        return _unknown("The on-call channel can't be looked up in Slack", error)
    return None


def _unknown(says: str, error: Exception, *faults: str) -> Finding:
    reason = slack_error(error) if isinstance(error, SlackApiError) else type(error).__name__
    if reason in faults:
        return Finding("on call", "fault", f"{says} ({reason}).", _FILE)
    return Finding("on call", "warning", f"{says} ({reason or 'no answer'}).")


def _systems(policy: Policy, subject: Subject) -> list[Question]:
    settings, now = subject.settings, datetime.now(UTC)
    token = settings.pagerduty_token.get_secret_value() if settings.pagerduty_token else ""
    secret = settings.oncall_webhook_secret.get_secret_value() if settings.oncall_webhook_secret else ""
    pagerduty = PagerDuty(subject.session, policy.pagerduty, token=token)
    questions: list[Question] = []
    for name, target in policy.targets.items():
        if schedule := target.pagerduty_schedule:
            questions.append(partial(_source, name, partial(_scheduled, pagerduty, schedule, now)))
        if hook := target.webhook_people:
            webhook = Webhook(subject.session, hook, policy.webhooks[hook].url, secret)
            questions.append(partial(_source, name, partial(_told, webhook, now)))
    return questions


async def _scheduled(pagerduty: PagerDuty, schedule: str, now: datetime) -> bool:
    return bool((await pagerduty.on_call(schedule, now)).users)


async def _told(webhook: Webhook, now: datetime) -> bool:
    return bool((await webhook.on_call(now))[0])


async def _source(name: str, somebody: Callable[[], Awaitable[bool]]) -> Finding | None:
    """What another system says of who is on call; nothing is told to it."""
    try:
        if await somebody():
            return None
    except AdapterError as error:
        return Finding("on call", "fault", f"targets.{name}: {error}.", "Check its token or secret, and its address.")
    return Finding("on call", "warning", f"targets.{name}: nobody is on call there now.")
