"""The server's clock is wrong.

## What is happening
Kerberos refuses tickets when two clocks differ by more than five minutes, so Exchange servers can't sign in to
each other, and certificates can look expired or not yet valid. It mostly follows a virtual machine that takes
its time from its host, or a domain controller that lost its own source.

## What proves it
- `w32tm` shows an offset of more than 300 seconds to the domain controller
- event 1035 with UnexpectedExchangeAuthBlobCheckForClockSkew
- SEC_E_TIME_SKEW (0x80090324) or KRB_AP_ERR_SKEW
- the federation service of the hybrid wizard says that the system time is out of sync
- certificates that are valid elsewhere are refused as expired, and the send log's times differ from those in the banners

## Not this when
- the offset is small: then it is another fault of Kerberos (`transport-service.kerberos.exchangeauth-failed`)

## References
- https://learn.microsoft.com/en-us/windows-server/networking/windows-time-service/windows-time-service-tools-and-settings
- https://learn.microsoft.com/en-us/windows/win32/com/com-error-codes-4
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.transport_service.services import POWERSHELL, elsewhere
from diagnostics.facts import CertificateRejected, QueueState, Said, Session
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Step

_FEDERATION: Final = "system time appears to be more than five minutes out of sync"
_DENIED: Final = "1007 AccessDenied"  # the same service, of a stamp that it takes for old or for one to come
_TEMPORARY: Final = "4.7.0 Temporary authentication failure"
_UNSURE: Final = "UnexpectedExchangeAuthBlobCheckForClockSkew"  # names what is to be looked at
_TOLERANCE: Final = timedelta(minutes=5)  # Kerberos' default, and more than a session takes
_DAY: Final = 86_400
_OF_DATES: Final = ("certificateexpired", "nottimevalid", "expired")
_MONITORED: Final = linear(r"^\s*NTP: ")
_DATE: Final = linear(r"\w{3}, \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}")


@cause(
    id="transport-service.clock.skew",
    act="on-prem",
    says=(
        "SEC_E_TIME_SKEW",
        "0x80090324",
        "KRB_AP_ERR_SKEW",
        "KRB_AP_ERR_TKT_NYV",
        "failed with error TimeSkew",
        "time at the client is different with the time at the server",
        "time difference between the client and server",
        _FEDERATION,
        _DENIED,
        _UNSURE,
        _TEMPORARY,
    ),
)
def assess(
    anchor: Said | Session | Configured | Told,
    queues: tuple[QueueState, ...],
    probes: tuple[TlsProbe, ...],
    objects: tuple[Configured, ...],
    rejected: tuple[CertificateRejected, ...],
) -> Finding | None:
    """The error's own name proves it; a failed sign-in, or another server's clock, is only a hint."""
    if isinstance(anchor, Told):
        return _told(anchor)
    if isinstance(anchor, Session):
        return _from_session(anchor, probes)
    if isinstance(anchor, Configured):
        if anchor.kind != "clock" or not anchor.failing:
            return None
        dated = next((each for each in rejected if each.reason.lower() in _OF_DATES), None)
        if dated and days_off(anchor):
            because = f"The clock is {days_off(anchor)} days off, and certificates are refused for their dates: they only look "
            because += "expired, or not yet valid, to the server whose time is wrong."
            return Finding(Belief.LIKELY, because, (anchor, dated), _steps(), weight=1.8)
        because = f"The clock is {int(anchor.get('Offset')) // 60} minutes off; Kerberos, and with it signing in, allows five."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(), weight=1.0)
    said = anchor
    if said.signature in (_FEDERATION, _DENIED):
        return _of_the_federation(said)
    if said.signature not in (_TEMPORARY, _UNSURE):
        error = said.signature.rpartition(" ")[2]
        because = f"The error {error} says that the two clocks differ by more than Kerberos allows (five minutes)."
        return Finding(Belief.CONFIRMED, because, (said,), _steps())
    if elsewhere(said, queues):
        return None
    clock = next((each for each in objects if each.kind == "clock"), None)
    if clock and not clock.failing:
        because = f"The clock is {clock.get('Offset')} s off, and Kerberos allows five minutes."
        return Finding(Belief.RULED_OUT, because, (clock, said))
    if clock:
        because = (
            f"Servers fail to sign in to each other, and a clock is {int(clock.get('Offset')) // 60} minutes off; "
        )
        because += "Kerberos allows five."
        return Finding(Belief.LIKELY, because, (said, clock), _steps(), weight=1.6)
    if said.signature == _UNSURE:
        because = "A server could not read another one's Kerberos ticket, and event 1035 itself says to check the clocks (not "
        because += "more than five minutes apart)."
        return Finding(Belief.LIKELY, because, (said,), _steps(), weight=1.6)
    because = "Servers fail to sign in to each other; a clock that is off by more than five minutes does that."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.2)


@shown
def offsets(objects: tuple[Configured, ...]) -> Finding | None:
    """What w32tm shows. `/monitor` compares domain controllers only, so a small offset there clears no other server."""
    clocks = [each for each in objects if each.kind == "clock" and each.told("Offset")]
    off = next((each for each in clocks if each.failing), None)
    if off:
        because = f"A clock is {int(off.get('Offset')) // 60} minutes off; Kerberos allows five."
        return Finding(Belief.LIKELY, because, (off,), _steps(), weight=1.6)
    clock = next((each for each in clocks if not _MONITORED.search(each.source.quote)), None)
    if clock is None:
        return None
    because = f"The clock is {clock.get('Offset')} s off, and Kerberos allows five minutes."
    return Finding(Belief.RULED_OUT, because, (clock,))


def _told(told: Told) -> Finding | None:
    """What a person tells, with nothing pasted, makes it possible at most."""
    if told.story != "clocks-apart":
        return None
    because = "A clock is off, as you tell it, and mail waits between servers: Kerberos, by which they sign in to each "
    because += "other, allows five minutes."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(), "on-prem", weight=1.8)


def days_off(clock: Configured) -> int:
    """How many whole days a clock is wrong."""
    return abs(int(clock.get("Offset"))) // _DAY


def _from_session(session: Session, probes: tuple[TlsProbe, ...]) -> Finding | None:
    """A certificate refused as expired, by a server whose time is not that of the other one's banner."""
    apart = _apart(session)
    if (
        session.direction != "send"
        or "expired" not in session.tls_error.lower()
        or apart is None
        or apart <= _TOLERANCE
    ):
        return None
    where = session.host or session.remote_ip or "the other server"
    off = f"{apart.days} days" if apart.days > 1 else f"{int(apart.total_seconds() // 60)} minutes"
    because = f"This server's log and the banner of {where} are {off} apart, and a certificate was refused as expired"
    valid = next((p for p in probes if p.verify == 0 and p.host in ("", session.host, session.remote_ip)), None)
    if valid:
        return Finding(Belief.LIKELY, f"{because} that is valid elsewhere.", (session, valid), _steps(), weight=1.5)
    return Finding(Belief.POSSIBLE, f"{because}; one of the two clocks is wrong.", (session,), _steps(), weight=1.6)


