"""What a text reads like orders what is possible, and no more."""

from __future__ import annotations

import pytest

from diagnostics import Report, diagnose
from diagnostics.book import Book
from diagnostics.cause import catalogue
from diagnostics.reporting import report_of
from diagnostics.resemblance import Compared
from diagnostics.resemblance.table import TALK
from diagnostics.text import Paste
from tests.learning import texts

UNREADABLE = "the box says: sorry, we do greylisting here, recipient address rejected, come back in some minutes"
UNABLE = '451 4.4.0 Primary target IP address responded with: "421 4.2.1 Unable to connect."'


def by_rules(text: str) -> Report:
    return report_of([text], Book.of(catalogue().values()))


def test_a_text_that_no_reader_knows_gets_suspects_and_stays_nothing() -> None:
    alone, report = by_rules(UNREADABLE), diagnose(UNREADABLE)
    assert (alone.verdict, alone.findings) == ("nothing", ())
    assert report.verdict == "nothing"  # so a channel hears nothing
    assert report.findings[0].cause == "quota-throttle.remote.greylisting"
    assert {each.belief for each in report.findings} == {"possible"}
    assert report.findings[0].evidence[0].quote == UNREADABLE
    assert report.next


def test_of_equal_lines_the_first_is_quoted() -> None:
    report = diagnose("\n".join(["our log:", *[UNREADABLE] * 5]))
    lines = {each.evidence[0].line for each in report.findings}
    assert lines
    assert lines <= {2, 3}  # the word before the first of them is another one


@pytest.mark.parametrize("text", ["", "thanks, all good", "lunch at noon?", "4711", "Die Folien liegen im Wiki."])
def test_small_talk_reads_like_nothing(text: str) -> None:
    assert diagnose(text).findings == ()


def test_what_people_say_against_a_cause_outweighs_how_alike_it_is() -> None:
    told = diagnose(f"{UNABLE}\n\ntelnet to port 25 works from the server")
    order = [each.cause for each in told.findings]
    assert order[0].startswith("tls.certificate.")
    assert "network.port25.outbound-blocked" not in order[:3]


def test_a_failure_of_unknown_cause_stays_that_and_says_what_it_reads_like() -> None:
    text = (
        "Event ID: 9999 Source: MSExchangeTransport Level: Error"
        "\nA transport agent failed in a new way, categorizer deferred the message"
    )
    alone, report = by_rules(text), diagnose(text)
    assert (alone.verdict, alone.findings) == ("unknown", ())
    assert report.verdict == "unknown"
    assert report.findings[0].cause == "transport-service.agent.failed"


def test_a_confirmed_cause_stands_alone() -> None:
    text = "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP"
    assert diagnose(text).findings == by_rules(text).findings


def test_a_success_stays_healthy() -> None:
    text = "Name : to Office 365\nEnabled : True\nRequireTLS : True\nSmartHosts : {contoso-com.mail.protection.outlook.com}"
    assert diagnose(text) == by_rules(text)


GREYLISTED = (
    "450 4.7.1 <bob@fabrikam.com>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/"
)


def test_of_a_long_paste_the_beginning_and_the_end_are_compared() -> None:
    middle = ["nothing of interest in this line"] * 20_000
    for place in (0, len(middle)):
        text = "\n".join([*middle[:place], GREYLISTED, *middle[place:]])
        assert max(Compared.of([Paste.of(text)]).alike.values()) > 0.1


def test_what_a_rule_made_possible_stays_among_what_the_text_reads_like() -> None:
    report, alone = diagnose(UNABLE), by_rules(UNABLE)
    named = {each.cause for each in report.findings}
    assert {each.cause for each in alone.findings} <= named | {each.cause for each in report.ruled_out}
    assert [each for each in report.findings if each.alike]


def test_beside_what_is_likely_stands_what_the_text_reads_like() -> None:
    report = diagnose("421 4.7.0 Too many concurrent SMTP sessions from 203.0.113.9, slow down")
    first, *others = report.findings
    assert first.belief == "likely"
    assert others
    assert {each.belief for each in others} == {"possible"}
    assert any("of such reports had this cause" in each.because for each in others)


@pytest.mark.parametrize(
    "text",
    [
        "thanks, the new certificate is on both servers and mail works fine",
        "Who is on call next week? I would like to swap",
        "Le nouveau connecteur est en place, tout fonctionne.",
    ],
)
def test_talk_about_mail_is_no_suspect(text: str) -> None:
    assert diagnose(text).findings == ()
    alike = Compared.of([Paste.of(text)]).alike
    assert max(alike, key=alike.__getitem__) == TALK


@pytest.mark.parametrize(
    "text",
    [
        'The new unit test expects "550 5.1.1 user unknown" from the parser, all 12 tests passed.',
        'Training on Friday: the slides explain what "550 5.1.1 user unknown" means; the wiki has more of it.',
        'Can somebody translate "452 4.3.1 Insufficient system resources" for the handbook? Thanks!',
    ],
)
def test_an_error_that_is_only_quoted_in_talk_is_no_report(text: str) -> None:
    assert diagnose(text).verdict == "nothing"
    assert by_rules(text).verdict != "nothing"


@pytest.mark.parametrize(
    "text",
    [
        'We get "550 5.1.1 user unknown" since this morning when we write to our partner.',
        "Mails to fabrikam.com bounce: 550 5.7.1 Unable to relay",
        "452 4.3.1 Insufficient system resources",
    ],
)
def test_an_error_that_somebody_reports_is_answered(text: str) -> None:
    assert diagnose(text).verdict == "failure"


def test_a_case_is_not_taken_for_talk_because_of_what_is_said_later() -> None:
    report = report_of(['We get "550 5.1.1 user unknown" from one partner.', "thanks, I will look at it after lunch"])
    assert report.verdict == "failure"


def test_of_harmless_messages_hardly_one_is_answered_in_a_channel() -> None:
    talk = [each.text for each in texts() if each.cause == TALK]
    loud = [text for text in talk if diagnose(text).verdict not in ("nothing", "healthy")]
    assert len(loud) < len(talk) / 100 > 4


def test_a_long_report_with_greetings_is_no_talk() -> None:
    told = (
        "Hi all, hope you are well. External senders see that nobody hired since September exists, older staff get "
        "everything. New hires can write, and they are in the address book. Two Edge servers stand in the DMZ, the certificate "
        "on the hub was exchanged on the 28th, and the bounces name edge1 and edge2 alone. Thanks in advance, Kim"
    )
    assert diagnose(told).findings
