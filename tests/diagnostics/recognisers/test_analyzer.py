"""Reports of the Remote Connectivity Analyzer."""

from __future__ import annotations

import pytest
from hypothesis import given

from diagnostics.facts import Reply
from diagnostics.looked_facts import DnsAnswer, PortTest
from diagnostics.mail_facts import CommandError
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts, one

REPORT = """Testing inbound SMTP mail flow for domain 'anna@contoso.com'.
  The Microsoft Connectivity Analyzer failed to test inbound SMTP mail flow.
  Additional Details
  Elapsed Time: 21634 ms.
  Test Steps
  Attempting to retrieve DNS MX records for domain 'contoso.com'.
    One or more MX records were successfully retrieved from DNS.
  Testing TCP port 25 on host mail.contoso.com to ensure it's listening and open.
    The specified port is either blocked, not listening, or not producing the expected response.
    Additional Details
    A network error occurred while communicating with the remote host.
    Elapsed Time: 21091 ms."""
REFUSED = """Testing TCP port 25 on host mail.contoso.com to ensure it's listening and open.
The port was opened successfully.
Attempting to send a test email message to anna@contoso.com using MX mail.contoso.com.
Delivery of the test email message failed.
Additional Details
The server returned status code 550 - Mailbox unavailable. The server response was: 5.7.54 SMTP; Unable to relay recipient
Elapsed Time: 91 ms."""


@pytest.mark.parametrize("text", [REPORT, "\n".join(line.strip() for line in REPORT.split("\n"))])
def test_a_blocked_port(text: str) -> None:
    port, name = one(text, PortTest), one(text, DnsAnswer)
    assert (port.succeeded, port.port, port.host, port.source.line) == (False, 25, "mail.contoso.com", 9)
    assert (name.name, name.ok) == ("contoso.com", True)
    assert one(text, CommandError).text.startswith("The specified port is either blocked")


def test_the_reply_in_the_details() -> None:
    reply = one(REFUSED, Reply)
    assert (reply.enhanced, reply.failing, reply.source.line) == ("5.7.54", True, 6)
    assert one(REFUSED, PortTest).succeeded
    assert not facts(REFUSED, CommandError)


def test_a_report_without_failure_is_healthy() -> None:
    text = REFUSED.partition("\nAttempting")[0] + "\nElapsed Time: 9 ms."
    (artefact,) = artefacts(text)
    assert artefact.kind == "connectivity-analyzer"
    assert [type(fact) for fact in artefact.facts] == [PortTest]


def test_records_that_do_not_resolve() -> None:
    text = "Attempting to retrieve DNS MX records for domain 'contoso.com'.\nThe MX records couldn't be retrieved from DNS."
    assert (one(text, DnsAnswer).ok, one(text, DnsAnswer).name) == (False, "contoso.com")


@pytest.mark.parametrize(
    "text",
    [
        "The IP Address 203.0.113.9 doesn't have a PTR record in DNS.",
        "* IP 203.0.113.9 was found on the bl.example block list. Status code: 127.0.0.3",
        '"No MX records found in DNS for SMTP domain contoso.com"',
        "Open relay test message delivered successfully to admin@fabrikam.com",
        "Expected service banner was not received when connecting.",
    ],
)
def test_a_sentence_that_names_a_fault_stands_alone(text: str) -> None:
    assert one(text, CommandError).text == text


def test_the_name_of_the_analyzer_is_no_healthy_report() -> None:
    assert not artefacts("The Remote Connectivity Analyzer is what I would try next.")


@given(damaged(f"{REPORT}\n{REFUSED}"))
def test_damage_never_raises(text: str) -> None:
    artefacts(text)


@pytest.mark.parametrize("text", [*CHATTER, "the test steps failed on my bike"])
def test_chatter_is_none(text: str) -> None:
    assert not [each for each in artefacts(text) if each.kind == "connectivity-analyzer"]
