"""What can be asked for, and which facts the answer holds.

An ask names its fact types; which ask is worth making is computed from the causes that are still open (engine.py), so
nothing here knows a cause.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from diagnostics.cause import EMS, Cause
from diagnostics.facts import (
    CertificateRejected,
    ConnectFailed,
    ConnectionDropped,
    DnsServers,
    Fact,
    InstalledCertificate,
    QueueState,
    Reply,
    SendConnector,
    Session,
    SessionMasked,
    SmtpReached,
    StarttlsNotOffered,
    TlsFailed,
    TlsReport,
    TlsSucceeded,
    WindowsEvent,
)
from diagnostics.looked_facts import DnsAnswer, KeyAccess, PortTest, TlsProbe, TlsSettings
from diagnostics.mail_facts import (
    Antispam,
    Authentication,
    Configured,
    Headers,
    Hops,
    LogonTried,
    LookedUp,
    Traced,
    Tracked,
)
from diagnostics.report import Shell


class Ask(Struct, frozen=True):
    """One question. `template` takes the values named in ASKABLE. Cheaper goes first."""

    say: str
    template: str
    yields: tuple[type[Fact], ...]
    shell: Shell = EMS
    cost: int = 1
    holds: tuple[type[Fact], ...] = ()  # what shows that it was answered; unless said otherwise `yields`, if about any
    about: tuple[str, ...] = ()  # beginnings of the cause ids it can help; empty: any
    objects: tuple[str, ...] = ()  # the kinds of settings that show that it was answered
    not_about: tuple[str, ...] = ()  # beginnings of the ids of causes that read such facts of other names

    def answered(self, facts: Iterable[Fact]) -> bool:
        """Whether what it asks for is there. Settings are of many kinds, so their type alone doesn't tell."""
        holds = self.holds if self.about else self.holds or self.yields
        return any(
            isinstance(fact, holds) or (isinstance(fact, Configured) and fact.kind in self.objects) for fact in facts
        )

    def helps(self, cause: Cause, missing: frozenset[type[Fact]]) -> bool:
        """Whether this cause lacks such a fact."""
        about = not self.about or cause.id.startswith(self.about)
        return bool(missing & set(self.yields)) and about and not cause.id.startswith(self.not_about)


