"""A transport agent fails to load, or crashes on messages.

## What is happening
Transport runs agents inside its own process: Exchange's own, and those of signature, archive and anti-virus
products. One whose file is missing, outdated or broken keeps the service from starting (event 16023); one that
throws on a message makes that message fail or turn into poison (event 1051). One that can't do its work without losing
something, as the Journaling agent without its configuration, puts every message off: `Message deferred by categorizer
agent`. It mostly begins after an update of Exchange or of that product.

## What proves it
- event 16023 or 1052 names the type or file that can't be loaded
- event 1051 names the agent that threw, and so do 9201, 9202, 9215 and 9216 of the categorizer, and 8011 to 8013 of delivery
- event 1053: no instance of the agent can be made
- Install-TransportAgent refuses the type of its factory, and Transport does not start on a server that has the agent
- the stack of an exception leads through a method of an agent that isn't Microsoft's
- messages are deferred by a categorizer agent, and an event tells that an agent could not load its configuration
- the call stack in event 1033 or 10003 has a frame that isn't Microsoft's, and below it Exchange that calls agents
- the parameters of event 4999 name edgetransport and an assembly that isn't Microsoft's

## Not this when
- event 1050 says that the Transport Rule Agent took too long: that is a costly rule
- only Exchange's own agents are installed: then look at the update (`transport-service.update.regression`) or the filtering
  engine (`transport-service.antimalware.engine-broken`)

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/transport-agents/transport-agents
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.transport_service.crash import (
    CRASHES,
    POISON,
    RECEIVING,
    SAYS,
    Crash,
    crash_events,
    crash_of,
    foreign_frame,
)
from diagnostics.causes.transport_service.services import DEFERRED, restart
from diagnostics.facts import Said
from diagnostics.mail_facts import CommandError, Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Step

_AGENT = linear(r"(?i)\bagent ['\"]([^'\"]{1,80})['\"]")
_IN_BRACKETS = linear(r"(?i)\bagent \(([^()]{1,80})\)")
_FILE = linear(r"(?i)(?:assembly|type) ['\"]([^'\"]{1,200})['\"]")
# Windows in any language names the parameter and .NET: `TransportAgentFactory type must be the Microsoft .NET class type of …`.
_NO_FACTORY: Final = "TransportAgentFactory"
_OF_NET: Final = "microsoft .net"
_UNCONFIGURED: Final = "An error occurred while loading the configuration for the Journaling agent"
_SIGNER: Final = "load the key key for domain"  # of Exchange DkimSigner, an agent; the doubled word is its own
# What the categorizer and remote delivery log of an agent that throws, by the stage that it threw in.
_THREW: Final = tuple(f"MSExchangeTransport {number}" for number in (9201, 9202, 9215, 9216, 8011, 8012, 8013))
_SLOW: Final = "MSExchange Extensibility 1050"
_OWN: Final = frozenset(
    {
        "transport rule agent",
        "malware agent",
        "dlp policy agent",
        "text messaging routing agent",
        "text messaging delivery agent",
        "system probe drop smtp agent",
        "system probe drop routing agent",
        "content filter agent",
        "sender id agent",
        "recipient filter agent",
        "journal agent",
        "retention policy agent",
        "supervisory review agent",
        "rights management encryption agent",
        "rms encryption agent",
        "rms decryption agent",
        "journal report decryption agent",
        "prelicensing agent",
        "connection filtering agent",
        "sender filter agent",
        "attachment filtering agent",
        "protocol analysis agent",
        "address rewriting inbound agent",
        "address rewriting outbound agent",
        "edge rule agent",
        "mailbox rules agent",
        "meeting forward notification agent",
        "approval processing agent",
        "conversations processing agent",
        "unjournal agent",
        "index delivery agent",
        "journaling agent",
    }
)
_ALWAYS: Final = "transport rule agent"


@cause(
    id="transport-service.agent.failed",
    act="on-prem",
    says=(
        "MSExchangeTransport 16023",
        "couldn't start transport agents",
        "MSExchange Extensibility 1051",
        "MSExchange Extensibility 1052",
        "MSExchange Extensibility 1053",
        *_THREW,
        "did not handle a catchable exception",
        _SLOW,
        "Failed to create type",
        _NO_FACTORY,
        "caused an unhandled exception",
        _UNCONFIGURED,
        _SIGNER,
        *DEFERRED,
        *SAYS,
        RECEIVING,
    ),
)
def assess(anchor: Said | Configured | Told, told: tuple[Said, ...], objects: tuple[Configured, ...]) -> Finding | None:
    """The event names the agent. Exchange's own agents fail for reasons of their own."""
    if isinstance(anchor, Configured | Told):
        return _thrown(anchor) if isinstance(anchor, Configured) else _told(anchor)
    said = anchor
    if said.signature in (_NO_FACTORY, _SIGNER):
        return _of_add_on(said, objects)
    if said.signature in DEFERRED or said.signature == _UNCONFIGURED:
        return _deferring(said, told)
    thrower = foreign_frame(said.text) if said.signature in (POISON, RECEIVING) else ""
    if thrower:
        because = (
            f"`{thrower}`, which isn't Microsoft's, threw an exception inside Transport while it handled a message."
        )
        return Finding(Belief.LIKELY, because, (said,), _steps(""), weight=1.4)
    if said.signature == RECEIVING:
        return None
    if said.signature in SAYS:
        crash = crash_of(said)
        trial = next((each for each in objects if each.kind == "told-trial" and each.name == "agent"), None)
        return _crashed(said, crash, trial) if crash else None
    named = _AGENT.search(said.text) or _IN_BRACKETS.search(said.text)
    agent = str(named.group(1)) if named else ""
    low = said.text.lower()
    own = agent.lower() in _OWN
    if said.signature == _SLOW and (own or not agent):
        return None
    file = _FILE.search(said.text)
    if not agent and "transport" not in low and "extensibility" not in low:
        return None
    what = f"The agent `{agent}`" if agent else f"`{file.group(1)}`" if file else "A transport agent"
    if said.signature == _SLOW:
        because = f"{what} holds messages longer than Exchange allows."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(agent), weight=1.4)
    if own:
        because = f"{what}, one of Exchange's own, throws on messages: look for an update or a broken filtering engine."
        return Finding(Belief.POSSIBLE, because, (said,), (_list_agents(),), weight=1.5)
    return _named(said, what, agent, surely=file is not None)


