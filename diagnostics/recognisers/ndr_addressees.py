"""To whom a returned message was written, as its bounce shows: where another address failed, a rule sent it on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.facts import Source
from diagnostics.mail_facts import Addressed
from diagnostics.patterns import linear
from diagnostics.recognisers.header_lines import Field, fields
from diagnostics.recognisers.ndr_frames import ADDRESS
from diagnostics.recognisers.ndr_layout import Lines, addressee
from diagnostics.text import Paste

_ADDRESS = linear(ADDRESS)
_FOR = linear(rf"\sfor\s+<?({ADDRESS})")
_ROUTING: Final = ".onmicrosoft.com"
_REDIRECTED: Final = frozenset(
    {
        "x-ms-exchange-inbox-rules-loop", "resent-from", "x-ms-exchange-parent-message-id", "x-forwarded-to", "x-forwarded-for",
        "x-ms-exchange-forwardingloop", "x-ms-exchange-forwarding-address",
    }
)  # fmt: skip


def addressed(headers: Lines, lines: Lines, failed: Sequence[str], paste: Paste) -> list[Addressed]:
    """By the copied `headers` where they tell, else by the details among the bounce's `lines`. `failed` are the addresses that
    the bounce is about. One fact at most."""
    of = {each.lower() for each in failed}
    told = _in_headers(headers, of, paste) if headers else None
    found = told or _in_details(lines, of, paste)
    return [found] if found else []


def _in_headers(headers: Lines, failed: set[str], paste: Paste) -> Addressed | None:
    found = fields(headers)
    taken = _taken_for_another(found, failed, paste)
    if taken:
        return taken
    to = [str(each) for one in found if one.name in ("to", "cc") for each in _ADDRESS.findall(one.value)]
    mark = next((each for each in found if each.name in _REDIRECTED), None)
    if not to and mark is None:
        return None
    line = (mark or next(each for each in found if each.name in ("to", "cc"))).lines[0]
    recipients = tuple(dict.fromkeys(each.lower() for each in to))
    return Addressed(source=_source(line, paste), recipients=recipients, redirected=mark is not None)


def _taken_for_another(found: Sequence[Field], failed: set[str], paste: Paste) -> Addressed | None:
    """A hop took the message for an address of quite another domain than what failed: it was sent on from there.

    An address of a tenant's own routing domain is the same mailbox under another name.
    """
    domains = {each.rpartition("@")[2] for each in failed if "@" in each}
    if not domains or any(each.endswith(_ROUTING) for each in domains):
        return None
    for each in found:
        on = _FOR.search(each.value[:2000]) if each.name == "received" else None
        address = str(on.group(1)).lower() if on else ""
        domain = address.rpartition("@")[2]
        if address and not domain.endswith(_ROUTING) and not any(_one_organization(domain, other) for other in domains):
            return Addressed(source=_source(each.lines[0], paste), recipients=(address,), redirected=True)
    return None


def _one_organization(one: str, other: str) -> bool:
    """Whether two domains belong together by their names: one below the other, or one name in two zones (contoso.local)."""
    return (
        one.partition(".")[0] == other.partition(".")[0]
        or one == other
        or one.endswith(f".{other}")
        or other.endswith(f".{one}")
    )


def _in_details(lines: Lines, failed: set[str], paste: Paste) -> Addressed | None:
    """The details name one recipient alone: another address that failed was reached by a rule."""
    line, written = next(((index, each.lower()) for index, row in lines if (each := addressee(row))), (0, ""))
    if not written or not failed or written in failed:
        return None
    return Addressed(source=_source(line, paste), recipients=(written,), redirected=True)


def _source(line: int, paste: Paste) -> Source:
    return Source(line + 1, paste.raw[line].strip(), paste.index)
