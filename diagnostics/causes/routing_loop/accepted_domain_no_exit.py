"""Both sides relay an unknown recipient to each other.

## What is happening
The shared domain is Internal Relay on-premises and in Exchange Online, so neither side says "unknown user":
each passes the message on to the other, until too many hops are counted. The address exists nowhere: mistyped,
deleted, or never synchronized.

## What proves it
- the recipient is found on neither side
- the domain is InternalRelay on both, or on one and whoever reports it says so of the other

## Not this when
- the recipient exists on one side: then its routing address or a connector is wrong
- one side holds the domain as Authoritative: that side would have refused
- none of the accepted domains is relayed

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/manage-accepted-domains/manage-accepted-domains
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-5-4-6-through-5-4-20-in-exchange-online
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.recipient.lookup import holders
from diagnostics.causes.routing_loop.circle import (
    EXO,
    LOOPED,
    accepted,
    circles,
    domain,
    named,
    read_the_way,
    recipient,
)
from diagnostics.facts import Fact, Reply, Said
from diagnostics.mail_facts import Configured, Hops, LookedUp, Told
from diagnostics.report import Act, Step

_BOTH_RELAY: Final = "nobody-says-unknown"  # a story: two sides that share a domain, and mail to nobody that circles


@cause(id="routing-loop.accepted-domain.no-exit", act="on-prem", says=LOOPED)
def assess(
    anchor: Said | Hops | Told,
    _domain: Configured | None,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
    lookups: tuple[LookedUp, ...],
) -> Finding | None:
    """The type of the domain on both sides, and whether anybody has the recipient."""
    if isinstance(anchor, Told):
        return _told(anchor)
    if not circles(anchor):
        return None
    vain = next((each for each in lookups if not each.found and "@" in each.address), None)
    address = recipient(anchor, replies) or (vain.address if vain else "")
    name = domain(address) or _only(objects)
    owned = holders(address, objects)
    there = next((each for each in lookups if each.found and each.address == address), None)
    if owned or there:
        because = (
            f"{named(address, 'The recipient')} exists: {owned[0].name if owned else 'a directory'} owns the address."
        )
        return Finding(Belief.RULED_OUT, because, (owned[0] if owned else there,))
    unnamed = [each for each in objects if each.kind == "accepted-domain" and not each.get("DomainName", each.name)]
    types = [(each, each.get("DomainType").lower()) for each in accepted(name, objects) or unnamed]
    closed = _closed(types)
    if closed:
        return closed
    relays = [each for each, kind in types if "relay" in kind]
    return _weighed(anchor, address, name, relays, lookups)


@shown
def domains(objects: tuple[Configured, ...], replies: tuple[Reply, ...], stories: tuple[Told, ...]) -> Finding | None:
    """The domain's type on both sides, or on one where the person tells that both relay it."""
    listed = [each for each in objects if each.kind == "accepted-domain" and each.told("DomainType")]
    name = domain(next((each.recipient for each in replies if "@" in each.recipient), ""))
    types = [(each, each.get("DomainType").lower()) for each in (accepted(name, listed) if name else listed)]
    relays = [each for each, kind in types if "relay" in kind]
    both = next((pair for each in relays if (pair := _pair(each, relays, listed))), None)
    told = next((each for each in stories if each.story == _BOTH_RELAY), None)
    if both:
        return _on_both_sides(both, "an address that exists nowhere", _steps("", _name(both[0])))
    if relays and told:
        because = f"{_name(relays[0])} is {relays[0].get('DomainType')} on the side that was sent, and on the other one as you "
        because += "tell: neither refuses an address that exists nowhere."
        return Finding(Belief.LIKELY, because, (relays[0], told), _steps("", _name(relays[0])), weight=1.2)
    if relays or not types:
        return None
    return _closed(types) if name or len(types) == 1 else _none_relayed(types)


def _none_relayed(types: Sequence[tuple[Configured, str]]) -> Finding | None:
    own = [each for each, _ in types if not _name(each).endswith(".onmicrosoft.com")]
    if not own or any(kind != "authoritative" for _, kind in types):
        return None
    because = f"None of the domains that were sent is relayed: {', '.join(map(_name, own[:3]))} is Authoritative there, so an "
    because += "unknown recipient is refused."
    return Finding(Belief.RULED_OUT, because, tuple(own[:3]))


def _name(each: Configured) -> str:
    return (each.get("DomainName") or each.name).lower()


