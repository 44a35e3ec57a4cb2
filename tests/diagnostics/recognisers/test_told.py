"""What people tell in sentences: read beside an artefact, never out of talk alone, and never as proof."""

from __future__ import annotations

import pytest

from diagnostics import diagnose
from diagnostics.facts import QueueState, SendConnector, WindowsEvent
from diagnostics.mail_facts import Configured
from diagnostics.recognisers import recognise
from diagnostics.text import Paste

_REFUSED = "550 5.7.1 access denied\n"


def told(sentence: str, lead: str = _REFUSED) -> list[object]:
    found = recognise(Paste.of(lead + sentence))
    return [fact for each in found if each.in_words for fact in each.facts]


def one(sentence: str) -> Configured:
    (fact,) = told(sentence)
    assert isinstance(fact, Configured)
    return fact


SETTINGS = [
    (
        "Default Frontend EX16: AuthMechanism : Integrated, ExchangeServer",
        "receive-connector",
        "AuthMechanism",
        "Integrated, ExchangeServer",
    ),
    ("on that connector TlsDomainCapabilities is empty", "receive-connector", "TlsDomainCapabilities", ""),
    (
        "TlsSenderCertificateName is mail.contoso.com in the tenant",
        "inbound-connector",
        "TlsSenderCertificateName",
        "mail.contoso.com",
    ),
    (
        "Get-OutboundConnector: TlsSettings DomainValidation, TlsDomain mail.contoso.com",
        "outbound-connector",
        "TlsDomain",
        "mail.contoso.com",
    ),
    (
        "the group has RequireSenderAuthenticationEnabled $true",
        "recipient",
        "RequireSenderAuthenticationEnabled",
        "true",
    ),
    ("our outbound connector: Enabled False, RecipientDomains {contoso.com}", "outbound-connector", "Enabled", "False"),
    (
        "Get-TransportConfig says SmtpClientAuthenticationDisabled True",
        "transport-config",
        "SmtpClientAuthenticationDisabled",
        "True",
    ),
]


@pytest.mark.parametrize(("sentence", "kind", "name", "value"), SETTINGS, ids=[each[0][:40] for each in SETTINGS])
def test_a_setting_in_a_sentence(sentence: str, kind: str, name: str, value: str) -> None:
    fact = one(sentence)
    assert (fact.kind, fact.told(name), fact.get(name)) == (kind, True, value)


def test_a_send_connector_in_a_sentence() -> None:
    facts = told("Send connector out: SmartHosts {smtp.office365.com}, SmartHostAuthMechanism None, RequireTLS false")
    (fact,) = (each for each in facts if isinstance(each, SendConnector))
    assert (fact.smart_hosts, fact.require_tls) == (("smtp.office365.com",), False)


PRINTED = [
    (
        "Get-ReceiveConnector | fl Identity,TlsDomainCapabilities shows\n<I>CN=Old CA, DC=corp…",
        "<I>CN=Old CA, DC=corp...",
    ),
    ("$front.TlsDomainCapabilities\n\n  mail.contoso.com:AcceptOorgProtocol", "mail.contoso.com:AcceptOorgProtocol"),
    ("TlsDomainCapabilities auf dem Front-End steht noch auf:\n{}", "{}"),
    (
        "(Get-ReceiveConnector a).TlsDomainCapabilities\n<I>CN=Old CA,\nDC=corp<S>CN=mail.contoso.com,\nC=US:AcceptOorgProtocol",
        "<I>CN=Old CA, DC=corp<S>CN=mail.contoso.com, C=US:AcceptOorgProtocol",
    ),
]


@pytest.mark.parametrize(("text", "value"), PRINTED, ids=[each[0][:30] for each in PRINTED])
def test_a_value_alone_below_its_name(text: str, value: str) -> None:
    fact = next(each for each in told(text) if isinstance(each, Configured) and each.kind == "receive-connector")
    assert fact.get("TlsDomainCapabilities") == value


