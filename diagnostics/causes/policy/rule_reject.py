"""A mail flow rule rejected the message.

## What is happening
A mail flow (transport) rule or a data loss prevention policy with a reject action matched. The refusal carries the
token `TRANSPORT.RULES.RejectMessage`, the rule's own text, or a custom number from 5.7.900 to 5.7.999; Exchange's
default wording for it is "Delivery not authorized, message refused". The rule belongs to the organization whose server
wrote the report: the sender's own, or the recipient's.

## What proves it
- the message's trace or tracking entry names the Transport Rule Agent and the rule
- the refusal has the explanation that one of the organization's rules gives (its Description, RejectMessageReasonText)

## Not this when
- the tracking or the trace has no rule event for the message, and names the server that refused
- the list of the organization's rules that reject is empty, and the report is its own
- an accept list of the recipient refused (`policy.restriction.sender-not-allowed`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-5-7-1-in-exchange-online
- https://learn.microsoft.com/en-us/exchange/policy-and-compliance/mail-flow-rules/actions
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, shown
from diagnostics.causes.policy.rule_silent_action import DELETED, RULE_EVENTS, by_rule_agent
from diagnostics.causes.policy.rules import (
    REJECTING,
    except_sender,
    look_at_header,
    rejecting_rules,
    rejects,
    takes_for_outside,
    trace_of,
)
from diagnostics.causes.policy.said import Refusal, refusal
from diagnostics.causes.reader import complained
from diagnostics.causes.recipient.lookup import is_microsoft
from diagnostics.causes.recipient.steps import EXO
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured, Told, Traced, Tracked
from diagnostics.patterns import linear
from diagnostics.recognisers.nothing_listed import nothing_listed
from diagnostics.report import Act
from diagnostics.text import squeezed

_OWN_WORDS: Final = 12  # characters of a rule's explanation that no refusal has by chance
_REFUSED: Final = linear(r"\b5(?:\d\d|\.\d{1,3}\.\d{1,3})\b")
_BY_RULE: Final = "transport.rules.rejectmessage"
_CUSTOM: Final = linear(r"^5\.7\.9\d\d$")

# Exchange Online's report in plain words, which names the tenant whose rule it was.
_NOTICE: Final = "custom mail flow rule created by an admin at"
# What an administrator wrote into a rule, by the noun in it.
_RULE_TEXT: Final = ("by company rule", "by company rules", "company rule", "by corporate rule", "by corporate rules")
_TENANT: Final = linear(r"(?i)created by an admin at ([a-z0-9-]{1,63})\.")


@cause(
    id="policy.transport-rule.reject",
    act="on-prem",
    says=("TRANSPORT.RULES.RejectMessage", "Delivery not authorized, message refused", _NOTICE, *_RULE_TEXT),
    against={
        "Transport rules loop count exceeded": "counts how often rules sent the message round; no rule rejected it",
    },
)
def assess(
    anchor: Said | Reply | Tracked | Traced | Configured | Told,
    replies: tuple[Reply, ...],
    objects: tuple[Configured, ...],
    entries: tuple[Tracked, ...],
) -> Finding | None:
    """The token and the agent's own entry prove it; a custom number is given by nothing else in Exchange."""
    if isinstance(anchor, Configured):
        return _written(anchor, replies, objects) if rejects(anchor) else None
    if isinstance(anchor, Tracked):
        return _tracked(anchor, entries)
    if isinstance(anchor, Traced):
        return _traced(anchor)
    if isinstance(anchor, Reply):
        return _numbered(anchor)
    return _told(anchor) if isinstance(anchor, Told) else _said(anchor, replies, objects)


@shown
def refused_elsewhere(
    replies: tuple[Reply, ...], traces: tuple[Traced, ...], objects: tuple[Configured, ...]
) -> Finding | None:
    """A trace in which no rule acted, and the next server refused; or no rule of the organization that rejects."""
    ours = any(each.event.lower() in RULE_EVENTS or _BY_RULE in each.detail.lower() for each in traces)
    theirs = [
        each for each in replies if each.kind == "trace" and each.failing and each.host and not is_microsoft(each.host)
    ]
    if theirs and not ours:
        because = (
            f"The message's trace has no rule event: `{theirs[-1].host}` refused it, a server that it was handed on to."
        )
        return Finding(Belief.RULED_OUT, because, (theirs[-1],))
    none = nothing_listed(objects, "transport-rule", *REJECTING)
    if none and not any(_BY_RULE in each.whole.lower() for each in replies):
        return Finding(Belief.RULED_OUT, "The organization has no rule that rejects.", (none,))
    return None


def _told(told: Told) -> Finding | None:
    """What the own server refuses for its words, and takes without them."""
    if told.story != "refused-for-its-words":
        return None
    because = "Your own server refuses the message, and takes the same without certain words, as you tell it: a mail flow rule "
    because += "looks for them."
    return Finding(Belief.POSSIBLE, because, (told,), (rejecting_rules("exchange-management-shell"),), weight=1.6)


