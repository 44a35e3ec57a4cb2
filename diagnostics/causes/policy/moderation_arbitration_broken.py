"""Moderation itself is broken: its retention tag or its arbitration mailbox is missing.

## What is happening
A message that waits for approval is kept in a system (arbitration) mailbox, for as long as a retention policy tag
says. Where the organization has no tag marked as the one for moderated recipients, Exchange can't compute the expiry:
`550 5.6.0 APPROVAL.InvalidExpiry; Cannot read expiry policy`. On Exchange Server the arbitration mailbox
`SystemMailbox{1f05a927-…}` can also be missing, or its database be down. Every moderated recipient fails, all others work.

A moderator's decision travels by mail to that mailbox's address, `MSExchApproval1f05a927-…`. In a hybrid organization, a
moderator who was moved to Exchange Online gets it back as unknown where no object there has the address.

Exchange looks for the arbitration mailbox and for the moderators when it meets a moderated recipient, and says at once where
one of them is missing: `550 5.2.0 Resolver.MT.NoArbitrationAddress`, `Resolver.MT.NoModeratorAddresses`. Where a moderator is
moderated in the same way, the request would have to be approved itself: `Resolver.MT.ModerationLoop`.

## What proves it
- the words `APPROVAL.InvalidExpiry`, or one of the tokens that begin with `Resolver.MT`
- a report about the recipient SystemMailbox{1f05a927-…} or MSExchApproval1f05a927-…

## Not this when
- recipients without moderation fail too
- Exchange Online has a mail contact with the address that decisions go to
- a moderator refused (`policy.moderation.rejected-or-expired`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/550-5-6-0-approval-invalidexpiry-cannot-read-expiry-poilcy-error
- https://learn.microsoft.com/en-us/exchange/architecture/mailbox-servers/recreate-arbitration-mailboxes
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import EMS, Belief, Finding, cause, change, look, shown
from diagnostics.causes.policy.said import Refusal, refusal
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Shell, Step

_MAILBOX: Final = "systemmailbox{1f05a927"
_ASSISTANT: Final = "Microsoft Exchange Approval Assistant"  # the name that its mailbox shows
# Events of Approval: a moderated recipient without an arbitration mailbox, or with one that was deleted.
_EVENTS: Final = {"MSExchangeTransport 23001": "has none", "MSExchangeTransport 23002": "names one that was deleted"}
_UNARBITRATED: Final = "Resolver.MT.NoArbitrationAddress"
_UNMODERATED: Final = "Resolver.MT.NoModeratorAddresses"
_LOOP: Final = "Resolver.MT.ModerationLoop"
_CONTACTS: Final = ("mailcontact", "mailuser")
_DECISIONS: Final = "msexchapproval1f05a927"  # where approvals and rejections are sent


@cause(
    id="policy.moderation.arbitration-broken",
    act="exchange-online",
    says=(
        "APPROVAL.InvalidExpiry",
        "Cannot read expiry policy",
        "Approval Processing Agent",
        "SystemMailbox{1f05a927",
        _ASSISTANT,
        *_EVENTS,
        _UNARBITRATED,
        _UNMODERATED,
        _LOOP,
    ),
)
def assess(anchor: Said | Reply | Told, replies: tuple[Reply, ...]) -> Finding | None:
    """Either the expiry can't be read, or the arbitration mailbox refuses."""
    if isinstance(anchor, Told):
        return _told(anchor)
    if isinstance(anchor, Reply):
        if anchor.failing and anchor.recipient.lower().startswith(_DECISIONS):
            return _undecided(anchor)
        if not anchor.failing or not anchor.recipient.lower().startswith(_MAILBOX):
            return None
        return Finding(Belief.LIKELY, _mailbox(anchor.text), (anchor,), _mailbox_steps(), "on-prem")
    if anchor.signature in _EVENTS:
        because = "A moderated recipient needs an arbitration mailbox, which keeps its messages until somebody approves them, "
        because += f"and {_EVENTS[anchor.signature]}: its messages are returned."
        return Finding(Belief.CONFIRMED, because, (anchor,), _mailbox_steps(), "on-prem")
    if anchor.signature in (_UNARBITRATED, _UNMODERATED, _LOOP):
        return _unasked(anchor, replies)
    low = anchor.text.lower()
    if "invalidexpiry" in low or "expiry policy" in low:
        because = (
            "The approval could not be started: no retention policy tag of the organization is marked as the one for "
        )
        because += "moderated recipients, so the expiry of a request can't be read."
        by = refusal(anchor, replies)
        here = bool(by.by) and not by.online
        return Finding(
            Belief.CONFIRMED,
            because,
            (anchor,),
            _tag_steps("exchange-management-shell" if here else EXO),
            "on-prem" if here else None,
        )
    if _MAILBOX in low:
        return Finding(Belief.LIKELY, _mailbox(anchor.text), (anchor,), _mailbox_steps(), "on-prem")
    because = "The agent that handles approvals returned the message itself; no moderator did."
    return Finding(Belief.POSSIBLE, because, (anchor,), (*_tag_steps(EXO)[:1], *_mailbox_steps()), weight=1.5)


