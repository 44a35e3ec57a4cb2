"""`oncall`: who is on call now, and until when. Names are plain text, so nobody is pinged."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.blocks import Message, plain
from handlers.blocks.message import message
from handlers.blocks.outline import Part, line, part
from handlers.ports.inbox import Delivery
from handlers.ports.roster import Duty
from handlers.ports.services import Services

_NOBODY = (
    "Nobody is on call for this workspace. Whoever runs Mailflow can say who is, in an on-call file: see "
    "MAILFLOW_ONCALL_FILE."
)


async def told(services: Services, delivery: Delivery) -> Message:
    """Each target of the on-call file, in the file's order."""
    duties = await services.roster.now(delivery.thread.team)
    if not duties:
        return plain(_NOBODY)
    return message(on_call_now(duties))


def on_call_now(duties: Sequence[Duty]) -> list[Part]:
    """Each target, and who is behind it."""
    return part([line("heading", "On call now"), *(line("bullet", duty.said, f"{duty.target}:") for duty in duties)])
