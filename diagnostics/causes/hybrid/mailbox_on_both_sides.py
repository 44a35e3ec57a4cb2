"""The user has a mailbox on both sides, and the sender's side decides which one gets the mail.

## What is happening
In a hybrid organization a user has one mailbox, and the other side has an object that points to it. Where a licence was given
before the move, where an old mailbox was connected again, or where a move did not turn the object on-premises into a remote
mailbox, there are two. What people on-premises send arrives on-premises, what people in the cloud send arrives in the cloud,
and nobody gets a bounce; the user looks at one of them and misses the rest.

## What proves it
- Get-Mailbox finds the user on-premises, and in Exchange Online as well
- on-premises the type is UserMailbox and not RemoteUserMailbox

## Not this when
- on-premises it is a RemoteUserMailbox (`hybrid.remote-routing-address.missing`, if it points nowhere)
- on-premises there is nothing at all (`hybrid.remote-mailbox.object-missing`): then mail bounces there

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/user-and-shared-mailboxes/mailbox-exists-exo-onpremises
- https://learn.microsoft.com/en-us/exchange/troubleshoot/user-and-shared-mailboxes/still-can-access-mailbox-after-moved
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.recipient.steps import EXO
from diagnostics.mail_facts import Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Step

_STORIES: Final = ("two-mailboxes-of-one-user", "old-mailbox-still-gets-mail")
# How Exchange Online names its databases and servers: EURPR05DG120-db034, am8pr05mb1234.
_CLOUD = linear(r"(?i)^(?:[a-z]{3,4}p\w{2,5}dg\d{2,4}-db\d{1,4}|[a-z]{2,4}\d{0,2}pr?\w{2,5}mb\d{4})$")
_OWN: Final = ("usermailbox", "sharedmailbox", "roommailbox", "equipmentmailbox")


@cause(id="hybrid.mailbox.on-both-sides", act="on-prem")
def assess(anchor: Told | Configured, objects: tuple[Configured, ...]) -> Finding | None:
    """Two mailboxes of one address, one of them on a server of Exchange Online, prove it; a remote mailbox speaks against it."""
    here = [each for each in objects if _is_mailbox(each) and not _in_cloud(each)]
    there = [each for each in objects if _is_mailbox(each) and _in_cloud(each)]
    if isinstance(anchor, Configured):
        twin = next((each for each in there if _same(each, anchor)), None) if anchor in here else None
        if twin is None:
            return None
        because = f"{_shown(anchor)} has a mailbox on-premises ({_place(anchor)}) and one in Exchange Online ({_place(twin)})."
        return Finding(
            Belief.CONFIRMED, because, (anchor, twin), _steps(anchor.get("PrimarySmtpAddress") or anchor.name)
        )
    if anchor.story not in _STORIES:
        return None
    remote = next((each for each in objects if each.get("RecipientTypeDetails").lower().startswith("remote")), None)
    if remote:
        because = f"On-premises {_shown(remote)} is a {remote.get('RecipientTypeDetails')}, which points to the cloud."
        return Finding(Belief.RULED_OUT, because, (anchor, remote))
    because = "The user may have a mailbox on both sides, as you tell it: each side delivers to its own."
    return Finding(Belief.POSSIBLE, because, (anchor,), _steps(""), weight=1.8)


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
