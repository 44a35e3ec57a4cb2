"""The message was handed over, and the destination sends no delivery receipts; nothing is wrong.

## What is happening
Whoever asked for a delivery receipt gets `Delivery to these recipients or groups is complete, but no delivery
notification was sent by the destination server` where the next server took the message and confirms nothing more: it
doesn't know such receipts (DSN), or its organization sends none to outsiders (DeliveryReportEnabled False of a remote
domain). Taken is taken: what becomes of the message behind that server, only its administrators see.

## What proves it
- the sentence itself: it is written when the other server has accepted the message

## Not this when
- the report says that delivery has failed or is delayed
- the recipient doesn't find the message, in Junk neither: then ask the other side to trace it, with the Message-ID

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/delivery-receipts-are-not-generated
- https://www.rfc-editor.org/rfc/rfc3461
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-remotedomain
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause
from diagnostics.causes.recipient.steps import advise
from diagnostics.mail_facts import Configured
from diagnostics.report import Step


@cause(id="policy.receipt.not-confirmed", act="recipient-side", benign=True)
def assess(receipt: Configured) -> Finding | None:
    """The notice of a server that took the message and confirms nothing."""
    if receipt.kind != "delivery-receipt":
        return None
    because = "The other server took the message. It sends no delivery receipts, so this notice is all that "
    because += "comes: that is no failure."
    return Finding(Belief.LIKELY, because, (receipt,), _steps(), complete=True)


def _steps() -> tuple[Step, ...]:
    return (
        advise(
            "Nothing has to be done. If the recipient misses the message, ask the other side's administrators to look for it "
            "by its Message-ID, and the recipient to look in Junk."
        ),
    )
