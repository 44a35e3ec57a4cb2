"""What health cmdlets print: services, component states, and the tests of mail flow, SMTP and EdgeSync.

Test-ServiceHealth may print RequiredServicesRunning False beside an empty list of stopped services: the list counts. A
component is active only when every requester says so.
Source: https://learn.microsoft.com/exchange/high-availability/managed-availability/server-component-states
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact, failed_reply
from diagnostics.recognisers.format_list import Block, blocks, items
from diagnostics.recognisers.format_table import tables
from diagnostics.recognisers.reply_text import codes
from diagnostics.recognisers.sources import source_at

Lines = list[tuple[int, str]]

_COMPONENTS: Final = (
    "ServerWideOffline|HubTransport|FrontendTransport|EdgeTransport|Monitoring|RecoveryActionsEnabled|AutoDiscoverProxy"
    "|ActiveSyncProxy|EcpProxy|EwsProxy|ImapProxy|OabProxy|OwaProxy|PopProxy|PushNotificationsProxy|RpsProxy|RwsProxy|RpcProxy"
    "|UMCallRouter|XropProxy|HttpProxyAvailabilityGroup|ForwardSyncDaemon|ProvisioningRps|MapiProxy|HighAvailability|SharedCache"
    "|MailboxDeliveryProxy|RoutingUpdates|RestProxy|DefaultProxy|Lsass|RoutingService|E4EProxy|CafeLAMv2|LogExportProvider|Tms"
)
_STATES: Final = ("active", "inactive", "draining", "unknown")
_ROW = linear(rf"(?i)^\s*(?:(\S{{1,253}})\s+)?({_COMPONENTS})\s+(Active|Inactive|Draining|Unknown)\s*$")
_ONE_LINE = linear(r"(?i)\bComponent\s+State\s(?:[\s-]*-)?")
_PUT_TOGETHER = linear(rf"(?i)(?:^|\s)(?:([\w.-]{{1,253}})\s+)?({_COMPONENTS})\s+(Active|Inactive|Draining|Unknown)\b")
_ASKED = linear(r"(?i)-Component\s+['\"]?(\w{3,40})")
_A_COMPONENT = linear(rf"(?i)^(?:{_COMPONENTS})$")
_COMMAND_ABOVE: Final = 12  # lines from the command to the last row that it prints
_MOST_ROWS: Final = 200
_ROLE = linear(r"(?i)^\s*(\S[\w ]{2,40} Server Role)\s+(True|False)(?:\s+\{[^{}]*\}?(?:\s+(\{[^{}]*\}?))?)?\s*$")
_TRANSPORT: Final = frozenset({"serverwideoffline", "hubtransport", "frontendtransport", "edgetransport"})
_SERVICE = linear(r"(?i)^\s*(Running|Stopped|StartPending|StopPending|Paused)\s+(\S{2,80})(?:\s+(\S.*?))?\s*$")
_SERVICE_FIRST = linear(
    r"(?i)^\s*(MSExchange[A-Za-z]{2,40}|SMTPSVC)\s+(Running|Stopped|StartPending|StopPending|Paused)\b"
)
# With the machine in front, as it is asked for where several servers answer; either of the two others may come next.
_ON_MACHINE = linear(
    r"(?i)^\s*([A-Z0-9][\w.-]{0,62})\s+(?:(Running|Stopped|StartPending|StopPending|Paused)\s+(MSExchange[A-Z0-9]{2,40}|SMTPSVC)"
    r"|(MSExchange[A-Z0-9]{2,40}|SMTPSVC)\s+(Running|Stopped|StartPending|StopPending|Paused))(?:\s+(\S.*?))?\s*$"
)
_START_TYPE = linear(r"(?i)\b(Automatic|Manual|Disabled)\b")
# Get-Service gives a name 18 characters and cuts off the rest: it is told from its beginning and, where two begin alike,
# from the displayed name.
_CUT_OFF: Final = (
    "MSExchangeTransport", "MSExchangeFrontEndTransport", "MSExchangeSubmission", "MSExchangeDelivery", "MSExchangeADTopology",
)  # fmt: skip
_STEM: Final = len("MSExchange")
_LOG_SEARCH = linear(r"(?i)\blog\b|protokoll|journa|registr|logboek|dziennik|ログ|日志")
_SC_NAME = linear(r"(?i)^\s*SERVICE_NAME\s*:\s*(\S{2,80})\s*$")
_SC_STATE = linear(r"(?i)^\s*STATE\s*:\s*\d\s+([A-Z]{4,20})")
_MAIL_SERVICES = linear(
    r"(?i)^(?:MSExchange|MSComplianceAudit|HostControllerService|FMS$|ADAM_MSExchange|SMTPSVC$|W3SVC$)"
)
# Others, such as POP and IMAP, are stopped by default.
_NEEDED: Final = frozenset(
    {"msexchangetrans...", "msexchangetransport", "msexchangefrontendtransport", "msexchangedelivery", "msexchangesubmission",
     "msexchangeis", "msexchangeadtopology", "smtpsvc", "fms"}
)  # fmt: skip
# What mailboxes are read with: mail arrives without them.
_READING: Final = frozenset(
    {"msexchangeimap4", "msexchangeimap4be", "msexchangepop3", "msexchangepop3be", "msexchangeum", "msexchangeumcr"}
)
_FINE_SYNC: Final = frozenset({"normal", "success", "synchronized", "skipped", ""})


@recogniser(
    r"(?:^\s*(?:RequiredServicesRunning|ServicesNotRunning|TestMailflowResult|SyncStatus|LastSynchronizedUtc|FailureDetails)\s*:"
    r"|\b(?:ServerWideOffline|HubTransport|FrontendTransport|EdgeTransport)\s+(?:Active|Inactive|Draining)\b|^\s*Component\s*:"
    r"|^\s*TestMailflowResult\b|\bServer Role\s+(?:True|False)\b"
    r"|^\s*Requester\s+(?:\w+\s+){0,3}State\b|^\s*State\s+(?:\w+\s+){0,3}Requester\b"
    r"|\bReceiveConnector\b[^\n]*\bStatusCode\b|^\s*(?:StatusCode|ReceiveConnector)\s*:"
    r"|^\s*(?:Running|Stopped|StartPending|StopPending|Paused)\s+\S|^\s*RequiredServicesRunning|^\s*SERVICE_NAME\s*:"
    r"|^\s*(?:MSExchange[a-z]+|SMTPSVC)\s+(?:Running|Stopped|StartPending|StopPending|Paused)\b"
    r"|\s(?:Running|Stopped|StartPending|StopPending|Paused)\s+MSExchange|\sMSExchange\w+\s+(?:Running|Stopped))",
    rank=37,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the output of each cmdlet."""
    lines = reading.free()
    groups: dict[str, list[tuple[tuple[int, ...], Configured]]] = {}
    for taken, fact in (
        *_blocks(reading, lines),
        *_rows(reading, lines),
        *_controlled(reading, lines),
        *_tested(reading, lines),
        *_requested(reading, lines),
    ):
        groups.setdefault(fact.kind, []).append((taken, fact))
    if all(not _MAIL_SERVICES.search(fact.name) for _, fact in groups.get("windows-service", ())):
        groups.pop("windows-service", None)
    found = []
    for kind, group in groups.items():
        facts = [fact for _, fact in group]
        told = [each for fact in facts for each in (fact, *_replies(fact))]
        found.append(artefact(reading, kind, [line for taken, _ in group for line in taken], told, _shown(facts)))
    return found


