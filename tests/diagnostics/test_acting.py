"""Who must act: half of all bounces can't be mended by the one who holds them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.casefile import Case, judged

_CASES: Final = Path(__file__).parent.parent / "cases"


@pytest.mark.parametrize(
    ("case", "pastes", "act"),
    [
        ("policy/sender-blocked-against-gateway-anti-spoofing", 1, "recipient-side"),  # the sender holds the report
        ("policy/sender-blocked-against-gateway-anti-spoofing", 2, "on-prem"),  # and here the one who keeps the list
        ("policy/authenticated-senders-only", 3, "exchange-online"),
        ("reputation/not-ip-microsoft-banned", 1, "recipient-side"),
        ("reputation/not-ip-customer-block-list", 1, "sender"),
        ("tls/private-key-missing", 2, "on-prem"),
        ("tls/mta-sts-certificate-invalid", 2, "recipient-side"),
        ("quota-throttle/mailbox-full", 2, "recipient-side"),
        ("quota-throttle/not-mailbox-full", 2, "sender"),
        ("sender-auth/dkim-not-signed-or-key-missing-against-bulk-requirements", 2, "sender"),
        ("certificate/remote-untrusted-root-against-chain-incomplete", 2, "recipient-side"),
        ("certificate/trust-root-missing-local-against-local-chain-broken", 2, "on-prem"),
    ],
)
def test_who_must_act(case: str, pastes: int, act: str) -> None:
    known = Case.read(_CASES / f"{case}.md").steps()[pastes - 1][0]
    assert len(known) == pastes
    assert judged(known).findings[0].act == act
