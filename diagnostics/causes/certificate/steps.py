"""Steps that the causes about certificates share."""

from __future__ import annotations

from diagnostics.cause import change, look
from diagnostics.report import Step


def list_installed() -> Step:
    return look(
        "List the certificates of this server: services, validity, key, names.",
        "Get-ExchangeCertificate | Format-List Thumbprint,Subject,Issuer,Services,NotAfter,Status,HasPrivateKey,"
        "RootCAType,CertificateDomains",
    )


def of_target() -> Step:
    return look(
        "List the certificates of the server that the queue leads to, and what each is used for.",
        "Get-ExchangeCertificate -Server {target} | Format-List Thumbprint,Subject,Services,NotAfter,Status,HasPrivateKey",
        target="",
    )


def list_send_connectors() -> Step:
    return look(
        "See which certificate and name every Send connector uses, and from which servers it sends.",
        "Get-SendConnector | Format-List Name,Fqdn,TlsCertificateName,TlsDomain,TlsAuthLevel,SourceTransportServers",
    )


def list_receive_connectors() -> Step:
    return look(
        "See which certificate and name every Receive connector uses.",
        "Get-ReceiveConnector | Format-List Identity,Bindings,Fqdn,TlsCertificateName,AuthMechanism",
    )


def compare_send_connectors() -> Step:
    return look(
        "See which certificate every Send connector names, and which ones this server has: issuer and subject must be equal.",
        "Get-SendConnector | Format-List Name,Fqdn,TlsCertificateName,TlsDomain,TlsAuthLevel,SourceTransportServers; "
        "Get-ExchangeCertificate | Format-List Thumbprint,Subject,Issuer,Services,NotAfter,Status,HasPrivateKey",
    )


def compare_receive_connectors() -> Step:
    return look(
        "See which certificate and name every Receive connector uses, and which certificates this server has.",
        "Get-ReceiveConnector | Format-List Identity,Enabled,Bindings,RemoteIPRanges,Fqdn,TlsCertificateName,AuthMechanism; "
        "Get-ExchangeCertificate | Format-List Thumbprint,Subject,Issuer,Services,NotAfter,Status,HasPrivateKey,"
        "CertificateDomains",
    )


def name_on_send_connector(connector: str, thumbprint: str = "") -> Step:
    return change(
        "Write the name of the current certificate on the Send connector.",
        "$certificate = Get-ExchangeCertificate -Thumbprint {current_thumbprint}; "
        'Set-SendConnector {connector} -TlsCertificateName "<I>$($certificate.Issuer)<S>$($certificate.Subject)"',
        changes="Sets TlsCertificateName of this connector. Every source server must have that certificate.",
        undo="Set-SendConnector with the TlsCertificateName that Get-SendConnector showed before.",
        verify="Get-SendConnector shows the issuer and subject of the current certificate.",
        connector=connector,
        current_thumbprint=thumbprint,
    )


def name_on_receive_connector(connector: str, thumbprint: str = "") -> Step:
    return change(
        "Write the name of the current certificate on the Receive connector, on every server that takes this mail.",
        "$certificate = Get-ExchangeCertificate -Thumbprint {current_thumbprint}; "
        "Set-ReceiveConnector {receive_connector} -TlsCertificateName "
        '"<I>$($certificate.Issuer)<S>$($certificate.Subject)"',
        changes="Sets TlsCertificateName of this connector: the certificate that it presents.",
        undo="Set-ReceiveConnector with the TlsCertificateName that Get-ReceiveConnector showed before ($null if "
        "empty).",
        verify="Get-ReceiveConnector shows the issuer and subject of the current certificate.",
        receive_connector=connector,
        current_thumbprint=thumbprint,
    )


def enable_for_smtp(thumbprint: str) -> Step:
    return change(
        "Enable the certificate for SMTP; this also lets the transport service read its key.",
        "Enable-ExchangeCertificate -Thumbprint {thumbprint} -Services SMTP",
        changes="Adds SMTP to this certificate's services. Answer No when asked to replace the default SMTP "
        "certificate.",
        undo="Exchange can't take a single service away: keep the previous certificate, and name it on the "
        "connectors again.",
        verify="Get-ExchangeCertificate lists the thumbprint with SMTP among its Services.",
        thumbprint=thumbprint,
    )


def renew(name: str) -> Step:
    return change(
        "Request a new certificate from a public authority, then import the answer and enable it for SMTP.",
        "$request = New-ExchangeCertificate -GenerateRequest -SubjectName ('CN=' + {host_name}) -DomainName "
        "{host_name} "
        "-KeySize 2048 -PrivateKeyExportable $true; "
        "Set-Content -Path (Join-Path $env:USERPROFILE 'certificate.req') -Value $request",
        changes="Creates a key and a pending request on this server; the certificates in use stay as they are.",
        undo="Remove-ExchangeCertificate with the thumbprint of the pending request.",
        verify="certificate.req holds the request; after the import Get-ExchangeCertificate shows Status Valid.",
        host_name=name,
    )


def import_issuers() -> Step:
    return change(
        "Put the issuing (intermediate) certificate into the machine's intermediate store; the authority publishes it.",
        "Import-Certificate -FilePath '<path-to-intermediate.cer>' -CertStoreLocation 'Cert:\\LocalMachine\\CA'",
        shell="powershell",
        changes="Adds a public issuer certificate to this server, so that the whole chain is sent.",
        undo="Remove-Item (Join-Path 'Cert:\\LocalMachine\\CA' '<thumbprint-of-the-intermediate>')",
        verify="openssl s_client -showcerts lists the issuer as the second certificate, after the restart below.",
    )


def test_chain(thumbprint: str) -> Step:
    return look(
        "Build and check the certificate's chain on this server.",
        "Get-Item (Join-Path 'Cert:\\LocalMachine\\My' {thumbprint}) | Test-Certificate",
        "powershell",
        thumbprint=thumbprint,
    )


def show_chain(host: str, say: str = "See which certificates the server sends, from outside the network.") -> Step:
    return look(say, "openssl s_client -starttls smtp -showcerts -connect {host:token}:25", "bash", host=host)


def restart_frontend() -> Step:
    return change(
        "Restart the front-end transport service.",
        "Restart-Service MSExchangeFrontEndTransport",
        shell="powershell",
        effect="service-restart",
        changes="New connections on port 25 are refused for some seconds; senders try again.",
        undo="None needed: a restart changes no setting.",
        verify="EHLO on port 25 of this server lists STARTTLS.",
    )


def restart_transport() -> Step:
    return change(
        "Restart transport, so that it loads the certificate again.",
        "Restart-Service MSExchangeTransport,MSExchangeFrontEndTransport",
        shell="powershell",
        effect="service-restart",
        changes="Mail pauses for a minute; queued messages are kept.",
        undo="None needed: a restart changes no setting.",
        verify="The next session in the protocol log shows `negotiation succeeded`.",
    )


def retry_queues() -> Step:
    return change(
        "Retry the queues.",
        "Get-Queue -Filter \"Status -eq 'Retry'\" | Retry-Queue",
        changes="Queued messages are tried now instead of at their next interval.",
        undo="None needed: messages that fail go back into the queue.",
        verify="The queues drain.",
    )