def _shown(facts: list[Configured]) -> dict[str, object]:
    failing = [fact.name or fact.kind for fact in facts if fact.failing]
    states = Counter(state for fact in facts if (state := fact.get("State") or fact.get("Status")))
    return {"checked": len(facts), "failing": failing[:30], "states": dict(states)}


def _blocks(reading: Reading, lines: Lines) -> Iterator[tuple[tuple[int, ...], Configured]]:
    for block in blocks(lines):
        for kind, needed, name, fails in _LISTS:
            if all(block.has(each) for each in needed) and (kind != "server-component" or _is_component(block)):
                values = tuple((each.name, each.value) for each in block.properties.values())
                yield (
                    tuple(block.lines),
                    Configured(
                        source=source_at(reading, block.line(*needed)),
                        kind=kind,
                        name=block.value(*name),
                        values=values,
                        failing=fails(block),
                    ),
                )
                break


def _is_component(block: Block) -> bool:
    return block.value("state").lower() in _STATES


def _service_fails(block: Block) -> bool:
    if block.has("servicesnotrunning"):
        return _misses(block.value("servicesnotrunning"))
    return block.flag("requiredservicesrunning") is False


def _misses(stopped: str) -> bool:
    """Whether a service that mail flow needs is among those that do not run."""
    return any(each.lower() not in _READING for each in items(stopped))


