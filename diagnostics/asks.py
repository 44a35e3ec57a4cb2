"""What can be asked for, and which facts the answer holds.

An ask names its fact types; which ask is worth making is computed from the causes that are still open (engine.py), so
nothing here knows a cause.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from diagnostics.cause import EMS
from diagnostics.facts import (
    CertificateRejected,
    ConnectFailed,
    ConnectionDropped,
    DnsAnswer,
    Fact,
    InstalledCertificate,
    KeyAccess,
    PortTest,
    QueueState,
    Reply,
    SendConnector,
    Session,
    SessionMasked,
    SmtpReached,
    StarttlsNotOffered,
    TlsFailed,
    TlsProbe,
    TlsSettings,
    TlsSucceeded,
    WindowsEvent,
)
from diagnostics.report import Shell


@dataclass(frozen=True, slots=True)
class Ask:
    """One question. `template` takes {connector}, {thumbprint}, {host} and {domain}. Cheaper goes first."""

    say: str
    template: str
    yields: tuple[type[Fact], ...]
    shell: Shell = EMS
    cost: int = 1
    holds: tuple[type[Fact], ...] = ()  # what shows that it was answered; `yields` unless said otherwise

    def answered(self, facts: Iterable[Fact]) -> bool:
        return any(isinstance(fact, self.holds or self.yields) for fact in facts)


ASKS: Final = (
    Ask(
        "Send the protocol log of one failing session of the Send connector, from `attempting to connect` to its last "
        "line. The command switches that log on (nothing else; undo: -ProtocolLoggingLevel None); run its second half "
        "after a retry.",
        "Set-SendConnector {connector} -ProtocolLoggingLevel Verbose; "
        "Get-ChildItem (Join-Path $env:ExchangeInstallPath 'TransportRoles\\Logs\\Hub\\ProtocolLog\\SmtpSend') | "
        "Sort-Object LastWriteTime | Select-Object -Last 1 | Get-Content -Tail 80",
        (
            TlsFailed,
            TlsSucceeded,
            ConnectFailed,
            ConnectionDropped,
            StarttlsNotOffered,
            SessionMasked,
            SmtpReached,
            CertificateRejected,
        ),
        cost=2,
        holds=(Session,),
    ),
    Ask(
        "Send the queue's last error in full.",
        "Get-Queue -Filter \"Status -eq 'Retry'\" | Format-List Identity,NextHopDomain,MessageCount,LastError",
        (Reply, QueueState),
    ),
    Ask(
        "Send the certificates of the sending server.",
        "Get-ExchangeCertificate | Format-List Thumbprint,Subject,Issuer,Services,NotAfter,Status,HasPrivateKey",
        (InstalledCertificate,),
    ),
    Ask(
        "Send who may read the private key of the certificate that the log names.",
        "$certificate = Get-Item (Join-Path 'Cert:\\LocalMachine\\My' {thumbprint}); "
        "$key = [System.Security.Cryptography.X509Certificates.RSACertificateExtensions]"
        "::GetRSAPrivateKey($certificate); "
        'Get-ChildItem "$env:ProgramData\\Microsoft\\Crypto" -Recurse -Force -Filter $key.Key.UniqueName | '
        "ForEach-Object { icacls $_.FullName }",
        (KeyAccess,),
        cost=2,
    ),
    Ask(
        "Send the TLS and transport errors of the event logs from the time of the failure.",
        "Get-WinEvent -FilterHashtable @{{LogName='System','Application';"
        "ProviderName='Schannel','MSExchangeTransport','MSExchangeFrontEndTransport';Level=1,2,3}} -MaxEvents 20 | "
        "Format-List TimeCreated,ProviderName,Id,Message",
        (WindowsEvent,),
        shell="powershell",
    ),
    Ask(
        "Send the Send connector's settings.",
        "Get-SendConnector {connector} | Format-List Name,TlsCertificateName,TlsDomain,TlsAuthLevel,RequireTLS,"
        "IgnoreSTARTTLS,SmartHosts,AddressSpaces,Fqdn,SourceTransportServers",
        (SendConnector,),
    ),
    Ask(
        "From the server that sends (for Exchange Online: from any network outside yours), test the port on this "
        "destination and on another one.",
        "{host}, 'gmail-smtp-in.l.google.com' | ForEach-Object {{ Test-NetConnection $_ -Port 25 }} | "
        "Format-List ComputerName,RemoteAddress,RemotePort,TcpTestSucceeded",
        (PortTest,),
        shell="powershell",
    ),
    Ask(
        "Send what a bare STARTTLS handshake with the destination shows (any machine with OpenSSL).",
        "openssl s_client -starttls smtp -showcerts -connect {host:token}:25",
        (TlsProbe,),
        shell="bash",
    ),
    Ask(
        "Send the TLS 1.2 settings of the sending server.",
        "Get-ItemProperty "
        "'HKLM:\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols\\TLS 1.2\\Client',"
        "'HKLM:\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols\\TLS 1.2\\Server' "
        "-ErrorAction SilentlyContinue | Format-List PSChildName,PSPath,Enabled,DisabledByDefault",
        (TlsSettings,),
        shell="powershell",
    ),
    Ask(
        "From the sending server, resolve the destination with its own resolver and with a public one.",
        "Resolve-DnsName {domain} -Type MX; Resolve-DnsName {domain} -Type MX -Server 1.1.1.1; "
        "Get-DnsClientServerAddress -AddressFamily IPv4 | Format-List InterfaceAlias,ServerAddresses",
        (DnsAnswer,),
        shell="powershell",
    ),
)
