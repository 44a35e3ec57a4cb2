"""Memory and snapshot → what to tell. Each state is told once when it begins and once when it is over.

One look proves little: names are cached, servers restart, lines break. So a fault, its end and another record are told when
two looks in a row saw them, and the second look is made soon; what comes and goes has to stay away longer each time. A
certificate that was shown is certain. Where could not be looked, everything stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from diagnostics.checks.outcomes import steps_for
from diagnostics.watching import certificates
from diagnostics.watching.model import Change, Fault, Kept, Known, Memory
from diagnostics.watching.snapshot import Snapshot

SOON: Final = timedelta(minutes=3)
FORGET: Final = timedelta(days=30)
"""After this time without a look at it, a place or a certificate is no longer kept in mind."""
_CLEAN: Final = 2  # looks in a row after which a fault is over
_MOST_CLEAN: Final = 16
_ORDER: Final = ("unreachable", "failing", "degraded", "note")
_NAMES: Final = {
    "mx": "MX records",
    "spf": "SPF record",
    "dmarc": "DMARC record",
    "mta-sts": "MTA-STS policy",
    "dane": "TLSA records",
}
_PUBLISHED_FOR_MAIL: Final = ("mx", "mta-sts", "dane")


class Judgement(Struct, frozen=True):
    """`changes`, the gravest first. `again`: something was seen that a second look has to show soon."""

    memory: Memory
    changes: tuple[Change, ...]
    again: bool


def judge(before: Memory | None, seen: Snapshot, now: datetime) -> Judgement:
    """What has changed. The first look (`before` None) is what later ones are compared with, so it changes nothing."""
    if before is None:
        faults = {key: Known(fault=fault, stage="told", at=now) for key, fault in seen.faults.items()}
        records = {key: Kept(value=value) for key, value in seen.records.items()}
        memory = Memory(faults=faults, records=records)
        return Judgement(certificates.judge(memory, seen, now, FORGET, first=True).memory, (), again=False)
    faults, told, again_faults = _faults(before, seen, now)
    records, published, again_records = _records(before, seen)
    memory = before.model_copy(update={"faults": faults, "records": records})
    memory, left = _without_removed(memory, published)
    shown = certificates.judge(memory, seen, now, FORGET)
    changes = [*told, *published, *left, *shown.changes]
    again = again_faults or again_records
    return Judgement(shown.memory, tuple(sorted(changes, key=lambda each: _ORDER.index(each.severity))), again)


def next_look(memory: Memory, now: datetime, every: timedelta, *, again: bool) -> datetime:
    """When to look next: after `every`, or sooner where a second look is due or a certificate comes nearer to its end."""
    soonest = min(every, SOON) if again else every
    return min([now + soonest, *(moment for moment in certificates.moments(memory) if moment > now)])


def _faults(before: Memory, seen: Snapshot, now: datetime) -> tuple[dict[str, Known], list[Change], bool]:
    kept: dict[str, Known] = {}
    changes: list[Change] = []
    again = False
    for key in sorted({*before.faults, *seen.faults}):
        known = before.faults.get(key)
        if fault := seen.faults.get(key):
            kept[key] = _still(known, fault, now)
            again |= kept[key].stage == "seen"
            if kept[key].stage == "told" and (known is None or known.stage != "told"):
                changes.append(_began(key, fault))
        elif known and (known.fault.check, known.fault.place) not in seen.looked:
            if now - known.at < FORGET:
                kept[key] = known
        elif known and known.stage == "told":
            kept[key] = _away(known, now)
            again |= kept[key].clean == 1 and not known.times
            if kept[key].stage == "over":
                changes.append(over(key, f"Over: {known.fault.says}"))
        elif known and known.times and now - known.at < FORGET:
            kept[key] = known.model_copy(update={"stage": "over"})
    return kept, changes, again


def _still(known: Known | None, fault: Fault, now: datetime) -> Known:
    """A fault that is there: told when it is sure, or was there in the look before."""
    times = known.times if known else 0
    told = (fault.sure and not times) or (known is not None and known.stage != "over")
    return Known(fault=fault, stage="told" if told else "seen", at=now, times=times)


def _away(known: Known, now: datetime) -> Known:
    """A fault that was told and isn't there. What has gone before, and came back, has to stay away for longer."""
    clean = known.clean + 1
    if clean < min(_CLEAN << known.times, _MOST_CLEAN):
        return known.model_copy(update={"clean": clean, "at": now})
    return Known(fault=known.fault, stage="over", at=now, times=known.times + 1)


def _began(key: str, fault: Fault) -> Change:
    steps = steps_for(fault.outcome, fault.subject)
    return Change(kind="fault", key=key, severity=fault.severity, says=fault.says, steps=steps)


def over(key: str, says: str) -> Change:
    """The end of what was told as `key`."""
    return Change(kind="over", key=key, severity="note", says=says)


def _records(before: Memory, seen: Snapshot) -> tuple[dict[str, Kept], list[Change], bool]:
    kept = dict(before.records)
    changes: list[Change] = []
    again = False
    for key, value in seen.records.items():
        known = before.records.get(key)
        if known is None or value == known.value:
            kept[key] = Kept(value=value)
        elif value == known.other:
            kept[key] = Kept(value=value)
            changes.append(_published(key, known.value, value))
        else:
            kept[key] = Kept(value=known.value, other=value)
            again = True
    return kept, changes, again


def _published(key: str, before: tuple[str, ...], after: tuple[str, ...]) -> Change:
    kind, _, place = key.partition(" ")
    verb = "were removed" if before and not after else "are new" if after and not before else "changed"
    if not _NAMES[kind].endswith("s"):
        verb = {"were removed": "was removed", "are new": "is new"}.get(verb, verb)
    return Change(
        kind="record",
        key=f"record {key}",
        severity="degraded" if kind in _PUBLISHED_FOR_MAIL else "note",
        says=f"The {_NAMES[kind]} of {place} {verb}",
        before=before,
        after=after,
    )


def _without_removed(memory: Memory, published: Iterable[Change]) -> tuple[Memory, list[Change]]:
    """A host that is no mail server any more is no longer looked at, so what was told of it is over."""
    gone = {
        line.partition(" ")[2]
        for change in published
        if change.key.startswith("record mx ")
        for line in {*change.before} - {*change.after}
        if line.partition(" ")[2] not in {after.partition(" ")[2] for after in change.after}
    }
    left = {key: known for key, known in memory.faults.items() if known.fault.place in gone}
    ended = [
        over(key, f"Over: {known.fault.place} is no longer a mail server. {known.fault.says}")
        for key, known in left.items()
        if known.stage == "told"
    ]
    kept = {
        "faults": {key: known for key, known in memory.faults.items() if key not in left},
        "records": {key: record for key, record in memory.records.items() if key.partition(" ")[2][:-3] not in gone},
        "certificates": {host: shown for host, shown in memory.certificates.items() if host not in gone},
    }
    return memory.model_copy(update=kept), ended
