"""An Exchange update with a known transport defect is installed.

## What is happening
Now and then an update brings a fault of its own. The best known of late: with the first release of the November
2024 security update, mail flow rules and data loss prevention stop working after a while, in some organizations
mail stands still until transport is restarted. Microsoft withdrew it and released a second version.

## What proves it
- the server's build is one that is listed with that defect, and the trouble began with its installation
- restarting transport helps for a while
- transport crashes on messages since an update was installed, with Exchange's own code at the top; a rule or agent without
  which it runs tells which part is at fault

- transport services crash in AcceptedDomainTable, or HealthChecker calls an accepted domain `*` known for it: since the updates
  of September 2021 they can't read such a domain of the type InternalRelay

## Not this when
- the build is later than the fixed one
- the trouble is older than the update; without a listed defect of the installed build this stays a suspicion

## References
- https://techcommunity.microsoft.com/blog/exchange/re-release-of-november-2024-exchange-server-security-update-packages/4341892
- https://microsoft.github.io/CSS-Exchange/Diagnostics/HealthChecker/OpenRelayDomain/
- https://learn.microsoft.com/en-us/exchange/new-features/build-numbers-and-release-dates
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.transport_service.crash import CRASHES, SAYS, crash_events, crash_of
from diagnostics.causes.transport_service.services import POWERSHELL, restart, switched_off
from diagnostics.facts import ConnectFailed, QueueState, Reply, Said, TlsFailed, WindowsEvent
from diagnostics.mail_facts import Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Step

# Build -> (what it is, the build that mends it).
_DEFECTIVE: Final = {
    "15.2.1544.13": ("the November 2024 security update, version 1, of Exchange 2019 CU14", "15.2.1544.14"),
    "15.2.1258.38": ("the November 2024 security update, version 1, of Exchange 2019 CU13", "15.2.1258.39"),
    "15.1.2507.43": ("the November 2024 security update, version 1, of Exchange 2016 CU23", "15.1.2507.44"),
}
_BUILDS: Final = (
    "15.2.1544.13", "15.2.1258.38", "15.1.2507.43", "15.02.1544.013", "15.02.1258.038", "15.01.2507.043",
)  # fmt: skip
_BUILD = linear(r"\b(15)\.0?([0-2])\D{1,10}0?(\d{3,4})\.0{0,2}(\d{1,3})\b")
# From the updates of September 2021 on, `*` as an accepted domain of the type InternalRelay ends transport: HealthChecker's
# words, and the method that a crash names.
_WILDCARD: Final = ("known to cause issues with transport services crashing", "AcceptedDomainTable..ctor")
_STUCK: Final = frozenset({"submission"})
_SERVICES: Final = ("MSExchangeTransport", "MSExchangeFrontEndTransport", "MSExchangeDelivery", "MSExchangeSubmission")
_AGENT_LOAD: Final = 16023
_AGENT_THREW: Final = 1051
_TROUBLES: Final = frozenset(
    {1009, 4000, 4006, 7031, 7034, 10001, 10003}
)  # 4000, 4006: no delivery to a domain (2000, 2003)


@cause(
    id="transport-service.update.regression",
    act="on-prem",
    says=(*_BUILDS, *SAYS, *_WILDCARD),
)
def assess(
    anchor: Configured | Said | Told,
    queues: tuple[QueueState, ...],
    events: tuple[WindowsEvent, ...],
    objects: tuple[Configured, ...],
) -> Finding | None:
    """A build with a listed defect; a submission queue that grows beside it makes it likely. Crashes since an update hint."""
    if isinstance(anchor, Told):
        return _told(anchor)
    if isinstance(anchor, Said) and any(words.lower() in anchor.text.lower() for words in _WILDCARD):
        return _wildcard(anchor)
    if isinstance(anchor, Said) and anchor.signature in SAYS:
        return _crashes_since(anchor, objects)
    if isinstance(anchor, Configured) and anchor.kind == "told-update":
        return _troubled_since(anchor, queues, events) or _since(anchor, objects)
    if isinstance(anchor, Configured):
        if anchor.kind not in ("exchange-server", "exchange-build"):
            return None
        build = build_of(anchor.get("AdminDisplayVersion") or anchor.name)
    else:
        build = build_of(anchor.text)
    if build not in _DEFECTIVE:
        return None
    what, fixed = _DEFECTIVE[build]
    unloaded = next((e for e in events if e.event == _AGENT_LOAD and "transport" in e.provider.lower()), None)
    if unloaded:
        because = f"Event {unloaded.event}: Transport stops at an agent that it can't load, and not for build {build}."
        return Finding(Belief.RULED_OUT, because, (unloaded, anchor))
    server = anchor.by if isinstance(anchor, Said) else "" if anchor.kind == "exchange-build" else anchor.name
    because = f"{server or 'The server'} runs build {build}, {what}: rules stop and mail can stand still. Build {fixed} mends it."
    standing = [each for each in queues if each.identity.lower().rpartition("\\")[2] in _STUCK and each.messages]
    if standing:
        because += f" {standing[0].identity} holds {standing[0].messages} message(s)."
        return Finding(Belief.LIKELY, because, (anchor, standing[0]), _steps(), weight=1.0)
    return Finding(Belief.POSSIBLE, because, (anchor,), _steps(), weight=1.3)


@shown
def builds(objects: tuple[Configured, ...], failures: tuple[Reply | ConnectFailed | TlsFailed, ...]) -> Finding | None:
    """The builds of the servers, and an accepted domain that builds since September 2021 can't read. Many servers of such a build
    fail for other reasons: beside a failure that has words of its own it counts where the person tells of an update."""
    since = next((each for each in objects if each.kind == "told-update"), None)
    servers = [each for each in objects if each.kind in ("exchange-server", "exchange-build")]
    known = [(each, build) for each in servers if (build := build_of(each.get("AdminDisplayVersion") or each.name))]
    bad = next((each for each in known if each[1] in _DEFECTIVE), None)
    if bad and (since or not failures):
        what, fixed = _DEFECTIVE[bad[1]]
        because = f"Build {bad[1]} is {what}, whose rules stop and whose mail can stand still. Build {fixed} mends it."
        return Finding(Belief.LIKELY, because, (bad[0], since), _steps(), weight=1.4)
    star = next((each for each in objects if each.kind == "accepted-domain" and _is_star(each)), None)
    return replace(_wildcard(None), evidence=(star,)) if star else None


def _is_star(domain: Configured) -> bool:
    return domain.get("DomainName", domain.name) == "*" and "internalrelay" in domain.get("DomainType").lower()


def _told(told: Told) -> Finding | None:
    """A crash on messages, and the update that the server has: its list of known defects comes before anything else."""
    if told.story != CRASHES:
        return None
    because = (
        "The process of transport ends on messages, as you tell it, and you name the update that the server has: the "
    )
    because += "notes of later updates say whether they mend that crash. The parameters of event 4999 name the method."
    return Finding(Belief.POSSIBLE, because, (told,), (crash_events(), *_steps()), weight=1.7)


def _since(update: Configured, objects: tuple[Configured, ...]) -> Finding | None:
    """A transport service that stands still since an update: the update is a suspicion, until its defect is known."""
    stopped = next((o for o in objects if o.failing and o.kind == "windows-service" and o.name in _SERVICES), None)
    if stopped is None or switched_off(stopped, objects):
        return None
    because = (
        f"{stopped.name} does not run since {update.name} was installed: an agent or file that this build does not "
    )
    because += "load ends it at its start, or the installation did not end well."
    return Finding(Belief.POSSIBLE, because, (update, stopped), _steps(), weight=1.3)


def _wildcard(said: Said | None) -> Finding:
    """By the words of HealthChecker or of a crash, or by the list of domains itself."""
    because = (
        "An accepted domain `*` of the type InternalRelay makes transport services crash, since the updates of 2021"
    )
    because += (
        ": HealthChecker finds it."
        if said and said.kind == "command"
        else ": they end while they read the list of domains."
    )
    listed = look(
        "List the accepted domains, and look for `*`.",
        "Get-AcceptedDomain | Format-Table Name,DomainName,DomainType,Default",
    )
    instead = change(
        "Remove the domain `*`. Where devices relay to outside, let a Receive connector for their addresses do that.",
        "Remove-AcceptedDomain {wildcard_domain}",
        changes="The server no longer takes mail for every domain of the world.",
        undo="New-AcceptedDomain with the name, domain and type that the first step printed.",
        verify="The transport services stay up, and no new 4999 names AcceptedDomainTable.",
        wildcard_domain="",
    )
    return Finding(Belief.LIKELY, because, (said,), (listed, instead), weight=1.6)


def _troubled_since(
    update: Configured, queues: tuple[QueueState, ...], events: tuple[WindowsEvent, ...]
) -> Finding | None:
    """Trouble of transport as a whole, other than a crash, where somebody says that it began with an update."""
    seen = next((each for each in events if _of_transport(each)), None)
    standing = next((q for q in queues if q.identity.lower().rpartition("\\")[2] in _STUCK and q.messages), None)
    if seen is None and standing is None:
        return None
    what = (
        f"event {seen.event}"
        if seen
        else f"{standing.identity} holds {standing.messages} message(s)"
        if standing
        else ""
    )
    because = f"Transport has been in trouble since {update.name} was installed, as you say ({what})."
    return Finding(Belief.POSSIBLE, because, (seen or standing, update), _steps(), weight=1.2)


def _of_transport(event: WindowsEvent) -> bool:
    """A service that ended or isn't reached, messages put aside, or one of Exchange's own agents that throws."""
    if event.event == _AGENT_THREW:
        return any(name in event.text.lower() for name in ("transport rule agent", "malware agent", "dlp policy agent"))
    exchange = "exchange" in f"{event.provider} {event.text}".lower()
    return event.event in _TROUBLES and exchange


def _crashes_since(said: Said, objects: tuple[Configured, ...]) -> Finding | None:
    """Crashes of transport in Exchange's own code, where somebody says that they began with an update."""
    crash = crash_of(said)
    update = next((each for each in objects if each.kind == "told-update"), None)
    if crash is None or crash.foreign or update is None:
        return None
    trial = next((each for each in objects if each.kind == "told-trial" and each.name == "rule"), None)
    because = f"Transport crashes on messages since {update.name} was installed, as you say."
    if trial:
        because += " Without that rule it runs: the update's fault is in how it works on what the rule matches."
        return Finding(Belief.LIKELY, because, (said, update, trial), (*_steps(), crash_events()), weight=1.2)
    because += " A defect of the update, or an agent that doesn't fit it, does that."
    return Finding(Belief.POSSIBLE, because, (said, update), (crash_events(), *_steps()), weight=1.6)


