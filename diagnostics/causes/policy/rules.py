"""Steps about mail flow rules that several causes share."""

from __future__ import annotations

from diagnostics.cause import change, look
from diagnostics.causes.policy.said import Refusal
from diagnostics.causes.recipient.steps import EXO
from diagnostics.report import Shell, Step


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
