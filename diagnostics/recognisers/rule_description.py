"""A mail flow rule as Exchange describes it in sentences: `If the message: … Take the following actions: reject the message …`.

Get-TransportRule prints that as Description, the portals show it under headings of their own, and both are pasted without the
properties that a rule has. What it does is read into the properties that Get-TransportRule has for it.
Source: https://learn.microsoft.com/exchange/security-and-compliance/mail-flow-rules/mail-flow-rule-actions
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.complaint import complains
from diagnostics.mail_facts import Configured, Pairs
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at

MISSED: Final = "rule-and-complaint"
"""The kind of the fact that mail fails, as is told beside a rule."""

_IF: Final = r"(?:\bIf the message\s?:|\bApply this rule if\b)"
_DO: Final = r"(?:\bTake the following actions?\s?:|\bDo the following\b)"
_BEGINS = linear(f"(?i){_IF}")
_ACTS = linear(f"(?i){_DO}")
_EXCEPT = linear(r"(?i)\bExcept if\b")
_QUOTE: Final = r"[\"'\x{2018}\x{2019}\x{201c}\x{201d}]"
_REASON = linear(rf"(?i)\bexplanation\W{{0,3}}{_QUOTE}(.{{1,400}}?){_QUOTE}(?:\s+(?:with|and)\b|\s*[.;,]?\s*$)")
_STATUS = linear(r"(?i)\bstatus code(?: of)?\W{0,6}([45]\.\d{1,3}\.\d{1,3})\b")
# What the words of an action mean, as the property that the cmdlets have for it; where there is a group, it is the value.
_SILENT: Final = (
    ("DeleteMessage", linear(r"(?i)\bdelete the message\b")),
    (
        "Quarantine",
        linear(r"(?i)\b(?:deliver|redirect|send)\w* (?:the message|it) to (?:the )?(?:hosted )?quarantine\b"),
    ),
)
_TO: Final = (
    ("RedirectMessageTo", linear(rf"(?i)\bredirect the message to:?\s{{0,2}}{_QUOTE}(.{{1,200}}?){_QUOTE}")),
    ("RouteMessageOutboundConnector", linear(rf"(?i)\bconnector(?: named)?:?\s{{0,2}}{_QUOTE}(.{{1,120}}?){_QUOTE}")),
)
# What a rule writes, or looks for, is none of its actions.
_QUOTED = linear(rf"{_QUOTE}.{{1,400}}?{_QUOTE}(\s|[.;,]|$)")
# "Failed by a rule", as somebody reads it off a trace.
_BY_A_RULE = linear(
    r"(?i)\b(?:fail\w*|reject\w*|block\w*|delet\w*|dropped|stopped|refused|abgelehnt|blockiert|gel.scht|rejet\w*|bloqu\w*"
    r"|rechaz\w*|rifiutat\w*|bloccat\w*|geweigerd|geblokkeerd) (?:by|von|durch|par|por|da|door) (?:\w+ ){0,3}?"
    r"(?:\w*rules?|\w*regeln?|r.gle|regla|regola|regel)\b"
    r"|\b(?:rules?|\w*regel|r.gle|regla|regola) (?:has |have |had |hat |a |ha |heeft )?(?:failed|rejected|blocked|deleted|dropped"
    r"|stopped|refused|abgelehnt|blockiert|gel.scht|rejet\w|bloqu\w|rechazado|rifiutato|bloccato|geweigerd|geblokkeerd)\b"
)
_FROM_OUTSIDE = linear(rf"(?i){_QUOTE}?\b(?:outside the organi[sz]ation|NotInOrganization)\b")
_REJECTS = linear(r"(?i)\breject the message\b")
_PROPERTY = linear(r"^\s{0,24}(Name|State|Mode|SenderAddressLocation)\s*:\s*(\S.{0,200}?)\s*$")
_WITHIN: Final = 12  # lines from one heading to the next, and from a description to its rule's other properties
_LONGEST: Final = 2_000


@recogniser(f"{_IF}", rank=37)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each rule that rejects, deletes or diverts; with the first, whether mail fails, as the person says."""
    lines = [(index, line[:_LONGEST]) for index, line in reading.free()]
    found = [each for at, (_, line) in enumerate(lines) if _BEGINS.search(line) for each in _rule(lines, at)]
    if not found:
        return []
    claimed = {index for claims, _ in found for index in claims}
    facts = [[_configured(reading, claims, values)] for claims, values in found]
    told = "\n".join(_beside(line, claimed=index in claimed) for index, line in lines if not _PROPERTY.search(line))
    if complains(told) or _BY_A_RULE.search(told):
        facts[0].append(Configured(source=facts[0][0].source, kind=MISSED, failing=True))
    return [
        artefact(reading, "transport-rule", claims, each, dict(values))
        for (claims, values), each in zip(found, facts, strict=True)
    ]


