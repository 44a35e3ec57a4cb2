"""The mailbox in the cloud lacks the routing address that on-premises Exchange sends to.

## What is happening
On-premises Exchange forwards mail for a mailbox in Exchange Online to its RemoteRoutingAddress,
`<name>@<tenant>.mail.onmicrosoft.com`. Either the on-premises object has none or a wrong one, or the mailbox in the cloud
doesn't own that address, so Exchange Online answers `550 5.1.10` for an address that no sender typed.

## What proves it
- the report names a recipient at `mail.onmicrosoft.com`, refused by Exchange Online
- `Get-RemoteMailbox` shows no RemoteRoutingAddress, or one that the cloud mailbox doesn't own
- on-premises no object has the refused address at `mail.onmicrosoft.com` among its own, so none is synchronized

## Not this when
- the mailbox in the cloud owns the address
- `Get-RemoteMailbox` finds no object (`hybrid.remote-mailbox.object-missing`)

## References
- https://learn.microsoft.com/en-us/exchange/transport-routing
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-remotemailbox
"""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.recipient.lookup import (
    address,
    by_microsoft,
    directory_says_no,
    domain,
    holders,
    premises,
    proxies,
    refused,
)
from diagnostics.causes.recipient.steps import EXO, find_recipient
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured, LookedUp, Told
from diagnostics.report import Step

_LISTED = ("mailbox", "recipient")
_ROUTING = ".mail.onmicrosoft.com"
_LOOPS = ("5.4.14", "5.4.6", "hop count")  # then the wrong address leads in a circle, a cause of its own
_REJECTED = (
    "5.4.1 Recipient address rejected"  # Exchange Online's word at the edge for an address that nobody in a tenant owns
)
_MOVED = "have an smtp proxy matching"  # a move to Exchange Online, of a mailbox without that address
_REMOTE = ("remoteusermailbox", "remotesharedmailbox", "remoteroommailbox", "remoteequipmentmailbox")


@cause(
    id="hybrid.remote-routing-address.missing",
    act="on-prem",
    says=(
        "RESOLVER.ADR.RecipientNotFound",
        "RESOLVER.ADR.RecipNotFound",
        "RESOLVER.ADR.ExRecipNotFound",
        "not found by SMTP address lookup",
        "5.1.10",
        _REJECTED,
        _MOVED,
    ),
)
def assess(
    anchor: Configured | Said | Told,
    _found: Configured | None,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """A routing address that the cloud doesn't know, or an on-premises object without one."""
    if isinstance(anchor, Told):
        return _told(anchor)
    if isinstance(anchor, Configured):
        circled = next((each for each in replies if any(loop in each.whole.lower() for loop in _LOOPS)), None)
        return _circled(anchor, circled) if circled else _from_object(anchor) or _unowned(anchor, objects)
    if anchor.signature == _MOVED:
        because = "The mailbox that is to be moved has no address in the domain that the cloud delivers by "
        because += "(`…mail.onmicrosoft.com`), or the one that it has on-premises has not been synchronized yet."
        return Finding(Belief.LIKELY, because, (anchor,), _steps(""), weight=1.3)
    wanted = address(anchor, replies)
    unknown = directory_says_no(anchor) or (_REJECTED.lower() in anchor.text.lower() and by_microsoft(anchor))
    if not unknown:
        return None
    if not domain(wanted).endswith(_ROUTING):
        return _without_target(anchor, wanted, objects)
    owner = _in_cloud(wanted, objects)
    if owner:
        because = f"The mailbox {owner.name or wanted} owns {wanted} in Exchange Online."
        return Finding(Belief.RULED_OUT, because, (owner,))
    without = _lacking(wanted, objects)
    if without:
        because = f"On-premises Exchange sent the mail on to `{wanted}`, and {without.name or 'the mailbox'} does not have that "
        because += "address among its own."
        return Finding(Belief.LIKELY, because, (anchor, without), _steps(wanted), weight=1.6)
    because = f"On-premises Exchange sent the mail on to `{wanted}`, and no mailbox in the tenant owns that address."
    if not by_microsoft(anchor):
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(wanted), weight=1.9)
    return Finding(Belief.LIKELY, because, (anchor,), _steps(wanted), weight=1.5)


