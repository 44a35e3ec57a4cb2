"""The address does not exist in the Exchange Online tenant.

## What is happening
Exchange Online hosts the recipient's domain, looked the address up in its directory and found no object that
owns it: it is mistyped, the user was deleted, or the alias was never added. The answer is `550 5.1.10
RESOLVER.ADR.RecipientNotFound`, and it is final: sending again changes nothing.

## What proves it
- the server that generated the report is one of Exchange Online (`…outlook.com`)
- `Get-Recipient` with the address finds nothing in the tenant

## Not this when
- the mailbox lives on-premises: then an object was not synchronized
  (`recipient.unknown.dbeb-object-not-synced`) or the domain's type is wrong
  (`recipient.accepted-domain.type-wrong`)
- the address exists but its mailbox has no licence or was deleted
  (`recipient.mailbox.unlicensed-or-soft-deleted`)
- the address that failed isn't the one that was typed (`recipient.forwarding.target-invalid`)
- the domain publishes a null MX, which has the same number (`dns.mx.null-mx`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-5-1-10-in-exchange-online
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, shown
from diagnostics.causes.connector.heard import heard
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.reader import BOTH_ENDS, from_outside
from diagnostics.causes.recipient import looks
from diagnostics.causes.recipient.edge_blocking import EXPLAINED
from diagnostics.causes.recipient.lookup import (
    absent,
    address,
    by_microsoft,
    directory_says_no,
    domain,
    encapsulated,
    forwarder,
    looked_up,
    looked_up_here,
    looked_up_online,
    named,
    passed_on,
    premises,
    present,
    refused_by_server,
    sent_on,
    unknown_of,
)
from diagnostics.causes.recipient.steps import EXO, correct_the_address, find_recipient
from diagnostics.facts import Reply, Said, Session
from diagnostics.mail_facts import Addressed, Configured, LookedUp, Traced, Tracked
from diagnostics.report import Act, Step


@cause(
    id="recipient.unknown.exo",
    act="exchange-online",
    says=(
        "RESOLVER.ADR.RecipientNotFound",
        "RESOLVER.ADR.RecipNotFound",
        "not found by SMTP address lookup",
        "email address you entered couldn't be found",
        "e-mail address you entered couldn't be found",
        "wasn't found at",
        "550 5.1.10",
        "5.1.10",
        EXPLAINED,
    ),
    against={
        "Recipient address rejected: Access denied": (
            "is the check at the tenant's edge; a recipient that is missing behind it says `RecipNotFound`"
        ),
    },
)
def assess(
    said: Said,
    _found: Configured | None,
    objects: tuple[Configured, ...],
    lookups: tuple[LookedUp, ...],
    replies: tuple[Reply, ...],
    traced: tuple[Traced, ...],
    tracked: tuple[Tracked, ...],
    addressed: tuple[Addressed, ...],
    sessions: tuple[Session, ...],
) -> Finding | None:
    """Who looked it up decides; an object that owns the address makes it another cause."""
    wanted = address(said, replies)
    if said.signature == EXPLAINED:
        return None if refused_by_server(replies) else _explained(said, wanted)
    if not directory_says_no(said) or passed_on(said) or encapsulated(wanted):
        return None
    if heard(said, replies, sessions).incoming:
        return Finding(
            Belief.RULED_OUT, "Your own server's receive log has it: Exchange Online was not asked.", (said,)
        )
    microsoft = by_microsoft(said) or looked_up_online(said, traced)
    if (said.by and not microsoft) or looked_up_here(said, tracked):
        who = said.by or "A server on-premises"
        return Finding(Belief.RULED_OUT, f"{who} refused it, which is no server of Exchange Online.", (said,))
    if not microsoft and not has(said, "5.1.10", "couldn't be found", "wasn't found at"):
        return None
    owner = next((each for each in looked_up(wanted, objects) if premises(each) != "on-prem"), None)
    if owner:
        because = f"A directory object, {owner.name or 'unnamed'}, owns {named(wanted)}: the address is known."
        return Finding(Belief.RULED_OUT, because, (owner,))
    source = forwarder(wanted, objects) or sent_on(wanted, addressed)
    if source:
        who = source.name if isinstance(source, Configured) else "A mailbox that was addressed"
        because = f"{who} forwards to {named(wanted)}: nobody typed this address."
        return Finding(Belief.RULED_OUT, because, (source,))
    return _weighed(said, wanted, microsoft, objects, lookups, replies)


@shown
def tenant(
    lookups: tuple[LookedUp, ...], replies: tuple[Reply, ...], objects: tuple[Configured, ...]
) -> Finding | None:
    """What the tenant's directory answers. Where the mailbox is on-premises, it is missing there and not unknown."""
    wanted = looks.sought(replies, lookups)
    there = looks.found_anywhere(wanted, lookups)
    local = present(wanted, lookups, "on-prem") or next(filter(looks.on_premises, looked_up(wanted, objects)), None)
    if there and not local:
        return Finding(Belief.RULED_OUT, f"{named(wanted)} was found in the directory: the address is known.", (there,))
    gone = absent(wanted, lookups, "exchange-online")
    routing = wanted.endswith(".onmicrosoft.com")  # nobody typed that one
    if gone is None or local or routing or looks.elsewhere(objects) or not looks.looked_for(replies, at_the_edge=False):
        return None
    because = (
        f"The tenant's directory has no object with {named(wanted, 'the address')}, as Get-Recipient says as well."
    )
    return Finding(Belief.LIKELY, because, (gone,), _steps(wanted))


