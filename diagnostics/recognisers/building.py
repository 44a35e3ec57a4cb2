"""What recognisers of records build: artefacts over scattered lines, and replies that are known to have failed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, Reply, Source
from diagnostics.mail_facts import Antispam, ClientError, SpamVerdict
from diagnostics.recognisers import Reading
from diagnostics.recognisers.reply_text import Kind, read_reply


class Outcome(Struct, frozen=True):
    """What one line of another mail system's log came to. `text` is "" for a success.

    `by` and `ip` are who refused, as far as told; `code` is what stood beside the words, or what they mean.
    """

    result: str
    text: str = ""
    code: str = ""
    by: str = ""
    ip: str = ""
    recipient: str = ""


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

    Where the text has no code of its own, `code` is the enhanced one that stood beside it. Without that too, the words are
    no server's: then the error is a fact beside the reply, unless the record (of kind "trace") is itself such a fact.
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
    if reply.code or reply.enhanced:
        return [reply, *stated]
    reply = replace(reply, enhanced=code)
    if code or kind == "trace":
        return [reply, *stated]
    return [reply, ClientError(source=source, host=reply.host, session=session, text=reply.whole), *stated]


def judged_report(report: Antispam) -> Iterator[Fact]:
    """A filter's report, and its verdict on the content where that is spam."""
    yield report
    if report.get("SFV").upper() == "SPM":
        yield SpamVerdict(source=report.source, category=report.get("CAT").upper())
