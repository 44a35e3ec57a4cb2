"""An SPF record as a whole: what it costs, whom it lets send, and what is wrong with it, for whatever address may ask.

An evaluation stops at the mechanism that matches; the survey walks every term that an address matching none would come
to, and so finds the worst case. Names that depend on the sender (`%{i}`, `%{l}` …) are counted and not followed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec import Struct, field

from diagnostics.checks import spf_macros, spf_record
from diagnostics.checks.spf_evaluation import Resolve
from diagnostics.checks.spf_macros import SpfSyntaxError
from diagnostics.checks.spf_record import Record, Term
from diagnostics.checks.txt import failed, is_name, shown

MOST_QUERIES: Final = 60  # of one survey: enough for any record that mends itself, and no flood
_MOST_TEXT: Final = 100_000  # characters of all records together
_MOST_EXCHANGERS: Final = 10
_LONGEST_TERM: Final = 200  # characters of it that a fact shows
_OF_THE_DOMAIN: Final = frozenset("do")  # macro letters that mean the same whoever sends


class Node(Struct):
    """One term and what stands behind it. `lookups` counts the term with everything below."""

    term: Term
    target: str = ""
    lookups: int = 0
    below: list[Node] = field(default_factory=list)


class Survey(Struct):
    """`void` are the terms whose look-up finds nothing, `faults` what makes an evaluation a permerror (half sentences),
    `unseen` what could not be looked up, `unfollowed` terms that depend on the sender, `open` the term that lets
    everybody send. `includes` names every record that is taken in, at any depth; `ranges` counts ip4 and ip6 networks.
    `all` is the last word, through redirects: "-all", or "" where there is none. `cut` says that the walk was too long
    to be finished, so that `lookups` is a lower bound."""

    lookups: int = 0
    nodes: list[Node] = field(default_factory=list)
    void: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    unfollowed: list[str] = field(default_factory=list)
    includes: list[str] = field(default_factory=list)
    ranges: int = 0
    open: str = ""
    all: str = ""
    cut: bool = False


async def survey(resolve: Resolve, domain: str, record: Record) -> Survey:
    """Walks the record of `domain`. Never raises on what the DNS says; asks at most MOST_QUERIES questions."""
    walk = _Walk(resolve, domain)
    found = walk.survey
    found.nodes = await walk.record(domain, record, (domain,))
    found.lookups = sum(node.lookups for node in found.nodes)
    opened = _open(found.nodes)
    found.open = opened.term.text if opened else ""
    found.all = _last_word(found.nodes)
    return found


def rows(nodes: Sequence[Node], depth: int = 0) -> Iterator[dict[str, Any]]:
    """The terms that cost look-ups as facts {"depth", "term", "lookups"}, each before those behind it."""
    for node in nodes:
        if node.lookups:
            yield {"depth": depth, "term": shown(node.term.text, _LONGEST_TERM), "lookups": node.lookups}
            yield from rows(node.below, depth + 1)


class _Walk:
    def __init__(self, resolve: Resolve, domain: str) -> None:
        self.survey = Survey()
        self._resolve = resolve
        self._domain = domain
        self._queries = 0
        self._text = 0

    async def record(self, domain: str, record: Record, path: tuple[str, ...]) -> list[Node]:
        nodes = [Node(term) for term in record.reachable()]
        self.survey.ranges += sum(node.term.network is not None for node in nodes)
        costly = [node for node in nodes if node.term.kind in spf_record.LOOKUPS]
        await asyncio.gather(*(self._visit(domain, node, path) for node in costly))
        return nodes

    async def _visit(self, domain: str, node: Node, path: tuple[str, ...]) -> None:
        node.lookups = 1
        if node.term.kind == "ptr":
            return  # asks about the address that sends
        pieces = node.term.target
        if spf_macros.letters(pieces) - _OF_THE_DOMAIN:
            self.survey.unfollowed.append(node.term.text)
            return
        values = {"d": domain, "o": self._domain}
        node.target = spf_macros.expand_name(pieces, values).lower() if pieces else domain
        if node.term.kind in ("include", "redirect"):
            await self._follow(node, path)
            node.lookups += sum(below.lookups for below in node.below)
        else:
            await self._ask(node)

    async def _follow(self, node: Node, path: tuple[str, ...]) -> None:
        name, what = node.target, f"{node.term.kind}:{node.target}"
        if name in path:
            self.survey.faults.append(f"{what} leads back to itself")
            return
        reply = await self._query(name, "TXT")
        if reply is None:
            return
        records = spf_record.select(reply)
        if len(records) != 1:
            self.survey.faults.append(f"{what} leads to {len(records) or 'no'} SPF record{'s' * (len(records) > 1)}")
            return
        if name not in self.survey.includes:
            self.survey.includes.append(name)
        self._text += len(records[0])
        if self._text > _MOST_TEXT:
            self.survey.cut = True
            return
        try:
            record = spf_record.parse(records[0])
        except SpfSyntaxError as error:
            self.survey.faults.append(f"{what} leads to a record that can't be read: {error}")
            return
        node.below = await self.record(name, record, (*path, name))

    async def _ask(self, node: Node) -> None:
        """Whether the name of `a`, `mx` or `exists` has what the term looks for."""
        kinds = {"a": ("A", "AAAA"), "mx": ("MX",), "exists": ("A",)}[node.term.kind]
        replies = [await self._query(node.target, kind) for kind in kinds]
        if any(reply is None for reply in replies):
            return
        count = sum(len(reply) for reply in replies if reply)
        if not count:
            self.survey.void.append(node.term.text)
        elif node.term.kind == "mx" and count > _MOST_EXCHANGERS:
            self.survey.faults.append(f"{node.term.text} leads to {count} mail servers; {_MOST_EXCHANGERS} are allowed")

    async def _query(self, name: str, kind: str) -> tuple[str, ...] | None:
        """The records; None where there was no telling."""
        if not is_name(name):
            return ()
        if self._queries >= MOST_QUERIES:
            self.survey.cut = True
            return None
        self._queries += 1
        reply = await self._resolve(name, kind)
        if why := failed(reply):
            self.survey.unseen.append(why)
            return None
        return reply.values


def _open(nodes: list[Node]) -> Node | None:
    """The term that every address matches with a "pass"."""
    for node in nodes:
        term = node.term
        whole = term.network is not None and term.network.prefixlen == 0
        behind = _open(node.below) if term.kind in ("include", "redirect") else None
        if term.qualifier == "+" and (term.kind == "all" or whole or behind):
            return node if term.kind in ("all", "ip4", "ip6") else behind
    return None


def _last_word(nodes: list[Node]) -> str:
    if not nodes:
        return ""
    last = nodes[-1]
    if last.term.kind == "all":
        return f"{last.term.qualifier}all"
    return _last_word(last.below) if last.term.kind == "redirect" else ""
