"""Judging what a case holds, without holding up the other conversations."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from diagnostics import Report, diagnose
from handlers.blocks.message import Attachment
from handlers.blocks.paste_bins import picture
from handlers.ports.cases import Pasted
from handlers.telemetry import diagnosing


async def judge(pasted: Sequence[Pasted]) -> Report:
    """In a thread: a long log takes its time. Nothing is judged as the empty text."""
    first, *rest = [paste.text for paste in pasted] or [""]
    with diagnosing():
        return await asyncio.to_thread(diagnose, first, followups=tuple(rest))


async def pictured(paste: Pasted) -> tuple[Attachment, ...]:
    """The picture of the log in a paste, where that says more than words. Large logs have one of their own."""
    return () if paste.log else await asyncio.to_thread(picture, paste.text)
