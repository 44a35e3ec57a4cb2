"""A moderator rejected the message, or nobody approved it in time.

## What is happening
The recipient, or a mail flow rule, wants a moderator's approval. The moderator refused, the waiting time ran out, or
none of the moderators could be reached. Mail flow works: people decided, or didn't.

## What proves it
- the tracking log shows INITMESSAGECREATED and then MODERATORREJECT, MODERATIONEXPIRE or MODERATORSALLNDR
- the report says `APPROVAL.Rejected` or that a moderator rejected the message

## Not this when
- the approval itself breaks: `APPROVAL.InvalidExpiry`, or errors that name the arbitration mailbox
  (`policy.moderation.arbitration-broken`)

## References
- https://learn.microsoft.com/en-us/exchange/recipients-in-exchange-online/moderated-recipients-exo/configure-moderated-recipients-exo
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-5-7-1-in-exchange-online
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.policy.said import Refusal, refusal, restricted
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured, Told, Tracked
from diagnostics.patterns import linear
from diagnostics.report import Step

_EVENTS: Final = {
    "MODERATORREJECT": "A moderator rejected the message",
    "MODERATIONEXPIRE": "No moderator decided in time about the message",
    "MODERATORSALLNDR": "The request for approval came back from every moderator, for the message",
}


# Nobody decided: the notice says so in the words of its language.
# Exchange's report for any refusal by a policy: "It may have been rejected by a moderator, the address may only accept …".
_PERHAPS = linear(r"(?i)\bmay have been rejected by a moderator\b")
_UNDECIDED: Final = linear(r"(?i)decision|approved by|keine entscheidung|rechtzeitig|d.{1,2}lai|expir")


@cause(
    id="policy.moderation.rejected-or-expired",
    act="recipient-side",
    says=(
        "APPROVAL.Rejected",
        "rejected by a moderator",
        "by the moderator",
        "moderators didn't make",
        "approved by a moderator",
        "vom Moderator",
        "Moderatoren",
        "par le modérateur",
        "por el moderador",
        "dal moderatore",
        *_EVENTS,
    ),
    against={
        "Cannot read expiry policy": "means that the approval agent fails; no moderator's answer is missing",
    },
)
def assess(
    anchor: Said | Tracked | Told | Configured, replies: tuple[Reply, ...], settings: tuple[Configured, ...]
) -> Finding | None:
    """The tracking event proves it; the report's words are Exchange's own."""
    if isinstance(anchor, Told):
        return _told(anchor)
    if isinstance(anchor, Configured):
        return _moderated(anchor, replies, settings)
    if isinstance(anchor, Tracked):
        what = _EVENTS.get(anchor.event.upper())
        if what is None:
            return None
        recipient = next(iter(anchor.recipients), "")
        because = f"{what} of `{anchor.sender or 'this sender'}` to `{recipient or 'the moderated recipient'}`."
        return Finding(Belief.CONFIRMED, because, (anchor,), _steps(Refusal(recipient, "", online=False)), "on-prem")
    if _PERHAPS.search(anchor.text):
        return None
    refused = refusal(anchor, replies)
    what = next(
        (text for event, text in _EVENTS.items() if event in anchor.text.upper()), "A moderator rejected the message"
    )
    if _UNDECIDED.search(anchor.text):
        what = _EVENTS["MODERATIONEXPIRE"]
    because = f"{what} to {refused.whom}: a person's decision, no fault of a server."
    return Finding(Belief.LIKELY, because, (anchor,), _steps(refused))


def _told(told: Told) -> Finding | None:
    """Mail to a list that waits for somebody who is away."""
    if told.story != "nobody-approves":
        return None
    because = (
        "Somebody used to approve mail to this list and is away, as you tell it: what nobody approves waits with the "
    )
    because += "arbitration mailbox, and comes back to its sender after two days."
    steps = _steps(Refusal("", "", online=False))
    return Finding(Belief.POSSIBLE, because, (told,), steps, "on-prem", weight=1.8)


def _moderated(setting: Configured, replies: tuple[Reply, ...], settings: tuple[Configured, ...]) -> Finding | None:
    """A moderated recipient whose mail does not arrive, as somebody says."""
    held = restricted(setting, replies, settings) if setting.flag("ModerationEnabled") else None
    if held is None:
        return None
    by = ", ".join(setting.items("ModeratedBy")) or "its moderators"
    because = f"{held.whom[0].upper()}{held.whom[1:]} is moderated: a message waits until {by} approve it, and expires after two "
    because += "days. No report is sent while it waits."
    return Finding(Belief.POSSIBLE, because, (setting,), _steps(held), held.act, weight=1.8)


def _steps(refused: Refusal) -> tuple[Step, ...]:
    return (
        look(
            "See who the moderators are, and ask them; check that their mailboxes still exist.",
            "Get-DistributionGroup {recipient} | "
            "Format-List ModerationEnabled,ModeratedBy,BypassModerationFromSendersOrMembers,BypassNestedModerationEnabled",
            refused.shell,
            recipient=refused.recipient,
        ),
        change(
            "If this sender needs no approval: let the sender pass without it (Set-Mailbox for a mailbox).",
            "Set-DistributionGroup {recipient} -BypassModerationFromSendersOrMembers @{{Add={sender}}}",
            shell=refused.shell,
            changes="One sender reaches this recipient without moderation. The recipient's owner decides that.",
            undo="The same command with @{Remove=…} in place of @{Add=…}.",
            verify="The sender's next message is delivered without a request for approval.",
            recipient=refused.recipient,
            sender="",
        ),
    )
