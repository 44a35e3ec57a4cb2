"""What an active check found: its record in a case, or the JSON that `mailflow check --json` printed.

A record is one JSON object a line, the check first, then its attempts; a report is one JSON document.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec import DecodeError
from msgspec.json import encode as to_json

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, Source
from diagnostics.looked_facts import Checked, DnsAnswer, TlsProbe
from diagnostics.recognisers import Reading, recogniser
from diagnostics.text import encodable

_MOST_ATTEMPTS: Final = 400
_LONGEST: Final = 400_000
_VERIFY: Final = {
    "cert_expired": 10,
    "cert_not_yet_valid": 9,
    "cert_self_signed": 18,
    "cert_untrusted": 20,
    "cert_incomplete_chain": 20,
    "cert_name_mismatch": 62,
}


@recogniser(r'^\s*\{\s*"(?:mailflow_check|target)"\s*:', rank=5)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each check."""
    found = []
    for first, last, head, rows in _documents(reading):
        facts = [fact for line, row in rows[:_MOST_ATTEMPTS] for fact in _facts(row, line, reading.paste.index)]
        if facts:
            shown = {"target": encodable(str(head))[:300], "attempts": len(rows)}
            found.append(Artefact("check", first + 1, last + 1, tuple(facts), shown, reading.paste.index))
    return found


_Rows = list[tuple[int, dict[str, Any]]]


def _documents(reading: Reading) -> Iterator[tuple[int, int, str, _Rows]]:
    lines = reading.free()
    at = 0
    while at < len(lines):
        number, text = lines[at]
        at += 1
        if text.lstrip().startswith('{"mailflow_check"'):
            rows: _Rows = []
            last = number
            while at < len(lines) and (row := _object(lines[at][1])) is not None:
                last = lines[at][0]
                rows.append((last, row))
                at += 1
            head = _object(text)
            if head is not None:
                yield number, last, str(head.get("mailflow_check")), rows
        elif text.strip().startswith("{"):
            document, last = _document(lines[at - 1 :])
            attempts = document.get("attempts") if document else None
            if document and isinstance(attempts, list):
                yield number, last, str(document.get("target")), [(number, a) for a in attempts if isinstance(a, dict)]
                while at < len(lines) and lines[at][0] <= last:
                    at += 1


def _object(text: str) -> dict[str, Any] | None:
    if not text.lstrip().startswith("{") or len(text) > _LONGEST:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _document(lines: Sequence[tuple[int, str]]) -> tuple[dict[str, Any] | None, int]:
    """The JSON object that begins in the first line, and the line in which it ends."""
    text = "\n".join(line for _, line in lines)[:_LONGEST]
    try:
        value, end = json.JSONDecoder().raw_decode(text.lstrip())
    except (ValueError, RecursionError):
        return None, -1
    taken = text.lstrip()[:end].count("\n")
    return (value if isinstance(value, dict) else None), lines[min(taken, len(lines) - 1)][0]


def _facts(row: dict[str, Any], line: int, paste: int) -> Iterator[Fact]:
    """What an attempt saw. One that could not look says nothing, and neither does one that is no attempt."""
    from diagnostics.checks.model import Attempt  # a paste that holds no check needs none of it
    from diagnostics.checks.outcomes import meanings, placed, sentence

    try:
        attempt = Attempt.model_validate_json(to_json(row))
    except (DecodeError, UnicodeEncodeError, RecursionError):  # escapes can spell half a character
        return
    if attempt.status != "done":
        return
    named = str(attempt.facts.get("host") or "")[:255].lower()
    host = named or (attempt.subject.rpartition(":")[0] or attempt.subject)[:255].lower()
    details = attempt.facts.get("details")
    said = details if isinstance(details, dict) else {}
    for outcome in attempt.outcomes:
        if meanings()[outcome].severity == "note":
            continue
        detail = str(said.get(outcome, ""))[:300]
        source = Source(line + 1, sentence(outcome, placed(attempt.subject[:255], named), detail), paste)
        yield Checked(
            source=source, check=attempt.check, subject=attempt.subject[:255], outcome=outcome, detail=detail, host=host
        )
    source = Source(line + 1, f"{attempt.check} of {attempt.subject[:255]}", paste)
    if not attempt.outcomes:
        yield Checked(source=source, check=attempt.check, subject=attempt.subject[:255], host=host)
    yield from _known(attempt.check, attempt.outcomes, attempt.facts, source, host)


def _known(check: str, outcomes: Sequence[str], facts: dict[str, Any], source: Source, host: str) -> Iterator[Fact]:
    """The facts that other artefacts state as well, so that causes need not know where they come from."""
    if check == "starttls" and facts.get("protocol"):
        verify = next((_VERIFY[each] for each in outcomes if each in _VERIFY), 0)
        sent = _inner(facts, "chain").get("sent")
        held = _inner(facts, "certificate")
        yield TlsProbe(
            source=source,
            host=host,
            verify=verify,
            chain=len(sent) if isinstance(sent, list) else 0,
            protocol=str(facts["protocol"])[:40],
            subject=str(held.get("subject", ""))[:400],
            issuer=str(held.get("issuer", ""))[:400],
        )
    if check == "mx":
        ok = not set(outcomes) & {"dns_nxdomain", "dns_servfail", "dns_timeout"}
        error = "Non-existent domain" if "dns_nxdomain" in outcomes else "" if ok else "no answer"
        yield DnsAnswer(
            source=source, host=host, name=host, ok=ok, error=error, server=str(facts.get("server", ""))[:60]
        )


def _inner(facts: dict[str, Any], key: str) -> dict[str, Any]:
    value = facts.get(key)
    return value if isinstance(value, dict) else {}
