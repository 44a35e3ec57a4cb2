"""Endpoint protection on the Exchange server blocks its port 25.

## What is happening
An antivirus or endpoint security product on the server has a rule against mass-mailing worms, or an SMTP
shield of its own, and transport's process (EdgeTransport.exe) isn't on its list of allowed ones. Exchange
reports `Unable to connect`, although nothing outside the machine is wrong; it often begins with an update of
the product or its policy.

## What proves it
- Exchange 2003: event 4006 says `the semaphore timeout period has expired`, where a scanner holds the session
- the product's access-protection log names port 25 and EdgeTransport.exe, or event 5157 of Windows does
- a test by hand from the same server opens port 25 while transport's own attempt fails

## Not this when
- a session of transport reaches a banner
- the test by hand fails too: then the block is outside the process (`network.port25.outbound-blocked`)

## References
- https://learn.microsoft.com/en-us/exchange/antispam-and-antimalware/windows-antivirus-software
- https://support.microsoft.com/kb/919091
- http://nuangel.net/2013/01/exchange-error-attempted-to-failover/
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.network.probes import retry_queues
from diagnostics.causes.network.providers import by_provider
from diagnostics.causes.network.reach import (
    Place,
    by_exchange_online,
    kind_of,
    opening_of,
    place_of,
    refuted,
    told_by_exchange_online,
)
from diagnostics.facts import ConnectFailed, Reply, Said, Session, SmtpReached, TlsFailed
from diagnostics.looked_facts import PortTest
from diagnostics.mail_facts import Configured
from diagnostics.report import Step

_WORDS = "unable to connect"
# Windows' 10053 and its kin: this machine itself gave the connection up.
_ABORTED = (
    "aborted by the software in your host",
    "softwaregesteuert",
    "par un logiciel de votre ordinateur",
    "por el software en su equipo",
    "dal software del computer host",
    "software caused connection abort",
    "socket error code 10053",
    "read ECONNABORTED",
    "write ECONNABORTED",
)
STALLED = "MSExchangeTransport 4006"  # Exchange 2000 and 2003: a session that somebody dropped, for several reasons
SEMAPHORE = "semaphore timeout period has expired"
_PROCESSES = ("edgetransport", "msexchangefrontendtransport")


@cause(
    id="network.middlebox.antivirus-port-blocking",
    act="on-prem",
    says=("Prevent mass mailing worms", "blocked by port blocking rule", STALLED, _WORDS, *_ABORTED),
)
def assess(
    anchor: Said | ConnectFailed | SmtpReached | Configured,
    _test: PortTest | None,
    tests: tuple[PortTest, ...],
    failures: tuple[ConnectFailed, ...],
    reached: tuple[SmtpReached, ...],
    sessions: tuple[Session, ...],
    replies: tuple[Reply, ...],
    handshakes: tuple[TlsFailed, ...],
    objects: tuple[Configured, ...],
) -> Finding | None:
    """The product's own words prove it; otherwise only the contrast of process and hand points here."""
    if isinstance(anchor, Configured):
        return _program(anchor)
    if isinstance(anchor, Said) and anchor.signature == STALLED:
        return _stalled(anchor) if SEMAPHORE in anchor.text.lower() else None
    if isinstance(anchor, Said) and anchor.signature in _ABORTED:
        return _aborted(anchor)
    if isinstance(anchor, Said) and anchor.signature != _WORDS:
        return _from_product(anchor)
    if isinstance(anchor, Said):
        settled = bool(failures) or any(opening_of(each, sessions) for each in reached)
        return None if settled or by_exchange_online(anchor.text) else _from_words(anchor, _scanner(objects))
    if isinstance(anchor, SmtpReached):
        return refuted(anchor, sessions, replies, handshakes)
    others = told_by_exchange_online(anchor, replies) or by_provider(anchor)
    if others or kind_of(anchor.ip) == "internal" or anchor.kind != "timeout":
        return None
    where = place_of(anchor)
    tested = [each for each in tests if each.port == 25 and place_of(each).is_same(where)]
    if tested and tested[-1].succeeded:
        because = f"Transport could not connect to {where.name}, but a test by hand opened port 25: "
        because += "a rule that stops one process fits."
        return Finding(Belief.POSSIBLE, because, (anchor, tested[-1]), _steps(), weight=1.7)
    if tested:
        because = f"A test by hand could not connect to {where.name} either, so it is not transport's process alone."
        return Finding(Belief.RULED_OUT, because, (tested[-1],))
    return _unknown(anchor, where, _scanner(objects), 0.5)