@shown
def directory(lookups: tuple[LookedUp, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """Whether the directory on-premises, which the cloud's addresses come from, knows the routing address that was refused."""
    wanted = next((each for each in sorted(refused(replies)) if domain(each).endswith(_ROUTING)), "")
    gone = next(
        (each for each in lookups if each.address == wanted and not each.found and each.where == "on-prem"), None
    )
    if gone is None or not wanted:
        return None
    because = f"On-premises no object has `{wanted}` among its addresses, and synchronization brings none to the cloud that it "
    because += "does not find there."
    return Finding(Belief.LIKELY, because, (gone,), _steps(wanted))


def _lacking(wanted: str, objects: tuple[Configured, ...]) -> Configured | None:
    """The recipient's object, known by what stands before the @, whose whole list of addresses was shown without `wanted`."""
    local = wanted.partition("@")[0].lower()
    listed = [
        o for o in objects if o.kind in _LISTED and o.told("EmailAddresses") and "..." not in o.get("EmailAddresses")
    ]
    return next((o for o in listed if wanted.lower() not in proxies(o) and local in _locals(o)), None)


def _locals(entry: Configured) -> set[str]:
    return {each.partition("@")[0] for each in proxies(entry)}


def _told(told: Told) -> Finding | None:
    """What a person tells, with nothing pasted, makes it possible at most."""
    if told.story != "moved-without-a-way-there":
        return None
    because = (
        "Mailboxes that were moved to the cloud have no routing address, as you tell it: servers on-premises have "
    )
    because += "nowhere to send their mail on to."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(""), "on-prem", weight=1.9)


def _without_target(said: Said, wanted: str, objects: tuple[Configured, ...]) -> Finding | None:
    """On-premises Exchange knows a mailbox in the cloud by an object with a target; where that is lost, it knows nobody."""
    if by_microsoft(said) or any(premises(each) == "on-prem" for each in holders(wanted, objects)):
        return None
    because = "If the recipient's mailbox was moved to Exchange Online: its object on-premises may have lost the address that "
    because += "leads there."
    return Finding(Belief.POSSIBLE, because, (said,), _steps("", wanted.partition("@")[0]), weight=0.6)


def _circled(entry: Configured, reply: Reply) -> Finding | None:
    """A target that leads back is known too well; a missing one is refused as unknown."""
    target = entry.get("RemoteRoutingAddress") or entry.get("ExternalEmailAddress")
    if entry.kind != "recipient" or not target:
        return None
    because = f"{entry.name or 'The object'} has a target, {target}, and its mail circles; a missing one is refused as unknown."
    return Finding(Belief.RULED_OUT, because, (entry, reply))


def _from_object(entry: Configured) -> Finding | None:
    """An object for a mailbox in the cloud; its properties say where its mail goes."""
    if entry.kind != "recipient" or not entry.told("RemoteRoutingAddress"):
        return None
    kind = entry.get("RecipientTypeDetails", "RemoteUserMailbox").lower()
    target = entry.get("RemoteRoutingAddress")
    if kind not in _REMOTE or target.lower().endswith(_ROUTING):
        return None
    what = f"leads to {target}" if target else "is empty"
    because = f"RemoteRoutingAddress of {entry.name or 'the object'} {what}, and not to the tenant's routing domain."
    wanted = next((each for each in proxies(entry) if domain(each).endswith(_ROUTING)), "")
    if target and not target.lower().startswith("smtp:") and "@" not in target:
        return None
    return Finding(Belief.LIKELY, because, (entry,), _steps(wanted, entry.name), weight=1.2)


def _unowned(entry: Configured, objects: tuple[Configured, ...]) -> Finding | None:
    """The object leads to an address, and the mailbox that was listed beside it has all others but that."""
    target = entry.get("RemoteRoutingAddress").lower().removeprefix("smtp:")
    name = target.partition("@")[0]
    if not target.endswith(_ROUTING) or not set(name) - set("x*.-_"):
        return None
    listed = [each for each in objects if each.kind in _LISTED and each.source != entry.source]
    other = next((e for e in listed if any(each.partition("@")[0] == name for each in proxies(e))), None)
    other = other or next(
        (e for e in listed if e.name and proxies(e) and e.name.casefold() == entry.name.casefold()), None
    )
    if other is None or target in proxies(other) or not _whole(other):
        return None
    because = f"Mail for the mailbox in the cloud is sent on to `{target}`, and the mailbox that was listed has "
    because += f"{proxies(other)[0]} and no such address."
    return Finding(Belief.LIKELY, because, (entry, other), _steps(target, entry.name or name), weight=1.3)


def _whole(entry: Configured) -> bool:
    """Whether the addresses were printed to the last: a collection is cut after four."""
    printed = entry.get("EmailAddresses")
    return "@" in printed and not any(cut in printed for cut in ("...", "\u2026"))


def _in_cloud(wanted: str, objects: Iterable[Configured]) -> Configured | None:
    return next((each for each in holders(wanted, objects) if premises(each) != "on-prem"), None)


def _steps(wanted: str, mailbox: str = "") -> tuple[Step, ...]:
    return (
        look(
            "See where on-premises Exchange sends the mail; if no object is found, that is the fault.",
            "Get-RemoteMailbox {mailbox} | Format-List Name,RemoteRoutingAddress,EmailAddresses",
            mailbox=mailbox or wanted.partition("@")[0],
        ),
        find_recipient(wanted, EXO),
        change(
            "Let the object lead to the tenant's routing domain.",
            "Set-RemoteMailbox {mailbox} -RemoteRoutingAddress {routing_address}",
            changes="Where on-premises Exchange sends mail for this mailbox.",
            undo="Set-RemoteMailbox with the RemoteRoutingAddress that the first step printed.",
            verify="A message from on-premises to the mailbox arrives.",
            mailbox=mailbox,
            routing_address=wanted,
        ),
        change(
            "If the mailbox in the cloud doesn't own that address, add it on-premises; the next synchronization brings it there.",
            "Set-RemoteMailbox {mailbox} -EmailAddresses @{{Add={routing_address}}}",
            changes="Adds one more address to the mailbox; within half an hour it is in Exchange Online.",
            undo="The same with @{Remove=…} in place of @{Add=…}.",
            verify="Get-Recipient in Exchange Online finds the address.",
            mailbox=mailbox,
            routing_address=wanted,
        ),
    )