def _component_fails(block: Block) -> bool:
    return block.value("component").lower() in _TRANSPORT and block.value("state").lower() != "active"


def _mailflow_fails(block: Block) -> bool:
    return "success" not in block.value("testmailflowresult").lower()


def _sync_fails(block: Block) -> bool:
    """Asked about one recipient alone, the test leaves the rest open: `Inconclusive`."""
    state, recipient = block.value("syncstatus").lower(), block.value("recipientstatus").lower()
    fine = state in _FINE_SYNC or (state == "inconclusive" and recipient == "synchronized")
    return not fine or bool(block.value("failuredetail"))


def _pushed_fails(block: Block) -> bool:
    """Start-EdgeSynchronization: one object for each kind of data."""
    return block.value("result").lower() not in _FINE_SYNC


def _smtp_fails(block: Block) -> bool:
    return "success" not in block.value("statuscode").lower()


_LISTS: Final[tuple[tuple[str, tuple[str, ...], tuple[str, ...], Callable[[Block], bool]], ...]] = (
    ("service-health", ("servicesnotrunning",), ("role",), _service_fails),
    ("service-health", ("requiredservicesrunning",), ("role",), _service_fails),
    ("mailflow-test", ("testmailflowresult",), ("identity",), _mailflow_fails),
    ("edge-sync", ("syncstatus",), ("name",), _sync_fails),
    ("edge-sync", ("result", "type", "failuredetails"), ("name",), _pushed_fails),
    ("smtp-test", ("statuscode", "receiveconnector"), ("receiveconnector",), _smtp_fails),
    ("server-component", ("component", "state"), ("component",), _component_fails),
)


_TABLES: Final = (
    ("mailflow-test", "testmailflowresult", "", ("testmailflowresult",)),
    ("smtp-test", "statuscode", "receiveconnector", ("receiveconnector", "statuscode")),
)


def _rows(reading: Reading, lines: Lines) -> Iterator[tuple[tuple[int, ...], Configured]]:
    """Rows of Get-ServerComponentState, Test-ServiceHealth and Get-Service: their words are so fixed that no header is needed."""
    for index, line in lines:
        role = _ROLE.search(line)
        if role:
            name, running, stopped = role.groups()
            values = (("Role", name), ("RequiredServicesRunning", running), ("ServicesNotRunning", stopped or ""))
            failing = _misses(stopped) if stopped else running.lower() == "false"
            yield (index,), _fact(reading, index, "service-health", name, values, failing=failing)
            continue
        components = _components(line)
        for server, name, state in components:
            values = (("Server", server or ""), ("Component", name), ("State", state))
            failing = name.lower() in _TRANSPORT and state.lower() != "active"
            yield (index,), _fact(reading, index, "server-component", name, values, failing=failing)
        if components:
            continue
        service = _SERVICE.search(line)
        named = None if service else _SERVICE_FIRST.search(line)
        machine = None if service or named else _ON_MACHINE.search(line)
        if machine:
            yield (index,), _of_machine(reading, index, machine.groups())
        if named or (service and service.group(2).isascii()):
            status, name, display = (named.group(2), named.group(1), "") if named else service.groups()
            name = _whole_name(name, display or "")
            start = _START_TYPE.search(line) if named else None
            told = (("StartType", start.group(1)),) if start else ()
            values = (("Status", status), ("Name", name), ("DisplayName", display or ""), *told)
            stopped = status.lower() != "running" and name.lower() in _NEEDED
            yield (index,), _fact(reading, index, "windows-service", name, values, failing=stopped)


