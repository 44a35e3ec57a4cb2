"""Steps that show who sends how much in Exchange Online, and whether an account is in strange hands."""

from __future__ import annotations

from diagnostics.cause import look
from diagnostics.causes.recipient.steps import EXO
from diagnostics.report import Step


def top_senders() -> Step:
    """Rows of a trace are one for each recipient, so the count is that of recipients."""
    return look(
        "Count recipients by sender in the newest 5,000 rows of the message trace.",
        "Get-MessageTraceV2 -ResultSize 5000 | Group-Object SenderAddress -NoElement | "
        "Sort-Object Count -Descending | Select-Object -First 10",
        EXO,
    )


def sent_by(sender: str = "") -> Step:
    return look(
        "See what the sender sent in the last two days, and to whom.",
        "Get-MessageTraceV2 -SenderAddress {sender} -ResultSize 5000 | "
        "Format-Table Received,RecipientAddress,Status,Subject",
        EXO,
        sender=sender,
    )


def received_by(recipient: str = "") -> Step:
    return look(
        "Count the messages to this recipient by sender (newest 5,000).",
        "Get-MessageTraceV2 -RecipientAddress {recipient} -ResultSize 5000 | "
        "Group-Object SenderAddress -NoElement | Sort-Object Count -Descending | Select-Object -First 10",
        EXO,
        recipient=recipient,
    )


def inbox_rules(sender: str = "") -> Step:
    return look(
        "Look for rules that nobody at your place made: hiding, forwarding or deleting mail.",
        "Get-InboxRule -Mailbox {sender} -IncludeHidden | Format-List Name,Enabled,Description",
        EXO,
        sender=sender,
    )


def inbound_connectors() -> Step:
    return look(
        "Look for an inbound connector that nobody at your place made, or one that trusts a stranger's address.",
        "Get-InboundConnector | "
        "Format-List Name,Enabled,WhenCreated,ConnectorType,SenderIPAddresses,TlsSenderCertificateName",
        EXO,
    )
