"""Answers that only the asker sees. They are in no thread of ours, so they take neither buttons nor files."""

from __future__ import annotations

import json
from typing import Final

from diagnostics import Report
from handlers.blocks import Message, answer, plain
from handlers.blocks.message import ATTACHED
from handlers.ports.inbox import Delivery
from handlers.ports.services import Services

_SHORTENED: Final = "In short, as you chose on my Home tab. Send me the same text as a direct message for every step."
_TOO_LONG: Final = "The rest does not fit here: send me the same text as a direct message to get all of it."


async def tell(services: Services, delivery: Delivery, message: Message, *, buttons: bool = False) -> str:
    """Sends `message` to whoever gave the command. A lost answer is sent again: nobody but them may see it twice.

    `buttons`: its buttons work without a thread."""
    shown = [block for block in message.blocks if buttons or block["type"] != "actions"]
    blocks = json.loads(json.dumps(shown).replace(ATTACHED, _TOO_LONG))
    text = message.text.replace(ATTACHED, _TOO_LONG)
    await services.respond(delivery.response_url, {"response_type": "ephemeral", "text": text, "blocks": blocks})
    return "answered"


async def diagnosed(services: Services, delivery: Delivery, report: Report) -> str:
    """Tells somebody alone what their paste comes to, in short where they chose that."""
    short = (await services.people.choices(delivery.thread.team, delivery.user)).short
    notes = (_SHORTENED,) if short and report.findings else ()
    return await tell(services, delivery, answer(report, refusals=notes, manual_url=services.manual_url, short=short))


async def about_a_button(services: Services, delivery: Delivery, text: str) -> str:
    """Answers whoever pressed a button, beside the message that holds it."""
    said = plain(text)
    await services.respond(
        delivery.response_url,
        {
            "response_type": "ephemeral",
            "replace_original": False,
            "thread_ts": delivery.thread.ts,
            "text": said.text,
            "blocks": list(said.blocks),
        },
    )
    return "told"
