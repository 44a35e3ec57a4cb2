"""Both sides relay an unknown recipient to each other.

## What is happening
The shared domain is Internal Relay on-premises and in Exchange Online, so neither side says "unknown user":
each passes the message on to the other, until too many hops are counted. The address exists nowhere: mistyped,
deleted, or never synchronized.

## What proves it
- the recipient is found on neither side
- the domain is InternalRelay on both

## Not this when
- the recipient exists on one side: then its routing address or a connector is wrong
- one side holds the domain as Authoritative: that side would have refused

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/manage-accepted-domains/manage-accepted-domains
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-5-4-6-through-5-4-20-in-exchange-online
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look
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
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured, Hops, LookedUp, Told
from diagnostics.report import Act, Step


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
    closed = next((each for each, kind in types if kind == "authoritative"), None)
    if closed:
        because = f"{closed.name} is Authoritative on one side, which would have refused an unknown recipient."
        return Finding(Belief.RULED_OUT, because, (closed,))
    relays = [each for each, kind in types if "relay" in kind]
    return _weighed(anchor, address, name, relays, lookups)


def _told(told: Told) -> Finding | None:
    """Two sides that share a domain, and mail to nobody that circles between them."""
    if told.story != "nobody-says-unknown":
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
        because = f"{relays[0].name or 'The domain'} is {relays[0].get('DomainType')} on both sides, so neither refuses {whom}"
        because += ", whom neither directory has." if _nowhere(lookups) else "."
        return Finding(Belief.LIKELY, because, (*relays[:2], anchor, vain), steps, _act(anchor), 1.2)
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
