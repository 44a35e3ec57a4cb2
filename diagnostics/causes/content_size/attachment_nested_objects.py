"""An attachment holds too many embedded objects, and the receiver refuses it.

## What is happening
A document with 20 or more files embedded in it looks to Exchange Online's filter like a container for
malware: `550 5.0.350 Remote server returned an error -> 550 Requested action not taken: policy violation
detected (AS345)`. Neither the sender's address nor its reputation is at fault.

## What proves it
- AS345 in the reply, and a document with many embedded files

## Not this when
- the attachment is a plain file: then look at malware filtering (`policy.antimalware.blocked`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-5-0-350-in-exchange-online
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Said


@cause(
    id="content-size.attachment.nested-objects",
    act="sender",
    says=("policy violation detected (AS345)", "AS345"),
)
def assess(said: Said) -> Finding | None:
    """AS345 has this one meaning."""
    because = (
        f"{said.by or 'The receiving server'} refused the message (AS345): an attachment holds 20 "
        "or more embedded files or objects."
    )
    steps = (
        advise(
            "Sender: open the attached document, and count and remove the files and objects that are embedded in it."
        ),
        advise("Send those files separately, or share the document as a link. Nothing has to change on a mail server."),
    )
    return Finding(Belief.CONFIRMED, because, (said,), steps)
