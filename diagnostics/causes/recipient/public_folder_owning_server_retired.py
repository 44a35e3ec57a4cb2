"""Mail to public folders is routed to a public folder server that no longer exists.

## What is happening
Legacy public folders (Exchange 2010 and older): a mail-enabled folder, or the public folder tree, still names
a database or an administrative group that was removed (homeMDB, msExchOwningPFTree). Transport finds no route
for the tree and holds the messages in a queue or as unreachable, while mail to mailboxes flows.

## What proves it
- MSExchangeTransport 5010: no route has been created for the public folder hierarchy
- msExchOwningPFTreeBL of a store on a server that is offline lists the tree
- homeMDB or msExchOwningPFTree of the folder's object points to something deleted

## Not this when
- the public folders are modern ones (2013 and later, in mailboxes)
- the server of the next hop exists and is only down

## References
- https://technet.microsoft.com/en-us/library/ff985865(v=exchg.141)
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.facts import QueueState, Reply, Said
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.report import Step

# Codes of mail that waited in vain, or that no route leads on.
_NOWHERE = frozenset({"4.4.7", "5.4.7", "4.4.6", "5.4.4", "4.4.4", "5.4.300", "4.4.0"})
# How transport hands mail to other servers of the organization.
_TO_SERVERS = frozenset(
    {"smtprelaytoservers", "smtprelaytomailboxdeliverygroup", "smtprelaytoremoteactivedirectorysite", "smtprelaytodag",
     "smtprelaywithinadsite", "smtprelaytoremoteadsite"}
)  # fmt: skip
_REMOVED = linear(r"(?i)\b(?:offline|removed|retired|decommissioned|deleted|old|former|dead) (?:\w+ )?server")


@cause(
    id="recipient.public-folder.owning-server-retired",
    act="on-prem",
    says=(
        "No route has been created for public folder hierarchy",
        "No route has been created for this public folder hierarchy",
        "PF replica server misconfiguration",
        "No local replica for public folder",
        "msExchOwningPFTree",
        "CN=Folder Hierarchies",
    ),
    against={
        "mailbox database is offline": "names a database that is known and down",
    },
)
def assess(
    said: Said | Configured,
    replies: tuple[Reply, ...],
    objects: tuple[Configured, ...],
    queues: tuple[QueueState, ...],
) -> Finding | None:
    """Transport's own warning names the tree; the attribute points at it, and a server that was retired tells whose it is."""
    retired = next((each for each in objects if each.kind == "told-retired"), None)
    if isinstance(said, Configured):
        if said is not retired:
            return None
        return _unknown_host(said, queues) if said.name == "legacy-server" else _since(said, replies)
    if "no route has been created" in said.text.lower():
        because = (
            "Transport can't find a route to the public folder tree: no database that hosts it is "
            "left, or the tree names a removed one."
        )
        return Finding(Belief.LIKELY, because, (said,), _steps(), weight=1.0)
    if "replica" in said.text.lower():
        because = "Delivery looks for a replica of the public folder where none is: the server that the folder or its tree names "
        because += "may be gone."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.9)
    if (retired and retired.name != "legacy-server") or _REMOVED.search(said.text):
        because = "The public folder tree is still owned by a server that was retired, so mail to the folders has nowhere to go."
        return Finding(Belief.LIKELY, because, (said, retired), _steps(), weight=1.3)
    because = "The text speaks of the legacy public folder tree, whose owner may be a server that was removed."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.3)


def _since(retired: Configured, replies: tuple[Reply, ...]) -> Finding | None:
    """Mail that waits until it expires, or finds no route, after a public folder server was retired."""
    waits = next((each for each in replies if each.enhanced in _NOWHERE or "expired" in each.whole.lower()), None)
    if waits is None:
        return None
    because = "A public folder server was retired, as you say: the folders or their tree may still name it."
    return Finding(Belief.POSSIBLE, because, (waits, retired), _steps(), weight=1.6)


def _unknown_host(retired: Configured, queues: tuple[QueueState, ...]) -> Finding | None:
    """A queue toward another Exchange server that gets nowhere, after one of a version with public folder databases left."""
    stuck = next((each for each in queues if each.delivery_type.lower() in _TO_SERVERS and _waits(each)), None)
    if stuck is None:
        return None
    because = (
        f"A server of Exchange 2010 or older was removed, as you say, and mail is still routed to {stuck.next_hop}: "
    )
    because += "mail-enabled public folders, or another object, may name it or its database still. A DNS record would not help."
    return Finding(Belief.POSSIBLE, because, (stuck, retired), _steps(), weight=2.0)


def _waits(queue: QueueState) -> bool:
    return queue.status.lower() == "retry" and queue.messages > 0


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See whether a public folder database is left, and on which server.",
            "Get-PublicFolderDatabase | Format-List Name,Server,PublicFolderHierarchy",
        ),
        look(
            "Read what the mail-enabled folders point to.",
            "Get-ADObject -LDAPFilter '(objectClass=publicFolder)' -Properties homeMDB,msExchOwningPFTree | "
            "Format-List Name,homeMDB,msExchOwningPFTree",
            "powershell",
        ),
        change(
            "For a folder that is still needed and points to a removed object, renew its mail settings.",
            "Disable-MailPublicFolder {folder}; Enable-MailPublicFolder {folder}",
            changes=(
                "The folder's directory object is made anew; addresses beyond its default one are "
                "lost, so note them before."
            ),
            undo="Add the noted addresses with Set-MailPublicFolder -EmailAddresses.",
            verify="homeMDB of the new object names an existing tree, and the queue drains.",
            folder="",
        ),
    )
