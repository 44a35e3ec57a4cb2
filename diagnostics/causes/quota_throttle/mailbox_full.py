"""The recipient's mailbox is full.

## What is happening
The mailbox that was addressed has reached the size at which it receives nothing more
(ProhibitSendReceiveQuota, or another system's limit). Servers answer x.2.2, `mailbox full` or `over quota`;
Exchange names `MapiExceptionShutoffQuotaExceeded`. Mail flow works: the message got as far as the mailbox.

## What proves it
- the server of the recipient says so
- Get-MailboxStatistics shows StorageLimitStatus MailboxDisabled, or a size above ProhibitSendReceiveQuota

## Not this when
- the mailbox is smaller than its ProhibitSendReceiveQuota
- the token says STOREDRV.Submission: the sending mailbox is full (`quota-throttle.mailbox.sender-full`)
- the recipient is a public folder (`quota-throttle.public-folder.full`)
- the token says MapiExceptionNamedPropsQuotaExceeded: a quota of names, not of size (`store.delivery.permanent-exception`);
  MapiExceptionMessagePerFolderCount… is one of items in a folder (`quota-throttle.folder.item-limit`)
- the text speaks of a submission quota, a limit on recipients in a day
  (`quota-throttle.sender.recipient-rate-limit`)
- the recipient begins with AggregateGroupMailbox (`quota-throttle.system-mailbox.aggregate-full`)

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages
- https://learn.microsoft.com/en-us/exchange/recipients/user-mailboxes/storage-quotas
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import EMS, Belief, Finding, cause, change, look, shown
from diagnostics.causes.content_size.limits import LIMIT_OR_FULL
from diagnostics.causes.network.providers import has_mailboxes
from diagnostics.causes.quota_throttle.sizes import (
    RECEIVES,
    about_rate,
    aggregate,
    brimming,
    full_folder,
    kept_full,
    measured,
    operation,
    recipient_kind,
    room,
    shut,
    size_of,
    told_folder,
)
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.reader import from_outside, in_tenant
from diagnostics.causes.recipient.lookup import address, by_microsoft, named
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.causes.store.exceptions import quota_of_number
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured, Told
from diagnostics.refusals import topics
from diagnostics.report import Act, Shell, Step

OF_THE_CLASS: Final = "exceeded storage allocation"
"""What 552 is called in RFC 5321, and by .NET, whatever was too much for the server."""
_NEAR: Final = 3  # lines
_WORDS: Final = (
    "mailbox full",
    "mailbox is full",
    "mailbox is full and can't accept messages",
    "inbox is full",
    "mailfolder is full",
    "storage full",
    "mailbox has exceeded",
    "has exceeded the maximum mailbox size",
    "mailbox exceeded",
    "mailbox size limit exceeded",
    "over quota",
    "overquota",
    "over the quota",
    "over the allowed quota",
    "over disk quota",
    "exceeded quota",
    "quota exceeded while writing",
    "exceeds quota",
    "exceeding its mailbox quota",
    "mailbox quota exceeded",
    "disk quota exceeded",
    "mail quota exceeded",
    "quota usage exceeded",
    "does not have enough space",
    "destinataire pleine",
    "out of storage space",
    OF_THE_CLASS,
    "insufficient mailbox space",
)
# qmail's words for a queue that it can't write to; with hosters whose mailboxes are home directories, one of them is full.
_HOME: Final = ("qq trouble in home directory", "qq write error or disk full")
# What may be full, in the words of servers that no list has; refusals.toml tells whether it is.
_NAMES: Final = (
    "mailbox",
    "mail box",
    "mail file",
    "quota",
    "overquota",
    "inbox",
    "maildir",
    "user",
    "recipient",
    "account",
    "full mailbox",
    "disk space",
    "disc quota",
    "diskspace",
    "storage",
    "space",
    "too many messages on the server",
    "Mails auf dem Server",
)
_CODES: Final = ("5.2.2", "452 4.2.2", "450 4.2.2")
_ABROAD: Final = ("Postfach", "boîte", "boite", "buzón", "casella", "postbus", "caixa", "skrzynka", "ящик")


@cause(
    id="quota-throttle.mailbox.full",
    act="recipient-side",
    says=(
        *_WORDS,
        *_NAMES,
        *_ABROAD,
        *_HOME,
        *_CODES,
        "MapiExceptionShutoffQuotaExceeded",
        "MapiExceptionQuotaExceeded",
        "MapiExceptionNamedPropsQuotaExceeded",
    ),
)
def assess(
    anchor: Said | Configured | Told,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
    said: tuple[Said, ...],
) -> Finding | None:
    """The recipient's own server says it; the token tells whose quota it was."""
    if isinstance(anchor, Told):
        return _told(anchor)
    if isinstance(anchor, Configured):
        return _from_statistics(anchor, objects)
    if anchor.signature in _HOME:
        return _at_home(anchor)
    if has(anchor, LIMIT_OR_FULL) and not has(anchor, "5.2.2"):  # the code says which
        because = (
            "The report names two reasons and leaves open which: a full mailbox, or a message larger than a limit."
        )
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps("", EMS), weight=1.6)
    counted = next((each for each in said if quota_of_number(each) and _together(each, anchor)), None)
    if counted:
        because = (
            f"The quota that is exceeded (`{quota_of_number(counted)}`) is one of number, not of the mailbox's size."
        )
        return Finding(Belief.RULED_OUT, because, (counted,))
    if (
        has(anchor, "sender throttled")
        or about_rate(anchor)
        or operation(anchor) == "submit"
        or has(anchor, "errorquotaexceeded")  # Exchange Web Services, of the mailbox of whoever calls them
        or has(anchor, "connection dropped")
        or has(anchor, "mailbox disk is full")  # the volume of its database
        or (only_the_class(anchor) and has(anchor, "too big", "too large", "message size", "5.3.4"))
    ):
        return None
    if _of_another(anchor):
        return None
    wanted = address(anchor, replies)
    if aggregate(wanted):
        because = f"{named(wanted)} is a retired hidden mailbox of a group; no person's mailbox is full."
        return Finding(Belief.RULED_OUT, because, (anchor,))
    kind, name = recipient_kind(wanted, objects)
    full = full_folder(objects) if not wanted else None
    if full:
        because = f"{full.name or 'The public folder'} is what is full, not a mailbox."
        return Finding(Belief.RULED_OUT, because, (full, anchor))
    if kind == "folder":
        return Finding(Belief.RULED_OUT, f"{name} is a public folder, not a mailbox.", (anchor,))
    told = told_folder(objects) if not kind else None
    if told:
        because = "You tell of a public folder: then the folder, or the mailbox that holds it, takes no more, and no person's."
        return Finding(Belief.POSSIBLE, because, (anchor, told), _steps(wanted, EMS), weight=0.6)
    statistics = next((each for each in objects if shut(each)), None) or brimming(objects)
    ours = kind == "mailbox" or statistics is not None
    # Storage shared with OneDrive, and addresses of public providers, are nobody's to administer.
    private = has(anchor, "unified storage") or has_mailboxes(wanted.rpartition("@")[2])
    outside = private or from_outside(anchor, replies, objects)
    online = by_microsoft(anchor) or in_tenant(objects)
    return _judged(anchor, wanted, statistics, ours=ours, outside=outside, online=online)


