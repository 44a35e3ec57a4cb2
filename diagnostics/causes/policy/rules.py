"""Steps about mail flow rules that several causes share."""

from __future__ import annotations

from typing import Final

from diagnostics.cause import change, look
from diagnostics.causes.policy.said import Refusal
from diagnostics.causes.recipient.steps import EXO
from diagnostics.mail_facts import Configured
from diagnostics.report import Shell, Step

REJECTING: Final = ("RejectMessageReasonText", "RejectMessageEnhancedStatusCode")
SILENT: Final = ("DeleteMessage", "RedirectMessageTo", "Quarantine")
"""The properties of actions that nobody is told of."""


def rejects(rule: Configured) -> bool:
    told = rule.get("RejectMessageReasonText") or rule.get("RejectMessageEnhancedStatusCode")
    return rule.kind == "transport-rule" and bool(told) and in_force(rule)


def silently(rule: Configured) -> str:
    """What a rule that was pasted does without a report to anybody; "" when it does nothing of the kind."""
    if rule.kind != "transport-rule" or not in_force(rule):
        return ""
    if rule.flag("DeleteMessage"):
        return "deletes the message"
    if rule.flag("Quarantine"):
        return "puts the message into quarantine"
    return f"sends the message to {rule.get('RedirectMessageTo')} instead" if rule.get("RedirectMessageTo") else ""


def in_force(rule: Configured) -> bool:
    """Whether a rule acts: it is neither switched off nor in test mode, as far as is told."""
    return rule.get("State").lower() != "disabled" and not rule.get("Mode").lower().startswith("audit")


def takes_for_outside(rule: Configured) -> bool:
    """Whether a rule for senders outside looks at the envelope alone: automatic replies have an empty sender there."""
    return rule.get("FromScope") == "NotInOrganization" and rule.get("SenderAddressLocation") == "Envelope"


def look_at_header() -> Step:
    return change(
        "If it is automatic replies that it rejects: let the rule see the address in the header, too, theirs in the envelope is "
        "empty.",
        "Set-TransportRule {rule} -SenderAddressLocation HeaderOrEnvelope",
        shell=EXO,
        changes="The conditions on the sender of that rule are met by the address in either place.",
        undo="The same with -SenderAddressLocation Envelope.",
        verify="An automatic reply arrives outside.",
        rule="",
    )


def rejecting_rules(shell: Shell) -> Step:
    return look(
        "List the rules that reject, with their number and text, and compare these with the report.",
        "Get-TransportRule | Where-Object {{$_.RejectMessageReasonText -or $_.RejectMessageEnhancedStatusCode}} | "
        "Format-List Name,Priority,State,RejectMessageEnhancedStatusCode,RejectMessageReasonText,Description",
        shell,
    )


def diverting_rules(shell: Shell) -> Step:
    return look(
        "List the rules that delete, redirect or quarantine.",
        "Get-TransportRule | Where-Object {{$_.DeleteMessage -or $_.RedirectMessageTo -or $_.Quarantine}} | "
        "Format-List Name,Priority,State,DeleteMessage,RedirectMessageTo,Quarantine,Description",
        shell,
    )


def trace_of(refused: Refusal) -> Step:
    """What happened to the message: its trace in Exchange Online, its tracking on Exchange Server."""
    if refused.online:
        return look(
            "See which rule acted on the message (the id is MessageTraceId of Get-MessageTraceV2).",
            "Get-MessageTraceDetailV2 -MessageTraceId {message_trace_id} -RecipientAddress {recipient} | "
            "Format-List Date,Event,Action,Detail,Data",
            EXO,
            message_trace_id="",
            recipient=refused.recipient,
        )
    return look(
        "See which agent acted on the message.",
        "Get-MessageTrackingLog -Recipients {recipient} -ResultSize 50 | "
        "Format-List Timestamp,EventId,Source,SourceContext,Sender,RecipientStatus",
        recipient=refused.recipient,
    )


def except_sender(shell: Shell) -> Step:
    return change(
        "If the rule caught the wrong message: narrow its condition, or except this one sender.",
        "Set-TransportRule {rule} -ExceptIfFrom {sender}",
        shell=shell,
        changes="The exceptions of that rule: what it had as ExceptIfFrom before is replaced, so name the old ones too.",
        undo="Set-TransportRule with the same rule and the old value of ExceptIfFrom ($null where it was empty).",
        verify="The same message sent again is delivered (a changed rule can take half an hour in the cloud).",
        rule="",
        sender="",
    )
