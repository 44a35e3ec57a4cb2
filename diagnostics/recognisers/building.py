"""What recognisers of records build: artefacts over scattered lines, and replies that are known to have failed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, Reply, Source
from diagnostics.recognisers import Reading
from diagnostics.recognisers.reply_text import Kind, read_reply


def artefact(
    reading: Reading, kind: str, lines: Iterable[int], facts: Iterable[Fact], shown: dict[str, Any]
) -> Artefact:
    """The artefact that consists of the 0-based `lines`, of which there is at least one. Empty values aren't shown."""
    claims = frozenset(lines)
    return Artefact(
        kind=kind,
        first=min(claims) + 1,
        last=max(claims) + 1,
        facts=tuple(facts),
        shown={name: value for name, value in shown.items() if value not in ("", None, (), [], {})},
        paste=reading.paste.index,
        claims=claims,
    )


def failed_reply(
    text: str, source: Source, *, kind: Kind, code: str = "", by: str = "", ip: str = "", recipient: str = "",
    at: str = "", connector: str = "", session: str = "",
) -> list[Fact]:  # fmt: skip
    """The reply in `text`, of which the record says that it failed, and what its words state.

    Where the text has no code of its own, `code` is the enhanced one that stood beside it; without that, 4.0.0 or 5.0.0
    stands for a failure of which only the class is known (RFC 3463).
    """
    reply, *stated = read_reply(
        text,
        source,
        kind=kind,
        by=by,
        ip=ip,
        recipient=recipient,
        at=at,
        connector=connector,
        session=session,
    )
    assert isinstance(reply, Reply)
    if not reply.code and not reply.enhanced:
        reply = replace(reply, enhanced=code or "5.0.0")
    return [reply, *stated]
