"""A crash of the transport process: what the events 10003 and 4999 tell of it.

Event 4999 lists the parameters of the report to Microsoft: build, process, assembly, method, exception. Namespaces are cut to
their initials (`M.E.Data.Storage`, `S.Reflection.TargetInvocationException`). 10003 only says that it crashed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from diagnostics.cause import look
from diagnostics.causes.transport_service.services import POWERSHELL
from diagnostics.facts import Said
from diagnostics.patterns import linear
from diagnostics.report import Step

WATSON: Final = "MSExchange Common 4999"
POISON: Final = "MSExchangeTransport 10003"
CRASHES: Final = "transport-crashes-on-a-build"  # a story
SAYS: Final = (WATSON, POISON)
RECEIVING: Final = (
    "MSExchangeTransport 1033"  # an exception ended the session of a client; its call stack is in the event
)
_PART: Final = r"[,\s]{1,4}([^,\s]{1,200})"
_PARAMETERS = linear(
    rf"\bE\d\d\w{{0,6}}[,\s]{{1,4}}c-RTL-\w{{2,8}}[,\s]{{1,4}}[\d.]{{4,20}}{_PART}{_PART}{_PART}{_PART}"
)
# Processes of transport, in which agents run; edgetransport is the Transport service's own.
_TRANSPORT = linear(r"(?i)edgetransport|msexchange(?:transport|frontendtransport|delivery|submission|mailboxtransport)")
_OWN = linear(
    r"(?i)^(?:m\.|microsoft\b|s\.|system\b|mscorlib|unknown|clr|coreclr|kernelbase|kernel32|ntdll|msvc|ucrt|ese\b|edgetransport)"
)
# A frame of a call stack, .NET's `at` in its languages; and the namespace in which Exchange calls agents.
_FRAME = linear(r"(?:^|\s)(?:at|bei|en|à|in|bij|w|в|em) ([A-Z]\w{1,80}(?:\.[\w<>`+]{1,80}){1,8})\(")
_CALLED: Final = "Microsoft.Exchange.Data.Transport."
_FILTERING = linear(r"(?i)\bfip-?fs|\.Filtering\b|FilteringService|\bMSAM\b|AntiMalware|MalwareAgent")
_DATABASE = linear(r"(?i)\bEsent\w{3,60}Exception|\bIsam\b|\bJET_err|(?:System|\bS)\.IO\b")


@dataclass(frozen=True, slots=True)
class Crash:
    """`assembly`, `method` and `exception` are "" where the event doesn't list them."""

    assembly: str = ""
    method: str = ""
    exception: str = ""
    text: str = ""

    @property
    def foreign(self) -> bool:
        """Whether somebody else than Microsoft wrote the assembly that failed."""
        return bool(self.culprit) and not _OWN.search(self.culprit)

    @property
    def culprit(self) -> str:
        """The assembly, or the method where the event does not know the assembly."""
        return self.method if self.assembly == "unknown" else self.assembly

    @property
    def in_filtering(self) -> bool:
        return bool(_FILTERING.search(self.text))

    @property
    def in_database(self) -> bool:
        """Whether a database, or the disk below it, is what failed."""
        return bool(_DATABASE.search(self.text))

    @property
    def named(self) -> str:
        return f"`{self.exception}` in `{self.culprit}`" if self.assembly else "an exception that isn't told in full"


def crash_of(said: Said) -> Crash | None:
    """The crash of a transport process that an event reports; None where it is another process, or no crash."""
    if said.signature not in SAYS:
        return None
    found = _PARAMETERS.search(said.text)
    if said.signature == WATSON and not _TRANSPORT.search(found.group(1) if found else said.text):
        return None
    if found is None:
        return Crash(text=said.text)
    _, assembly, method, exception = found.groups()
    return Crash(assembly, method, exception, said.text)


def foreign_frame(text: str) -> str:
    """The method of another vendor's agent on a call stack, "" where none is: the first frame that isn't Microsoft's, below
    which Exchange called it."""
    if _CALLED not in text:
        return ""
    frames = (str(at.group(1)) for at in _FRAME.finditer(text.partition(_CALLED)[0]))
    return next((frame for frame in frames if not _OWN.search(frame)), "")


def crash_events() -> Step:
    """What tells an agent, the databases of transport, the filtering engine and an update from each other."""
    return look(
        "Read what stands beside the crash: 4999 names the assembly that failed (an agent's or Exchange's own), 17003 to 17018 "
        "and ESENT speak of transport's databases, FIPFS of the filtering engine.",
        "Get-WinEvent -FilterHashtable @{{LogName='Application';ProviderName='MSExchange Common','MSExchange Extensibility',"
        "'MSExchangeTransport','ESENT','Microsoft-Filtering-FIPFS';Level=1,2,3}} -MaxEvents 40 | "
        "Format-List TimeCreated,ProviderName,Id,Message",
        POWERSHELL,
    )
