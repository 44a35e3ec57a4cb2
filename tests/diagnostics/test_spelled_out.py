"""What ConvertTo-Json and Export-Csv print is read as what Format-List prints."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics import diagnose
from diagnostics.spelled_out import spelled_out
from diagnostics.text import Paste

_QUEUES = [
    {
        "Identity": "EX01\\4471",
        "DeliveryType": "SmartHostConnectorDelivery",
        "Status": "Retry",
        "MessageCount": 143,
        "NextHopDomain": "smarthost.fabrikam.com",
        "LastError": '451 4.4.0 Primary target IP address responded with: "421 4.4.1 Connection timed out." Attempted failover.',
    },
    {
        "Identity": "EX01\\Submission",
        "DeliveryType": "Undefined",
        "Status": "Ready",
        "MessageCount": 0,
        "NextHopDomain": "Submission",
        "LastError": None,
    },
]
_CERTIFICATES = [
    {
        "Thumbprint": "A1B2C3D4E5F60718293A4B5C6D7E8F9012345678",
        "Subject": "CN=mail.contoso.com",
        "Services": "SMTP",
        "Status": "DateInvalid",
        "HasPrivateKey": True,
    }
]
_CONNECTORS = [
    {
        "Identity": {"Name": "Outbound to Office 365", "ObjectGuid": "11111111-2222-3333-4444-555555555555"},
        "Name": "Outbound to Office 365",
        "AddressSpaces": ["smtp:contoso.mail.onmicrosoft.com;1"],
        "SmartHosts": [],
        "RequireTLS": True,
        "CloudServicesMailEnabled": False,
        "Enabled": True,
    }
]


def _listed(objects: list[dict[str, Any]]) -> str:
    def shown(value: Any) -> str:
        if isinstance(value, list):
            return "{" + ", ".join(value) + "}"
        return "" if value is None or isinstance(value, dict) else str(value)

    return "\n\n".join("\n".join(f"{name:20} : {shown(value)}" for name, value in each.items()) for each in objects)


def _as_csv(objects: list[dict[str, Any]], separator: str) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(objects[0]), delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(objects)
    return text.getvalue()


def _told(text: str) -> tuple[Any, ...]:
    """What is read; braces and commas are no words that a text could be like others in."""
    report = diagnose(text)
    beliefs = tuple((each.belief, each.cause) for each in report.findings if not each.alike)
    return report.verdict, beliefs, [(each.kind, each.facts) for each in report.artefacts]


@pytest.mark.parametrize("objects", [_QUEUES, _CERTIFICATES, _CONNECTORS])
@pytest.mark.parametrize("indent", [1, 4])
def test_json_is_read_as_a_list(objects: list[dict[str, Any]], indent: int) -> None:
    text = json.dumps(objects, indent=indent)
    assert _told(text) == _told(text.replace('": ', '":  ')) == _told(_listed(objects))
    assert _told(text)[2]


@pytest.mark.parametrize("objects", [_QUEUES, _CERTIFICATES])
@pytest.mark.parametrize("separator", [",", ";"])
def test_csv_is_read_as_a_list(objects: list[dict[str, Any]], separator: str) -> None:
    assert _told(_as_csv(objects, separator)) == _told(_listed(objects))


def test_other_json_and_csv_stay_what_they_are() -> None:
    for text in (
        json.dumps(
            {"organization-name": "Contoso", "policy-type": "sts", "result-type": "validation-failure"}, indent=1
        ),
        '"Received","SenderAddress","RecipientAddress","Status"\n"1","a@contoso.com","b@fabrikam.com","Failed"',
        'He said "no" and left.\n"Identity" is what it is called.',
    ):
        assert spelled_out(text.split("\n")) == text.split("\n")


@given(
    st.lists(
        st.sampled_from(
            [
                '"Name": "x",',
                '"Tags": [',
                '"a",',
                "],",
                "{",
                "}",
                "",
                "text",
                '"Deep": {',
                '"Identity","Name","Port"',
                '"1","2","3"',
            ]
        )
    )
)
def test_lines_keep_their_numbers(lines: list[str]) -> None:
    assert len(Paste.of("\n".join(lines)).lines) == max(len(lines), 1)
