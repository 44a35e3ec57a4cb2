"""This server offers only TLS 1.0 or 1.1, which the other side no longer accepts.

## What is happening
TLS 1.2 is off in Windows on the Exchange server, or not enabled for clients, as on unpatched Exchange 2010 and
Windows 2008 R2. Exchange Online closes the connection during the handshake. The log shows `TLS negotiation failed
with error SocketError` right after STARTTLS, the queue `421 4.4.2 Connection dropped due to SocketError`.

## What proves it
- `Enabled` is 0 or `DisabledByDefault` is 1 below SCHANNEL\\Protocols\\TLS 1.2
- sessions with other peers log SP_PROT_TLS1_0 or SP_PROT_TLS1_1

## Not this when
- the same log shows SP_PROT_TLS1_2 or SP_PROT_TLS1_3: then something else breaks the handshake
  (`network.middlebox.tls-handshake-reset`), or the other side is the old one (`tls.protocol.remote-legacy-only`)
- the TLS 1.2 keys are present and correct

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/send-receive-emails-socketerror
- https://learn.microsoft.com/en-us/exchange/plan-and-deploy/post-installation-tasks/security-best-practices/exchange-tls-configuration
- https://microsoft.github.io/CSS-Exchange/Diagnostics/HealthChecker/TLSConfigurationCheck/
"""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.certificate import steps
from diagnostics.causes.network.providers import lost_by_the_cloud
from diagnostics.causes.tls.versions import (
    NOTHING_COMMON,
    REFUSED_BY_ALERT,
    is_old,
    modern_sessions,
    told_by_cloud,
    toward_cloud,
)
from diagnostics.facts import ConnectionDropped, Reply, Said, TlsFailed, TlsSucceeded, WindowsEvent
from diagnostics.looked_facts import TlsSettings
from diagnostics.report import Step

_NO_PROTOCOL = 10013  # Schannel 36871: no usable protocol or provider
_PROTOCOL_VERSION = 70  # TLS alert
_READ = (
    "Get-ItemProperty 'HKLM:\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols\\TLS 1.2\\*' "
    "-ErrorAction SilentlyContinue | Format-List PSChildName,Enabled,DisabledByDefault"
)
_ENABLE = (
    "$keys = 'Client','Server' | ForEach-Object {{ "
    "'HKLM:\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols\\TLS 1.2\\' + $_ }}; "
    "$keys | ForEach-Object {{ if (-not (Test-Path $_)) {{ New-Item $_ -Force | Out-Null }}; "
    "Set-ItemProperty $_ -Name Enabled -Value 1 -Type DWord; "
    "Set-ItemProperty $_ -Name DisabledByDefault -Value 0 -Type DWord }}; "
    "'HKLM:\\SOFTWARE\\Microsoft\\.NETFramework\\v4.0.30319',"
    "'HKLM:\\SOFTWARE\\WOW6432Node\\Microsoft\\.NETFramework\\v4.0.30319' | ForEach-Object {{ "
    "Set-ItemProperty $_ -Name SchUseStrongCrypto -Value 1 -Type DWord; "
    "Set-ItemProperty $_ -Name SystemDefaultTlsVersions -Value 1 -Type DWord }}"
)


# OpenSSL's words in the log of a mail system that talks to Exchange, and Exchange's for a peer that hangs up.
_LIBRARY = (
    "alert protocol version",
    "fatal alert: protocol_version",
    "fatal alert: ProtocolVersion",  # rustls
    "peer is incompatible: ServerDoesNotSupportTls12Or13",
    "unsupported protocol",
    "no protocols available",
    "SSL routines::version too low",
)
# Words that leave the reason open, and what makes this one of several
_HINTS = {
    **dict.fromkeys(
        NOTHING_COMMON,
        "Client and server have nothing in common; if the server is this one, it may know old versions of TLS alone.",
    ),
    **dict.fromkeys(
        REFUSED_BY_ALERT,
        "The other side ended the handshake with an alert without a reason; so does one that takes TLS 1.2 or later only.",
    ),
}
_BROKEN = ("socketerror", "illegalmessage")
_ABRUPT = "SuspiciousRemoteServerError"
_PROGRAMS = ("Send-MailMessage", "System.Net", "SmtpException", "SmtpClient")
# .NET's words where the other side hangs up at its Client Hello: on servers of Exchange, mostly since .NET offers TLS 1.0 alone.
_DOTNET = "unexpected error occurred on a send"


