"""A mail flow rule deletes, redirects or quarantines the message, and nobody is told.

## What is happening
A rule's action can end a message's way without a report: delete it without notifying, redirect it to somebody else,
or hand it to the quarantine. The sender believes that it arrived, the recipient never sees it.

## What proves it
- the message's trace shows the event "Transport rule" with such an action, or the tracking log a DROP by the Transport
  Rule Agent
- the message's record in quarantine (Get-QuarantineMessage, or the portal's details) names a mail flow rule

## Not this when
- the log shows DELIVER for that message: it is in the mailbox, maybe moved by an inbox rule
- the list of the rules that delete, redirect or quarantine is empty, or all in it are disabled
- the quarantine entry is of type Malware or file type (`policy.antimalware.blocked`)

## References
- https://learn.microsoft.com/en-us/exchange/policy-and-compliance/mail-flow-rules/actions
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/get-messagetracedetailv2
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.policy.deleting_agent import Deletion, deletion, steps
from diagnostics.causes.policy.quarantine import held_for, look_inside, policy_of, whom
from diagnostics.causes.policy.rules import SILENT, diverting_rules, silently, trace_of
from diagnostics.causes.policy.said import Refusal
from diagnostics.causes.reader import complained
from diagnostics.causes.stories import told_as
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Antispam, Configured, Told, Traced, Tracked
from diagnostics.patterns import linear
from diagnostics.recognisers.nothing_listed import nothing_listed
from diagnostics.report import Act, Shell, Step

DELETED: Final = "deleted by the transport rule"
RULE_EVENTS: Final = ("transport rule", "custom rule")
_DIVERTING: Final = linear(r"(?i)\b(DeleteMessage|Quarantine|RedirectMessage(?:To)?|RedirectTo|DeleteTheMessage)\b")
_NAMED: Final = linear(r"(?i)(?:transport |mail flow )?rule:?\s*['\"]([^'\"]{1,100})['\"]")

_CATCHES_ALL: Final = (
    "Messages that Exchange sends to itself are caught, as you tell it: a mail flow rule without a condition, or with too wide a "
    "one, acts on those as well. Give it an exception for the system's mailboxes."
)


@cause(
    id="policy.transport-rule.silent-action",
    act="exchange-online",
    says=(
        "Message was quarantined by transport rule",
        "quarantined by transport rule",
        "by the transport rules agent",
    ),
)
def assess(
    anchor: Traced | Tracked | Said | Configured | Antispam | Told,
    entries: tuple[Tracked, ...],
    traces: tuple[Traced, ...],
    replies: tuple[Reply, ...],
    objects: tuple[Configured, ...],
) -> Finding | None:
    """The rule's own event proves it; a status of Quarantined alone may be any filter's, a rule that was pasted another's."""
    if isinstance(anchor, Told):
        return told_as("rule-catches-the-system", anchor, _CATCHES_ALL, _steps("", online=True), weight=1.6)
    if isinstance(anchor, Antispam):
        return _marked(anchor)
    if isinstance(anchor, Configured):
        return _held(anchor) or (_written(anchor) if complained(replies, objects) else None)
    if isinstance(anchor, Tracked):
        return _tracked(anchor, entries)
    if isinstance(anchor, Said):
        done, online = ("deleted", False) if DELETED in anchor.text.lower() else ("quarantined", True)
        because = f"The message was {done} by a mail flow rule."
        act: Act = "exchange-online" if online else "on-prem"
        return Finding(Belief.CONFIRMED, because, (anchor,), _steps("", online=online), act)
    if anchor.event.lower() in RULE_EVENTS:
        return _traced(anchor)
    if anchor.event.lower() == "malware":
        because = f"The trace of the message to `{anchor.recipient or 'the recipient'}` has the event Malware: a filter acted."
        return Finding(Belief.RULED_OUT, because, (anchor,))
    if anchor.status.lower() == "quarantined" and not any(each.event for each in traces):
        because = f"The message to `{anchor.recipient or 'the recipient'}` is in quarantine; a mail flow rule can have sent it "
        because += "there. The events of its trace name what did."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(anchor.recipient, online=True), weight=1.2)
    if anchor.status.lower() == "filteredasspam" and not any(each.event for each in traces):
        because = f"The message to `{anchor.recipient or 'the recipient'}` was filed as junk; a mail flow rule can have set its "
        because += "spam confidence level. The events of its trace name one that did."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(anchor.recipient, online=True), weight=1.0)
    return None


@shown
def rules(objects: tuple[Configured, ...]) -> Finding | None:
    """The list of all rules that act so: one in force may be what acted, without one it was something else."""
    acting = next((each for each in objects if silently(each)), None)
    if acting:
        named = f"The mail flow rule '{acting.name}'" if acting.name else "The mail flow rule"
        because = f"{named} {silently(acting)}, and tells nobody: see whether what is missing meets its conditions."
        return Finding(Belief.LIKELY, because, (acting,), _steps("", online=True, rule=acting.name))
    off = [each for each in objects if each.kind == "transport-rule" and all(map(each.told, SILENT))]
    none = nothing_listed(objects, "transport-rule", *SILENT) or next(iter(off), None)
    because = "No rule that deletes, redirects or quarantines is in force."
    return Finding(Belief.RULED_OUT, because, (none,)) if none else None


def _marked(report: Antispam) -> Finding | None:
    """The filter did not judge a message whose spam confidence level (5 and more) it found set."""
    if report.get("SFV").upper() != "SKS":
        return None
    because = "SFV:SKS says that the message was taken for spam before the filter saw it: mostly a mail flow rule set its spam "
    because += "confidence level."
    return Finding(Belief.POSSIBLE, because, (report,), (_marking_rules(), *_steps("", online=True)[1:]), weight=1.9)