@pytest.mark.parametrize(
    "text",
    [
        "TlsDomainCapabilities should be\n<I>CN=Old CA, DC=corp",
        "Set TlsDomainCapabilities to\nmail.contoso.com:AcceptOorgProtocol",
        "Get-ReceiveConnector | fl TlsCertificateName,TlsDomainCapabilities\n<I>CN=Old CA, DC=corp",  # of which?
        "we looked at TlsDomainCapabilities\nand found nothing",
        "is TlsDomainCapabilities still there?\n<I>CN=Old CA, DC=corp",
    ],
)
def test_no_value_below_a_name(text: str) -> None:
    assert [each for each in told(text) if isinstance(each, Configured)] == []


NOT_STATED = [
    "Set-ReceiveConnector EX01 -AuthMechanism Tls",
    "should AuthMechanism be Tls?",
    "if AuthMechanism is None nobody can log on",
    "do we need RejectDirectSend true",
    "Name DomainName DomainType Default",
    "AuthMechanism is described in the manual",
    "TlsDomain mail.contoso.com",
]


@pytest.mark.parametrize("sentence", NOT_STATED)
def test_no_statement(sentence: str) -> None:
    assert told(sentence) == []


STATES = [
    ("the Microsoft Exchange Frontend Transport service is stopped", "windows-service", "MSExchangeFrontEndTransport"),
    ("MSExchangeDelivery won't start", "windows-service", "MSExchangeDelivery"),
    ("EX02: HubTransport Draining, all others Active", "server-component", "HubTransport"),
    ("ServerWideOffline is Inactive since the update", "server-component", "ServerWideOffline"),
    ("C: has only 2 GB free", "volume", "C"),
    ("the queue drive is nearly full", "volume", ""),
    ("the clock of the host is 12 minutes behind", "clock", "clock"),
    ("w32tm says offset -721.4s", "clock", "clock"),
]


@pytest.mark.parametrize(("sentence", "kind", "name"), STATES, ids=[each[0][:40] for each in STATES])
def test_a_state_in_a_sentence(sentence: str, kind: str, name: str) -> None:
    fact = one(sentence)
    assert (fact.kind, fact.name, fact.failing) == (kind, name, True)


def test_a_suspended_queue_in_a_sentence() -> None:
    (fact,) = told("the queue to the provider shows suspended with 300 messages")
    assert isinstance(fact, QueueState)
    assert (fact.status, fact.messages) == ("Suspended", 300)


@pytest.mark.parametrize(
    "sentence",
    [
        "is the MSExchangeTransport service stopped?",
        "should HubTransport be Inactive during the update",
        "the clock is 2 minutes behind",
        "the mailbox is full of spam",
        "MSExchangeTransport is running",
        "C: has 200 files",
    ],
)
def test_no_state(sentence: str) -> None:
    assert told(sentence) == []


CLIENTS = [
    (
        "MAIL_HOST=mail.contoso.com\nMAIL_PORT=587\nMAIL_USERNAME=null",
        {"Host": "mail.contoso.com", "Port": "587", "User": ""},
    ),
    ("smtp_port: 25\nsmtp_ssl: TLS", {"Port": "25", "Encryption": "TLS"}),
    ("swaks -s mail.contoso.com -tls -au scan", {"Host": "mail.contoso.com", "Encryption": "-tls", "User": "scan"}),
    ("the client uses OAuth2, scope SMTP.Send", {"Mechanism": "XOAUTH2"}),
]


@pytest.mark.parametrize(("text", "expected"), CLIENTS, ids=[each[0][:30] for each in CLIENTS])
def test_the_settings_of_a_client(text: str, expected: dict[str, str]) -> None:
    fact = one(text)
    assert (fact.kind, dict(fact.values)) == ("client-settings", expected)


@pytest.mark.parametrize("sentence", ["should we move to OAuth2?", "it works without OAuth", "we have 587 users"])
def test_no_setting_of_a_client(sentence: str) -> None:
    assert told(sentence) == []


def test_a_sign_in_error() -> None:
    assert one("the sign-in log of the account says 50126").get("Error") == "50126"
    assert one("AADSTS50053: the account is locked").get("Error") == "50053"


def test_events_by_number() -> None:
    facts = told("the application log is full of event ids 9666, 9667")
    assert [(each.provider, each.event) for each in facts if isinstance(each, WindowsEvent)] == [
        ("MSExchangeIS", 9666),
        ("MSExchangeIS", 9667),
    ]
    assert told("event 9667 means that a quota is reached") == []


