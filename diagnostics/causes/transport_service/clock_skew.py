"""The server's clock is wrong.

## What is happening
Kerberos refuses tickets when two clocks differ by more than five minutes, so Exchange servers can't sign in to
each other, and certificates can look expired or not yet valid. It mostly follows a virtual machine that takes
its time from its host, or a domain controller that lost its own source.

## What proves it
- `w32tm` shows an offset of more than 300 seconds to the domain controller
- SEC_E_TIME_SKEW (0x80090324) or KRB_AP_ERR_SKEW

## Not this when
- the offset is small: then it is another fault of Kerberos (`transport-service.kerberos.exchangeauth-failed`)

## References
- https://learn.microsoft.com/en-us/windows-server/networking/windows-time-service/windows-time-service-tools-and-settings
- https://learn.microsoft.com/en-us/windows/win32/com/com-error-codes-4
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.transport_service.services import POWERSHELL, elsewhere
from diagnostics.facts import QueueState, Said
from diagnostics.report import Step

_TEMPORARY = "4.7.0 Temporary authentication failure"


@cause(
    id="transport-service.clock.skew",
    act="on-prem",
    says=("SEC_E_TIME_SKEW", "0x80090324", "KRB_AP_ERR_SKEW", "failed with error TimeSkew", _TEMPORARY),
)
def assess(said: Said, queues: tuple[QueueState, ...]) -> Finding | None:
    """The error's own name proves it; a failed sign-in is only a hint."""
    if said.signature != _TEMPORARY:
        error = said.signature.rpartition(" ")[2]
        because = f"The error {error} says that the two clocks differ by more than Kerberos allows (five minutes)."
        return Finding(Belief.CONFIRMED, because, (said,), _steps())
    if elsewhere(said, queues):
        return None
    because = "Servers fail to sign in to each other; a clock that is off by more than five minutes does that."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.2)


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "Compare the clock with the domain controllers, from both servers.",
            "w32tm /monitor; w32tm /query /status; w32tm /query /source",
            POWERSHELL,
        ),
        change(
            "If the source is right, set the clock now (a virtual machine must not take its time from the host as well).",
            "w32tm /resync /rediscover",
            shell=POWERSHELL,
            changes="The clock is set to that of the domain.",
            undo="None needed.",
            verify="w32tm /monitor shows an offset below a second, and the queues between the servers drain.",
        ),
        change(
            "If the source is not the domain, set it.",
            "w32tm /config /syncfromflags:domhier /update; Restart-Service w32time",
            shell=POWERSHELL,
            changes="The server takes its time from the domain hierarchy.",
            undo="w32tm /config with the former /manualpeerlist.",
            verify="w32tm /query /source names a domain controller.",
        ),
    )
