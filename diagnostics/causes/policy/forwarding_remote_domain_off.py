"""The remote domain's settings don't let automatic forwards or replies out.

## What is happening
A remote domain object says what may be sent to a domain automatically. With AutoForwardEnabled False, a message that
an inbox rule forwards to that domain is dropped without a report; AutoReplyEnabled False does the same to automatic
replies. The object called Default stands for every domain that has none of its own; on Exchange Server it is False
from the start. Exchange 5.5 has the switches in its Internet Mail Service, and says event 4123 of a message that they
held back.

## What proves it
- AutoForwardEnabled is False on the remote domain that fits the address, and the forward never leaves

## Not this when
- a report says 5.7.520 (`policy.forwarding.external-blocked`)
- AutoForwardEnabled is True for that domain
- a group's members outside get nothing because its return path is empty (`recipient.group.null-return-path`)

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/remote-domains/remote-domains
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-remotedomain
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.policy.auto_reply_mailbox_forwards import REPLY_IS_ON
from diagnostics.causes.policy.said import of_kind
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured, Told, Traced, Tracked
from diagnostics.patterns import linear
from diagnostics.report import Act, Step

_REPLIES, _FORWARD = "automatic-replies-stay-inside", "forward-vanishes"  # stories
_MISSED: Final = {"AF": {_FORWARD}, "AR": {_REPLIES, REPLY_IS_ON}}
_SWITCHES: Final = {"AF": "AutoForwardEnabled", "AR": "AutoReplyEnabled"}
_ENDS: Final = ("SUPPRESSED", "DROP")
_FORWARDING = ("ForwardingSmtpAddress", "ForwardingAddress")


# Of the Internet Mail Service, where Exchange 5.5 has the same switches: its event, which is copied without its head as well.
_DROPPED: Final = ("MSExchangeIMC 4123", "Dropping of OOF messages and automatic replies")
# What the resolver says of an automatic message that a remote domain doesn't admit: it is handled, with a success code.
_HANDLED: Final = linear(r"RESOLVER\.MSGTYPE\.(AF|AR)\b")


@cause(
    id="policy.forwarding.remote-domain-off",
    act="on-prem",
    says=("RESOLVER.MSGTYPE.AF", "RESOLVER.MSGTYPE.AR", *_DROPPED),
)
def assess(
    anchor: Configured | Tracked | Traced | Said | Told,
    settings: tuple[Configured, ...],
    entries: tuple[Tracked, ...],
    replies: tuple[Reply, ...],
    traces: tuple[Traced, ...],
) -> Finding | None:
    """A setting that is off is no fault by itself: it counts when something is to be forwarded."""
    if isinstance(anchor, Told):
        return _told(anchor)
    if not isinstance(anchor, Configured) and (handled := _HANDLED.search(_words(anchor))):
        return _handled(anchor, str(handled.group(1)), online=bool(traces))
    if isinstance(anchor, Said):
        return _dropped(anchor) if anchor.signature in _DROPPED else None
    if isinstance(anchor, Traced):
        return None
    if isinstance(anchor, Tracked):
        return _suppressed(anchor, of_kind(settings, "remote-domain"))
    if anchor.kind != "remote-domain" or any("5.7.520" in each.whole for each in replies):
        return None
    forward = anchor.flag("AutoForwardEnabled") is False
    if not forward and anchor.flag("AutoReplyEnabled") is not False:
        return None
    off = "AutoForwardEnabled" if forward else "AutoReplyEnabled"
    domain = anchor.get("DomainName") or anchor.name
    because = _held_back(anchor, off)
    forwards = next((each for each in settings if any(each.get(name) for name in _FORWARDING)), None)
    dropped = next((each for each in entries if each.event.upper() in ("SUPPRESSED", "DROP")), None)
    steps = _steps(anchor.name or domain, off)
    if dropped or (forwards and forward):
        return Finding(Belief.LIKELY, because, (anchor, dropped, forwards), steps)
    return Finding(Belief.POSSIBLE, because, (anchor,), steps, weight=1.0)


@shown
def domains(objects: tuple[Configured, ...], stories: tuple[Told, ...], entries: tuple[Tracked, ...]) -> Finding | None:
    """The remote domain that the other side falls under: one for all others is always there, and may be off from the start."""
    known = [each for each in of_kind(objects, "remote-domain") if any(map(each.told, _SWITCHES.values()))]
    wanted = _wanted(stories)
    fitting = _fitting(known, entries)
    for each in fitting:
        told = next((name for name in wanted if each.flag(name) is False), "")
        if told:
            off = "AutoForwardEnabled" if told == _SWITCHES["AF"] else "AutoReplyEnabled"
            steps = _steps(each.name or each.get("DomainName"), off)
            return Finding(Belief.LIKELY, _held_back(each, off), (each,), steps)
    if not fitting or not any(each.get("DomainName") == "*" for each in known):
        return None
    if any(each.flag(name) is not True for each in fitting for name in wanted):
        return None
    because = f"{' and '.join(wanted)} {'is' if len(wanted) == 1 else 'are'} True on the remote domains that were sent."
    return Finding(Belief.RULED_OUT, because, (fitting[0],))


def _wanted(stories: tuple[Told, ...]) -> tuple[str, ...]:
    """The switches that what is told depends on: both where it isn't told what is missed."""
    told = {each.story for each in stories}
    kinds = [kind for kind, names in _MISSED.items() if names & told]
    return tuple(_SWITCHES[kind] for kind in kinds or _SWITCHES)


