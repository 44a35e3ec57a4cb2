"""What Exchange 2000 and 2003 say of a delivery that failed."""

from __future__ import annotations

import pytest

from diagnostics.facts import ConnectFailed, Reply
from diagnostics.recognisers import recognise
from diagnostics.text import Paste

_TO = "Message delivery to the host '203.0.113.5' failed while delivering to the remote domain 'fabrikam.com' for the following"


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("The remote server did not respond to a connection attempt.", "timeout"),
        ("The semaphore timeout period has expired.", "timeout"),
        ("No connection could be made because the target machine actively refused it.", "refused"),
    ],
)
def test_no_connection(reason: str, kind: str) -> None:
    (each,) = recognise(Paste.of(f"{_TO} reason: {reason}"))
    (failed,) = (fact for fact in each.facts if isinstance(fact, ConnectFailed))
    assert (failed.kind, failed.ip) == (kind, "203.0.113.5")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"{_TO} reason: The connection was dropped by the remote host.", "4.4.2"),
        ("Additional queue information: Unable to bind to the destination server in DNS.", "5.4.0"),
        (
            "A non-delivery report with a status code of 5.4.4 was generated for recipient rfc822;kim@fabrikam.com.",
            "5.4.4",
        ),
    ],
)
def test_a_reason_with_a_code(text: str, code: str) -> None:
    (each,) = recognise(Paste.of(text))
    assert [fact.enhanced for fact in each.facts if isinstance(fact, Reply)] == [code]


@pytest.mark.parametrize(
    "text",
    [
        "What does it mean when ESM shows Unable to bind to the destination server in DNS?",
        "The event is logged when the remote server did not respond to a connection attempt, for example.",
    ],
)
def test_talk_about_it_is_none(text: str) -> None:
    assert not recognise(Paste.of(text))
