"""Mailboxes, contacts or rules forward to each other.

## What is happening
A forwards to B and B, directly or over a third address, back to A. Exchange notices it while it expands
recipients (`5.4.6 RESOLVER.FWD.Loop`), or, when rules and automatic replies answer each other, when a message
was generated from a generated message too often (`5.4.11`).

## What proves it
- the reply says that there is a forwarding loop in the directory
- ForwardingAddress of the mailboxes leads round
- `Get-InboxRule` of two mailboxes shows rules that send to each other (MailboxOwnerId), or to two of whom people tell it
- the tracking log has REDIRECT or MAILBOXRULE entries to two of them in turn, and then the hop count
- the tracking log has THROTTLE by MAILBOXRULE: an inbox rule met a message that one had sent on before

## Not this when
- the Received headers show two organizations: that is a routing loop
- the tracking log shows the message leave by SMTP again and again, and no REDIRECT or MAILBOXRULE
- the reply says that transport rules were counted out (`routing-loop.transport-rule.loop-count`)

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/mail-routing/recipient-resolution
- https://learn.microsoft.com/en-us/exchange/recipients/user-mailboxes/email-forwarding
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.lookup import by_microsoft, proxies
from diagnostics.causes.routing_loop.circle import EXO, LOOPED, circles, named, recipient, way
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured, Hops, Told, Tracked
from diagnostics.patterns import linear
from diagnostics.report import Act, Shell, Step

_MAILBOXES: Final = ("mailbox", "recipient")
_RULES: Final = "MAILBOXRULE"
_STORY: Final = "each-forwards-to-the-other"
_LOOP = linear(r"(?i)\b5\.4\.(?:6|11|14)\b|hop count|loop")
_SENDS_ON: Final = ("RedirectTo", "ForwardTo", "ForwardAsAttachmentTo")
_AGAIN: Final = 2  # times that a message leaves before the third shows nothing new
# Dovecot's Sieve knows a message that it redirected before, Postfix one that has the recipient among its Delivered-To fields.
_BY_SIEVE: Final = "not forwarding message to"
_BY_POSTFIX: Final = "mail forwarding loop for"
_DEPTH: Final = "agent generated message depth exceeded"


@cause(
    id="routing-loop.forwarding.mutual",
    act="on-prem",
    says=("RESOLVER.FWD.Loop", "there is a forwarding loop in the directory", _DEPTH, _BY_SIEVE, _BY_POSTFIX, *LOOPED),
    against={
        "RESOLVER.FWD.NotFound": "found no target, so nothing can come back",
    },
)
def assess(
    said: Said | Tracked | Configured | Told,
    replies: tuple[Reply, ...],
    objects: tuple[Configured, ...],
    hops: tuple[Hops, ...],
    tracked: tuple[Tracked, ...],
) -> Finding | None:
    """The token names it; the counted depth can be an add-on's too, unless the mailboxes show the circle."""
    if isinstance(said, Told):
        return _told(said)
    if isinstance(said, Tracked):
        return _counted_out(said, tracked)
    if isinstance(said, Configured):
        return _shown(said, objects)
    address = recipient(said, replies)
    online = by_microsoft(said)
    act: Act = "exchange-online" if online else "on-prem"
    steps = _steps(address, online)
    if said.signature in (_BY_SIEVE, _BY_POSTFIX):
        return _sent_to_itself(said, address)
    if said.signature in LOOPED and not has(said, "resolver.fwd"):
        if way(hops) or not circles(said):
            return None
        answers = next((each for each in objects if each.kind == "automatic-replies"), None)
        if answers:
            because = f"Automatic replies stand in it {answers.name} times: the absent mailbox and whoever hands it the message "
            because += (
                "answer each other. Reports and notices should leave with an empty sender, or bear Auto-Submitted, so "
            )
            because += "that nobody answers them."
            return Finding(Belief.POSSIBLE, because, (answers, said), steps, act, weight=2.3)
        because = (
            f"If {named(address, 'the recipient')} forwards or answers automatically, its mail may be sent back to it."
        )
        return Finding(Belief.POSSIBLE, because, (said,), steps, act, weight=0.5)
    if said.signature == _DEPTH:
        ring = _ring(address, objects)
        if ring:
            because = (
                f"Messages to {named(address, 'the recipient')} were generated from generated ones too often: its "
            )
            because += f"forwarding leads over {', '.join(each.name for each in ring)} back to it."
            return Finding(Belief.CONFIRMED, because, (*ring, said), steps, act)
        because = f"Messages to {named(address, 'the recipient')} were generated from generated ones too often: rules, "
        because += "redirections or automatic replies answer each other."
        return Finding(Belief.POSSIBLE, because, (said,), steps, act, weight=1.5)
    because = f"The forwarding of {named(address, 'the recipient')} leads in a circle within the directory."
    return Finding(Belief.CONFIRMED, because, (said,), steps, act)


