"""A mailbox forwards its mail to an address that does not exist.

## What is happening
The mailbox that was addressed is fine. A forwarding setting, an inbox rule or a transport rule sends a copy
to an address that is gone, and the report about that copy reaches the sender, who never heard of the address.

## What proves it
- `RESOLVER.FWD.NotFound`, or an address in the report that differs from the one that was typed
- the message that the report is about did arrive
- the mailbox's ForwardingAddress, ForwardingSmtpAddress or an inbox rule names it
- `RESOLVER.CON.ChainDisabled` or `RESOLVER.CON.ChainInvalid`: a contact's external address is that of another object, which
  takes no mail

## Not this when
- the failing address is the one that was typed
- the mailbox's settings are empty, and none of its rules forwards or redirects

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-5-1-1-through-5-1-20-in-exchange-online
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-5-1-10-in-exchange-online
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.recipient import looks
from diagnostics.causes.recipient.lookup import (
    address,
    by_microsoft,
    encapsulated,
    forwarder,
    forwards_to,
    may_forward,
    named,
    passed_on,
    sent_on,
)
from diagnostics.causes.recipient.steps import EXO, advise, find_recipient
from diagnostics.causes.stories import told_as
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Addressed, Configured, Told
from diagnostics.refusals import topics_of
from diagnostics.report import Act, Shell, Step

_SETTINGS: Final = ("ForwardingSmtpAddress", "ForwardingAddress")
_ACTIONS: Final = ("ForwardTo", "RedirectTo", "ForwardAsAttachmentTo")
_NOT_RECOGNIZED: Final = "recipient name is not recognized"
_LONGEST: Final = 4_000
# A contact whose external address belongs to another object of the same directory, which takes no mail.
_CHAINED: Final = ("RESOLVER.CON.ChainDisabled", "RESOLVER.CON.ChainInvalid")
_ANOTHER: Final = (
    "The report names an address that nobody wrote to, as you tell it: a rule, a forwarding or a mail flow rule of who was "
    "addressed sends the message on to one that does not exist."
)
_COPY: Final = (
    "The message arrives, and the sender gets a report on an address that he did not write to, as you tell it: a rule or "
    "forwarding of that mailbox sends a copy on to an address that is gone."
)
_REASONS: Final = frozenset({"no-user", "spf", "dkim", "dmarc", "listed", "spam", "full", "closed", "rate", "relay"})


def _not_routed(mailbox: Configured, replies: tuple[Reply, ...]) -> Finding | None:
    """The target was refused for want of a route to it: nobody said that it does not exist."""
    target = mailbox.get("ForwardingSmtpAddress").lower().removeprefix("smtp:")
    reply = next((r for r in replies if r.recipient and r.recipient.lower() == target), None)
    if reply is None or not reply.failing or "unable to relay" not in reply.whole.lower():
        return None
    because = (
        f"{mailbox.name} forwards to `{target}`, and the refusal is about relaying there, not about an unknown address."
    )
    return Finding(Belief.RULED_OUT, because, (mailbox, reply))


@cause(
    id="recipient.forwarding.target-invalid",
    act="recipient-side",
    says=(
        "RESOLVER.FWD.NotFound",
        "RESOLVER.FWD.Invalid",
        "misconfigured forwarding address",
        *_CHAINED,
        "5.2.14",
        "RESOLVER.ADR.RecipientNotFound",
        "RESOLVER.ADR.RecipNotFound",
        "5.1.351",
        "User unknown",
        "no such user",
        "that you tried to reach does not exist",
        _NOT_RECOGNIZED,
    ),
    against={
        "there is a forwarding loop in the directory": "found the target, which forwards back",
    },
)
def assess(
    said: Said | Configured | Addressed | Told,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
    addressed: tuple[Addressed, ...],
) -> Finding | None:
    """Exchange's forwarding words say it; otherwise a mailbox that names the failing address as its target."""
    if isinstance(said, Told):
        return _told(said)
    if isinstance(said, Configured):
        return _not_routed(said, replies)
    if isinstance(said, Addressed):
        return _elsewhere(said, replies)
    wanted = address(said, replies)
    low = said.text.lower()
    online = by_microsoft(said) or passed_on(said)
    act: Act = "exchange-online" if online else "recipient-side"
    if said.signature in _CHAINED:
        return _chained(said, wanted, online)
    source = forwarder(wanted, objects)
    if source:
        because = f"{source.name} forwards its mail to {named(wanted)}, which does not exist."
        here: Act = "exchange-online" if online else "on-prem"
        return Finding(Belief.CONFIRMED, because, (source, said), _steps(source.name, online), here)
    shown = may_forward(wanted, objects)
    if shown:
        return _shown(said, shown, online)
    if "resolver.fwd" in low or "misconfigured forwarding" in low or said.signature == "5.2.14":
        because = f"The mailbox that was addressed forwards to {named(wanted, 'an address')} that can't be found"
        because += f", says {said.by}." if said.by else "."
        belief = Belief.CONFIRMED if "resolver.fwd." in low else Belief.LIKELY
        return Finding(belief, because, (said,), _steps("", online), act, weight=1.0)
    if encapsulated(wanted) or "sender" in low:
        return None
    delivered = next((each for each in objects if each.kind == "told-delivered"), None)
    return _by_addressee(said, wanted, addressed, delivered, online)


