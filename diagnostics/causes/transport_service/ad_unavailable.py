"""Transport can't reach Active Directory.

## What is happening
Transport reads recipients and its configuration from domain controllers and global catalogs in its site. When
topology discovery finds none that is suitable, or they answer with transient errors, mail is put off: `451
4.3.0`, ADTransientException, event 2142. Behind it are a domain controller that is down, a server placed in the
wrong site, DNS, the network, or the service Microsoft Exchange Active Directory Topology.

## What proves it
- MSExchange ADAccess event 2077 or 2142, or a 2080 whose table shows no controller that serves all roles
- `nltest /dsgetdc` or `/dsgetsite` fails on the server
- events 5002, 12009, 19006 and 19007 of MSExchangeTransport: routing, connectors or recipients could not be read

## Not this when
- event 2080 lists healthy domain controllers of the site
- `nltest`, which had failed, finds the site and a global catalog in it now, and Exchange logs nothing else
- only sign-ins between Exchange servers fail (`transport-service.kerberos.exchangeauth-failed`)

## References
- https://learn.microsoft.com/en-us/exchange/plan-and-deploy/active-directory/active-directory
- https://learn.microsoft.com/en-us/windows-server/administration/windows-commands/nltest
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.transport_service.services import POWERSHELL, restart, switched_off
from diagnostics.facts import Reply, Said, WindowsEvent
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.report import Step

_UNREAD: Final = (
    "Transport could not read its Receive connectors from the directory, and stops: mostly no domain controller answers.",
    1.4,
)
_UNROUTED: Final = (
    (
        "Routing could not read the topology: no domain controller answered, or the server's Active Directory site can't be "
        "told, as when its subnet belongs to no site. After five attempts Transport stops."
    ),
    1.6,
)
# What an unreachable domain controller is one reason of, among others: why, and how much that weighs.
_AMONG_OTHERS: Final = {
    "could not read the Receive connector configuration": _UNREAD,
    "couldn't read the Receive connector configuration": _UNREAD,
    "MSExchangeTransport 12010": _UNREAD,
    "MSExchangeTransport 12008": _UNREAD,
    **dict.fromkeys(("MSExchangeTransport 5003", "MSExchangeTransport 5023", "MSExchangeTransport 5024"), _UNROUTED),
    "MSExchangeTransport 16019": (
        (
            "The directory gave an error for a part of Transport's configuration: no domain controller answered, or the server "
            "may not read it. What was known before is used on."
        ),
        1.5,
    ),
    "MSExchange Messaging Policies 4003": (
        "The transport or journal rules could not be read for now: mostly no domain controller answered.",
        1.6,
    ),
    "4.7.0 Temporary authentication failure": (
        "Servers fail to sign in to each other; without a reachable domain controller that happens too.",
        0.9,
    ),
    # Of agents without configuration.
    "or the Active Directory directory service may be down or unreachable": (
        "An agent could not load its configuration; that no domain controller answered is one of its two reasons.",
        0.9,
    ),
    "Microsoft.Exchange.Assistants.TransientMailboxException": (
        (
            "A mailbox could not be opened, which happens when domain controllers don't answer; an event that says so "
            "stands beside it then."
        ),
        1.0,
    ),
    "ADInvalidServiceCredentialException": (
        (
            "A domain controller refused the server's own account, so transport can't read its configuration there; a "
            "clock that is wrong or the server's computer account can be the reason as well."
        ),
        1.2,
    ),
}
# One row of event 2080: roles, enabled, reachable and synchronized as bit masks (7 = DC, GC and configuration), global catalog,
# PDC, and whether Exchange may read the audit rights there.
_ROW = linear(r"\b([CDG-]{3})\s+([01])\s+([0-7])\s+([0-7])\s+([01])\b(?:\s+[01]\s+([01])\b)?")
_TABLE: Final = 2080
_SERVES: Final = ("CDG", "1", "7", "7", "1")


@cause(
    id="transport-service.ad.unavailable",
    act="on-prem",
    says=(
        "MSExchange ADAccess 2077",
        "MSExchange ADAccess 2102",
        "MSExchange ADAccess 2103",
        "MSExchange ADAccess 2114",
        "MSExchange ADAccess 2142",
        "MSExchangeADTopology 2142",
        "MSExchangeTransport 5002",
        "MSExchangeTransport 12009",
        "MSExchangeTransport 19006",
        "MSExchangeTransport 19007",
        "Microsoft.Exchange.Data.Directory.ADTransientException",
        "ADTransientException",
        "Topology discovery failed",
        "Could not find any available Domain Controller",
        "Could not find any available Global Catalog",
        "No Minimal Required Number of Suitable Directory Servers",
        "DSC_E_NO_SUITABLE_CDC",
        "No Suitable Directory Servers Found in Forest",
        "NoSuitableServerFoundException",
        "SuitabilityDirectoryException",
        "occurred when trying to check the suitability of server",
        "Active directory response: The LDAP server is unavailable",
        "because the directory is unavailable",
        *_AMONG_OTHERS,
    ),
)
def assess(
    anchor: Said | Configured | WindowsEvent,
    _event: WindowsEvent | None,
    events: tuple[WindowsEvent, ...],
    objects: tuple[Configured, ...],
) -> Finding | None:
    """ADAccess's own event counts; a healthy table of domain controllers refutes it."""
    if isinstance(anchor, WindowsEvent):
        return _from_table(anchor, events)
    if isinstance(anchor, Configured):
        if "msexchangeadtopology" not in (
            anchor.name.lower(),
            *(each.lower() for each in anchor.items("ServicesNotRunning")),
        ):
            return None
        because = "MSExchangeADTopology is not running, so Exchange knows no domain controller."
        if anchor.failing and switched_off(anchor, objects):
            because += " It was switched off like the other services: no domain controller needs to be at fault."
            return Finding(Belief.POSSIBLE, because, (anchor,), _steps(), weight=0.5)
        return Finding(Belief.LIKELY, because, (anchor,), _steps()) if anchor.failing else None
    table = healthy(events)
    if table:
        return _refuted(table)
    if anchor.signature in _AMONG_OTHERS:
        because, weight = _AMONG_OTHERS[anchor.signature]
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(), weight=weight)
    because = "Exchange finds no suitable domain controller, so transport can't look up recipients and puts mail off."
    return Finding(Belief.LIKELY, because, (anchor,), _steps(), weight=1.2)