def _said(anchor: Said, replies: tuple[Reply, ...], objects: tuple[Configured, ...]) -> Finding | None:
    """The token of a rule, or words that an administrator gave one."""
    if "loop count" in anchor.text.lower():
        return None  # no rule's wish: the rules have forwarded the message in a circle
    if anchor.signature == _NOTICE:
        return _noticed(anchor, replies)
    refused = refusal(anchor, replies)
    steps = (rejecting_rules(refused.shell), trace_of(refused), except_sender(refused.shell))
    if anchor.signature in _RULE_TEXT:
        because = "The refusal calls its reason a rule of a company: if a server of yours gave it, one of your mail flow rules "
        because += "has these words; else the rule is the recipient's."
        return Finding(Belief.POSSIBLE, because, (anchor,), steps, refused.act, weight=1.0)
    proven = "RejectMessage" in anchor.signature
    none = next((each for each in objects if each.kind == "told-rules"), None)
    act: Act = "recipient-side" if refused.away or none else refused.act
    because = f"{refused.where} refused the message to {refused.whom} by a mail flow rule of its organization"
    because += "." if proven else ": these are Exchange's default words for a rule's rejection."
    if none:
        because += (
            " As you have no rules, it is the recipient's: their administrators have to change it or except the sender."
        )
    belief = Belief.CONFIRMED if proven else Belief.POSSIBLE
    return Finding(belief, because, (anchor,), steps, act, weight=1.6)


def _noticed(said: Said, replies: tuple[Reply, ...]) -> Finding:
    """Whose rule it was, the tenant's name tells, where it resembles the recipient's domain."""
    refused = refusal(said, replies)
    named = _TENANT.search(said.text)
    tenant = str(named.group(1)).lower() if named else ""
    label = refused.recipient.rpartition("@")[2].lower().partition(".")[0]
    theirs = bool(label and tenant) and (tenant.startswith(label) or label.startswith(tenant))
    because = (
        f"A mail flow rule of `{tenant or 'a tenant'}` rejected the message to {refused.whom}, says Exchange Online."
    )
    steps = (rejecting_rules("exchange-online-powershell"), except_sender("exchange-online-powershell"))
    return Finding(
        Belief.CONFIRMED, because, (said,), steps, "recipient-side" if theirs else "exchange-online", weight=1.6
    )


def _tracked(entry: Tracked, entries: tuple[Tracked, ...]) -> Finding | None:
    """A rule that redirects takes the recipient off in the same way: a status or a report tells that it was a refusal."""
    if entry.event.upper() != "FAIL" or not by_rule_agent(entry) or DELETED in entry.status.lower():
        return None
    because = (
        f"The Transport Rule Agent of this organization rejected the message of `{entry.sender or 'this sender'}`."
    )
    shell: Final = "exchange-management-shell"
    reported = bool(_REFUSED.search(entry.status)) or any(each.event.upper() == "DSN" for each in entries)
    belief = Belief.CONFIRMED if reported else Belief.LIKELY
    return Finding(belief, because, (entry,), (rejecting_rules(shell), except_sender(shell)), weight=1.7)


def _traced(event: Traced) -> Finding | None:
    if event.event.lower() not in RULE_EVENTS or "reject" not in f"{event.action} {event.detail}".lower():
        return None
    because = f"A mail flow rule of this organization rejected the message ({event.detail[:160] or event.action})."
    shell: Final = "exchange-online-powershell"
    steps = (rejecting_rules(shell), except_sender(shell))
    return Finding(Belief.CONFIRMED, because, (event,), steps, "exchange-online", weight=1.7)


def _written(rule: Configured, replies: tuple[Reply, ...], objects: tuple[Configured, ...]) -> Finding | None:
    """A rule that was pasted: its own words in the refusal all but prove it, a complaint alone makes it a suspect."""
    reason = squeezed(rule.get("RejectMessageReasonText")).lower()
    named = f"The mail flow rule '{rule.name}'" if rule.name else "The mail flow rule"
    steps = (rejecting_rules(EXO), trace_of(Refusal("", "", online=True)), except_sender(EXO))
    same = next(
        (r for r in replies if r.failing and len(reason) >= _OWN_WORDS and reason in squeezed(r.whole).lower()), None
    )
    if same:
        because = (
            f"{named} rejects with the words that stand in the refusal: `{rule.get('RejectMessageReasonText')[:120]}`."
        )
        return Finding(Belief.LIKELY, because, (rule, same), steps, "exchange-online", weight=1.8)
    if not complained(replies, objects):
        return None
    because = (
        f"{named} rejects what meets its conditions: if the message's trace says that a rule failed it, it may be this."
    )
    if not takes_for_outside(rule):
        return Finding(Belief.POSSIBLE, because, (rule,), steps, "exchange-online", weight=1.5)
    because += " It looks at the envelope alone, where automatic replies have no sender, and so has them for mail from outside."
    return Finding(Belief.POSSIBLE, because, (rule,), (look_at_header(), *steps), "exchange-online", weight=1.5)


def _numbered(reply: Reply) -> Finding | None:
    if not _CUSTOM.search(reply.enhanced):
        return None
    said = Said(source=reply.source, signature=reply.enhanced, text=reply.whole, by=reply.by)
    refused = refusal(said, (reply,))
    because = (
        f"{refused.where} rejected the message to {refused.whom} with {reply.enhanced}, a number that an administrator "
    )
    because += "gave to a mail flow rule."
    steps = (rejecting_rules(refused.shell), trace_of(refused), except_sender(refused.shell))
    act: Act = "recipient-side" if refused.away else refused.act
    return Finding(Belief.LIKELY, because, (reply,), steps, act, weight=1.2)
