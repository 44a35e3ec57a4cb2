"""The control experiment in a log: a failing and a succeeding session of the same connector, compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from diagnostics.facts import Fact, Session, SessionChange, Stage


def changes_of(facts: Iterable[Fact]) -> Iterator[SessionChange]:
    """One comparison for each connector that both failed and succeeded."""
    by_connector: dict[tuple[str, str], list[Session]] = defaultdict(list)
    for fact in facts:
        if isinstance(fact, Session):
            by_connector[(fact.direction, fact.connector.casefold())].append(fact)
    for sessions in by_connector.values():
        failed = [each for each in sessions if each.failed]
        succeeded = [each for each in sessions if not each.failed and each.stage >= Stage.SECURED]
        if failed and succeeded:
            last = max(failed, key=_when)
            yield _compared(last, max(succeeded, key=lambda each: (not elsewhere(last, each), _when(each))))


def _when(session: Session) -> tuple[int, str, int]:
    """What is pasted later happened later, unless the times of one paste say otherwise."""
    return (session.source.paste, session.began, session.source.line)


def _compared(failed: Session, succeeded: Session) -> SessionChange:
    cured = _cured(failed, succeeded)
    before, after = (failed, succeeded) if cured else (succeeded, failed)
    return SessionChange(
        source=succeeded.source,
        connector=failed.connector or succeeded.connector,
        host=failed.host or succeeded.host,
        failed=failed,
        succeeded=succeeded,
        cured=cured,
        differences=tuple(differences(before, after)),
    )


def _cured(failed: Session, succeeded: Session) -> bool:
    if elsewhere(failed, succeeded):
        return False
    if failed.began and succeeded.began:
        return succeeded.began > failed.began
    return _when(succeeded) > _when(failed)


def elsewhere(one: Session, other: Session) -> bool:
    """Whether two servers of the organization wrote the sessions: each has its own certificates, so neither cures the other."""
    first, second = one.local_ip, other.local_ip
    known = _address(first) and _address(second) and (":" in first) == (":" in second)
    return known and first != second


def _address(text: str) -> bool:
    """Whether it is an address that nobody masked."""
    return bool(text) and not set(text.lower()) - set("0123456789abcdef.:")


def differences(before: Session, after: Session) -> Iterator[tuple[str, str, str]]:
    """What differs between two sessions: what it is, and its value in each."""
    pairs = (
        ("the server that sends", before.local_ip, after.local_ip) if elsewhere(before, after) else ("", "", ""),
        ("our certificate's thumbprint", before.thumbprint, after.thumbprint),
        ("our certificate's subject", _name(before.local, "subject"), _name(after.local, "subject")),
        ("our certificate's issuer", _name(before.local, "issuer"), _name(after.local, "issuer")),
        (
            "the remote certificate's thumbprint",
            _name(before.remote, "thumbprint"),
            _name(after.remote, "thumbprint"),
        ),
        ("the TLS version", before.protocol, after.protocol),
        ("the remote address", before.remote_ip, after.remote_ip),
        ("STARTTLS in the EHLO reply", _starttls(before), _starttls(after)),
    )
    for what, old, new in pairs:
        if old and new and old != new:
            yield what, old, new


def _name(certificate: object, field: str) -> str:
    return str(getattr(certificate, field, "") or "")


def _starttls(session: Session) -> str:
    if not session.capabilities:
        return ""
    return "offered" if "STARTTLS" in session.capabilities else "missing"
