"""Steps that several causes about connectors offer."""

from __future__ import annotations

from diagnostics.cause import change, look
from diagnostics.causes.recipient.steps import EXO
from diagnostics.report import Step


def list_receive_connectors() -> Step:
    return look(
        "List the Receive connectors: for each client the one with the narrowest range that holds its address answers.",
        "Get-ReceiveConnector | Format-List Identity,TransportRole,Bindings,RemoteIPRanges,AuthMechanism,PermissionGroups,Fqdn",
    )


def show_receive_connector(connector: str, say: str = "See what the connector that answered allows.") -> Step:
    return look(
        say,
        "Get-ReceiveConnector {receive_connector} | "
        "Format-List Identity,TransportRole,Bindings,RemoteIPRanges,AuthMechanism,PermissionGroups,Fqdn",
        receive_connector=connector,
    )


def anonymous_rights(connector: str) -> Step:
    return look(
        "See what clients that don't log on may do there; PermissionGroups does not show these rights.",
        "Get-ReceiveConnector {receive_connector} | Get-ADPermission | Where-Object {{ \"$($_.User)\" -like '*anonym*' }} | "
        "Format-List Identity,User,ExtendedRights",
        receive_connector=connector,
    )


def show_send_connector(connector: str) -> Step:
    return look(
        "See where the connector sends, for which domains, from which servers, and how it logs on.",
        "Get-SendConnector {connector} | Format-List Name,Enabled,AddressSpaces,SmartHosts,SmartHostAuthMechanism,"
        "DNSRoutingEnabled,SourceTransportServers,IsScopedConnector",
        connector=connector,
    )


def list_send_connectors() -> Step:
    return look(
        "See which domains the Send connectors cover, whether they are enabled, and from which servers they send.",
        "Get-SendConnector | Format-List Name,Enabled,AddressSpaces,SmartHosts,DNSRoutingEnabled,SourceTransportServers,"
        "IsScopedConnector",
    )


def list_inbound_connectors() -> Step:
    return look(
        "See how the tenant's inbound connectors recognise the sending server: by certificate name or by address.",
        "Get-InboundConnector | Format-List Name,Enabled,ConnectorType,SenderDomains,TlsSenderCertificateName,"
        "SenderIPAddresses,RestrictDomainsToCertificate,RestrictDomainsToIPAddresses",
        EXO,
    )


def enable_inbound_connector(connector: str) -> Step:
    return change(
        "If the connector is meant to be in use: enable it.",
        "Set-InboundConnector {inbound_connector} -Enabled $true",
        shell=EXO,
        changes="The tenant recognises its own server by this connector again.",
        undo="The same with -Enabled $false.",
        verify="The next session in the send log is accepted, within the hour.",
        inbound_connector=connector,
    )


def list_outbound_connectors() -> Step:
    return look(
        "See which outbound connectors are enabled, and for which domains.",
        "Get-OutboundConnector | Format-List Name,Enabled,ConnectorType,RecipientDomains,IsTransportRuleScoped,"
        "SmartHosts,UseMXRecord",
        EXO,
    )


def resubmit_unreachable() -> Step:
    return change(
        "When the route is there, send the waiting messages through routing again.",
        "Get-Queue -Filter \"DeliveryType -eq 'Unreachable'\" | Retry-Queue -Resubmit $true",
        changes="The messages leave the Unreachable queue and are routed anew.",
        undo="None needed: a message that still has no route goes back there.",
        verify="The Unreachable queue is empty.",
    )


def find_session(
    client: str,
    say: str = "Find the client in the receive logs of every server; the second column names the connector that answered.",
) -> Step:
    return look(
        f"{say} (The logs exist only while the connector's ProtocolLoggingLevel is Verbose.)",
        "Get-ChildItem (Join-Path $env:ExchangeInstallPath 'TransportRoles\\Logs\\FrontEnd\\ProtocolLog\\SmtpReceive') | "
        "Sort-Object LastWriteTime | Select-Object -Last 3 | Select-String -SimpleMatch {client_address}",
        client_address=client,
    )
