"""Forwarding breaks the authentication of mail that was authentic.

## What is happening
A mailbox or list sends a message on to another provider. The forwarder's address is in no SPF record of the original
domain, and a list that adds a footer breaks the DKIM signature too. The original passed; the copy fails DMARC, and the
original domain's policy makes the receiver refuse it. The original sender can do nothing but sign with DKIM.

## What proves it
- a Return-Path, or sender in a log, that is rewritten (SRS), Resent-From or List-Id; a bounce that says of the failed
  address "expanded from" (Postfix) or "generated from" (Exim) another one; or results of an earlier receiver
  (Authentication-Results-Original, ARC) that passed, beside final ones that fail
- the table of hops in Exchange Online's bounce: a server outside brought the message, and another system refused it
- SPF fails for mail of unrelated domains at one and the same foreign address, or the message bears seals (ARC) of more servers
  than the last one
- direct mail of the same sender to the same provider arrives

## Not this when
- the message came straight from its sender (`sender-auth.dmarc.unaligned`)
- the detour is the receiver's own gateway (`sender-auth.spf.gateway-evaluated`)
- the same header says compauth=pass: then nothing is wrong

## References
- https://learn.microsoft.com/en-us/defender-office-365/email-authentication-arc-configure
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
- https://www.rfc-editor.org/rfc/rfc7960
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.network.providers import has_mailboxes, of_provider
from diagnostics.causes.network.reach import kind_of
from diagnostics.causes.reputation.pool_high_risk_delivery import POOL
from diagnostics.causes.sender_auth.results import (
    SPF_FAILED,
    aligned,
    another_sender,
    detour,
    dkim_words,
    domain_in,
    elsewhere,
    name_of,
    named,
    record_settles,
    refused,
    rewritten,
    sealed,
    signed_by_another,
    told_forward,
    way_of,
)
from diagnostics.causes.stories import told_as
from diagnostics.facts import Fact, Said
from diagnostics.mail_facts import Addressed, Authentication, Configured, Headers, Hops, Told, Traced, Tracked
from diagnostics.patterns import linear
from diagnostics.refusals import topics
from diagnostics.report import Act, Step

_NAMES: Final = ("DMARC", "sender is unauthenticated", "mail is unauthenticated")
# Gmail's results beside its demand: no DMARC policy asked for the refusal, and what failed can have failed by a forward.
_NEITHER: Final = linear(
    r"(?i)\bdkim = did not pass\b.{0,30}\bspf \[[^\[\]]{1,253}\] with ip: \[[^\[\]]{1,45}\] = did not pass"
)

# Refusals that say nothing of DMARC: only where the message is known to have been sent on.
_IF_SENT_ON = (
    "5.7.26",
    "either SPF or DKIM",
    "both SPF and DKIM",
    "5.7.9 Message not accepted for policy reasons",
    "message does not pass authentication checks",
    "domain's DMARC policy",
    "does not pass DMARC verification",
)
# Refusals for SPF: it breaks at every forward that keeps the sender's address in MAIL FROM.
_STRICT = (
    "What a list or a forward hands on is refused where its author's domain is strict, and arrives from others, as you tell it: "
    "SPF fails for the new sender, a changed message breaks DKIM, and then DMARC of the author's domain refuses it."
)
_ITSELF = "Unless the forwarding server itself wrote it: then its own record lacks the address that it sends from."
_SPF = ("5.7.23", "SPF")


@cause(
    id="sender-auth.dmarc.forwarding-broken",
    act="recipient-side",
    says=(
        "5.7.509",
        "Unauthenticated email from",
        "ARC validation failure",
        "DMARC",
        "sender is unauthenticated",
        "mail is unauthenticated",
        *_IF_SENT_ON,
        *_SPF,
    ),
    against={
        "5.7.367": "is about the relay pool of forwarded mail; no receiver judged DMARC",
    },
)
def assess(
    anchor: Said | Authentication | Configured | Told,
    others: tuple[Authentication, ...],
    headers: tuple[Headers, ...],
    settings: tuple[Configured, ...],
    moves: tuple[Tracked, ...],
    traces: tuple[Traced, ...],
    addressed: tuple[Addressed, ...],
    _way: Hops | None,
) -> Finding | None:
    """The detour has to be seen: without it, the same words mean a failure at the origin."""
    if isinstance(anchor, Told):
        return told_as("posts-of-strict-domains", anchor, _STRICT, _steps(), weight=1.5)
    if isinstance(anchor, Configured):
        return None if others else _told(anchor)
    if isinstance(anchor, Said):
        way = way_of(anchor, headers, settings, moves, traces, addressed)
        own = way is None and any(each.redirected for each in addressed)
        found = None if own else _said(anchor, way, settings)
        known = way is not None or rewritten(anchor.text) or record_settles(anchor.text)
        return replace(found, complete=known) if found else None
    if not refused(anchor):
        return None
    way = detour(headers, settings, moves, traces, addressed)
    if "fail" not in (anchor.dmarc, anchor.compauth):
        return _by_address(anchor, others, headers)
    if any("relay" in each.get(POOL).lower() for each in traces):
        return None  # what was judged here is how the message came in, before it was sent on
    earlier = elsewhere(anchor, others)
    domain = name_of(anchor.header_from or anchor.mail_from)
    if way:
        where = anchor.sender_ip or "its address"
        because = f"Mail of {named(domain, 'the sender domain')} was sent on by a forwarder or list, "
        because += f"from {where}, and fails there"
        because += "; an earlier receiver had found it authentic." if earlier else "."
        if way is told_forward(settings) and not earlier:
            # What is told does not say whether these results are from before the forward, or from behind it.
            return Finding(Belief.POSSIBLE, because, (anchor, way), _steps(), _act(way, _judged(anchor), settings), 1.9)
        belief = Belief.CONFIRMED if earlier else Belief.LIKELY
        return Finding(belief, because, (anchor, earlier, way), _steps(), _act(way, _judged(anchor), settings))
    if earlier is None:
        return _by_address(anchor, others, headers)
    because = f"An earlier receiver found the mail of {named(domain, 'the sender domain')} authentic, "
    because += "the last one doesn't: a forwarder lies between, or a "
    because += "gateway of the receiver."
    return Finding(Belief.POSSIBLE, because, (anchor, earlier), _steps(), weight=1.7)


def _by_address(
    results: Authentication, others: tuple[Authentication, ...], headers: tuple[Headers, ...]
) -> Finding | None:
    """No header tells of a forward: then whose mail comes from the judged address may, whose signature it bears, or that another
    server had sealed it."""
    if has_mailboxes(name_of(results.header_from)) and not aligned(results.header_d, results.header_from):
        because = (
            f"`{name_of(results.header_from)}` signs what its users send through it, and no such signature is left: "
        )
        because += "something between passed the message on and changed it, or it was never sent through the provider."
        return Finding(Belief.POSSIBLE, because, (results,), _steps(), weight=1.9)
    if signed_by_another(results):
        because = f"The envelope is still of `{name_of(results.mail_from)}`, and what signed the message is "
        because += f"`{name_of(results.header_d)}`: a server of somebody else's, such as a forwarder's, which keeps the sender."
        return Finding(Belief.POSSIBLE, because, (results,), _steps(), weight=1.2)
    if results.spf not in SPF_FAILED or kind_of(results.sender_ip) == "internal":
        return None
    if _changed_on_the_way(results, headers):
        because = (
            f"`{name_of(results.header_d)}` itself had signed the message, which was changed since, and comes from "
        )
        because += f"{results.sender_ip or 'an address'} that is none of its servers: something between passed it on."
        return Finding(Belief.POSSIBLE, because, (results,), _steps(), weight=1.95)
    domain = name_of(results.mail_from or results.header_from)
    other, seals = another_sender(results, others), sealed(results, headers)
    if other:
        because = f"Mail of `{domain}` and of `{name_of(other.mail_from or other.header_from)}` came from {results.sender_ip}, "
        because += (
            "which neither lists (SPF): that is a server that passes mail of others on, a forwarder's if it isn't "
        )
        because += "a gateway of the receiver's own."
        because += " Another server had sealed it before (ARC)." if seals else ""
        return Finding(Belief.POSSIBLE, because, (results, other), _steps(), weight=2.1)
    if not seals:
        return None
    because = "The seals (ARC) tell that another server had taken the message before, and SPF was judged for what came after it"
    because += f", {results.sender_ip}." if results.sender_ip else "."
    return Finding(Belief.POSSIBLE, because, (results,), _steps(), weight=1.95)


def _changed_on_the_way(results: Authentication, headers: tuple[Headers, ...]) -> bool:
    """The domain's own signature is there and its body hash fails, from where SPF does not hold: both break at a forward."""
    own = aligned(results.header_d, results.mail_from or results.header_from)
    return own and results.dkim == "fail" and "body" in dkim_words(results, headers)


