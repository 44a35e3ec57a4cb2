"""The user exists, but has no active mailbox in Exchange Online.

## What is happening
The licence was removed, the mailbox was deleted and is kept for 30 days, or it was never made. The account
can still sign in and shows up in address books, while mail to it finds no mailbox: `550 5.1.10
RESOLVER.ADR.RecipientNotFound`.

## What proves it
- `Get-Mailbox -SoftDeletedMailbox` finds the address
- the user's list of licences has none with Exchange Online; `Get-User` shows the type User, and no SKUAssigned

## Not this when
- an active, licensed mailbox owns the address
- it was licensed minutes ago (`recipient.provisioning.not-replicated`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-5-1-10-in-exchange-online
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.recipient import looks
from diagnostics.causes.recipient.lookup import (
    address,
    by_microsoft,
    directory_says_no,
    looked_up,
    named,
    passed_on,
    premises,
    proxies,
)
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.causes.store.exceptions import SOFT_DELETED
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Step

_ACTIVE = ("UserMailbox", "SharedMailbox", "RoomMailbox", "EquipmentMailbox")
_SEPARATORS = linear(r"[._-]")


@cause(
    id="recipient.mailbox.unlicensed-or-soft-deleted",
    act="exchange-online",
    says=(
        "RESOLVER.ADR.RecipientNotFound",
        "RESOLVER.ADR.RecipNotFound",
        "not found by SMTP address lookup",
        "5.1.10",
        SOFT_DELETED,
    ),
)
def assess(
    said: Said | Configured | Told,
    _found: Configured | None,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """What the directory shows of the user decides; the reply alone makes it one of several."""
    if isinstance(said, Told):
        return _told(said)
    if isinstance(said, Configured):
        return _listed(said, replies)
    if said.signature == SOFT_DELETED:
        return _kept(said, address(said, replies))
    if not directory_says_no(said) or passed_on(said) or "5.1.10" not in said.text:
        return None
    if said.by and not by_microsoft(said):
        return Finding(Belief.RULED_OUT, f"{said.by} refused it, which is no server of Exchange Online.", (said,))
    wanted = address(said, replies)
    owners = [each for each in looked_up(wanted, objects) if premises(each) != "on-prem"]
    gone = next((each for each in owners if _deleted(each) or _bare(each)), None)
    if gone:
        how = (
            "was deleted and is only kept for restoring" if _deleted(gone) else "has no mailbox and no licence for one"
        )
        because = f"{gone.name or 'The user'} owns {named(wanted)} but {how}."
        return Finding(Belief.LIKELY, because, (gone, said), _steps(wanted), weight=1.5)
    called = _by_name(wanted, objects)
    if called:
        because = f"The mailbox {called.name}, by its name that of {named(wanted)}, was deleted and is only kept for restoring."
        return Finding(Belief.LIKELY, because, (called, said), _steps(wanted), weight=1.4)
    active = next((each for each in owners if each.get("RecipientTypeDetails").endswith("Mailbox")), None)
    if active:
        because = f"{active.name} is an active {active.get('RecipientTypeDetails')} with this address."
        return Finding(Belief.RULED_OUT, because, (active,))
    because = f"{named(wanted)} may belong to a user whose licence was removed or whose mailbox was deleted."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(wanted), weight=0.8)


def _told(told: Told) -> Finding | None:
    """What a person tells, with nothing pasted, makes it possible at most."""
    if told.story != "licence-taken":
        return None
    because = (
        "A licence went, as you tell it, and mail to its user comes back: without one Exchange Online disconnects "
    )
    because += "the mailbox, and its addresses are unknown."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(""), "exchange-online", weight=1.9)


@shown
def state(objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """What the tenant has of the user: the one that was refused, else the only one that was shown."""
    wanted = next(iter(looks.refused(replies)), "")
    entries = [
        each for each in looks.owners(wanted, objects, looked_up(wanted, objects)) if premises(each) != "on-prem"
    ]
    gone = next((each for each in entries if _deleted(each) or _bare(each) or _plain(each)), None)
    if gone:
        how = "is a deleted mailbox" if _deleted(gone) else "is a user without a mailbox, or without a licence for one"
        return Finding(Belief.LIKELY, f"{gone.name or named(wanted, 'The address')} {how}.", (gone,), _steps(wanted))
    active = next((each for each in entries if each.get("RecipientTypeDetails") in _ACTIVE), None)
    if active is None:
        return None
    because = (
        f"{active.name or named(wanted, 'The address')} is an active mailbox ({active.get('RecipientTypeDetails')})."
    )
    return Finding(Belief.RULED_OUT, because, (active,))


def _plain(entry: Configured) -> bool:
    """A user of the directory that nothing has been made of, as Get-User prints it."""
    return entry.get("RecipientTypeDetails") in ("User", "DisabledUser") and entry.told("SKUAssigned")


def _listed(entry: Configured, replies: tuple[Reply, ...]) -> Finding | None:
    """A deleted mailbox that somebody looked up, where no reply speaks of another one."""
    mine = any(each.failing and each.recipient.lower() in proxies(entry) for each in replies if each.recipient)
    if not (_deleted(entry) and proxies(entry)) or (replies and not mine):
        return None
    address = proxies(entry)[0]
    because = f"The mailbox of {named(address)} was deleted, or lost its licence, and is only kept for restoring: mail to it is "
    because += "refused as to an unknown address."
    return Finding(Belief.LIKELY, because, (entry,), _steps(address), weight=1.5)


def _by_name(wanted: str, objects: tuple[Configured, ...]) -> Configured | None:
    """The deleted mailbox that was shown without its addresses, where its name is made of what stands before the @."""
    parts = [part for part in _SEPARATORS.split(wanted.rpartition("@")[0].lower()) if part]
    shown = (each for each in objects if each.kind == "mailbox" and _deleted(each) and not proxies(each))
    return next((each for each in shown if parts and all(part in each.name.lower() for part in parts)), None)


def _kept(said: Said, wanted: str) -> Finding:
    """The store's word for a mailbox that is kept for restoring; the old copy of one that was moved is called the same."""
    because = f"The store has the mailbox of {named(wanted, 'the recipient')} as a deleted one (MailboxSoftDeleted): its user "
    because += "lost it, or it was moved and this is the copy that was left."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(wanted), weight=1.3)


