"""Ports 465 and 587, on which programs hand their mail to a provider: some hosters close them outward, as they do with 25.

What is weighed here is said of `network.port25.outbound-blocked`, of which it is the other half: the same hoster, the same
firewall, and the same people who open it. Which platforms close which ports is what their documentation says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from diagnostics.cause import Belief, Finding, change, look
from diagnostics.causes.network.providers import of_provider, set_to_provider
from diagnostics.causes.network.reach import Place, kind_of, place_of
from diagnostics.facts import ConnectFailed
from diagnostics.looked_facts import PortTest
from diagnostics.mail_facts import Configured, Told
from diagnostics.recognisers.mail_words import provider_host
from diagnostics.report import Step

_PORTS: Final = frozenset({465, 587})
_CLOSED: Final = {
    "DigitalOcean": _PORTS,
    "GoDaddy": _PORTS,
    "Hetzner": frozenset({465}),
    "Hugging Face": _PORTS,
    "Linode": _PORTS,
    "Railway": _PORTS,
    "Render": _PORTS,
    "Scaleway": _PORTS,
    "Vultr": _PORTS,
}
_CONTROLS: Final = ("smtp.office365.com", "smtp.gmail.com")
_WEB: Final = (443, 2525, 80)


def is_of(anchor: ConnectFailed | PortTest, settings: Iterable[Configured]) -> bool:
    """Whether a port of submission was tried, as the failure or the client's settings name it."""
    if isinstance(anchor, ConnectFailed) and not anchor.port:
        return _port_set(settings) in _PORTS
    return anchor.port in _PORTS


def assess(
    anchor: ConnectFailed | PortTest,
    failures: Sequence[ConnectFailed],
    tests: Sequence[PortTest],
    settings: Sequence[Configured],
) -> Finding | None:
    """A provider's submission server answers everybody, so its silence speaks for the way out."""
    where, port = _tried(anchor, settings), anchor.port or _port_set(settings)
    opened = next((each for each in tests if each.succeeded and each.port in _PORTS and _outside(each)), None)
    if isinstance(anchor, PortTest) and anchor.succeeded and anchor is not opened:
        return None
    if opened:
        return _open(opened) if len(tests) > 1 or failures else None
    if not _outside(anchor) or (
        isinstance(anchor, ConnectFailed) and anchor.kind not in ("timeout", "refused", "unreachable")
    ):
        return None
    near = _hosted(anchor, where, port, settings)
    if near:
        return near
    if isinstance(anchor, ConnectFailed) and anchor.kind != "timeout":
        return _rejected(anchor, where, port)
    return _weighed(anchor, where, port, failures, tests)


def told(story: Told) -> Finding:
    """That the hoster closes them, as somebody says without pasting anything."""
    because = "The hoster closes the ports of mail outward, as you tell it: no program there reaches a provider's SMTP server."
    return Finding(Belief.POSSIBLE, because, (story,), _steps(Place(), 587), weight=1.8)


def _tried(anchor: ConnectFailed | PortTest, settings: Sequence[Configured]) -> Place:
    """What was tried; a program's error may name its host beside the words that are read, or its settings do."""
    where = place_of(anchor)
    return where if where.site else Place(where.ip, provider_host(anchor.source.quote) or set_to_provider(settings))


def _port_set(settings: Iterable[Configured]) -> int:
    """The port of submission that the client's settings name, 0 for none."""
    named = (each.get("Port") for each in settings if each.kind == "client-settings")
    return next((int(each) for each in named if each in ("465", "587")), 0)


def _outside(fact: ConnectFailed | PortTest) -> bool:
    return kind_of(fact.ip) != "internal"


def _open(opened: PortTest) -> Finding:
    because = f"Port {opened.port} of {place_of(opened).name} opened when it was tested by hand: submission leaves this network."
    return Finding(Belief.RULED_OUT, because, (opened,))


