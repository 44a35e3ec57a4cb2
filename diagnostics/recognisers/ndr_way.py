"""Which way a returned message had taken, as the headers copied into its bounce tell.

They are history: the verdicts in them are about a message that came back, so they are no headers of their own.
"""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.facts import Source
from diagnostics.mail_facts import Returned
from diagnostics.recognisers.header_lines import fields
from diagnostics.recognisers.received import hops_of
from diagnostics.text import Paste


def way(headers: Sequence[tuple[int, str]], paste: Paste) -> list[Returned]:
    """By the copied `headers`, given as (0-based line of `paste`, text). One fact at most."""
    found = fields(headers) if headers else []
    hops, _ = hops_of([each for each in found if each.name == "received"])
    if not hops:
        return []
    named = (each.value.strip() for each in found if each.name.endswith("-authas"))
    last = hops[-1].line
    source = Source(last + 1, paste.raw[last].strip(), paste.index)
    return [Returned(source=source, hops=tuple(hops), auth_as=next(named, ""))]
