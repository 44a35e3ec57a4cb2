"""Send connectors, and the certificate name whose markers chat eats."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from diagnostics.facts import SendConnector
from tests.diagnostics.recognisers.reading import CHATTER, damaged, facts, one

ISSUER, SUBJECT = (
    'CN=Example Public TLS CA 1, O="Example Trust, Inc.", C=US',
    "CN=mail.contoso.com, O=Contoso Ltd, C=GB",
)
LIST = f"""AddressSpaces                : {{smtp:contoso.mail.onmicrosoft.com;1, SMTP:*;5}}
Fqdn                         : mail.contoso.com
Identity                     : Outbound to Office 365 - 6f1d
IgnoreSTARTTLS               : False
Name                         : Outbound to Office 365 - 6f1d
ProtocolLoggingLevel         : None
RequireTLS                   : True
SmartHosts                   : {{[203.0.113.5], relay.contoso.com}}
SourceTransportServers       : {{EX01, EX02}}
TlsAuthLevel                 : DomainValidation
TlsCertificateName           : <I>{ISSUER}<S>{SUBJECT}
TlsDomain                    : mail.protection.outlook.com"""


def test_a_connector() -> None:
    found = one(LIST, SendConnector)
    assert found.connector == "Outbound to Office 365 - 6f1d"
    assert found.tls_certificate_name == f"<I>{ISSUER}<S>{SUBJECT}"
    assert (found.tls_domain, found.tls_auth_level) == ("mail.protection.outlook.com", "DomainValidation")
    assert (found.require_tls, found.ignore_starttls, found.logging) == (True, False, "None")
    assert found.smart_hosts == ("203.0.113.5", "relay.contoso.com")
    assert found.address_spaces == ("smtp:contoso.mail.onmicrosoft.com;1", "SMTP:*;5")
    assert (found.fqdn, found.source.line) == ("mail.contoso.com", 11)


@pytest.mark.parametrize(
    "damage",
    [
        f"&lt;I&gt;{ISSUER}&lt;S&gt;{SUBJECT}",
        f"{ISSUER}<S>{SUBJECT}",
        f"I>{ISSUER}<S>{SUBJECT}",
        f"{ISSUER} {SUBJECT}",
        f"{ISSUER}{SUBJECT}",
        f"<I>{ISSUER}<S>CN=<http://mail.contoso.com|mail.contoso.com>, O=Contoso Ltd, C=GB",
    ],
)
def test_lost_markers_are_restored(damage: str) -> None:
    text = LIST.replace(f"<I>{ISSUER}<S>{SUBJECT}", damage)
    assert one(text, SendConnector).tls_certificate_name == f"<I>{ISSUER}<S>{SUBJECT}"


def test_empty_is_told_masked_and_absent_are_not() -> None:
    name = f"<I>{ISSUER}<S>{SUBJECT}"
    assert one(LIST.replace(name, ""), SendConnector).tls_certificate_name == ""
    assert one(LIST.replace(name, "XXXXXXXX"), SendConnector).tls_certificate_name is None
    missing = "\n".join(line for line in LIST.split("\n") if not line.startswith("TlsCertificateName"))
    assert one(missing, SendConnector).tls_certificate_name is None
    assert one(LIST.replace("RequireTLS                   : True\n", ""), SendConnector).require_tls is None


def test_a_name_that_is_one_name_stays_as_written() -> None:
    text = LIST.replace(f"<I>{ISSUER}<S>{SUBJECT}", "CN=mail.contoso.com, O=Contoso")
    assert one(text, SendConnector).tls_certificate_name == "CN=mail.contoso.com, O=Contoso"


def test_other_connectors_are_not_send_connectors() -> None:
    receive = (
        "Name : Default Frontend EX01\nBindings : {0.0.0.0:25}\nFqdn : EX01\nTlsCertificateName :\nRemoteIPRanges : {}"
    )
    assert not facts(receive, SendConnector)


@pytest.mark.parametrize("text", CHATTER)
def test_chatter_is_no_connector(text: str) -> None:
    assert not facts(text, SendConnector)


@given(damaged(LIST))
@settings(max_examples=100)
def test_damage_never_raises(text: str) -> None:
    facts(text, SendConnector)