@cause(id="tls.protocol.local-legacy-only", act="on-prem", says=(*_LIBRARY, *_HINTS, _ABRUPT, _DOTNET))
def assess(
    anchor: TlsFailed | ConnectionDropped | WindowsEvent | TlsSettings | Said,
    settings: TlsSettings | None,
    succeeded: tuple[TlsSucceeded, ...],
    replies: tuple[Reply, ...],
    handshakes: tuple[TlsFailed, ...],
) -> Finding | None:
    """The registry decides; without it, what other sessions negotiated and whom this one was with."""
    if isinstance(anchor, TlsSettings):
        because = f"TLS 1.2 is switched off{_role(anchor)} on this server; Exchange Online accepts nothing older."
        other = next((r for r in replies if "4.7.66" in r.whole), None)
        if other and anchor.tls12_enabled:
            because = f"TLS 1.2 is enabled{_role(anchor)} on this server; the client that was refused is another."
            return Finding(Belief.RULED_OUT, because, (anchor, other))
        off = anchor.tls12_enabled is False and not handshakes
        return Finding(Belief.LIKELY, because, (anchor,), _steps()) if off else None
    if isinstance(anchor, WindowsEvent):
        return _from_event(anchor, settings)
    if isinstance(anchor, Said):
        return _from_words(anchor, settings)
    if lost_by_the_cloud(anchor, replies):
        because = f"Exchange Online itself lost the session with {anchor.host}: no server of yours took part in it."
        return Finding(Belief.RULED_OUT, because, (anchor,))
    reason = anchor.error if isinstance(anchor, TlsFailed) else anchor.reason
    if reason.lower() not in _BROKEN or (isinstance(anchor, TlsFailed) and anchor.saw_remote):
        return None
    if settings and settings.tls12_enabled:
        return Finding(Belief.RULED_OUT, f"TLS 1.2 is enabled{_role(settings)} on this server.", (settings,))
    modern = modern_sessions(succeeded, anchor)
    if modern:
        because = (
            f"A session of {modern[-1].connector or 'this server'} negotiated {modern[-1].protocol}: TLS 1.2 works "
            "here."
        )
        return Finding(Belief.RULED_OUT, because, (modern[-1],))
    unplaced = isinstance(anchor, ConnectionDropped) and anchor.stage is None
    when = ", as where a TLS handshake breaks off" if unplaced else " during the TLS handshake"
    because = f"{_where(anchor)} ended with {reason or 'SocketError'}{when}"
    if settings and settings.tls12_enabled is False:
        because += f", and TLS 1.2 is switched off{_role(settings)} on this server."
        return Finding(Belief.CONFIRMED, because, (settings, anchor), _steps())
    return _unsettled(anchor, because, [s for s in succeeded if is_old(s.protocol)], replies)


@shown
def registry(settings: tuple[TlsSettings, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """Schannel's keys of this server. A program of .NET has settings of its own."""
    off = next((each for each in settings if each.tls12_enabled is False), None)
    if off and off.source.paste == 0:
        return None  # judged with what it came with
    if off:
        because = f"TLS 1.2 is switched off{_role(off)} on this server."
        return Finding(Belief.LIKELY, because, (off,), _steps())
    on = next((each for each in settings if each.tls12_enabled and each.role in ("client", "")), None)
    by_program = any(words in each.whole for each in replies for words in _PROGRAMS)
    if on is None or by_program:
        return None
    return Finding(Belief.RULED_OUT, f"TLS 1.2 is enabled{_role(on)} on this server.", (on,))


def _from_words(said: Said, settings: TlsSettings | None) -> Finding | None:
    """Words that fit an old server of ours among others."""
    if said.signature in REFUSED_BY_ALERT and "TLS library problem" not in said.text:
        return None  # an application's library, not a mail server's
    if settings and settings.tls12_enabled:
        return Finding(Belief.RULED_OUT, f"TLS 1.2 is enabled{_role(settings)} on this server.", (settings,))
    if settings and settings.tls12_enabled is False:
        because = f"TLS 1.2 is switched off{_role(settings)} on this server, and the other side does not take less."
        return Finding(Belief.LIKELY, because, (said, settings), _steps(), weight=1.6)
    if said.signature == _ABRUPT:
        because = "The connection ended abruptly; with Exchange Online that is also how a server without TLS 1.2 fails."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=0.8)
    if said.signature == _DOTNET:
        because = "The other side hung up at the first words of .NET's handshake: so it does to one that offers nothing newer "
        because += "than TLS 1.1, which is what older .NET does until it is told to follow the system."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.5)
    if said.signature in _HINTS:
        return Finding(Belief.POSSIBLE, _HINTS[said.signature], (said,), _steps(), weight=0.9)
    because = (
        "OpenSSL on the other side says that the TLS versions don't meet; if its peer is this server, it is too old."
    )
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.4)


