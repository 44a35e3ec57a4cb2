"""On-premises journal reports are sent to a tenant that takes none.

## What is happening
A journal rule of Exchange Server names a mailbox in Exchange Online. Exchange Online doesn't take on-premises journal
reports unless the tenant has Journaling Archive, and answers 5.3.190. The messages themselves are delivered; their
journal copies are not, which may break a duty to archive.

## What proves it
- the words themselves; the recipient is the JournalEmailAddress of a rule

## Not this when
- the returned message is no journal report

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
- https://learn.microsoft.com/en-us/exchange/security-and-compliance/journaling/journaling
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.policy.said import refusal
from diagnostics.facts import Reply, Said
from diagnostics.report import Step


@cause(
    id="policy.journaling.archive-disabled",
    act="on-prem",
    says=("5.3.190", "not supported when Journaling Archive is disabled"),
    against={
        "rejected due to local policy": "is the archive's own policy; nothing on this side is switched off",
    },
)
def assess(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    """One number, one meaning."""
    refused = refusal(said, replies)
    because = (
        f"Exchange Online refused a journal report for {refused.whom}: this tenant has no Journaling Archive, so an "
    )
    because += "on-premises journal rule may not name a mailbox in it."
    return Finding(Belief.CONFIRMED, because, (said,), _steps(refused.recipient))


def _steps(recipient: str) -> tuple[Step, ...]:
    whose = f" `{recipient}`" if recipient else " a cloud mailbox"
    return (
        look(
            f"Find the journal rule that names{whose}.",
            "Get-JournalRule | Format-Table Name,JournalEmailAddress,Scope,Enabled",
        ),
        change(
            "Let it report to a journal mailbox on premises, or to an archive outside that takes journal mail.",
            "Set-JournalRule {rule} -JournalEmailAddress {journal_address}",
            changes="Where journal reports of that rule go from now on. Ask whoever answers for the archive first; reports "
            "returned so far are not sent again.",
            undo="Set-JournalRule with the same rule and its old address.",
            verify="A test message appears in the journal mailbox, and no more 5.3.190 comes.",
            rule="",
            journal_address="",
        ),
    )
