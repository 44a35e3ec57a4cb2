"""Which object a list of properties is: by the cmdlet that was pasted above it, else by names that only one object has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from diagnostics.patterns import linear

# Names that one kind of object has alone.
OWN: Final[dict[str, str]] = {
    "receive-connector": "RemoteIPRanges PermissionGroups Bindings TransportRole TlsDomainCapabilities AuthMechanism"
    " TarpitInterval MaxInboundConnection MaxInboundConnectionPerSource MaxInboundConnectionPercentagePerSource"
    " MessageRateLimit MessageRateSource MaxRecipientsPerMessage ExtendedProtectionPolicy MaxAcknowledgementDelay"
    " SuppressXAnonymousTls EnableAuthGSSAPI RejectReservedTopLevelRecipientDomains RejectSingleLabelRecipientDomains"
    " LiveCredentialEnabled AdvertiseClientSettings",
    "inbound-connector": "TlsSenderCertificateName RestrictDomainsToCertificate RestrictDomainsToIPAddresses"
    " SenderIPAddresses SenderDomains AssociatedAcceptedDomains EFSkipLastIP EFSkipIPs EFSkipMailGateway EFUsers"
    " TreatMessagesAsInternal ScanAndDropRecipients TrustedOrganizations ClientHostNames",
    "outbound-connector": "RecipientDomains UseMXRecord TlsSettings RouteAllMessagesViaOnPremises AllAcceptedDomains"
    " IsTransportRuleScoped SenderRewritingEnabled IsValidated LastValidationTimestamp ValidationRecipients MtaStsMode",
    "connector-validation": "TaskName IsTaskSuccessful",
    "accepted-domain": "DomainType MatchSubDomains AddressBookEnabled InitialDomain AuthenticationType",
    "remote-domain": "AutoForwardEnabled AutoReplyEnabled AllowedOOFType DeliveryReportEnabled NDREnabled TNEFEnabled"
    " TargetDeliveryDomain TrustedMailInboundEnabled TrustedMailOutboundEnabled CharacterSet NonMimeCharacterSet",
    "transport-config": "TLSSendDomainSecureList TLSReceiveDomainSecureList ExternalPostmasterAddress"
    " MaxRecipientEnvelopeLimit GenerateCopyOfDSNFor ShadowRedundancyEnabled SafetyNetHoldTime InternalSMTPServers"
    " JournalingReportNdrTo AllowLegacyTLSClients AddressBookPolicyRoutingEnabled ExternalDelayDsnEnabled"
    " InternalDelayDsnEnabled ExternalDsnMaxMessageAttachSize MaxDumpsterTime HeaderPromotionModeSetting"
    " RejectMessageOnShadowFailure MaxPerDomainOutboundConnections",
    "transport-service": "ExternalDNSAdapterEnabled ExternalDNSAdapterGuid ExternalDNSServers ExternalDNSProtocolOption"
    " ExternalIPAddress InternalDNSAdapterEnabled InternalDNSAdapterGuid InternalDNSServers InternalDNSProtocolOption"
    " MaxOutboundConnections MessageExpirationTimeout MessageRetryInterval OutboundConnectionFailureRetryInterval"
    " TransientFailureRetryInterval TransientFailureRetryCount PickupDirectoryPath ReplayDirectoryPath QueueMaxIdleTime"
    " ConnectivityLogEnabled AntispamAgentsEnabled DelayNotificationTimeout InternalTransportCertificateThumbprint"
    " IntraOrgConnectorProtocolLoggingLevel PoisonMessageDetectionEnabled PoisonThreshold",
    "organization-config": "RejectDirectSend PublicFoldersEnabled RemotePublicFolderMailboxes RootPublicFolderMailbox"
    " PublicFolderMailboxesMigrationComplete PublicFolderMigrationComplete PublicFoldersLockedForMigration"
    " PublicFolderMailboxesLockedForNewConnections SendFromAliasEnabled SCLJunkThreshold"
    " DefaultPublicFolderProhibitPostQuota AutoEnableArchiveMailbox",
    "mailbox": "ProhibitSendQuota ProhibitSendReceiveQuota IssueWarningQuota UseDatabaseQuotaDefaults ForwardingAddress"
    " ForwardingSmtpAddress DeliverToMailboxAndForward RecoverableItemsQuota ArchiveQuota MessageCopyForSentAsEnabled"
    " AccountDisabled WhenSoftDeleted IsInactiveMailbox IsSoftDeletedByRemove IsSoftDeletedByDisable AddressBookPolicy",
    "mailbox-statistics": "TotalItemSize StorageLimitStatus TotalDeletedItemSize DatabaseProhibitSendQuota",
    "recipient": "RecipientType RecipientTypeDetails PrimarySmtpAddress ExternalEmailAddress RemoteRoutingAddress"
    " TargetAddress LegacyExchangeDN EmailAddressPolicyEnabled RequireSenderAuthenticationEnabled AcceptMessagesOnlyFrom"
    " AcceptMessagesOnlyFromDLMembers AcceptMessagesOnlyFromSendersOrMembers RejectMessagesFrom RejectMessagesFromDLMembers"
    " RejectMessagesFromSendersOrMembers ModerationEnabled ModeratedBy BypassModerationFromSendersOrMembers"
    " ReportToOriginatorEnabled ReportToManagerEnabled SendOofMessageToOriginatorEnabled HiddenFromAddressListsEnabled"
    " AssignedLicenses IsLicensed SKUAssigned AutoSubscribeNewMembers RecipientContainer RecipientFilter IncludedRecipients",
    "cas-mailbox": "ImapEnabled PopEnabled OWAEnabled ActiveSyncEnabled MAPIEnabled EwsEnabled PopUseProtocolDefaults",
    "hybrid-configuration": "ReceivingTransportServers SendingTransportServers OnPremisesSmartHost ClientAccessServers"
    " SecureMailCertificateThumbprint EdgeTransportServers ExternalIPAddresses",
    "transport-rule": "RejectMessageReasonText RejectMessageEnhancedStatusCode RouteMessageOutboundConnector"
    " RedirectMessageTo DeleteMessage SetSCL BlindCopyTo StopRuleProcessing SenderAddressLocation RuleErrorAction"
    " MessageTypeMatches FromMemberOf ExceptIfFromMemberOf ExceptIfFrom",
    "authentication-policy": "AllowBasicAuthSmtp AllowBasicAuthImap AllowBasicAuthPop",
    "hosted-outbound-spam-filter-policy": "AutoForwardingMode RecipientLimitExternalPerHour RecipientLimitPerDay"
    " ActionWhenThresholdReached",
    "hosted-connection-filter-policy": "IPAllowList IPBlockList EnableSafeList",
    "hosted-content-filter-policy": "AllowedSenders AllowedSenderDomains",
    "account": "LockedOut PasswordExpired BadLogonCount LastBadPasswordAttempt",
    "quarantine-message": "QuarantineTypes QuarantinedUser ReleaseStatus",
    "dkim-signing-config": "Selector1CNAME Selector2CNAME Selector1PublicKey Selector2PublicKey",
    "sender-filter-config": "BlockedDomainsAndSubdomains BlankSenderBlockingEnabled",
    "recipient-filter-config": "RecipientValidationEnabled BlockedRecipients BlockListEnabled",
    "federated-organization-identifier": "AccountNamespace DelegationTrustLink",
    "federated-domain-proof": "DnsRecord Proof",
    "auth-config": "CurrentCertificateThumbprint NextCertificateThumbprint PreviousCertificateThumbprint",
    "mailbox-folder-statistics": "ItemsInFolder ItemsInFolderAndSubfolders",
    "mailbox-database-copy-status": "CopyQueueLength ReplayQueueLength ContentIndexState",
    "public-folder-database": "PublicFolderHierarchy",
    "root-update": "DisableRootAutoUpdate",
    "mailbox-message-configuration": "EchoGroupMessageBackToSubscribedSender",
    "inbox-rule": "SoftDeleteMessage RedirectTo ForwardTo ForwardAsAttachmentTo",
    "directory-object": "homeMDB msExchOwningPFTree msExchOwningPFTreeBL",
    "user-realm": "NameSpaceType",
    "clock": "NowUTC",
    "folder-permission": "AccessRights SharingPermissionFlags",
    "mailbox-permission": "Deny IsInherited InheritanceType",
    "recipient-permission": "Trustee",
    "public-folder": "ProhibitPostQuota ContentMailboxName ContentMailboxGuid MailRecipientGuid",
    "exchange-server": "AdminDisplayVersion ServerRole IsEdgeServer IsHubTransportServer InternetWebProxy",
}
# Names that several kinds have: they decide nothing alone, but tip the balance.
_SHARED: Final[dict[str, str]] = {
    "transport-config": "MaxSendSize MaxReceiveSize SmtpClientAuthenticationDisabled",
    "mailbox-permission": "AccessRights",
    "inbox-rule": "DeleteMessage Description",
    "recipient-permission": "AccessRights",
    "mailbox": "EmailAddresses Database RecipientLimits MaxSendSize MaxReceiveSize GrantSendOnBehalfTo ExchangeGuid",
    "recipient": "EmailAddresses Alias",
    "cas-mailbox": "SmtpClientAuthenticationDisabled",
}
# Properties that are telling although two objects have them; alone they make the kind on the right.
_LONE: Final = {
    "smtpclientauthenticationdisabled": "smtp-auth", "maxsendsize": "transport-config", "emailaddresses": "recipient",
}  # fmt: skip
# Names that other objects have too, one by one, and that only this kind has together.
_TOGETHER: Final = {
    "blocked-sender-address": frozenset({"senderaddress", "createddatetime"}),
    "mailbox-database": frozenset({"name", "mounted"}),
    "ip-address": frozenset({"ipaddress", "interfacealias"}),  # Get-NetIPAddress
}
# Other recognisers read the objects that have these.
_FOREIGN: Final = frozenset(
    {"addressspaces", "sourcetransportservers", "smarthostauthmechanism", "nexthopdomain", "deliverytype", "messagetraceid",
     "notafter", "certificatedomains", "hasprivatekey", "eventid", "recipientstatus", "internetmessageid", "nameexchange",
     "namehost", "ttl"}
)  # fmt: skip
_ALIASES: Final = {
    "transport-server": "transport-service", "frontend-transport-service": "transport-service",
    "mailbox-transport-service": "transport-service", "mail-user": "recipient", "mail-contact": "recipient",
    "remote-mailbox": "recipient", "distribution-group": "recipient", "dynamic-distribution-group": "recipient",
    "mail-public-folder": "recipient", "public-folder-client-permission": "folder-permission",
    "unified-group": "recipient", "user": "recipient",
    "exo-mailbox": "mailbox", "exo-recipient": "recipient", "exo-cas-mailbox": "cas-mailbox", "exocas-mailbox": "cas-mailbox",
    "exo-mailbox-statistics": "mailbox-statistics", "exo-mailbox-folder-statistics": "mailbox-folder-statistics",
    "exo-mailbox-permission": "mailbox-permission", "exo-recipient-permission": "recipient-permission",
    "exo-mailbox-folder-permission": "mailbox-folder-permission", "mg-user": "recipient", "msol-user": "recipient",
    "ad-user": "recipient",
}  # fmt: skip
_ECHOED: Final = frozenset(
    {*OWN, *_ALIASES, "transport-agent", "blocked-sender-address", "inbox-rule", "journal-rule", "mailbox-database",
     "ip-block-list-entry", "content-filter-config", "sender-id-config", "mailbox-junk-email-configuration",
     "mailbox-folder-permission", "mailbox-folder-statistics", "mailbox-permission", "recipient-permission",
     "quarantine-message", "public-folder-statistics", "on-prem-server-report-info", "tenant-allow-block-list-items",
     "migration-endpoint", "organization-relationship"}
)  # fmt: skip
_ECHO = linear(r"(?i)\bGet-([A-Z][A-Za-z]{3,50})\b")


def _pairs(table: dict[str, str]) -> dict[str, frozenset[str]]:
    return {kind: frozenset(names.lower().split()) for kind, names in table.items()}


_OWN_NAMES: Final = _pairs(OWN)
_SHARED_NAMES: Final = _pairs(_SHARED)
_CAMEL = linear(r"([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])")


def foreign(names: Iterable[str]) -> bool:
    """Whether an object with these lower-case names is another recogniser's."""
    return not _FOREIGN.isdisjoint(names)