def _apart(session: Session) -> timedelta | None:
    """How far the banner's date is from the log's; None where one of them is not told."""
    stated = _DATE.search(session.banner)
    if not stated or not session.began:
        return None
    from email.utils import parsedate_to_datetime  # most banners have no date

    try:
        return abs(parsedate_to_datetime(str(stated.group(0))) - datetime.fromisoformat(session.began))
    except (ValueError, TypeError, OverflowError):  # no such date, or one of the two without a zone
        return None


def _of_the_federation(said: Said) -> Finding:
    """It compares times with its own; 1007 is said of other things as well."""
    if said.signature == _FEDERATION:
        because = "The federation service compared this server's time with its own, and they are more than five minutes apart."
        return Finding(Belief.CONFIRMED, because, (said,), _steps())
    because = (
        "The federation service refused the request with 1007: among others so it answers a server whose clock is more "
    )
    because += "than five minutes off."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.4)


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "Compare the clock with the domain controllers, from both servers.",
            "w32tm /stripchart /computer:$env:USERDNSDOMAIN /samples:3 /dataonly; w32tm /monitor; w32tm /query /source",
            POWERSHELL,
        ),
        change(
            "If the source is right, set the clock now (a virtual machine must not take its time from the host as well).",
            "w32tm /resync /rediscover",
            shell=POWERSHELL,
            changes="The clock is set to that of the domain.",
            undo="None needed: a clock that is right has nothing to go back to.",
            verify="w32tm /monitor shows an offset below a second, and the queues between the servers drain.",
        ),
        change(
            "If the source is not the domain, set it.",
            "w32tm /config /syncfromflags:domhier /update; Restart-Service w32time",
            shell=POWERSHELL,
            effect="service-restart",
            changes="The time service restarts, and the server takes its time from the domain hierarchy.",
            undo="w32tm /config /syncfromflags:manual /update with the former /manualpeerlist, which /query /source showed.",
            verify="w32tm /query /source names a domain controller.",
        ),
    )
