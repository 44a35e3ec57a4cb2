"""A mail flow rule that adds or redirects recipients met the same message twice.

## What is happening
When such a rule acts, Exchange marks the message (X-MS-Exchange-Transport-Rules-Loop). If the marked message
meets a rule of that kind again, in a second organization, after a forwarding or on its way back, Exchange
refuses it: `Transport rules loop count exceeded and message rejected` (5.7.128 in Exchange Online, 5.7.1
before).

## What proves it
- the reply itself
- rules with RedirectMessageTo, AddToRecipients, CopyTo or BlindCopyTo on more than one side of the way

## Not this when
- the reply carries a reason that somebody wrote: that is an ordinary rejecting rule
- hops were counted (5.4.6, 5.4.14): that is routing

## References
- https://learn.microsoft.com/en-us/exchange/security-and-compliance/mail-flow-rules/mail-flow-rule-actions
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.recipient.lookup import by_microsoft
from diagnostics.causes.routing_loop.addon_service import third
from diagnostics.causes.routing_loop.circle import EXO, domain, recipient, way
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Headers, Hops
from diagnostics.report import Act, Shell, Step

_COUNT = "X-MS-Exchange-Transport-Rules-Loop"


@cause(
    id="routing-loop.transport-rule.loop-count",
    act="on-prem",
    says=("Transport rules loop count exceeded", "5.7.128"),
    against={
        "TRANSPORT.RULES.RejectMessage": "is a rule that rejects; a circle says `loop count exceeded`",
    },
)
def assess(said: Said | Hops | Headers, hops: tuple[Hops, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """The words say it; the number alone nearly does."""
    if isinstance(said, Hops):
        service = third(said, domain(recipient(said, replies))) if way(hops) is said else ""
        because = f"{service} got the message again and again: it left the organization each time."
        return Finding(Belief.RULED_OUT, because, (said,)) if service else None
    if isinstance(said, Headers):
        because = f"`{_COUNT}: 1` is the mark of one redirection, as every redirected message bears it."
        return Finding(Belief.RULED_OUT, because, (said,)) if said.get(_COUNT) == "1" else None
    online = by_microsoft(said) or "5.7.128" in said.text
    who = said.by or ("Exchange Online" if online else "Exchange")
    because = f"{who} refused the message because a rule that adds or redirects recipients met it for the second time."
    act: Act = "exchange-online" if online else "on-prem"
    belief = Belief.CONFIRMED if "loop count" in said.text.lower() else Belief.LIKELY
    return Finding(belief, because, (said,), _steps(online), act, weight=2.0)


def _steps(online: bool) -> tuple[Step, ...]:
    shell: Shell = EXO if online else "exchange-management-shell"
    return (
        look(
            "List the rules that add or redirect recipients; do it in every organization that the message passes.",
            "Get-TransportRule | Where-Object {{ $_.RedirectMessageTo -or $_.AddToRecipients -or $_.CopyTo -or "
            "$_.BlindCopyTo }} | Format-List Name,Priority,State,RedirectMessageTo,AddToRecipients,CopyTo,BlindCopyTo",
            shell,
        ),
        change(
            "Let the second rule pass messages that a rule has already marked.",
            "Set-TransportRule {rule} -ExceptIfHeaderContainsMessageHeader 'X-MS-Exchange-Transport-Rules-Loop' "
            "-ExceptIfHeaderContainsWords {organization}",
            shell=shell,
            changes="The rule no longer acts on messages whose mark names that organization.",
            undo="Set-TransportRule with the former exceptions, which Get-TransportRule printed.",
            verify="The same message is delivered, and the rule still acts on a fresh one.",
            rule="",
            organization="",
        ),
    )
