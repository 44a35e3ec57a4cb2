"""Codes that only software writes: found wherever they stand, and only where the tables know them."""

from __future__ import annotations

import pytest

from diagnostics import diagnose
from diagnostics.codes import of_event, technical


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("probe says 0x800B0109", "CERT_E_UNTRUSTEDROOT"),
        ("returned -2146893019 at 10:02", "SEC_E_UNTRUSTED_ROOT"),
        ("the call gave SEC_E_NO_CREDENTIALS", "SEC_E_NO_CREDENTIALS"),
    ],
)
def test_a_result_by_number_or_name(text: str, name: str) -> None:
    assert [row.name for row in technical(text)] == [name]


@pytest.mark.parametrize("text", ["0x80131500", "build 8009 of 2026", "SEC_TEAM_LUNCH", "0x80070005 on update"])
def test_what_no_table_knows_is_no_code(text: str) -> None:
    assert technical(text) == ()


def test_an_event_belongs_to_its_source() -> None:
    assert of_event("Schannel", 36874)
    assert of_event("MSExchangeTransport", 1035)
    assert not of_event("Some Backup Agent", 1035)


def test_a_code_makes_possible_and_never_more() -> None:
    report = diagnose("STARTTLS probe of the mail server: chain build returned CERT_E_UNTRUSTEDROOT")
    assert report.findings
    assert {each.belief for each in report.findings} == {"possible"}


def test_a_code_that_is_explained_is_no_failure() -> None:
    assert diagnose("SEC_E_NO_CREDENTIALS means that the mail server found no key").verdict == "nothing"
