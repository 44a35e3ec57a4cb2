"""What the commands carry of a paste: the value that was meant, and not another one that looks like it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from diagnostics import diagnose
from tests.casefile import Case

_CASES: Final = Path(__file__).parent.parent / "cases"


@pytest.mark.parametrize(
    ("case", "command"),
    [
        (
            "connector/no-matching-connector-tracking-row",
            "-AddressSpaces 'fabrikam.com'",
        ),  # and no part of the message's id
        ("transport-service/component-inactive-whole-server", "-Component 'ServerWideOffline' -State Active"),
        ("quota-throttle/mailbox-sender-full-tracked", "Get-MailboxStatistics 'mia@contoso.com'"),
        (  # the control is another server than the one that is tested
            "network/port25-outbound-blocked-control-failed",
            "'gmail-smtp-in.l.google.com', 'hotmail-com.olc.protection.outlook.com'",
        ),
        ("dns/legacy-eop-target-mx-alone", "Resolve-DnsName 'fabrikam.com' -Type MX"),
    ],
)
def test_what_a_command_carries(case: str, command: str) -> None:
    pastes, _ = Case.read(_CASES / f"{case}.md").steps()[0]
    steps = diagnose(pastes[0]).findings[0].steps
    assert any(command in each.command for each in steps)


@pytest.mark.parametrize(
    ("case", "command"),
    [
        ("network/not-port25-outbound-blocked-submission", "Test-NetConnection 'ex02.contoso.com' -Port 587 | "),
        ("network/port25-outbound-blocked", "-Port 25"),
    ],
)
def test_what_a_question_carries(case: str, command: str) -> None:
    pastes, _ = Case.read(_CASES / f"{case}.md").steps()[0]
    assert any(command in each.command for each in diagnose(pastes[0]).next)
