"""The outbound spam policy blocks automatic forwarding to outside recipients.

## What is happening
Exchange Online lets mailboxes forward to outside addresses only where an outbound spam policy says so. With
AutoForwardingMode Off, or Automatic, which means Off today, a message forwarded by an inbox rule or by the mailbox's
forwarding setting is returned: `550 5.7.520 Access denied, Your organization does not allow external forwarding`, with
`AS(7555)`. The organization of the forwarding mailbox decides; the outside recipient can do nothing.

## What proves it
- the words themselves: nothing else gives this number

## Not this when
- a person sent the message to the outside address
- the forward vanishes without any report (`policy.forwarding.remote-domain-off`)

## References
- https://learn.microsoft.com/en-us/defender-office-365/outbound-spam-policies-external-email-forwarding
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-hostedoutboundspamfilterpolicy
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.policy.said import Refusal, refusal
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Addressed, Told
from diagnostics.report import Shell, Step

_OF_SPAM: Final = ("identified as spam", "message blocked")  # the whole sentence, or what was left of it


@cause(
    id="policy.forwarding.external-blocked",
    act="exchange-online",
    says=("5.7.520", "organization does not allow external forwarding", "AS(7555)"),
    against={
        "content identified as spam": "judges the content; of a forward the same number says `external forwarding`",
    },
)
def assess(said: Said | Addressed | Told, replies: tuple[Reply, ...]) -> Finding | None:
    """One number; the same filter gives it to spam, and says so. Without it, a report on an address nobody wrote to."""
    if isinstance(said, Told):
        return _told(said)
    if isinstance(said, Addressed):
        return _sent_on(said, replies) if said.redirected else None
    if any(words in said.text.lower() for words in _OF_SPAM):
        return None
    refused = refusal(said, replies)
    because = f"A message was forwarded automatically to {refused.whom}, outside, and the outbound spam policy of the "
    because += (
        "forwarding mailbox's organization does not allow that. If the mailbox's owner knows of no forwarding, the "
    )
    because += "account may be compromised: then the block has done its work."
    return Finding(Belief.CONFIRMED, because, (said,), _steps(refused))


def _told(told: Told) -> Finding | None:
    """What a person tells, with nothing pasted, makes it possible at most."""
    if told.story not in ("forward-vanishes", "forward-alone-fails"):
        return None
    because = "A forward to outside brings nothing, as you tell it: in Exchange Online the outbound spam policy allows "
    because += "none unless somebody changed it. Its report (5.7.520) goes to whoever wrote the message, or is lost."
    return Finding(
        Belief.POSSIBLE, because, (told,), _steps(Refusal("", "", online=True)), "exchange-online", weight=1.6
    )


def _sent_on(addressed: Addressed, replies: tuple[Reply, ...]) -> Finding | None:
    """Exchange Online's own report, without its number, on an address that a rule or setting sent the message on to."""
    report = next((each for each in replies if each.kind == "ndr" and _cut_off(each)), None)
    if report is None or report.recipient.lower() in addressed.recipients:
        return None
    refused = Refusal(report.recipient, "", online=True)
    because = f"Nobody wrote to {refused.whom}: a rule or setting of a mailbox sent the message on to it. The report's number is "
    because += (
        "not in the text; with `5.7.520` it is the outbound spam policy that does not allow forwarding to outside."
    )
    return Finding(Belief.POSSIBLE, because, (report, addressed), _steps(refused), weight=1.8)


def _cut_off(reply: Reply) -> bool:
    """Whether Exchange Online wrote the report, and the number of the refusal was not copied."""
    online = "outlook.com" in f"{reply.whole} {reply.by}".lower() or "office 365" in reply.whole.lower()
    return reply.failing and not reply.code and online


def _steps(refused: Refusal) -> tuple[Step, ...]:
    shell: Shell = "exchange-online-powershell"
    return (
        look(
            "Find what forwards: the mailbox's setting, or a rule. Ask the owner whether it is wanted.",
            "Get-Mailbox {mailbox} | Format-List ForwardingSmtpAddress,ForwardingAddress,DeliverToMailboxAndForward; "
            "Get-InboxRule -Mailbox {mailbox} | "
            "Format-List Name,Enabled,ForwardTo,RedirectTo,ForwardAsAttachmentTo",
            shell,
            mailbox="",
        ),
        look(
            "See what the policies allow, and for whom.",
            "Get-HostedOutboundSpamFilterPolicy | Format-Table Name,AutoForwardingMode; "
            "Get-HostedOutboundSpamFilterRule | Format-List Name,State,From,FromMemberOf,HostedOutboundSpamFilterPolicy",
            shell,
        ),
        change(
            "If the business needs it: allow it for this mailbox alone.",
            "New-HostedOutboundSpamFilterPolicy -Name 'Allowed forwarding' -AutoForwardingMode On; "
            "New-HostedOutboundSpamFilterRule -Name 'Allowed forwarding' "
            "-HostedOutboundSpamFilterPolicy 'Allowed forwarding' -From {mailbox}",
            shell=shell,
            changes="A policy that applies to this mailbox: it may forward to every outside address. All others stay blocked.",
            undo="Remove-HostedOutboundSpamFilterRule and Remove-HostedOutboundSpamFilterPolicy 'Allowed forwarding'.",
            verify=f"A message to the mailbox is forwarded to {refused.whom} (allow an hour).",
            mailbox="",
        ),
    )