def _program(blocked: Configured) -> Finding | None:
    if blocked.kind != "blocked-program":
        return None
    because = f"Security software on the server says that it kept {blocked.name} from port 25."
    return Finding(Belief.CONFIRMED, because, (blocked,), _steps())


def _from_words(said: Said, scanner: Configured | None) -> Finding:
    """The wrapper's words alone: this is one of the rarer reasons for them."""
    return _unknown(said, Place(host=said.host), scanner, 0.12)


def _stalled(said: Said) -> Finding:
    because = (
        "The session stalled in the middle until Windows gave it up. A mail scanner of the antivirus client on one "
    )
    because += (
        "of the two servers does that (Internet E-mail Auto-Protect and its like), as does a firewall that inspects "
    )
    because += "SMTP."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.7)


def _aborted(said: Said) -> Finding:
    because = "The sending machine itself gave the connection up: security software there that forbids the program port 25 does "
    because += "that (its mail scanner, or a rule against mass mailers), else packets that stayed without an answer."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.5)


def _from_product(said: Said) -> Finding:
    named = any(process in said.text.lower() for process in _PROCESSES)
    because = "The endpoint protection on the server says that it blocked port 25"
    if named:
        return Finding(Belief.CONFIRMED, f"{because} for Exchange's transport process.", (said,), _steps())
    return Finding(
        Belief.LIKELY,
        f"{because}; check that the process it names is Exchange's.",
        (said,),
        _steps(),
        weight=1.5,
    )


def _scanner(objects: tuple[Configured, ...]) -> Configured | None:
    return next((each for each in objects if each.kind == "told-scanner"), None)


def _unknown(anchor: Said | ConnectFailed, where: Place, scanner: Configured | None, weight: float) -> Finding:
    """`weight` is what the failure is worth where nobody tells of security software."""
    because = f"Transport could not connect to {where.name}; "
    if scanner is None:
        because += "security software on the server can do that to one process alone."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(), weight=weight)
    because += f"and security software was changed, as you say (`{scanner.get('Told')}`): on the server it can keep one process "
    because += "from port 25 while others get through."
    return Finding(Belief.POSSIBLE, because, (anchor, scanner), _steps(), weight=1.8)


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See which security products run on the server (one that is not in this list may still be there: ask who looks "
            "after it).",
            "Get-Service | Where-Object DisplayName -match 'McAfee|Trellix|Symantec|Sophos|Trend Micro|Apex One|\\bESET\\b|"
            "Kaspersky|Bitdefender|CrowdStrike|SentinelOne|Sentinel Agent|Cortex|Defender|WithSecure|F-Secure|Check Point' | "
            "Format-Table Status,DisplayName",
            "powershell",
        ),
        look(
            "Read the product's access-protection or firewall log at the time of the failure: does it name "
            "port 25 or "
            "EdgeTransport.exe? On Windows' own firewall:",
            "Get-NetFirewallRule -Direction Outbound -Action Block -Enabled True | ForEach-Object {{ $_.DisplayName; "
            "$_ | Get-NetFirewallPortFilter | Format-List Protocol,RemotePort; "
            "$_ | Get-NetFirewallApplicationFilter | Format-List Program }}",
            "powershell",
        ),
        change(
            "In the product's console, let EdgeTransport.exe and MSExchangeFrontendTransport.exe use port "
            "25 in that one rule.",
            "",
            shell="portal",
            changes="Adds two processes to the rule's exceptions. The rule and the scanner stay on.",
            undo="Remove the two processes from the exceptions.",
            verify="The next session in the protocol log reaches a banner.",
        ),
        retry_queues(),
    )
