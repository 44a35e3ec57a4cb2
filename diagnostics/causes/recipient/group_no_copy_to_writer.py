"""Who writes to a Microsoft 365 group gets no copy of the own message; that is how groups work.

## What is happening
A Microsoft 365 group sends its conversations to subscribers, and leaves out whoever wrote. The message is in the
writer's Sent Items and in the group's mailbox. A subscribed writer gets a copy where the mailbox asks for it
(EchoGroupMessageBackToSubscribedSender).

## What proves it
- the message is in the group, other subscribers got it, and only its writer misses it

## Not this when
- the writer's mailbox has EchoGroupMessageBackToSubscribedSender True
- other members miss it as well (`recipient.group.not-subscribed`)

## References
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-mailboxmessageconfiguration
- https://learn.microsoft.com/en-us/microsoft-365/admin/create-groups/compare-groups
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.recipient.steps import EXO
from diagnostics.causes.stories import told_as
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step


@cause(id="recipient.group.no-copy-to-writer", act="exchange-online")
def assess(told: Told) -> Finding | None:
    """Only what is told shows it: nothing fails."""
    because = "Who writes to a Microsoft 365 group gets no copy of the own message, by design; a subscribed "
    because += "writer can ask for one."
    return told_as("writer-gets-no-copy-of-the-group", told, because, _steps(), weight=2.0)


@shown
def setting(objects: tuple[Configured, ...]) -> Finding | None:
    """False is what every mailbox has; it says so all the same who asked for no copies."""
    name = "EchoGroupMessageBackToSubscribedSender"
    mailbox = next((each for each in objects if each.flag(name) is not None), None)
    if mailbox is None:
        return None
    if mailbox.flag(name):
        because = f"{name} is True: the writer's mailbox asks for copies of its own messages."
        return Finding(Belief.RULED_OUT, because, (mailbox,))
    because = f"{name} is False: who writes to a group gets no copy of the own message."
    return Finding(Belief.LIKELY, because, (mailbox,), _steps())


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See whether the writer's mailbox asks for copies of what it sends to groups.",
            "Get-MailboxMessageConfiguration {mailbox} | Format-List Identity,EchoGroupMessageBackToSubscribedSender",
            EXO,
            mailbox="",
        ),
        change(
            "If a copy is wanted: ask for it, and subscribe the writer to the group.",
            "Set-MailboxMessageConfiguration {mailbox} -EchoGroupMessageBackToSubscribedSender $true",
            shell=EXO,
            changes="The writer finds the own messages to groups in the inbox, of groups that he is subscribed to.",
            undo="The same with $false.",
            verify="The next own message to the group is in the writer's inbox.",
            mailbox="",
        ),
    )