def _sent_to_itself(said: Said, address: str) -> Finding | None:
    """The server that delivers to the recipient had the message before."""
    if said.signature == _BY_SIEVE and "loop" not in said.text.lower():
        return None
    because = f"The server of {named(address, 'the recipient')} had delivered this message there before: a redirect, a filter or "
    because += "an alias sends it to its own address, or to another that sends it back."
    return Finding(Belief.LIKELY, because, (said,), _steps(address, online=False), "on-prem", weight=1.5)


def _told(told: Told) -> Finding | None:
    """What a person tells makes it possible at most."""
    if told.story != _STORY:
        return None
    because = "Two of them forward to each other, as you tell it: a message goes round until a server refuses it, and neither "
    because += "keeps a copy."
    return Finding(Belief.POSSIBLE, because, (told,), _steps("", online=False), weight=1.8)


def _counted_out(entry: Tracked, tracked: Iterable[Tracked]) -> Finding | None:
    """The tracking log of an inbox rule that met its own mark: the message ends there, without a report."""
    if entry.event.upper() != "THROTTLE" or entry.origin.upper() != _RULES:
        return None
    moved = {each for row in tracked if row.origin.upper() == _RULES for each in row.recipients}
    among = " and ".join(f"`{each}`" for each in sorted(moved)[:3])
    because = f"An inbox rule was stopped because the message had been through one already{': ' + among if among else ''}. Rules "
    because += (
        "send it from one mailbox to the next, and perhaps back: Exchange cuts that off, without a report to anybody."
    )
    return Finding(Belief.LIKELY, because, (entry,), _steps(next(iter(entry.recipients), ""), False), "exchange-online")


@shown
def traces(printed: tuple[Tracked | Configured, ...], stories: tuple[Told, ...]) -> Finding | None:
    """What the tracking log shows of a message that circles: whether rules and forwarding pass it on, or servers do. Rules of
    mailboxes say the same where it was told that each sends to the other."""
    tracked = [each for each in printed if isinstance(each, Tracked)]
    counted = next((each for each in tracked if _LOOP.search(each.status)), None)
    moved = {address for each in tracked if _passes_on(each) for address in each.recipients}
    told = next((each for each in stories if each.story == _STORY), None)
    by_rules = _by_rules(_to_several(each for each in printed if isinstance(each, Configured)), told)
    if by_rules:
        return by_rules
    if len(moved) > 1 and (counted or told):
        among = " and ".join(f"`{each}`" for each in sorted(moved)[:3])
        because = f"Within this server the message is passed on to {among} in turn, by rules or forwarding"
        because += ", until it is counted out." if counted else "."
        first = next(each for each in tracked if _passes_on(each))
        return Finding(
            Belief.LIKELY, because, (counted or told, first), _steps(next(iter(first.recipients), ""), False)
        )
    outside = [each for each in tracked if (each.origin.upper(), each.event.upper()) == ("SMTP", "SEND")]
    if not counted or moved or len(outside) < _AGAIN:
        return None
    because = f"The message left by SMTP {len(outside)} times before it was counted out, and no rule or forwarding passed it on: "
    because += "it goes round between servers."
    return Finding(Belief.RULED_OUT, because, (counted, outside[0]))


