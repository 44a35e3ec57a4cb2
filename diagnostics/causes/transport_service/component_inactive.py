"""A transport component of the server is inactive: it is in maintenance mode.

## What is happening
Exchange servers carry a state for each component. While ServerWideOffline, HubTransport or FrontendTransport is
Inactive or Draining, the service runs and listens, but answers `421 4.3.2 Service not active`. It is what
maintenance mode looks like, and what is left when maintenance ended without setting every component, by every
requester, back to Active.

## What proves it
- event 7011, 7012 or 7014 of MSExchangeTransport tells that the component has become Inactive or Draining
- `Get-ServerComponentState` shows one of these components as Inactive or Draining

## Not this when
- all transport components are Active: then two listeners share port 25, or an agent failed
  (`connector.receive.port25-hubtransport-conflict`, `transport-service.agent.failed`)
- the connection is refused: then the service doesn't run (`transport-service.service.stopped`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/mailflow/event-7009-send-receive-emails
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-servercomponentstate
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.policy.said import reply_of
from diagnostics.causes.recipient.lookup import by_microsoft
from diagnostics.causes.recipient.steps import advise
from diagnostics.causes.transport_service.services import PROXY_FAILED, behind_front_end, elsewhere, restart, tell_them
from diagnostics.facts import InstalledCertificate, QueueState, Reply, Said, WindowsEvent
from diagnostics.mail_facts import Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Act, Step

_WHOLE: Final = "serverwideoffline"
_TRANSPORT: Final = frozenset({_WHOLE, "hubtransport", "frontendtransport"})

_CHANGED: Final = tuple(f"MSExchangeTransport {number}" for number in (7011, 7012, 7014))
_INACTIVE = linear(r"(?i)\b(?:to|auf|zu|à|a|en|naar) [\"'«„]?(?:inacti[vf]\w?|inaktiv|draining)\b")
_ACTIVATED: Final = "ServerWideOffline -State Active -Requester"  # the command, which somebody has typed


@cause(
    id="transport-service.component.inactive",
    act="on-prem",
    says=(
        "4.3.2 Service not active",
        "Retry : Service not active",
        "4.3.2 Service not available",
        "MSExchangeTransport 7009",
        _ACTIVATED,
        *_CHANGED,
        PROXY_FAILED,
    ),
)
def assess(
    anchor: Said | Configured | Told,
    _state: Configured | None,
    objects: tuple[Configured, ...],
    queues: tuple[QueueState, ...],
    events: tuple[WindowsEvent, ...],
    installed: tuple[InstalledCertificate, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """The component states prove or refute it; the reply's word "active" is nearly as good."""
    if isinstance(anchor, Told):
        return _told(anchor)
    if isinstance(anchor, Said) and anchor.signature == _ACTIVATED:
        return _in_vain(anchor, objects)
    if isinstance(anchor, Said) and anchor.signature in _CHANGED:
        return _became(anchor)
    states = [each for each in objects if each.kind == "server-component" and _named(each) in _TRANSPORT]
    off = [each for each in states if each.failing]
    if isinstance(anchor, Configured):
        return _shown(anchor, off) if anchor in off else None
    if anchor.signature == PROXY_FAILED:
        return _behind_front_end(anchor, states, off, behind_front_end(anchor, queues, events, installed, objects))
    if off:
        because = f"{_listed(off)}, and {anchor.by or anchor.host or 'the server'} turns sessions away with 4.3.2."
        return Finding(Belief.CONFIRMED, because, (off[0], anchor), _steps(_above(off[0], off)))
    if states:
        because = f"All {len(states)} transport components that were sent are active."
        return Finding(Belief.RULED_OUT, because, tuple(states[:3]))
    who = anchor.by or anchor.host or "The receiving server"
    theirs = elsewhere(anchor, queues)
    steps = (
        (tell_them("a transport component of their server is inactive."),)
        if theirs
        else _steps(None, _server(anchor, replies))
    )
    act: Act = "recipient-side" if theirs else "on-prem"
    if by_microsoft(anchor):
        because = f"{who}, a server of Exchange Online, is being taken out of service: nothing on this side causes it."
        return Finding(Belief.LIKELY, because, (anchor,), _again(), "microsoft", weight=1.4)
    if "not available" in anchor.signature:
        because = f"{who} answers `4.3.2 Service not available`, mostly because a transport component is inactive."
        return Finding(Belief.POSSIBLE, because, (anchor,), steps, act, weight=1.4)
    because = f"{who} runs but says that its transport service is not active: maintenance mode."
    return Finding(Belief.LIKELY, because, (anchor,), steps, act, weight=1.4)


@shown
def components(objects: tuple[Configured, ...]) -> Finding | None:
    """The states of the server's components. The step lists those that aren't active: none of transport among them is fine."""
    told = [each for each in objects if each.kind == "server-component"]
    states = [each for each in told if _named(each) in _TRANSPORT]
    off = [each for each in states if each.failing]
    if off:
        return _shown(off[0], off)
    if len({_named(each) for each in states}) == len(_TRANSPORT):
        because = f"{', '.join(_spelled(each) for each in states[:3])}: all are active."
        return Finding(Belief.RULED_OUT, because, tuple(states[:3]))
    if states or not told or any(each.get("State").lower() == "active" for each in told):
        return None
    because = (
        f"Not active are only {', '.join(_spelled(each) for each in told[:3])}, and none of the transport components."
    )
    return Finding(Belief.RULED_OUT, because, tuple(told[:3]))


