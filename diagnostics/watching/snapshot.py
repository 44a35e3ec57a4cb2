"""A check's report → what is compared with the look before: faults, records, certificates, and where was looked at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from diagnostics.checks.model import Attempt, CheckReport
from diagnostics.checks.outcomes import meanings, placed, sentence
from diagnostics.watching.model import Certificate, Fault

_BY_DATE: Final = "cert_expiring_soon"  # told by the days that are left, not as a fault
_LISTED: Final = "dnsbl_listed"
_MOST: Final = 20  # records of one kind
_ANSWERS: Final = ("clean", "listed")


class Snapshot(Struct, frozen=True):
    """`looked` holds (check, place): of a place that isn't in it nothing is known, neither good nor bad."""

    looked: frozenset[tuple[str, str]]
    faults: Mapping[str, Fault]
    records: Mapping[str, tuple[str, ...]]
    certificates: Mapping[str, tuple[Certificate, ...]]


def snapshot(report: CheckReport) -> Snapshot:
    """What a check came to. Facts of another version are left out; nothing is raised."""
    certificates: dict[str, dict[str, Certificate]] = {}
    for attempt in report.attempts:
        if (certificate := _certificate(attempt)) is not None:
            certificates.setdefault(_place(attempt), {})[certificate.thumbprint] = certificate
    return Snapshot(
        looked=frozenset(_looked(report)),
        faults={f"{each.check} {each.outcome} {each.place}": each for a in report.attempts for each in _faults(a)},
        records={key: value for a in report.attempts if a.status == "done" for key, value in _records(a)},
        certificates={place: tuple(found.values()) for place, found in certificates.items()},
    )


def _place(attempt: Attempt) -> str:
    """The host where its name is known: it may have several addresses, and other ones the next time."""
    return str(attempt.facts.get("host") or attempt.subject)


def _looked(report: CheckReport) -> Iterator[tuple[str, str]]:
    """A host counts as looked at when each of its addresses was. What follows a session is missing where there was none."""
    made = Counter((each.check, _place(each)) for each in report.attempts)
    done = Counter((each.check, _place(each)) for each in report.attempts if each.status == "done")
    for (check, place), count in done.items():
        if count == made[check, place] and (check != "starttls" or count >= made["smtp", place]):
            yield check, place
    for attempt in report.attempts:
        if attempt.check == "dnsbl":
            yield from (("dnsbl", f"{attempt.subject} on {zone}") for zone, _ in _zones(attempt, _ANSWERS))


def _zones(attempt: Attempt, states: tuple[str, ...]) -> list[tuple[str, dict[str, Any]]]:
    zones = attempt.facts.get("zones")
    found = zones.items() if isinstance(zones, dict) else ()
    return [(zone, told) for zone, told in found if isinstance(told, dict) and told.get("state") in states]


def _faults(attempt: Attempt) -> Iterator[Fault]:
    if attempt.status != "done":
        return
    details = attempt.facts.get("details")
    said = details if isinstance(details, dict) else {}
    where = placed(attempt.subject, str(attempt.facts.get("host") or ""))
    for outcome in attempt.outcomes:
        severity = meanings()[outcome].severity
        if severity == "note" or outcome == _BY_DATE:
            continue
        places = [(_place(attempt), str(said.get(outcome, "")))]
        if outcome == _LISTED:
            places = [(f"{attempt.subject} on {zone}", zone) for zone, _ in _zones(attempt, ("listed",))]
        for place, detail in places:
            yield Fault(
                check=attempt.check,
                place=place,
                outcome=outcome,
                severity=severity,
                says=sentence(outcome, where, detail),
                subject=str(attempt.facts.get("host") or attempt.subject),
            )


def _records(attempt: Attempt) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What is published, where this look saw all of it."""
    facts = attempt.facts
    if attempt.check == "mx" and isinstance(facts.get("hosts"), list):
        found = [f"{each.get('preference')} {each.get('host')}" for each in facts["hosts"] if isinstance(each, dict)]
        yield f"mx {attempt.subject}", tuple(sorted(found)[:_MOST])
    elif attempt.check in ("spf", "dmarc"):
        record = str(facts.get("record") or "")
        yield f"{attempt.check} {attempt.subject}", (record,) if record else ()
    elif attempt.check == "mta-sts" and (not facts.get("id") or "mode" in facts):
        published = (f"id {facts['id']}", f"mode {facts['mode']}") if facts.get("id") else ()
        yield f"mta-sts {attempt.subject}", published
    elif attempt.check == "dane" and isinstance(facts.get("records"), list):
        found = [
            " ".join(str(each.get(part)) for part in ("usage", "selector", "matching", "data"))
            for each in facts["records"]
            if isinstance(each, dict)
        ]
        yield f"dane {attempt.subject}", tuple(sorted(found)[:_MOST])


def _certificate(attempt: Attempt) -> Certificate | None:
    """The certificate that a look at STARTTLS was shown; None where there was none, or one that can't be read."""
    held = attempt.facts.get("certificate")
    if attempt.check != "starttls" or not isinstance(held, dict):
        return None
    try:
        ends, link = _ends(str(held["not_after"]), attempt.facts.get("chain"))
        return Certificate(
            thumbprint=str(held["thumbprint"]),
            issuer=str(held["issuer"]),
            subject=str(held["subject"]),
            name=str(held.get("tls_certificate_name") or ""),
            names=tuple(map(str, held["names"])),
            ends=ends,
            link=link,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _ends(own: str, chain: Any) -> tuple[datetime, str]:
    """When the first of the chain ends, and its name if it is an intermediate. A root's own end is not looked at."""
    built = chain.get("built") if isinstance(chain, dict) else None
    ends, link = datetime.fromisoformat(own), ""
    for each in built[1:] if isinstance(built, list) else ():
        if each.get("not_after") and each["subject"] != each["issuer"]:
            until = datetime.fromisoformat(str(each["not_after"]))
            ends, link = (until, str(each["subject"])) if until < ends else (ends, link)
    return ends, link
