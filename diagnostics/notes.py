"""Worth knowing beside the cause: facts that are no failure today, or that limit what can be concluded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from diagnostics.facts import Certificate, Fact, SessionChange, TlsSucceeded
from diagnostics.report import Evidence, Note

_OLD = ("SSL2", "SSL3", "TLS1_0", "TLS1_1")


def notes_of(facts: Iterable[Fact]) -> tuple[Note, ...]:
    """Each note once, however many sessions show the same thing."""
    found: dict[str, Note] = {}
    for fact in facts:
        for text in _notes(fact):
            source = fact.source
            found.setdefault(
                text,
                Note(
                    text=text,
                    evidence=(Evidence(quote=source.quote[:400], line=source.line, paste=source.paste),),
                ),
            )
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
    elif isinstance(fact, Certificate) and fact.owner == "local" and not fact.thumbprint:
        yield "The thumbprint of our certificate is masked or missing: its last six characters are enough to compare."
    elif isinstance(fact, SessionChange) and fact.cured and fact.succeeded.source.paste == fact.failed.source.paste:
        yield f"A later session of {fact.connector or 'the same connector'} in this paste succeeded: compare the two."
