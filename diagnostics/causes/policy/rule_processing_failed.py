"""A mail flow rule could not be evaluated in time, so the message was returned.

## What is happening
A rule that looks into attachments carries the option "Defer the message if rule processing doesn't complete". The
text of a large or odd Word or Excel file can't be extracted in time, the message is deferred again and again, and at
the end it is returned with `554 5.6.0 Invalid message content`. The message itself is sound. Exchange Server says it plainly:
`550 5.7.1 TRA: Policy processing failed: transport rule evaluation timed out.`

## What proves it
- rules exist that inspect attachments with RuleErrorAction Defer, and only messages with such attachments fail

## Not this when
- the message is broken as MIME: a plain one without attachment from the same sender fails too
  (`protocol.mime.corrupt`)
- no rule that is enabled has RuleErrorAction Defer: the list of such rules is empty
- messages are only slow (`policy.transport-rule.expensive-pattern`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/invalid-message-ndr
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.policy.rules import in_force
from diagnostics.causes.policy.said import of_kind, refusal
from diagnostics.causes.stories import told_as
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured, Told
from diagnostics.recognisers.nothing_listed import nothing_listed
from diagnostics.report import Act, Shell, Step

_TIMED_OUT: Final = "Policy processing failed"  # "TRA: Policy processing failed: transport rule evaluation timed out."

_ON_ERROR: Final = "RuleErrorAction"

_READS: Final = (
    "Rules read attachments, and it is messages with large ones that are late or come back, as you tell it: where the text of a "
    "file can't be extracted in time, a rule that defers on failure holds the message up, and at the end returns it."
)


@cause(
    id="policy.transport-rule.processing-failed",
    act="exchange-online",
    says=("554 5.6.0 Invalid message content", _TIMED_OUT),
    against={
        "The execution time of agent 'Transport Rule Agent' exceeded": "is a slow rule; one that fails returns the message",
    },
)
def assess(anchor: Said | Told, replies: tuple[Reply, ...], settings: tuple[Configured, ...]) -> Finding | None:
    """Corrupt content gives the same words: a rule that defers on failure tells them apart."""
    if isinstance(anchor, Told):
        return told_as("attachments-that-a-rule-reads", anchor, _READS, _steps(""), weight=1.5)
    said = anchor
    if "mime exception" in said.text.lower():
        because = "The parser refused the message itself, before any rule looked at it."
        return Finding(Belief.RULED_OUT, because, (said,))
    refused = refusal(said, replies)
    if said.signature == _TIMED_OUT:
        because = f"The agent of the mail flow rules could not finish with the message to {refused.whom} in several attempts, "
        because += "and returned it: a rule that looks into attachments or has costly patterns takes too long for it."
        act: Act = "exchange-online" if refused.online else "on-prem"
        return Finding(Belief.LIKELY, because, (said,), _steps("", refused.shell), act, weight=1.0)
    found = _judged(settings)
    if found:
        return replace(found, evidence=(*found.evidence, said))
    because = f"The message to {refused.whom} was returned as invalid content"
    because += (
        ". If it has a Word or Excel attachment, a rule that inspects attachments and defers on failure does this."
    )
    return Finding(Belief.POSSIBLE, because, (said,), _steps(""), weight=1.6)


@shown
def rules(settings: tuple[Configured, ...]) -> Finding | None:
    """Whether a rule defers what it can't evaluate: few do, and they need not be what failed."""
    return _judged(settings)


def _judged(settings: tuple[Configured, ...]) -> Finding | None:
    actions = [each for each in of_kind(settings, "transport-rule") if each.told(_ON_ERROR)]
    deferring = next((each for each in actions if each.get(_ON_ERROR).lower() == "defer" and in_force(each)), None)
    if deferring:
        because = f"The rule `{deferring.name or 'pasted'}` defers messages that it can't finish to evaluate, and returns them "
        because += "at the end as invalid content."
        return Finding(Belief.LIKELY, because, (deferring,), _steps(deferring.name))
    none = nothing_listed(settings, "transport-rule", _ON_ERROR) or next(iter(actions), None)
    return (
        Finding(Belief.RULED_OUT, f"No rule that was sent has {_ON_ERROR} Defer and is in force.", (none,))
        if none
        else None
    )


def _steps(rule: str, shell: Shell = "exchange-online-powershell") -> tuple[Step, ...]:
    return (
        look(
            "List the rules that defer a message which they can't finish to evaluate.",
            "Get-TransportRule | Where-Object {{$_.RuleErrorAction -eq 'Defer'}} | "
            "Format-List Name,Priority,State,RuleErrorAction,Description",
            shell,
        ),
        change(
            "Let that rule go on when it can't be evaluated.",
            "Set-TransportRule {rule} -RuleErrorAction Ignore",
            shell=shell,
            changes="A message that this rule can't read in time is then delivered unchecked by it. Where the rule guards "
            "confidential content, ask its owner first.",
            undo="Set-TransportRule with the same rule and -RuleErrorAction Defer.",
            verify="The same message with the same attachment is delivered.",
            rule=rule,
        ),
    )