def _deleted(entry: Configured) -> bool:
    flags = ("IsSoftDeletedByRemove", "IsSoftDeletedByDisable", "IsInactiveMailbox")
    return any(entry.flag(each) for each in flags) or bool(entry.get("WhenSoftDeleted"))


def _bare(entry: Configured) -> bool:
    """A user without mailbox and without a forwarding target, or one whose licence is told to be missing."""
    plain = entry.get("RecipientTypeDetails") in ("User", "DisabledUser", "MailUser")
    target = entry.get("ExternalEmailAddress")
    unlicensed = entry.flag("SKUAssigned") is False or entry.flag("IsLicensed") is False
    none = entry.told("AssignedLicenses") and not entry.items("AssignedLicenses")
    return (plain and entry.told("ExternalEmailAddress") and not target) or unlicensed or none


def _steps(wanted: str) -> tuple[Step, ...]:
    return (
        look(
            "Look for a deleted mailbox with the address.",
            "Get-Mailbox -SoftDeletedMailbox -ResultSize Unlimited | Where-Object "
            "{{ $_.EmailAddresses -contains ('smtp:' + {address}) }} | Format-List "
            "Name,ExchangeGuid,WhenSoftDeleted",
            EXO,
            address=wanted,
        ),
        look(
            "See what the directory makes of the user, and whether a licence is assigned.",
            "Get-User {address} | Format-List Name,RecipientTypeDetails,SKUAssigned",
            EXO,
            address=wanted,
        ),
        advise(
            "Assign a licence with Exchange Online to the user in the Microsoft 365 admin center, or "
            "restore the deleted user there."
        ),
        change(
            "If only the mailbox was deleted within the last 30 days, bring it back.",
            "Undo-SoftDeletedMailbox -SoftDeletedObject {guid}",
            shell=EXO,
            changes="Restores the mailbox with its contents to its user.",
            undo="Delete the mailbox again: it goes back to the deleted ones for 30 days.",
            verify="Get-Mailbox shows it, and after some minutes mail arrives.",
            guid="",
        ),
    )
