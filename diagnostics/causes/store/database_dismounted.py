"""The mailbox database that holds the recipient is not mounted.

## What is happening
No copy of the database is mounted, so transport keeps the messages for its mailboxes in a queue and tries
again: `432 4.3.2 STOREDRV; mailbox database is offline`, MapiExceptionMdbOffline. Mailboxes in other
databases get their mail.

A store whose volume is nearly full, or whose storage fails, says so before it dismounts: `431 4.3.1 STOREDRV; mailbox disk is
full`, `430 4.3.0 STOREDRV; mailbox database IO error`. Exchange 2010 and later take no mail for it then, though it is mounted.

## What proves it
- `Get-MailboxDatabase -Status` shows Mounted False
- `Get-MailboxDatabaseCopyStatus` shows a copy Dismounted or Failed, and none of the same database Mounted
- events 9518 and 9519 of MSExchangeIS: the database, or its storage group, could not be started

## Not this when
- its queue waits with `thread limit exceeded` (`quota-throttle.store.delivery-concurrency`)
- the database is mounted; then look at the services (`transport-service.service.stopped`) or at throttling

## References
- https://learn.microsoft.com/en-us/exchange/architecture/mailbox-servers/manage-databases
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/get-mailboxdatabase
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.recipient.lookup import by_microsoft
from diagnostics.causes.recipient.steps import advise
from diagnostics.causes.store.exceptions import REROUTED, UNCONFIGURED
from diagnostics.facts import QueueState, Reply, Said, WindowsEvent
from diagnostics.mail_facts import Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Act, Step
from diagnostics.text import short

_DATABASE: Final = "mailbox-database"
_COPY: Final = "mailbox-database-copy-status"
_KINDS: Final = (_DATABASE, _COPY)
# What a store that is elsewhere, or nowhere, also ends in: each with the weight that leaves the first place to what it mostly is.
_EXPIRED: Final = "QUEUE.Expired"
_WEAKER: Final = {REROUTED: 0.9, UNCONFIGURED: 0.8, _EXPIRED: 0.9}
_NOT_STARTED: Final = ("MSExchangeIS 9518", "MSExchangeIS 9519")
_NO_ROOM: Final = (
    "mailbox disk is full",
    "MapiExceptionLowDatabaseDiskSpace",
    "MapiExceptionLowDatabaseLogDiskSpace",
    "MapiExceptionJetErrorLogDiskFull",
)
_UNSAID: Final = "4.3.1 STOREDRV"  # delivery reports leave the rest out
_STORAGE: Final = (
    "mailbox database IO error",
    "MapiExceptionJetErrorInstanceUnavailable",
    "MapiExceptionJetErrorLogWriteFail",
)
_BELOW: Final = ("disk", "4.3.1 storedrv", "io error", "jeterror")
_NAMED = linear(r"(?i)\bdatabase '?([a-z][\w-]{0,40}\d[\w-]{0,20})")  # with a number, as no other word has one
_UNREACHED = ("connectionfailedtransientexception", "mapiexceptionnetworkerror")


@cause(
    id="store.database.dismounted",
    act="on-prem",
    says=(
        "MapiExceptionMdbOffline",
        "mailbox database is offline",
        "mailbox server is offline",
        "MailboxOfflineException",
        "Unable to mount database. (hr=",
        "Couldn't mount the database that you specified",
        "Failed to mount database",
        *_NOT_STARTED,
        "UnableToFindServerForDatabaseException",
        "MapiExceptionTooManyMountedDatabases",
        *_NO_ROOM,
        _UNSAID,
        *_STORAGE,
        *_WEAKER,
    ),
)
def assess(
    anchor: Said | Configured | Told,
    queue: QueueState | None,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """The store's own words, or the state of the database."""
    if isinstance(anchor, Told):
        return _told(anchor)
    slowed = _slowed(anchor, replies) if isinstance(anchor, Said) else None
    if slowed:
        because = (
            f"The queue waits with `{short(slowed.text)}`: a store that counts its deliveries has the database mounted."
        )
        return Finding(Belief.RULED_OUT, because, (slowed,))
    down = next(iter(_down(objects)), None)
    if isinstance(anchor, Configured):
        if anchor is not down:
            return None
        because = f"Database {_called(anchor)} is not mounted: mail for its mailboxes waits in a queue."
        return Finding(Belief.LIKELY, because, (anchor,), _steps(), weight=1.0)
    if anchor.signature in _WEAKER:
        return _weaker(anchor, objects)
    if anchor.signature == _UNSAID:
        return _without_words(anchor, queue)
    if anchor.signature in (*_NO_ROOM, *_STORAGE):
        return _below(anchor, queue)
    if any(words in anchor.text.lower() for words in _UNREACHED):
        because = "The store could not be reached; a database that is mounted nowhere is one reason, a store that hangs another."
        return Finding(Belief.POSSIBLE, because, (anchor, queue), _steps(), weight=1.2)
    if by_microsoft(anchor):
        because = (
            f"{anchor.by or 'Exchange Online'} says that the recipient's mailbox database is "
            "offline; only Microsoft can mount it."
        )
        return Finding(Belief.LIKELY, because, (anchor,), (_wait(),), "microsoft", weight=1.0)
    mounted = [each for each in objects if each.kind == "mailbox-database" and each.flag("Mounted")]
    if mounted and down is None:
        names = ", ".join(each.name for each in mounted[:3])
        return Finding(Belief.RULED_OUT, f"The databases that were sent are mounted: {names}.", tuple(mounted[:3]))
    name = down.name if down else queue.next_hop if queue and "." not in queue.next_hop else ""
    because = f"The store refuses delivery because the mailbox database{f' {name}' if name else ''} is offline"
    if down:
        return Finding(Belief.CONFIRMED, f"{because}; Mounted is False.", (anchor, down), _steps())
    return Finding(Belief.LIKELY, f"{because}.", (anchor, queue), _steps(), weight=1.0)