def _named(state: Configured) -> str:
    return _spelled(state).lower()


def _spelled(state: Configured) -> str:
    return state.get("Component", state.name)


_STORIES: Final = {"update-left-it-inactive": 1.8, "stays-in-drafts": 1.1}


def _told(told: Told) -> Finding | None:
    """What a person tells, with nothing pasted, makes it possible at most."""
    if told.story not in _STORIES:
        return None
    because = "Services that run while no mail moves, as you tell it, are what maintenance mode looks like: an update switches "
    because += "the components off, and one that ended early leaves them Inactive."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(None), "on-prem", weight=_STORIES[told.story])


def _behind_front_end(said: Said, states: list[Configured], off: list[Configured], weight: float) -> Finding | None:
    """The front end takes the session, and finds nobody behind it that does."""
    if not weight or (states and not off):
        return None
    if off:
        because = f"{_listed(off)}: the front end finds nobody behind it that takes its sessions."
        return Finding(Belief.LIKELY, because, (off[0], said), _steps(_above(off[0], off)), weight=1.6)
    because = "The front end answered, and could not hand the session on: HubTransport of the server behind it may be inactive, "
    because += "as maintenance mode and unfinished updates leave it."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(None), weight=weight)


def _became(said: Said) -> Finding | None:
    """Transport's own event about a change of its component's state; whether it has changed back since is not told."""
    if not _INACTIVE.search(said.text):
        return None
    because = "A transport component of this server became inactive: it takes no mail until it is set back to Active."
    return Finding(Belief.LIKELY, because, (said,), _steps(None, said.host), weight=1.3)


def _in_vain(said: Said, objects: tuple[Configured, ...]) -> Finding | None:
    """The command takes back what the same requester set, and nothing else."""
    if said.kind != "stray" or any(each.kind == "server-component" for each in objects):
        return None
    because = (
        "Set-ServerComponentState takes back the state of the one requester that it names. A component stays inactive "
    )
    because += "while another one (Functional, which setup uses, HealthAPI, Sidelined, Deployment) still holds it so."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(None), weight=1.6)


def _again() -> tuple[Step, ...]:
    return (
        look(
            "Open a new session with the host that was to take the mail: another of its servers answers, and what it says shows.",
            "openssl s_client -starttls smtp -connect {host:token}:25 </dev/null",
            "bash",
            host="",
        ),
        advise(
            "Send again after some minutes; an application should try several times before it gives up. Where it lasts for "
            "hours, look at the service health of Microsoft 365."
        ),
    )


def _shown(anchor: Configured, off: list[Configured]) -> Finding:
    return Finding(
        Belief.LIKELY, f"{_listed(off)}: mail is not accepted there.", tuple(off[:3]), _steps(_above(anchor, off))
    )


def _above(state: Configured, off: list[Configured]) -> Configured:
    """The component to begin with: while ServerWideOffline is inactive, no other one of that server comes back."""
    whole = (each for each in off if _named(each) == _WHOLE)
    return next((each for each in whole if each.get("Server") == state.get("Server")), state)


def _listed(off: list[Configured]) -> str:
    names = (f"{_spelled(each)} is {each.get('State')}" for each in off[:3])
    server = off[0].get("Server")
    return ", ".join(names) + (f" on {server}" if server else "")


def _server(said: Said, replies: tuple[Reply, ...]) -> str:
    """Our server that said it: the one whose receive log this is, or that a queue of another of ours names."""
    reply = reply_of(said, replies)
    server, apart, _ = (reply.connector if reply else "").partition("\\")
    return server if apart else said.host if said.kind == "queue" else ""


def _steps(state: Configured | None, server: str = "") -> tuple[Step, ...]:
    server = state.get("Server") if state else server
    component = _spelled(state) if state else ""
    return (
        look(
            "See which components are not active.",
            "Get-ServerComponentState {server} | Where-Object State -ne 'Active' | Format-Table Component,State",
            server=server,
        ),
        look(
            "See who asked for that state: only the same requester can take it back.",
            "(Get-ServerComponentState {server} -Component {component}).LocalStates | Format-Table Requester,State,Timestamp",
            server=server,
            component=component,
        ),
        change(
            "If maintenance is over, activate the component, once for each requester shown (ServerWideOffline first).",
            "Set-ServerComponentState {server} -Component {component} -State Active -Requester {requester}",
            changes="The component takes mail again.",
            undo="The same with -State Inactive.",
            verify="Get-ServerComponentState shows Active, and telnet to port 25 gets a 220 banner.",
            server=server,
            component=component,
            requester=(state.get("Requester") if state else "") or "Maintenance",
        ),
        restart(
            "Restart the transport services, so that they read the new state.",
            "The queues that waited for this server drain.",
            "MSExchangeTransport,MSExchangeFrontEndTransport",
        ),
    )
