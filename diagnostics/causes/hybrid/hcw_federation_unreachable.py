"""The Hybrid Configuration Wizard stops: the server can't reach Microsoft's federation service.

## What is happening
To make the federation trust, the Exchange server itself (not the browser of whoever runs the wizard) calls Microsoft's
federation gateway over HTTPS. A proxy that Exchange doesn't know of, a firewall, inspection of TLS on the way, or a server
on which TLS 1.2 isn't on for .NET ends that call: `An error occurred accessing Windows Live … The underlying connection was
closed` or `Could not create SSL/TLS secure channel`. The trust is for free/busy; mail flow does not need it.

## What proves it
- `accessing Windows Live` or `provision Exchange to the Partner STS`, with the error of a connection behind it
- the way out is a proxy, and InternetWebProxy of Get-ExchangeServer is empty

## Not this when
- the service answered: `1007 AccessDenied` is a clock that is wrong, `MaxUriReached` too many tries in a day, a proof that
  failed a TXT record (`hybrid.hcw.domain-proof-missing`), `403: Forbidden` something that was just written
  (`hybrid.hcw.not-replicated-yet`)
- the other side hung up in the handshake (`an unexpected error occurred on a send`) and TLS 1.2 is off on the server
  (`tls.protocol.local-legacy-only`)
- it is the SMTP session that can't agree on TLS: then the sentence stands without the wizard

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/the-underlying-connection-was-closed-error
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/request-was-aborted-could-not-create-ssl-tls-secure-channel
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/free-busy-sharing-issues-tls12
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.hybrid.wizard import run_again
from diagnostics.causes.stories import told_as
from diagnostics.facts import Said
from diagnostics.mail_facts import CommandError, Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Step

_CALLED: Final = ("error occurred accessing Windows Live", "Cannot acquire auth metadata document from")
_ENDED = linear(
    r"(?i)underlying connection was closed|ssl/tls secure channel|unable to connect to the remote server|could not be resolved"
    r"|forcibly closed|timed out|remote name|trust relationship for the ssl|unable to read data from the transport"
)
# How .NET words that the other side hung up in the handshake: then TLS that is too old comes first.
_HUNG_UP = linear(r"(?i)unexpected error occurred on a (?:send|receive)|forcibly closed")
_SETTING: Final = "InternetWebProxy"
_PROXY = linear(
    r"(?i)\b(?:web-?|http-?|forward )?prox(?:y|ies|ys)\b|\b(?:squid|zscaler|blue ?coat|websense|forcepoint)\b"
)
_NO_PROXY = linear(
    r"(?i)\b(?:no|not|without|kein\w{0,2}|ohne|sans|pas de|sin|senza|geen|sem|bez) (?:\w+ ){0,2}(?:web-?|http-?)?proxy"
)
_TLS = linear(r"(?i)ssl/tls secure channel|unexpected error occurred on a (?:send|receive)|forcibly closed")


@cause(id="hybrid.hcw.federation-unreachable", act="network", says=_CALLED)
def assess(said: Said | Told, errors: tuple[CommandError, ...]) -> Finding | None:
    """The call and how it ended; the wizard breaks one message over several lines."""
    if isinstance(said, Told):
        because = "The wizard fails at a secure channel, as you tell it: it is the Exchange server's own call to Microsoft, over "
        because += "a proxy or with a TLS that is too old, and no session of mail."
        return told_as("wizard-gets-no-secure-channel", said, because, _steps(), weight=1.9)
    whole = next(
        (each for each in errors if said.source.quote in each.source.quote or said.text[:60] in each.text), None
    )
    text = f"{said.text} {whole.text}" if whole else said.text
    if not _ENDED.search(text):
        return None
    because = "The Exchange server's own call to Microsoft's federation service failed before an answer came: a proxy, a firewall"
    because += ", or TLS 1.2 that isn't on." if _TLS.search(text) else " or inspection on the way."
    because += " It is about free/busy; mail does not need it."
    if _HUNG_UP.search(text):
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=0.8)
    return Finding(Belief.LIKELY, because, (said,), _steps())


@shown
def proxies(objects: tuple[Configured, ...], told: tuple[Told | CommandError, ...]) -> Finding | None:
    """Whether Exchange knows the proxy that is told of. Without one an empty setting is right; a right one proves no way out."""
    servers = [each for each in objects if each.kind == "exchange-server" and each.told(_SETTING)]
    if not servers or any(each.get(_SETTING) for each in servers):
        return None
    line = next((each.source.quote for each in told if _PROXY.search(each.source.quote[:2000])), "")
    if not line or _NO_PROXY.search(line[:2000]):
        return None
    because = (
        f"{_SETTING} is empty on {', '.join(each.name or 'the server' for each in servers[:3])}, and the way out is a "
    )
    because += "proxy, as you tell it: Exchange's own calls don't take it."
    return Finding(Belief.LIKELY, because, (servers[0],), _steps())


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See which proxy the server itself uses, for Windows and for Exchange.",
            "netsh winhttp show proxy; Get-ExchangeServer | Format-List Name,InternetWebProxy,InternetWebProxyBypassList",
        ),
        look(
            "See whether TLS 1.2 is on for .NET (SchUseStrongCrypto and SystemDefaultTlsVersions are 1).",
            "Get-ItemProperty 'HKLM:\\SOFTWARE\\Microsoft\\.NETFramework\\v4.0.30319' | "
            "Format-List SchUseStrongCrypto,SystemDefaultTlsVersions",
            "powershell",
        ),
        look(
            "From the Exchange server, see whether the service is reached at all.",
            "Test-NetConnection nexus.microsoftonline-p.com -Port 443",
            "powershell",
        ),
        change(
            "Where the way out is a proxy, name it to Exchange, and let it pass the endpoints of Exchange Online unopened.",
            "Set-ExchangeServer {server} -InternetWebProxy {proxy}",
            changes="Exchange's own HTTPS calls of that server go over the proxy.",
            undo="The same with the value that the first step printed, $null where there was none.",
            verify="The wizard passes the federation trust.",
            server="",
            proxy="",
        ),
        run_again(),
    )
