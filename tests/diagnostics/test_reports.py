"""The reports that likeness is learned from: in form, and free of strangers' addresses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from diagnostics.cause import catalogue

_FILES = sorted((Path(__file__).parent / "reports").glob("*.jsonl"))
_LONGEST = 1_500
_ADDRESS = re.compile(r"[\w.+-]+@((?:[\w-]+\.)+[a-z]{2,})", re.IGNORECASE)
# Names that stand for any, and the services that a report is about.
_NOBODY = (
    r"(?:.*\.)?(?:contoso|fabrikam|tailspintoys|example|domain|mydomain|relay|noreply)(?:\.[a-z.]{2,})?"
    r"|.*\.(?:example|local(?:domain)?)"
)
_SERVICES = (
    r"(?:.*\.)?(?:gmail|googlemail|google|googlegroups|hotmail|outlook|live|yahoo|aol|gmx|t-online|yandex|qq|163|free|proton|vivaldi"
    r"|amazon|github|office365|microsoft|port25|icloud|me|web|orange|mail|zoho|comcast|sf|pec)\.[a-z.]{2,}"
)
_KNOWN = re.compile(f"{_NOBODY}|{_SERVICES}")


def _reports(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        yield number, json.loads(line)


def test_no_report_stands_twice() -> None:
    told = [report["text"] for path in _FILES for _, report in _reports(path)]
    assert len(set(told)) == len(told) > 1_000


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_reports_have_their_form(path: Path) -> None:
    for number, report in _reports(path):
        assert report.keys() == {"text", "causes", "sure"}, number
        assert 1 <= len(set(report["causes"])) == len(report["causes"]) <= 3, number
        assert set(report["causes"]) <= catalogue().keys(), f"{number}: no such cause"
        assert 0 <= report["sure"] <= 100, number
        assert 0 < len(report["text"].strip()) <= _LONGEST, number


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_reports_name_nobody(path: Path) -> None:
    for number, report in _reports(path):
        hosts = {found.lower() for found in _ADDRESS.findall(report["text"])}
        assert not {host for host in hosts if not _KNOWN.fullmatch(host)}, number
