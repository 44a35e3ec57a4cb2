"""What the headers copied into a bounce tell: to whom the returned message was written, and which way it had taken.

They are history: the verdicts in them are about a message that came back, so they are no artefact of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.facts import Fact, Source
from diagnostics.mail_facts import Addressed, Returned
from diagnostics.patterns import linear
from diagnostics.recognisers.header_lines import Field, fields
from diagnostics.recognisers.ndr_frames import ADDRESS
from diagnostics.recognisers.received import hops_of
from diagnostics.text import Paste

_ADDRESS = linear(ADDRESS)
_REDIRECTED: Final = frozenset(
    {
        "x-ms-exchange-inbox-rules-loop", "resent-from", "x-ms-exchange-parent-message-id", "x-forwarded-to", "x-forwarded-for",
        "x-ms-exchange-forwardingloop", "x-ms-exchange-forwarding-address",
    }
)  # fmt: skip


def history_of(lines: Sequence[tuple[int, str]], paste: Paste) -> Iterator[Fact]:
    """The facts of copied header `lines`, given as (0-based line of `paste`, text)."""
    found = fields(lines) if lines else []
    yield from _addressed(found, paste)
    hops, _ = hops_of([each for each in found if each.name == "received"])
    if hops:
        named = (each.value.strip() for each in found if each.name.endswith("-authas"))
        yield Returned(source=_source(hops[-1].line, paste), hops=tuple(hops), auth_as=next(named, ""))


def _addressed(found: Sequence[Field], paste: Paste) -> Iterator[Addressed]:
    to = [str(each) for one in found if one.name in ("to", "cc") for each in _ADDRESS.findall(one.value)]
    mark = next((each for each in found if each.name in _REDIRECTED), None)
    if not to and mark is None:
        return
    line = (mark or next(each for each in found if each.name in ("to", "cc"))).lines[0]
    recipients = tuple(dict.fromkeys(each.lower() for each in to))
    yield Addressed(source=_source(line, paste), recipients=recipients, redirected=mark is not None)


def _source(line: int, paste: Paste) -> Source:
    return Source(line + 1, paste.raw[line].strip(), paste.index)
