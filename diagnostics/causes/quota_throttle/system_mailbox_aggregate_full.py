"""A retired hidden mailbox of the group is full, and the message reached the group all the same.

## What is happening
Exchange Online once copied the mail of Microsoft 365 groups to hidden mailboxes named
`AggregateGroupMailbox.…`. They are no longer used, but some are full (by size or by a million items) and
answer mail to the group with a report. The group and its members have the message: nothing is broken.

## What proves it
- the recipient that failed is `AggregateGroupMailbox.<letter>.<digits>@<tenant>.onmicrosoft.com`

## Not this when
- the recipient that failed is the group itself or a person (`quota-throttle.mailbox.full`)

## References
- https://office365itpros.com/2020/12/23/million-messages-aggregate-group-mailbox/
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause
from diagnostics.causes.quota_throttle.sizes import aggregate
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Reply, Said
from diagnostics.report import Step


@cause(
    id="quota-throttle.system-mailbox.aggregate-full",
    act="exchange-online",
    benign=True,
    says=("AggregateGroupMailbox",),
)
def assess(reply: Reply | Said, replies: tuple[Reply, ...]) -> Finding | None:
    """The failed recipient's name says it. Other failures of the same case keep their weight."""
    if isinstance(reply, Said):
        return _named(replies, reply)
    if not reply.failing or not aggregate(reply.recipient):
        return None
    because = f"`{reply.recipient}` is a hidden mailbox that Exchange Online no longer uses; the group got the message."
    others = [each for each in replies if each.failing and not aggregate(each.recipient)]
    if others:
        because += " What else failed is no part of this."
        return Finding(Belief.POSSIBLE, because, (reply,), _steps(), weight=0.5)
    return Finding(Belief.CONFIRMED, because, (reply,), _steps())


def _named(replies: tuple[Reply, ...], said: Said) -> Finding | None:
    """The name in a sentence or a reply that no recipient was read from."""
    if any(each.recipient for each in replies):
        return None
    because = (
        "AggregateGroupMailbox is a hidden mailbox that Exchange Online no longer uses; the group got the message."
    )
    return Finding(Belief.LIKELY, because, (said,), _steps())


def _steps() -> tuple[Step, ...]:
    return (
        advise(
            "Open the group in Outlook and see that the message is there; then tell the sender to ignore the report."
        ),
    )
