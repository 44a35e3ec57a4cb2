"""What Exchange's token states where no cause stands behind it: a note instead of guesses."""

import pytest

from diagnostics import diagnose

ENTRY = """Timestamp       : 18/11/2026 08:12:44
Source          : {source}
EventId         : {event}
Recipients      : {{ben@contoso.com}}
RecipientStatus : {{{status}}}
Sender          : anna@contoso.com
"""


@pytest.mark.parametrize(
    ("source", "event", "status", "verdict"),
    [
        ("ADMIN", "FAIL", "550 4.3.2 QUEUE.Admin; message deleted by administrative action", "unknown"),
        (
            "ROUTING",
            "FAIL",
            "250 2.1.5 RESOLVER.GRP.BlockedMessage; messages of this type are not delivered to groups",
            "healthy",
        ),
        (
            "ROUTING",
            "FAIL",
            "550 5.2.4 RESOLVER.GRP.DDLQuery; the dynamic distribution list has a misconfigured query",
            "unknown",
        ),
    ],
)
def test_the_token_is_said_and_nothing_is_guessed(source, event, status, verdict):
    report = diagnose(ENTRY.format(source=source, event=event, status=status))
    token = status.split()[2].strip(";")
    assert report.verdict == verdict
    assert report.findings == ()
    assert report.next == ()
    assert [note.text.partition(":")[0] for note in report.notes] == [f"`{token}`"]


def test_a_token_with_causes_is_left_to_them():
    report = diagnose(
        ENTRY.format(source="ROUTING", event="FAIL", status="550 5.1.1 RESOLVER.ADR.RecipNotFound; not found")
    )
    assert report.findings
    assert not [note for note in report.notes if "RecipNotFound" in note.text]
