"""Mail flow rules with regular expressions hold messages up in the categorizer.

## What is happening
Conditions and exceptions of the kind "matches these text patterns" are evaluated for every recipient. With long
recipient lists or large bodies the Transport Rule Agent needs minutes for a message; event 1050 of MSExchange
Extensibility says so, and the Submission queue grows. Nothing is lost, it is late.

## What proves it
- event 1050 names the Transport Rule Agent, and rules with …MatchesPatterns exist
- the message's latency shows minutes for `CATRT-Transport Rule Agent`

## Not this when
- event 1050 names another agent, such as an antivirus product (`transport-service.agent.failed`)
- the agent threw an exception or could not be loaded: events 1051 and 1052
- what the agent waits for fails too: the filtering engine, events 4010 and FIPFS 2203
  (`transport-service.antimalware.engine-broken`), or the directory, event 2142 (`transport-service.ad.unavailable`)

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/mailflow/mail-delivery-delay-exchange
- https://technet.microsoft.com/en-us/library/ff983025(v=exchg.141)
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.policy.said import of_kind
from diagnostics.causes.transport_service.ad_unavailable import healthy
from diagnostics.causes.transport_service.services import DEFERRED
from diagnostics.facts import Said, WindowsEvent
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.report import Step

_SLOW: Final = 1050
_ENGINE: Final = ((4010, "messaging policies"), (2203, "fipfs"))
_DIRECTORY: Final = ((2142, "adaccess"), (2142, "adtopology"))
_TOOK: Final = linear(r"(\d{3,9})\s*(?:milliseconds|ms\b|Millisekunden|millisecondes)")


@cause(
    id="policy.transport-rule.expensive-pattern",
    act="on-prem",
    says=DEFERRED,
    against={
        "Unable to reserve MSAM": "is text extraction that fails on a file, whatever the patterns",
    },
)
def assess(
    anchor: WindowsEvent | Configured | Said, settings: tuple[Configured, ...], events: tuple[WindowsEvent, ...]
) -> Finding | None:
    """The event names the agent in every language; the rules tell why it is slow, unless it waited for another."""
    if isinstance(anchor, Configured):
        return _latency(anchor)
    if isinstance(anchor, Said):
        return _deferred(anchor, events)
    event = anchor
    if event.event != _SLOW or "extensibility" not in event.provider.lower():
        return None
    if "transport rule agent" not in event.text.lower():
        because = "Event 1050 names another agent than the Transport Rule Agent."
        return Finding(Belief.RULED_OUT, because, (event,)) if of_kind(settings, "transport-rule") else None
    took = _TOOK.search(event.text)
    because = (
        f"The Transport Rule Agent needed more than {int(took.group(1)) // 1000} s" if took else "Event 1050 says that "
    )
    because += " for one message" if took else "the Transport Rule Agent needed too long for one message"
    awaited = _awaited(events)
    if awaited:
        because += (
            f"; but it waits for what `{awaited.provider}` event {awaited.event} says is failing, so see to that first."
        )
        return Finding(Belief.POSSIBLE, because, (event, awaited), _steps(""), weight=1.0)
    rules = of_kind(settings, "transport-rule")
    pattern = next((each for each in rules if any(_is_pattern(pair) for pair in each.values)), None)
    if pattern:
        because += f", and the rule `{pattern.name or 'pasted'}` matches by regular expressions."
        return Finding(Belief.CONFIRMED, because, (event, pattern), _steps(pattern.name))
    because += "; rules that match by regular expressions are what costs it such time."
    return Finding(Belief.LIKELY, because, (event,), _steps(""))


def _deferred(said: Said, events: tuple[WindowsEvent, ...]) -> Finding:
    """Which agent put the message off, only an event tells."""
    other = next((e for e in events if e.event == _SLOW and "transport rule agent" not in e.text.lower()), None)
    if other:
        return Finding(Belief.RULED_OUT, "Event 1050 names another agent than the Transport Rule Agent.", (other,))
    because = "An agent put the message off: the Transport Rule Agent does that where a rule's pattern takes it too long. Event "
    because += "1050 names the agent."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(""), weight=1.0)


def _latency(spent: Configured) -> Finding | None:
    """What message tracking counts for the rules."""
    if spent.kind != "latency":
        return None
    because = f"Message tracking counts {spent.get('Seconds')} s for the Transport Rule Agent (CATRT) on one message; rules that "
    because += "match by regular expressions are what costs it such time."
    return Finding(Belief.LIKELY, because, (spent,), _steps(""))


def _awaited(events: tuple[WindowsEvent, ...]) -> WindowsEvent | None:
    """The event of a service that the agent asks, the filtering engine or the directory, and that failed."""
    asked = _ENGINE if healthy(events) else _ENGINE + _DIRECTORY
    return next((e for e in events if any(e.event == id_ and name in e.provider.lower() for id_, name in asked)), None)


def _is_pattern(pair: tuple[str, str]) -> bool:
    return pair[0].lower().endswith("matchespatterns") and pair[1] not in ("", "{}")


def _steps(rule: str) -> tuple[Step, ...]:
    return (
        look(
            "List the rules that match by patterns.",
            "Get-TransportRule | Where-Object {{$_.FromAddressMatchesPatterns -or $_.RecipientAddressMatchesPatterns -or "
            "$_.AnyOfRecipientAddressMatchesPatterns -or $_.SubjectOrBodyMatchesPatterns}} | "
            "Format-Table Name,Priority,State",
        ),
        look(
            "See how often the agent was slow, and since when.",
            "Get-WinEvent -FilterHashtable @{{LogName='Application';ProviderName='MSExchange Extensibility';Id=1050}} "
            "-MaxEvents 20 | Format-List TimeCreated,Message",
            "powershell",
        ),
        change(
            "Put a plain condition in place of the pattern: words or a domain.",
            "Set-TransportRule {rule} -RecipientAddressMatchesPatterns $null -RecipientAddressContainsWords {words}",
            changes="The rule's condition; write the old pattern down first. For other conditions the parameter pairs are "
            "named alike (FromAddressMatchesPatterns, FromAddressContainsWords).",
            undo="Set-TransportRule with -RecipientAddressContainsWords $null and the old pattern.",
            verify="No new event 1050, and the Submission queue drains.",
            rule=rule,
            words="",
        ),
    )