def _slowed(said: Said, replies: tuple[Reply, ...]) -> Reply | None:
    """The limit of the store for deliveries at a time, if every queue that was sent later than the words waits with one."""
    waiting = [each for each in replies if each.kind == "queue" and each.failing]
    later = said.source.paste < min((each.source.paste for each in waiting), default=0)
    return waiting[0] if later and all("thread limit exceeded" in each.text.lower() for each in waiting) else None


@shown
def states(
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
    queues: tuple[QueueState, ...],
    events: tuple[WindowsEvent, ...],
) -> Finding | None:
    """A database that is mounted nowhere, or all of them mounted. A volume that is full keeps mail away from a mounted one."""
    words = " ".join([*(each.text for each in events), *(each.whole for each in replies)])
    named = {str(name).lower() for name in _NAMED.findall(words[:20_000])}
    named |= {
        each.next_hop.lower()
        for each in queues
        if each.status.lower() == "retry" and "mailbox" in each.delivery_type.lower()
    }
    down = _down(objects)
    meant = next((each for each in down if _database(each) in named), None)
    if meant:
        return Finding(Belief.CONFIRMED, f"Database {_called(meant)} is not mounted.", (meant,), _steps())
    if down and not named:
        return Finding(Belief.LIKELY, f"Database {_called(down[0])} is not mounted.", (down[0],), _steps())
    mounted = {_database(each): each for each in objects if _is_mounted(each)}
    if not mounted or down or named - set(mounted) or any(one in words.lower() for one in _BELOW):
        return None
    shown_ = {_database(each) for each in objects if each.kind in _KINDS}
    if shown_ - set(mounted):
        return None
    because = f"The databases that were sent are mounted: {', '.join(map(_called, list(mounted.values())[:3]))}."
    return Finding(Belief.RULED_OUT, because, tuple(mounted.values())[:3])


def _without_words(said: Said, queue: QueueState | None) -> Finding | None:
    """The number of a full disk with the store driver's name, and no more; with more, the words count."""
    if any(words in said.text.lower() for words in ("disk", "exception", "storedrv.submi")) or by_microsoft(said):
        return None
    because = "The store driver found a disk full, and does not say which: where mail to one database waits, it is the volume of "
    because += "that database or of its logs, from which the store keeps mail away before it would have to dismount."
    return Finding(Belief.POSSIBLE, because, (said, queue), (_room(), *_steps()), weight=1.6)


