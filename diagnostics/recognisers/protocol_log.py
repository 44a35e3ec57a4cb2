"""SmtpSend and SmtpReceive protocol logs: sessions rebuilt from rows, then told as facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, Literal

from msgspec.structs import replace

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, Session, Source
from diagnostics.log_forms import START
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.protocol_rows import TAIL, Row, is_comment, rows
from diagnostics.recognisers.session_facts import Told, tell

Direction = Literal["send", "receive"]
_HELD = linear(r"\bTarpit for '[\d.:]{1,20}' due to '([45]\d\d [^']{3,500})'")
_FAILING: Final = ("4", "5")
_LOG_TYPE = linear(r"(?i)^\s*#Log-type:\s*SMTP (Send|Receive) Protocol Log")


@recogniser(f"(?:{START}|{TAIL}|^\\s*#Log-type:\\s*SMTP)", rank=10)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each direction that the paste holds."""
    lines = reading.free()
    found = list(rows(lines))
    if not found or _too_little(found):
        return ()
    headers = [i for i, line in lines if is_comment(line)]
    sends: list[list[Row]] = []
    receives: list[list[Row]] = []
    declared = _declared(lines)
    for session in sessions(found):
        (sends if _direction(session, declared) == "send" else receives).append(session)
    artefacts = []
    for direction, group in (("send", sends), ("receive", receives)):
        if group:
            artefacts.append(_artefact(reading, direction, group, headers))
            headers = []
    return artefacts


def _too_little(found: list[Row]) -> bool:
    """A lone line that begins with a dash or an asterisk is prose, not a log."""
    return all(not row.at and not row.connector for row in found) and len(found) < 2


def _declared(lines: list[tuple[int, str]]) -> Direction | None:
    for _, line in lines:
        named = _LOG_TYPE.search(line)
        if named:
            return "send" if named.group(1).lower() == "send" else "receive"
    return None


def sessions(found: list[Row]) -> list[list[Row]]:
    """Group rows by session id; where it is masked, by connector and rising sequence number."""
    by_id: dict[str, list[Row]] = {}
    groups: list[list[Row]] = []
    for row in found:
        group = by_id.get(row.session) if row.session else None
        if group is None:
            last = groups[-1] if groups else None
            if last is not None and _goes_on(last[-1], row):
                group = last
            else:
                group = []
                groups.append(group)
            if row.session:
                by_id.setdefault(row.session, group)
        group.append(row)
    for group in groups:
        if all(row.sequence >= 0 for row in group):
            group.sort(key=lambda row: (row.sequence, row.line))
    return groups


def _goes_on(last: Row, row: Row) -> bool:
    """A row without a usable session id belongs to the one before when connector and sequence go on."""
    if row.session and last.session and row.session != last.session:
        return False
    if row.connector != last.connector or last.event == "-":
        return False
    return row.sequence < 0 or last.sequence < 0 or row.sequence > last.sequence


def _direction(session: list[Row], declared: Direction | None) -> Direction:
    if declared:
        return declared
    for row in session:
        text = f"{row.data} {row.context}"
        if "_CLIENT" in text or "attempting to connect" in text:
            return "send"
        if "_SERVER" in text or "Set Session Permissions" in text:
            return "receive"
        if row.event in "<>" and row.event:
            spoken = text.lstrip().upper()
            client = spoken.startswith(
                ("EHLO", "HELO", "MAIL", "RCPT", "STARTTLS", "QUIT", "AUTH", "BDAT", "DATA", "X-")
            )
            server = spoken[:3].isdigit()
            if client or server:
                return "send" if (row.event == ">") == client else "receive"
    return "receive" if "\\" in session[0].connector else "send"


def _artefact(reading: Reading, direction: str, group: list[list[Row]], headers: list[int]) -> Artefact:
    claims = {i for session in group for row in session for i in row.lines} | set(headers)
    told = [_tell(reading, session, direction) for session in group]
    facts: tuple[Fact, ...] = tuple(fact for each in told for fact in each.facts)
    return Artefact(
        kind=f"smtp-{direction}-log",
        first=min(claims) + 1,
        last=max(claims) + 1,
        facts=facts,
        shown=_shown([each.session for each in told]),
        paste=reading.paste.index,
        claims=frozenset(claims),
    )


def _tell(reading: Reading, session: list[Row], direction: str) -> Told:
    sources = {
        row.line: Source(row.line + 1, reading.paste.raw[row.line].strip(), reading.paste.index) for row in session
    }
    return tell(session, sources, "send") if direction == "send" else tell(_with_held(session), sources, "receive")


def _with_held(session: list[Row]) -> list[Row]:
    """A server holds its refusal back and notes why: where the reply itself was cut off, that note is all that tells it."""
    if any(row.event == ">" and (row.data or row.context).lstrip()[:1] in _FAILING for row in session):
        return session
    return [_spoken(row) for row in session]


def _spoken(row: Row) -> Row:
    held = _HELD.search(f"{row.data} {row.context}") if row.event in ("*", "") else None
    return replace(row, event=">", data=held.group(1), context="") if held else row


def _shown(told: list[Session]) -> dict[str, Any]:
    times = sorted(at for session in told for at in (session.began, session.ended) if at)
    errors = Counter(_error(session) for session in told if session.failed)
    return {
        "sessions": len(told),
        "failed": sum(session.failed for session in told),
        "connectors": sorted({session.connector for session in told if session.connector}),
        "from": times[0] if times else "",
        "to": times[-1] if times else "",
        "errors": dict(errors),
    }


def _error(session: Session) -> str:
    return f"TLS negotiation failed with error {session.tls_error}" if session.tls_error else session.error
