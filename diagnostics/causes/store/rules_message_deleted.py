"""A rule of the recipient's mailbox deleted the message on arrival, or handed it to delegates only.

## What is happening
The store runs the mailbox's own rules when a message arrives. One that deletes ends its way with a success: `250
2.1.5 StoreDriver.Rules; message is deleted by mailbox rules`; a trace says `[Stage
DeliverPreDelivery]:StoreDriverRules; Message is deleted by mailboxrules`. For meeting requests, the hidden rule of
delegate access does so where requests go to "My delegates only". The sender sees it delivered.

## What proves it
- the words themselves: the mailbox's own rules did it, no filter and no mail flow rule
- `Get-InboxRule -IncludeHidden` shows a rule that is on and has DeleteMessage True

## Not this when
- none of the mailbox's rules deletes, and none is a hidden one of delegates
- the trace names a transport rule (`policy.transport-rule.silent-action`)
- the message is in another folder: a rule moved it
- meeting requests come back with a report about somebody else (`store.delegate.stale-entry`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/outlook/calendaring/specific-users-not-receive-meeting-requests
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/get-inboxrule
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import EMS, Belief, Finding, cause, change, look, shown
from diagnostics.causes.recipient.steps import EXO
from diagnostics.facts import Said
from diagnostics.mail_facts import Configured, Traced, Tracked
from diagnostics.patterns import linear
from diagnostics.report import Act, Shell, Step

_WORDS: Final = ("message is deleted by mailbox rules", "Message is deleted by mailboxrules")
_DELETED: Final = linear(r"(?i)\bmessage is deleted by mailbox ?rules\b")

_REFUSED: Final = linear(r"\b[45]\d\d[ -][45]\.\d")  # what the owner's rules delete ends with a success


@cause(id="store.rules.message-deleted", act="exchange-online", says=_WORDS)
def assess(anchor: Said | Traced | Tracked, traces: tuple[Traced, ...]) -> Finding | None:
    """The words stand in a trace, in the tracking log, or alone."""
    if isinstance(anchor, Said):
        if _REFUSED.search(anchor.text):
            because = "A rule of the mailbox itself deletes the message, and a report comes back: a hidden rule may be broken."
            return Finding(Belief.POSSIBLE, because, (anchor,), _steps("", EMS), "recipient-side", weight=1.4)
        return _deleted(anchor, "", EXO if traces or "stage" in anchor.text.lower() else EMS)
    words = anchor.detail if isinstance(anchor, Traced) else f"{anchor.status} {anchor.context}"
    if not _DELETED.search(words):
        return None
    if isinstance(anchor, Traced):
        return _deleted(anchor, anchor.recipient, EXO)
    return _deleted(anchor, next(iter(anchor.recipients), ""), EMS)


@shown
def rules(objects: tuple[Configured, ...]) -> Finding | None:
    """The rules of the mailbox, as far as they tell what they delete. A rule may have other conditions than this message met."""
    listed = [each for each in objects if each.kind == "inbox-rule" and each.told("DeleteMessage")]
    active = [each for each in listed if each.flag("Enabled") is not False]
    deletes = next((each for each in active if each.flag("DeleteMessage") or each.flag("SoftDeleteMessage")), None)
    if deletes:
        because = f"The rule {deletes.name or 'of the mailbox'} is on, and deletes what meets its conditions."
        return Finding(Belief.LIKELY, because, (deletes,), _steps("", EXO))
    if not listed or any("delegate" in each.name.lower() for each in active):
        return None
    because = f"None of the {len(listed)} rules that were listed deletes anything."
    return Finding(Belief.RULED_OUT, because, tuple(listed[:3]))


def _deleted(anchor: Said | Traced | Tracked, recipient: str, shell: Shell) -> Finding:
    because = f"A rule of {f'the mailbox `{recipient}`' if recipient else 'the mailbox itself'} deleted the "
    because += "message on arrival. If it was a meeting request, the mailbox may send those to its delegates only."
    act: Act = "exchange-online" if shell == EXO else "on-prem"
    return Finding(Belief.CONFIRMED, because, (anchor,), _steps(recipient, shell), act)


def _steps(mailbox: str, shell: Shell) -> tuple[Step, ...]:
    return (
        look(
            "List the mailbox's rules, the hidden ones too, and look for one that deletes and whose "
            "conditions the message meets.",
            "Get-InboxRule -Mailbox {mailbox} -IncludeHidden | Format-List "
            "Name,Enabled,Description,DeleteMessage,SoftDeleteMessage",
            shell,
            mailbox=mailbox,
        ),
        look(
            "See whether the message still lies among the deleted ones.",
            "Get-MailboxFolderStatistics {mailbox} -FolderScope RecoverableItems | Format-Table Name,ItemsInFolder",
            shell,
            mailbox=mailbox,
        ),
        change(
            "Let the owner of the mailbox change that rule in Outlook; for meeting requests, under Delegate Access, choose "
            "that the owner gets a copy or the requests.",
            "",
            shell="portal",
            changes="Such messages stay in the mailbox from then on.",
            undo="Set the rule or the choice as it was.",
            verify="The next such message is in the mailbox.",
        ),
    )
