"""Judging what a case holds, without holding up the other conversations."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

from diagnostics import Report, diagnose
from handlers.blocks import Message, answer, logged
from handlers.ports import Pasted
from handlers.telemetry import diagnosing

_OPENS: Final = "#Log-type"  # so begins what a reading of logs leaves in a case


async def judge(pasted: Sequence[Pasted]) -> Report:
    """In a thread: a long log takes its time."""
    first, *rest = (paste.text for paste in pasted)
    with diagnosing():
        return await asyncio.to_thread(diagnose, first, followups=tuple(rest))


async def answered(
    held: Sequence[Pasted], message_ts: str, *, refusals: Sequence[str] = (), manual_url: str = ""
) -> Message:
    """The answer to message `message_ts`, up to which the case holds `held`.

    Large logs are answered with what was read of them; where the case holds more than those, all of it is judged as well.
    """
    last = held[-1]
    if not last.log or last.message_ts != message_ts:
        return answer(await judge(held), refusals=refusals, manual_url=manual_url)
    more = len(held) > 1 or (last.text and not last.text.startswith(_OPENS))
    case = await judge(held) if more else None
    show = partial(logged, case=case, refusals=refusals, manual_url=manual_url)
    return await asyncio.to_thread(lambda: show(Report.model_validate_json(last.log)))
