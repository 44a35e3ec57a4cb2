"""Forwarded mail left through Exchange Online's relay pool, whose addresses the receiver doesn't accept.

## What is happening
A message that comes from outside, isn't authenticated (SPF, DKIM) on arrival and is forwarded or relayed out
again, leaves through the relay pool: addresses that are not in Microsoft's published list. A gateway that only
takes mail from the published ones answers that relaying is denied, which Exchange Online reports as
`550 5.7.367 Remote server returned not permitted to relay`.

## What proves it
- the trace names RegularRelayOutboundPool; the message is a forward

## Not this when
- the trace names another pool
- a user wrote the message and sent it directly (the first hop in the bounce says `mapi`): then the receiving server
  doesn't know the domain (`recipient.accepted-domain.missing`) or the MX record leads astray

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/forwarded-message-rejected-5-7-367-ndr
- https://learn.microsoft.com/en-us/defender-office-365/outbound-spam-high-risk-delivery-pool-about
"""

from __future__ import annotations

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.lookup import address
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.causes.reputation.addresses import pool_of
from diagnostics.causes.reputation.pool_high_risk_delivery import POOL
from diagnostics.causes.sender_auth.results import refused
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Authentication, Configured, Hops, Traced
from diagnostics.report import Step


@cause(
    id="reputation.pool.relay",
    act="exchange-online",
    says=("5.7.367", "RegularRelayOutboundPool", "RelayOutboundPool"),
    against={
        "does not allow external forwarding": "stops the forwarded copy before it is sent, from whatever pool",
    },
)
def assess(
    anchor: Said | Reply | Hops | Configured,
    _event: Traced | None,
    traced: tuple[Traced, ...],
    replies: tuple[Reply, ...],
    results: tuple[Authentication, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """The pool's name proves it, a redirection comes close to it; 5.7.367 alone can also be a wrong destination."""
    if isinstance(anchor, Configured):
        return _told(anchor)
    if isinstance(anchor, Hops):
        return _passed(anchor, results)
    if isinstance(anchor, Reply):
        return _named(anchor)
    return _denied(anchor, traced, replies, settings)


@shown
def traces(traced: tuple[Traced, ...]) -> Finding | None:
    """The pool that the last event of the message names."""
    event = next((each for each in reversed(traced) if each.get(POOL)), None)
    return _by_pool(event) if event else None


def _by_pool(event: Traced) -> Finding:
    if "relay" not in event.get(POOL).lower():
        because = f"The trace names the pool {event.get(POOL)}, not the relay pool."
        return Finding(Belief.RULED_OUT, because, (event,))
    because = f"The message left through {event.get(POOL)}, which Exchange Online uses for forwarded mail that wasn't "
    because += "authenticated when it came in."
    return Finding(Belief.CONFIRMED, because, (event,), _steps(event.recipient))


def _passed(way: Hops, results: tuple[Authentication, ...]) -> Finding | None:
    """The Received header of the receiver names the server of the pool."""
    failed = next((each for each in reversed(results) if refused(each)), None)
    hop = next((hop for hop in way.hops if pool_of(f"{hop.sender} {hop.ip} {hop.about}") == "relay"), None)
    if hop is None or failed is None or not failed.failing:
        return None
    because = (
        f"The message came by {hop.ip or hop.sender}, the relay pool of Exchange Online for forwarded mail that wasn't "
    )
    because += (
        "authenticated when it came in. No SPF record lists that pool, so the receiver finds the sender unauthentic."
    )
    return Finding(Belief.LIKELY, because, (way, failed), _steps(""), weight=1.5)


def _told(told: Configured) -> Finding | None:
    if told.kind != "told-relay-pool":
        return None
    because = "That server is of Exchange Online's relay pool, for forwarded mail that wasn't authenticated. It is in "
    because += "no SPF record, and not among the ranges that Microsoft publishes for firewalls."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(""), weight=1.9)


def _named(reply: Reply) -> Finding | None:
    if not reply.failing or pool_of(reply.whole) != "relay":
        return None
    because = "The refused address is of Exchange Online's relay pool, for forwarded mail that wasn't authenticated when it came "
    because += "in. The pool is in no SPF record, and adding it there would help nobody."
    return Finding(Belief.LIKELY, because, (reply,), _steps(reply.recipient), weight=1.5)


def _denied(
    said: Said, traced: tuple[Traced, ...], replies: tuple[Reply, ...], settings: tuple[Configured, ...]
) -> Finding:
    wanted = address(said, replies)
    event = next((each for each in reversed(traced) if each.get(POOL)), None)
    if event:
        return replace(_by_pool(event), evidence=(event, said), steps=_steps(wanted))
    if has(said, "relayoutboundpool"):
        because = "The message left through the relay pool, which Exchange Online uses for forwarded mail that wasn't "
        because += "authenticated when it came in."
        return Finding(Belief.CONFIRMED, because, (said,), _steps(wanted))
    forwarded = next((each for each in traced if each.event.lower() == "redirect"), None)
    if forwarded:
        because = (
            "The receiver says that relaying is denied, and the trace shows that the message was forwarded: it left "
        )
        because += "through the relay pool, whose addresses are not in Microsoft's published list."
        return Finding(Belief.LIKELY, because, (said, forwarded), _steps(wanted), weight=1.7)
    own = next((each for each in settings if each.kind == "first-hop"), None)
    if own:
        because = "A mailbox of the organization handed the message in (its first hop is `mapi`), and its own "
        because += "mail does not leave through the relay pool."
        return Finding(Belief.RULED_OUT, because, (own, said))
    because = (
        "The receiver says that relaying is denied. If the message was forwarded, it left through the relay pool, "
    )
    because += "whose addresses are not in Microsoft's published list."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(wanted), weight=1.7)


def _steps(recipient: str) -> tuple[Step, ...]:
    return (
        look(
            "See which pool it left through (OutboundIpPoolName), and whether an earlier event shows a forward.",
            "Get-MessageTraceDetailV2 -MessageTraceId {message_trace_id} -RecipientAddress {recipient} | "
            "Format-List Date,Event,Detail,Data",
            EXO,
            message_trace_id="",
            recipient=recipient,
        ),
        look(
            "If mail reaches the tenant through a gateway of yours, see whether its connector skips the gateway's address.",
            "Get-InboundConnector | Format-List Name,SenderIPAddresses,EFSkipLastIP,EFSkipIPs",
            EXO,
        ),
        change(
            "If it doesn't, let the filter look behind the gateway: SPF of the original sender then passes.",
            "Set-InboundConnector {connector} -EFSkipLastIP $true",
            shell=EXO,
            changes="The filter judges mail of this connector by the address before the gateway.",
            undo="The same with $false.",
            verify="The trace of a new forwarded message names another pool, and it is delivered.",
            connector="",
        ),
        advise(
            "Else stop the forward, or ask the receiver to accept Exchange Online by certificate instead of by address."
        ),
    )
