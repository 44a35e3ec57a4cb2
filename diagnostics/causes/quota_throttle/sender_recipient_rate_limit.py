"""The sender has used up what one mailbox may send in a day.

## What is happening
Exchange Online lets a mailbox address 10,000 recipients in 24 hours. This one has reached that number, or its
submission quota, and every further message is refused: `550 5.1.90 … you've reached your daily limit for
message recipients`, or `5.2.2 Submission quota exceeded`. Either it sends bulk mail, or somebody else sends
with its password.

## What proves it
- the text; the message trace shows about 10,000 recipients of this sender in a day

## Not this when
- `mailbox full` with STOREDRV.Submission: its size, not its rate (`quota-throttle.mailbox.sender-full`)
- `5.7.232` or `5.7.233`: the whole tenant's limit (`quota-throttle.tenant.external-recipient-rate`)
- `5.1.8 bad outbound sender`: the account is restricted (`quota-throttle.sender.outbound-policy-restricted`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-for-submission-quota-exceeded-in-exchange-online
- https://learn.microsoft.com/en-us/office365/servicedescriptions/exchange-online-service-description/exchange-online-limits
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause
from diagnostics.causes.quota_throttle.traffic import inbox_rules, sent_by
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Said
from diagnostics.mail_facts import Told
from diagnostics.report import Step


@cause(
    id="quota-throttle.sender.recipient-rate-limit",
    act="sender",
    says=(
        "5.1.90",
        "reached your daily limit for message recipients",
        "Submission quota exceeded",
        "submission quota was exceeded",
        "SubmissionQuotaExceededException",
        "has exceeded its 24-hour sending limit",
        "Daily user sending limit exceeded",
        "Daily sending quota exceeded",
        "exceeded your daily sending limit",
        "has exceeded the max emails per hour",
        "Actual verdict is RefuseQuota",
    ),
    against={
        "bad outbound sender": "restricts the sender until an administrator lifts it, not until the day is over",
        "tenant external recipient rate limit": "counts the whole tenant, not this sender",
    },
)
def assess(said: Said | Told) -> Finding | None:
    """The words leave no doubt; the number alone is Exchange Online's own."""
    if isinstance(said, Told):
        return _told(said)
    if has(said, "verdict is refusequota"):
        because = (
            "Microsoft's filter refuses more mail of this account for now: it sent too much of it, or too suddenly."
        )
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.5)
    quota = has(said, "submission quota", "submissionquota")
    elsewhere = has(said, "24-hour sending limit", "user sending limit", "daily sending", "emails per hour")
    which = "its submission quota" if quota else "the limit of 10,000 recipients in 24 hours"
    which = "what its provider lets one account send" if elsewhere else which
    because = f"The sending mailbox has reached {which}; it can send again as older messages fall out of the count."
    sure = quota or has(said, "daily limit for message recipients")
    return Finding(Belief.CONFIRMED if sure else Belief.LIKELY, because, (said,), _steps(), weight=1.0)


def _told(told: Told) -> Finding | None:
    """A count of 24 hours shows by the time of day, where nobody has the bounce at hand."""
    if told.story != "one-account-until-the-next-day":
        return None
    because = "One account that sends in bulk is refused later in the day and sends again the next morning, as you tell it: so "
    because += "does one that has reached what a mailbox may send in 24 hours."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(), weight=1.4)


def _steps() -> tuple[Step, ...]:
    return (
        sent_by(),
        inbox_rules(),
        advise(
            "If the mail is the sender's own: wait up to 24 hours, then send less in a day, address a distribution "
            "group (it counts once), or use a bulk mail service. The limit can't be raised."
        ),
        advise(
            "If it is not: reset the password, revoke the sessions and switch on multifactor authentication "
            "before anything else."
        ),
    )