def _beside(line: str, *, claimed: bool) -> str:
    """What of a line is a person's own: all of it, or what stands before the description that begins there."""
    if not claimed:
        return line
    begins = _BEGINS.search(line)
    return line[: begins.start()] if begins else ""


def _configured(reading: Reading, claims: Sequence[int], values: Pairs) -> Configured:
    name = next((value for key, value in values if key == "Name"), "")
    return Configured(source=source_at(reading, claims[0]), kind="transport-rule", name=name, values=values)


def _rule(lines: list[tuple[int, str]], at: int) -> Iterator[tuple[list[int], Pairs]]:
    """The lines (0-based) of the description that begins at position `at`, and the properties that it means."""
    near = lines[at : at + _WITHIN]
    start = next((position for position, (_, line) in enumerate(near) if _ACTS.search(line)), -1)
    if start < 0:
        return
    actions, end = _actions(lines, at + start)
    values = _means(actions)
    if values:
        conditions = " ".join(line for _, line in near[: start + 1])
        values += (("FromScope", "NotInOrganization"),) if _FROM_OUTSIDE.search(conditions) else ()
        yield [index for index, _ in lines[at : end + 1]], (*values, *_named(lines, at, end).items())


def _named(lines: list[tuple[int, str]], at: int, end: int) -> dict[str, str]:
    """The rule's other properties: what stands right above its description, and where its name doesn't, right below."""
    above = _properties(line for _, line in reversed(lines[max(0, at - _WITHIN) : at]))
    return above if "Name" in above else _properties(line for _, line in lines[end + 1 : end + 1 + _WITHIN]) | above


def _properties(lines: Iterable[str]) -> dict[str, str]:
    """Up to an empty line behind them, a property that another rule has, or another description."""
    known: dict[str, str] = {}
    for line in lines:
        found = _PROPERTY.search(line)
        if (found and found.group(1) in known) or _BEGINS.search(line) or (known and not line.strip()):
            break
        known |= {found.group(1): found.group(2)} if found else {}
    return known


def _actions(lines: list[tuple[int, str]], at: int) -> tuple[str, int]:
    """The words of the actions, from the heading to the exceptions, an empty line or a property, and the last line's position."""
    told = _ACTS.split(lines[at][1], maxsplit=1)[1]
    end = at
    while not _EXCEPT.search(told) and end + 1 < len(lines) and end < at + _WITHIN:
        line = lines[end + 1][1]
        if _PROPERTY.search(line) or _BEGINS.search(line) or (not line.strip() and _means(told)):
            break
        told, end = f"{told} {line.strip()}", end + 1
    return _EXCEPT.split(told, maxsplit=1)[0].strip(), end


def _means(actions: str) -> Pairs:
    values: list[tuple[str, str]] = []
    bare = _QUOTED.sub(r"''\1", actions)
    if _REJECTS.search(bare):
        reason, status = _REASON.search(actions), _STATUS.search(actions)
        values.append(("RejectMessageReasonText", str(reason.group(1)) if reason else "(not told)"))
        values += [("RejectMessageEnhancedStatusCode", str(status.group(1)))] if status else []
    values += [(name, "True") for name, pattern in _SILENT if pattern.search(bare)]
    values += [(name, str(found.group(1))) for name, pattern in _TO if (found := pattern.search(actions))]
    return tuple(values)
