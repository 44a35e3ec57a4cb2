"""A domain's SPF record as somebody looked it up: how many there are, and whether one lists an address.

What an include: leads to is not in the record, so an address that it doesn't list may still be allowed; only Exchange Online's is
known to hold addresses of Exchange Online alone. What a and mx lead to may have been looked up beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from diagnostics.causes.connector.ranges import covers
from diagnostics.causes.network.reach import kind_of
from diagnostics.causes.sender_auth.results import name_of
from diagnostics.looked_facts import DnsAnswer
from diagnostics.spf_written import misfit

_LOOKED_UP: Final = ("include:", "a:", "mx:", "a/", "mx/", "ptr:", "exists:", "redirect=")
_LOOKED_UP_ALONE: Final = frozenset({"a", "mx", "ptr"})
_MOST_LOOKUPS: Final = 10  # RFC 7208, section 4.6.4
_FAR: Final = ("include:", "redirect=")  # whose own look-ups count as well
_KNOWN: Final = {"include:spf.protection.outlook.com": 0, "include:_spf.google.com": 3}
_QUALIFIERS: Final = "+-~?"
_EXCHANGE_ONLINE: Final = "include:spf.protection.outlook.com"


class Spf(Struct, frozen=True):
    """The records that begin with v=spf1 in one answer; none where the domain publishes none."""

    records: tuple[str, ...]
    answer: DnsAnswer
    domain: str = ""
    beside: tuple[DnsAnswer, ...] = ()

    @property
    def fault(self) -> str:
        """What makes every evaluation end in a permanent error, for a sentence; "" when nothing shows."""
        if len(self.records) > 1:
            return f"{len(self.records)} records begin with v=spf1"
        count = sum(_needs_lookup(term) for record in self.records for term in record.lower().split())
        if count > _MOST_LOOKUPS:
            return f"its record alone needs {count} look-ups, and ten are allowed"
        wrong = next((found for record in self.records if (found := misfit(record))), "")
        return f"a mistake in its syntax, {wrong}" if wrong else ""

    @property
    def countable(self) -> bool:
        """Whether all look-ups that one whole record needs are known, and are not too many."""
        terms = [term.lstrip(_QUALIFIERS) for record in self.records for term in record.lower().split()]
        far = [term for term in terms if term.startswith(_FAR)]
        if len(self.records) != 1 or self.fault or self.records[0].endswith("...") or not set(far) <= set(_KNOWN):
            return False
        return sum(map(_needs_lookup, terms)) + sum(_KNOWN[term] for term in far) <= _MOST_LOOKUPS

    def lists(self, ip: str) -> bool | None:
        """Whether `ip` is in it; None where that hangs on what the record refers to, or the record was cut off."""
        terms = [term.lstrip(_QUALIFIERS) for record in self.records for term in record.lower().split()]
        known = [self._leads_to(term, ip) for term in terms]
        if any(covers(each, ip) for ranges in known if ranges for each in ranges):
            return True
        open_ended = None in known or any(each.endswith("...") for each in self.records)
        return None if open_ended else False

    def _leads_to(self, term: str, ip: str) -> tuple[str, ...] | None:
        """The addresses that one term stands for, in the form of `ip`; None where its look-up was not pasted."""
        kind, _, name = term.partition(":")
        if kind in ("ip4", "ip6"):
            return (name,)
        if term == _EXCHANGE_ONLINE and kind_of(ip) in ("public", "internal"):
            return ()
        if kind not in ("a", "mx"):
            return None if _needs_lookup(term) else ()
        hosts = self._values(name or self.domain, "MX") if kind == "mx" else (name or self.domain,)
        found = [self._values(host.lower().rstrip("."), "AAAA" if ":" in ip else "A") for host in hosts]
        return tuple(each for addresses in found for each in addresses) if hosts and all(found) else None

    def _values(self, name: str, kind: str) -> tuple[str, ...]:
        return tuple(value for each in self.beside if name and each.name == name for value in each.values(kind))


def spf_of(domain: str, answers: Iterable[DnsAnswer]) -> Spf | None:
    """The last TXT look-up of `domain` (or one whose name was not pasted), None where there was none."""
    wanted = name_of(domain)
    known = tuple(answers)
    for each in reversed(known):
        texts = each.values("TXT")
        if each.ok and texts and (not each.name or each.name == wanted):
            return Spf(tuple(text for text in texts if text.lower().startswith("v=spf1")), each, wanted, known)
    return None


def broken(answers: Iterable[DnsAnswer]) -> Spf | None:
    """The record that can't be evaluated, where a refusal names no domain and one was looked up beside it."""
    known = [spf_of(each.name, (each,)) for each in answers]
    return next((each for each in known if each and each.fault), None)


def _needs_lookup(term: str) -> bool:
    bare = term.lstrip(_QUALIFIERS)
    return bare.startswith(_LOOKED_UP) or bare in _LOOKED_UP_ALONE
