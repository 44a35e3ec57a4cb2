"""Mail to public folders is routed to a public folder server that no longer exists.

## What is happening
Legacy public folders (Exchange 2010 and older): a mail-enabled folder, or the public folder tree, still names
a database or an administrative group that was removed (homeMDB, msExchOwningPFTree). Transport finds no route
for the tree and holds the messages in a queue or as unreachable, while mail to mailboxes flows.

An administrative group whose last server was removed does the same when its container `Servers` is left behind, empty: the
store driver of Exchange 2010 looks for a System Attendant in it, and ends with `The Active Directory user wasn't found`.

## What proves it
- MSExchangeTransport 5010: no route has been created for the public folder hierarchy
- msExchOwningPFTreeBL of the tree lists a database of a server that is offline, or that Get-ExchangeServer no longer has
- Get-PublicFolderDatabase lists one whose server Get-ExchangeServer no longer has
- homeMDB or msExchOwningPFTree of the folder's object points to something deleted
- event 1020 of MSExchange Store Driver, or a report for a public folder, says `The Active Directory user wasn't found`

## Not this when
- the public folders are modern ones (2013 and later, in mailboxes)
- the server of the next hop exists and is only down
- the tree is owned by a database of a server that there is

## References
- https://technet.microsoft.com/en-us/library/ff985865(v=exchg.141)
- https://learn.microsoft.com/en-us/troubleshoot/exchange/migration/public-folders-not-replicate
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.store.exceptions import NO_USER, PUBLIC_STORE, no_such_user
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
# Folders of Exchange 2013 and later live in mailboxes: no tree of theirs has an owning server.
_MODERN = linear(
    r"(?i)public[ -]folder mailbox|\bexchange (?:online|server )?(?:2013|2016|2019|se)\b|exchange online|\b365\b"
)
_PLACES = ("homeMDB", "msExchOwningPFTree", "msExchOwningPFTreeBL")
_DELETED = linear(r"(?i)\bCN=Deleted Objects|\\0ADEL:|\x0aDEL:")
# A database's place in the directory: below the information store of its server.
_OF_SERVER = linear(r"(?i)\bCN=InformationStore,\s?CN=([\w-]{1,63}),\s?CN=Servers\b")
# What Exchange 2000 and 2003 call a database of folders: later ones have "Public Folder Database" and a number.
_STORE_OF_2003 = linear(r"(?i)^public folder store \(")
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
        *NO_USER,
        PUBLIC_STORE,
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
        return _told(said, retired, replies, queues)
    if said.signature == PUBLIC_STORE:
        because = (
            "The public store returned a message for one of its folders: the folder's home server may be gone, and no "
        )
        because += "replica is left on this one."
        returned = "non-delivery report" in said.text.lower()
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.0) if returned else None
    if no_such_user(said):
        folder = next((each for each in objects if each.kind == "told-folder"), None)
        return _emptied(said, folder, retired)
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


@shown
def owners(objects: tuple[Configured, ...]) -> Finding | None:
    """The servers and databases that folders and their tree name, against those that there are."""
    named = [(each, of) for each in objects for of in _PLACES if each.kind == "directory-object" and each.get(of)]
    deleted = next(((each, of) for each, of in named if _DELETED.search(each.get(of))), None)
    if deleted:
        because = f"{deleted[1]} of {deleted[0].name or 'the folder'} points to something that was deleted."
        return Finding(Belief.CONFIRMED, because, (deleted[0],), _steps())
    alive = {each.name.lower().partition(".")[0] for each in objects if each.kind == "exchange-server"}
    owned = [(each, of, str(found.group(1))) for each, of in named if (found := _OF_SERVER.search(each.get(of)))]
    gone = next((row for row in owned if alive and row[2].lower() not in alive), None)
    if gone:
        because = (
            f"{gone[1]} of {gone[0].name or 'the folder'} names a database of {gone[2]}, which is no server any more."
        )
        return Finding(Belief.CONFIRMED, because, (gone[0],), _steps())
    if owned and not alive:
        because = f"{owned[0][1]} of {owned[0][0].name or 'the folder'} names a database of {owned[0][2]}: if that was "
        because += "retired, mail to the folder has nowhere to go."
        return Finding(Belief.LIKELY, because, (owned[0][0],), _steps())
    left = _left_over(objects, alive)
    if left:
        return left
    tree = next((each for each, of in named if of.endswith("BL")), None)
    if tree is None or not owned:
        return None
    because = f"The tree {tree.name} is owned by {owned[0][2]}, which is among the servers."
    return Finding(Belief.RULED_OUT, because, (tree,))


def _left_over(objects: tuple[Configured, ...], alive: set[str]) -> Finding | None:
    """A database of folders whose server is not listed, or, where one was retired, the one named as in Exchange 2003."""
    databases = [each for each in objects if each.kind == "public-folder-database" and each.get("Server")]
    servers = [each.get("Server").lower().partition(".")[0] for each in databases]
    missing = next((each for each, of in zip(databases, servers, strict=True) if alive and of not in alive), None)
    retired = next((each for each in objects if each.kind == "told-retired"), None)
    old = next((each for each in databases if _STORE_OF_2003.search(each.name)), None)
    if missing is None and (alive or retired is None or old is None or len(set(servers)) == 1):
        return None
    left = missing or old
    because = f"The public folder database {left.name} is still listed, on {left.get('Server')}, " if left else ""
    because += (
        "which is no server any more." if missing else "by its name one of Exchange 2003; such a server was retired."
    )
    return Finding(Belief.LIKELY, because, (left, None if missing else retired), _steps())


def _told(
    told: Configured, retired: Configured | None, replies: tuple[Reply, ...], queues: tuple[QueueState, ...]
) -> Finding | None:
    """What a person says of folders and of servers, beside mail that waits."""
    if told.kind == "told-folder":
        return _to_folders(told, retired, replies)
    if told is not retired:
        return None
    return _unknown_host(told, queues) if told.name == "legacy-server" else _since(told, replies)


def _to_folders(folder: Configured, retired: Configured | None, replies: tuple[Reply, ...]) -> Finding | None:
    """Mail to public folders that waits until it expires. A sentence of a retired folder server says it by itself."""
    waits = _waiting(replies)
    if waits is None or _MODERN.search(folder.source.quote) or (retired and retired.name != "legacy-server"):
        return None
    because = (
        "Mail to public folders waits in vain, as you say. Routing sends it to the server that owns the folder tree; "
    )
    because += "where that was retired, the tree (msExchOwningPFTree) or the folders' homeMDB name it still."
    return Finding(Belief.POSSIBLE, because, (waits, folder, retired), _steps(), weight=1.8 if retired else 1.5)


def _emptied(said: Said, folder: Configured | None, retired: Configured | None) -> Finding | None:
    """The store driver misses a System Attendant: of an administrative group that is left without a server."""
    names_one = "public folder" in said.text.lower()
    if folder is None and not names_one:
        return None
    because = "The store driver looked for the System Attendant of an administrative group and found none, for mail to a public "
    because += "folder: where the last server of an old group was removed, its container Servers is left behind, empty."
    belief = Belief.LIKELY if names_one or retired else Belief.POSSIBLE
    return Finding(belief, because, (said, folder, retired), _of_container(), weight=2.0)


def _since(retired: Configured, replies: tuple[Reply, ...]) -> Finding | None:
    """Mail that waits until it expires, or finds no route, after a public folder server was retired."""
    waits = _waiting(replies)
    if waits is None:
        return None
    because = "A public folder server was retired, as you say: the folders or their tree may still name it."
    return Finding(Belief.POSSIBLE, because, (waits, retired), _steps(), weight=1.6)


def _waiting(replies: tuple[Reply, ...]) -> Reply | None:
    return next((each for each in replies if each.enhanced in _NOWHERE or "expired" in each.whole.lower()), None)


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
            "Read what the mail-enabled folders point to, and which databases own their tree.",
            "Get-ADObject -LDAPFilter '(objectClass=publicFolder)' -Properties homeMDB | Format-List Name,homeMDB; "
            "Get-ADObject -LDAPFilter '(objectClass=msExchPFTree)' -SearchBase (Get-ADRootDSE).configurationNamingContext "
            "-Properties msExchOwningPFTreeBL | Format-List Name,msExchOwningPFTreeBL",
            "powershell",
        ),
        look(
            "Compare them with the servers that there are.",
            "Get-ExchangeServer | Format-Table Name,ServerRole,AdminDisplayVersion",
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


def _of_container() -> tuple[Step, ...]:
    return (
        look(
            "List the containers Servers that have no server in them.",
            "Get-ADObject -LDAPFilter '(objectClass=msExchServersContainer)' -SearchBase "
            "(Get-ADRootDSE).configurationNamingContext | Where-Object {{ -not (Get-ADObject -LDAPFilter "
            "'(objectClass=msExchExchangeServer)' -SearchBase $_.DistinguishedName) }} | Format-List DistinguishedName",
            "powershell",
        ),
        change(
            "Delete the empty container, and nothing above it: the administrative group has to stay.",
            "Remove-ADObject {container}",
            shell="powershell",
            effect="data-loss-risk",
            changes="The container Servers of an administrative group that has no server any more is deleted.",
            undo="Restore-ADObject, where the recycle bin of Active Directory is on; so back its system state up before.",
            verify="A new message to the folder arrives once the domain controllers have replicated.",
            container="",
        ),
    )