def _below(said: Said, queue: QueueState | None) -> Finding | None:
    """What the database lies on: the volume is full, or fails. The words of a full one also stand before another exception."""
    if "adnotfound" in said.text.lower():
        return None
    name = queue.next_hop if queue and "." not in queue.next_hop else ""
    of = f"The volume of database {name}" if name else "The volume of the recipient's mailbox database"
    act: Act | None = "microsoft" if by_microsoft(said) else None
    steps = (_wait(),) if act else (_room(), *_steps())
    if said.signature in _NO_ROOM:
        because = (
            f"{of}, or of its logs, has no room: the store takes no mail for its mailboxes until there is some, and "
        )
        because += "dismounts the database when the logs can't be written."
        return Finding(Belief.LIKELY, because, (said, queue), steps, act, weight=1.2)
    because = (
        f"{of} can't be read or written: the store dismounts a database whose storage fails, or a copy is activated."
    )
    return Finding(Belief.POSSIBLE, because, (said, queue), steps, act, weight=1.5)


def _told(told: Told) -> Finding | None:
    """What a person tells, with nothing pasted, makes it possible at most."""
    if told.story == "one-database-of-several":
        because = "Some of the users can't open their mailboxes, mail for them waits, and the rest runs, as you tell it: so it "
        because += "is when the mailbox database that they have in common is not mounted."
        return Finding(Belief.POSSIBLE, because, (told,), _steps(), "on-prem", weight=1.5)
    if told.story != "database-without-room":
        return None
    because = "The volume of a mailbox database or of its logs is full, as you tell it: the store then takes the "
    because += "database offline, and mail for its mailboxes waits until there is room and it is mounted again."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(), "on-prem", weight=1.8)


def _weaker(said: Said, objects: tuple[Configured, ...]) -> Finding | None:
    """Delivery that was sent elsewhere, or waited in vain for a folder's store."""
    folder = next((each for each in objects if each.kind == "told-folder"), None)
    mounted = any(each.kind == "mailbox-database" and each.flag("Mounted") for each in objects)
    if by_microsoft(said) or mounted or (said.signature == _EXPIRED and folder is None):
        return None
    because = "If the database of this mailbox or folder is not mounted, or was just activated on another server, "
    because += "delivery misses it."
    return Finding(Belief.POSSIBLE, because, (said, folder), _steps(), weight=_WEAKER[said.signature])


def _down(objects: tuple[Configured, ...]) -> list[Configured]:
    """The databases that are not mounted, or of which no copy is and one is down."""
    mounted = {_database(each) for each in objects if _is_mounted(each)}
    return [each for each in objects if _is_down(each) and _database(each) not in mounted]


def _is_down(each: Configured) -> bool:
    """Whether one row tells of a database, or of a copy, that is down."""
    if each.kind == _COPY:
        return each.get("Status").lower() in ("dismounted", "failed", "failedandsuspended", "dismounting")
    return each.kind == _DATABASE and each.flag("Mounted") is False and each.flag("Recovery") is not True


def _is_mounted(each: Configured) -> bool:
    return (
        each.get("Status").lower() == "mounted"
        if each.kind == _COPY
        else each.kind == _DATABASE and bool(each.flag("Mounted"))
    )


def _database(each: Configured) -> str:
    return _called(each).lower()


def _called(each: Configured) -> str:
    """The database's name: that of a copy has its server behind a backslash."""
    return each.name.partition("\\")[0]


def _wait() -> Step:
    return advise(
        "See the service health page of the Microsoft 365 admin center; the message is tried again by itself."
    )


def _room() -> Step:
    return look(
        "See how much room is left on the volumes of the databases and their logs.",
        "Get-Volume | Format-Table DriveLetter,FileSystemLabel,SizeRemaining,Size; "
        "Get-MailboxDatabase | Format-Table Name,EdbFilePath,LogFolderPath",
    )


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See which databases are mounted, and where.",
            "Get-MailboxDatabase -Status | Format-Table Name,Mounted,Server,MountedOnServer",
        ),
        look(
            "See the state of every copy: a healthy one can be activated.",
            "Get-MailboxDatabase | Get-MailboxDatabaseCopyStatus | Format-Table "
            "Name,Status,CopyQueueLength,ReplayQueueLength",
        ),
        advise(
            "Read the Application log for why it was dismounted (full disk, failed storage, log files) and "
            "mend that first. Then mount it in the Exchange admin center: Servers, Databases, Mount. Do not "
            "force it with data loss accepted unless every copy is gone."
        ),
        change(
            "When it is mounted, retry the waiting messages.",
            "Get-Queue -Filter \"Status -eq 'Retry'\" | Retry-Queue",
            changes="Queued messages are tried now instead of at their next interval.",
            undo="None needed: messages that fail go back into the queue.",
            verify="The queue of the database drains.",
        ),
    )
