"""HealthChecker's text report, as the script writes it and as people paste it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from diagnostics.facts import InstalledCertificate, SendConnector
from diagnostics.looked_facts import TlsSettings
from diagnostics.mail_facts import Configured
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts, one

REPORT = """Exchange Information
--------------------
\tName: EX01
\tVersion: Exchange 2019 CU14 Nov24SU
\tBuild Number: 15.2.1544.13
\tServer Role: Mailbox
\tServices Not Running
\t\tMSExchangeTransport
\tExchange Server Maintenance
\t\tComponent: 'HubTransport' is in Maintenance Mode
\tServer Pending Reboot: True --- Warning a reboot is pending and can cause issues on the server.
\tTLS 1.2: Half Disabled

        RegistryKey       Location                                                                      Value
        -----------       --------                                                                      -----
        Enabled           SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols\\TLS 1.2\\Server    1
        Enabled           SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols\\TLS 1.2\\Client    0
        DisabledByDefault SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols\\TLS 1.2\\Client NULL

\tCertificate
\t\tFriendlyName: Contoso mail
\t\tThumbprint: 3C0FFEE1A2B3C4D5E6F708192A3B4C5D6E7F8091
\t\tLifetime in days: -3
\t\tECC Certificate: True
\t\tBound to services: IIS, SMTP
\t\tCurrent Auth Certificate: False
\t\tNamespaces
\t\t\tmail.contoso.com
\t\t\t*.contoso.com
\tCertificate
\t\tFriendlyName: Microsoft Exchange Server Auth Certificate
\t\tThumbprint: 91F0E1D2C3B4A5968778695A4B3C2D1E0F010203
\t\tLifetime in days: 1800
\t\tBound to services: None
\t\tCurrent Auth Certificate: True
\tValid Internal Transport Certificate Found On Server: False
\tConnector Name: Outbound to Office 365
\tConnector Enabled: True
\tCloud Mail Enabled: True
\tConnector Type: Send
\tTlsAuthLevel: DomainValidation
\tTlsCertificateName: <I>CN=Example Public TLS CA 1<S>CN=mail.contoso.com
\tCertificate Found On Server: False"""


@pytest.mark.parametrize("text", [REPORT, REPORT.replace("\n", "    \n\n"), REPORT.replace("\t", "")])
def test_certificates(text: str) -> None:
    mail, auth = facts(text, InstalledCertificate)
    assert (mail.thumbprint, mail.expired, mail.services) == (
        "3C0FFEE1A2B3C4D5E6F708192A3B4C5D6E7F8091",
        True,
        ("IIS", "SMTP"),
    )
    assert (mail.names, mail.algorithm) == (("mail.contoso.com", "*.contoso.com"), "ECC")
    assert (auth.expired, auth.services, auth.subject) == (False, (), "CN=Microsoft Exchange Server Auth Certificate")


def test_the_connector_and_its_certificate() -> None:
    found = one(REPORT, SendConnector)
    assert (found.connector, found.cloud_services, found.certificate_found) == ("Outbound to Office 365", True, False)
    assert found.tls_certificate_name == "<I>CN=Example Public TLS CA 1<S>CN=mail.contoso.com"
    assert found.source.quote == "Certificate Found On Server: False"


def test_the_server() -> None:
    settings_by_kind = {each.kind: each for each in facts(REPORT, Configured)}
    server = settings_by_kind["exchange-server"]
    assert (server.name, server.get("AdminDisplayVersion")) == ("EX01", "15.2.1544.13")
    assert server.flag("ValidInternalTransportCertificate") is False
    assert (settings_by_kind["windows-service"].name, settings_by_kind["server-component"].name) == (
        "MSExchangeTransport",
        "HubTransport",
    )
    assert {each.role: each.tls12_enabled for each in facts(REPORT, TlsSettings)} == {"server": True, "client": False}


@pytest.mark.parametrize("text", [*CHATTER, "Lifetime in days: 12", "Server Pending Reboot: we hope not"])
def test_chatter_is_no_report(text: str) -> None:
    assert not [each for each in artefacts(text) if each.kind == "health-checker"]


@given(damaged(REPORT))
@settings(max_examples=100)
def test_damage_never_raises(text: str) -> None:
    for artefact in artefacts(text):
        if artefact.kind == "health-checker":
            assert all(each.source.line in range(artefact.first, artefact.last + 1) for each in artefact.facts)
