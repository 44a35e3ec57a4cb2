"""Codes that only software writes: found wherever they stand, and only where the tables know them."""

from __future__ import annotations

import pytest

from diagnostics import diagnose
from diagnostics.codes import calm, of_event, of_queue, one_source, shared_with, technical, without_cause


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("probe says 0x800B0109", "CERT_E_UNTRUSTEDROOT"),
        ("returned -2146893019 at 10:02", "SEC_E_UNTRUSTED_ROOT"),
        ("the call gave SEC_E_NO_CREDENTIALS", "SEC_E_NO_CREDENTIALS"),
    ],
)
def test_a_result_by_number_or_name(text: str, name: str) -> None:
    assert [row.name for row in technical(text)] == [name]


@pytest.mark.parametrize("text", ["0x80131500", "build 8009 of 2026", "SEC_TEAM_LUNCH", "0x80070005 on update"])
def test_what_no_table_knows_is_no_code(text: str) -> None:
    assert technical(text) == ()


def test_an_event_belongs_to_its_source() -> None:
    assert of_event("Schannel", 36874)
    assert of_event("MSExchangeTransport", 1035)
    assert not of_event("Some Backup Agent", 1035)
    assert not of_event("MSExchange TransportService", 1035)
    assert [row.name for row in of_event("MSExchangeFrontEndTransport", 1049)] == ["SmtpReceiveNoDestinationToProxyTo"]


def test_the_words_of_an_event_decide_between_two_of_the_same_provider_and_number() -> None:
    refused = "The account 'CONTOSO\\svc' provided valid credentials, but it does not have submit permissions on the connector"
    assert [row.name for row in of_event("MSExchangeTransport", 1018, refused)] == [
        "SmtpReceiveAuthorizationSubmitRejected"
    ]
    assert [row.name for row in of_event("MSExchangeTransport", 1018, "0.0.0.0:25")] == [
        "The address is already in use"
    ]


@pytest.mark.parametrize(
    ("number", "provider"),
    [(5019, "MSExchangeTransport"), (1009, "MSExchangeMailSubmission"), (1004, ""), (17010, ""), (9, "")],
)
def test_a_number_alone_is_the_usual_program_s_or_nobody_s(number: int, provider: str) -> None:
    assert one_source(number) == provider


def test_an_event_that_comes_of_no_cause_is_known_by_its_meaning() -> None:
    known = without_cause("MSExchangeTransport", 2014)
    assert known is not None
    assert known.name == "SendConnectorInvalidSourceIPAddress"
    assert without_cause("MSExchangeTransport", 5019) is None
    assert without_cause("Some Backup Agent", 2014) is None


def test_services_of_the_same_code_share_their_events() -> None:
    assert shared_with("MSExchangeDelivery") == "MSExchangeTransport"
    assert shared_with("MSExchange EdgeSync") == ""


@pytest.mark.parametrize(
    ("provider", "number", "well"),
    [
        ("MSExchangeTransport", 17010, True),
        ("MSExchange Messaging Policies", 4002, True),
        ("MSExchangeTransport", 5019, False),
        ("Some Backup Agent", 17010, False),
        ("MSExchangeTransport", 12010, False),  # in one version a counter, in another connectors that could not be read
    ],
)
def test_an_event_that_tells_of_nothing_wrong_is_calm(provider: str, number: int, well: bool) -> None:
    assert calm(provider, number) is well


def test_a_code_makes_possible_and_never_more() -> None:
    report = diagnose("STARTTLS probe of the mail server: chain build returned CERT_E_UNTRUSTEDROOT")
    assert report.findings
    assert {each.belief for each in report.findings} == {"possible"}


def test_a_code_that_is_explained_is_no_failure() -> None:
    assert diagnose("SEC_E_NO_CREDENTIALS means that the mail server found no key").verdict == "nothing"


@pytest.mark.parametrize(
    ("identity", "delivery_type", "code"),
    [
        ("EX01\\3", "SmtpDeliveryToMailbox", "SmtpDeliveryToMailbox"),
        ("EX01\\3", "SmtpDeliv...", "SmtpDeliveryToMailbox"),
        ("EX01\\3", "SmartHostConnec…", "SmartHostConnectorDelivery"),
        ("EX01\\3", "SmtpRelayToRemoteAdSite", "SmtpRelayToRemoteActiveDirectorySite"),
        ("EX01\\Submission", "Undefined", "Submission"),
        ("EX01\\Poison", "", "Poison"),
    ],
)
def test_a_queue_is_known_by_its_name_or_its_delivery_type(identity: str, delivery_type: str, code: str) -> None:
    row = of_queue(identity, delivery_type)
    assert row is not None
    assert row.code == code


@pytest.mark.parametrize("delivery_type", ["SmtpRelay...", "Smtp...", "", "Whatever"])
def test_a_delivery_type_that_several_begin_with_is_none(delivery_type: str) -> None:
    assert of_queue("EX01\\3", delivery_type) is None