def _pair(
    one: Configured, relays: Sequence[Configured], listed: Iterable[Configured]
) -> tuple[Configured, Configured] | None:
    """The same domain in the lists of two sides; the list of one side may have been sent twice, as list and as table."""
    other = next((each for each in relays if each is not one and _name(each) == _name(one)), None)
    if other is None or not _name(one):
        return None
    here, there = ({_name(each) for each in listed if each.source.paste == at.source.paste} for at in (one, other))
    return (one, other) if one.source.paste == other.source.paste or here != there else None


def _closed(types: Iterable[tuple[Configured, str]]) -> Finding | None:
    closed = next((each for each, kind in types if kind == "authoritative"), None)
    if closed is None:
        return None
    because = f"{closed.name} is Authoritative on one side, which would have refused an unknown recipient."
    return Finding(Belief.RULED_OUT, because, (closed,))


def _on_both_sides(relays: Sequence[Configured], whom: str, steps: tuple[Step, ...], *evidence: Fact | None) -> Finding:
    because = (
        f"{relays[0].name or 'The domain'} is {relays[0].get('DomainType')} on both sides, so neither refuses {whom}."
    )
    return Finding(Belief.LIKELY, because, (*relays[:2], *evidence), steps, weight=1.2)


def _told(told: Told) -> Finding | None:
    """Two sides that share a domain, and mail to nobody that circles between them."""
    if told.story != _BOTH_RELAY:
        return None
    because = "Both sides relay the shared domain, as you tell it, and hand each other whom they don't know: so nobody "
    because += "refuses an address that exists nowhere, and its mail circles."
    return Finding(Belief.POSSIBLE, because, (told,), _steps("", ""), weight=1.6)


def _weighed(
    anchor: Said | Hops, address: str, name: str, relays: list[Configured], lookups: tuple[LookedUp, ...]
) -> Finding:
    steps = _steps(address, name)
    whom = named(address, "the recipient")
    vain = next((each for each in lookups if not each.found), None)
    if len(relays) > 1:
        whom += ", whom neither directory has" if _nowhere(lookups) else ""
        return replace(_on_both_sides(relays, whom, steps, anchor, vain), act=_act(anchor))
    if _nowhere(lookups):
        because = (
            f"Neither directory has {whom}, and nobody refuses the mail: its domain is relayed (InternalRelay) on both "
        )
        because += "sides."
        return Finding(Belief.LIKELY, because, (vain, anchor), steps, _act(anchor), 1.2)
    if relays:
        because = (
            f"{relays[0].name or 'The domain'} is {relays[0].get('DomainType')}: if the other side relays too, an "
        )
        because += "unknown address circles."
        return Finding(Belief.POSSIBLE, because, (relays[0], anchor), steps, weight=1.6)
    because = f"If {whom} exists on neither side and both relay its domain, nobody refuses the mail."
    return Finding(Belief.POSSIBLE, because, (anchor,), steps, weight=0.97)


def _act(anchor: Said | Hops) -> Act | None:
    """5.4.14 is Exchange Online's count: there the message was sent on though nobody has the recipient."""
    return "exchange-online" if isinstance(anchor, Said) and "5.4.14" in anchor.text else None


def _only(objects: tuple[Configured, ...]) -> str:
    """The one accepted domain that was shown, where the refusal names no recipient."""
    shown = {(o.get("DomainName") or o.name).lower() for o in objects if o.kind == "accepted-domain"}
    return shown.pop() if len(shown) == 1 else ""


def _nowhere(lookups: tuple[LookedUp, ...]) -> bool:
    """Whether both directories were asked in vain."""
    return {"exchange-online", "on-prem"} <= {each.where for each in lookups if not each.found}


def _steps(address: str, name: str) -> tuple[Step, ...]:
    return (
        look(
            "Look for the recipient on-premises …",
            "Get-Recipient {address} | Format-List Name,RecipientTypeDetails",
            address=address,
        ),
        look(
            "… and in Exchange Online.",
            "Get-Recipient {address} | Format-List Name,RecipientTypeDetails",
            EXO,
            address=address,
        ),
        look(
            "Compare the type of the domain; run it on both sides.",
            "Get-AcceptedDomain | Format-Table DomainName,DomainType,Default",
        ),
        read_the_way(),
        change(
            "Make the domain Authoritative on the side whose directory knows every recipient "
            "(here Exchange Online, once all are synchronized).",
            "Set-AcceptedDomain {domain} -DomainType Authoritative",
            shell=EXO,
            changes="That side refuses recipients of the domain that it does not know.",
            undo="The same with -DomainType InternalRelay.",
            verify="A message to an invented address bounces at once with 5.1.10, one to a mailbox of either side arrives.",
            domain=name,
        ),
    )
