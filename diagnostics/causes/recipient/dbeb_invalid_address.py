"""Exchange Online refuses the recipient at its edge, because no such address exists.

## What is happening
The domain is authoritative in the tenant, so Exchange Online checks every recipient before it takes the
message (directory-based edge blocking). The address is in no directory: it was mistyped, deleted or guessed
by a spammer. It answers `550 5.4.1 Recipient address rejected: Access denied`, which sounds like a missing
permission and isn't one.

## What proves it
- the address exists neither in Exchange Online nor on-premises, while others of the domain receive mail

## Not this when
- the address exists on-premises (`recipient.unknown.dbeb-object-not-synced`)
- it was created minutes ago (`recipient.provisioning.not-replicated`)
- a Postfix server wrote `554 5.7.1 … Recipient address rejected: Access denied`: that is its own access list
- the domain is InternalRelay in the tenant: its edge checks no recipients then
- `550 5.4.1 Relay Access Denied`: the whole domain isn't in the tenant (`recipient.accepted-domain.missing`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-5-4-1
- https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/use-directory-based-edge-blocking
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, shown
from diagnostics.causes.reader import BOTH_ENDS, from_outside
from diagnostics.causes.recipient import looks
from diagnostics.causes.recipient.edge_blocking import SIGNATURES, refused_at_edge
from diagnostics.causes.recipient.lookup import absent, address, looked_up, named, present
from diagnostics.causes.recipient.steps import EXO, correct_the_address, find_recipient
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured, LookedUp
from diagnostics.report import Act


@cause(id="recipient.unknown.dbeb-invalid-address", act="exchange-online", says=SIGNATURES)
def assess(
    said: Said,
    _found: Configured | None,
    objects: tuple[Configured, ...],
    lookups: tuple[LookedUp, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """The refusal alone can't tell an address that nobody has from one that was not synchronized."""
    if not refused_at_edge(said, objects):
        return None
    wanted = address(said, replies)
    owner = next(iter(looked_up(wanted, objects)), None)
    if owner:
        because = f"A directory object, {owner.name or 'unnamed'}, owns {named(wanted)}: the address is valid."
        return Finding(Belief.RULED_OUT, because, (owner,))
    steps = (correct_the_address(), find_recipient(wanted, EXO), find_recipient(wanted))
    because = (
        f"Exchange Online refused {named(wanted, 'the address')} at its edge because its directory has no such address"
    )
    there = present(wanted, lookups, "on-prem") or present(wanted, lookups, "exchange-online")
    if there:
        because = f"{named(wanted)} was found in a directory: the address is valid."
        return Finding(Belief.RULED_OUT, because, (there,))
    gone = absent(wanted, lookups, "on-prem")
    if gone:
        because += ", and the on-premises directory has none either."
        both = absent(wanted, lookups, "exchange-online")
        return Finding(Belief.CONFIRMED if both else Belief.LIKELY, because, (said, gone, both), steps, weight=1.5)
    because += "; if nobody has it on-premises either, the address is simply wrong."
    act: Act | None = "sender" if from_outside(said, replies, objects) else None
    because += " Who sends corrects it, or asks its owner." if act else f" {BOTH_ENDS}"
    return Finding(Belief.POSSIBLE, because, (said,), steps, act, weight=1.45)


@shown
def directories(
    replies: tuple[Reply, ...], lookups: tuple[LookedUp, ...], objects: tuple[Configured, ...]
) -> Finding | None:
    """An address that is in neither directory. A tenant that relays the domain checks none at its edge."""
    wanted = looks.sought(replies, lookups)
    relays = looks.relayed_in_tenant(replies, objects)
    if relays:
        because = (
            f"{relays.name} is {relays.get('DomainType')} in the tenant, so its edge refuses no unknown recipients."
        )
        return Finding(Belief.RULED_OUT, because, (relays,))
    there = looks.found_anywhere(wanted, lookups)
    if there:
        return Finding(Belief.RULED_OUT, f"{named(wanted)} was found in a directory: the address is valid.", (there,))
    gone = looks.nowhere(wanted, lookups)
    if gone is None or not looks.looked_for(replies):
        return None
    because = f"Neither directory has an object with {named(wanted, 'the address')}."
    return Finding(Belief.LIKELY, because, (gone,))