def _told(told: Configured) -> Finding | None:
    """That SPF fails is told without the address that was judged."""
    if told.kind != "told-spf-failed" or told.name:
        return None
    because = "SPF fails, as you say. If the address that was judged is none of the sender's, a forwarder on the receiving side "
    because += "passed the message on, and no record of the sender's can list it."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(), weight=0.9)


def _said(said: Said, way: Fact | None, settings: tuple[Configured, ...]) -> Finding | None:
    if "compauth=pass" in said.text.lower() or (said.signature == "DMARC" and "dmarc" not in topics(said)):
        return None
    domain = domain_in(said.text)
    if said.signature in (*_IF_SENT_ON, *_SPF) and isinstance(way, Addressed):
        return _expanded(said, domain, way, settings)
    if way is None and said.signature not in _SPF and _NEITHER.search(said.text):
        because = f"Neither SPF nor DKIM passes for {named(domain, 'the sender')} at this receiver; a forward or list that the "
        because += "message came by breaks both, where it changed the text."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.1)
    if way is None and said.signature in _IF_SENT_ON and has_mailboxes(domain):
        because = (
            f"Nothing makes mail of `{domain}` authentic at this receiver, and that provider signs what its users send "
        )
        because += "through it: something between passed it on, or it was never sent through the provider."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.7)
    if said.signature in _SPF or (said.signature in _IF_SENT_ON and way is None):
        return None
    because = f"Mail of {named(domain, 'the From domain')} fails DMARC at this receiver"
    if way or rewritten(said.text):
        because += ", and it was forwarded to it: the original can have been authentic."
        if isinstance(way, Configured) and way.kind == "came-in":
            return _brought(said, domain, way)
        if _own_hand(said, way, domain):
            return Finding(Belief.POSSIBLE, f"{because} {_ITSELF}", (said, way), _steps(), weight=1.1)
        return Finding(Belief.LIKELY, because, (said, way), _steps(), _act_on(said, way, settings), weight=1.1)
    if said.signature in _NAMES:
        return None
    because += "; if the failing address gets it by a forward or a list, the original can be authentic all the same."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.1)


