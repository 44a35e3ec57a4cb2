"""The Hybrid Configuration Wizard stops: the server's default Receive connector does not listen on IPv6.

## What is happening
The wizard looks for the Receive connector that takes mail from Exchange Online: the one of port 25 that is bound to
`0.0.0.0:25` and to `[::]:25`. Where IPv6 was switched off, or the binding was taken away or replaced by one address of the
server, it finds none and stops: `HCW8010 Default Receive Connector cannot be found on server EX01`. The connector itself
is there, and mail that already flows goes on.

## What proves it
- HCW8010, and no connector of that server with `[::]:25` among its Bindings

## Not this when
- the connector has both bindings: then IPv6 is off in Windows, or the wizard asked another server
- the wizard could not write a connector that it found (`hybrid.hcw.step-failed`)

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/hcw8010-default-receive-connector-not-found
- https://learn.microsoft.com/en-us/troubleshoot/windows-server/networking/configure-ipv6-in-windows
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Final

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.connector.settings import RECEIVE, for_some, label, of_kind
from diagnostics.causes.hybrid.wizard import message_of, run_again, server_of
from diagnostics.facts import Said
from diagnostics.mail_facts import CommandError, Configured
from diagnostics.report import Step

_ID: Final = "hybrid.hcw.receive-connector-binding"
_ANY_V6: Final = "[::]:25"


@cause(id=_ID, act="on-prem", says=("Default Receive Connector cannot be found on server",))
def assess(said: CommandError | Said, objects: tuple[Configured, ...]) -> Finding | None:
    """The message names the server; its connectors show the binding that is missing."""
    if message_of(_ID, said) is None:
        return None
    server = server_of(said.text)
    seen = _listening(objects, {server} - {""})
    if seen:
        return replace(seen, evidence=(said, *seen.evidence)) if seen.belief else seen
    because = (
        f"The wizard finds no Receive connector of port 25 on {server or 'the server'} that listens on IPv6 as well."
    )
    return Finding(
        Belief.LIKELY, because, (said,), _steps(server, f"{server}\\Default Frontend {server}" if server else "")
    )


@shown
def bindings(objects: tuple[Configured, ...], errors: tuple[CommandError, ...]) -> Finding | None:
    """What the connectors of port 25 listen on."""
    return _listening(objects, {server_of(each.text) for each in errors if message_of(_ID, each)} - {""})


def _listening(objects: tuple[Configured, ...], named: Collection[str]) -> Finding | None:
    """Each server, or the `named` ones, needs a connector of port 25 that listens on IPv6."""
    by_server: dict[str, list[Configured]] = defaultdict(list)
    for each in _of_port_25(objects):
        if not named or any(_on(each, server) for server in named):
            by_server[_server(each).lower()].append(each)
    for found in by_server.values():
        if not any(_ANY_V6 in each.items("Bindings") for each in found):
            first = next((each for each in found if "default" in each.name.lower()), found[0])
            because = (
                f"{label(first)} is bound to {', '.join(first.items('Bindings'))}, and no connector of port 25 on its "
            )
            because += f"server to {_ANY_V6}, which the wizard looks for."
            belief = Belief.CONFIRMED if "default" in first.name.lower() else Belief.LIKELY
            return Finding(belief, because, (first,), _steps(_server(first), first.name))
    bound = [each for found in by_server.values() for each in found if _ANY_V6 in each.items("Bindings")]
    if not bound:
        return None
    because = f"{', '.join(map(label, bound[:4]))}: bound to {_ANY_V6} already. Where the wizard finds none all the same, IPv6 "
    because += "is switched off in Windows, or it asked another server."
    return Finding(Belief.RULED_OUT, because, tuple(bound[:4]))


def _server(connector: Configured) -> str:
    return connector.name.rpartition("\\")[0]


def _of_port_25(objects: Iterable[Configured]) -> list[Configured]:
    """Those that take mail from everywhere: one for some addresses is bound as its makers need it."""
    told = [each for each in of_kind(RECEIVE, objects) if each.told("Bindings") and not for_some(each)]
    return [each for each in told if any(binding.endswith(":25") for binding in each.items("Bindings"))]


def _on(connector: Configured, server: str) -> bool:
    """Whether a connector is of that server; one without a server in its name may be."""
    named, separator, _ = connector.name.partition("\\")
    return not separator or not server or named.lower() == server.partition(".")[0].lower()


def _ipv6() -> Step:
    return look(
        "See whether IPv6 is switched off on that server (DisabledComponents 0xFF or 255 switches all of it off).",
        "Get-ItemProperty 'HKLM:\\SYSTEM\\CurrentControlSet\\Services\\Tcpip6\\Parameters' | Format-List DisabledComponents",
        "powershell",
    )


def _steps(server: str, connector: str) -> tuple[Step, ...]:
    return (
        look(
            "See which Receive connectors of the server listen on port 25, and whether one has the binding [::]:25.",
            "Get-ReceiveConnector -Server {server} | Format-List Identity,Enabled,Bindings,RemoteIPRanges,TransportRole",
            server=server,
        ),
        _ipv6(),
        change(
            "Where IPv6 is on, let the default Receive connector listen on it as well.",
            "Set-ReceiveConnector {connector} -Bindings '0.0.0.0:25','[::]:25'",
            changes="The connector listens on port 25 over IPv6, beside IPv4.",
            undo="The same with the Bindings that the first step printed.",
            verify="Get-ReceiveConnector shows both bindings.",
            connector=connector,
        ),
        run_again(),
    )
