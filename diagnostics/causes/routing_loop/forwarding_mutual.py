"""Mailboxes, contacts or rules forward to each other.

## What is happening
A forwards to B and B, directly or over a third address, back to A. Exchange notices it while it expands
recipients (`5.4.6 RESOLVER.FWD.Loop`), or, when rules and automatic replies answer each other, when a message
was generated from a generated message too often (`5.4.11`).

## What proves it
- the reply says that there is a forwarding loop in the directory
- ForwardingAddress of the mailboxes leads round

## Not this when
- the Received headers show two organizations: that is a routing loop
- the reply says that transport rules were counted out (`routing-loop.transport-rule.loop-count`)

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/mail-routing/recipient-resolution
- https://learn.microsoft.com/en-us/exchange/recipients/user-mailboxes/email-forwarding
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.recipient.lookup import by_microsoft
from diagnostics.causes.routing_loop.circle import EXO, named, recipient
from diagnostics.facts import Reply, Said
from diagnostics.report import Act, Shell, Step

_DEPTH: Final = "agent generated message depth exceeded"


@cause(
    id="routing-loop.forwarding.mutual",
    act="on-prem",
    says=("RESOLVER.FWD.Loop", "there is a forwarding loop in the directory", _DEPTH),
)
def assess(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    """The token names it; the counted depth can be an add-on's too."""
    address = recipient(said, replies)
    online = by_microsoft(said)
    act: Act = "exchange-online" if online else "on-prem"
    steps = _steps(address, online)
    if said.signature == _DEPTH:
        because = f"Messages to {named(address, 'the recipient')} were generated from generated ones too often: rules, "
        because += "redirections or automatic replies answer each other."
        return Finding(Belief.POSSIBLE, because, (said,), steps, act, weight=1.5)
    because = f"The forwarding of {named(address, 'the recipient')} leads in a circle within the directory."
    return Finding(Belief.CONFIRMED, because, (said,), steps, act)


def _steps(address: str, online: bool) -> tuple[Step, ...]:
    shell: Shell = EXO if online else "exchange-management-shell"
    return (
        look(
            "Follow the forwarding from this mailbox: repeat it with each address it shows until one comes up again.",
            "Get-Mailbox {address} | Format-List Name,ForwardingAddress,ForwardingSmtpAddress,DeliverToMailboxAndForward",
            shell,
            address=address,
        ),
        look(
            "Look for rules of the mailbox that redirect or forward.",
            "Get-InboxRule -Mailbox {address} | Where-Object {{ $_.RedirectTo -or $_.ForwardTo -or $_.ForwardAsAttachmentTo }} | "
            "Format-List Name,Enabled,RedirectTo,ForwardTo",
            shell,
            address=address,
        ),
        look(
            "List all mailboxes that forward.",
            "Get-Mailbox -ResultSize Unlimited | Where-Object {{ $_.ForwardingAddress -or $_.ForwardingSmtpAddress }} | "
            "Format-Table Name,ForwardingAddress,ForwardingSmtpAddress",
            shell,
        ),
        change(
            "Break the circle at one place, after asking whose forwarding is still wanted.",
            "Set-Mailbox {address} -ForwardingAddress $null -ForwardingSmtpAddress $null",
            shell=shell,
            changes="This mailbox keeps its mail.",
            undo="Set-Mailbox with the addresses that the first step printed.",
            verify="A message to each of them arrives once.",
            address=address,
        ),
    )
