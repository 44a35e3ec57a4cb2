"""Errors that PowerShell prints for a cmdlet."""

from __future__ import annotations

import pytest
from hypothesis import given

from diagnostics.mail_facts import CommandError
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts, one

TAGGED = """[PS] C:\\>Remove-ExchangeCertificate -Thumbprint 3C0FFEE1A2B3C4D5E6F708192A3B4C5D6E7F8091
A special Rpc error occurs on server EX01: These certificates are tagged with following Send Connectors : Outbound to
Office 365. Removing and replacing certificates from Send Connector would break the mail flow.
    + CategoryInfo          : InvalidOperation: (:) [Remove-ExchangeCertificate], LocalizedException
    + FullyQualifiedErrorId : [Server=EX01,RequestId=1] [FailureCategory=Cmdlet-LocalizedException] 1,Microsoft.Exchange
    + PSComputerName        : ex01.corp.contoso.com"""
NAMED = """Set-SendConnector : The given certificate is not enabled for SMTP protocol. Only certificate enabled for SMTP
protocol can be set on Send connectors.
At line:1 char:1
+ Set-SendConnector "x" -TlsCertificateName $n
+ ~~~~~
    + CategoryInfo          : InvalidArgument: (x:SendConnectorIdParameter) [Set-SendConnector], ArgumentException
    + FullyQualifiedErrorId : [Server=EX02,RequestId=1] 7F,Microsoft.Exchange.SetSendConnector"""
RECORD = """The operation couldn't be performed because object 'x' couldn't be found on 'DC01.corp.contoso.com'.
    + CategoryInfo          : NotSpecified: (:) [Get-Mailbox], ManagementObjectNotFoundException"""


def test_an_error_of_the_exchange_shell() -> None:
    error = one(TAGGED, CommandError)
    assert (error.cmdlet, error.host, error.source.line) == ("Remove-ExchangeCertificate", "ex01", 2)
    assert error.text.startswith("A special Rpc error occurs on server EX01: These certificates are tagged")
    assert error.text.endswith("would break the mail flow.")
    assert artefacts(TAGGED)[0].last == 6


def test_the_sentence_alone() -> None:
    error = one(
        "A special Rpc error occurs on server EX01: These certificates are tagged with following Send Connectors : Out.",
        CommandError,
    )
    assert (error.cmdlet, error.host) == ("", "ex01")


def test_an_error_that_names_its_cmdlet() -> None:
    error = one(NAMED, CommandError)
    assert (error.cmdlet, error.host) == ("Set-SendConnector", "ex02")
    assert error.text.endswith("protocol can be set on Send connectors.")
    assert "line:1" not in error.text


def test_only_the_record_tells_an_error() -> None:
    error = one(RECORD, CommandError)
    assert (error.cmdlet, error.text.split("'")[0]) == ("Get-Mailbox", "The operation couldn")


def test_two_errors_are_two() -> None:
    assert [each.cmdlet for each in facts(f"{NAMED}\n\n{RECORD}", CommandError)] == ["Set-SendConnector", "Get-Mailbox"]


@given(damaged(f"{TAGGED}\n{NAMED}\n{RECORD}"))
def test_damage_never_raises(text: str) -> None:
    artefacts(text)


@pytest.mark.parametrize("text", [*CHATTER, "Set-Mailbox : that is the cmdlet you want", "Test-drive : my new car"])
def test_chatter_is_none(text: str) -> None:
    assert not facts(text, CommandError)
