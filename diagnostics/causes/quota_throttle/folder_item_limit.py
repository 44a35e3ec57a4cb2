"""A folder of the recipient's mailbox holds as many items as a folder may.

## What is happening
Exchange stores up to a million items in one folder. The folder that the message belongs in, mostly the Inbox
of a shared or service mailbox, has reached that number. Delivery ends with `554 4.3.2 mailbox busy …
MapiExceptionMaxObjsExceeded`. In spite of the wording it isn't busy, and sending again doesn't help.

## What proves it
- the exception in the report
- Get-MailboxFolderStatistics shows ItemsInFolder near 1,000,000

## Not this when
- the largest folder of the mailbox holds far fewer items
- the recipient begins with AggregateGroupMailbox (`quota-throttle.system-mailbox.aggregate-full`)
- `432 4.3.2` with a thread limit: too many deliveries at once (`quota-throttle.store.delivery-concurrency`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/remote-server-returned-mailbox-busy
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.quota_throttle.sizes import aggregate
from diagnostics.causes.recipient.lookup import address, named
from diagnostics.causes.recipient.steps import EXO
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured
from diagnostics.report import Step

_LIMIT: Final = 1_000_000
_NEAR: Final = 990_000
_SEVERAL: Final = 2


@cause(
    id="quota-throttle.folder.item-limit",
    act="exchange-online",
    says=(
        "MapiExceptionMaxObjsExceeded",
        "MapiExceptionMessagePerFolderCountQuotaExceeded",
        "MapiExceptionMessagePerFolderCountReceiveQuotaExceeded",
    ),
)
def assess(
    anchor: Said | Configured,
    _statistics: Configured | None,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """The exception names the limit, the statistics name the folder."""
    crowded = max(objects, key=_count, default=None)
    if crowded is not None and _count(crowded) < _NEAR:
        crowded = None
    if isinstance(anchor, Configured):
        if anchor is not crowded:
            return None
        return _crowded(crowded)
    wanted = address(anchor, replies)
    if aggregate(wanted):
        because = f"{named(wanted)} is a retired hidden mailbox of a group: no mailbox that anybody reads is affected."
        return Finding(Belief.RULED_OUT, because, (anchor,))
    because = f"A folder in the mailbox {named(wanted, 'of the recipient')} has reached the limit of {_LIMIT:,} items"
    because += f": {crowded.get('FolderPath')} holds {_count(crowded):,}." if crowded else ", so nothing more fits in."
    return Finding(Belief.CONFIRMED, because, (anchor, crowded), _steps(wanted))


@shown
def folders(objects: tuple[Configured, ...]) -> Finding | None:
    """The folders of a mailbox, the largest first: a list that is in no order may be a part of it."""
    counts = [(_count(each), each) for each in objects if each.told("ItemsInFolder")]
    most, largest = max(counts, key=lambda row: row[0], default=(0, None))
    if largest is None or most >= _NEAR:
        return _crowded(largest) if largest else None
    sizes = [count for count, _ in counts]
    if len(sizes) < _SEVERAL or sizes != sorted(sizes, reverse=True) or not most:
        return None
    because = f"The largest folder ({largest.get('FolderPath') or 'the first'}) holds {most:,} items; a folder takes {_LIMIT:,}."
    return Finding(Belief.RULED_OUT, because, (largest,))


def _crowded(folder: Configured) -> Finding:
    because = f"The folder {folder.get('FolderPath')} holds {_count(folder):,} items; a folder takes {_LIMIT:,}."
    belief = Belief.CONFIRMED if _count(folder) >= _LIMIT else Belief.LIKELY
    return Finding(belief, because, (folder,), _steps(""))


def _count(entry: Configured) -> int:
    digits = entry.get("ItemsInFolder").replace(",", "").replace(".", "")
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 10 else 0


def _steps(mailbox: str) -> tuple[Step, ...]:
    return (
        look(
            "Find the full folder.",
            "Get-MailboxFolderStatistics {mailbox} | Sort-Object {{[int]$_.ItemsInFolder}} -Descending | "
            "Select-Object -First 5 FolderPath,ItemsInFolder,FolderSize",
            EXO,
            mailbox=mailbox,
        ),
        look(
            "See whether an archive and a retention policy exist that could take old items away.",
            "Get-Mailbox {mailbox} | Format-List ArchiveStatus,RetentionPolicy",
            EXO,
            mailbox=mailbox,
        ),
        change(
            "Move old items into other folders or the archive, or let a retention policy do it from now on.",
            "Set-Mailbox {mailbox} -RetentionPolicy {retention_policy}",
            shell=EXO,
            changes="The policy's tags move or delete old items of this mailbox within days. What a tag deletes is gone.",
            undo="The same with the policy that the step before printed; deleted items don't come back by that.",
            verify="ItemsInFolder falls below 1,000,000, and a new message arrives.",
            mailbox=mailbox,
            retention_policy="",
        ),
    )
