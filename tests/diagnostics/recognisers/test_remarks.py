"""Where a reply ends that somebody quotes in a line of their own."""

from __future__ import annotations

import pytest

from diagnostics.recognisers.remarks import spoken


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('550 5.1.1 User unknown". The list is up to date.', "550 5.1.1 User unknown"),
        (
            "554 5.7.1 You are not allowed to connect. My address is on no list.",
            "554 5.7.1 You are not allowed to connect.",
        ),
        ("550 5.7.1 Denied; helo=<mx.fabrikam.com>. It may be a list.", "550 5.7.1 Denied; helo=<mx.fabrikam.com>"),
        ("550 No (in reply to end of DATA command), so spam", "550 No (in reply to end of DATA command)"),
        ("550 5.7.1 Abgelehnt. Ich habe nichts geändert.", "550 5.7.1 Abgelehnt."),
        ("550 5.7.1 Refusé. Pourquoi ?", "550 5.7.1 Refusé."),
        ('550 5.1.1 or "user unknown", a few "mailbox full"', "550 5.1.1"),
        ("452 and 421 in turns, mailbox full now and then", "452"),
    ],
)
def test_a_remark_is_no_word_of_the_server(text: str, said: str) -> None:
    assert spoken(text) == said


@pytest.mark.parametrize(
    "text",
    [
        '451 4.4.0 Primary target IP address responded with: "451 5.7.3 Must issue STARTTLS." Attempted failover to another.',
        "550 5.7.1 Our system has detected that this message is likely unsolicited mail. We take no mail like that.",
        'unknown user: "anna@contoso.com"',
        "421 4.7.0 Try again later. Please contact your provider.",
        "550 5.7.1 Message rejected. Our policy does not allow what it holds.",
        "550 5.7.1 Abgelehnt. Wir nehmen solche Nachrichten nicht an.",
        "550 5.2.1 Mailbox unavailable. Disabled recipient.",
        "554",
    ],
)
def test_what_a_server_says_stays_whole(text: str) -> None:
    assert spoken(text) == text
