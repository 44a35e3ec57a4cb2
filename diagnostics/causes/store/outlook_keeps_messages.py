"""Outlook keeps the message on the person's computer: a setting, a rule or a damaged profile, not transport.

## What is happening
What lies in the Outbox of one Outlook was never handed to Exchange, so no queue and no trace has it, and Outlook on the web
sends the same message at once. Either Outlook waits as it was told: "Send immediately when connected" is off, so it sends at
Send/Receive alone; a rule of the client defers delivery by a minute or more; a message with "Do not deliver before" waits in
the local Outbox in cached mode, and Outlook was closed at that time; DelegateSentItemsStyle is set in a profile in online
mode; the connection counts as metered. Or it can't: the profile, the data file or the mailbox's Sent Items folder is damaged
(`0x8004010F`, "Outlook data file cannot be accessed"), two kinds of accounts share the profile, or a read receipt that
nobody sees in the Outbox is tried for ever (`0x8004210B`, `<> sender rejected`).

## What proves it
- the message is in Outlook's Outbox, and not in the Outbox or Sent Items of Outlook on the web
- the same person sends at once from Outlook on the web, and from another computer
- message trace or tracking log has nothing of the message

## Not this when
- several people are affected, or Outlook on the web fails as well: then the server or the network
- the message is in Drafts or in Sent Items: then it was handed over, and transport has it
- only messages with attachments wait (`network.path-mtu.black-hole`, or a limit of size)

## References
- https://learn.microsoft.com/en-us/troubleshoot/outlook/synchronization/email-stays-in-outbox-until-manually-send-or-receive
- https://learn.microsoft.com/en-us/troubleshoot/outlook/email-management/emails-remain-in-outbox-deferred-delivery-rule
- https://learn.microsoft.com/en-us/troubleshoot/outlook/synchronization/error-0x8004010f-when-sending-or-receiving-emails
- https://learn.microsoft.com/en-us/troubleshoot/outlook/synchronization/delete-nonexistent-messages
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause
from diagnostics.causes.recipient.steps import advise
from diagnostics.causes.stories import told_as
from diagnostics.facts import Said
from diagnostics.mail_facts import Told
from diagnostics.patterns import linear
from diagnostics.report import Step

# What Outlook shows of a profile or a data file.
_DAMAGED: Final = (
    "Outlook data file cannot be accessed",
    "messaging interfaces have returned an unknown error",
)


_RECEIPT: Final = "<> sender rejected"  # of a report or a receipt, which has no sender
_OUTLOOK = linear(r"(?i)\b0x8004210b\b|\breported error \(0x")


@cause(id="store.outlook.keeps-messages", act="sender", says=(*_DAMAGED, _RECEIPT))
def assess(anchor: Said | Told) -> Finding | None:
    """Outlook's own sentence, or what a person tells of the Outbox."""
    if isinstance(anchor, Told):
        because = "What lies in the Outbox of one Outlook was not handed to Exchange yet, and what you tell of is how Outlook "
        because += (
            "waits by its own settings: to send at once, a rule that defers, a time to deliver, a metered connection."
        )
        return told_as("outlook-keeps-messages", anchor, because, _steps(), weight=1.8)
    if anchor.signature == _RECEIPT:
        if not _OUTLOOK.search(f"{anchor.text} {anchor.source.quote}"):
            return None
        because = "What Outlook sends has no sender (`<>`), so it is a read receipt: it waits unseen in the Outbox, is refused, "
        because += "and is sent again each time."
        return Finding(Belief.LIKELY, because, (anchor,), _steps(), weight=2.0)
    because = f"Outlook could not use its profile or data file (`{anchor.signature}`); Exchange has no part in what "
    because += "it sends then."
    return Finding(Belief.POSSIBLE, because, (anchor,), _steps(), weight=1.6)


def _steps() -> tuple[Step, ...]:
    return (
        advise(
            "Send the same message from Outlook on the web: if it goes at once, the computer's Outlook keeps it, and nothing of "
            "Exchange has to change."
        ),
        advise(
            "In Outlook: File, Options, Advanced: is `Send immediately when connected` on? Rules: does one defer delivery? The "
            "message's Options: `Do not deliver before`? In the Outbox, its status bar: `Metered connection`, or offline?"
        ),
        advise(
            "If Outlook shows an error, make a new profile (Control Panel, Mail) and keep the old one until the new one "
            "sends; a receipt that nobody sees is deleted from the Outbox in a MAPI viewer (MFCMAPI)."
        ),
    )