def build_of(text: str) -> str:
    """15.2.1544.13 from any of the forms in which Exchange prints a version; "" where there is none."""
    found = _BUILD.search(text)
    return ".".join(str(part) for part in found.groups()) if found else ""


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "Compare the build of every server with Microsoft's list of builds and known issues. ExSetup.exe shows security "
            "updates that AdminDisplayVersion may not.",
            "Get-ExchangeServer | Format-Table Name,AdminDisplayVersion; "
            "Get-Command ExSetup.exe | ForEach-Object {{ $_.FileVersionInfo.FileVersion }}",
        ),
        look(
            "See whether the trouble began with the update.",
            "Get-HotFix | Sort-Object InstalledOn -Descending | Select-Object -First 5 | Format-Table HotFixID,InstalledOn; "
            "Get-WinEvent -FilterHashtable @{{LogName='Application';ProviderName='MsiInstaller'}} -MaxEvents 20 | "
            "Format-Table TimeCreated,Message",
            POWERSHELL,
        ),
        restart(
            "For the moment, restart transport: rules work again for a while.",
            "The Submission queue drains and rules apply.",
        ),
        change(
            "Install the release that mends it, on all servers.",
            "",
            shell=POWERSHELL,
            effect="service-restart",
            changes="The server is updated; its services restart.",
            undo="Security updates can be uninstalled in Programs and Features; that brings the holes back that they closed.",
            verify="ExSetup.exe shows the fixed build, and the trouble stays away for days.",
        ),
    )
