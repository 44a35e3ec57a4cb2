"""Whether an SPF record lets a mail service send: by its include, directly or through others, or in another way."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence, Set

from diagnostics.checks import spf_record
from diagnostics.checks.run import Run
from diagnostics.checks.spf_macros import SpfSyntaxError
from diagnostics.checks.spf_survey import Node, survey

Network = ipaddress.IPv4Network


async def includes(run: Run, domain: str, wanted: Set[str], networks: Sequence[Network]) -> bool | None:
    """Whether the record of `domain` includes one of `wanted`, lists all of `networks` in its place, or lets everybody send.

    None where that can't be told: no record or several, one that can't be read, a look-up that failed, a name that depends
    on who sends.
    """
    records = spf_record.select((await run.resolve(domain, "TXT")).values)
    if len(records) != 1:
        return None
    try:
        record = spf_record.parse(records[0])
    except SpfSyntaxError:
        return None
    seen = await survey(run.resolve, domain, record)
    nodes = list(_passing(seen.nodes))
    listed = [node.term.network for node in nodes if isinstance(node.term.network, Network)]
    if seen.open or any(
        node.target.rstrip(".") in wanted for node in nodes if node.term.kind in ("include", "redirect")
    ):
        return True
    if all(any(each.subnet_of(network) for network in listed) for each in networks):
        return True
    return None if seen.unseen or seen.unfollowed or seen.cut else False


def _passing(nodes: Sequence[Node]) -> Iterator[Node]:
    """Every term that does not turn away what it matches, at any depth."""
    for node in nodes:
        if node.term.qualifier != "-":
            yield node
            yield from _passing(node.below)
