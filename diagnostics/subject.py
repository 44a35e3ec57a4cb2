"""What a failure is about: so that two reports of the same failure are known to be one, and two of the same kind are not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from diagnostics.facts import Fact
from diagnostics.report import Report
from diagnostics.seen import failures
from diagnostics.text import short
from diagnostics.verdict import Verdict

# A fault of one mailbox or one message: the domain alone would make strangers' troubles one.
_PERSONAL: Final = ("recipient.", "store.", "content-size.", "quota-throttle.", "policy.", "protocol.content.")
# Front ends that everybody's mail goes through name no tenant and no partner.
_ANYBODYS: Final = ("outlook.com", "office365.com", "microsoft.com", "exchangelabs.com")
_SIDES: Final = ("local", "remote", "unknown")


def subject_of(shown: Sequence[Verdict], facts: Sequence[Fact]) -> str:
    """`connector …`, `recipient …`, `domain …` or `host …`, in lower case; "" where nothing of the kind is named.

    The first suspect's own facts are asked first, then those that lie on the same lines, then everything that failed. Of what
    only reads alike none is asked: other words around the same failure would make it another one.
    """
    shown = [each for each in shown if not each.alike]
    if not shown:
        return ""
    first = [fact for fact in (shown[0].anchor, *shown[0].finding.evidence) if isinstance(fact, Fact)]
    lines = {(fact.source.paste, fact.source.line) for fact in first}
    beside = [fact for fact in facts if (fact.source.paste, fact.source.line) in lines]
    failed = failures(facts)
    if any(verdict.cause.id.startswith(_PERSONAL) for verdict in shown):
        return _first("recipient", _recipients([*first, *beside, *failed]))
    found = (_named(first), _named(beside), _named(failed))
    return next((subject for subject in found if subject), "")


def _named(facts: Sequence[Fact]) -> str:
    return (
        _first("connector", (fact.connector.rpartition("\\")[2] for fact in facts))
        or _first("domain", (str(getattr(fact, "next_hop", "")) for fact in facts))
        or _first("domain", (each.rpartition("@")[2] for each in _recipients(facts)))
        or _first("host", (host for fact in facts for host in (fact.host, str(getattr(fact, "by", "")))))
    )


def _recipients(facts: Iterable[Fact]) -> Iterator[str]:
    return (str(getattr(fact, "recipient", "")) for fact in facts)


def _first(kind: str, values: Iterable[str]) -> str:
    for value in values:
        name = short(value.strip().casefold())
        if name and name not in _SIDES and not (kind == "host" and name.endswith(_ANYBODYS)):
            return f"{kind} {name}"
    return ""


def signature(report: Report) -> str:
    """What two reports of one failure share: its cause, or what is suspected while that isn't sure, and its subject.

    "" for what is too vague to be known again: no failure, or mere suspicions of nothing that is named.
    """
    if report.verdict != "failure" or not report.findings:
        return ""
    top = report.findings[0]
    sure = top.belief != "possible"
    if not report.subject and (not sure or top.cause.startswith(_PERSONAL)):
        return ""
    causes = [top.cause] if sure else sorted(each.cause for each in report.findings if not each.alike)
    return f"{' '.join(causes)} {report.subject}".strip()
