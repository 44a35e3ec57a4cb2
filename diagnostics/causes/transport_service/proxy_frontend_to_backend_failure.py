"""The Front End Transport service can't pass sessions on to a Transport service.

## What is happening
Front End Transport keeps no mail: it proxies each session to the Transport service of a mailbox server, on port
2525. If none is found, reachable or willing, the sender gets `451 4.7.0 Temporary server error. Please try
again later. PRX…`. The digit only tells where it broke: finding a back end, connecting, or signing in to it.
Name resolution, a stopped or inactive Transport service, back pressure and a missing internal certificate are
the usual reasons.

## What proves it
- events 1048 and 1049 of MSExchangeFrontEndTransport: too many sessions fail behind it, or nobody is there to take them
- nobody answers on port 2525 of the mailbox server
- the front end's SmtpSend log shows failing sessions to port 2525 at the same moment

## Not this when
- the number is PRX2 and the server's adapter lists a public DNS server (`dns.resolver.public-dns-on-server`)
- `failed on Frontend with` quotes a failed look-up or an address at port 25, or the queue leads out of the
  organization: that was the next hop of outbound mail
- the reply that the front end quotes speaks of TLS, an address or a policy: then that is the fault
- Exchange Online itself says PRX9 with a socket error: then the next hop broke the connection

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/mails-issues-occur-after-april-15-2016
- https://learn.microsoft.com/en-us/exchange/mail-flow/mail-flow
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.auth_smtp.logon import to_microsoft
from diagnostics.causes.dns.lookups import public_resolver
from diagnostics.causes.network.reach import by_exchange_online, from_cloud
from diagnostics.causes.tls.credential import said_to_clients
from diagnostics.causes.transport_service.services import (
    PROXY_FAILED,
    elsewhere,
    event_number,
    lost_internal_certificate,
    restart,
    service_states,
    tell_them,
)
from diagnostics.facts import DnsServers, InstalledCertificate, QueueState, Reply, Said, TlsFailed, WindowsEvent
from diagnostics.log_forms import unreached
from diagnostics.looked_facts import PortTest
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.report import Step
from diagnostics.text import short

_WHERE = {
    "1": "no back end answered",
    "2": "no back end could be found",
    "3": "the back end failed during the session",
    "4": "signing in to the back end failed",
    "5": "the back end refused the proxied session",
    "6": "the back end failed during the session",
}
# Events of the front end itself.
_EVENTS = {
    1048: "too many of the sessions that it hands on fail",
    1049: "it knows no server that it could hand a session to",
}
_BACK_END = 2525
_FAILED = ("windows-service", "service-health", "server-component")


# What the front end of outbound mail quotes of its own next hop: where it connected to, or that DNS knows no such name.
_NEXT_HOP = linear(r"(?i)last endpoint attempted was [0-9a-f.:\[\]]{3,45}:25\b|\bSMTPSEND\.DNS\.|\bDNS query failed")

_BETWEEN_SERVICES = linear(r"(?i)authenticat|credential|\bPRX\d|temporary server error")


@cause(
    id="transport-service.proxy.frontend-to-backend-failure",
    act="on-prem",
    says=(
        PROXY_FAILED,
        "Proxy session setup failed on Frontend",
        "Setting up client proxy session failed",
        "Failed to setup proxy session",
        *(f"MSExchangeFrontEndTransport {number}" for number in _EVENTS),
    ),
)
def assess(
    said: Said,
    _state: Configured | None,
    adapters: tuple[DnsServers, ...],
    objects: tuple[Configured, ...],
    queues: tuple[QueueState, ...],
    events: tuple[WindowsEvent, ...],
    installed: tuple[InstalledCertificate, ...],
    replies: tuple[Reply, ...],
    handshakes: tuple[TlsFailed, ...],
) -> Finding | None:
    """The digit after PRX says where; what stands behind it is another finding when the text shows it."""
    fault = _EVENTS.get(event_number(said), "")
    if fault:
        because = f"The front end says that {fault}: Transport behind it is stopped, inactive or out of reach."
        return Finding(Belief.LIKELY, because, (said,), _steps(), weight=1.2)
    digit = said.text.partition("PRX")[2][:1]
    who = said.by or "The front end"
    outside = _met_outside(said, replies, objects, queues)
    if outside:
        return outside
    if digit == "9" or by_exchange_online(said.text):
        because = (
            f"{who} lost the session that it proxied; with a socket error behind it the next hop broke the connection."
        )
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.0)
    if "PRX" in said.text and to_microsoft(said, objects):
        because = "Exchange Online's front end could not pass the session on. Where it does so every time, it is mostly for the "
        because += "account that logs on: one that may not submit, or has no mailbox."
        return Finding(Belief.POSSIBLE, because, (said,), (), "microsoft", weight=1.0)
    because = f"{who} could not pass the session on to a Transport service"
    because += f" (PRX{digit}: {_WHERE[digit]})." if digit in _WHERE else "."
    if elsewhere(said, queues):
        steps = (tell_them("Front End Transport there can't reach its back end (PRX)."),)
        return Finding(Belief.LIKELY, because, (said,), steps, "recipient-side", weight=1.2)
    lost = lost_internal_certificate(events, installed)
    if lost:
        because += (
            f" Behind it stands event {lost.event}: the services can't sign in to each other without that certificate."
        )
        return Finding(Belief.RULED_OUT, because, (lost, said))
    public = next((each for each in adapters if any(public_resolver(ip) for ip in each.addresses)), None)
    seen = next((each for each in replies if each.failing and "inbound proxy" in each.connector.lower()), None)
    if seen and public is None:
        because += f" Its own send log shows why: `{short(seen.text)}` on `{seen.connector}`."
        return Finding(Belief.LIKELY, because, (said, seen), _steps(), weight=1.6)
    noted = _noted(said, replies)
    if noted:
        because += f" Why stands in the front end's note of the same session: `{short(noted.text)}`"
        because += f" (tried: {noted.ip})." if noted.ip else "."
        return Finding(Belief.LIKELY, because, (said, noted), _steps(), weight=1.6)
    broken = next((each for each in handshakes if said_to_clients(each, replies)), None)
    if broken:
        because += (
            f" A handshake that ends with {broken.error} stands beside it: which of the two follows from the other is "
        )
        because += "not told."
        return Finding(Belief.POSSIBLE, because, (said, broken), _steps(), weight=1.3)
    behind = _behind(objects)
    deleted = next((each for each in objects if each.kind == "told-certificates-deleted"), None)
    if deleted:
        because += " Since certificates were deleted, as you say, it may lack the one for inside."
        return Finding(Belief.POSSIBLE, because, (said, deleted), _steps(), weight=1.4)
    if behind or digit in ("2", "5"):
        because += " The adapter's public DNS server may be why it is not found." if public else ""
        proof = (said, behind, public)
        return Finding(Belief.POSSIBLE, because, proof, _steps(), weight=0.9 if public else 1.4)
    return Finding(Belief.LIKELY, because, (said,), _steps(), weight=1.2)


@shown
def back_end(tests: tuple[PortTest, ...]) -> Finding | None:
    """Whether anybody answers where the front end hands sessions on. That it answers leaves how the services sign in."""
    closed = next((each for each in tests if each.port == _BACK_END and not each.succeeded and not each.inbound), None)
    if closed is None or any(each.port == _BACK_END and each.succeeded for each in tests):
        return None
    because = (
        f"Nobody answers on port {_BACK_END} of {closed.host or closed.ip or 'the server'}, where the front end hands "
    )
    because += "sessions to the Transport service."
    return Finding(Belief.LIKELY, because, (closed,), _steps(), weight=1.6)


def _met_outside(
    said: Said, replies: tuple[Reply, ...], objects: tuple[Configured, ...], queues: tuple[QueueState, ...]
) -> Finding | None:
    """A front end that only reports what it was answered."""
    quotes = "setup failed on Frontend with" in said.text
    if quotes and (_NEXT_HOP.search(said.text) or elsewhere(said, queues)):
        because = "A front end that proxies outbound mail reports what it met at the next hop; between the "
        because += "services nothing failed."
        return Finding(Belief.RULED_OUT, because, (said,))
    crossing = from_cloud(objects)
    if quotes and crossing:
        because = (
            "Mail goes from Exchange Online to your servers, so it is its front end that reports what it met at yours."
        )
        return Finding(Belief.POSSIBLE, because, (said, crossing), _steps(), weight=0.6)
    if "session" not in said.signature:
        return None  # PRX quotes nothing
    for each in replies:
        if each.source == said.source and each.text != said.text and _names_another_fault(each):
            because = f"The front end quotes the reply that it got, `{short(each.text)}`: that says what is wrong, and it got an "
            because += "answer, so passing the session on is the lesser suspect."
            return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=0.8)
    return None


def _noted(said: Said, replies: tuple[Reply, ...]) -> Reply | None:
    """The back end that could not be connected to, as the front end's receive log notes it in the session that it put off."""
    own = next((each for each in replies if each.source == said.source and each.kind == "log" and each.session), None)
    if own is None or "\\" not in own.connector:
        return None
    same = (each for each in replies if each.session == own.session and each.source != own.source)
    return next((each for each in same if unreached(each.whole)), None)


