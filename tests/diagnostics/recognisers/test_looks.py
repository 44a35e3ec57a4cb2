"""What looks print that are no settings: counts, an address, rows that a search found; and what is told beside them."""

from __future__ import annotations

from typing import Any

import pytest

from diagnostics.facts import Session
from diagnostics.looked_facts import ClientAddress, Counted, OwnName, PublicAddress, Unseen
from diagnostics.mail_facts import Configured
from diagnostics.recognisers import recognise
from diagnostics.text import Paste

COUNT = '"$($_.Name): $($_.RecipientDomains.Count)"'


def _told(text: str, kind: type[Any], index: int = 0) -> list[Any]:
    return [fact for each in recognise(Paste.of(text, index)) for fact in each.facts if isinstance(fact, kind)]


@pytest.mark.parametrize(
    ("text", "index", "expected"),
    [
        (
            f"PS C:\\> Get-OutboundConnector | ForEach-Object {{ {COUNT} }}\nHome: 3\nPartners: 1266\nPS C:\\>",
            0,
            [("Home", "RecipientDomains", 3), ("Partners", "RecipientDomains", 1266)],
        ),
        ("(Get-ReceiveConnector 'EX1\\Relay').RemoteIPRanges.Count\n1201", 0, [("EX1\\Relay", "RemoteIPRanges", 1201)]),
        ("here you are\nEX1\\Relay: 12\nEX1\\Default EX1: 2", 1, [("EX1\\Relay", "", 12), ("EX1\\Default EX1", "", 2)]),
        ("here you are\nEX1\\Relay: 12\nEX1\\Default EX1: 2", 0, []),  # nobody asked
        ("Enabled           : 0\nDisabledByDefault : 1", 1, []),  # properties
    ],
)
def test_counts(text: str, index: int, expected: list[tuple[str, str, int]]) -> None:
    assert [(each.name, each.what, each.count) for each in _told(text, Counted, index)] == expected


@pytest.mark.parametrize(
    ("text", "index", "ip"),
    [
        ("203.0.113.7", 1, "203.0.113.7"),
        ("root@relay:~# curl https://ifconfig.me/ip\n203.0.113.7root@relay:~#", 0, "203.0.113.7"),
        ("our new public IP is 203.0.113.7", 1, "203.0.113.7"),
        ("203.0.113.7", 0, ""),  # alone it says nothing
        ("10.0.0.7", 1, ""),
        ("the old public IP was 203.0.113.7", 1, ""),
    ],
)
def test_public_address(text: str, index: int, ip: str) -> None:
    assert [each.ip for each in _told(text, PublicAddress, index)] == ([ip] if ip else [])


@pytest.mark.parametrize(
    ("text", "ip"),
    [
        ("the scanner is 10.1.2.3", "10.1.2.3"),
        ("Drucker 10.1.2.3, Connector für 10.1.2.0/24", "10.1.2.3"),
        ("the printers' host has 10.1.2.0/24", ""),
        ("250-EX1.contoso.com Hello [192.0.2.9]\n250-SIZE 1000\n250-STARTTLS\n250 CHUNKING", "192.0.2.9"),
    ],
)
def test_client_address(text: str, ip: str) -> None:
    assert [each.ip for each in _told(text, ClientAddress)] == ([ip] if ip else [])


def test_that_the_relay_has_no_session() -> None:
    assert _told("There is not a single session of it in the logs of our relay", Unseen, 1)
    assert not _told("The sessions of it are in the logs of our relay", Unseen, 1)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("The new certificate is for mail.contoso.com", "mail.contoso.com"),
        ("Zertifikat getauscht, neuer Name post.contoso.com", "post.contoso.com"),
        ("The certificate expires soon, new server is mail.contoso.com", ""),
    ],
)
def test_name_of_a_new_certificate(text: str, name: str) -> None:
    assert [each.name for each in _told(text, OwnName, 1)] == ([name] if name else [])


def test_rows_that_a_search_found() -> None:
    found = "D:\\Logs\\RECV2026010108-1.LOG:{}:2026-01-01T08:00:00.01{}Z,EX1\\Relay,08DE2B04F2A7713B,{},10.0.0.1:25,"
    found += "10.0.0.9:5012,{}"
    rows = ("+,,", "*,SMTPSubmit SMTPAcceptAnySender,Set Session Permissions", "<,EHLO app,")
    text = "\n".join(found.format(7 + place, place, place, row) for place, row in enumerate(rows))
    session = _told(text, Session)[0]
    assert (session.connector, session.greeting, session.rights) == (
        "EX1\\Relay",
        "app",
        ("SMTPSubmit", "SMTPAcceptAnySender"),
    )


def test_a_squeezed_table() -> None:
    text = "Name ConnectorType TlsDomain SmartHosts RecipientDomains\n---- ------------- --------- ---------- ----------------\n"
    text += "Out to our servers OnPremises mail.contoso.com {mail.contoso.com} {contoso.com, contoso.de}"
    connector = _told(text, Configured)[0]
    assert (connector.name, connector.get("TlsDomain")) == ("Out to our servers", "mail.contoso.com")
    assert connector.items("RecipientDomains") == ("contoso.com", "contoso.de")
