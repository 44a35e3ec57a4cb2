"""What the outside relies on: the report's shape, and that a diagnosis never raises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics import Report, diagnose, explain
from diagnostics.checks.model import CheckReport
from diagnostics.values import Value

_DOCS = Path(__file__).parent.parent / "docs"
_SCHEMAS: dict[str, type[Value]] = {"report.schema.json": Report, "check-report.schema.json": CheckReport}


@pytest.mark.parametrize("name", _SCHEMAS)
def test_the_committed_schema_is_the_models(name: str) -> None:
    """Write it anew with: python -m tests.test_contract"""
    assert json.loads((_DOCS / name).read_text()) == _SCHEMAS[name].model_json_schema()


_ANY = st.text(alphabet=st.characters(), max_size=400)
_PIECES = st.lists(
    st.one_of(
        _ANY,
        st.sampled_from(
            [
                "550 4.4.7 QUEUE.Expired",
                "2026-11-18T08:12:44.018Z,Outbound,08DE2A6B91C0F4A2,0,,52.101.73.12:25,*,,",
                "[{LED=451 4.4.0",
                "};{MSG=};{FQDN=x};{IP=1.2.3.4};{LRT=}]",
                "Thumbprint : ",
                "Reporting-MTA: dns;x",
                "Event ID: 36870",
                "Final-Recipient: rfc822;a@b",
                "Remote Server returned '",
                "#Fields: ",
                ",*,,TLS negotiation failed with error NoCredentials",
            ]
        ),
    ),
    max_size=12,
).map("\n".join)


@given(_PIECES, st.lists(_PIECES, max_size=2))
@settings(max_examples=150, deadline=None)
def test_any_text_gets_a_report(text: str, followups: list[str]) -> None:
    report = diagnose(text, followups=followups)
    assert Report.model_validate_json(report.model_dump_json()) == report
    pastes = [text, *followups]
    for finding in report.findings:
        for evidence in finding.evidence:
            lines = pastes[evidence.paste].replace("\r\n", "\n").replace("\r", "\n").split("\n")
            assert 1 <= evidence.line <= len(lines)


@given(_ANY)
@settings(max_examples=150, deadline=None)
def test_any_text_can_be_asked_about(text: str) -> None:
    assert explain(text).query is not None


if __name__ == "__main__":
    for name, model in _SCHEMAS.items():
        (_DOCS / name).write_text(json.dumps(model.model_json_schema(), indent=2) + "\n")
