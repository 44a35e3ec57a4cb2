"""Whatever the Hybrid Configuration Wizard says when it stops is answered, by the cause that the table names for it."""

from __future__ import annotations

import pytest

from diagnostics import diagnose, explain
from diagnostics.codes import Row, tables

ROWS = tables.rows("wizard")
# The rest of a message, where its words alone aren't what the wizard writes.
SAID = {
    "is not an Accepted Domain in your": "Coexistence domain contoso.com is not an Accepted Domain in your contoso tenant.",
    "failed to invoke '": "PowerShell failed to invoke 'Set-SendConnector': it is used by another object.",
}


def pasted(row: Row) -> str:
    code = row.code if len(row.code) > len("HCW") else "ERROR:Updating hybrid configuration failed with error"
    return f"{code} {SAID.get(row.text, f'Hybrid domain contoso.com {row.text}'.replace('…', 'EX01'))}."


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.code} {row.text}"[:60])
def test_every_message_is_answered(row: Row) -> None:
    report = diagnose(pasted(row))
    first = report.findings[0]
    assert (report.verdict, first.cause) == ("failure", row.causes[0][0])
    assert first.belief in ("likely", "confirmed")
    assert first.steps


@pytest.mark.parametrize("row", [row for row in ROWS if len(row.code) > len("HCW")], ids=lambda row: row.code)
def test_every_number_is_explained(row: Row) -> None:
    for asked in (row.code, row.code.lower(), f"`{row.code}`"):
        assert explain(asked).meanings[0].meaning == row.meaning


@pytest.mark.parametrize("row", [row for row in ROWS if len(row.code) > len("HCW")], ids=lambda row: row.code)
def test_a_number_alone_is_enough(row: Row) -> None:
    report = diagnose(f"the wizard ended with {row.code}")
    assert report.verdict in ("failure", "unknown")
    if row.causes[0][0] == "hybrid.hcw.step-failed":
        assert report.findings[0].cause == "hybrid.hcw.step-failed"


@pytest.mark.parametrize(
    ("cmdlet", "mail"),
    [
        ("Set-SendConnector", "Mail flow uses what it writes."),
        ("New-OrganizationRelationship", "Mail does not need what it writes."),
        ("Set-Something", "it is used by another object."),
    ],
)
def test_a_cmdlet_tells_whether_mail_flow_is_concerned(cmdlet: str, mail: str) -> None:
    report = diagnose(f"HCW0000 PowerShell failed to invoke '{cmdlet}': it is used by another object.")
    assert report.findings[0].because.endswith(mail)


@pytest.mark.parametrize(
    "text", ["the wizard says HCW8057 again", "hcw8057", "we get HCW8057 every time", "ERROR: HCW8057"]
)
def test_a_person_reports_a_number(text: str) -> None:
    assert diagnose(text).findings[0].because.startswith("HCW8057, ")


def test_a_number_that_no_table_has() -> None:
    report = diagnose("HCW8999 - Something else went wrong.")
    assert report.findings[0].cause == "hybrid.hcw.step-failed"
    assert "log" in report.next[0].ask


@pytest.mark.parametrize(
    "text",
    [
        "what does HCW8078 mean?",
        "did anybody run the Hybrid Configuration Wizard lately?",
        "the wizard is done and mail passes in both directions",
        "according to the docs HCW8057 is about Autodiscover",
        "I remember HCW8057 from the last migration, it took us days",
        "HCW8078 means that the migration endpoint could not be made, mail is not touched",
        "We have a runbook for HCW8010 and HCW8011",
        "last time we got HCW8064",
        "fixed: HCW8091 is gone since WinRM runs",
        "see https://learn.microsoft.com/en-us/exchange/troubleshoot/hcw8010-default-receive-connector-not-found",
        "the migration endpoint could not be created last week, that is solved",
        "HCW0000 carries the error of a cmdlet",
    ],
)
def test_talk_is_left_alone(text: str) -> None:
    assert diagnose(text).verdict == "nothing"
