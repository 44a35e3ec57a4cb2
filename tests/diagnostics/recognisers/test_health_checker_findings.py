"""HealthChecker's own errors and warnings, each read with its name; what it prints of a sound server is none."""

from __future__ import annotations

import pytest

from diagnostics.mail_facts import CommandError
from tests.diagnostics.recognisers.reading import artefacts

SOUND = """\
	Server Pending Reboot: False
	TCP/IP Settings: 1800000
	RPC Min Connection Timeout: 0
		More Information: https://aka.ms/HC-RPCSetting
	EdgeTransport.exe.config Present: True
	Open Relay Wild Card Domain: Not Set
	FIP-FS Update Issue Detected: False
	UnifiedContent Auto Cleanup Configured: True
	Exchange Server Maintenance: Server is not in Maintenance Mode
"""


def _told(text: str) -> list[str]:
    return [fact.text for each in artefacts(text) for fact in each.facts if isinstance(fact, CommandError)]


def test_a_sound_server_has_no_finding() -> None:
    assert _told(SOUND) == []


@pytest.mark.parametrize(
    ("lines", "begins"),
    [
        ("\tEdgeTransport.exe.config Present: False --- Error", "EdgeTransport.exe.config Present: False"),
        ("\tIPv6 Enabled: False --- Warning", "IPv6 Enabled: False"),
        ("\tUnifiedContent Auto Cleanup Configured: False", "UnifiedContent Auto Cleanup Configured: False"),
        ("\tDuplicate Overrides: Error! Duplicate Overrides have been detected", "Duplicate Overrides: Error!"),
        (
            "\tTCP/IP Settings: Not Set\n\t\tError: Without this value it is two hours.",
            "TCP/IP Settings: Not Set Error:",
        ),
    ],
)
def test_a_finding_is_told_with_its_name(lines: str, begins: str) -> None:
    sound = SOUND.splitlines()
    kept = [line for line in sound if line.split(":")[0] != lines.split(":", maxsplit=1)[0]]
    told = _told("\n".join([*kept, lines]))
    assert len(told) == 1
    assert told[0].startswith(begins)


def test_the_lines_below_belong_to_the_finding_up_to_the_next_name() -> None:
    text = (
        "\tSend Connector - To M365: Misconfigured to send authenticated internal mail to M365\n"
        "\t\t\tFqdn set: True\n\t\t\tCloudServicesMailEnabled: False\n\t\t\tTLSCertificateName set: True\n"
        "\t\tMore Information: https://aka.ms/HC-ExoConnectorIssue\n\tDisablePreservation: 0"
    )
    (told,) = _told(text)
    assert "CloudServicesMailEnabled: False" in told
    assert "DisablePreservation" not in told
