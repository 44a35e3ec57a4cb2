"""A mail flow rule can't be saved, because it, or all regular expressions together, are too large.

## What is happening
A single mail flow rule of Exchange Online may have 8 KB (8,192 characters, 4,096 in earlier years), and all words and
regular expressions of all rules together 20 KB; 300 rules are the most. A rule that would be larger isn't saved, with
the numbers in the error. The rule that was there before stays as it was.

## What proves it
- `The rule can't be created because it is too large. It has … characters and the maximum number of characters is
  8192.`

## Not this when
- the rule is saved and does something else than was meant (`policy.transport-rule.silent-action`)
- mail waits because rules take long (`policy.transport-rule.expensive-pattern`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/transport-rule-not-created-because-too-large
- https://learn.microsoft.com/en-us/office365/servicedescriptions/exchange-online-service-description/exchange-online-limits
- https://techcommunity.microsoft.com/t5/exchange-team-blog/finding-transport-rule-size/ba-p/3210395
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.recipient.steps import EXO
from diagnostics.facts import Said
from diagnostics.patterns import linear
from diagnostics.report import Step

_WORDS: Final = (
    "rule cannot be created because it is too large",
    "rule can't be created because it is too large",
    "rule can't be created because it's too large",
    "rule can’t be created because it is too large",
    "rule can't be updated because it is too large",
    "Regel kann nicht erstellt werden, da sie zu groß ist",
    "Regel kann nicht erstellt werden, weil sie zu groß ist",
    "règle ne peut pas être créée, car elle est trop volumineuse",
    "règle ne peut pas être créée car elle est trop volumineuse",
    "no se puede crear la regla porque es demasiado grande",
    "Impossibile creare la regola perché è troppo grande",
    "Nie można utworzyć reguły, ponieważ jest ona zbyt duża",
    "Pravidlo nelze vytvořit, protože je příliš velké",
)
_SIZE: Final = linear(r"(\d[\d.,]{2,8})\D{4,60}?\b(8[.,]?192|4[.,]?096)\b")


@cause(id="policy.transport-rule.size-limit", act="exchange-online", says=_WORDS)
def assess(said: Said) -> Finding | None:
    """One sentence, one meaning; its numbers say by how much."""
    found = _SIZE.search(said.text)
    size = f" It has {found.group(1)} characters, and {found.group(2)} are the most." if found else ""
    because = f"The mail flow rule was not saved, because it is too large.{size}"
    return Finding(Belief.CONFIRMED, because, (said,), _steps())


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See how large the rules are, and how much of it are words and regular expressions.",
            "Get-TransportRule | Format-Table Name,State,Size,RegexSize",
            EXO,
        ),
        change(
            "Make two rules of it, each with a part of its values; or name a group in the condition "
            "in place of single addresses.",
            "",
            shell="portal",
            changes="Two rules do what the one was to do; mind that both have its exceptions and "
            "stand in the right order.",
            undo="Remove the second rule, and set the first as it was.",
            verify="Get-TransportRule shows both, each below 8,192, and a test message meets the one that is meant.",
        ),
    )