def _unsettled(
    anchor: TlsFailed | ConnectionDropped, because: str, old: Sequence[TlsSucceeded], replies: Sequence[Reply]
) -> Finding | None:
    """The registry was not sent: how much does the rest of the case say?"""
    if anchor.direction == "receive" and not toward_cloud(anchor):
        return None  # scanners break off handshakes all day
    if old and toward_cloud(anchor):
        because += f", and other sessions negotiate only {old[-1].protocol}."
        return Finding(Belief.LIKELY, because, (anchor, old[-1]), _steps(), weight=2)
    if told_by_cloud(anchor, replies):
        because = (
            "Exchange Online's handshake with the server it delivers to broke off; if that is yours, it may lack "
            "TLS 1.2."
        )
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(), weight=1.6)
    if isinstance(anchor, TlsFailed) and toward_cloud(anchor):
        because += ". Exchange Online drops a client that offers nothing newer than TLS 1.1."
        return Finding(Belief.LIKELY, because, (anchor,), _steps(), weight=1.5)
    pair = isinstance(anchor, TlsFailed) and any(r.enhanced == "4.4.2" and "socket" in r.whole.lower() for r in replies)
    if pair and not anchor.host and not old:
        because += "; with `421 4.4.2` in the queue this is the pattern of a server without TLS 1.2."
        return Finding(Belief.LIKELY, because, (anchor, *replies), _steps())
    weight = 1.6 if not isinstance(anchor, ConnectionDropped) or anchor.stage is None else 1.2
    return Finding(Belief.POSSIBLE, f"{because}.", (anchor,), _steps(), weight=weight)


def _from_event(event: WindowsEvent, settings: TlsSettings | None) -> Finding | None:
    if "schannel" not in event.provider.lower():
        return None
    refused = event.event == 36887 and event.alert == _PROTOCOL_VERSION
    if not refused and not (event.event == 36871 and event.state == _NO_PROTOCOL):
        return None
    because = (
        "Schannel 36887 with alert 70: the peer does not accept the TLS version that this server offered"
        if refused
        else "Schannel 36871 with state 10013: no TLS version could be used"
    )
    if settings and settings.tls12_enabled:
        return Finding(Belief.RULED_OUT, f"TLS 1.2 is enabled{_role(settings)} on this server.", (settings,))
    if settings and settings.tls12_enabled is False:
        return Finding(Belief.CONFIRMED, f"{because}; TLS 1.2 is switched off here.", (settings, event), _steps())
    return Finding(Belief.POSSIBLE, f"{because}.", (event,), _steps(), weight=1.6)


def _role(settings: TlsSettings) -> str:
    return f" for the {settings.role} role" if settings.role else ""


def _where(anchor: TlsFailed | ConnectionDropped) -> str:
    connector = f"The session of `{anchor.connector}`" if anchor.connector else "The session"
    host = anchor.host or (anchor.remote_ip if isinstance(anchor, TlsFailed) else "")
    at = f" at {anchor.at}" if anchor.at else ""
    return f"{connector}{f' with {host}' if host else ''}{at}"


def _steps() -> tuple[Step, ...]:
    return (
        look("Read the TLS 1.2 settings of the Exchange server.", _READ, "powershell"),
        change(
            "Enable TLS 1.2 for both roles, and let .NET use it. The server needs its current updates first.",
            _ENABLE,
            shell="powershell",
            changes="Offers TLS 1.2 to everything that uses Schannel or .NET on this machine; nothing is switched off.",
            undo="Remove the values that were set (export the keys with reg export before).",
            verify="The first step shows Enabled 1 and DisabledByDefault 0 for Client and Server.",
        ),
        change(
            "Restart the server, outside working hours: Schannel reads the keys when Windows starts.",
            "Restart-Computer",
            shell="powershell",
            effect="service-restart",
            changes="The server is away for some minutes; queued messages are kept.",
            undo="None needed: a restart changes no setting.",
            verify="The next session in the protocol log shows SP_PROT_TLS1_2_CLIENT.",
        ),
        steps.retry_queues(),
    )