def _brought(said: Said, domain: str, came: Configured) -> Finding:
    """By the bounce's own table of hops. A provider's server is surely none that relays through Exchange Online."""
    because = f"{came.name} brought the message to Exchange Online, which sent it on to {said.by}: by a forward, or as one of "
    because += (
        f"two systems that share the recipient's domain. SPF of {named(domain, 'the sender')} can't pass there, nor "
    )
    because += "DKIM where the message was changed: the original can have been authentic."
    if of_provider(came.name):
        return Finding(Belief.LIKELY, because, (said, came), _steps(), "exchange-online", weight=1.1)
    because += f" Unless {came.name} is the sender's own server, and relays through Exchange Online."
    return Finding(Belief.POSSIBLE, because, (said, came), _steps(), "exchange-online", weight=1.6)


def _expanded(said: Said, domain: str, way: Addressed, settings: tuple[Configured, ...]) -> Finding | None:
    """The bounce itself tells what the failed address was made from: whoever did that handed the message on."""
    about = topics(said)
    if said.signature in _SPF and ("spf" not in about or "spf-record" in about or way.rewritten):
        return None
    first = next(iter(way.recipients), "")
    because = (
        f"The envelope sender is rewritten (SRS), so `{way.by}` sent the message on, and SPF is judged for that name: "
        if way.rewritten
        else f"The message was written to {named(first, 'another address')}, which forwards to the address that refused it: "
    )
    because += (
        f"the forwarding server is in no SPF record of {named(domain, 'the sender')}, and the original can have been "
    )
    because += "authentic."
    if _own_hand(said, way, domain):
        act = _act_on(said, way, settings)
        return Finding(Belief.POSSIBLE, f"{because} {_ITSELF}", (said, way), _steps(), act, weight=1.2)
    return Finding(Belief.LIKELY, because, (said, way), _steps(), _act_on(said, way, settings), weight=1.2)


def _own_hand(said: Said, way: Fact | None, domain: str) -> bool:
    """Whether the message may be of the very server whose log this is: an alias leads on what root or a program wrote, too, and
    the judged domain is not told. A bounce went to whoever wrote it."""
    alias = isinstance(way, Addressed) and not (way.told or way.rewritten)
    return alias and said.kind == "log" and "." not in domain


def _judged(results: Authentication) -> str:
    """What tells the address that was judged; a masked one stands in the header alone."""
    return results.sender_ip or results.source.quote


def _act(way: Fact | None, text: str, settings: tuple[Configured, ...]) -> Act | None:
    """Who forwards has to change it; that is the reader where they say so, or that the refused address is theirs."""
    theirs = any(each.kind == "own-address" and each.name in text for each in settings)
    return "on-prem" if theirs or (isinstance(way, Configured) and way.flag("Own")) else None


def _act_on(said: Said, way: Fact | None, settings: tuple[Configured, ...]) -> Act | None:
    """A log that shows how the message was sent on is the forwarder's own."""
    return "on-prem" if said.kind == "log" and isinstance(way, Addressed) else _act(way, said.text, settings)


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "On the forwarding side, see whether the mailbox forwards, and where to.",
            "Get-Mailbox {mailbox} | Format-List ForwardingSmtpAddress,ForwardingAddress,DeliverToMailboxAndForward",
            "exchange-online-powershell",
            mailbox="",
        ),
        look(
            "Let the sender write to the final address directly: if that arrives, the forward is the cause.",
            "",
            "portal",
        ),
        change(
            "Deliver to a mailbox instead of forwarding, or let the final mailbox fetch it. Where a forward must stay, the "
            "forwarder should rewrite the envelope sender (SRS), leave signed parts of the message alone, and seal with ARC; a "
            "list puts its own address into From.",
            "",
            shell="portal",
            changes="Where the mail of that recipient ends up; it no longer passes through a second provider.",
            undo="Set the forward again.",
            verify="The next message of that sender is in the mailbox.",
        ),
    )
