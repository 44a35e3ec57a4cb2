"""Settings as cmdlets print them."""

from __future__ import annotations

import pytest
from hypothesis import given

from diagnostics.facts import SendConnector
from diagnostics.mail_facts import Configured
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts, one

RECEIVE = """AuthMechanism                           : Tls, Integrated, BasicAuth, ExchangeServer
Banner                                  :
Bindings                                : {[::]:25, 0.0.0.0:25}
Fqdn                                    : EX01.corp.contoso.com
Identity                                : EX01\\Default Frontend EX01
Name                                    : Default Frontend EX01
PermissionGroups                        : ExchangeUsers, ExchangeServers
RemoteIPRanges                          : {::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, 0.0.0.0-255.255.255.255}
RequireTLS                              : False
TlsCertificateName                      : XXXXXXXX
TlsDomainCapabilities                   : {}
TransportRole                           : FrontendTransport"""
INBOUND = """Name                         : Inbound from 6f1d1f1e
Enabled                      : True
CloudServicesMailEnabled     : True
SenderDomains                : {smtp:*;1}
TlsSenderCertificateName     : mail.contoso.com"""
OUTBOUND = """Name                          : Outbound to 6f1d1f1e
UseMXRecord                   : False
RecipientDomains              : {contoso.com}
SmartHosts                    : {mail.contoso.com}
CloudServicesMailEnabled      : True"""
DOMAINS = """Name            DomainName        DomainType         Default
----            ----------        ----------         -------
contoso.com     contoso.com       Authoritative      True
fabrikam        fabrikam.com      InternalRelay      False"""


def test_a_receive_connector() -> None:
    found = one(RECEIVE, Configured)
    assert (found.kind, found.name, found.connector) == ("receive-connector",) + ("EX01\\Default Frontend EX01",) * 2
    assert found.items("PermissionGroups") == ("ExchangeUsers", "ExchangeServers")
    assert found.items("bindings") == ("[::]:25", "0.0.0.0:25")
    assert (found.flag("requiretls"), found.flag("Fqdn"), found.flag("Missing")) == (False, None, None)


def test_empty_is_told_and_masked_is_not() -> None:
    found = one(RECEIVE, Configured)
    assert (found.told("Banner"), found.get("Banner", "?")) == (True, "")
    assert (found.told("TlsCertificateName"), found.get("TlsCertificateName", "?")) == (False, "?")
    assert found.items("TlsDomainCapabilities") == ()


@pytest.mark.parametrize(("text", "kind"), [(INBOUND, "inbound-connector"), (OUTBOUND, "outbound-connector")])
def test_a_connector_of_exchange_online_is_no_send_connector(text: str, kind: str) -> None:
    found = one(text, Configured)
    assert (found.kind, found.connector) == (kind, found.get("Name"))
    assert not facts(text, SendConnector)


def test_two_objects_are_two() -> None:
    first, second = facts(f"{INBOUND}\n\n{OUTBOUND}", Configured)
    assert (first.kind, second.kind) == ("inbound-connector", "outbound-connector")


def test_a_table() -> None:
    first, second = facts(DOMAINS, Configured)
    assert (first.kind, first.name, first.get("DomainType"), first.flag("Default")) == (
        "accepted-domain",
        "contoso.com",
        "Authoritative",
        True,
    )
    assert (second.get("domainname"), second.source.line) == ("fabrikam.com", 4)


def test_a_value_wider_than_its_column() -> None:
    text = f"{DOMAINS}\ncontoso.mail.onmicrosoft.com contoso.mail.onmicrosoft.com Authoritative False"
    assert facts(text, Configured)[2].get("DomainName") == "contoso.mail.onmicrosoft.com"


