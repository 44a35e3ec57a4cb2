"""The Hybrid Configuration Wizard stops: its PowerShell session can't be opened, or was lost.

## What is happening
The wizard does everything over remote PowerShell, to an Exchange server and to the tenant. Where Windows Remote Management
does not run on the server it says HCW8091; where the session is cut on the way or never comes up, HCW8083, HCW8084 or
HCW8100, or `Connecting to remote server failed`. Nothing was written half: it goes on where it stopped when it is run again.
Mail flow does not use these sessions.

## What proves it
- one of these numbers; the wizard's log names the session (OnPremises or Tenant)

## Not this when
- a cmdlet in an open session failed: then the message names the cmdlet (`hybrid.hcw.step-failed`)
- the tenant's session lacks a cmdlet (`hybrid.hcw.plan-without-cmdlet`)

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/hcw8100-hcw8084-or-hcw8083-error
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/hcw8091-error-when-running-hybrid-configuratio-wizard
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/hybrid-configuration-wizard-not-connect-to-office-365
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/ssl-certificate-could-not-be-checked
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.hybrid.wizard import log, message_of, run_again
from diagnostics.mail_facts import CommandError
from diagnostics.patterns import linear
from diagnostics.report import Act, Step

_ID: Final = "hybrid.hcw.remote-powershell"
_STOPPED: Final = "HCW8091"
# What WinHTTP, over which the session runs, says of its own way: no revocation list, no TLS 1.2, a proxy that it can't use.
_WINHTTP = linear(
    r"(?i)could not be checked for revocation|internal error in the SSL library|Proxy is not supported under HTTP"
)


@cause(id=_ID, act="on-prem")
def assess(error: CommandError) -> Finding | None:
    """The number tells whether the service stands still or the session broke; words of WinHTTP tell why."""
    row = message_of(_ID, error)
    if row is None:
        return None
    if row.code == _STOPPED:
        because = "Windows Remote Management does not run on the Exchange server, and the wizard works over it."
        return Finding(Belief.LIKELY, because, (error,), (*_service(), run_again()))
    if _WINHTTP.search(error.text):
        because = "The wizard's session was refused by Windows' own HTTP client (WinHTTP): its proxy or its TLS, which are not "
        because += "those of the browser."
        return Finding(Belief.LIKELY, because, (error,), (*_winhttp(), run_again()))
    because = "The wizard's PowerShell session broke or never came up: mostly a passing fault of the network. Run it again first."
    act: Act = "network"
    return Finding(Belief.LIKELY, because, (error,), (log(), *_service()[:1], *_winhttp()[:1], run_again()), act)


def _service() -> tuple[Step, ...]:
    return (
        look("See whether the service runs.", "Get-Service WinRM | Format-List Status,Name,StartType", "powershell"),
        change(
            "Start it, on the Exchange server that the wizard names.",
            "Start-Service WinRM",
            effect="service-restart",
            changes="The server takes remote PowerShell again, as Exchange needs it for its own management.",
            undo="Stop-Service WinRM.",
            verify="Get-Service says Running.",
            shell="powershell",
        ),
    )


def _winhttp() -> tuple[Step, ...]:
    return (
        look("See which proxy WinHTTP uses: the browser's settings don't count.", "netsh winhttp show proxy", "cmd"),
        look(
            "See which versions of TLS WinHTTP may use (0x800 is TLS 1.2; nothing printed: Windows' own default).",
            "Get-ItemProperty 'HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\\WinHttp' | "
            "Format-List DefaultSecureProtocols",
            "powershell",
        ),
        change(
            "Name the proxy to WinHTTP, with the Exchange servers among what it leaves alone; `netsh winhttp reset proxy` takes "
            "a wrong one away.",
            'netsh winhttp set proxy proxy-server={proxy:token} bypass-list="<local>"',
            changes="Sets the WinHTTP proxy for every service of this machine.",
            undo="netsh winhttp set proxy with what the first step printed, or netsh winhttp reset proxy where it was direct.",
            verify="The wizard connects to both sides.",
            shell="powershell",
            proxy="",
        ),
    )