@shown
def contact(objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """The object in Exchange Online that sends decisions on to the servers on premises."""
    wanted = {each.recipient.lower() for each in replies if each.recipient.lower().startswith(_DECISIONS)}
    for each in objects:
        address = each.get("ExternalEmailAddress").lower().removeprefix("smtp:")
        if address in wanted and each.get("RecipientTypeDetails").lower() in _CONTACTS:
            because = (
                f"{each.name or 'A mail contact'} has the address `{address}`: decisions of moderators are sent on."
            )
            return Finding(Belief.RULED_OUT, because, (each,))
    return None


def _told(told: Told) -> Finding | None:
    """What a person tells, with nothing pasted, makes it possible at most."""
    if told.story != "nowhere-to-keep-for-approval":
        return None
    because = "The arbitration mailbox, which keeps messages until somebody approves them, is gone or out of reach, as "
    because += "you tell it."
    return Finding(Belief.POSSIBLE, because, (told,), _mailbox_steps(), "on-prem", weight=1.9)


def _unasked(said: Said, replies: tuple[Reply, ...]) -> Finding:
    """The resolver's own tokens: nobody can be asked, or nothing can keep the message meanwhile."""
    refused = refusal(said, replies)
    if said.signature == _UNARBITRATED:
        because = (
            f"{refused.whom[0].upper()}{refused.whom[1:]} is moderated, and no arbitration mailbox is set or left "
        )
        because += "that could keep the message until somebody decides."
        return Finding(Belief.CONFIRMED, because, (said,), _mailbox_steps(), refused.act)
    steps = _moderator_steps(refused)
    if said.signature == _UNMODERATED:
        because = (
            f"{refused.whom[0].upper()}{refused.whom[1:]} is moderated and has no moderator: none is set, or they were "
        )
        because += "all deleted."
        return Finding(Belief.CONFIRMED, because, (said,), steps, refused.act)
    because = f"A moderator of {refused.whom}, or a group of them, is itself moderated: the request for approval would need one."
    return Finding(Belief.LIKELY, because, (said,), steps, refused.act)


def _moderator_steps(refused: Refusal) -> tuple[Step, ...]:
    return (
        look(
            "See who moderates it (for a mailbox: Get-Mailbox), and whether those still exist.",
            "Get-DistributionGroup {recipient} | Format-List ModerationEnabled,ModeratedBy,ArbitrationMailbox,ManagedBy",
            refused.shell,
            recipient=refused.recipient,
        ),
        change(
            "Name a moderator who has a mailbox of his own and is not moderated.",
            "Set-DistributionGroup {recipient} -ModeratedBy {moderator}",
            shell=refused.shell,
            changes="Requests for approval go to that person alone (Set-Mailbox for a mailbox). Its owner decides who that is.",
            undo="The same with the moderators that the first step printed.",
            verify="A message to the recipient produces a request for approval.",
            recipient=refused.recipient,
            moderator="",
        ),
    )


def _undecided(reply: Reply) -> Finding:
    because = "A moderator's decision could not be delivered: its address is that of the arbitration mailbox, on premises, and "
    because += "the side where the moderator is doesn't know it."
    return Finding(Belief.LIKELY, because, (reply,), _contact_steps(reply.recipient), weight=4.0)


def _mailbox(text: str) -> str:
    return f"The arbitration mailbox, which keeps messages for approval, can't take them: `{text[:120]}`."


def _tag_steps(shell: Shell) -> tuple[Step, ...]:
    seen = look(
        "See whether a retention tag is marked for moderated recipients; no line means that there is none.",
        "Get-RetentionPolicyTag | Where-Object {{$_.IsDefaultModeratedRecipientsPolicyTag}} | "
        "Format-List Name,AgeLimitForRetention,IsDefaultModeratedRecipientsPolicyTag",
        shell,
    )
    if shell == EMS:
        return seen, advise(
            "On premises no parameter makes such a tag: Setup does. Let Setup.exe /PrepareAD of the installed cumulative update "
            "run once more, and look again."
        )
    return (
        seen,
        change(
            "Create that tag.",
            "New-RetentionPolicyTag -Name 'Moderated messages' -IsDefaultModeratedRecipientsPolicyTag "
            "-AgeLimitForRetention 2",
            shell="exchange-online-powershell",
            changes="A new tag: requests for approval expire after two days. If Exchange Online says that the organization isn't "
            "customized yet, run Enable-OrganizationCustomization once before.",
            undo="Remove-RetentionPolicyTag -Identity 'Moderated messages'",
            verify="A message to a moderated recipient produces a request for approval.",
        ),
    )


def _contact_steps(address: str) -> tuple[Step, ...]:
    shell: Shell = "exchange-online-powershell"
    return (
        look(
            "On premises, see the arbitration mailbox and its addresses.",
            "Get-Mailbox -Arbitration | Format-List Name,PrimarySmtpAddress,EmailAddresses,Database",
        ),
        look(
            "See whether Exchange Online knows the address; an error that it can't be found means that it doesn't.",
            "Get-Recipient {address} | Format-List Name,RecipientTypeDetails,ExternalEmailAddress",
            shell,
            address=address,
        ),
        change(
            "If it doesn't, add a mail contact there, so that decisions are sent on to the servers on premises.",
            "New-MailContact -Name 'Moderation on premises' -ExternalEmailAddress {address}",
            shell=shell,
            changes="Exchange Online accepts the address and routes it by its connector. Hide the contact from address lists.",
            undo="Remove-MailContact -Identity 'Moderation on premises'",
            verify="A moderator in Exchange Online approves a test message, and it is delivered.",
            address=address,
        ),
    )


def _mailbox_steps() -> tuple[Step, ...]:
    return (
        look(
            "See whether the arbitration mailbox exists, and in which database.",
            "Get-Mailbox -Arbitration | Format-Table Name,Database,ProhibitSendReceiveQuota,WhenChanged",
        ),
        look(
            "See whether its database is mounted.",
            "Get-MailboxDatabase -Status | Format-Table Name,Mounted,Server",
        ),
        look(
            "If it is missing, make it again with Setup /PrepareAD and Enable-Mailbox -Arbitration, as the reference says.",
            "",
            "portal",
        ),
    )
