"""What settings and look-ups show of a refused recipient, whatever made a cause a suspect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from diagnostics.causes.recipient.lookup import absent, accepted, domain, named_in, premises
from diagnostics.facts import Reply
from diagnostics.mail_facts import Configured, LookedUp
from diagnostics.patterns import linear
from diagnostics.text import is_cut

_KINDS: Final = frozenset({"recipient", "mailbox"})
_ELSEWHERE: Final = frozenset({"told-cloud-mailbox", "told-crossing", "own-mta"})
_OF_MICROSOFT: Final = ".onmicrosoft.com"
_ROUTING: Final = ".mail.onmicrosoft.com"  # hybrids have this one on-premises, too
_LOOKED: Final = ("resolver.adr.", "smtp address lookup", "5.1.10")
_AT_THE_EDGE: Final = ("address rejected: access denied", "5.4.1", "5.7.504")
# Who has mailboxes in the cloud as well: a directory on-premises may rightly lack some.
_CLOUD = linear(
    r"(?i)\bcloud\b|\bhybrid|\b[mo]?365\b|exchange online|\bexo\b|\btenant\b|\bmigra\w+|\bremote ?mailbox|\bon-?prem"
)


def refused(replies: Iterable[Reply]) -> tuple[str, ...]:
    """The SMTP addresses that failing replies are about, in lower case, each once."""
    found = (each.recipient if "@" in each.recipient else named_in(each.whole) for each in replies if each.failing)
    return tuple(dict.fromkeys(each.lower() for each in found if each))


def sought(replies: Iterable[Reply], lookups: Iterable[LookedUp]) -> str:
    """The address that was refused; where no reply names it, the one that was looked up in vain."""
    vain = (each.address for each in lookups if not each.found and "@" in each.address)
    return next(iter(refused(replies)), "") or next(vain, "")


def looked_for(replies: Iterable[Reply], *, at_the_edge: bool = True) -> bool:
    """Whether a directory of Exchange's, or the edge in front of it, says that it does not know the recipient."""
    words = (*_LOOKED, *(_AT_THE_EDGE if at_the_edge else ()))
    return any(each.failing and any(one in each.whole.lower() for one in words) for each in replies)


def of_two_worlds(replies: Iterable[Reply]) -> bool:
    """Whether the sentence that quotes the reply speaks of the cloud, too."""
    return any(_CLOUD.search(each.source.quote.replace(each.text, "")[:2000]) for each in replies if each.failing)


def elsewhere(objects: Iterable[Configured]) -> Configured | None:
    """What tells of mailboxes in another system than the one that was asked."""
    return next((each for each in objects if each.kind in _ELSEWHERE), None)


def nowhere(of: str, lookups: Sequence[LookedUp]) -> LookedUp | None:
    """The look-up that shows a refused address to be missing on both sides."""
    online, local = absent(of, lookups, "exchange-online"), absent(of, lookups, "on-prem")
    return online if online and local else None


def found_anywhere(of: str, lookups: Iterable[LookedUp]) -> LookedUp | None:
    """The look-up of the address that found an object: of this very one, or of any where nobody told it."""
    there = (each for each in lookups if each.found and "@" in each.address)
    return next((each for each in there if each.address == (of.lower() or each.address)), None)


def concerned(replies: Iterable[Reply], objects: Iterable[Configured]) -> tuple[Configured, ...]:
    """The accepted domains of the refused addresses, none where one of these is not listed; where no address is named, all but
    the names that Microsoft gives every tenant."""
    listed = [each for each in objects if each.kind == "accepted-domain"]
    names = dict.fromkeys(domain(each) for each in refused(replies))
    if names:
        found = [accepted(name, listed) for name in names]
        return () if None in found else tuple(each for each in found if each)
    return tuple(each for each in listed if not _name(each).endswith(_OF_MICROSOFT))


def relayed(domains: Sequence[Configured]) -> bool:
    """Whether all of them pass unknown recipients on."""
    return bool(domains) and all("relay" in each.get("DomainType").lower() for each in domains)


def of_tenant(objects: Iterable[Configured]) -> bool:
    """Whether the list of accepted domains is a tenant's: each has a name of Microsoft's, beside the one for routing."""
    names = [_name(each) for each in objects if each.kind == "accepted-domain"]
    return any(name.endswith(_OF_MICROSOFT) and not name.endswith(_ROUTING) for name in names)


def whole(domains: Sequence[Configured]) -> bool:
    """Whether a list of accepted domains looks complete: it has the default one, and no name that a table cut off."""
    uncut = not any(is_cut(_name(each)) for each in domains)
    return uncut and any(each.flag("Default") for each in domains)


def relayed_in_tenant(replies: Sequence[Reply], objects: Sequence[Configured]) -> Configured | None:
    """The accepted domain, where the tenant passes its unknown recipients on: its edge checks none of them."""
    domains = concerned(replies, objects)
    return domains[0] if relayed(domains) and of_tenant(objects) else None


def owners(of: str, objects: Iterable[Configured], proxied: Iterable[Configured]) -> list[Configured]:
    """The recipients that were shown: those that own the address, else the only one."""
    mine = list(proxied)
    shown = [each for each in objects if each.kind in _KINDS]
    return mine or (shown if not of and len(shown) == 1 else [])


def on_premises(entry: Configured) -> bool:
    return premises(entry) == "on-prem"


def _name(entry: Configured) -> str:
    return (entry.get("DomainName") or entry.name).lower()
