"""Replies pasted bare: read where somebody pasted a failure, and silence where people only talk."""

# ruff: noqa: E501  pasted lines stay whole, as people paste them

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics import diagnose
from diagnostics.facts import ConnectFailed, ConnectionDropped, Fact, Reply, TlsFailed
from diagnostics.recognisers import recognise
from diagnostics.text import Paste
from tests.diagnostics.recognisers.reading import one


def facts(text: str) -> list[Fact]:
    return [fact for each in recognise(Paste.of(text)) for fact in each.facts]


def replies(text: str) -> list[Reply]:
    return [fact for fact in facts(text) if isinstance(fact, Reply)]


PASTED = [
    ("4.4.7 QUEUE.Expired", 0, "4.4.7"),
    ("421 4.2.1 Unable to connect", 421, "4.2.1"),
    ("421.4.4.2 unable to connect", 421, "4.4.2"),
    ("421 4.4 2 connection dropped due to socket error", 421, "4.4.2"),
    (
        "our queue says 451 4.4.0 DNS query failed. The error was: SMTPSEND.DNS.NonExistentDomain",
        451,
        "4.4.0",
    ),
    (
        '451 4.4.0 Primary target IP address responded with: "421 4.2.1 Unable to connect." Attempted failover',
        421,
        "4.2.1",
    ),
    (
        "«451 4.4.0 Primary Target IP address responded 421 4.2.1 unable to connect. Attempted failover»",
        421,
        "4.2.1",
    ),
    (
        "550 5.7.64 TenantAttribution; Relay Access Denied [AM6.eop-eur05.prod.protection.outlook.com]",
        550,
        "5.7.64",
    ),
    ("users are getting 550 5.7.1 when sending to gmail", 550, "5.7.1"),
    ("everybody there gets a bounce with a 5.1.1 error code.", 0, "5.1.1"),
    ("When we write to them (some may be contacts), we receive an NDR with status code 5.4.6", 0, "5.4.6"),
    ("Die Mail kommt zurück mit dem Fehlercode 4.4.7.", 0, "4.4.7"),
    ("since today every mail fails with 550 5.7.708 Service unavailable", 550, "5.7.708"),
    ("the scanner shows: 5.7.57 Client not authenticated to send mail", 0, "5.7.57"),
    ("550 5.4.1", 550, "5.4.1"),
    ("550 Rejected by header based Anti-Spoofing policy", 550, ""),
    ("RESOLVER.ADR.RecipNotFound; not found", 0, "5.0.0"),
    ("mails bounce with RESOLVER.RST.AuthRequired", 0, "5.0.0"),
    ("DNS query failed with error ErrorRetry", 0, "4.0.0"),
    ("550 5.7.501: アクセスが拒否されました", 550, "5.7.501"),
    ("Fehler: 550 5.7.705 Zugriff verweigert", 550, "5.7.705"),
    ("S: 501 5.5.4 Invalid domain name", 501, "5.5.4"),
    (
        "550 5.0.350 Remote server returned an error -> 550 5.7.606 Access denied, banned sending IP",
        550,
        "5.7.606",
    ),
    ("What does this mean? 550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", 550, "5.7.54"),
]


@pytest.mark.parametrize(("text", "code", "enhanced"), PASTED, ids=[text[:40] for text, _, _ in PASTED])
def test_a_pasted_reply(text: str, code: int, enhanced: str) -> None:
    (reply,) = replies(text)
    assert (reply.code, reply.enhanced, reply.failing) == (code, enhanced, True)


