"""An SPF record as people paste it: the first term that is a mistake of syntax for sure (RFC 7208, 4.6).

Whoever hides an address or a name leaves something that is no address or name either, so values are judged only where they can't
be such a mask, and the names of mechanisms always. A modifier that nobody knows (name=value) is allowed.
"""

from __future__ import annotations

from typing import Final

from diagnostics.patterns import linear

_KNOWN: Final = frozenset({"all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"})
_NAMED = linear(r"^[a-z0-9][a-z0-9_-]{0,30}$")
_NUMERIC: Final = r"[0-9]{1,3}(?:\.[0-9]{1,3}){1,3}"
_BARE = linear(rf"^(?:{_NUMERIC}(?:/[0-9]{{1,3}})?|[a-z0-9_-]{{1,63}}(?:\.[a-z0-9_-]{{1,63}}){{1,8}}\.?)$")
# Values that are made of digits alone, which a mask rarely is, or an IPv6 address where IPv4 belongs.
_VALUE = linear(
    rf"^(?:ip[46]:(?:{_NUMERIC})?(?:/[0-9]{{1,3}})?(?:[,;]\S{{0,100}})?"
    r"|ip4:[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7}(?:/[0-9]{1,3})?"
    rf"|(?:include|a|mx|ptr|exists):{_NUMERIC}(?:/[0-9]{{1,3}})?|redirect={_NUMERIC})$"
)
_OCTET = linear(r"[0-9]{3}")
_LARGEST: Final = 255
_MASKED = linear(r"x{2,}|\.x\b|\bx\.|\.\.|\*|[<>\[\]{}]")
_MOST_TERMS: Final = 200


def misfit(record: str) -> str:
    """What the first impossible term of `record` is, for a sentence; "" where all may be right.

    The last term isn't judged: there a record is cut off.
    """
    from diagnostics.checks.spf_macros import SpfSyntaxError  # most pastes hold no record to judge
    from diagnostics.checks.spf_record import VERSION, parse

    for term in record.split()[1:_MOST_TERMS][:-1]:
        if not _can_be_judged(term.lower().lstrip("+-~?")):
            continue
        try:
            parse(f"{VERSION} {term}")
        except SpfSyntaxError as error:
            return str(error)
    return ""


def _can_be_judged(bare: str) -> bool:
    """Whether the term shows what it is, and is no stand-in for something that was hidden."""
    if _MASKED.search(bare) or any(int(each) > _LARGEST for each in _OCTET.findall(bare.partition("/")[0])):
        return False
    name, colon, _ = bare.partition(":")
    if colon and name not in _KNOWN:
        return bool(_NAMED.search(name))
    return bool(_BARE.search(bare) or _VALUE.search(bare))
