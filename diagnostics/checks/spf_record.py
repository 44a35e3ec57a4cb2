"""The grammar of an SPF record (RFC 7208, 4.5, 4.6.1 and 12)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from diagnostics.checks.spf_macros import MacroString, SpfSyntaxError, domain_spec, macro_string
from diagnostics.patterns import linear

VERSION: Final = "v=spf1"
LONGEST: Final = 20_000  # characters; the longest records in use have some 2,000
_QUALIFIERS: Final = "+-~?"
_MODIFIER = linear(r"([a-zA-Z][a-zA-Z0-9._-]*)=(.*)")
_MECHANISM = linear(r"([a-zA-Z0-9]+)(?::(.*))?")
_CIDR = linear(r"(.*?)(?:/(0|[1-9][0-9]{0,2}))?(?://(0|[1-9][0-9]{0,2}))?")
_PREFIX = linear(r"0|[1-9][0-9]{0,2}")
_BITS: Final = (32, 128)

LOOKUPS: Final = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})  # what the limit of ten counts
_NAMED: Final = frozenset({"include", "exists"})  # mechanisms that can't do without a name


class Term(Struct, frozen=True):
    """One mechanism, or the modifier `redirect` or `exp`. `text` is as published; `target` the name it speaks of, empty
    for the domain itself; `prefix4` and `prefix6` the bits that `a` and `mx` compare; `network` that of ip4 and ip6."""

    text: str
    kind: str
    qualifier: str = "+"
    target: MacroString = ()
    prefix4: int = 32
    prefix6: int = 128
    network: ipaddress.IPv4Network | ipaddress.IPv6Network | None = None


class Record(Struct, frozen=True):
    """`terms` are the mechanisms in their order; `redirect` and `exp` where given."""

    text: str
    terms: tuple[Term, ...]
    redirect: Term | None = None
    exp: Term | None = None

    def reachable(self) -> tuple[Term, ...]:
        """What an evaluation can come to: nothing after `all`, and `redirect` only where there is no `all`."""
        for at, term in enumerate(self.terms):
            if term.kind == "all":
                return self.terms[: at + 1]
        return (*self.terms, self.redirect) if self.redirect else self.terms


def select(values: Sequence[str]) -> tuple[str, ...]:
    """The SPF records among a name's TXT records: `v=spf1` in any case, and then a space or the end."""
    return tuple(value for value in values if value[: len(VERSION) + 1].lower().rstrip(" ") == VERSION)


def parse(text: str) -> Record:
    """Raises SpfSyntaxError, whose message names the term. Costs linear time."""
    if len(text) > LONGEST:
        raise SpfSyntaxError(f"it has {len(text)} characters")
    terms: list[Term] = []
    modifiers: dict[str, Term] = {}
    for word in text[len(VERSION) :].split(" "):
        if not word:
            continue
        term = _term(word)
        if term is None:
            continue
        if term.kind in ("redirect", "exp"):
            if term.kind in modifiers:
                raise SpfSyntaxError(f"{term.kind}= is there twice")
            modifiers[term.kind] = term
        else:
            terms.append(term)
    return Record(text, tuple(terms), modifiers.get("redirect"), modifiers.get("exp"))


def _term(word: str) -> Term | None:
    """None for a modifier that nobody knows, which has no effect."""
    try:
        modifier = _MODIFIER.fullmatch(word)
        if not modifier:
            return _mechanism(word)
        kind = modifier[1].lower()
        if kind in ("redirect", "exp"):
            return Term(word, kind, target=domain_spec(modifier[2]))
        macro_string(modifier[2])
    except SpfSyntaxError as error:
        raise SpfSyntaxError(f"in “{word[:80]}”: {str(error)[:200]}") from None
    return None


def _mechanism(word: str) -> Term:
    qualifier, body = (word[0], word[1:]) if word[0] in _QUALIFIERS else ("+", word)
    bare, prefix4, prefix6 = body, None, None
    if cidr := _CIDR.fullmatch(body):
        bare, prefix4, prefix6 = cidr.groups()
    match = _MECHANISM.fullmatch(bare)
    kind = match[1].lower() if match else ""
    given = match[2] if match else None
    if kind in ("a", "mx"):
        bits = [int(p) if p else most for p, most in zip((prefix4, prefix6), _BITS, strict=True)]
        if bits[0] > _BITS[0] or bits[1] > _BITS[1]:
            raise SpfSyntaxError("the prefix is too long")
        return Term(word, kind, qualifier, _optional_name(given), bits[0], bits[1])
    return _whole(word, qualifier, body)


def _whole(word: str, qualifier: str, body: str) -> Term:
    """Mechanisms without a dual prefix: whatever follows the colon is theirs."""
    name, colon, rest = body.partition(":")
    kind = name.lower()
    given = rest if colon else None
    if kind == "all" and given is None:
        return Term(word, kind, qualifier)
    if kind in ("ip4", "ip6"):
        return Term(word, kind, qualifier, network=_network(kind, rest))
    if kind in _NAMED:
        return Term(word, kind, qualifier, domain_spec(rest))
    if kind == "ptr":
        return Term(word, kind, qualifier, _optional_name(given))
    raise SpfSyntaxError("this is no mechanism" if colon or kind != "all" else "“all” takes nothing")


def _optional_name(given: str | None) -> MacroString:
    return () if given is None else domain_spec(given)


def _network(kind: str, text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    address, slash, bits = text.partition("/")
    most = _BITS[kind == "ip6"]
    if slash and not (_PREFIX.fullmatch(bits) and int(bits) <= most):
        raise SpfSyntaxError(f"“/{bits}” is no prefix length")
    try:
        ip = ipaddress.IPv4Address(address) if kind == "ip4" else ipaddress.IPv6Address(address.replace("%", "/"))
    except ValueError:  # also for fe80::1%eth0: the zone would be read as one of ours
        raise SpfSyntaxError(f"“{address}” is no {'IPv4' if kind == 'ip4' else 'IPv6'} address") from None
    return ipaddress.ip_network((ip, int(bits) if slash else most), strict=False)
