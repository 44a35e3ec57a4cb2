"""A valid on-premises recipient is missing in Exchange Online, which refuses it at its edge.

## What is happening
Exchange Online takes mail for the domain and checks recipients before it accepts a message (directory-based
edge blocking). The recipient exists on-premises, but no object of it reached the tenant: it is filtered out
of synchronization, synchronization is broken, or it is of a kind that needs its own script (mail-enabled
public folders) or a contact (dynamic groups). The answer is `550 5.4.1 Recipient address rejected: Access
denied`.

## What proves it
- `Get-Recipient` finds the address on-premises and not in Exchange Online
- mail from inside the on-premises organization reaches it

## Not this when
- nobody has the address anywhere (`recipient.unknown.dbeb-invalid-address`)
- Exchange Online shows it for more than a day already

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-5-4-1
- https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/use-directory-based-edge-blocking
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.reader import from_outside
from diagnostics.causes.recipient import looks
from diagnostics.causes.recipient.edge_blocking import SIGNATURES, refused_at_edge
from diagnostics.causes.recipient.lookup import (
    absent,
    address,
    by_microsoft,
    crosses_down,
    encapsulated,
    looked_up,
    named,
    premises,
    present,
)
from diagnostics.causes.recipient.steps import EXO, find_recipient
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured, LookedUp, Told
from diagnostics.report import Act, Step

_STORY: Final = "refused-in-the-cloud-existing-here"
# What the directory behind the edge says, to a sender of the tenant's own.
_BEHIND: Final = (
    "RESOLVER.ADR.RecipientNotFound",
    "RESOLVER.ADR.RecipNotFound",
    "RESOLVER.ADR.ExRecipNotFound",
    "not found by SMTP address lookup",
)


@cause(id="recipient.unknown.dbeb-object-not-synced", act="on-prem", says=(*SIGNATURES, *_BEHIND))
def assess(
    said: Said | Told,
    _found: Configured | None,
    objects: tuple[Configured, ...],
    lookups: tuple[LookedUp, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """The object itself decides: on-premises only, or in the tenant."""
    if isinstance(said, Told):
        return _told(said)
    if said.signature in _BEHIND:
        return _behind(said, objects, replies)
    if not refused_at_edge(said, objects):
        return None
    wanted = address(said, replies)
    owners = looked_up(wanted, objects)
    cloud = next((each for each in owners if premises(each) == "exchange-online"), None)
    shown = cloud or present(wanted, lookups, "exchange-online")
    if shown:
        because = (
            f"Exchange Online shows {cloud.name if cloud else 'an object'} with {named(wanted)}: it is synchronized."
        )
        return Finding(Belief.RULED_OUT, because, (shown,))
    gone = absent(wanted, lookups, "on-prem")
    if gone:
        because = f"The on-premises directory has no object with {named(wanted)} that could be synchronized."
        return Finding(Belief.RULED_OUT, because, (gone,))
    steps = _steps(wanted)
    found = present(wanted, lookups, "on-prem")
    if found:
        because = f"{named(wanted)} exists on-premises, yet Exchange Online refuses it at its edge: its copy has not "
        because += "reached the tenant."
        return Finding(Belief.LIKELY, because, (said, found), steps, weight=1.9)
    reached = next((each for each in objects if each.kind == "told-reached"), None)
    if reached:
        because = (
            f"Colleagues in the tenant reach {named(wanted, 'the address')}, as you say, so Exchange Online has it; "
        )
        because += "the copy of the directory that its edge checks lacks it. After a day, Microsoft mends that: open a request."
        return Finding(Belief.POSSIBLE, because, (said, reached), _bypass(), "microsoft", weight=1.9)
    local = next(iter(owners), None)
    if local:
        because = f"{local.name or 'An object'} owns {named(wanted)}, yet Exchange Online refuses it at its edge: "
        because += "its copy has not reached the tenant."
        sure = premises(local) == "on-prem"
        return Finding(Belief.LIKELY if sure else Belief.POSSIBLE, because, (said, local), steps, weight=1.9)
    because = (
        f"Exchange Online refused {named(wanted, 'the address')} at its edge; if it exists on-premises, it was not "
    )
    because += "synchronized."
    act: Act | None = "recipient-side" if from_outside(said, replies, objects) else None
    return Finding(Belief.POSSIBLE, because, (said,), steps, act, weight=1.3)


@shown
def both_directories(
    lookups: tuple[LookedUp, ...], replies: tuple[Reply, ...], objects: tuple[Configured, ...], told: tuple[Told, ...]
) -> Finding | None:
    """An object here and none in the tenant is the fault; one in the tenant, or none here, is another one."""
    wanted = looks.sought(replies, lookups)
    online = present(wanted, lookups, "exchange-online")
    if online:
        return Finding(
            Belief.RULED_OUT, f"Exchange Online has {named(wanted, 'the address')}: it is synchronized.", (online,)
        )
    local = absent(wanted, lookups, "on-prem")
    if local:
        because = f"The on-premises directory has no object with {named(wanted)} that could be synchronized."
        return Finding(Belief.RULED_OUT, because, (local,))
    gone = absent(wanted, lookups, "exchange-online")
    here = present(wanted, lookups, "on-prem") or next(filter(looks.on_premises, looked_up(wanted, objects)), None)
    story = next((each for each in told if each.story == _STORY), None)
    if gone is None or not (here or story):
        return None
    because = f"The tenant has no object with {named(wanted, 'the address')}, which exists on-premises"
    because += "." if here else ", as you tell it."
    return Finding(Belief.LIKELY, because, (gone, here or story), _steps(wanted))


def _told(told: Told) -> Finding | None:
    """What a person tells makes it possible at most."""
    if told.story != _STORY:
        return None
    because = "Who exists on your own Exchange is refused by Microsoft's servers before mail gets to you, as you tell it: the "
    because += "directory synchronization may leave them out, and then edge blocking does not know them."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(""), weight=1.8)


def _behind(said: Said, objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """A sender in the tenant passes no edge: the directory itself has no object for a mailbox that is told to be on-premises."""
    told = crosses_down(objects)
    wanted = address(said, replies)
    online = by_microsoft(said) or not said.by
    if told is None or not online or looked_up(wanted, objects) or encapsulated(wanted):
        return None
    because = (
        f"{named(wanted, 'The mailbox')} is on-premises, as you tell, and the tenant's directory does not know it: its "
    )
    because += "object may be outside of what is synchronized, or the synchronization has stopped."
    return Finding(Belief.POSSIBLE, because, (said, told), _steps(wanted), weight=1.2)


def _bypass() -> tuple[Step, ...]:
    """While Microsoft's copy is stale: without the check at the edge, mail gets to the directory that has the recipient."""
    return (
        look(
            "See that Exchange Online has the recipient, and since when.",
            "Get-Recipient {recipient} | Format-List RecipientTypeDetails,EmailAddresses,WhenCreatedUTC,WhenChangedUTC",
            EXO,
            recipient="",
        ),
        change(
            "Until then, let the domain be an internal relay: its recipients are then not checked at the edge.",
            "Set-AcceptedDomain {domain} -DomainType InternalRelay",
            shell=EXO,
            changes="Mail for any address of the domain is accepted; for addresses that nobody has it may loop or bounce later.",
            undo="Set-AcceptedDomain with the same domain and -DomainType Authoritative.",
            verify="A message from outside to the new address arrives.",
            domain="",
        ),
    )


def _steps(wanted: str) -> tuple[Step, ...]:
    return (
        find_recipient(wanted, EXO),
        find_recipient(wanted),
        change(
            "If it exists on-premises only, check that its organizational unit is in scope, then synchronize "
            "on the Entra Connect server.",
            "Start-ADSyncSyncCycle -PolicyType Delta",
            shell="powershell",
            changes="Runs the synchronization now that would run within 30 minutes anyway.",
            undo="None needed: it changes no setting.",
            verify="Get-Recipient in Exchange Online finds the address; edge blocking follows within a day.",
        ),
    )