def _by_rules(rules: tuple[Configured, ...], told: Told | None) -> Finding | None:
    """Rules of two mailboxes that send to each other, as their owners show, or as it was told of them."""
    ways = {(_owner(each), _whom(each).casefold()): each for each in rules}
    pair = next(((ways[way], ways[way[::-1]]) for way in ways if way[::-1] in ways and way[0] != way[1]), None)
    if pair is None and (told is None or len(rules) < 2):
        return None
    met = pair or rules[:2]
    because = f"Rules that are switched on send on to {' and '.join(f'`{_whom(each)[:60]}`' for each in met)}"
    because += ", each of them the owner of the other rule." if pair else "; as you tell it, each of them to the other."
    return Finding(Belief.LIKELY, because, (told, *met), _steps("", online=False))


def _owner(rule: Configured) -> str:
    """The last part of the path to the mailbox that has the rule."""
    return rule.get("MailboxOwnerId").rpartition("/")[2].casefold()


def _to_several(objects: Iterable[Configured]) -> tuple[Configured, ...]:
    """Rules of mailboxes that are in force and send on, one for each whom they send to."""
    rules = [each for each in objects if each.kind == "inbox-rule" and each.flag("Enabled") is not False]
    return tuple({_whom(each).casefold(): each for each in rules if _whom(each)}.values())


def _whom(rule: Configured) -> str:
    """Whom a rule of a mailbox sends to, as it writes the first of them: `"Anna Berg" [EX:/o=…]`."""
    first = next((found for name in _SENDS_ON for found in rule.items(name)), "")
    return first.partition("[")[0].strip(' "')


def _passes_on(entry: Tracked) -> bool:
    """Whether forwarding (REDIRECT) or an inbox rule made the entry."""
    event = entry.event.upper()
    return event == "REDIRECT" or (entry.origin.upper() == _RULES and event in ("RECEIVE", "SUBMIT"))


def _shown(mailbox: Configured, objects: tuple[Configured, ...]) -> Finding | None:
    """Mailboxes whose forwarding was listed and leads round."""
    first = next(iter(_names(mailbox)), "")
    ring = _ring(first, objects) if _target(mailbox) else ()
    if len(ring) < 2 or ring[0] is not mailbox:
        return None
    because = f"The forwarding of {named(first, 'the mailbox')} leads over {len(ring)} mailboxes back to it: "
    because += "mail to any of them circles."
    return Finding(Belief.LIKELY, because, ring, _steps(first if "@" in first else mailbox.name, False), weight=1.0)


def _ring(address: str, objects: Iterable[Configured]) -> tuple[Configured, ...]:
    """The mailboxes whose forwarding leads from the recipient's back to it; empty when the circle isn't shown."""
    owners = {name: each for each in objects for name in _names(each)}
    start = at = owners.get(address)
    way: list[Configured] = []
    while at is not None and at not in way:
        way.append(at)
        at = owners.get(_target(at))
    return tuple(way) if at is not None and at is start else ()


def _names(mailbox: Configured) -> tuple[str, ...]:
    """What a forwarding may call the mailbox: its addresses, and its name."""
    return (*proxies(mailbox), *([mailbox.name.lower()] if mailbox.name and mailbox.kind in _MAILBOXES else []))


def _target(mailbox: Configured) -> str:
    """The address that it forwards to, or the last part of the path to an object (`contoso.com/Users/Anna Berg`)."""
    target = mailbox.get("ForwardingSmtpAddress") or mailbox.get("ForwardingAddress").rpartition("/")[2]
    return target.lower().removeprefix("smtp:")


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
            "Format-List MailboxOwnerId,Name,Enabled,RedirectTo,ForwardTo,ForwardAsAttachmentTo",
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