CHATTER = [
    "too many 421 issues today, and 550 of them are about parking",
    "we pay 5.12 per mailbox now, 4.5.2 is the new invoice layout",
    "does anyone have the slide with 5.1.10 vs 5.4.1 side by side?",
    "what does 5.7.64 mean?",
    "what does 550 5.7.64 mean?",
    "what is 4.4.7 QUEUE.Expired?",
    "can somebody explain 550 5.7.1?",
    "is there a doc for 5.7.708?",
    "550 5.1.1 means that the recipient does not exist",
    "5.7.1 usually indicates that a policy rejected the mail",
    "a 550 5.7.1 typically means relay denied, see the wiki",
    "remember the 451 4.4.0 DNS outage? good times",
    "the 550 5.7.1 runbook is in the wiki",
    "Related issues: `#553 <https://git.contoso.com/mail/issues/553>`__.",
    "see [#554](https://git.contoso.com/mail/issues/554)",
    "Exchange 2019 CU14 is 15.2.1544.4, the June SU makes it 15.2.1544.11",
    "server runs 15.1.2507 and the other 15.2.1118",
    "OpenSSL 3.0.5 failed to build, upgrading to 5.4.2 unavailable",
    "kernel 5.4.0 connection tracking is too slow",
    "203.0.113.25 -> 10.0.4.21 tcp/25 refused by rule 421",
    "10.5.7.1 is the new relay, 5.7.1.20 was denied",
    "ticket INC-550571 closed, CHG-5.7.1 approved",
    "call me on 421 555 1234 if the service is unavailable",
    "offer: 550 users, 421 seats, EUR 4.50 per mailbox",
    "550 mailboxes moved, 3 failed",
    "454 messages in the queue, all from the newsletter",
    "452 users can't log in to Teams",
    "room 421 is not available on Friday",
    "the invoice over 550 EUR was rejected",
    "meeting 4.5.2027 at 10:00, room 5.3.1",
    "on 4.12.23 we had a similar discussion",
    "250 2.6.0 <a8@fabrikam.com> Queued mail for delivery",
    "250 2.1.5 Recipient OK",
    "220 mail.contoso.com Microsoft ESMTP MAIL Service ready",
    "HTTP 503 Service Unavailable from the intranet",
    "the web shop gives 500 errors again",
    "Section 5.7.1 of the policy says that access is restricted to staff",
    "step 4.2.1 failed in the migration plan",
    "I merged PR 550, build 5.1.3 is green",
    "queue.expired is the name of the event we fire in our app",
    "the RESOLVER.ADR.RecipNotFound page of the manual is nice",
    "why did the admin break up with the smtp server? 421 ... connection closed",
    "top codes last month: 5.1.1 (421), 5.7.1 (88), 4.4.7 (12)",
    "you may get a 5.7.1 error code then",
    "can we get a list of all mails with error code 5.7.1?",
    "the article for error code 5.1.10 is good, see DSN code 5.1.0 too",
    "reject the message with the status code '5.7.1'",
    "we received build 5.4.6 and the code is fine",
    "we used to get 550 5.7.1 Unable to relay, was fixed long ago",
    "RFC 5321 4.2.1 defines reply code severities, authentication is elsewhere",
    "our mailing list for the team event is team@contoso.com",
    "we forward port 25 on the firewall, any objections?",
    "the new gateway 203.0.113.9 is our barracuda, fyi",
    "I restarted MSExchangeTransport yesterday, all good",
    "does somebody know AS(7555)?",
    "SFV:SKB is documented on the vendor's site",
    "policy: please don't send attachments, they will be refused",
    "MSExchangeTransport 15004 usually means disk",
    "queue EX01\\14 was suspended last week for the migration and is fine",
    "clock change on sunday, remember",
    "good morning",
    "",
    "host:587\nAuthentication required: yes",
]


@pytest.mark.parametrize("text", CHATTER)
def test_talk_is_no_failure(text: str) -> None:
    assert recognise(Paste.of(text)) == []


def test_a_reply_of_several_lines_is_one() -> None:
    text = (
        "host gmail-smtp-in.l.google.com[2001:db8::1b] said: 550-5.7.25\n"
        "    [2001:db8::1] The IP address sending this message does not\n"
        "    550-5.7.25 have a PTR record setup. Please visit\n"
        "    550 5.7.25 the manual (in reply to end of DATA command)\n"
        "\nworked for months"
    )
    (artefact,) = recognise(Paste.of(text))
    (reply,) = replies(text)
    assert (artefact.first, artefact.last) == (1, 4)
    assert (reply.code, reply.enhanced, reply.by, reply.ip) == (
        550,
        "5.7.25",
        "gmail-smtp-in.l.google.com",
        "2001:db8::1b",
    )
    assert "does not have a PTR record setup. Please visit the manual" in reply.text


def test_a_reply_wrapped_by_a_mail_client_is_joined_and_the_talk_after_it_is_not() -> None:
    text = (
        '451 4.4.0 Primary target IP address responded with: "421 4.2.1 Unable to\nconnect." Attempted failover to alternate '
        "host, but that did not succeed.\n\nany idea?"
    )
    (reply,) = replies(text)
    assert reply.text == "421 4.2.1 Unable to connect."
    assert "any idea" not in reply.whole
    (short,) = replies("452 4.3.1 Insufficient system resources\nany idea?")
    assert short.text == "452 4.3.1 Insufficient system resources"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            'By hand the gateway of the bank gives us "451\nThis sender is unknown here, greylisted until 10:15" and hangs up',
            "451 This sender is unknown here, greylisted until 10:15",
        ),
        (
            "host mx1.fabrikam.com [192.0.2.25]: 550 5.7.1\nMail of contoso.com is refused,\nby its own DMARC policy",
            "550 5.7.1 Mail of contoso.com is refused, by its own DMARC policy",
        ),
        ("mx1.fabrikam.com[192.0.2.25] said: 550\nNo such mailbox is known here", "550 No such mailbox is known here"),
        ("Diagnostic-Code: smtp; 550 5.1.1\nUser unknown in the table", "550 5.1.1 User unknown in the table"),
        (
            "Error 550 5.4.1\nRecipient address rejected: Access denied.",
            "550 5.4.1 Recipient address rejected: Access denied.",
        ),
        ("Fehler 554 5.7.1\nRelay access denied", "554 5.7.1 Relay access denied"),
        ("mx1.fabrikam.com said: 550 5.7.1\nWe have set a new SPF record since, and it is denied still", "550 5.7.1"),
        ("what they say is 550 5.7.1:\nMessage refused by DMARC", "550 5.7.1: Message refused by DMARC"),
        ("since noon we see 550 5.7.1\nSPF record is missing the new address", "550 5.7.1"),
        ("Error 550 5.7.1\nReceiving server: mx1.fabrikam.com refused", "550 5.7.1"),
        ("mx1.fabrikam.com said: 550 5.7.1\n\nThe sender is rejected", "550 5.7.1"),
    ],
)
def test_numbers_at_the_end_of_a_line_go_on_in_the_words_below_unless_a_person_speaks(text: str, said: str) -> None:
    assert [each.text for each in replies(text)] == [said]