ALONE = [
    "MSExchangeTransport is stopped for maintenance tonight, back at 22:00",
    "HubTransport is Draining on EX02, as planned",
    "AuthMechanism is Tls on all our connectors",
    "we are full hybrid now",
    "the clock in the meeting room is 12 minutes behind",
    "C: has only 2 GB free on my laptop",
    "MAIL_HOST=mail.contoso.com is in the wiki",
    "event 15006 is a nice number",
    "Exchange 2019 CU14 with the SU is 15.2.1544.13",
    "what does KRB_AP_ERR_SKEW mean?",
    "what is ATTR36?",
]


@pytest.mark.parametrize("text", ALONE)
def test_talk_alone_stays_unanswered(text: str) -> None:
    assert diagnose(text).verdict == "nothing"


def test_hearsay_is_never_proof() -> None:
    refusal = "421 4.3.2 Service not available\n"
    (shown,) = (each for each in diagnose(f"{refusal}EX02.contoso.local HubTransport Inactive").findings)
    assert shown.belief == "confirmed"
    said = diagnose(f"{refusal}on EX02 the HubTransport component is Inactive").findings[0]
    assert (said.cause, said.belief) == (shown.cause, "likely")


def test_a_smart_host_that_a_sentence_names() -> None:
    (fact,) = told("the smart host is relay.fabrikam.net")
    assert isinstance(fact, SendConnector)
    assert fact.smart_hosts == ("relay.fabrikam.net",)
    assert told("should we use a smart host like relay.fabrikam.net?") == []


def test_a_meeting_nobody_was_invited_to() -> None:
    found = told("The meeting request comes back for Kim, though nobody invited her")
    assert "told-bystander" in [fact.kind for fact in found if isinstance(fact, Configured)]
    assert told("The meeting request comes back for Kim") == []


_RIGHTS = "NT AUTHORITY\\ANONYMOUS LOGON {ms-Exch-SMTP-Submit}\n"


@pytest.mark.parametrize(
    "text",
    [
        "Der Kopierer kann nur an interne Adressen senden, externe Empfänger werden nicht erreicht",
        "Internally the ERP's mail works. To gmail nothing is delivered.",
        "From the web server mail to external recipients bounces, internal is fine",
    ],
)
def test_an_application_that_reaches_inside_recipients_only(text: str) -> None:
    (fact,) = told(text, _RIGHTS)
    assert isinstance(fact, Configured)
    assert fact.kind == "told-inside-only"


@pytest.mark.parametrize(
    "text",
    [
        "Internal mail works, external fails since the firewall was changed",  # everybody's, not an application's
        "Our scanners reach internal and external recipients",
        "Can the scanners only send to internal people, and not to external ones?",
        "If the scanner can only send internally, external mail will not be relayed",
    ],
)
def test_no_application_that_reaches_inside_recipients_only(text: str) -> None:
    assert told(text, _RIGHTS) == []


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("when our people send to external recipients it comes back", "told-outward"),
        ("Wir senden an externe Empfänger und bekommen das zurück", "told-outward"),
        ("our public folder lives in Exchange Online", "told-tenant"),
        ("unser Verteiler in Office 365 nimmt nichts an", "told-tenant"),
        ("thousands of login attempts from all over the world hit the connector", "told-guessing"),
        ("unbekannte Adressen, viele Anmeldeversuche jede Nacht", "told-guessing"),
        ("somebody runs a brute force attack on our server", "told-guessing"),
        ("forwarding was set up on the old server for that address", "forward"),
        ("the hoster forwards the messages to the new mailbox", "forward"),
    ],
)
def test_what_else_people_tell(sentence: str, kind: str) -> None:
    assert kind in {fact.kind for fact in told(sentence) if isinstance(fact, Configured)}


@pytest.mark.parametrize(
    "sentence",
    [
        "external senders write to our people",
        "should we send to external recipients another way?",
        "our public folder is on Exchange 2019, the mailboxes are in Exchange Online",
        "is our group in Office 365?",
        "the scanner's login attempt fails",
        "forwarding was not set up",
    ],
)
def test_what_they_do_not_tell(sentence: str) -> None:
    kinds = {fact.kind for fact in told(sentence) if isinstance(fact, Configured)}
    assert not kinds & {"told-outward", "told-tenant", "told-guessing", "forward"}