def _names_another_fault(inner: Reply) -> bool:
    """Whether a reply speaks of TLS, an address, the content or a policy. Connections and states (X.2 to X.4) are the proxying
    itself, and so is that one service can't sign in to the other."""
    return inner.enhanced[1:4] in (".1.", ".5.", ".6.", ".7.") and not _BETWEEN_SERVICES.search(inner.text)


def _behind(objects: tuple[Configured, ...]) -> Configured | None:
    """A service or component that failed."""
    return next((o for o in objects if o.kind in _FAILED and o.failing), None)


def _steps() -> tuple[Step, ...]:
    return (
        service_states(),
        look(
            "See whether the back end listens on 2525, and resolves by its name from the front end.",
            "Test-NetConnection {server} -Port 2525 | Format-List ComputerName,RemoteAddress,RemotePort,TcpTestSucceeded; "
            "Resolve-DnsName {server} | Format-Table Name,IPAddress",
            "powershell",
            server="",
        ),
        look(
            "See the component states of the server.",
            "Get-ServerComponentState {server} | Where-Object State -ne 'Active' | Format-Table Component,State",
            server="",
        ),
        look(
            "Read the front end's own log of the same minute: it shows which back end it tried and what that said.",
            "Get-ChildItem (Join-Path $env:ExchangeInstallPath 'TransportRoles\\Logs\\FrontEnd\\ProtocolLog\\SmtpSend') | "
            "Sort-Object LastWriteTime | Select-Object -Last 1 | Get-Content -Tail 60",
            "powershell",
        ),
        look(
            "See the connector of the back end: it needs ExchangeServer authentication and its own binding on 2525.",
            "Get-ReceiveConnector | Where-Object TransportRole -eq 'HubTransport' | "
            "Format-List Identity,Bindings,AuthMechanism,RemoteIPRanges",
        ),
        restart(
            "If Transport runs but does not answer, restart it.",
            "Test-NetConnection succeeds, and the next message is accepted.",
        ),
    )