@shown
def targets(objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """Where the mailbox that was addressed sends its mail on to. Only its own settings together with its rules show that it
    does not."""
    wanted = next(iter(looks.refused(replies)), "")
    source = forwarder(wanted, objects) or next((each for each in objects if _forwards(each)), None)
    if source:
        to = next((source.get(name) for name in (*_SETTINGS, *_ACTIONS) if source.get(name).strip("{} ")), "")
        sure = wanted in forwards_to(source) if wanted else False
        because = f"{source.name or 'The mailbox'} sends its mail on to {to[:120]}"
        because += (
            ", the address that failed."
            if sure
            else ": that is the address that fails, unless the report names another."
        )
        refusals = [each for each in replies if each.failing]
        if not sure and "@" in to and (wanted or not refusals):
            return None  # another address failed, or none that anybody knows of: many a mailbox forwards
        if not (sure or wanted) and sum(map(_forwards, objects)) > 1:
            return None  # which of them fails is not told
        if not sure and any(each.enhanced[1:].startswith(".7.") for each in refusals):
            return None  # the target was refused for other reasons
        return Finding(
            Belief.CONFIRMED if sure else Belief.LIKELY, because, (source,), _steps(source.name, online=False)
        )
    settings = next((each for each in objects if all(each.told(name) for name in _SETTINGS)), None)
    rules = [each for each in objects if each.kind == "inbox-rule" and all(each.told(name) for name in _ACTIONS[:2])]
    if settings is None or not rules:
        return None
    because = (
        f"{settings.name or 'The mailbox'} forwards nothing, by its settings or by the {len(rules)} rules that it has."
    )
    return Finding(Belief.RULED_OUT, because, (settings, *rules[:2]))


def _forwards(entry: Configured) -> bool:
    rule = entry.kind == "inbox-rule" and entry.flag("Enabled") is not False
    names = _ACTIONS if rule else _SETTINGS if entry.kind == "mailbox" else ()
    return any(entry.get(name).strip("{} ") for name in names)


def _told(told: Told) -> Finding | None:
    """Whoever writes gets a report on an address that he did not write to, and the mail is there all the same."""
    steps = _steps("", online=True)
    return told_as("report-names-another-address", told, _ANOTHER, steps, weight=2.0) or told_as(
        "arrives-and-a-copy-bounces", told, _COPY, steps, weight=1.6
    )


def _chained(said: Said, wanted: str, online: bool) -> Finding:
    """The directory of who says it holds both objects."""
    fault = "is not enabled for mail" if said.signature == _CHAINED[0] else "is malformed"
    because = f"The external address of the contact {named(wanted, 'that was addressed')} belongs to another object of the same "
    because += f"directory, which {fault}."
    shell: Shell = EXO if online else "exchange-management-shell"
    steps = (
        find_recipient(wanted, shell),
        advise("Enable the object that has that address for mail, or correct the contact's."),
    )
    return Finding(Belief.CONFIRMED, because, (said,), steps, "exchange-online" if online else "on-prem")


def _elsewhere(written: Addressed, replies: tuple[Reply, ...]) -> Finding | None:
    """Another system's words for an unknown address that nobody wrote to."""
    missing = (
        each for each in replies if each.failing and each.recipient and each.recipient.lower() not in written.recipients
    )
    reply = next((each for each in missing if topics_of(each.whole[:_LONGEST]) & _REASONS == {"no-user"}), None)
    if not (written.redirected or written.told) or not written.recipients or reply is None:
        return None
    because = (
        f"The message was written to {named(written.recipients[0])}, and a rule or forwarding there sent it on to "
    )
    because += f"{named(reply.recipient)}, which does not exist."
    steps = _steps(written.recipients[0], online=False)
    return Finding(Belief.LIKELY, because, (reply, written), steps, weight=1.5)


def _shown(said: Said, mailbox: Configured, online: bool) -> Finding:
    """A mailbox that forwards was sent along, and the refusal doesn't name the address that failed."""
    because = (
        f"{mailbox.name or 'The mailbox that was sent'} forwards its mail to `{forwards_to(mailbox)[0]}`: that is the "
    )
    because += "address that fails, unless the report names another."
    act: Act = "exchange-online" if online else "on-prem"
    return Finding(Belief.LIKELY, because, (mailbox, said), _steps(mailbox.name, online), act, weight=1.2)


def _by_addressee(
    said: Said, wanted: str, addressed: tuple[Addressed, ...], delivered: Configured | None, online: bool
) -> Finding | None:
    """To whom the message was written, against the address that failed."""
    act: Act = "exchange-online" if online else "recipient-side"
    redirected = sent_on(wanted, addressed)
    if redirected:
        first = next(iter(redirected.recipients), "")
        because = f"The message was written to {named(first, 'another address')}, and a rule or forwarding there sent it on to "
        because += f"{named(wanted, 'the one that failed')}, which does not exist."
        return Finding(Belief.LIKELY, because, (said, redirected), _steps(first, online), act, weight=1.5)
    if delivered:
        because = "The message arrived, as is told, so the address that was written to exists: what failed is a copy, which a "
        because += "rule or forwarding of that mailbox sends on to an address that is gone."
        return Finding(Belief.POSSIBLE, because, (said, delivered), _steps("", online), act, weight=2.0)
    written = next((each for each in addressed if wanted and wanted.lower() in each.recipients), None)
    if written:
        return Finding(Belief.RULED_OUT, f"The message was written to {named(wanted)} itself.", (written,))
    if said.signature == _NOT_RECOGNIZED:
        because = "Exchange says this of any address that is gone: if the one that was written to exists, its mailbox forwards "
        because += "to one that does not (an alternate recipient, a rule)."
        return Finding(Belief.POSSIBLE, because, (said,), _steps("", online), act, weight=0.7)
    because = (
        f"If nobody wrote to {named(wanted, 'the address that failed')}, a mailbox that was addressed forwards to it."
    )
    return Finding(Belief.POSSIBLE, because, (said,), _steps("", online), act, weight=0.6)


def _steps(mailbox: str, online: bool) -> tuple[Step, ...]:
    shell: Shell = EXO if online else "exchange-management-shell"
    return (
        look(
            "Show where the mailbox that was addressed forwards to.",
            "Get-Mailbox {mailbox} | Format-List ForwardingAddress,ForwardingSmtpAddress,DeliverToMailboxAndForward",
            shell,
            mailbox=mailbox,
        ),
        look(
            "Show the inbox rules that forward or redirect.",
            "Get-InboxRule -Mailbox {mailbox} | Format-Table Name,Enabled,ForwardTo,RedirectTo,ForwardAsAttachmentTo",
            shell,
            mailbox=mailbox,
        ),
        change(
            "If the mailbox's own forwarding names the dead address, take it away.",
            "Set-Mailbox {mailbox} -ForwardingSmtpAddress $null -ForwardingAddress $null",
            shell=shell,
            changes="Mail stays in the mailbox and is no longer forwarded.",
            undo="Set both to what the first command showed.",
            verify="The first command shows them empty; a test message brings no report.",
            mailbox=mailbox,
        ),
    )
