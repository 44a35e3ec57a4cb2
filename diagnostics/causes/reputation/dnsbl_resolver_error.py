"""The receiver takes a block list's error code for a listing, and refuses everybody.

## What is happening
The receiving server asks a block list through a public or overused resolver. The list answers with an error
code instead (127.255.255.254 open resolver, .255 too many queries, .252 misspelt zone), and the server takes
any answer for a listing. The sending address isn't listed; all senders are refused alike.

## What proves it
- the text says `open resolver`, or links to spamhaus.org/returnc, or quotes 127.255.255.x
- through the receiver's resolver, the list answers 127.255.255.x for its test entry 127.0.0.2, too
- the list's own page doesn't list the address
- the log of the own server has the refusals, and they meet all incoming mail since a certain time

## Not this when
- the list answers 127.0.0.x for the address: that is a listing (`reputation.ip.dnsbl-listed`)
- it answers 127.0.0.x for its test entry: then it serves the receiver's resolver
- the same look-up that got 127.255.255.x before now says that the address is not listed

## References
- https://www.spamhaus.org/faqs/dnsbl-usage/
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.connector.heard import heard
from diagnostics.causes.dns.lookups import nonexistent, public_resolver
from diagnostics.causes.recipient.steps import advise
from diagnostics.causes.reputation.addresses import blamed, microsofts, named
from diagnostics.causes.reputation.lists import (
    NAMED,
    everybody_refused,
    found_on_none,
    is_error,
    list_named,
    listed,
    no_answer,
    query_list,
)
from diagnostics.facts import Reply, Said, Session
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step
from diagnostics.seen import by_own_log

_TEST: Final = "127.0.0.2"  # the address that every list answers for (RFC 5782)
_ERRORS: Final = "127.255.255."


@cause(
    id="reputation.dnsbl.resolver-error",
    act="recipient-side",
    says=(
        "open resolver",
        "spamhaus.org/returnc",
        "127.255.255.252",
        "127.255.255.254",
        "127.255.255.255",
        "blocked using",
        *NAMED,
    ),
)
def assess(
    anchor: Said | DnsAnswer | Told,
    answers: tuple[DnsAnswer, ...],
    replies: tuple[Reply, ...],
    sessions: tuple[Session, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """The error code names it; else the list's own answer that the address isn't listed."""
    if isinstance(anchor, Told):
        return _told(anchor)
    if isinstance(anchor, DnsAnswer):
        return _looked_up(anchor, replies)
    said = anchor
    if said.signature in NAMED:
        return _unheard(said)
    ip = blamed(said.text)
    _, zone, _ = list_named(said.text)
    there, answer = listed(ip, zone, answers)
    who = said.by or "The receiving server"
    ours = by_own_log(said) or heard(said, replies, sessions).incoming
    if said.signature == "blocked using":
        everybody = everybody_refused(settings, ours=bool(ours)) if there is None else None
        if everybody:
            because = "Your own server refuses everybody by a block list, as you say, and no list holds everybody: it takes the "
            because += f"list's error, or any answer, for a listing of {named(ip)}."
            return Finding(Belief.LIKELY, because, (said, everybody), _steps(ip), "on-prem", weight=1.5)
        unlisted = found_on_none(settings)
        if there is None and unlisted:
            because = f"{who} says that a list holds {named(ip)}, and you found it on none: the receiver may take an error of "
            because += "its look-up for a listing."
            return Finding(Belief.POSSIBLE, because, (said, unlisted), _steps(ip), weight=1.3)
        if there is None and zone and microsofts(ip):
            because = f"{who} says that a list holds {named(ip)}, an address of Exchange Online, whose addresses get on public "
            because += "lists rarely: the receiver may take an error of its look-up for a listing."
            return Finding(Belief.POSSIBLE, because, (said,), _steps(ip), weight=1.25)
        if there is not False:
            return None
        because = f"{who} says that a list holds {named(ip)}, but the list doesn't now. If it wasn't taken off "
        because += "meanwhile, the receiver's look-up goes wrong."
        return Finding(Belief.POSSIBLE, because, (said, answer), _steps(ip), weight=1.3)
    because = (
        f"{who} asks the block list through a resolver that the list doesn't serve, and takes its error code for a "
    )
    because += f"listing; {named(ip)} is not listed."
    return Finding(Belief.CONFIRMED, because, (said, answer), _steps(ip), "on-prem" if ours else None)


def _unheard(said: Said) -> Finding | None:
    """A look-up that failed: the list may not serve this resolver, which can't be told from one that is down."""
    if not no_answer(said.text) or is_error(said.text):
        return None
    because = "A look-up of the block list failed, which lists nobody. Lists don't answer public resolvers and those that ask "
    because += "too much: if other names resolve, it is that."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(""), "on-prem", weight=1.65)


