"""The Edge server's version is shown as it was before the upgrade, because only its subscription tells it.

## What is happening
The organization knows an Edge Transport server from the subscription file alone. An upgrade of the Edge server does not write
to Active Directory, so the admin center and Get-ExchangeServer of the other servers go on showing the version that it had when
it was subscribed. Nothing is wrong with it: mail and EdgeSync don't use that value. Subscribing again shows the new one.

## What proves it
- on the Edge server itself, Get-ExchangeServer or ExSetup.exe shows the new version; on the other servers Get-ExchangeServer
  shows the old one

## Not this when
- the Edge server itself shows the old version: then the update was not installed (`policy.enforcement.exchange-out-of-date`)
- Test-EdgeSynchronization is not Normal (`hybrid.edge.subscription-broken`)

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/administration/incorrect-edge-transport-server-version-eac-ecp
- https://learn.microsoft.com/en-us/exchange/architecture/edge-transport-servers/edge-subscriptions
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.stories import told_as
from diagnostics.mail_facts import Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Step

_STORY: Final = "edge-shows-its-old-version"
_SETUP = linear(r"\b15\.0?([0-2])\.0?(\d{3,4})\.")  # as ExSetup.exe has it: 15.02.1544.004
_SHOWN = linear(
    r"(?i)\b15\.0?([0-2])(?:\.| \(Build )0?(\d{3,4})\."
)  # as Get-ExchangeServer has it, too: 15.2 (Build 1544.4)
_UPDATE = linear(r"(?i)\b(?:CU|cumulative update|kumulatives? update) ?-?(\d{1,2})\b")
# Builds of the cumulative updates that people still run, by the minor version: 1 is Exchange 2016, 2 is Exchange 2019.
_UPDATES: Final = {
    (1, 2507): 23, (1, 2375): 22, (1, 2308): 21, (1, 2242): 20, (1, 2176): 19, (1, 2106): 18, (1, 2044): 17,
    (2, 1748): 15, (2, 1544): 14, (2, 1258): 13, (2, 1118): 12, (2, 986): 11, (2, 922): 10, (2, 858): 9, (2, 792): 8,
    (2, 721): 7, (2, 659): 6, (2, 595): 5,
}  # fmt: skip


@cause(id="hybrid.edge.version-shown-stale", act="on-prem")
def assess(told: Told) -> Finding | None:
    """People report the old number as a failed update; mail flow has no part in it."""
    because = "The other servers show the version that the Edge server had when it was subscribed, as you tell it. That is by "
    because += "design, and mail flow does not use it."
    return told_as(_STORY, told, because, _steps(), weight=1.8)


@shown
def versions(objects: tuple[Configured, ...], stories: tuple[Told, ...]) -> Finding | None:
    """What runs on the Edge server, beside what the other servers show of it, or the update that it is said to have."""
    own = next(
        (found for each in objects if each.kind == "exchange-build" and (found := _build(_SETUP, each.name))), None
    )
    if own is None:
        return None
    seen = [each for each in objects if _is_edge(each) and _build(_SHOWN, each.get("AdminDisplayVersion"))]
    for each in seen:
        version = each.get("AdminDisplayVersion")
        if (_build(_SHOWN, version) or own) < own:
            because = f"The Edge server runs build {_written(own)}, and the other servers show {version} of {each.name or 'it'}."
            return Finding(Belief.CONFIRMED, because, (each,), _steps())
    if seen:
        because = f"The other servers show the build that the Edge server runs, {_written(own)}."
        return Finding(Belief.RULED_OUT, because, (seen[0],))
    told = _update(each.source.quote for each in stories if each.story == _STORY)
    runs = _UPDATES.get(own, 0)
    if not told or not runs:
        return None
    because = f"The Edge server runs build {_written(own)}, which is CU{runs}"
    if runs < told:
        return Finding(Belief.RULED_OUT, f"{because}: CU{told} was not installed there.", (stories[0],))
    because += ": the update is there, and what the other servers show is the version that it was subscribed with."
    return Finding(Belief.LIKELY, because, (stories[0],), _steps())


def _build(form: Any, version: str) -> tuple[int, int] | None:
    found = form.search(version)
    return (int(found.group(1)), int(found.group(2))) if found else None


def _written(build: tuple[int, int]) -> str:
    return f"15.{build[0]}.{build[1]}"


def _is_edge(entry: Configured) -> bool:
    return entry.kind == "exchange-server" and (
        bool(entry.flag("IsEdgeServer")) or "edge" in entry.get("ServerRole").lower()
    )


def _update(lines: Iterable[str]) -> int:
    """The number of the cumulative update that is told of, 0 where none is."""
    return next((int(found.group(1)) for line in lines if (found := _UPDATE.search(line[:1000]))), 0)


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "On the Edge server itself, see which build it runs.",
            "Get-Command ExSetup.exe | ForEach-Object {{ $_.FileVersionInfo }} | Format-List ProductVersion",
        ),
        look(
            "On a Mailbox server, see which version it shows of the Edge server.",
            "Get-ExchangeServer | Where-Object {{ $_.IsEdgeServer }} | Format-List Name,ServerRole,AdminDisplayVersion",
        ),
        look(
            "On a Mailbox server, see whether the subscription works.",
            "Test-EdgeSynchronization | Format-List Name,SyncStatus",
        ),
        change(
            "If the shown version matters, subscribe again: on the Edge server, write a new subscription file.",
            "New-EdgeSubscription -FileName 'C:\\Edge.xml'",
            changes="The Edge server forgets the former subscription; its own connectors are replaced by the organization's.",
            undo="None: the former file is no longer valid. Finish with the next step within 24 hours.",
            verify="C:\\Edge.xml exists; copy it to a Mailbox server.",
        ),
        change(
            "On a Mailbox server of the same site as before, import the file; the old subscription is overwritten.",
            "New-EdgeSubscription -FileData ([System.IO.File]::ReadAllBytes('C:\\Edge.xml')) -Site {site}",
            changes="All Mailbox servers of the site take part in the subscription, those added later included.",
            undo="Remove-EdgeSubscription with the name of the Edge server.",
            verify="Get-ExchangeServer shows the new version, and Test-EdgeSynchronization says Normal.",
            site="",
        ),
    )
