"""A mail flow rule about forwarded mail looks at the first writer, not at the mailbox that forwards.

## What is happening
Of a message that an Inbox rule forwards, Exchange Online now compares the sender conditions of mail flow rules with
the first writer in the header, no longer with the mailbox that forwards. Conditions and exceptions that name own
users no longer match it. What a mailbox forwards by a setting (ForwardingSmtpAddress, ForwardingAddress) has the
class of an ordinary message, so a condition on the type Automatic forward never sees it.

## What proves it
- the rule has a sender condition or exception, and its SenderAddressLocation is Header

## Not this when
- a report says 5.7.520 (`policy.forwarding.external-blocked`)
- the rule has no sender condition, or is switched off or in test mode

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/autoforward-mail-exclusions-not-honored-transport-rule
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-transportrule
"""

from __future__ import annotations

from diagnostics.cause import Finding, cause, change, look
from diagnostics.causes.recipient.steps import EXO
from diagnostics.causes.stories import told_as
from diagnostics.mail_facts import Told
from diagnostics.report import Step


@cause(id="policy.transport-rule.sender-of-forward", act="exchange-online")
def assess(told: Told) -> Finding | None:
    """Only what is told shows it: the rule is right, and does nothing."""
    because = (
        "Of a forwarded message a mail flow rule sees the first writer as the sender, not the mailbox that forwards: a "
    )
    because += "condition or an exception that names own users does not match it."
    return told_as("rule-misses-what-is-forwarded", told, because, _steps(), weight=1.9)


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See what the rule compares, where, and whether it is enforced.",
            "Get-TransportRule {rule} | Format-List "
            "Name,State,Mode,SenderAddressLocation,MessageTypeMatches,FromScope,From,ExceptIfFrom,Description",
            EXO,
            rule="",
        ),
        change(
            "Let the rule look at the envelope as well, which has the mailbox that forwards.",
            "Set-TransportRule {rule} -SenderAddressLocation HeaderOrEnvelope",
            shell=EXO,
            changes="All sender conditions and exceptions of the rule match the sender in the header "
            "or in the envelope.",
            undo="Set-TransportRule with the SenderAddressLocation that the first step printed.",
            verify="The trace of the next forwarded message has the event Transport rule with this rule.",
            rule="",
        ),
    )
