"""The Hybrid Configuration Wizard's log and messages."""

from __future__ import annotations

import pytest
from hypothesis import given

from diagnostics.mail_facts import CommandError
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts, one

FAILED = (
    "2026.11.18 07:02:13.504 *ERROR* 10224 [Client=UX, Page=HybridConfigure, Workflow=Hybrid, Task=MailFlow, Phase=Configure, "
    "Cmdlet=Set-InboundConnector, Thread=18] HCW8078 - Migration Endpoint could not be created."
)
STARTED = (
    "2026.11.18 07:01:40.017 10276 [Client=UX, Session=Tenant, Cmdlet=Set-InboundConnector] START Set-InboundConnector"
)
PREREQUISITE = """ERROR:Updating hybrid configuration failed with error 'Subtask CheckPrereqs execution failed: Mail Flow

The Secure Mail Certificate on server EX01 is not bound to the SMTP Service at Hybrid.MailFlowTask.CheckCertPrereqs
   at Microsoft.Exchange.Management.Hybrid.Engine.Execute(ILogger logger)"""


def test_an_error_among_the_rows() -> None:
    error = one(f"{STARTED}\n{FAILED}\n{STARTED}", CommandError)
    assert (error.code, error.cmdlet, error.source.line) == ("HCW8078", "Set-InboundConnector", 2)
    assert error.text == "HCW8078 - Migration Endpoint could not be created."


def test_rows_without_an_error_are_healthy() -> None:
    (artefact,) = artefacts(STARTED)
    assert (artefact.kind, artefact.facts) == ("hybrid-wizard", ())


def test_an_error_over_several_lines_and_a_blank_one() -> None:
    error = one(PREREQUISITE, CommandError)
    assert "is not bound to the SMTP Service" in error.text
    assert "ILogger" not in error.text
    assert artefacts(PREREQUISITE)[0].last == 4


def test_the_wizards_last_page() -> None:
    text = """The Wizard did not complete successfully. Please see the list below for error details.
Sending Mailbox Server 'EX10' isn't running Exchange 2013"""
    assert one(text, CommandError).text.endswith("isn't running Exchange 2013")


def test_a_numbered_message_alone() -> None:
    assert one("HCW8039 The hybrid Send connector must only contain one address space", CommandError).code == "HCW8039"


@given(damaged(f"{STARTED}\n{FAILED}\n{PREREQUISITE}"))
def test_damage_never_raises(text: str) -> None:
    artefacts(text)


@pytest.mark.parametrize("text", [*CHATTER, "what does HCW8078 mean?"])
def test_chatter_is_none(text: str) -> None:
    assert not facts(text, CommandError)