@shown
def agents(objects: tuple[Configured, ...]) -> Finding | None:
    """The list of agents. One of another maker that is there may be fine; where there is none, none fails."""
    listed = [each for each in objects if each.kind == "transport-agent" and each.name]
    others = [each for each in listed if each.flag("Enabled") is not False and each.name.lower() not in _OWN]
    if not any(each.name.lower() == _ALWAYS for each in listed) or others:
        return None
    because = f"All {len(listed)} agents that were listed are Microsoft's own, or are switched off: none of another "
    because += "maker takes part."
    return Finding(Belief.RULED_OUT, because, tuple(listed[:3]))


def _named(said: Said, what: str, agent: str, *, surely: bool) -> Finding:
    """An agent that isn't Exchange's own, by the event that names it: as it was loaded, made or run."""
    belief = Belief.LIKELY
    if "start transport agents" in said.text or "16023" in said.signature or "create type" in said.text:
        because = f"{what} can't be loaded, so the Transport service does not start."
        belief = Belief.CONFIRMED if surely else belief
    elif "1053" in said.signature:
        because = f"{what} could not be made: its factory, or a file that it needs, fails."
    else:
        because = f"{what} throws an exception while it handles messages."
    return Finding(belief, because, (said,), _steps(agent), weight=1.3)


def _told(told: Told) -> Finding | None:
    if told.story != CRASHES:
        return None
    because = "The process of transport ends on messages, as you tell it; an agent of another product inside it does that, and "
    because += "event 4999 or the stack of the exception would name it."
    return Finding(Belief.POSSIBLE, because, (told,), (crash_events(), _list_agents()), weight=1.4)


def _thrown(stack: Configured) -> Finding | None:
    """The stack names the agent, whatever the exception's own words are about."""
    if stack.kind != "agent-thrown":
        return None
    because = f"`{stack.name}`, an agent that isn't Microsoft's, throws `{stack.get('Exception') or 'an exception'}` while it "
    because += "handles messages"
    because += ", so they leave unsigned." if "dkim" in stack.name.lower() else "."
    return Finding(Belief.LIKELY, because, (stack,), _steps(""), weight=1.5)


def refused_agent(error: CommandError) -> bool:
    """Whether a cmdlet could not make an agent of the type that it was given."""
    return _no_factory(error.text)


def _no_factory(text: str) -> bool:
    low = text.lower()
    return _NO_FACTORY.lower() in low and _OF_NET in low


