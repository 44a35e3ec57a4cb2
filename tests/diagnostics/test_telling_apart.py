"""What rules a rival out without a word of its own: a line that has its cause, and the words of a look-alike."""

from __future__ import annotations

import pytest

from diagnostics import Report, diagnose

NUMBER = "451 4.7.5"
MTA_STS = (
    "Reason: [{LED=451 4.7.5 Remote certificate failed MTA-STS validation. Reason: UntrustedRoot};{MSG=};"
    "{FQDN=mx1.fabrikam.com};{IP=198.51.100.25};{LRT=11/18/2026 8:12:44 AM}]"
)
GENERIC = "certificate.remote.subject-mismatch"  # nothing but the number ever spoke for it


def ruled_out(report: Report) -> dict[str, str]:
    return {each.cause: each.because for each in report.ruled_out}


def test_the_whole_text_rules_out_what_the_number_left_open() -> None:
    first = diagnose(NUMBER)
    assert GENERIC in {each.cause for each in first.findings}
    report = diagnose(NUMBER, followups=[MTA_STS])
    assert report.findings[0].belief == "confirmed"
    assert "`451 4.7.5` comes from something else here" in ruled_out(report)[GENERIC]
    assert any(line.startswith("Ruled out: ") and "comes from something else here" in line for line in report.changed)


def test_a_text_that_is_plain_from_the_start_has_no_rivals_to_name() -> None:
    assert GENERIC not in ruled_out(diagnose(MTA_STS))
    assert GENERIC not in ruled_out(diagnose(f"{NUMBER}\n{MTA_STS}"))


def test_another_number_stays_open() -> None:
    report = diagnose("550 5.7.54", followups=[MTA_STS])
    assert not any("`550 5.7.54`" in because for because in ruled_out(report).values())


@pytest.mark.parametrize("number", ["451 4.7.50", "5.4.7.5", "14.7.5"])
def test_a_number_is_met_as_a_whole(number: str) -> None:
    report = diagnose(number, followups=[MTA_STS])
    assert not any(f"`{number}` comes from" in because for because in ruled_out(report).values())


def test_a_circumstance_stays_beside_what_it_led_to() -> None:
    restricted = "550 5.1.8 Access denied, bad outbound sender AS(42004)"
    alone, later = diagnose(restricted), diagnose("550 5.1.8", followups=[restricted])
    beside = {each.cause for each in alone.notes if each.cause}
    assert beside
    assert beside <= {each.cause for each in later.notes}


def test_the_words_of_a_look_alike_rule_out_and_are_quoted() -> None:
    because = ruled_out(diagnose(MTA_STS))["tls.dane.certificate-host-mismatch"]
    assert because.startswith("`failed MTA-STS validation` is the check of an MTA-STS policy")


def test_what_is_likely_by_itself_outweighs_the_words_of_a_look_alike() -> None:
    both = "550 5.7.511 Access denied, banned sender[203.0.113.10]. To request removal forward this message. AS(1410)\n"
    both += "550 5.7.513 Service unavailable, Client host [203.0.113.10] blocked using Customer Block list. AS16012607"
    report = diagnose(both)
    assert {"reputation.ip.microsoft-banned", "reputation.ip.customer-block-list"} <= {e.cause for e in report.findings}
    assert "reputation.ip.microsoft-banned" not in ruled_out(report)
