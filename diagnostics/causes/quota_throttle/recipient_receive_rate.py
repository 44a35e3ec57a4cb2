"""The recipient's mailbox gets more messages in an hour than it may.

## What is happening
Exchange Online delivers 3,600 messages an hour to one mailbox, and not more than a third of them from one
sender. A storm of notifications, a monitoring system or a loop has passed that: `5.2.121` (from this sender)
or `5.2.122` (from all together). Gmail says that the user is receiving mail too quickly.

## What proves it
- the text; the trace shows thousands of messages to the recipient in the last hour

## Not this when
- the senders of two days together have not sent that many
- `432 4.3.2 … recipient thread limit exceeded`: at the same moment, not in an hour
  (`quota-throttle.store.delivery-concurrency`)

## References
- https://learn.microsoft.com/en-us/office365/servicedescriptions/exchange-online-service-description/exchange-online-limits
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, shown
from diagnostics.causes.quota_throttle.traffic import received_by
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.lookup import address, named
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured
from diagnostics.recognisers.counted_messages import COUNTED
from diagnostics.report import Act, Step

_IN_AN_HOUR: Final = 3_600
_BY_ONE: Final = 1_200
_TOP: Final = 10  # senders that the step lists: behind them may be more


@cause(
    id="quota-throttle.recipient.receive-rate",
    act="sender",
    says=(
        "5.2.121",
        "5.2.122",
        "per hour message receive limit",
        "The recipient has exceeded their limit for",
        "receiving mail too quickly",
        "receiving mail at a rate that",
        "Excessive message rate from sender to recipient",
    ),
    against={
        "recipient thread limit exceeded": "counts deliveries at one moment, not messages in an hour",
    },
)
def assess(said: Said, replies: tuple[Reply, ...]) -> Finding:
    """5.2.121 blames one sender, 5.2.122 the sum of all."""
    wanted = address(said, replies)
    one = has(said, "5.2.121", "from specific sender", "from a specific sender", "from sender to recipient")
    whose = "from this one sender" if one else "from all its senders together"
    act: Act = "sender" if one else "recipient-side"
    because = f"{named(wanted, 'The recipient')} got more messages in the last hour than a mailbox may, {whose}."
    sure = has(said, "receive limit", "exceeded their limit", "receiving mail", "excessive message rate")
    return Finding(Belief.CONFIRMED if sure else Belief.LIKELY, because, (said,), _steps(wanted), act, weight=1.0)


@shown
def senders(objects: tuple[Configured, ...]) -> Finding | None:
    """Who wrote to the recipient in the last days: few can't have been too many in an hour."""
    counts = [(int(each.get("Count")), each) for each in objects if each.kind == COUNTED]
    if not counts:
        return None
    total, (most, first) = sum(count for count, _ in counts), max(counts, key=lambda row: row[0])
    if most >= _BY_ONE or total >= _IN_AN_HOUR:
        because = f"{first.name} sent {most:,} of the {total:,} messages that were counted: a mailbox takes {_IN_AN_HOUR:,} an "
        because += "hour, and a third of them from one sender."
        return Finding(Belief.LIKELY, because, (first,))
    if total >= _BY_ONE or len(counts) >= _TOP:
        return None
    because = (
        f"The recipient got {total:,} messages, {most:,} from the one who sent most: too few for a limit of an hour."
    )
    return Finding(Belief.RULED_OUT, because, (first,))


def _steps(recipient: str) -> tuple[Step, ...]:
    return (
        received_by(recipient),
        advise(
            "Make the noisiest sender send less: combine notifications, end the loop, or spread them over several "
            "mailboxes. The limit can't be raised, and delivery goes on within the hour."
        ),
    )
