"""A planted wrong report is counted as wrong, in each way that it can be wrong."""

from __future__ import annotations

from typing import Any

import pytest

from diagnostics import Report
from tests.evaluation.samples import Followup, Harmless, Incident, sample
from tests.evaluation.scoring import Outcome, outcome_of, scored

RIGHT, OTHER = "tls.certificate.private-key-permission", "network.port25.outbound-blocked"


def _report(*findings: tuple[str, str], verdict: str = "failure", **more: Any) -> Report:
    suspects = [
        {"cause": cause, "title": "t", "belief": belief, "because": "b", "act": "on-prem"} for belief, cause in findings
    ]
    return Report.model_validate({"verdict": verdict, "findings": suspects, **more})


def _incident(**more: Any) -> Incident:
    return Incident.model_validate({"id": "x", "input": "text", "accept": [RIGHT], "act": "on-prem", **more})


def _outcome(report: Report, later: Report | None = None, **more: Any) -> Outcome:
    return outcome_of(_incident(**more), lambda texts: later if later and len(texts) > 1 else report)


def test_a_right_report_is_right() -> None:
    found = _outcome(_report(("confirmed", RIGHT)), must_mention=["private-key"], must_not=["remove-mailbox"])
    assert (found.first, found.three, found.act, found.mentions, found.harm) == (True, True, True, (True,), ())
    assert (found.separates, found.settled, found.lost) == (None, None, False)


def test_a_wrong_first_finding_is_wrong_and_named_among_the_misses() -> None:
    tally = scored([_incident(kind="ndr")], lambda texts: _report(("confirmed", OTHER), ("possible", RIGHT)))
    for name in ("all", "kind ndr", "family tls", "determinable yes"):
        assert (tally.slices[name].first.right, tally.slices[name].three.right) == (0, 1)
    assert (tally.beliefs["confirmed"].right, tally.beliefs["confirmed"].total) == (0, 1)
    assert (tally.beliefs["possible"].right, tally.beliefs["possible"].total) == (1, 1)
    assert "possible" not in tally.leading
    assert f"x: {RIGHT} expected, confirmed {OTHER}, possible {RIGHT} found" in tally.misses
    assert f"x: {OTHER} is confirmed, but wrong" in tally.misses


def test_the_fourth_is_not_among_three_and_nothing_is_not_right() -> None:
    three = [("possible", f"{OTHER}{n}") for n in range(3)]
    assert not _outcome(_report(*three, ("possible", RIGHT))).three
    nothing = _outcome(_report(verdict="nothing"))
    assert (nothing.first, nothing.three, nothing.act) == (False, False, None)


@pytest.mark.parametrize(
    ("separates", "right"), [([RIGHT, OTHER], True), ([RIGHT], False), ([OTHER, f"{OTHER}2"], False), ([], False)]
)
def test_a_question_separates_a_right_cause_from_another(separates: list[str], right: bool) -> None:
    report = _report(("possible", RIGHT), ("possible", OTHER), next=[{"ask": "a", "separates": separates}])
    assert _outcome(report, determinable="narrowed").separates is right


def test_what_is_confirmed_needs_no_question() -> None:
    assert _outcome(_report(("confirmed", RIGHT)), determinable="narrowed").separates is None
    assert _outcome(_report(("confirmed", OTHER)), determinable="narrowed").separates is False


@pytest.mark.parametrize(
    ("later", "right"),
    [
        (_report(("likely", RIGHT)), True),
        (_report(("possible", RIGHT)), False),
        (_report(("likely", OTHER), ("likely", RIGHT)), False),
        (_report(verdict="healthy"), False),
    ],
)
def test_after_the_followup_the_cause_must_be_first_and_likely(later: Report, right: bool) -> None:
    followups = [{"text": "more", "settles": True}]
    assert _outcome(_report(("possible", OTHER)), later, followups=followups).settled is right


def test_only_followups_up_to_the_one_that_settles_count() -> None:
    texts = (("a", False), ("b", True), ("c", True))
    incident = _incident(followups=[Followup(text=text, settles=settles) for text, settles in texts])
    assert incident.until_settled() == ("a", "b")
    assert _incident(followups=[Followup(text="a", settles=False)]).until_settled() == ()


def test_a_right_cause_that_is_ruled_out_is_lost() -> None:
    assert _outcome(_report(("likely", OTHER), ruled_out=[{"cause": RIGHT, "because": "b"}])).lost


def test_the_wrong_one_to_act_harm_and_silence_on_what_must_be_said() -> None:
    report = _report(("likely", RIGHT), summary="Remove-Mailbox")
    found = _outcome(report, act="dns", must_mention=["access list"], must_not=["remove-mailbox"])
    assert (found.act, found.mentions, found.harm) == (False, (False,), ("remove-mailbox",))
    misses = scored([found.incident], lambda texts: report).misses
    assert misses == ["x: dns has to act", "x: does not say access list", "x: HARM: remove-mailbox"]


def test_near_duplicates_count_once() -> None:
    twice = [_incident(id="a", group="g"), _incident(id="b", group="g"), _incident(id="c")]
    tally = scored(twice, lambda texts: _report(("likely", RIGHT)))
    assert tally.slices["all"].incidents == pytest.approx(2)
    assert tally.slices["all"].first.right == pytest.approx(2)


def test_harmless_text_that_is_blamed_is_counted_by_what_it_is() -> None:
    silent, healthy = (Harmless(id=name, input="i", expected=name) for name in ("silent", "healthy"))
    tally = scored([silent, healthy], lambda texts: _report(verdict="healthy"))
    assert {name: (ratio.right, ratio.total) for name, ratio in tally.harmless.items()} == {
        "silent": (0, 1),
        "healthy": (1, 1),
    }
    assert tally.misses == ["silent: silent expected, healthy found"]


def test_a_line_is_read_as_what_it_is() -> None:
    assert isinstance(sample({"id": "n", "input": "i", "expected": "silent"}), Harmless)
    assert isinstance(sample({"id": "n", "input": "i", "accept": [RIGHT], "quality": "verbatim"}), Incident)
