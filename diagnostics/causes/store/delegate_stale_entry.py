"""The recipient's mailbox lists a delegate who no longer exists, and refuses meeting mail for it.

## What is happening
Meeting requests and answers start delegate processing. If one of the delegates was moved to another forest,
recreated or deleted, the entry in the mailbox can't be resolved, the check fails, and the whole delivery is
refused: `554 5.2.0 STOREDRV.Deliver.Exception:DelegateUserValidationException`. Ordinary mail to the same
person arrives. In other cases a hidden rule of the inbox copies each meeting request to the delegate who is gone, and the
organizer gets a bounce for somebody who was not invited.

## What proves it
- the exception itself, and only meeting mail is refused
- a user among the rights of the calendar, or a delegate, that shows as a SID (`NT User:S-1-5-21-…`)
- the bounce of a meeting request names somebody who isn't in the invitation, and a former delegate of the mailbox that is

## Not this when
- ordinary messages fail as well, or another exception is named (`store.delivery.permanent-exception`)

## References
- https://support.microsoft.com/help/4038474
"""

from __future__ import annotations

from diagnostics.cause import EMS, Belief, Finding, cause, change, look, shown
from diagnostics.causes.recipient.lookup import address, by_microsoft, named
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Shell, Step

_WORDS = ("DelegateUserValidationException", "Delegate user validation failed for user")
# What stays behind of a delegate is a hidden rule of the inbox, under this name and with this action.
_RULES = ("Schedule+ EMS interface", "OP_DELEGATE")
_DELETED = "deleted by mailbox rules"
_NOT_RECOGNIZED = "The recipient name is not recognized"
_OF_DELEGATES = ("User", "GrantSendOnBehalfTo", "ResourceDelegates")
_UNRESOLVED = linear(r"(?i)\bNT User:S-1-5-\S+|\bS-1-5-21-[\d.-]+|\bDeleted Objects/\S+|\\0ADEL:\S+")
BYSTANDER = "told-bystander"
_STORY = "meeting-comes-back-for-a-bystander"


@cause(
    id="store.delegate.stale-entry",
    act="recipient-side",
    says=(
        *_WORDS,
        *_RULES,
        _DELETED,
        "RESOLVER.ADR.ExRecipNotFound",
        "RESOLVER.ADR.RecipientNotFound",
        "RESOLVER.ADR.RecipNotFound",
        "IMCEAEX-",
        _NOT_RECOGNIZED,
    ),
)
def assess(anchor: Said | Told, replies: tuple[Reply, ...], told: tuple[Configured, ...]) -> Finding | None:
    """The exception's name says it; a meeting request that came back for somebody who was not invited comes close."""
    if isinstance(anchor, Told):
        return _told(anchor) if anchor.story == _STORY else None
    said = anchor
    wanted = address(said, replies)
    online = by_microsoft(said)
    if said.signature in _RULES:
        because = "A hidden rule of the inbox hands meeting requests on to a delegate; one who is gone makes it fail."
        return Finding(Belief.LIKELY, because, (said,), _steps(wanted, EXO if online else EMS), weight=1.2)
    if said.signature == _DELETED:
        because = "A rule of the recipient's mailbox refuses the message. Where its owner has none, a hidden one was left behind "
        because += "by a delegate: then it is meeting requests that come back."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(wanted, EXO if online else EMS), weight=1.5)
    if said.signature == _NOT_RECOGNIZED:
        arrived = next((each for each in told if each.kind == "told-delivered"), None)
        because = "The message arrived, as is told, and a copy of it came back. If it is meeting requests that do, the copy was "
        because += "for a delegate who is gone."
        return Finding(Belief.POSSIBLE, because, (said, arrived), _steps("", EMS), weight=0.95) if arrived else None
    if said.signature not in _WORDS:
        meeting = next((each for each in told if each.kind == BYSTANDER), None)
        if meeting is None:
            return None
        because = f"{named(wanted, 'Somebody')} was not invited and can't be found: an old delegate entry of the "
        because += "mailbox that was, to which its meeting requests are still copied."
        return Finding(Belief.LIKELY, because, (said, meeting), _steps("", EXO if online else EMS), weight=1.5)
    because = (
        f"A delegate of {named(wanted, 'the recipient')} can no longer be resolved, so meeting mail "
        "to this mailbox is refused; "
    )
    because += "ordinary mail is not."
    return Finding(Belief.CONFIRMED, because, (said,), _steps(wanted, EXO if online else EMS))


@shown
def entries(objects: tuple[Configured, ...]) -> Finding | None:
    """A name that no longer resolves, among the calendar's rights or the delegates. A hidden rule may be left where none is."""
    for each in objects:
        found = _UNRESOLVED.search(" ".join(each.get(name) for name in _OF_DELEGATES))
        if found:
            because = f"`{str(found.group(0))[:80]}` has rights on the calendar and resolves to nobody: a delegate who is gone."
            return Finding(Belief.LIKELY, because, (each,), _steps("", EMS))
    return None


def _told(story: Told) -> Finding:
    """No code of the bounce was sent, or one that any unknown address gets."""
    because = (
        "A meeting request comes back for somebody who was not invited, as you tell it: an old delegate entry of the "
    )
    because += (
        "mailbox that was, to which its meeting requests are still copied. Ordinary mail to that mailbox arrives then."
    )
    return Finding(Belief.POSSIBLE, because, (story,), _steps("", EMS), "on-prem", weight=2.0)


def _steps(wanted: str, shell: Shell) -> tuple[Step, ...]:
    calendar = f"{wanted}:\\Calendar" if wanted else ""
    return (
        look(
            "List who has rights on the recipient's calendar, and look for names that show as a SID or don't resolve.",
            "Get-MailboxFolderPermission {calendar} | Format-Table User,AccessRights,SharingPermissionFlags",
            shell,
            calendar=calendar,
        ),
        look(
            "See the delegates that the directory knows.",
            "Get-Mailbox {address} | Format-List GrantSendOnBehalfTo",
            shell,
            address=wanted,
        ),
        advise(
            "The recipient: remove all delegates in Outlook (File, Account Settings, Delegate Access) and in "
            "Outlook on the web, then add those that are still right. If meeting requests are still copied, a hidden rule stayed "
            "behind: MFCMAPI shows it in the associated contents of the inbox (Schedule+ EMS Interface)."
        ),
        change(
            "If a stale entry stays on the calendar, remove it.",
            "Remove-MailboxFolderPermission {calendar} -User {delegate}",
            shell=shell,
            changes="That user loses the rights on this calendar.",
            undo="Add-MailboxFolderPermission with the same user and the rights that the first command showed.",
            verify="A meeting request to the recipient is delivered.",
            calendar=calendar,
            delegate="",
        ),
    )