def _hosted(
    anchor: ConnectFailed | PortTest, where: Place, port: int, settings: Sequence[Configured]
) -> Finding | None:
    """With a platform that is known to close this port, or where the same works from another machine."""
    hosted = next(
        (each for each in settings if each.kind == "told-hosting" and port in _CLOSED.get(each.name, ())), None
    )
    if hosted:
        because = f"{where.subject} did not open on port {port}, and the program runs with {hosted.name}, as you say: it closes "
        because += (
            "the ports of mail outward (in its small plans, or until it is asked), whatever your own firewall allows."
        )
        return Finding(Belief.LIKELY, because, (anchor, hosted), _steps(where, port), weight=1.9)
    elsewhere = next((each for each in settings if each.kind == "told-elsewhere" and each.name == "machine"), None)
    if elsewhere and of_provider(where.host):
        because = f"{where.subject} did not open on port {port} from here, and the same works from another machine, as you say: "
        because += "what differs is this machine's way out, which its hoster or a firewall may close for mail."
        return Finding(Belief.POSSIBLE, because, (anchor, elsewhere), _steps(where, port), weight=2.0)
    return None


def _rejected(anchor: ConnectFailed, where: Place, port: int) -> Finding | None:
    """A refusal that a hoster's firewall gives in the provider's place."""
    if not of_provider(where.host):
        return None
    because = f"{where.subject} takes every connection on port {port}, so a refusal or no route comes from this side: a hoster's "
    because += "firewall, or a rule on the machine, may reject what programs send out by themselves."
    return Finding(Belief.POSSIBLE, because, (anchor,), _steps(where, port), weight=1.4)


def _weighed(
    anchor: ConnectFailed | PortTest,
    where: Place,
    port: int,
    failures: Sequence[ConnectFailed],
    tests: Sequence[PortTest],
) -> Finding:
    steps = _steps(where, port)
    silent = [each for each in failures if each.kind == "timeout" and each.port in _PORTS and _outside(each)]
    closed = [each for each in tests if not each.succeeded and each.port in _PORTS and _outside(each)]
    failed: tuple[ConnectFailed | PortTest, ...] = (*silent, *closed)
    sites = {place_of(each).site for each in failed} - {""}
    other = next((each for each in tests if each.succeeded and each.port in _WEB), None)
    if len(sites) > 1:
        because = f"Ports of submission opened to none of {len(sites)} unrelated servers"
        if other and closed:
            because += f", while port {other.port} of {place_of(other).name} did"
            return Finding(Belief.CONFIRMED, f"{because}.", (*closed, *silent, other), steps)
        return Finding(Belief.LIKELY, f"{because}.", (*closed, *silent), steps, weight=1.6)
    if of_provider(where.host):
        because = (
            f"{where.subject} did not answer on port {port}, where all the world hands in its mail: the way out is "
        )
        because += "closed for mail more probably than that server. A test from there, of another provider too, tells."
        return Finding(Belief.POSSIBLE, because, (anchor,), steps, weight=1.6)
    because = (
        f"{where.subject} did not answer on port {port}; whether that port fails toward every server is not told yet."
    )
    return Finding(Belief.POSSIBLE, because, (anchor,), steps, weight=0.8)


def _steps(where: Place, port: int) -> tuple[Step, ...]:
    control = next(each for each in _CONTROLS if each != where.host.lower())
    return (
        look(
            "On the machine (in the container) that sends, test the ports of this server, that of an unrelated one, and 443: "
            "where 443 opens and the ports of mail don't, they are closed outward.",
            "nc -vz -w 5 {host:token} 465; nc -vz -w 5 {host:token} 587; nc -vz -w 5 {control:token} 587; "
            "nc -vz -w 5 www.microsoft.com 443",
            "bash",
            host=where.host or where.ip,
            control=control,
        ),
        change(
            "Have the hoster open the port (a ticket, or a plan that allows it), or allow it on your own firewall. Else send "
            "through the provider's HTTP interface (its API), or its port 2525, which hosters leave open.",
            "",
            shell="portal",
            changes="How the program's mail leaves; nothing at the provider or the recipient.",
            undo="Restore the former settings.",
            verify=f"A test of port {port} opens, or the program's next message is accepted.",
        ),
    )