# The values that a question's command can hold.
ASKABLE: Final = ("connector", "thumbprint", "host", "recipient", "sender", "domain")
BOUNCE: Final = Ask(
    "Send the whole bounce message, from its first line to the original headers: it tells who refused, and for whom.",
    "",
    (Reply,),
    shell="portal",
)
# Of a report in words that many causes fit alike.
WORD_FOR_WORD: Final = Ask(
    "Send what is seen of the failure, word for word: the bounce, what the program or device shows or logs, or the queue's last "
    "error. What was told so far fits many causes.",
    "",
    (Reply,),
    shell="portal",
)
# Of the sessions that other servers and clients open: asked for instead of the log of what is sent.
INCOMING: Final = Ask(
    "Send the protocol log of one failing session that came in, from the connection to its last line. Where there is none, that "
    "Receive connector's ProtocolLoggingLevel is None: switch it to Verbose and wait for the next session.",
    "Get-ChildItem (Join-Path $env:ExchangeInstallPath 'TransportRoles\\Logs\\FrontEnd\\ProtocolLog\\SmtpReceive') | "
    "Sort-Object LastWriteTime | Select-Object -Last 1 | Get-Content -Tail 80",
    (TlsFailed, TlsSucceeded, ConnectionDropped, StarttlsNotOffered, SessionMasked, SmtpReached, CertificateRejected),
    cost=2,
    holds=(Session,),
)
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
        'Get-Queue -Filter "MessageCount -gt 0" | Format-List Identity,DeliveryType,Status,NextHopDomain,MessageCount,LastError',
        (Reply, QueueState),
        objects=("queue-list",),
    ),
    Ask(
        "Send provider, KeySpec and algorithm of the certificate's key.",
        "certutil -v -store my {thumbprint:token}",
        (InstalledCertificate,),
        shell="powershell",
        about=("certificate.local.key-type-unsuitable",),
    ),
    Ask(
        "Send the certificates of the Exchange server.",
        "Get-ExchangeCertificate | Format-List Thumbprint,Subject,CertificateDomains,Issuer,Services,NotAfter,Status,"
        "HasPrivateKey",
        (InstalledCertificate,),
    ),
    Ask(
        "Send who may read the private key of the certificate that the log names.",
        "$certificate = Get-Item (Join-Path 'Cert:\\LocalMachine\\My' {thumbprint}); "
        "$key = [System.Security.Cryptography.X509Certificates.RSACertificateExtensions]"
        "::GetRSAPrivateKey($certificate); "
        "$name = $key.Key.UniqueName,$key.CspKeyContainerInfo.UniqueKeyContainerName | Where-Object Length; "
        'Get-ChildItem "$env:ProgramData\\Microsoft\\Crypto" -Recurse -Force -File | Where-Object Name -in $name | '
        "ForEach-Object {{ icacls $_.FullName }}",
        (KeyAccess,),
        cost=2,
    ),
    Ask(
        "Send the TLS and transport errors of the event logs from the time of the failure.",
        "Get-WinEvent -FilterHashtable @{{LogName='System','Application';"
        "ProviderName='Schannel','MSExchangeTransport','MSExchangeFrontEndTransport';Level=1,2,3}} -MaxEvents 400 | "
        # The newest two of each kind: Schannel's noise would hide the one that tells.
        "Group-Object ProviderName,Id | ForEach-Object {{ $_.Group | Select-Object -First 2 }} | "
        "Format-List TimeCreated,ProviderName,Id,Message",
        (WindowsEvent,),
        shell="powershell",
    ),
    Ask(
        "Send the Send connector's settings.",
        "Get-SendConnector {connector} | Format-List Name,TlsCertificateName,TlsDomain,TlsAuthLevel,RequireTLS,"
        "IgnoreSTARTTLS,SmartHosts,SmartHostAuthMechanism,DNSRoutingEnabled,AddressSpaces,IsScopedConnector,Fqdn,"
        "SourceTransportServers,Enabled,CloudServicesMailEnabled",
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
        "Send the TLS 1.2 settings of the Exchange server.",
        "Get-ItemProperty "
        "'HKLM:\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols\\TLS 1.2\\Client',"
        "'HKLM:\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols\\TLS 1.2\\Server' "
        "-ErrorAction SilentlyContinue | Format-List PSChildName,PSPath,Enabled,DisabledByDefault",
        (TlsSettings,),
        shell="powershell",
    ),
    Ask(
        "From the sending server, resolve the destination with its own resolver and with a public one.",
        # All three are formatted: PowerShell refuses to print a list behind what it formats by itself on the same line.
        "Resolve-DnsName {domain} -Type MX | Format-Table; Resolve-DnsName {domain} -Type MX -Server 1.1.1.1 | Format-Table; "
        "Get-DnsClientServerAddress -AddressFamily IPv4 | Format-List InterfaceAlias,ServerAddresses",
        (DnsAnswer, DnsServers),
        shell="powershell",
        not_about=("reputation.", "sender-auth."),
    ),
    Ask(
        "Say on which port the client sends, and send a logon that was tried there, EHLO and its answers included: they show "
        "whether AUTH is offered before STARTTLS, after it, or not at all. The password is asked for and not printed.",
        "swaks --server {host:token} --port 587 --tls --auth LOGIN --auth-user {sender:token} --auth-hide-password "
        "--quit-after AUTH",
        (LogonTried,),
        shell="bash",
        holds=(
            LogonTried,
            Session,
        ),  # the server's own log has the port and what was tried; then its connectors tell more
        about=("auth-smtp.mechanism.", "tls.starttls.client-did-not-encrypt"),
    ),
    Ask(
        "Send the Receive connectors of the server that answered.",
        "Get-ReceiveConnector | Format-List Identity,Enabled,Bindings,RemoteIPRanges,AuthMechanism,PermissionGroups,"
        "TransportRole,Fqdn,TlsCertificateName,TlsDomainCapabilities",
        (Configured,),
        about=(
            "connector.receive.",
            "hybrid.receive.",
            "hybrid.hcw.partial",
            "auth-smtp.mechanism.",
            "transport-service.kerberos.",
        ),
        objects=("receive-connector",),
    ),
    Ask(
        "Send the accepted domains.",
        "Get-AcceptedDomain | Format-List Name,DomainName,DomainType,MatchSubDomains",
        (Configured,),
        about=("recipient.accepted-domain.", "routing-loop.accepted-domain.", "routing-loop.subdomain."),
        objects=("accepted-domain",),
    ),
    Ask(
        "Send the object behind the recipient's address.",
        "Get-Recipient -Identity {recipient} | Format-List RecipientTypeDetails,PrimarySmtpAddress,EmailAddresses,"
        "ExternalEmailAddress",
        (Configured,),
        about=(
            "recipient.",
            "routing-loop.hybrid.",
            "routing-loop.forwarding.",
            "hybrid.remote",
            "quota-throttle.mailbox.full",
            "quota-throttle.public-folder.",
            "policy.restriction.public-folder-",
        ),
        holds=(LookedUp,),  # that there is no such object is an answer, too
        objects=("recipient",),
        not_about=(
            "hybrid.remote-domain.",
            "recipient.group.dynamic-",
            "recipient.group.no-copy-",
            "recipient.group.not-subscribed",
        ),
    ),
    Ask(
        "Send the inbound connectors of the tenant.",
        "Get-InboundConnector | Format-List Name,Enabled,ConnectorType,SenderDomains,SenderIPAddresses,"
        "TlsSenderCertificateName,RequireTls,RestrictDomainsToCertificate,RestrictDomainsToIPAddresses",
        (Configured,),
        shell="exchange-online-powershell",
        about=("connector.exo-inbound.", "sender-auth.spf.gateway"),
        objects=("inbound-connector",),
    ),
    Ask(
        "Send the outbound connectors of the tenant.",
        "Get-OutboundConnector | Format-List Name,Enabled,ConnectorType,RecipientDomains,SmartHosts,TlsDomain,TlsSettings,"
        "UseMXRecord,IsTransportRuleScoped,RouteAllMessagesViaOnPremises",
        (Configured,),
        shell="exchange-online-powershell",
        about=("connector.exo-outbound.", "routing-loop.cmt.", "routing-loop.connector.", "routing-loop.addon"),
        objects=("outbound-connector",),
    ),
    Ask(
        "Send the component states of the server.",
        "Get-ServerComponentState -Identity $env:COMPUTERNAME | Format-Table Component,State -AutoSize",
        (Configured,),
        about=("transport-service.component.", "transport-service.proxy.", "transport-service.maintenance."),
        objects=("server-component",),
    ),
    Ask(
        "Send whether authenticated SMTP is on, for the organisation and for the mailbox.",
        "Get-TransportConfig | Format-List SmtpClientAuthenticationDisabled; "
        "Get-CASMailbox -Identity {sender} | Format-List SmtpClientAuthenticationDisabled",
        (Configured,),
        shell="exchange-online-powershell",
        about=("auth-smtp.disabled.", "auth-smtp.blocked."),
        objects=("smtp-auth", "cas-mailbox"),
    ),
    Ask(
        "Send which Exchange services run on the server.",
        "Test-ServiceHealth | Format-List Role,RequiredServicesRunning,ServicesNotRunning",
        (Configured,),
        about=("transport-service.service.", "transport-service.update."),
        objects=("service-health",),
    ),
    Ask(
        "Send the public folder settings of the organisation.",
        "Get-OrganizationConfig | Format-List PublicFolder*,RemotePublicFolderMailboxes",
        (Configured,),
        about=("routing-loop.public-folder.",),
        objects=("organization-config",),
    ),
    Ask(
        "Send the state of the Edge subscription.",
        "Test-EdgeSynchronization | Format-List Name,SyncStatus,LastSynchronizedUtc,FailureDetail",
        (Configured,),
        about=("hybrid.edge.", "recipient.edge."),
        objects=("edge-sync",),
    ),
    Ask(
        "Send the size limits of the organisation.",
        "Get-TransportConfig | Format-List MaxSendSize,MaxReceiveSize,MaxRecipientEnvelopeLimit",
        (Configured,),
        about=("content-size.",),
        objects=("transport-config",),
    ),
    Ask(
        "Send the size of the mailbox, and its limits.",
        "Get-MailboxStatistics {recipient} | Format-List DisplayName,TotalItemSize,StorageLimitStatus; "
        "Get-Mailbox {recipient} | Format-List DisplayName,UseDatabaseQuotaDefaults,ProhibitSendQuota,ProhibitSendReceiveQuota",
        (Configured,),
        about=("quota-throttle.mailbox.",),
        objects=("mailbox-statistics",),
    ),
    Ask(
        "Send how many items the folders of the mailbox hold.",
        "Get-MailboxFolderStatistics {recipient} | Sort-Object ItemsInFolder -Descending | "
        "Select-Object -First 5 | Format-List FolderPath,ItemsInFolder",
        (Configured,),
        about=("quota-throttle.folder.",),
        objects=("mailbox-folder-statistics",),
    ),
    Ask(
        "Send which senders of the tenant are restricted.",
        "Get-BlockedSenderAddress | Format-List SenderAddress,Reason,CreatedDatetime",
        (Configured,),
        shell="exchange-online-powershell",
        about=("quota-throttle.sender.outbound-",),
        objects=("blocked-sender-address",),
    ),
    Ask(
        "Send whether the mailbox forwards by a setting, and which mailbox takes undeliverable journal reports.",
        "Get-Mailbox {recipient} | Format-List DisplayName,ForwardingAddress,ForwardingSmtpAddress,DeliverToMailboxAndForward; "
        "Get-TransportConfig | Format-List JournalingReportNdrTo",
        (Configured,),
        shell="exchange-online-powershell",
        about=("policy.auto-reply.mailbox-", "policy.journaling.report-"),
        objects=("mailbox", "transport-config"),
    ),
    Ask(
        "Send whether the tenant refuses Direct Send.",
        "Get-OrganizationConfig | Format-List RejectDirectSend",
        (Configured,),
        shell="exchange-online-powershell",
        about=("policy.direct-send.",),
        objects=("organization-config",),
    ),
    Ask(
        "Send the federated domains of the organisation, and the addresses of its federation mailbox.",
        "Get-FederatedOrganizationIdentifier | Format-List AccountNamespace,Domains,Enabled; "
        "Get-Mailbox 'FederatedEmail.4c1f4d8b-8179-4148-93bf-00a95fa1e042' -Arbitration | Format-List Name,EmailAddresses",
        (Configured,),
        about=("hybrid.federation.",),
        objects=("federated-organization-identifier",),
    ),
    Ask(
        "Send which servers the hybrid wizard has stored.",
        "Get-HybridConfiguration | Format-List ReceivingTransportServers,SendingTransportServers,EdgeTransportServers",
        (Configured,),
        about=("hybrid.hcw.stale-",),
        objects=("hybrid-configuration",),
    ),
    Ask(
        "Send the TLS report about your domain of that day (the JSON file that the other side mails to the address in "
        "`_smtp._tls`): it says which policy failed, and how.",
        "",
        (TlsReport,),
        shell="portal",
        cost=2,
        holds=(TlsReport,),
        about=("tls.mta-sts.",),
    ),
    Ask(
        "Send what danetool (part of GnuTLS) prints: it compares the MX host's TLSA records with the certificate shown.",
        "danetool --check {host:token} --port 25 --starttls-proto smtp",
        (TlsReport,),
        shell="bash",
        holds=(TlsReport,),
        about=("tls.dane.tlsa-mismatch",),
    ),
    Ask(
        "Send the full internet headers of a message like it that arrived, for instance at a mailbox of another provider: they "
        "tell what SPF and DKIM passed for, and which way it took.",
        "",
        (Hops,),
        shell="portal",
        holds=(Authentication, Antispam, Headers, Hops),
        about=("sender-auth.dmarc.", "sender-auth.dkim.", "sender-auth.spf.missing-source"),
    ),
    Ask(
        "Send the full internet headers of one affected message.",
        "",
        (Authentication, Antispam, Headers, Hops),
        shell="portal",
    ),
    Ask(
        "Send what the tracking log says of one affected message.",
        "Get-MessageTrackingLog -Recipients {recipient} -ResultSize 50 | "
        "Format-List Timestamp,Source,EventId,Recipients,RecipientStatus,SourceContext",
        (Tracked,),
        cost=2,
    ),
    Ask(
        "Send the message trace of one affected message, with its details.",
        "Get-MessageTraceV2 -RecipientAddress {recipient} -ResultSize 10 | Get-MessageTraceDetailV2 | "
        "Format-List Date,Event,Action,Detail",
        (Traced,),
        shell="exchange-online-powershell",
        cost=2,
    ),
)
