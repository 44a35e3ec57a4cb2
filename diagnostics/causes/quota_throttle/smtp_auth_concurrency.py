"""One account opens more sessions at once to submit mail than Exchange Online allows.

## What is happening
With SMTP client submission (smtp.office365.com), one mailbox may have three concurrent connections and send 30
messages a minute. An application with parallel workers, or several devices that share one account, opens
more, and is told `432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded` or `432 4.3.2 Concurrent
connections limit exceeded`. It is temporary: a client that waits and tries again gets through.

## What proves it
- the text; parallel jobs log in with the same mailbox

## Not this when
- STOREDRV.Deliver with `recipient thread limit`: the recipient's side
  (`quota-throttle.store.delivery-concurrency`)

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/send-emails/smtp-submission-improvements
- https://learn.microsoft.com/en-us/office365/servicedescriptions/exchange-online-service-description/exchange-online-limits
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause
from diagnostics.causes.quota_throttle.traffic import sent_by
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Said
from diagnostics.mail_facts import Told
from diagnostics.report import Step


@cause(
    id="quota-throttle.smtp-auth.concurrency",
    act="sender",
    says=("sender thread limit exceeded", "Concurrent connections limit exceeded", "concurrent_sending"),
)
def assess(said: Said | Told) -> Finding | None:
    """Only Exchange Online's submission service says these with 432."""
    if isinstance(said, Told):
        return _told(said)
    because = "The account has more than three SMTP connections open at once, which is the limit of one mailbox for "
    because += "client submission."
    sure = has(said, "sender thread limit", "concurrent_sending") or has(said, "432 4.3.2")
    return Finding(Belief.CONFIRMED if sure else Belief.POSSIBLE, because, (said,), _steps(), weight=1.2)


def _told(told: Told) -> Finding | None:
    """What a person tells, with nothing pasted, makes it possible at most."""
    if told.story != "many-at-once-with-one-account":
        return None
    because = "Many send at the same moment with one account, and only some get through, as you tell it: Exchange Online lets an "
    because += "account have three connections, and 30 messages a minute."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(), weight=1.6)


def _steps() -> tuple[Step, ...]:
    return (
        sent_by(),
        advise(
            "In the application or device: at most three connections in parallel and 30 messages a minute, and a retry "
            "after a minute when 432 comes."
        ),
        advise(
            "If that is too little: give each job an own mailbox, relay through an inbound connector, or use a service "
            "for bulk mail (Azure Communication Services Email)."
        ),
    )
