"""Connectivity and message tracking logs."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics.logs.answer import answer, find
from diagnostics.logs.model import LogKind

_MX = "contoso-com.mail.protection.outlook.com"
CONNECTIVITY = f"""#Software: Microsoft Exchange Server
#Log-Type: Transport Connectivity Log
#Fields: date-time,session,source,Destination,direction,description
2026-11-18T08:20:02.300Z,08DE2A6B91C0F5B1,SMTP,fabrikam.com,+,DnsConnectorDelivery 8f3a2b10-6d0f;QueueLength=4
2026-11-18T08:20:02.365Z,08DE2A6B91C0F5B1,SMTP,fabrikam.com,>,DNS server returned ErrorRetry reported by 192.0.2.53
2026-11-18T08:20:02.365Z,08DE2A6B91C0F5B1,SMTP,fabrikam.com,-,Messages: 0 Bytes: 0 (Failed: DNS query failed)
2026-11-18T08:21:10.000Z,08DE2A6B91C0F5C8,SMTP,{_MX},+,SmartHost
2026-11-18T08:21:10.014Z,08DE2A6B91C0F5C8,SMTP,{_MX},>,Failed connection to 52.101.73.12:25 (TimedOut:0000274C)
2026-11-18T08:21:31.040Z,08DE2A6B91C0F5C8,SMTP,{_MX},>,Established connection to 52.101.73.13:25
2026-11-18T08:21:33.040Z,08DE2A6B91C0F5C8,SMTP,{_MX},-,Messages: 3 Bytes: 81920
2026-11-18T09:21:10.000Z,08DE2A6B91C0F5D9,SMTP,tailspintoys.com,+,DnsConnectorDelivery
2026-11-18T09:21:31.014Z,08DE2A6B91C0F5D9,SMTP,tailspintoys.com,>,Failed connection to 203.0.113.9:25 (TimedOut:0000274C)
2026-11-18T09:21:31.040Z,08DE2A6B91C0F5D9,SMTP,tailspintoys.com,-,Messages: 0 Bytes: 0 (Attempting next target)
"""


def _tracked(at: str, pair: str, id_: str, status: str = "") -> str:
    return (
        f"{at},192.0.2.20,EX01,198.51.100.25,mx1.fabrikam.com,08DE;,Internet,{pair},4828,<{id_}@contoso.com>,{id_},"
        f"bob@fabrikam.com,{status},18233,1,,,Quote,anna@contoso.com,anna@contoso.com,,Originating"
    )


_COLUMNS = (
    "date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,connector-id,source,event-id,"
    "internal-message-id,message-id,network-message-id,recipient-address,recipient-status,total-bytes,recipient-count,"
    "related-recipient-address,reference,message-subject,sender-address,return-path,message-info,directionality"
)
TRACKING = "\n".join(
    [
        "#Log-type: Message Tracking Log",
        f"#Fields: {_COLUMNS}",
        _tracked("2026-11-18T08:30:55.617Z", "SMTP,HAREDIRECTFAIL", "2d0b"),
        _tracked("2026-11-18T08:30:56.000Z", "SMTP,RECEIVE", "2d0b"),
        _tracked("2026-11-18T08:30:57.102Z", "SMTP,SENDEXTERNAL", "2d0b", "250 2.6.0 Queued"),
        _tracked("2026-11-18T09:30:57.102Z", "SMTP,FAIL", "2d0c", '"550 5.7.1 Service unavailable, blocked"'),
        "",
    ]
)


def _kind(text: str, tmp_path: Path) -> tuple[LogKind, list[tuple[str, int]], set[str]]:
    path = tmp_path / "transport.log"
    path.write_text(text)
    report = answer(find([str(path)]))
    assert report.log is not None
    assert report.log.bad == 0
    (kind,) = report.log.kinds
    return kind, [(each.error, each.sessions) for each in report.log.failures], {each.cause for each in report.findings}


def test_connectivity(tmp_path: Path) -> None:
    kind, failures, causes = _kind(CONNECTIVITY, tmp_path)
    assert (kind.kind, kind.sessions, kind.failed, kind.messages) == ("connectivity-log", 3, 2, 3)
    assert sorted(failures) == [
        ("DNS server returned ErrorRetry reported by *", 1),
        ("Failed connection to *:25 (TimedOut:*)", 1),
    ]
    assert [hour.name for hour in kind.hours] == ["2026-11-18T08", "2026-11-18T09"]
    assert causes


def test_tracking_counts_what_decides_a_message(tmp_path: Path) -> None:
    kind, failures, causes = _kind(TRACKING, tmp_path)
    assert (kind.kind, kind.sessions, kind.failed, kind.messages) == ("tracking-log", 2, 1, 1)
    assert failures == [("FAIL: 550 5.7.1 Service unavailable, blocked", 1)]
    assert [remote.name for remote in kind.remotes] == ["mx1.fabrikam.com"]
    assert causes


def test_connectivity_says_the_same_in_any_order_of_columns(tmp_path: Path) -> None:
    """The usual order is read without taking each row apart; every other one by its names."""
    head, *rows = CONNECTIVITY.split("\n")[2:-1]
    moved = [",".join([*row.split(",", 5)[1:5], row.split(",", 5)[0], row.split(",", 5)[5]]) for row in rows]
    order = "#Fields: session,source,destination,direction,date-time,description"
    other = "\n".join([*CONNECTIVITY.split("\n")[:2], order, *moved, ""])
    (tmp_path / "other").mkdir()
    assert head.startswith("#Fields")
    assert _kind(CONNECTIVITY, tmp_path)[:2] == _kind(other, tmp_path / "other")[:2]


@pytest.mark.parametrize(
    "said",
    [
        "Connection to 192.0.2.1:25 TIMED OUT",
        "The session was Rejected by the remote server",
        "SMTP answered 450 later",
        'retry, "then" again',
        "DNS server returned ServerFailure reported by 192.0.2.53",
    ],
)
def test_trouble_is_seen_in_whatever_words(said: str, tmp_path: Path) -> None:
    quoted = '"' + said.replace('"', '""') + '"'
    text = CONNECTIVITY.split("\n")
    row = f"2026-11-18T08:20:02.365Z,08DE2A6B91C0F5B9,SMTP,fabrikam.com,>,{quoted if ',' in said else said}"
    kind, failures, _ = _kind("\n".join([*text[:3], row, ""]), tmp_path)
    assert (kind.sessions, kind.failed, len(failures)) == (1, 1, 1)
