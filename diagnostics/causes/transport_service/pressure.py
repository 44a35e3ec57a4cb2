"""Back pressure: which resource an event or a reply names as short.

Event 15004 lists the resources under pressure and, further down, those in normal state; the same names stand in
both. The reply `452 4.3.1 Insufficient system resources` names its resource in brackets, or none. Source:
https://learn.microsoft.com/exchange/mail-flow/back-pressure
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from diagnostics.cause import Belief, Finding, look
from diagnostics.causes.transport_service.services import everyday_only, nothing_logged, transport_events
from diagnostics.facts import Said, WindowsEvent
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers.resource_rows import rows_of, without_rows
from diagnostics.report import Step

INSUFFICIENT: Final = "4.3.1 Insufficient system resources"
CHECKED: Final = "Transport Back Pressure: --ERROR--"  # of HealthChecker, which leaves SystemMemory out
INCREASED: Final = "MSExchangeTransport 15004"
# Exchange 2007: each is logged on its own, and 15002 as long as it goes on.
CONSTANT: Final = "resource pressure is constant at"

# Names in the languages of Windows.
_VERSIONS: Final = (
    r"Version buckets|Versions-?buckets|compartiments? de version"
    r"|dep[\x{f3}o]sitos? de versi\w+|buckets? (?:di|de) vers\w+|versiebuckets"
)
_SHORT = linear(
    r"(?is)(?:under pressure:?|causing back pressure:?|exceed the normal level:?|insufficient system resources \()(.*)"
)
_REST = linear(r"(?i)(?:following components|normal state)")
_DISK = linear(
    r"(?i)UsedDiskSpace|DatabaseUsedSpace|Used disk space|(?:Queue )?database (?:and|logging|size) [a-z ]{0,20}disk space"
)
_MEMORY = linear(
    rf"(?i)\b(PrivateBytes|Private bytes|SystemMemory|Physical memory load|UsedVersionBuckets|{_VERSIONS}"
    r"|QueueLength\[SubmissionQueue\]|Submission ?Queue)"
)
# What is measured on a path is the space of its drive, whatever the language calls it; but for the version buckets of a database.
_PATH = linear(r"[A-Za-z]:\\")
_DRIVE = linear(r"(?i)(?:DiskSpace|UsedSpace|disk space)\W{1,4}([A-Z]):\\")
_LISTING: Final = frozenset(
    {15001, 15002, 15004, 15006, 15007}
)  # events that list resources; 15001 and 15002 of Exchange 2007
_ALL: Final = 5  # the meters that each server has, at least
_NAMES: Final = {
    "p": "the memory of EdgeTransport.exe",
    "v": "the version buckets (uncommitted transactions of the queue database)",
    "q": "the length of the submission queue",
    "s": "the memory of the server",
}


def short_of(texts: Iterable[str]) -> tuple[bool, str]:
    """(whether disk space is named as short, the other resource that is; "" when none is)."""
    disk, other = False, ""
    for text in texts:
        found = _SHORT.search(text)
        listed = without_rows(_REST.split(found.group(1), 1)[0]) if found else ""
        rows = [row.name for row in rows_of(text) if row.short]
        disk = disk or bool(_DISK.search(listed)) or any(_is_disk(row) for row in rows)
        other = other or next((name for each in (listed, *rows) if (name := _other(each))), "")
    return disk, other


def _is_disk(resource: str) -> bool:
    return bool(_DISK.search(resource) or (_PATH.search(resource) and not _MEMORY.search(resource)))


def _other(words: str) -> str:
    named = _MEMORY.search(words)
    return _named(named.group(1)) if named else ""


def _named(resource: str) -> str:
    low = resource.lower()
    if "vers" in low:
        return _NAMES["v"]
    if "queue" in low:
        return _NAMES["q"]
    return _NAMES["p"] if low.startswith("private") else _NAMES["s"]


def drive(texts: Iterable[str]) -> str:
    """The letter of the drive that is short; "" when the text names none."""
    return next((str(found.group(1)).upper() for text in texts if (found := _DRIVE.search(text))), "")


def told(said: Said, events: Iterable[WindowsEvent]) -> list[str]:
    """What was said, and the events that list resources."""
    return [said.text, *(e.text for e in events if e.event in _LISTING and "decreased" not in e.text)]


def eased(said: Said) -> bool:
    """Whether the event says that the pressure fell, or that there is none."""
    return (
        "decreased" in said.text or "constant at low" in said.text.lower() or "constant at normal" in said.text.lower()
    )


def in_order(objects: Sequence[Configured], events: Sequence[WindowsEvent]) -> Finding | None:
    """That no resource of this server is short, by its own meters; or that back pressure never began, by its log."""
    rated = [each for each in objects if each.kind == "resource-meter"]
    if len(rated) >= _ALL and all(each.get("Use").lower() == "low" for each in rated):
        because = f"The server rates all {len(rated)} resources that it watches as Low: it is in no back pressure now."
        return Finding(Belief.RULED_OUT, because, tuple(rated[:3]))
    none = nothing_logged(objects, levels()) or everyday_only(events)
    if none is None:
        return None
    because = "The log of this server has none of the events that back pressure writes (15004 to 15007): if it is the one that "
    because += "refuses, it does so for another reason; if another one does, look there."
    return Finding(Belief.RULED_OUT, because, (none,))


def meters() -> Step:
    return look(
        "See how this server rates each resource now.",
        "[xml]$told = Get-ExchangeDiagnosticInfo -Process EdgeTransport -Component ResourceThrottling; "
        "$told.Diagnostics.Components.ResourceThrottling.ResourceTracker.ResourceMeter | "
        "Format-List Resource,CurrentResourceUse,Pressure",
    )


def levels() -> Step:
    return transport_events(
        "See which resource is short: only what stands under `under pressure` counts, not the list in normal state.",
        "15004,15005,15006,15007",
    )