def test_a_table_that_only_its_command_names() -> None:
    text = """[PS] C:\\>Get-TransportAgent

Identity                 Enabled         Priority
--------                 -------         --------
Transport Rule Agent     True            1
Footer Agent             False           2"""
    assert [(each.kind, each.name, each.flag("Enabled")) for each in facts(text, Configured)] == [
        ("transport-agent", "Transport Rule Agent", True),
        ("transport-agent", "Footer Agent", False),
    ]


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("Get-CASMailbox scanner@contoso.com | fl SmtpClientAuthenticationDisabled\n\n", "cas-mailbox"),
        ("Get-TransportConfig | fl SmtpClientAuthenticationDisabled\n\n", "transport-config"),
        ("", "smtp-auth"),
    ],
)
def test_whose_property_it_is_tells_the_command(command: str, kind: str) -> None:
    found = one(f"{command}SmtpClientAuthenticationDisabled : True", Configured)
    assert (found.kind, found.flag("SmtpClientAuthenticationDisabled")) == (kind, True)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("RejectDirectSend : True", "organization-config"),
        ("RequireSenderAuthenticationEnabled : True", "recipient"),
        ("ProhibitSendQuota : 49.5 GB (53,150,220,288 bytes)\nUseDatabaseQuotaDefaults : False", "mailbox"),
        ("ExternalDNSAdapterEnabled : True\nInternalDNSServers : {192.0.2.53}", "transport-service"),
        ("DomainName : *\nAutoForwardEnabled : False", "remote-domain"),
        ("SendingTransportServers : {EX01}\nOnPremisesSmartHost : mail.contoso.com", "hybrid-configuration"),
        ("TotalItemSize : 99 GB (106,300,440,576 bytes)\nStorageLimitStatus : ProhibitSend", "mailbox-statistics"),
    ],
)
def test_kinds_by_their_properties(text: str, kind: str) -> None:
    assert one(text, Configured).kind == kind


@given(damaged(f"{RECEIVE}\n\n{DOMAINS}\n\nGet-AcceptedDomain\n{INBOUND}"))
def test_damage_never_raises(text: str) -> None:
    artefacts(text)


@pytest.mark.parametrize(
    "text",
    [
        *CHATTER,
        "we set SmtpClientAuthenticationDisabled to true yesterday: fine?",
        "did anyone run Get-ReceiveConnector on EX02? Note: it is slow\nReminder: standup at 9",
        "Get-Mailbox is slow today\n\nPS: cake in the kitchen",
    ],
)
def test_chatter_is_none(text: str) -> None:
    assert not facts(text, Configured)


@pytest.mark.parametrize(
    ("commands", "kinds"),
    [
        (
            "Get-TransportConfig | fl Smtp*; Get-CASMailbox 'a@contoso.com' | fl Smtp*",
            ["transport-config", "cas-mailbox"],
        ),
        (
            "Get-CASMailbox 'a@contoso.com' | fl Smtp*; Get-TransportConfig | fl Smtp*",
            ["cas-mailbox", "transport-config"],
        ),
    ],
)
def test_two_commands_of_one_line_print_one_after_the_other(commands: str, kinds: list[str]) -> None:
    printed = "SmtpClientAuthenticationDisabled : False\n\nSmtpClientAuthenticationDisabled :"
    assert [each.kind for each in facts(f"PS C:\\> {commands}\n\n{printed}", Configured)] == kinds


def test_each_of_two_commands_is_known_by_its_properties() -> None:
    commands = "PS C:\\> Get-Mailbox a | fl Forwarding*; Get-TransportConfig | fl Journ*"
    text = f"{commands}\n\nForwardingAddress : b\n\nJournalingReportNdrTo : <>"
    assert [each.kind for each in facts(text, Configured)] == ["mailbox", "transport-config"]


def test_a_name_of_several_words_in_a_table_without_columns() -> None:
    text = "Name DomainName AutoForwardEnabled\n---- ---------- ------------------\nOld partner fabrikam.com True"
    assert one(text, Configured).values == (
        ("Name", "Old partner"),
        ("DomainName", "fabrikam.com"),
        ("AutoForwardEnabled", "True"),
    )


def test_a_rule_by_its_state_and_mode() -> None:
    assert one("Name  : Tag\nState : Enabled\nMode  : AuditAndNotify", Configured).kind == "transport-rule"


def test_a_description_belongs_to_the_rule_above_it() -> None:
    rule = "Name        : {}\nState       : {}\nDescription : If the message:\n    \tIs sent to 'a@contoso.com'\n"
    rule += "    Take the following actions:\n    \tdelete the message without notifying anyone\n"
    text = "\n".join((rule.format("First", "Enabled"), rule.format("Second", "Disabled")))
    told = [(each.name, each.get("State")) for each in facts(text, Configured) if each.get("DeleteMessage")]
    assert told == [("First", "Enabled"), ("Second", "Disabled")]