@shown
def mailboxes(objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """The size of the mailbox that was addressed, where one is named, against the quota above which it takes nothing."""
    found, full = measured(objects, RECEIVES, next((each.recipient for each in replies if each.recipient), ""))
    if found is None:
        return None
    if full:
        return Finding(Belief.CONFIRMED, room(found, RECEIVES), (found.entry,), _steps(found.entry.name, EMS))
    return Finding(Belief.RULED_OUT, room(found, RECEIVES), (found.entry,))


def _together(one: Said, other: Said) -> bool:
    """Whether two lines are parts of one report."""
    return one.source.paste == other.source.paste and abs(one.source.line - other.source.line) <= _NEAR


def only_the_class(said: Said) -> bool:
    """Whether nothing but the name of 552 speaks of a full mailbox: servers say it of large messages, too."""
    return has(said, OF_THE_CLASS) and not has(
        said, *(each for each in _WORDS if each != OF_THE_CLASS), "mailbox", "quota"
    )


def _full(said: Said) -> bool:
    """Whether a server's own words say that there is no room; a quota of messages in a time is another matter."""
    about = topics(said)
    if about & {"rate", "fast"} and not has(said, "messages on the server"):
        return False
    room = "no-room" in about and not has(said, "message size", "5.3.4")
    return ("full" in about or room) and not has(said, "public folder", "sending quota")


def _of_another(said: Said) -> bool:
    """Whether the words speak of something else; a server may number its "Address does not exist" as it likes."""
    if said.signature in _CODES:
        return "no-user" in topics(said) and not _full(said)
    return said.signature in _NAMES + _ABROAD and not (_full(said) and operation(said) == "")


def _judged(
    said: Said, wanted: str, statistics: Configured | None, *, ours: bool, outside: bool, online: bool
) -> Finding:
    """`ours`: a directory or a store of the reader's own shows the mailbox. `outside`: the reader sent the message."""
    steps = _steps(wanted, EXO if online else EMS)
    token = has(
        said, "storedrv.", "mailbox cannot send or receive"
    )  # a store wrote it: the report is of the organization that holds the mailbox
    act: Act = "recipient-side" if not (ours or (token and not outside)) else "exchange-online" if online else "on-prem"
    if has(said, "mapiexceptionquotaexceeded") and not ours:
        because = "The post quota of the place that was addressed is exceeded; a mailbox would be the rarer one."
        return Finding(Belief.POSSIBLE, because, (said,), steps, act, weight=0.9)
    because = f"The mailbox {named(wanted, 'of the recipient')}{size_of(statistics) if statistics else ''} has no room "
    because += f"left, so {said.by or 'its server'} refuses its mail; there is nothing to repair on the sending side."
    sure = (has(said, "shutoffquota", *_WORDS) and not only_the_class(said)) or (_full(said) and "full" in topics(said))
    return Finding(Belief.CONFIRMED if sure else Belief.LIKELY, because, (said, statistics), steps, act, weight=1.0)


def _at_home(said: Said) -> Finding:
    because = (
        f"{said.by or 'The receiving server'} (qmail) could not write the message down. At hosting providers that "
    )
    because += (
        "mostly means that the recipient's mailbox has reached its quota; else the disk of that server is full or "
    )
    because += "damaged. Its postmaster can tell."
    return Finding(Belief.POSSIBLE, because, (said,), _steps("", EMS), weight=1.2)


def _told(told: Told) -> Finding | None:
    """What a person tells, with nothing pasted, makes it possible at most."""
    if told.story != "recoverable-items-full":
        return None
    because = "The Recoverable Items folder is full, as you tell it, so nothing more is deleted, accepted or, in the "
    because += "end, delivered: a hold keeps what is in it, and it has a quota of its own."
    return Finding(Belief.POSSIBLE, because, (told,), _steps("", EMS), weight=1.8)


def _from_statistics(entry: Configured, objects: tuple[Configured, ...]) -> Finding | None:
    if brimming(objects) is entry:
        because = f"{entry.name or 'The mailbox'}{size_of(entry)} has reached ProhibitSendReceiveQuota"
        because += ": it neither receives nor sends."
        return Finding(Belief.CONFIRMED, because, (entry,), _steps(entry.name, EMS), "on-prem")
    kept = kept_full(entry)
    if kept:
        because = (
            f"{entry.get('FolderPath') or entry.name}, of Recoverable Items, holds {kept}, its quota (30 GB, with "
        )
        because += "a hold 100): what leaves a version or a deleted item there fails, such as an answer to a meeting, though the "
        because += "mailbox itself has room."
        return Finding(Belief.LIKELY, because, (entry,), _steps("", EXO), "exchange-online", weight=1.3)
    if not shut(entry):
        return None
    because = (
        f"{entry.name or 'The mailbox'}{size_of(entry)} is over its last limit (StorageLimitStatus MailboxDisabled)"
    )
    because += ": it neither receives nor sends."
    return Finding(Belief.CONFIRMED, because, (entry,), _steps(entry.name, EMS), "on-prem")


def _steps(mailbox: str, shell: Shell) -> tuple[Step, ...]:
    return (
        advise("Sender: tell the recipient by another way that the mailbox is full, and send again once it has room."),
        look(
            "If the recipient is yours, see the size of the mailbox, of its deleted items, and its limits. Where "
            "UseDatabaseQuotaDefaults is True, those of its database hold.",
            "Get-MailboxStatistics {mailbox} | "
            "Format-List DisplayName,TotalItemSize,TotalDeletedItemSize,StorageLimitStatus,Database*Quota; "
            "Get-Mailbox {mailbox} | "
            "Format-List DisplayName,ProhibitSendQuota,ProhibitSendReceiveQuota,UseDatabaseQuotaDefaults,ArchiveStatus",
            shell,
            mailbox=mailbox,
        ),
        change(
            "Let the recipient delete or archive; an archive mailbox takes old items away (licence needed).",
            "Enable-Mailbox {mailbox} -Archive",
            shell=shell,
            changes="The mailbox gets an archive, into which its retention policy moves old items.",
            undo="Disable-Mailbox with -Archive disconnects it; what was moved has to be moved back first.",
            verify="TotalItemSize falls below the limit, and a new message arrives.",
            mailbox=mailbox,
        ),
    )
