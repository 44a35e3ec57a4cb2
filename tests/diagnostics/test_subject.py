"""What a failure is about, and which two reports are of the same one."""

from __future__ import annotations

import pytest

from diagnostics import Report, diagnose
from diagnostics.subject import signature
from tests.bot.pastes import CURED, FAILING, failing

QUEUE = """Identity : EX01\\41
NextHopDomain : {domain}
Status : Retry
MessageCount : 12
LastError : 454 4.7.5 Certificate validation failure, Reason:CertExpired"""
BOUNCE = """Delivery has failed to these recipients or groups:

{who}
The email address you entered couldn't be found.

Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup'"""
BARE = "550 5.7.64 TenantAttribution; Relay Access Denied"


def test_a_connector_comes_before_a_domain() -> None:
    assert diagnose(FAILING).subject == "connector outbound to office 365"
    assert diagnose(failing(connector="EX01\\To the partner")).subject == "connector to the partner"
    assert diagnose(QUEUE.format(domain="Mail.Fabrikam.com")).subject == "domain mail.fabrikam.com"


def test_the_same_failure_has_the_same_signature_at_another_time() -> None:
    assert signature(diagnose(FAILING)) == signature(diagnose(failing(minute=55))) != ""


def test_what_people_write_around_a_failure_makes_no_other_one_of_it() -> None:
    queue = QUEUE.format(domain="mail.fabrikam.com")
    unsure = queue.replace("454 4.7.5 Certificate validation failure, Reason:CertExpired", "421 4.2.1 Unable to connect")
    told = (
        "our mailbox is full of these, the quota was exceeded",
        "scan to mail does not work, the device cannot relay",
        "the DNS server cannot resolve the name",
    )
    reports = [diagnose(f"{words}\n\n{unsure}") for words in told]
    assert len({tuple(each.cause for each in report.findings) for report in reports}) > 1
    assert {signature(report) for report in reports} == {signature(diagnose(unsure))} != {""}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (FAILING, FAILING.replace("UnknownCredentials", "NoCredentials")),
        (FAILING, failing(connector="To the partner")),
        (QUEUE.format(domain="mail.fabrikam.com"), QUEUE.format(domain="mail.northwind.com")),
        (
            BOUNCE.format(who="kim@fabrikam.com"),
            BOUNCE.format(who="lee@fabrikam.com"),
        ),  # two typing errors, two failures
    ],
)
def test_another_cause_or_subject_is_another_failure(one: str, other: str) -> None:
    assert signature(diagnose(one)) != signature(diagnose(other))


def test_what_cannot_be_known_again_has_no_signature() -> None:
    assert signature(diagnose("550 5.1.1 User unknown")) == ""  # whose mailbox?
    assert signature(diagnose("421 4.2.1 Unable to connect")) == ""  # of several causes, to nowhere
    assert signature(diagnose("good morning")) == ""
    assert signature(diagnose(CURED)) == ""
    assert signature(diagnose(FAILING, followups=[CURED])) == ""


def test_a_likely_cause_of_the_whole_tenant_needs_no_subject() -> None:
    report = diagnose(BARE)
    assert not report.subject
    assert bool(signature(report)) == (report.findings[0].belief != "possible")


def test_everybodys_front_end_is_nobodys_subject() -> None:
    said = "550 5.7.64 TenantAttribution; Relay Access Denied [AM6EUR05FT041.eop-eur05.prod.protection.outlook.com]"
    assert diagnose(said).subject == ""


def test_suspects_are_compared_without_their_order() -> None:
    report = diagnose(QUEUE.format(domain="mail.fabrikam.com"))
    open_ = Report(
        verdict="failure",
        subject=report.subject,
        findings=tuple(each.model_copy(update={"belief": "possible"}) for each in (report.findings * 2)[:2]),
    )
    assert signature(open_) == signature(open_.model_copy(update={"findings": open_.findings[::-1]})) != ""
