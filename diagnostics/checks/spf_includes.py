"""Whether an SPF record includes another domain's, directly or through others."""

from __future__ import annotations

import ipaddress
from collections import deque
from collections.abc import Iterator, Set
from typing import Final

from diagnostics.checks.run import Run
from diagnostics.network import DnsReply

_MOST: Final = 20  # records on the way; SPF itself stops at ten
# Some publish Exchange Online's networks instead of its include; these two hold most of its senders.
_EXCHANGE_ONLINE: Final = tuple(map(ipaddress.IPv4Network, ("40.92.0.0/15", "40.107.0.0/16")))


async def includes(run: Run, domain: str, wanted: Set[str]) -> bool | None:
    """Whether the record of `domain` lets Exchange Online send: it includes one of `wanted`, following includes and
    redirects, or holds its networks, or lets everybody send. None where that can't be told: no record or several, a
    look-up that failed, a macro."""
    waiting, seen, doubt = deque([domain]), {domain}, False
    networks: list[ipaddress.IPv4Network] = []
    while waiting and len(seen) <= _MOST:
        record = _record(await run.resolve(waiting.popleft(), "TXT"))
        doubt |= record is None
        for word in (record or "").lower().split()[1:]:
            name, value = _term(word)
            follows = name in ("include", "redirect")
            if (follows and value in wanted) or word in ("all", "+all"):
                return True
            doubt |= "%" in value or name == "exists"
            networks += _network(value) if name == "ip4" else ()
            if follows and value not in seen:
                seen.add(value)
                waiting.append(value)
    if all(any(each.subnet_of(network) for network in networks) for each in _EXCHANGE_ONLINE):
        return True
    return None if doubt or waiting else False


def _record(reply: DnsReply) -> str | None:
    records = [text for text in reply.values if text.lower().split(" ", 1)[0] == "v=spf1"]
    return records[0] if len(records) == 1 else None


def _term(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=" if word.startswith("redirect=") else ":")
    return name.lstrip("+?~"), value.rstrip(".")


def _network(value: str) -> Iterator[ipaddress.IPv4Network]:
    try:
        yield ipaddress.IPv4Network(value, strict=False)
    except ValueError:
        return