def test_a_quotation_that_began_above_ends_a_reply() -> None:
    text = 'Google says: "Address not found\nThe remote server response is: 550 5.1.1 User Unknown"\n'
    goes_on = "does not happen with our other groups, those are not rejected"
    assert [each.text for each in replies(text + goes_on)] == ["550 5.1.1 User Unknown"]


def test_what_the_words_state_is_told_as_facts() -> None:
    stated = facts("we see TLS negotiation failed with error UnknownCredentials in the log")
    assert [fact.error for fact in stated if isinstance(fact, TlsFailed)] == ["UnknownCredentials"]
    (failed,) = [
        fact
        for fact in facts(
            "451 4.4.397 Error communicating with target host. -> 421 4.2.1 Unable to connect -> SocketTimedout: Socket error code 10060"
        )
        if isinstance(fact, ConnectFailed)
    ]
    assert (failed.kind, failed.winsock) == ("timeout", 10060)
    (dropped,) = [f for f in facts("421 4.4.2 Verbindung getrennt: SocketError") if isinstance(f, ConnectionDropped)]
    assert dropped.reason == "SocketError"


def test_the_same_reply_many_times_is_told_once() -> None:
    assert len(replies("550 5.1.1 User unknown\n" * 500)) == 1
    text = "\n".join(f"550 5.1.1 <u{number}@contoso.com> User unknown" for number in range(5000))
    assert 1 < len(replies(text)) <= 100


def test_quotes_are_the_lines_as_typed() -> None:
    text = "hi all\n\u201c550 5.7.1 Unable to relay\u201d"
    (reply,) = replies(text)
    assert (reply.source.line, reply.source.quote) == (2, "\u201c550 5.7.1 Unable to relay\u201d")
    assert reply.text == "550 5.7.1 Unable to relay"


@given(st.text(alphabet="450. 5#-<>[](){}'\"=:;\nRESOLVER.ADR said rejectd", max_size=300))
@settings(max_examples=150)
def test_any_text_is_read_without_error(text: str) -> None:
    for artefact in recognise(Paste.of(text)):
        assert 1 <= artefact.first <= artefact.last <= text.count("\n") + 1


@given(
    st.integers(400, 599),
    st.integers(0, 7),
    st.integers(0, 999),
    st.sampled_from(["", "> ", "    ", "error: "]),
)
@settings(max_examples=60)
def test_any_number_with_reply_wording_is_read_exactly(code: int, subject: int, detail: int, prefix: str) -> None:
    enhanced = f"{code // 100}.{subject}.{detail}"
    (reply,) = replies(f"{prefix}{code} {enhanced} Message rejected by policy")
    assert (reply.code, reply.enhanced) == (code, enhanced)


def test_a_whole_report_of_talk_says_nothing() -> None:
    report = diagnose("\n\n".join(text for text in CHATTER if "2.6.0" not in text))
    assert json.loads(report.model_dump_json())["verdict"] == "nothing"


def test_a_reply_of_several_lines_without_an_enhanced_code() -> None:
    text = "554-mx1.fabrikam.com\n554-Your access to this mail system has been rejected due to the sending MTA's poor reputation.\n"
    found = one(
        text + "554 If you believe that this failure is in error, please contact the intended recipient.", Reply
    )
    assert (found.code, found.source.line) == (554, 2)
    assert "poor reputation" in found.whole
    assert "contact the intended recipient" in found.whole


def test_mark_up_ends_a_reply_that_has_words_in_it() -> None:
    said = one("they answer `554 5.4.14 Hop count exceeded` and both use the same spam filter", Reply)
    assert said.whole == "554 5.4.14 Hop count exceeded"
    assert "Unable to relay" in one("we see `550 5.7.54` Unable to relay since noon", Reply).whole


@pytest.mark.parametrize("escape", ["", "\\"])
def test_a_reply_in_a_field_of_json_ends_with_the_field(escape: str) -> None:
    quote = f'{escape}"'
    fields = {"status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
    text = ",".join(f"{quote}{name}{quote}:{quote}{value}{quote}" for name, value in fields.items())
    (reply,) = (
        fact
        for each in recognise(Paste.of(f"{{{text}}},{quote}source{quote}:{quote}anna@contoso.com{quote}}}"))
        for fact in each.facts
        if isinstance(fact, Reply)
    )
    assert (reply.text, reply.recipient) == ("550 5.1.1 user unknown", "")
