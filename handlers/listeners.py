"""What the bot listens to. A middleware stores a delivery before it is acknowledged; a job deals with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.response import BoltResponse

from diagnostics.checks.target import TargetError, target_of
from handlers import actions, answers, checks, commands, feedback, forms, home, logs, mending, messages, partners
from handlers.blocks import BUTTONS, FORM_ACTIONS, plain
from handlers.blocks.check_form import CHECK_FORM, TARGET, check_form
from handlers.blocks.check_form import entered as target_in
from handlers.blocks.form import FORM, entered, form
from handlers.blocks.home import CHECK_A_HOST, CHOICES, NEW_DIAGNOSIS, STOP_WATCH
from handlers.blocks.verdict_form import VERDICT_FORM
from handlers.deliveries import COMMAND, SHORTCUT, accepted, opens_form
from handlers.ports.inbox import Delivery
from handlers.ports.services import Services
from handlers.ports.slack import NotInstalledError

_SORRY = (
    "Sorry, something on my side kept me from answering. Nothing is lost on yours: mention me in this thread to "
    "have me try again."
)
_SORRY_FORM = "Sorry, something on my side kept me from answering your form. Please send me the error here instead."
_SORRY_ELSE = "Sorry, something on my side kept me from doing what you asked for on my Home tab. Please try again."
_MINE = "That is a message of mine. Use this on what somebody else wrote, or reply to mine in its thread."

Ack = Callable[..., Awaitable[BoltResponse]]
Json = dict[str, Any]


def register(app: AsyncApp, services: Services) -> None:
    """Adds the storing middleware and the listeners that acknowledge."""

    @app.use
    async def store(
        body: dict[str, Any],
        context: AsyncBoltContext,
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002 - Bolt's name
    ) -> None:
        """Raises when it could not be stored: then Slack gets no acknowledgement and delivers it again."""
        try:
            identity = await services.identity(context.team_id or "")
        except NotInstalledError:  # Bolt lets the news of our removal through
            await next()
            return
        delivery = accepted(body, identity, services.alert_bots)
        if delivery is not None:
            await services.inbox.accept(delivery)
        await next()

    async def acknowledge(ack: Callable[[], Awaitable[None]]) -> None:
        await ack()

    app.event("message")(_stored)
    app.event("app_mention")(_stored)
    app.event("app_uninstalled")(_stored)
    app.event("tokens_revoked")(_stored)
    for action in (*BUTTONS, STOP_WATCH):
        app.action(action)(acknowledge)
    for action in FORM_ACTIONS:
        app.action(action)(feedback.opener(services))
    app.view(VERDICT_FORM)(acknowledge)
    _answer_at_once(app, services)
    _at_home(app, services)


def _answer_at_once(app: AsyncApp, services: Services) -> None:
    """What can't wait for a job: a form opens within three seconds, and what is wrong with it is said when it is submitted."""

    async def command(ack: Ack, body: Json, context: AsyncBoltContext) -> None:
        await ack()
        if opens_form(body) and not await forms.show(
            services, context.team_id or "", body["trigger_id"], form(forms.shared_channel(body))
        ):
            await services.respond(body["response_url"], {"response_type": "ephemeral", "text": forms.NOT_OPENED})

    async def on_a_message(ack: Ack, body: Json, context: AsyncBoltContext) -> None:
        await ack()
        if accepted(body, await services.identity(context.team_id or ""), services.alert_bots) is None:
            await services.respond(body["response_url"], {"response_type": "ephemeral", "text": _MINE})

    async def submitted(ack: Ack, view: Json) -> None:
        problems = entered(view).problems
        await (ack(response_action="errors", errors=problems) if problems else ack())

    app.command(COMMAND)(command)
    app.shortcut({"type": "message_action", "callback_id": SHORTCUT})(on_a_message)
    app.shortcut({"type": "shortcut", "callback_id": FORM})(_shows(services, form))
    app.view(FORM)(submitted)


def _shows(services: Services, view: Callable[[], Json]) -> Callable[..., Awaitable[None]]:
    """A listener that opens a form for what is asked for in no channel."""

    async def anywhere(ack: Ack, body: Json, context: AsyncBoltContext) -> None:
        await ack()
        team = context.team_id or ""
        if not await forms.show(services, team, body["trigger_id"], view()):
            await forms.tell(services, team, body["user"]["id"], forms.NOT_OPENED)

    return anywhere


def _at_home(app: AsyncApp, services: Services) -> None:
    """The Home tab, and what is done there at once."""

    async def opened(event: Json, context: AsyncBoltContext) -> None:
        await home.opened(services, context.team_id or "", event)

    async def chosen(ack: Ack, body: Json, context: AsyncBoltContext) -> None:
        """Raises when it could not be stored: then Slack says so to whoever chose."""
        team = context.team_id or ""
        await home.chosen(services, team, body)
        await ack()
        await home.draw(services, team, body["user"]["id"])

    async def submitted(ack: Ack, view: Json) -> None:
        try:
            target_of(target_in(view))
        except TargetError as problem:
            await ack(response_action="errors", errors={TARGET: str(problem)})
            return
        await ack()

    app.event("app_home_opened")(opened)
    app.action(NEW_DIAGNOSIS)(_shows(services, form))
    app.action(CHECK_A_HOST)(_shows(services, check_form))
    app.view(CHECK_FORM)(submitted)
    for action in CHOICES:
        app.action(action)(chosen)


async def _stored() -> None:
    """Bolt acknowledges events by itself; there is nothing left to do."""


async def handle(services: Services, delivery: Delivery) -> str:
    """Deals with one stored delivery, in a job. Safe to repeat. Returns what came of it, for the log."""
    if outcome := await partners.refused(services, delivery):
        return outcome
    perform = {
        "message": messages.received,
        "edit": messages.edited,
        "delete": messages.deleted,
        "command": commands.run,
        "action": actions.pressed,
        "log": logs.read,
        "form": forms.submitted,
        "check": checks.from_form,
        "verdict": feedback.submitted,
        "removed": _removed,
    }[delivery.kind]
    return await perform(services, delivery)


async def _removed(services: Services, delivery: Delivery) -> str:
    at = datetime.fromtimestamp(int(delivery.text), UTC)
    return "removed" if await services.removed(delivery.thread.team, at) else "installed again"


async def apologise(services: Services, delivery: Delivery, error: Exception) -> None:
    """Says that there will be no answer, or what has to be mended first. Silence would leave people waiting."""
    if await mending.tell(services, delivery, error):
        return
    said = plain(_SORRY)
    if delivery.kind == "form":
        await forms.tell(services, delivery.thread.team, delivery.user, _SORRY_FORM)
    elif delivery.kind == "check" or delivery.action == STOP_WATCH:
        await forms.tell(services, delivery.thread.team, delivery.user, _SORRY_ELSE)
    elif delivery.response_url:
        await services.respond(
            delivery.response_url,
            {"response_type": "ephemeral", "replace_original": False, "text": said.text},
        )
    elif delivery.kind not in ("delete", "removed"):
        await answers.say(services, delivery.thread, delivery.message_ts, "apology", said)
