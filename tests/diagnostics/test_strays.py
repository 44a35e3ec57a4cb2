"""Words of a known failure outside of every artefact: they point, they never prove, and talk is left alone."""

from __future__ import annotations

import pytest

from diagnostics import diagnose
from diagnostics.signatures import telling

_PORT_BLOCKING = "12.02.2018 23:41:07 Blocked by port blocking rule C:\\Exchange\\Bin\\EdgeTransport.exe"


def test_another_products_log_line_points_at_the_cause() -> None:
    report = diagnose(f"since the new policy nothing leaves\n\n{_PORT_BLOCKING}")
    assert report.findings[0].cause == "network.middlebox.antivirus-port-blocking"
    assert report.findings[0].evidence[0].line == 3


def test_it_never_proves() -> None:
    text = "it says MapiExceptionMaxObjsExceeded somewhere in that dialogue"
    report = diagnose(text)
    first, *others = report.findings
    assert (first.cause, first.belief) == ("quota-throttle.folder.item-limit", "likely")
    assert all(each.belief == "possible" for each in others)


def test_words_wrapped_over_two_lines_are_read_together() -> None:
    report = diagnose("the log has There is not enough space\non the disk, what now?")
    assert report.findings[0].cause == "transport-service.temp-drive.full"
    assert report.artefacts[0].lines == (1, 2)


@pytest.mark.parametrize(
    "word", ["5.7.64", "mailbox full", "NoCredentials", "Greylist", "RESOLVER.ADR.RecipNotFound", "x"]
)
def test_what_people_say_themselves_is_not_telling(word: str) -> None:
    assert not telling(word)