def _not_installed(said: Said, objects: tuple[Configured, ...]) -> Finding:
    """The factory's name is wrong, or its file can't be loaded; a service that ends beside it tells the two apart."""
    because = "Install-TransportAgent can't load the agent's factory: its name is wrong, or the file, or one that it needs, is "
    because += "not for this build of Exchange. In Exchange 2013 SP1 a comment in .NET's policy files did that to every agent of "
    because += "another maker (KB 2938053, mended in CU5)."
    stopped = next((o for o in objects if o.name == "MSExchangeTransport" and o.failing), None)
    if stopped:
        because += " Transport does not start either, which ends at the same fault."
    return Finding(Belief.LIKELY if stopped else Belief.POSSIBLE, because, (said, stopped), _steps(""), weight=1.4)


def _deferring(said: Said, told: tuple[Said, ...]) -> Finding:
    """The queue says that an agent puts messages off, an event which one has no configuration; together they name it."""
    deferred = next((each for each in told if each.signature in DEFERRED), None)
    unconfigured = next((each for each in told if each.signature == _UNCONFIGURED), None)
    if unconfigured is None:
        because = (
            "An agent of the categorizer puts the messages off; which one, the queue does not say, the event log does."
        )
        return Finding(Belief.POSSIBLE, because, (said,), (_events(), *_steps("")), weight=1.5)
    because = "The Journaling agent can't load its configuration: it is damaged, or no domain controller answers."
    if deferred:
        because += " It puts messages off rather than let them pass without their journal copy."
    belief = Belief.LIKELY if deferred else Belief.POSSIBLE
    return Finding(belief, because, (unconfigured, deferred), (_events(), *_steps("Journaling Agent")), weight=1.5)


def _of_add_on(said: Said, objects: tuple[Configured, ...]) -> Finding | None:
    """An agent that is being installed, or one that can't read what it needs."""
    if said.signature == _NO_FACTORY:
        return _not_installed(said, objects) if _no_factory(said.text) else None
    because = (
        "DkimSigner, an agent that runs inside Transport, can't read its private key: another program (antivirus, "
    )
    because += "backup) holds the file, or it is no key. Where that ends in an exception, it takes Transport with it."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(""), weight=1.5)


def _crashed(said: Said, crash: Crash, trial: Configured | None) -> Finding:
    """The transport process ended: another vendor's assembly says whose code it was."""
    if crash.foreign:
        loading = "..ctor" in crash.method or "Factory" in crash.method
        when = "is loaded" if loading else "handles messages"
        because = f"`{crash.culprit}` throws `{crash.exception}` when it {when}, and takes the transport process down."
        return Finding(Belief.LIKELY, because, (said,), _steps(""), weight=1.4)
    if trial:
        because = f"The transport process crashes with {crash.named}, and without the agent it runs, as you say."
        return Finding(Belief.LIKELY, because, (said, trial), _steps(""), weight=1.3)
    because = f"The transport process crashes with {crash.named}; an agent that runs in it may be at fault."
    weight = 1.1 if crash.in_filtering or crash.in_database else 1.35
    return Finding(Belief.POSSIBLE, because, (said,), (crash_events(), _list_agents()), weight=weight)


def _events() -> Step:
    return look(
        "Read what the agents report: a configuration, rule or engine that can't be loaded.",
        "Get-WinEvent -FilterHashtable @{{LogName='Application';Level=2,3;ProviderName='MSExchange Messaging Policies',"
        "'MSExchange Extensibility','MSExchangeTransport','Microsoft-Filtering-FIPFS'}} -MaxEvents 20 | "
        "Format-List TimeCreated,ProviderName,Id,Message",
        "powershell",
    )


def _list_agents() -> Step:
    return look(
        "List the agents, and look for those that are not Microsoft's.",
        "Get-TransportAgent | Format-Table Identity,Enabled,Priority",
    )


def _steps(agent: str) -> tuple[Step, ...]:
    return (
        _list_agents(),
        change(
            "Switch that agent off until its vendor's fixed version is installed. Mind what it does: archive, filter or sign.",
            "Disable-TransportAgent {agent}",
            changes="Messages pass without this agent.",
            undo="Enable-TransportAgent with the same name, then restart transport.",
            verify="Get-TransportAgent shows Enabled False.",
            agent=agent,
        ),
        restart(
            "Restart transport: agents are only loaded then.",
            "The service stays up, and no new 1051 or 16023 is logged.",
        ),
    )