def _fitting(known: list[Configured], entries: tuple[Tracked, ...]) -> list[Configured]:
    """Those that hold for the addresses that were suppressed, all where none is told."""
    to = {
        address.rpartition("@")[2].lower()
        for each in entries
        if each.event.upper() in _ENDS
        for address in each.recipients
    }
    fits = [each for domain in to if (each := _most_special(known, domain))]
    return fits if to else known


def _most_special(known: list[Configured], domain: str) -> Configured | None:
    """The object of the domain itself or of those above it, the one for all others at last."""

    def holds(written: str) -> bool:
        return (
            written == "*"
            or domain == written.removeprefix("*.")
            or (written[:2] == "*." and domain.endswith(written[1:]))
        )

    fits = [each for each in known if holds(each.get("DomainName").lower())]
    return max(fits, key=lambda each: len(each.get("DomainName")), default=None)


def _held_back(domain: Configured, off: str) -> str:
    what = "forwards" if off == _SWITCHES["AF"] else "replies"
    return (
        f"{off} is False on the remote domain `{domain.get('DomainName') or domain.name or 'pasted'}`: what a mailbox {what} "
        "there automatically is dropped, and nobody is told."
    )


def _told(told: Told) -> Finding | None:
    """What a person tells, with nothing pasted, makes it possible at most."""
    if told.story == REPLY_IS_ON:
        because = "Where only people outside miss the reply, AutoReplyEnabled of the remote domain holds it back."
        return Finding(Belief.POSSIBLE, because, (told,), _steps("", "AutoReplyEnabled"), weight=1.2)
    if told.story not in (_REPLIES, _FORWARD):
        return None
    off = "AutoReplyEnabled" if told.story == _REPLIES else "AutoForwardEnabled"
    because = (
        f"What a mailbox sends outside by itself does not arrive, as you tell it, and nobody hears of it: {off} of the "
    )
    because += "remote domain that the other side falls under drops it so."
    return Finding(Belief.POSSIBLE, because, (told,), _steps("", off), weight=1.8)


def _words(event: Tracked | Traced | Said) -> str:
    if isinstance(event, Said):
        return event.text
    return f"{event.status} {event.context if isinstance(event, Tracked) else event.detail}"


def _handled(event: Tracked | Traced | Said, kind: str, *, online: bool) -> Finding:
    off = "AutoForwardEnabled" if kind == "AF" else "AutoReplyEnabled"
    what = "forward" if kind == "AF" else "reply"
    because = f"The automatic {what} was dropped before it left (RESOLVER.MSGTYPE.{kind}): the remote domain "
    because += "that the outside "
    because += f"recipient falls under does not admit it ({off}), and nobody is told."
    act: Act | None = "exchange-online" if online else None
    return Finding(Belief.CONFIRMED, because, (event,), _steps("", off), act)


def _dropped(event: Said) -> Finding:
    """The connector drops reports to administrators in any case, and what is automatic only where it is told to."""
    because = "The connector to the Internet dropped a message that was marked as automatic, and told nobody "
    because += "else: its settings "
    because += "let no automatic replies or forwards out. A forward keeps that mark when somebody passes it on by hand."
    return Finding(Belief.POSSIBLE, because, (event,), _steps("", "AutoForwardEnabled"), weight=1.8)


def _suppressed(entry: Tracked, domains: list[Configured]) -> Finding | None:
    if entry.event.upper() != "SUPPRESSED" or any(each.flag("AutoForwardEnabled") is False for each in domains):
        return None
    to = ", ".join(entry.recipients) or "the recipient"
    if domains and all(each.flag("AutoForwardEnabled") for each in domains):
        because = "AutoForwardEnabled is True on the remote domains that were sent."
        return Finding(Belief.RULED_OUT, because, (domains[0], entry))
    because = (
        f"The message to `{to}` was suppressed before it left: an automatic forward or reply to a remote domain that "
    )
    because += "does not allow it ends so."
    return Finding(Belief.POSSIBLE, because, (entry,), _steps("", "AutoForwardEnabled"), weight=1.2)


def _steps(domain: str, off: str) -> tuple[Step, ...]:
    return (
        look(
            "See what the remote domains allow; the object with the domain `*` stands for all others.",
            "Get-RemoteDomain | Format-Table Name,DomainName,AutoForwardEnabled,AutoReplyEnabled",
        ),
        change(
            "Make a remote domain for the one destination that is meant, and allow it there; or "
            "allow it on the one there is.",
            f"Set-RemoteDomain {{remote_domain}} -{off} $true",
            changes="Automatic messages to that domain leave. On the object Default it holds for "
            "every outside domain, which "
            "also lets a stolen mailbox forward its mail.",
            undo=f"Set-RemoteDomain with the same domain and the old value of {off}.",
            verify="A forwarded message has the event SENDEXTERNAL or SEND.",
            remote_domain="Default" if domain == "*" else domain,
        ),
    )
