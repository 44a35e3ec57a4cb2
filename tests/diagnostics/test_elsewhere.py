"""A mail server that is none of Microsoft's is asked in its own shell."""

from __future__ import annotations

import pytest

from diagnostics import diagnose
from diagnostics.cause import look
from diagnostics.elsewhere import for_unix

_TIMED_OUT = (
    "Oct 12 07:55:03 gw postfix/smtp[3920]: 1D77A60B41: to=<karin@fabrikam.com>, relay=none, delay=30, delays=0.1/0/30/0, "
    "dsn=4.4.1, status=deferred (connect to mx.fabrikam.com[203.0.113.9]:25: Connection timed out)"
)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Resolve-DnsName {name} -Type MX", "dig +short MX 'fabrikam.com'"),
        (
            "Resolve-DnsName {name} -Type MX -Server 1.1.1.1 | Format-Table Name,Preference",
            "dig +short MX 'fabrikam.com' @1.1.1.1",
        ),
        ("Resolve-DnsName {name} -Type PTR", "dig +short -x 'fabrikam.com'"),
        (
            "Resolve-DnsName {name}; Test-NetConnection {name} -Port 25",
            "dig +short A 'fabrikam.com'; nc -vz -w 10 'fabrikam.com' 25",
        ),
        (
            "{name}, 'smtp.contoso.com' | ForEach-Object {{ Test-NetConnection $_ -Port 25 }} | Format-List RemotePort",
            "nc -vz -w 10 'fabrikam.com' 25; nc -vz -w 10 'smtp.contoso.com' 25",
        ),
    ],
)
def test_a_look_up_or_a_port_is_asked_in_bash(written: str, read: str) -> None:
    step = for_unix(look("See.", written, "powershell", name="fabrikam.com"))
    assert (step.shell, step.command) == ("bash", read)


@pytest.mark.parametrize("written", ["Resolve-DnsName {name}; Get-Service", "Test-NetConnection {name} -TraceRoute"])
def test_what_has_no_other_form_stays(written: str) -> None:
    step = look("See.", written, "powershell", name="fabrikam.com")
    assert for_unix(step) is step


def test_a_name_that_is_no_name_stays_quoted_as_it_was() -> None:
    step = look("See.", "Resolve-DnsName {name} -Type MX", "powershell", name="a'; reboot; '")
    assert for_unix(step) is step


def test_the_log_of_another_system_is_answered_in_its_shell() -> None:
    report = diagnose(_TIMED_OUT)
    looks = [step for step in report.findings[0].steps if "smtp.office365.com" in step.command]
    assert [step.shell for step in looks] == ["bash"]
    assert {each.shell for each in report.next} == {"bash"}


def test_beside_exchange_it_stays_powershell() -> None:
    report = diagnose(f"Our Exchange 2019 sends through this relay:\n{_TIMED_OUT}")
    assert "bash" not in {each.shell for each in report.next if each.command}
