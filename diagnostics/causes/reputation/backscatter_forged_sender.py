"""Bounces come for messages that nobody here sent: a stranger forged the sender's address.

## What is happening
Somebody sends spam in the name of an address. Servers that can't deliver it send their report to that address:
backscatter. Nothing of the owner's fails, the reports are about foreign messages. It ends by itself within days. SPF,
DKIM and DMARC make receivers refuse such mail before it bounces, and Exchange Online keeps most such reports away
when its own outgoing mail is signed.

## What proves it
- Sent Items and a trace of the sender's own outgoing mail don't have the message
- the copy in the report began at a foreign server: its oldest Received names none of ours

## Not this when
- the trace has the messages, many and some of them failed: somebody sends with a stolen password
  (`reputation.account.compromised`)
- a rule or a forward of the mailbox sent it on (`recipient.forwarding.target-invalid`)
- it is one's own server that sends such reports to strangers (`recipient.gateway.no-recipient-validation`)

## References
- https://learn.microsoft.com/en-us/defender-office-365/anti-spam-backscatter-about
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-5-1-10-in-exchange-online
- https://learn.microsoft.com/en-us/defender-office-365/email-authentication-about
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.causes.stories import told_as
from diagnostics.mail_facts import Configured, Told, Traced
from diagnostics.report import Step

_MANY: Final = 5  # recipients within two days, to whom mail of one person rarely fails
_TRACE: Final = "sent-trace"  # of recognisers/empty_list.py


@cause(id="reputation.backscatter.forged-sender", act="sender")
def assess(told: Told, traced: tuple[Traced, ...]) -> Finding | None:
    """Only a person knows what was not sent; a trace of the account's own mail may know better."""
    to = {each.recipient for each in traced if each.recipient and not each.sender}
    failed = [each for each in traced if not each.sender and each.failing]
    if len(to) >= _MANY and len(failed) > 1:
        because = (
            f"The trace has messages to {len(to)} recipients, of which some failed: the account sent them, so somebody "
        )
        because += "else has its password."
        return Finding(Belief.RULED_OUT, because, tuple(failed[:3]))
    because = (
        "The report is for a message that nobody here sent, as you tell it: then a stranger used the address as the "
    )
    because += "sender, and nothing of yours failed. Make sure first that the account did not send it."
    return told_as("report-of-what-nobody-sent", told, because, _steps(), weight=2.2)


@shown
def traces(objects: tuple[Configured, ...]) -> Finding | None:
    """A trace of all that the address sent, which has nothing."""
    empty = next((each for each in objects if each.kind == _TRACE and each.get("Count") == "0"), None)
    if empty is None:
        return None
    because = f"The trace has no message from {f'`{empty.name}`' if empty.name else 'that sender'}: what came back was sent from "
    because += "elsewhere in its name."
    return Finding(Belief.LIKELY, because, (empty,), _steps(), weight=2.2)


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See whether the account sent the message after all; then its password is stolen.",
            "Get-MessageTraceV2 -SenderAddress {sender} -StartDate (Get-Date).AddDays(-2) -EndDate (Get-Date) | "
            "Format-Table Received,RecipientAddress,Subject,Status,FromIP",
            EXO,
            sender="",
        ),
        advise(
            "If it did not, delete the reports, and look for malware on the machine if they name messages from the Sent "
            "Items. They end by themselves."
        ),
        change(
            "Let receivers refuse forged mail: publish SPF with all servers that send, sign with DKIM, and go by DMARC from "
            "p=none to p=reject once its reports show that all own mail passes.",
            "",
            shell="portal",
            changes="Receivers refuse or file messages in the domain's name that its servers did not send.",
            undo="Publish the former records.",
            verify="DMARC reports show own mail as passing; new reports of this kind become rare.",
        ),
    )
