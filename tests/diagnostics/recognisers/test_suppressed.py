"""Words of sending services about an address that they don't send to: read where they are stated."""

from __future__ import annotations

import pytest

from diagnostics.mail_facts import Configured
from diagnostics.recognisers import recognise
from diagnostics.recognisers.suppressed import FREE, KIND
from diagnostics.text import Paste


def _read(text: str) -> list[tuple[str, str]]:
    facts = (fact for each in recognise(Paste.of(text)) for fact in each.facts)
    return [(fact.kind, fact.name) for fact in facts if isinstance(fact, Configured) and fact.kind in (KIND, FREE)]


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ('"bounceSubType": "OnAccountSuppressionList"', "Amazon SES"),
        ("SendGrid: dropped, Bounced Address", "SendGrid"),
        ('"reason": "suppress-bounce"', "Mailgun"),
        ("InactiveRecipientsError: Found inactive addresses", "Postmark"),
        ('"error":"preblocked"', "Mailjet"),
        ("blocked : due to blacklist user", "Brevo"),
        ('"reject_reason":"hard-bounce"', "Mandrill"),
        ("Her address is on their suppression list.", ""),
        ("Ihre Adresse steht auf der Sperrliste von Mailjet.", ""),
    ],
)
def test_what_is_stated(text: str, service: str) -> None:
    assert _read(text) == [(KIND, service)]


def test_a_list_that_was_asked_and_has_it_not() -> None:
    text = (
        "An error occurred (NotFoundException) when calling the GetSuppressedDestination operation: it does not exist"
    )
    assert _read(text) == [(FREE, "")]


@pytest.mark.parametrize(
    "text",
    [
        "Her address is not on the suppression list.",
        "Is her address on the suppression list?",
        "We took the address off; it was removed from the suppression list.",
        "If an address is on the suppression list, SES drops the message.",
        "How do I put somebody on the suppression list?",
        "The alert was suppressed for an hour.",
        '{"event":"bounce","reason":"550 5.1.1 user unknown"}',
    ],
)
def test_what_is_none(text: str) -> None:
    assert _read(text) == []
