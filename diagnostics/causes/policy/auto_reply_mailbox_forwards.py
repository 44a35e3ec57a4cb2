"""The mailbox forwards by a setting, so its automatic reply or its redirect rules do nothing.

## What is happening
Where a mailbox itself forwards (ForwardingSmtpAddress or ForwardingAddress, set by an administrator or under
Forwarding in Outlook on the web), Exchange sends no automatic reply for what it forwards, and the setting comes
before Inbox rules that redirect. People see the mail tip of the absence, and no reply comes. That is by design.

## What proves it
- Get-Mailbox shows ForwardingSmtpAddress or ForwardingAddress, with or without DeliverToMailboxAndForward

## Not this when
- Get-Mailbox shows both settings, and both are empty
- only people outside get no reply: the remote domain holds it back (`policy.forwarding.remote-domain-off`)
- no rule and no reply ever runs in this one mailbox: it may be the one for undeliverable journal reports
  (`policy.journaling.report-mailbox`)
- each sender gets one reply only, which is meant

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/understand-troubleshoot-oof-replies
- https://learn.microsoft.com/en-us/troubleshoot/exchange/send-emails/senders-not-receiving-out-of-office-notifications
- https://learn.microsoft.com/en-us/troubleshoot/exchange/outlook-issues/resolve-inbox-rule-issues
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.recipient.steps import EXO
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

REPLY_IS_ON: Final = "automatic-reply-though-it-is-on"  # a story
_RULE: Final = "redirect-rule-beside-forwarding"
_REPLY: Final = "its automatic reply is not sent"
_RULES: Final = "its redirect rules do nothing"
_FORWARDING: Final = ("ForwardingSmtpAddress", "ForwardingAddress")


@cause(id="policy.auto-reply.mailbox-forwards", act="exchange-online")
def assess(told: Told, _mailbox: Configured | None, objects: tuple[Configured, ...]) -> Finding | None:
    """What is told makes it possible; the mailbox's own setting makes it likely, or rules it out."""
    if told.story not in (REPLY_IS_ON, _RULE):
        return None
    what = _REPLY if told.story == REPLY_IS_ON else _RULES
    found = _judged(objects, what)
    if found:
        return replace(found, evidence=(*found.evidence, told))
    because = f"Where a mailbox forwards by a setting of its own, {what}: that is by design, and nobody is told."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(""), weight=1.8)


@shown
def mailboxes(objects: tuple[Configured, ...], stories: tuple[Told, ...]) -> Finding | None:
    """Whether a mailbox that was sent forwards by a setting: many do, so that alone proves nothing."""
    redirects = any(each.story == _RULE for each in stories) and not any(each.story == REPLY_IS_ON for each in stories)
    return _judged(objects, _RULES if redirects else _REPLY)


def _judged(objects: tuple[Configured, ...], what: str) -> Finding | None:
    told = [each for each in objects if each.kind == "mailbox" and any(map(each.told, _FORWARDING))]
    forwards = next((each for each in told if any(map(each.get, _FORWARDING))), None)
    if forwards:
        target = next(forwards.get(each) for each in _FORWARDING if forwards.get(each))
        because = f"The mailbox {forwards.name}".rstrip()
        because += f" forwards to `{target}` by a setting of its own: {what}, by design."
        return Finding(Belief.LIKELY, because, (forwards,), _steps(forwards.name), complete=True)
    if told and all(each.told(name) for each in told for name in _FORWARDING):
        return Finding(Belief.RULED_OUT, "The mailbox does not forward by a setting.", (told[0],))
    return None


def _steps(mailbox: str) -> tuple[Step, ...]:
    return (
        look(
            "See whether the mailbox forwards, and whether its automatic reply is on.",
            "Get-Mailbox {mailbox} | Format-List Name,ForwardingAddress,ForwardingSmtpAddress,DeliverToMailboxAndForward; "
            "Get-MailboxAutoReplyConfiguration {mailbox} | Format-List AutoReplyState,StartTime,EndTime,ExternalAudience",
            EXO,
            mailbox=mailbox,
        ),
        change(
            "Where replies are wanted, take the setting away and let an Inbox rule of the mailbox forward instead.",
            "Set-Mailbox {mailbox} -ForwardingSmtpAddress $null -ForwardingAddress $null -DeliverToMailboxAndForward $false",
            shell=EXO,
            changes="The mailbox forwards nothing until a rule does; what comes stays in it.",
            undo="Set-Mailbox with the three values that the first step printed.",
            verify="A message from another mailbox, which had no reply of it before, gets the automatic reply.",
            mailbox=mailbox,
        ),
    )