@shown
def located(
    objects: tuple[Configured, ...], events: tuple[WindowsEvent, ...], replies: tuple[Reply, ...]
) -> Finding | None:
    """What the locator says. One that it finds may still be one that Exchange can't use, if Exchange says so itself."""
    told = [each for each in objects if each.kind == "domain-controller"]
    lost = next((each for each in told if each.failing), None)
    if lost is None:
        return None
    last = max(each.source.paste for each in told)
    found = next((each for each in told if not each.failing and each.get("Site")), None)
    if found and all(not each.failing for each in told if each.source.paste == last):
        if events or any("directory" in each.text.lower() or "adtransient" in each.text.lower() for each in replies):
            return None
        because = f"The locator finds the server's site, {found.get('Site')}, and {found.name}, a global catalog in it; what it "
        because += "failed with before is over."
        return Finding(Belief.RULED_OUT, because, (found, lost))
    because = f"The server's own locator finds no domain controller, or not its site ({lost.get('Error')})."
    return Finding(Belief.LIKELY, because, (lost,), _steps()[1:], weight=1.4)


def healthy(events: Iterable[WindowsEvent]) -> WindowsEvent | None:
    """The event 2080 whose table shows a domain controller that serves all roles."""
    return next((e for e in events if e.event == _TABLE and any(_serves(*row) for row in _rows(e))), None)


def _refuted(table: WindowsEvent) -> Finding:
    return Finding(Belief.RULED_OUT, "Event 2080 lists a domain controller that serves all roles.", (table,))


def _rows(event: WindowsEvent) -> list[tuple[tuple[str, ...], str]]:
    """What each domain controller of the table can do, and its audit right; "" where the table was cut off before that."""
    return [(row[:5], row[5]) for row in _ROW.findall(event.text)]


def _serves(able: tuple[str, ...], audit: str) -> bool:
    return able == _SERVES and audit != "0"


def _from_table(event: WindowsEvent, events: tuple[WindowsEvent, ...]) -> Finding | None:
    """A table without a domain controller that Exchange can use."""
    rows = _rows(event) if event.event == _TABLE else []
    table = healthy(events)
    if not rows or table:
        return _refuted(table) if table and event.event == _TABLE else None
    because = f"Event 2080 lists {len(rows)} domain controller{'s' if len(rows) > 1 else ''}, and none that Exchange can use for "
    because += "all roles."
    if all(able == _SERVES for able, _ in rows):
        because += " They can be reached, but Exchange lacks the right to read audit settings there (SACL right 0): the policy "
        because += "of the domain controllers has to give `Manage auditing and security log` to Exchange Servers."
    return Finding(Belief.LIKELY, because, (event,), _steps()[1:], weight=1.3)


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "Read the last topology events: 2080 holds a table of domain controllers and what each can do.",
            "Get-WinEvent -FilterHashtable @{{LogName='Application';ProviderName='MSExchange ADAccess';Id=2080,2142}} "
            "-MaxEvents 5 | Format-List TimeCreated,Id,Message",
            POWERSHELL,
        ),
        look(
            "See the site of this server and the domain controller it finds.",
            "nltest /dsgetsite; nltest /dsgetdc:$env:USERDNSDOMAIN /GC",
            POWERSHELL,
        ),
        look(
            "See the service that keeps the topology.",
            "Get-Service MSExchangeADTopology | Format-List Status,StartType",
            POWERSHELL,
        ),
        restart(
            "Once a domain controller answers, restart the topology service; all Exchange services restart with it.",
            "Event 2080 lists a reachable controller of the site, and the queues drain.",
            "MSExchangeADTopology -Force",
        ),
    )