def kind_of(names: Iterable[str]) -> str:
    """The kind of the object that has properties of these lower-case names; "" when none of them is telling."""
    told = frozenset(names)
    if foreign(told):
        return ""
    for kind, together in _TOGETHER.items():
        if together <= told:
            return kind
    scores = {
        kind: 4 * len(told & own) + len(told & _SHARED_NAMES.get(kind, frozenset())) for kind, own in _OWN_NAMES.items()
    }
    best = max(scores, key=lambda kind: scores[kind])
    if told & _OWN_NAMES[best]:
        return best
    return next((kind for name, kind in _LONE.items() if name in told), "")


def echoed(line: str) -> tuple[str, ...]:
    """The kinds that the commands on the line print, one after the other: of each, that of its last `Get-…`. "" is one that
    another recogniser reads."""
    found = (_ECHO.findall(command) for command in line[:1000].split(";"))
    return tuple(_printed(names[-1]) for names in found if names)


def _printed(noun: str) -> str:
    kind = kebab(noun)
    return _ALIASES.get(kind, kind) if kind in _ECHOED else ""


def kebab(noun: str) -> str:
    """ReceiveConnector -> receive-connector, CASMailbox -> cas-mailbox, IPBlockListEntry -> ip-block-list-entry."""
    return str(_CAMEL.sub(r"\1\3-\2\4", noun)).lower()


def screen() -> str:
    """A pattern that any text with a telling property, or a cmdlet that prints one, matches."""
    names = sorted(
        {name for names in OWN.values() for name in names.split()}
        | {
            "SmtpClientAuthenticationDisabled",
            "MaxSendSize",
            "EmailAddresses",
            "CreatedDatetime",
            "ConnectorType",
            "TlsCertificateName",
            "ProtocolLoggingLevel",
            "Fqdn",
            "Mounted",
            "InterfaceAlias",
            "Mode",
        }
    )
    return rf"(?:\b(?:{'|'.join(names)})(?:\s*:|\s)|\bGet-(?:[A-Z][a-zA-Z]{{3,50}})\b)"
