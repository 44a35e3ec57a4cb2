"""What a text reads like orders what is possible, and no more."""

from __future__ import annotations

import pytest

from diagnostics import Report, diagnose
from diagnostics.book import Book
from diagnostics.cause import Belief, Finding, catalogue
from diagnostics.facts import Said, Session, Source
from diagnostics.reporting import report_of
from diagnostics.resemblance import Compared
from diagnostics.text import Paste
from diagnostics.verdict import Verdict

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
    assert [each.evidence[0].line for each in report.findings] == [2] * len(report.findings) != []


@pytest.mark.parametrize("text", ["", "thanks, all good", "lunch at noon?", "4711", "Die Folien liegen im Wiki."])
def test_small_talk_reads_like_nothing(text: str) -> None:
    assert diagnose(text).findings == ()


def test_what_people_say_against_a_cause_outweighs_how_alike_it_is() -> None:
    told = diagnose(f"{UNABLE}\n\ntelnet to port 25 works from the server")
    order = [each.cause for each in told.findings]
    assert order[0].startswith("tls.certificate.")
    assert "network.port25.outbound-blocked" not in order[:4]


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


@pytest.mark.parametrize(
    ("cause", "belief", "left"),
    [
        ("content-size.message.org-or-connector-limit", Belief.LIKELY, Belief.POSSIBLE),
        ("content-size.message.org-or-connector-limit", Belief.CONFIRMED, Belief.CONFIRMED),
        ("quota-throttle.remote.greylisting", Belief.LIKELY, Belief.LIKELY),
        ("recipient.unknown.remote", Belief.LIKELY, Belief.LIKELY),  # its texts share words with this one
        ("transport-service.maintenance.expected-restart", Belief.LIKELY, Belief.LIKELY),  # its words are not counted
    ],
)
def test_what_is_likely_is_doubted_where_the_text_reads_like_something_else_altogether(
    cause: str, belief: Belief, left: Belief
) -> None:
    said = Said(source=Source(1, GREYLISTED), signature="", text=GREYLISTED, kind="bare")
    verdict = Verdict(catalogue()[cause], Finding(belief, "", weight=1.2), frozenset(), said)
    [found] = Compared.of([Paste.of(GREYLISTED)]).doubting([verdict])
    assert found.finding.belief is left


def test_what_a_session_shows_is_not_doubted_for_words() -> None:
    size = catalogue()["content-size.message.org-or-connector-limit"]
    session = Session(source=Source(1, ""), direction="send")
    [found] = Compared.of([Paste.of(GREYLISTED)]).doubting(
        [Verdict(size, Finding(Belief.LIKELY, ""), frozenset(), session)]
    )
    assert found.finding.belief is Belief.LIKELY


def test_of_a_long_paste_the_beginning_and_the_end_are_compared() -> None:
    middle = ["nothing of interest in this line"] * 20_000
    for place in (0, len(middle)):
        text = "\n".join([*middle[:place], GREYLISTED, *middle[place:]])
        assert max(Compared.of([Paste.of(text)]).alike.values()) > 0.1