def _explained(said: Said, wanted: str) -> Finding:
    """A report's sentence without the reply: mostly the edge refused, and the number that would say so is missing."""
    because = (
        f"The directory of the recipient's tenant has no {named(wanted, 'such address')}; whether its edge or the "
    )
    because += "directory behind it said so, the reply's number tells."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(wanted), weight=0.9)


def _weighed(
    said: Said,
    wanted: str,
    microsoft: bool,
    objects: tuple[Configured, ...],
    lookups: tuple[LookedUp, ...],
    replies: tuple[Reply, ...],
) -> Finding:
    because = (
        f"{said.by or 'Exchange Online'} looked {named(wanted, 'the address')} up in the tenant and found no object"
    )
    local = next(iter(looked_up(wanted, objects)), None)
    if local:
        because += f", but {local.name or 'an object'} owns it on-premises: it is missing here, not unknown."
        return Finding(Belief.POSSIBLE, because, (said, local), _steps(wanted), weight=0.8)
    if wanted.lower().endswith(".mail.onmicrosoft.com"):  # nobody types a routing address: a server made it
        because += "; it is a hybrid routing address, so the object behind it is what went wrong."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(wanted), weight=0.8)
    gone = absent(wanted, lookups, "exchange-online")
    if gone and absent(wanted, lookups, "on-prem"):
        because += ", and neither directory has it now."
        return Finding(Belief.CONFIRMED, because, (said, gone), _steps(wanted))
    if unknown_of(domain(wanted), replies):
        because += "; so it was with several addresses of this domain, which typing errors do not explain."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(wanted), weight=1.5)
    act: Act | None = "recipient-side" if from_outside(said, replies, objects) else None
    if microsoft:
        return Finding(Belief.LIKELY, f"{because}.", (said, gone), _steps(wanted), act, weight=1.0)
    cloud = next((each for each in objects if each.kind == "told-cloud-mailbox"), None)
    if cloud:
        because = (
            f"An Exchange directory knows no {named(wanted, 'such address')}. The mailbox is in the cloud, as you say: "
        )
        because += "either it lacks this address there, or the server on-premises looked."
        return Finding(Belief.POSSIBLE, because, (said, cloud), _steps(wanted), act, weight=0.8)
    because = (
        f"An Exchange directory, by this wording mostly Exchange Online's, knows no {named(wanted, 'such address')}. "
    )
    return Finding(Belief.POSSIBLE, because + BOTH_ENDS, (said,), _steps(wanted), act, weight=1.4)


def _steps(wanted: str) -> tuple[Step, ...]:
    return (correct_the_address(), find_recipient(wanted, EXO))
