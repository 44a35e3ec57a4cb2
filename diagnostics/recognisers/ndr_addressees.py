"""To whom a returned message was written, as its bounce shows: where another address failed, a rule sent it on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.facts import Source
from diagnostics.mail_facts import Addressed
from diagnostics.patterns import linear
from diagnostics.recognisers.header_lines import fields
from diagnostics.recognisers.ndr_frames import ADDRESS
from diagnostics.recognisers.ndr_layout import Lines, addressee
from diagnostics.text import Paste

_ADDRESS = linear(ADDRESS)
_REDIRECTED: Final = frozenset(
    {
        "x-ms-exchange-inbox-rules-loop", "resent-from", "x-ms-exchange-parent-message-id", "x-forwarded-to", "x-forwarded-for",
        "x-ms-exchange-forwardingloop", "x-ms-exchange-forwarding-address",
    }
)  # fmt: skip


def addressed(headers: Lines, lines: Lines, failed: Sequence[str], paste: Paste) -> list[Addressed]:
    """By the copied `headers` where they tell, else by the details among the bounce's `lines`. `failed` are the addresses that
    the bounce is about. One fact at most."""
    told = _in_headers(headers, paste) if headers else None
    found = told or _in_details(lines, {each.lower() for each in failed}, paste)
    return [found] if found else []


def _in_headers(headers: Lines, paste: Paste) -> Addressed | None:
    found = fields(headers)
    to = [str(each) for one in found if one.name in ("to", "cc") for each in _ADDRESS.findall(one.value)]
    mark = next((each for each in found if each.name in _REDIRECTED), None)
    if not to and mark is None:
        return None
    line = (mark or next(each for each in found if each.name in ("to", "cc"))).lines[0]
    recipients = tuple(dict.fromkeys(each.lower() for each in to))
    return Addressed(source=_source(line, paste), recipients=recipients, redirected=mark is not None)


def _in_details(lines: Lines, failed: set[str], paste: Paste) -> Addressed | None:
    """The details name one recipient alone: another address that failed was reached by a rule."""
    line, written = next(((index, each.lower()) for index, row in lines if (each := addressee(row))), (0, ""))
    if not written or not failed or written in failed:
        return None
    return Addressed(source=_source(line, paste), recipients=(written,), redirected=True)


def _source(line: int, paste: Paste) -> Source:
    return Source(line + 1, paste.raw[line].strip(), paste.index)