@shown
def lookups(answers: tuple[DnsAnswer, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """What the list tells the resolver that was asked: of its test entry, which every list has, or of the refused address.
    A public resolver gets the error everywhere, and the server may ask another. What was asked last tells how it is now."""
    refused = {ip for each in replies if each.failing and (ip := blamed(each.whole))}
    for each in sorted(answers, key=lambda each: -each.source.paste):
        ip, zone = each.list_asked
        if not zone or public_resolver(each.server) or (ip != _TEST and refused and ip not in refused):
            continue
        code = next((value for value in each.addresses if value.startswith(_ERRORS)), "")
        if code:
            because = f"{each.server or 'The resolver'} gets {code} from {zone}, which is no listing but a refusal to serve it: "
            because += "who takes any answer for a listing refuses everybody."
            return Finding(Belief.CONFIRMED, because, (each,), _steps(ip if ip != _TEST else ""), weight=1.7)
        if any(value.startswith("127.0.") for value in each.addresses):
            because = f"{zone} answers {each.addresses[0]} for {'its test entry' if ip == _TEST else ip}: it serves this resolver"
            return Finding(Belief.RULED_OUT, because + ("." if ip == _TEST else ", and lists the address."), (each,))
        if nonexistent(each) and ip != _TEST and (before := _unserved(each, answers)):
            because = f"{zone} answers now that {ip} is not listed, where it answered {before.addresses[0]} before: it "
            return Finding(Belief.RULED_OUT, because + "serves this resolver.", (each, before))
    return None


def _unserved(answer: DnsAnswer, answers: tuple[DnsAnswer, ...]) -> DnsAnswer | None:
    """What was asked of the same list through the same resolver before, and got its error code."""
    zone = answer.list_asked[1]
    before = (each for each in answers if each.source.paste < answer.source.paste and each.server == answer.server)
    return next(
        (e for e in before if e.list_asked[1] == zone and any(v.startswith(_ERRORS) for v in e.addresses)), None
    )


def _looked_up(answer: DnsAnswer, replies: tuple[Reply, ...]) -> Finding | None:
    """A look-up with the list's own error code in place of a listing, alone or beside a refusal that speaks of a list."""
    code = next((each for each in answer.addresses if each.startswith(_ERRORS)), "")
    refused = next(
        (r for r in replies if r.failing and ("block list" in r.whole.lower() or "blocked using" in r.whole.lower())),
        None,
    )
    if not code or (replies and refused is None):
        return None
    because = f"{answer.server or 'The resolver'} gets {code} from the block list, which is no listing but its refusal to serve "
    because += "that resolver; a server that asks through it refuses everybody."
    belief = Belief.LIKELY if refused else Belief.POSSIBLE
    return Finding(belief, because, (answer, refused), _steps(""), weight=1.7)


def _told(told: Told) -> Finding | None:
    """A receiver that refuses everybody by a list, which has none of them."""
    if told.story != "list-refuses-everybody":
        return None
    because = "The receiver refuses many senders by a block list on which they are not, since its DNS or place changed, as you "
    because += "tell it: it asks the list through a resolver that the list answers with an error, and takes that for a listing."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(""), weight=1.5)


def _steps(ip: str) -> tuple[Step, ...]:
    return (
        query_list(ip),
        advise("Send the receiver's postmaster the refusal, by another way: every sender meets it."),
        look(
            "Receiver, on the filtering server: this test entry must answer 127.0.0.x. Another answer shows the fault.",
            "Resolve-DnsName '2.0.0.127.zen.spamhaus.org' -Type A",
            "powershell",
        ),
        look(
            "Receiver with Exchange: see which answers count as a listing.",
            "Get-IPBlockListProvider | Format-List Name,LookupDomain,AnyMatch,BitmaskMatch,IPAddressesMatch",
        ),
        change(
            "Receiver: ask the list through an own recursive resolver or its keyed service, and let real listing codes "
            "count only.",
            "Set-IPBlockListProvider {provider} -AnyMatch $false "
            "-IPAddressesMatch 127.0.0.2,127.0.0.3,127.0.0.4,127.0.0.9,127.0.0.10,127.0.0.11",
            changes="Answers in 127.255.255.0/24 no longer refuse mail; listings still do.",
            undo="The same with the values that the step before printed.",
            verify="The sender's message is accepted when it is sent again.",
            provider="",
        ),
    )
