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

from collections.abc import Iterable
from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.hybrid.wizard import message_of, run_again, server_of
from diagnostics.facts import Said
from diagnostics.mail_facts import CommandError, Configured
from diagnostics.report import Step

_ID: Final = "hybrid.hcw.receive-connector-binding"
_ANY: Final = "0.0.0.0:25"
_ANY_V6: Final = "[::]:25"


@cause(id=_ID, act="on-prem", says=("Default Receive Connector cannot be found on server",))
def assess(said: CommandError | Said, objects: tuple[Configured, ...]) -> Finding | None:
    """The message names the server; its connectors show the binding that is missing."""
    if message_of(_ID, said) is None:
        return None
    server = server_of(said.text)
    connectors = [each for each in _of_port_25(objects) if _on(each, server)]
    bound = next((each for each in connectors if _ANY_V6 in each.items("Bindings")), None)
    if bound:
        because = f"`{bound.name}` listens on {_ANY_V6} already: what is left is IPv6 itself, switched off in Windows, or that "
        because += "the wizard asked another server."
        return Finding(Belief.POSSIBLE, because, (said, bound), (_ipv6(), run_again()), weight=1.0)
    if connectors:
        first = next((each for each in connectors if _ANY in each.items("Bindings")), connectors[0])
        because = f"`{first.name}` is bound to {', '.join(first.items('Bindings'))} not to {_ANY_V6}, which the wizard looks for."
        return Finding(Belief.CONFIRMED, because, (said, first), _steps(server, first.name))
    because = (
        f"The wizard finds no Receive connector of port 25 on {server or 'the server'} that listens on IPv6 as well."
    )
    return Finding(
        Belief.LIKELY, because, (said,), _steps(server, f"{server}\\Default Frontend {server}" if server else "")
    )


def _of_port_25(objects: Iterable[Configured]) -> list[Configured]:
    told = [each for each in objects if each.kind == "receive-connector" and each.told("Bindings")]
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
