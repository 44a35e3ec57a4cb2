"""Worth knowing beside the cause: facts that are no failure today, or that limit what can be concluded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

from diagnostics import codes
from diagnostics.facts import Certificate, Fact, SessionChange, TlsSucceeded, WindowsEvent
from diagnostics.mail_facts import Hops
from diagnostics.report import Evidence, Note
from diagnostics.stated import stated

_LONG: Final = 600.0  # seconds on one hop that a person notices
_BACK: Final = 120.0  # more than clocks differ that are kept
_OLD = ("SSL2", "SSL3", "TLS1_0", "TLS1_1")


def notes_of(facts: Iterable[Fact]) -> tuple[Note, ...]:
    """Each note once, however many sessions show the same thing."""
    known = tuple(facts)
    said = [(text, fact.source) for fact in known for text in _notes(fact)]
    said += [(each.text, each.fact.source) for each in stated(known)]
    found: dict[str, Note] = {}
    for text, source in said:
        evidence = Evidence(quote=source.quote[:400], line=source.line, paste=source.paste)
        found.setdefault(text, Note(text=text, evidence=(evidence,)))
    return tuple(found.values())


def _notes(fact: Fact) -> Iterator[str]:
    if isinstance(fact, TlsSucceeded):
        if any(old in fact.protocol for old in _OLD):
            yield (
                f"This session succeeded with {fact.protocol}. TLS 1.0 and 1.1 are deprecated and Exchange Online no "
                "longer accepts them: enable TLS 1.2 on this server before the other side switches them off."
            )
        if fact.mac.upper() in ("CALG_SHA1", "CALG_SHA", "CALG_MD5"):
            yield f"The negotiated suite authenticates with {fact.mac}, which is deprecated; prefer an AEAD suite (GCM)."
    elif isinstance(fact, Hops):
        yield from _of_hops(fact)
    elif isinstance(fact, WindowsEvent) and (row := codes.without_cause(fact.provider, fact.event)):
        yield f"Event {fact.event} of {fact.provider}: {row.meaning}"
    elif isinstance(fact, Certificate) and fact.owner == "local" and not fact.thumbprint:
        yield "The thumbprint of our certificate is masked or missing: its last six characters are enough to compare."
    elif isinstance(fact, SessionChange) and fact.cured and fact.succeeded.source.paste == fact.failed.source.paste:
        yield f"A later session of {fact.connector or 'the same connector'} in this paste succeeded: compare the two."


def _of_hops(way: Hops) -> Iterator[str]:
    """Where a message waited, and whose clock is wrong: the time that one server adds is missing at the next."""
    ahead = ""
    for before, hop in pairwise(way.hops):
        delay = hop.delay or 0.0
        following = next((later.delay or 0.0 for earlier, later in pairwise(way.hops) if earlier is hop), 0.0)
        here, there = hop.by or "this server", before.by or hop.sender or "the server before"
        if delay > _BACK and following < -_BACK and abs(delay + following) < _LONG:
            ahead = here
            yield f"{here} wrote a time that is {_minutes(delay)} ahead of its neighbours': its clock or time zone is wrong."
        elif delay < -_BACK and ahead != there:
            yield f"{here} wrote a time that is {_minutes(-delay)} before that of {there}: the clock or zone of one is wrong."
        elif delay >= _LONG:
            yield (
                f"{_minutes(delay)} lie between the time stamps of {there} and {here}: the message waited on that hop. The log "
                f"or queue of {hop.sender or there} tells why (a temporary refusal and a retry, a busy filter, a queue)."
            )


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes"