def _of_machine(reading: Reading, index: int, found: tuple[str | None, ...]) -> Configured:
    """A service of a machine that is named in front of it."""
    machine, status, name = found[0] or "", found[1] or found[4] or "", found[2] or found[3] or ""
    values = (("MachineName", machine), ("Status", status), ("Name", name), ("DisplayName", found[5] or ""))
    stopped = status.lower() != "running" and name.lower() in _NEEDED
    return _fact(reading, index, "windows-service", name, values, failing=stopped)


def _components(line: str) -> list[tuple[str, str, str]]:
    """Server, component and state of the row; of all rows where chat has put the whole table, header and all, on one line."""
    row = _ROW.search(line)
    if row:
        return [row.groups()]
    header = _ONE_LINE.search(line[:2000])
    return _PUT_TOGETHER.findall(line[header.end() : 8000])[:_MOST_ROWS] if header else []


def _whole_name(name: str, display: str) -> str:
    """A service's name as it is, where the table cut it off and the displayed name leaves no doubt."""
    if not name.endswith(("...", "\u2026")):
        return name
    cut = name.rstrip(".\u2026").lower()
    whole = next((each for each in _CUT_OFF if len(cut) > _STEM and each.lower().startswith(cut)), name)
    if whole != "MSExchangeTransport":
        return whole
    return "MSExchangeTransportLogSearch" if _LOG_SEARCH.search(display) else whole if display else name


def _controlled(reading: Reading, lines: Lines) -> Iterator[tuple[tuple[int, ...], Configured]]:
    """`sc query`: the name of a service, and some lines below it a number and the word of its state."""
    asked: tuple[int, str] | None = None
    for index, line in lines:
        name = _SC_NAME.search(line)
        state = _SC_STATE.search(line) if asked and not name else None
        if name:
            asked = (index, name.group(1))
        elif asked and state:
            status = state.group(1).capitalize()
            stopped = status == "Stopped" and asked[1].lower() in _NEEDED
            values = (("Status", status), ("Name", asked[1]))
            yield (asked[0], index), _fact(reading, index, "windows-service", asked[1], values, failing=stopped)
            asked = None


def _requested(reading: Reading, lines: Lines) -> Iterator[tuple[tuple[int, ...], Configured]]:
    """`(Get-ServerComponentState …).LocalStates`: who asked for which state, of the component in the row or in the command."""
    for row in tables(lines, "requester", "state"):
        state, requester = row.cells["state"], row.cells["requester"]
        above = " ".join(reading.paste.lines[max(0, row.line - _COMMAND_ABOVE) : row.line])
        asked = _ASKED.findall(above[-2000:])
        name = row.cells.get("component", "") or (asked[-1] if asked else "")
        if state.lower() in _STATES and _A_COMPONENT.search(name):
            values = (("Component", name), ("State", state), ("Requester", requester))
            failing = name.lower() in _TRANSPORT and state.lower() != "active"
            yield row.lines, _fact(reading, row.line, "server-component", name, values, failing=failing)


def _tested(reading: Reading, lines: Lines) -> Iterator[tuple[tuple[int, ...], Configured]]:
    """Test-Mailflow and Test-SmtpConnectivity as the tables they print by default."""
    for kind, result, name, needed in _TABLES:
        for row in tables(lines, *needed):
            if row.cells[result] and ":" not in row.cells:
                failing = "success" not in row.cells[result].lower()
                cells = tuple(row.cells.items())
                yield row.lines, _fact(reading, row.line, kind, row.cells.get(name, ""), cells, failing=failing)


def _fact(
    reading: Reading, line: int, kind: str, name: str, values: tuple[tuple[str, str], ...], *, failing: bool
) -> Configured:
    return Configured(source=source_at(reading, line), kind=kind, name=name, values=values, failing=failing)


def _replies(fact: Configured) -> Iterator[Fact]:
    """The reply in the details of a test that failed."""
    details = fact.get("Details") or fact.get("FailureDetail") or fact.get("TestMailflowResult")
    if fact.failing and any(codes(details)):
        yield from failed_reply(details, fact.source, kind="client")
