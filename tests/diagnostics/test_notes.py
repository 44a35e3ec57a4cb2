"""What is said beside the cause of the way that a message took."""

from __future__ import annotations

from typing import Final

import pytest

from diagnostics import diagnose

_WAY: Final = """Received: from mx1.adatum.com (192.0.2.25) by edge.fabrikam.com (198.51.100.7) with Microsoft SMTP Server
 (version=TLS1_2) id 15.2.1748.10; Thu, 12 Nov 2026 {edge} +0000
Received: from relay.adatum.com (192.0.2.24) by mx1.adatum.com (Postfix) with ESMTPS id 4Xab1;
 Thu, 12 Nov 2026 {relayed} +0100
Received: from app.adatum.com (192.0.2.23) by relay.adatum.com (Postfix) with ESMTPS id 4Xab0;
 Thu, 12 Nov 2026 {first} +0100
"""


@pytest.mark.parametrize(
    ("first", "relayed", "edge", "said"),
    [
        (
            "09:00:00",
            "09:00:02",
            "08:35:00",
            "35 minutes lie between the time stamps of mx1.adatum.com and edge.fabrikam.com",
        ),
        ("09:00:00", "10:00:02", "08:00:05", "mx1.adatum.com wrote a time that is 60 minutes ahead"),
        (
            "09:00:00",
            "08:10:00",
            "07:10:04",
            "mx1.adatum.com wrote a time that is 50 minutes before that of relay.adatum.com",
        ),
        ("09:00:00", "09:00:50", "08:01:30", ""),
    ],
)
def test_a_hop_that_took_long_and_a_wrong_clock_are_told(first: str, relayed: str, edge: str, said: str) -> None:
    notes = diagnose(_WAY.format(first=first, relayed=relayed, edge=edge)).notes
    assert [each.text[: len(said)] for each in notes] == ([said] if said else [])
