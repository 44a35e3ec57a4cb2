"""The sending mailbox is full, so it may not send.

## What is happening
The mailbox that hands the message in (a scanner's or application's account, a user's) is over
ProhibitSendQuota. Often nobody reads it, and Sent Items grows by a copy of every message. The store refuses
with `STOREDRV.Submission.Exception:QuotaExceededException`. No recipient is involved, and all of them fail.

## What proves it
- the token says Submission or Submit, not Deliver
- Exchange Web Services answers a program that sends with ErrorQuotaExceeded
- Get-MailboxStatistics of the sender shows ProhibitSend, or a size above ProhibitSendQuota

## Not this when
- the sender's mailbox is smaller than its ProhibitSendQuota
- the token says STOREDRV.Deliver (`quota-throttle.mailbox.full`, `quota-throttle.public-folder.full`)
- the text speaks of recipients in a day (`quota-throttle.sender.recipient-rate-limit`)

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/send-emails/smtp-submission-improvements
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import EMS, Belief, Finding, cause, change, look, shown
from diagnostics.causes.content_size.limits import OWN_LIMIT_OR_FULL
from diagnostics.causes.quota_throttle.sizes import (
    SENDS,
    about_rate,
    may_be,
    measured,
    no_sending,
    operation,
    room,
    shut,
    size_of,
)
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.steps import EXO
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured, Told, Tracked
from diagnostics.patterns import linear
from diagnostics.report import Shell, Step

# Exchange Web Services, of the mailbox in whose name a program acts.
_SERVICE: Final = "ErrorQuotaExceeded"
_SENDS = linear(r"(?i)\bsend(?:ing|s)?\b|\bsent\b|\bSendItem\b|\bsubmit|\bsende|\bversend|\benv[io]|\binvi|\bverzend")


@cause(
    id="quota-throttle.mailbox.sender-full",
    act="sender",
    says=(
        "Sender throttled due to continuous mailbox full errors",
        "5.2.251",
        "STOREDRV.Submission.Exception:",
        "STOREDRV.Submit.Exception:",
        "MapiExceptionQuotaExceeded",
        OWN_LIMIT_OR_FULL,
        _SERVICE,
    ),
)
def assess(
    anchor: Said | Configured | Told, objects: tuple[Configured, ...], tracked: tuple[Tracked, ...]
) -> Finding | None:
    """The store names the operation: it was handing in, so the quota is the sender's."""
    if isinstance(anchor, Told):
        return _told(anchor)
    if isinstance(anchor, Configured):
        if not no_sending(anchor):
            return None
        because = (
            f"{anchor.name or 'The mailbox'}{size_of(anchor)} is over ProhibitSendQuota: it receives, but may not "
        )
        because += "send."
        return Finding(Belief.CONFIRMED, because, (anchor,), _steps(anchor.name, EMS))
    if anchor.signature == _SERVICE:
        return _of_program(anchor)
    if has(anchor, "sender throttled due to continuous mailbox full"):
        because = "Exchange Online throttles the sending account because its own mailbox, where a copy of each "
        because += "message goes, is full."
        return Finding(Belief.CONFIRMED, because, (anchor,), _steps("", EXO), weight=1.0)
    if anchor.signature == OWN_LIMIT_OR_FULL:
        because = (
            "The report names two reasons and leaves open which: a full mailbox of the sender, or too large a message."
        )
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps("", EMS), weight=1.6)
    counted = has(anchor, "perfoldercountquota")  # a folder's number of items, not the mailbox's size
    if operation(anchor) != "submit" or about_rate(anchor) or counted or not has(anchor, "quotaexceeded"):
        return None
    full = next((each for each in objects if no_sending(each) or shut(each)), None)
    because = "The mailbox that submits the message is full: the quota was met on submission, before any recipient"
    because += f". {full.name or 'The mailbox'}{size_of(full)} is the one." if full else "."
    sender = next((each.sender for each in tracked if each.source == anchor.source), "")
    return Finding(Belief.CONFIRMED, because, (anchor, full), _steps(full.name if full else sender, EXO), weight=1.0)


@shown
def mailboxes(objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """The size of a mailbox against the quota above which it sends nothing; that of the recipient tells nothing of the sender."""
    found, full = measured(objects, SENDS)
    if found is None or (not full and _of_a_recipient(found.entry, replies)):
        return None
    if full:
        return Finding(Belief.CONFIRMED, room(found, SENDS), (found.entry,), _steps(found.entry.name, EMS))
    return Finding(Belief.RULED_OUT, room(found, SENDS), (found.entry,))


def _of_a_recipient(mailbox: Configured, replies: tuple[Reply, ...]) -> bool:
    return any(each.recipient and may_be(mailbox, each.recipient) for each in replies)


def _told(told: Told) -> Finding | None:
    """Outlook keeps the message and seldom says why; what was sent before is what fills such a mailbox."""
    if told.story != "receives-and-no-longer-sends":
        return None
    because = "The mailbox still receives and no longer sends, as you tell it, and keeps what it sent: over ProhibitSendQuota it "
    because += "does just that, before it is full for what comes in."
    return Finding(Belief.POSSIBLE, because, (told,), _steps("", EMS), weight=1.5)


def _of_program(said: Said) -> Finding:
    """A recipient's full mailbox comes back as a bounce; what the service itself answers is about the program's own."""
    because = "Exchange Web Services says that the mailbox in whose name the program acts is over its quota: over "
    because += "ProhibitSendQuota it sends nothing, even where no copy is kept."
    belief = Belief.LIKELY if _SENDS.search(said.text) else Belief.POSSIBLE
    return Finding(belief, because, (said,), _steps("", EMS), weight=1.5)


def _steps(mailbox: str, shell: Shell) -> tuple[Step, ...]:
    return (
        look(
            "See how full the sending mailbox is, and what it may hold. Where UseDatabaseQuotaDefaults is True, the quotas of "
            "its database hold.",
            "Get-MailboxStatistics {mailbox} | Format-List DisplayName,TotalItemSize,StorageLimitStatus,Database*Quota; "
            "Get-Mailbox {mailbox} | "
            "Format-List DisplayName,ProhibitSendQuota,ProhibitSendReceiveQuota,UseDatabaseQuotaDefaults,RetentionPolicy",
            shell,
            mailbox=mailbox,
        ),
        look(
            "See how much of it is Sent Items.",
            "Get-MailboxFolderStatistics {mailbox} -FolderScope SentItems | "
            "Format-Table FolderPath,ItemsInFolder,FolderSize",
            shell,
            mailbox=mailbox,
        ),
        change(
            "Empty Sent Items, and give the mailbox a retention policy that purges it from now on.",
            "Set-Mailbox {mailbox} -RetentionPolicy {retention_policy}",
            shell=shell,
            changes="Old items of this mailbox are deleted as the policy's tags say.",
            undo="The same with the policy that the first step printed; deleted items don't come back by that.",
            verify="StorageLimitStatus no longer says ProhibitSend, and the account can send.",
            mailbox=mailbox,
            retention_policy="",
        ),
    )