def _marking_rules() -> Step:
    return look(
        "List the rules that set the spam confidence level, and see whose conditions the message meets.",
        "Get-TransportRule | Where-Object {{ $_.SetSCL -ne $null }} | Format-List Name,Priority,State,SetSCL,Description",
        "exchange-online-powershell",
    )


def diverted(event: Traced) -> str:
    """The action of a rule that sends a message elsewhere or nowhere, "" when it took none."""
    found = _DIVERTING.search(f"{event.action} {event.detail}")
    return str(found.group(1)) if found else ""


def _written(rule: Configured) -> Finding | None:
    action = silently(rule)
    if not action:
        return None
    named = f"The mail flow rule '{rule.name}'" if rule.name else "The mail flow rule"
    because = f"{named} {action}, and tells nobody: if what is missing meets its conditions, it is this."
    return Finding(Belief.POSSIBLE, because, (rule,), _steps("", online=True, rule=rule.name), weight=1.5)


def _held(record: Configured) -> Finding | None:
    """A message in quarantine whose record says that a rule put it there."""
    reason = held_for(record)
    if reason not in ("rule", "loss"):
        return None
    rule = reason == "rule"
    because = (
        f"The message to {whom(record)} is in quarantine: the {'mail flow' if rule else 'data loss prevention'} rule"
    )
    because += f"{policy_of(record)} put it there, which tells nobody."
    steps = _steps("", online=True, rule=record.get("PolicyName") if rule else "")
    return Finding(
        Belief.CONFIRMED if rule else Belief.LIKELY, because, (record,), steps if rule else (look_inside(record),)
    )


def _traced(event: Traced) -> Finding | None:
    action = diverted(event)
    if not action:
        return None
    rule = _NAMED.search(event.detail)
    named = f"The mail flow rule '{rule.group(1)}'" if rule else "A mail flow rule"
    because = f"{named} took the action {action} on the message, which tells nobody."
    taken = _steps(event.recipient, online=True, rule=str(rule.group(1)) if rule else "")
    return Finding(Belief.CONFIRMED, because, (event,), taken)


def _tracked(entry: Tracked, entries: tuple[Tracked, ...]) -> Finding | None:
    found = deletion(entry, entries)
    if found and not found.agent:
        because = f"An agent deleted the message to {found.whom} without a report; the Transport Rule Agent does that."
        return Finding(Belief.POSSIBLE, because, (entry,), steps(found), "on-prem", weight=1.0)
    deleted = DELETED in entry.status.lower()
    acted = entry.event.upper() in ("DROP", "REDIRECT") and by_rule_agent(entry)
    if entry.event.upper() == "FAIL" and not deleted and not entry.status and by_rule_agent(entry):
        because = "The Transport Rule Agent took the recipient off. A rule that redirects does that as well, and tells nobody; "
        because += "one that rejects sends a report."
        return Finding(Belief.POSSIBLE, because, (entry,), _steps("", online=False), "on-prem", weight=1.0)
    if _taken_off(entry):
        because = (
            "An agent took the recipient off, and its name is not shown: a mail flow rule that deletes or redirects "
        )
        because += "does so, and tells nobody."
        return Finding(Belief.POSSIBLE, because, (entry,), steps(Deletion("", "", (entry,))), "on-prem", weight=0.9)
    if not (deleted or acted):
        return None
    if entry.event.upper() == "DROP" and any(_delivered(each, entry) for each in entries):
        return Finding(Belief.RULED_OUT, "The log shows DELIVER for the same message.", (entry,))
    what = "redirected" if entry.event.upper() == "REDIRECT" else "deleted" if deleted else "dropped"
    because = f"The Transport Rule Agent {what} the message of `{entry.sender or 'this sender'}` to "
    because += f"`{', '.join(entry.recipients) or 'the recipient'}`: a rule's action, which sends no report."
    return Finding(
        Belief.CONFIRMED, because, (entry,), _steps(next(iter(entry.recipients), ""), online=False), "on-prem"
    )


def _taken_off(entry: Tracked) -> bool:
    """Whether an agent took a recipient off, in a listing that has neither its name nor what it answered."""
    unnamed = not (entry.status or entry.context or entry.connector)
    return unnamed and (entry.origin.upper(), entry.event.upper()) == ("AGENT", "FAIL")


def by_rule_agent(entry: Tracked) -> bool:
    """Whether the Transport Rule Agent wrote the entry; rows that were cut have its name in the next column."""
    return "transport rule agent" in f"{entry.context} {entry.connector}".lower()


def _delivered(each: Tracked, dropped: Tracked) -> bool:
    same = each.message_id == dropped.message_id and set(each.recipients) == set(dropped.recipients)
    return each.event.upper() == "DELIVER" and same and bool(each.message_id)


def _steps(recipient: str, *, online: bool, rule: str = "") -> tuple[Step, ...]:
    shell: Shell = "exchange-online-powershell" if online else "exchange-management-shell"
    return (
        diverting_rules(shell),
        trace_of(Refusal(recipient, "", online)),
        change(
            "If the rule is wrong or catches too much: switch it off until its condition is right.",
            "Disable-TransportRule {rule}",
            shell=shell,
            changes="The rule no longer acts on any message. What it deleted stays lost.",
            undo="Enable-TransportRule with the same rule.",
            verify="The same message sent again has the event Deliver.",
            rule=rule,
        ),
    )
