"""The transport service was restarted on purpose by a maintenance action.

## What is happening
Changing the state of a transport component, or running the scripts that start and end maintenance of a server,
makes the transport services end and start again by design. The service control manager doesn't know that and
logs event 7031, "terminated unexpectedly"; a service that is stopped and started leaves a pair of events 7036.

## What proves it
- the event stands within a minute of `Set-ServerComponentState` or of a maintenance script
- the services run and the components are in the state that is wanted

## Not this when
- the event repeats, or an exception stands beside it (4999, 1051, 16023): then the service crashes
- a component is still Inactive or Draining although maintenance is over (`transport-service.component.inactive`)

## References
- https://learn.microsoft.com/en-us/exchange/high-availability/manage-ha/manage-dags
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.causes.transport_service.services import restarted, service_states
from diagnostics.facts import Said, WindowsEvent
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.report import Step

_TIMES = linear(r"It has done this (\d{1,5}) time")
_CRASHES: Final = frozenset({4999, 1051, 1052, 16023, 17018})


@cause(
    id="transport-service.maintenance.expected-restart",
    act="on-prem",
    benign=True,
    says=("StartDagServerMaintenance", "StopDagServerMaintenance", "Set-ServerComponentState"),
)
def assess(
    action: Said | Configured, events: tuple[WindowsEvent, ...], objects: tuple[Configured, ...]
) -> Finding | None:
    """Both must be there: the action, logged or told, and the one end of a service it explains."""
    ends = [e for e in events if "Transport" in e.text and (e.event == 7031 or restarted(e, events))]
    if not ends or (isinstance(action, Configured) and action.kind != "told-maintenance"):
        return None
    times = [int(found.group(1)) for e in ends if (found := _TIMES.search(e.text))]
    crash = next((e for e in events if e.event in _CRASHES), None)
    if crash or max(times, default=1) > 1:
        because = "The service ended more than once, or beside an exception: that is no planned restart."
        return Finding(Belief.RULED_OUT, because, (crash or ends[-1],))
    states = [o for o in objects if o.kind in ("server-component", "windows-service") and o.source != action.source]
    off = next((o for o in states if o.failing), None)
    if off:
        because = f"{off.name} is {off.get('State') or off.get('Status')}: the maintenance has not ended cleanly."
        return Finding(Belief.RULED_OUT, because, (off,))
    because = "The transport service ended once, beside the maintenance action that restarts it: that is by design."
    return Finding(Belief.LIKELY, because, (ends[-1], action), _steps(), weight=1.0)


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "Check that every component is in the state you want.",
            "Get-ServerComponentState $env:COMPUTERNAME | Format-Table Component,State",
        ),
        service_states(),
    )
