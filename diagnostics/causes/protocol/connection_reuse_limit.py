"""The sending gateway keeps one connection to Exchange Online open too long, then marks the host as bad.

## What is happening
A gateway that sends message after message over one connection runs into the limit of 20 minutes that Exchange
Online sets for a session, which then is reset. Sendmail-based gateways (Proofpoint) note the host as down
(HostStatus) and put off all further mail to it without trying.

## What proves it
- resets come about 20 minutes into a session
- the gateway defers mail without contacting the host

## Not this when
- the session is reset at its beginning (`network.connection.reset-or-dropped`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/configure-proofpoint-with-exchange
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from diagnostics.cause import Belief, Finding, cause, change
from diagnostics.causes.network.reach import kind_of
from diagnostics.causes.protocol.steps import advise
from diagnostics.facts import ConnectionDropped, Said, Session, Stage
from diagnostics.report import Step

_LIMIT: Final = (19 * 60, 21 * 60)  # seconds around the 20 minutes of Exchange Online
_RESET: Final = "Connection reset by"
_TOTAL: Final = "Total session duration"  # Exchange Online, of a session that it ends by its clock


@cause(
    id="protocol.connection.reuse-limit",
    act="sender",
    says=(_RESET, _TOTAL, "Deferred: Connection reset", "HostStatus", "Deferred: 421 4.4.2 Connection dropped"),
)
def assess(
    anchor: ConnectionDropped | Said, sessions: tuple[Session, ...], drops: tuple[ConnectionDropped, ...]
) -> Finding | None:
    """How old the session was when it was reset."""
    if isinstance(anchor, Said):
        return _from_words(anchor)
    mine = next((s for s in sessions if s.session and s.session == anchor.session), None)
    lasted = _seconds(mine) if mine else 0
    online = mine is not None and (kind_of(mine.remote_ip) == "exchange-online" or "outlook.com" in anchor.host)
    if mine is None or not lasted or not online:
        return None
    early = anchor.stage is not None and anchor.stage < Stage.MAIL
    if _LIMIT[0] <= lasted <= _LIMIT[1] and not early:
        because = (
            f"The session with Exchange Online was cut after {lasted // 60} minutes, its limit for one connection."
        )
        return Finding(Belief.LIKELY, because, (anchor, mine), _steps(), weight=1.4)
    if len(drops) == 1 and lasted < _LIMIT[0]:
        because = f"The session lasted {lasted} seconds, far from the 20 minutes of Exchange Online."
        return Finding(Belief.RULED_OUT, because, (mine,))
    return None


def _from_words(said: Said) -> Finding | None:
    online = "outlook.com" in f"{said.by} {said.host} {said.text}".lower()
    if not online and said.signature != _TOTAL:
        return None
    if said.signature == _TOTAL:
        because = (
            "Exchange Online ended a session that was kept open for new messages: it tells how long it lasted in all."
        )
        return Finding(Belief.LIKELY, because, (said,), _steps(), weight=1.6)
    if "hoststatus" in said.text.lower():
        because = "The gateway has marked Exchange Online as down (HostStatus), and puts off mail without trying."
        return Finding(Belief.LIKELY, because, (said,), _steps(), weight=1.4)
    if said.kind != "log":
        return None
    because = "Exchange Online reset a gateway's connection; 20 minutes into a session that is its limit for one."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.4)


def _seconds(session: Session) -> int:
    try:
        return round((datetime.fromisoformat(session.ended) - datetime.fromisoformat(session.began)).total_seconds())
    except (ValueError, TypeError):
        return 0


def _steps() -> tuple[Step, ...]:
    return (
        advise(
            "In the gateway's log, measure the time from the connection to the reset: about 20 minutes is this limit; "
            "seconds are another fault."
        ),
        change(
            "On the gateway, limit the messages for each connection (199 or fewer), and switch off its memory of bad hosts "
            "(HostStatus) for Exchange Online.",
            "",
            shell="portal",
            changes="The gateway opens a new connection more often and tries every message.",
            undo="Set the former values.",
            verify="No reset at 20 minutes in the log, and the gateway's queue drains.",
        ),
    )
