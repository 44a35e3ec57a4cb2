"""The user has a mailbox on both sides, and the sender's side decides which one gets the mail.

## What is happening
In a hybrid organization a user has one mailbox, and the other side has an object that points to it. Where a licence was given
before the move, where an old mailbox was connected again, or where a move did not turn the object on-premises into a remote
mailbox, there are two. What people on-premises send arrives on-premises, what people in the cloud send arrives in the cloud,
and nobody gets a bounce; the user looks at one of them and misses the rest.

## What proves it
- Get-Mailbox finds the user on-premises, and in Exchange Online as well
- on-premises the type is UserMailbox and not RemoteUserMailbox, and no address is in the tenant's own domain

## Not this when
- on-premises it is a RemoteUserMailbox (`hybrid.remote-routing-address.missing`, if it points nowhere)
- on-premises there is nothing at all (`hybrid.remote-mailbox.object-missing`): then mail bounces there

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/user-and-shared-mailboxes/mailbox-exists-exo-onpremises
- https://learn.microsoft.com/en-us/exchange/troubleshoot/user-and-shared-mailboxes/still-can-access-mailbox-after-moved
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.recipient.steps import EXO
from diagnostics.mail_facts import Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Step
from diagnostics.text import is_cut

_STORIES: Final = ("two-mailboxes-of-one-user", "old-mailbox-still-gets-mail")
# How Exchange Online names its databases and servers: EURPR05DG120-db034, am8pr05mb1234.
_CLOUD = linear(r"(?i)^(?:[a-z]{3,4}p\w{2,5}dg\d{2,4}-db\d{1,4}|[a-z]{2,4}\d{0,2}pr?\w{2,5}mb\d{4})$")
_OWN: Final = ("usermailbox", "sharedmailbox", "roommailbox", "equipmentmailbox")


@cause(id="hybrid.mailbox.on-both-sides", act="on-prem")
def assess(anchor: Told | Configured, objects: tuple[Configured, ...]) -> Finding | None:
    """Two mailboxes of one address, one of them on a server of Exchange Online, prove it."""
    if isinstance(anchor, Configured):
        return _twins(anchor, objects)
    if anchor.story not in _STORIES:
        return None
    because = "The user may have a mailbox on both sides, as you tell it: each side delivers to its own."
    return Finding(Belief.POSSIBLE, because, (anchor,), _steps(""), weight=1.8)


def _twins(here: Configured, objects: tuple[Configured, ...]) -> Finding | None:
    """The mailbox on-premises, where another of the same address was shown on a server of Exchange Online."""
    there = [each for each in objects if _is_mailbox(each) and _in_cloud(each)] if _is_mailbox(here) else []
    twin = next((each for each in there if _same(each, here)), None) if not _in_cloud(here) else None
    if twin is None:
        return None
    because = f"{_shown(here)} has a mailbox on-premises ({_place(here)}) and one in Exchange Online ({_place(twin)})."
    return Finding(Belief.CONFIRMED, because, (here, twin), _steps(here.get("PrimarySmtpAddress") or here.name))


@shown
def sides(objects: tuple[Configured, ...], stories: tuple[Told, ...]) -> Finding | None:
    """What the user is on-premises: a mailbox there is one too many where there is one in the cloud, as is told."""
    known = [each for each in objects if each.kind in ("recipient", "mailbox") and each.get("RecipientTypeDetails")]
    both = next((found for each in known if (found := _twins(each, objects))), None)
    if both:
        return both
    told = any(each.story in _STORIES for each in stories)
    here = next((each for each in known if told and _is_here(each)), None)
    if here:
        because = f"{_shown(here)} is a {here.get('RecipientTypeDetails')} on-premises: it leads to no mailbox in the cloud, so "
        because += "with the one that is there the user has two."
        return Finding(Belief.LIKELY, because, (here,), _steps(here.get("PrimarySmtpAddress") or here.name))
    remote = [each for each in known if each.get("RecipientTypeDetails").lower().startswith("remote")]
    if not remote:
        return None
    because = (
        f"On-premises {_shown(remote[0])} is a {remote[0].get('RecipientTypeDetails')}, which points to the cloud."
    )
    return Finding(Belief.RULED_OUT, because, (remote[0],))


def _is_here(entry: Configured) -> bool:
    """Whether it is a mailbox on a server on-premises: by its database, else by its addresses, of which each mailbox in the
    cloud has one in the tenant's own domain."""
    if entry.get("RecipientTypeDetails").lower() not in _OWN or _in_cloud(entry):
        return False
    addresses = entry.get("EmailAddresses").lower()
    listed = "@" in addresses and not is_cut(addresses)
    return bool(_place(entry)) or (listed and "onmicrosoft.com" not in addresses and "sip:" not in addresses)


def _is_mailbox(entry: Configured) -> bool:
    return entry.get("RecipientTypeDetails").lower() in _OWN and bool(_place(entry))


def _place(entry: Configured) -> str:
    return entry.get("Database") or entry.get("ServerName")


def _in_cloud(entry: Configured) -> bool:
    return any(_CLOUD.search(entry.get(name)) for name in ("Database", "ServerName"))


def _same(one: Configured, other: Configured) -> bool:
    first, second = (each.get("PrimarySmtpAddress").lower() for each in (one, other))
    return first == second if first and second else one.name.lower() == other.name.lower() != ""


def _shown(entry: Configured) -> str:
    return entry.get("PrimarySmtpAddress") or entry.name or "the user"


def _steps(user: str) -> tuple[Step, ...]:
    return (
        look(
            "See what the user is on-premises.",
            "Get-Recipient {user} | Format-List RecipientTypeDetails,PrimarySmtpAddress; "
            "Get-Mailbox {user} | Format-List PrimarySmtpAddress,Database,ExchangeGuid,LegacyExchangeDN,EmailAddresses",
            user=user,
        ),
        look(
            "See whether there is a mailbox in Exchange Online as well.",
            "Get-Mailbox {user} | Format-List RecipientTypeDetails,PrimarySmtpAddress,Database,ExchangeGuid",
            EXO,
            user=user,
        ),
        look(
            "See which of them is used, on each side.",
            "Get-MailboxStatistics {user} | Format-List DisplayName,ItemCount,TotalItemSize,LastLogonTime",
            user=user,
        ),
        change(
            "Where the cloud's mailbox is to stay: export the items of the one on-premises first, then take it from the user.",
            "Disable-Mailbox {user}",
            effect="data-loss-risk",
            changes="The user has no mailbox on-premises any more; the mailbox stays for 30 days, disconnected. It asks first.",
            undo="Connect-Mailbox with the name and the database that the first step printed.",
            verify="Get-Recipient shows a plain user.",
            user=user,
        ),
        change(
            "Then let the object on-premises point to the cloud, with the old LegacyExchangeDN as an x500 address.",
            "Enable-RemoteMailbox {user} -RemoteRoutingAddress {routing_address}; "
            "Set-RemoteMailbox {user} -EmailAddresses @{{add={x500_address}}}",
            changes="Mail of people on-premises goes to the mailbox in the cloud, answers to old mail find it too.",
            undo="Disable-RemoteMailbox {user}, then connect the mailbox again.",
            verify="A message from each side arrives in one mailbox.",
            user=user,
            routing_address="",
            x500_address="",
        ),
    )
