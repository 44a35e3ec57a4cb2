"""Certificates that change, and certificates that come to their end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from diagnostics.checks.outcomes import steps_for
from diagnostics.watching.connectors import naming
from diagnostics.watching.model import Certificate, Change, Memory, Shown, Warned
from diagnostics.watching.snapshot import Snapshot

DAYS: Final = (30, 14, 7, 3, 1)
"""Before its end a certificate is told of this many days ahead, each once."""
_MOST: Final = 8  # certificates of one host that are kept: servers behind one name may each have their own
_GRAVE: Final = 7  # days; mail is about to fail
_LISTED: Final = 3
_LATE: Final = timedelta(minutes=1)


class Certificates(Struct, frozen=True):
    memory: Memory
    changes: tuple[Change, ...]


def judge(before: Memory, seen: Snapshot, now: datetime, forget: timedelta, *, first: bool = False) -> Certificates:
    """What the certificates that are shown now change. On the `first` look they are kept, and nothing is told."""
    ended = {
        thumbprint for thumbprint, each in before.warned.items() if not each.over and _left(thumbprint, before, seen)
    }
    changes = [*_replaced(before, seen, now - forget), *map(_over, sorted(ended))]
    in_mind = {each.certificate.thumbprint for shown in before.certificates.values() for each in shown}
    warned = {
        thumbprint: each.model_copy(update={"over": each.over or thumbprint in ended})
        for thumbprint, each in before.warned.items()
        if thumbprint in in_mind
    }
    for thumbprint, days in _nearest(seen, now).items():
        if thumbprint not in warned or days < warned[thumbprint].days:
            changes.append(_expiring(thumbprint, seen, now))
            warned[thumbprint] = Warned(days=days)
    kept = dict(before.certificates) | {
        host: _kept(before.certificates.get(host, ()), shown, now, forget) for host, shown in seen.certificates.items()
    }
    memory = before.model_copy(update={"certificates": kept, "warned": warned})
    return Certificates(memory, () if first else tuple(changes))


def moments(memory: Memory) -> Iterator[datetime]:
    """When there will be something to tell of the certificates that hosts show."""
    for shown in memory.certificates.values():
        for each in shown:
            if each.at == shown[-1].at:
                yield from (each.certificate.ends - timedelta(days=days) + _LATE for days in (*DAYS, 0))


def _kept(before: Sequence[Shown], shown: Sequence[Certificate], now: datetime, forget: timedelta) -> tuple[Shown, ...]:
    """A certificate that comes back within the time is no news: several servers may take turns behind one name."""
    here = {each.thumbprint for each in shown}
    others = [each for each in before if each.certificate.thumbprint not in here and now - each.at < forget]
    return (*others, *(Shown(certificate=each, at=now) for each in shown))[-_MOST:]


def _replaced(before: Memory, seen: Snapshot, since: datetime) -> Iterator[Change]:
    """A certificate that a host did not show `since`, nor at the last look. One for several hosts is told once."""
    fresh: dict[str, tuple[Certificate, Certificate, list[str]]] = {}
    for host, shown in seen.certificates.items():
        kept = before.certificates.get(host, ())
        known = [each.certificate for each in kept]
        thumbprints = {each.certificate.thumbprint for each in kept if each.at > since or each.at == kept[-1].at}
        here = {each.thumbprint for each in shown}
        old = next((each for each in reversed(known) if each.thumbprint not in here), known[-1] if known else None)
        for each in shown:
            if old and each.thumbprint not in thumbprints:
                fresh.setdefault(each.thumbprint, (old, each, []))[2].append(host)
    for thumbprint, (old, new, hosts) in fresh.items():
        dane = bool(seen.records.get(f"dane {hosts[0]}:25"))
        yield Change(
            kind="certificate",
            key=f"certificate {thumbprint}",
            severity="degraded",
            says=f"{_listed(hosts)} {_verb(hosts)} another certificate",
            before=(str(old),),
            after=(str(new),),
            steps=naming(old, new, hosts[0], dane=dane),
        )


def _left(thumbprint: str, before: Memory, seen: Snapshot) -> bool:
    """Whether no host shows the certificate any more, and all that did show others now."""
    if any(each.thumbprint == thumbprint for shown in seen.certificates.values() for each in shown):
        return False
    return all(
        host in seen.certificates and ("starttls", host) in seen.looked
        for host, shown in before.certificates.items()
        if any(each.certificate.thumbprint == thumbprint for each in shown)
    )


def _over(thumbprint: str) -> Change:
    says = f"Over: the certificate {thumbprint} that was about to end is no longer shown"
    return Change(kind="over", key=f"expiring {thumbprint}", severity="note", says=says)


def _nearest(seen: Snapshot, now: datetime) -> dict[str, int]:
    """By thumbprint the threshold that a certificate has come to; none for those that have time, or ended."""
    found: dict[str, int] = {}
    for shown in seen.certificates.values():
        for each in shown:
            reached = [days for days in DAYS if now < each.ends <= now + timedelta(days=days)]
            if reached:
                found[each.thumbprint] = min(reached)
    return found


def _expiring(thumbprint: str, seen: Snapshot, now: datetime) -> Change:
    hosts = [host for host, shown in seen.certificates.items() if thumbprint in {each.thumbprint for each in shown}]
    held = next(each for each in seen.certificates[hosts[0]] if each.thumbprint == thumbprint)
    left = held.ends - now
    what = f"The certificate of {_listed(hosts)} ends"
    if held.link:
        what = f'The intermediate certificate "{held.link}" of {_listed(hosts)} ends'
    return Change(
        kind="expiring",
        key=f"expiring {thumbprint}",
        severity="failing" if left <= timedelta(days=_GRAVE) else "degraded",
        says=f"{what} {_when(left)}, on {held.ends:%Y-%m-%d at %H:%M} UTC",
        after=(str(held),),
        steps=steps_for("cert_expiring_soon", hosts[0]),
    )


def _when(left: timedelta) -> str:
    days = round(left / timedelta(days=1))
    return "within a day" if left <= timedelta(days=1) else f"in {days} day{'s' if days > 1 else ''}"


def _listed(hosts: Sequence[str]) -> str:
    more = f" and {len(hosts) - _LISTED} more" if len(hosts) > _LISTED else ""
    return ", ".join(hosts[:_LISTED]) + more


def _verb(hosts: Sequence[str]) -> str:
    return "shows" if len(hosts) == 1 else "show"
