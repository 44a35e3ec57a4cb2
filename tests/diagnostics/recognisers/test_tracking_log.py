"""Message tracking: rows of the files, and what the cmdlet prints."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.facts import Reply, Source
from diagnostics.mail_facts import Tracked
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts, one

FIELDS = (
    "#Fields: date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,connector-id,source,event-id,"
    "internal-message-id,message-id,network-message-id,recipient-address,recipient-status,total-bytes,recipient-count,"
    "related-recipient-address,reference,message-subject,sender-address,return-path,message-info,directionality"
)
HEADER = f"#Software: Microsoft Exchange Server\n#Log-type: Message Tracking Log\n{FIELDS}\n"
LED = "[{LED=550 5.7.1 TRANSPORT.RULES.RejectMessage; the message was rejected by policy};{MSG=};{FQDN=};{IP=};{LRT=}]"
LISTED = f"""Timestamp               : 18/11/2026 08:41:20
ClientHostname          : EX01
SourceContext           : Transport Rule Agent
ConnectorId             :
Source                  : AGENT
EventId                 : FAIL
MessageId               : <7d20@contoso.com>
Recipients              : {{press@fabrikam.com}}
RecipientStatus         : {{{LED}}}
MessageSubject          : Draft results
Sender                  : anna@contoso.com"""


def row(
    origin: str = "SMTP",
    event: str = "FAIL",
    recipients: str = "bob@fabrikam.com",
    status: str = "",
    context: str = "x",
) -> str:
    return (
        f"2026-11-18T08:30:57.102Z,192.0.2.20,EX01,198.51.100.25,mx1.fabrikam.com,{context},Internet,{origin},{event},482,"
        f"<9c1e@contoso.com>,2d0b7a1c,{recipients},{status},18233,1,,,Quote,anna@contoso.com,anna@contoso.com,,Originating"
    )


@pytest.mark.parametrize("header", ["", HEADER])
def test_a_refused_message(header: str) -> None:
    text = header + row(status="550 5.7.1 Service unavailable; client host blocked")
    entry, reply = one(text, Tracked), one(text, Reply)
    assert (entry.origin, entry.event, entry.connector, entry.sender) == (
        "SMTP",
        "FAIL",
        "Internet",
        "anna@contoso.com",
    )
    assert (entry.recipients, entry.at, entry.failing) == (("bob@fabrikam.com",), "2026-11-18T08:30:57.102Z", True)
    assert (reply.code, reply.enhanced, reply.by, reply.ip) == (550, "5.7.1", "mx1.fabrikam.com", "198.51.100.25")
    assert (reply.recipient, reply.kind) == ("bob@fabrikam.com", "trace")


def test_each_recipient_has_its_status() -> None:
    text = row(recipients="bob@fabrikam.com;carl@fabrikam.com", status="550 5.1.1 User unknown;550 5.2.2 Mailbox full")
    told = [(reply.recipient, reply.enhanced) for reply in facts(text, Reply)]
    assert told == [("bob@fabrikam.com", "5.1.1"), ("carl@fabrikam.com", "5.2.2")]


def test_a_status_for_all_is_told_once() -> None:
    status = "[{LED=550 5.4.1 no; relay};{MSG=};{FQDN=};{IP=};{LRT=}]"
    text = row(recipients="bob@fabrikam.com;carl@fabrikam.com", status=status)
    assert one(text, Reply).enhanced == "5.4.1"


def test_the_reason_may_stand_in_the_context() -> None:
    text = row("ROUTING", "FAIL", context="550 5.4.4 ROUTING.NoConnectorForAddressType; unable to route")
    assert one(text, Reply).enhanced == "5.4.4"


@pytest.mark.parametrize(
    ("origin", "event"), [("SMTP", "SEND"), ("STOREDRIVER", "DELIVER"), ("SMTP", "HAREDIRECTFAIL")]
)
def test_what_is_no_failure(origin: str, event: str) -> None:
    text = row(origin, event, status="250 2.1.5 Recipient OK")
    assert not one(text, Tracked).failing
    assert not facts(text, Reply)


def test_a_row_that_lost_its_addresses() -> None:
    text = row(status="550 5.7.1 no").replace("192.0.2.20,EX01,198.51.100.25,mx1.fabrikam.com,", "")
    entry = one(text, Tracked)
    assert (entry.origin, entry.event, entry.recipients) == ("SMTP", "FAIL", ("bob@fabrikam.com",))


def test_the_cmdlet_as_a_list() -> None:
    entry, reply = one(LISTED, Tracked), one(LISTED, Reply)
    assert (entry.origin, entry.event, entry.context) == ("AGENT", "FAIL", "Transport Rule Agent")
    assert reply.text.startswith("550 5.7.1 TRANSPORT.RULES.RejectMessage")
    assert reply.recipient == "press@fabrikam.com"
    assert reply.source.line == 9


def test_the_cmdlet_as_a_table() -> None:
    text = """EventId  Source      Sender               Recipients               MessageSubject
-------  ------      ------               ----------               --------------
RECEIVE  SMTP        anna@contoso.com     {bob@fabrikam.com}       Quote
FAIL     ROUTING     anna@contoso.com     {bob@fabrikam.com}       Quote"""
    assert [(each.origin, each.event, each.failing) for each in facts(text, Tracked)] == [
        ("SMTP", "RECEIVE", False),
        ("ROUTING", "FAIL", True),
    ]


@given(st.text(alphabet='a,;"[]{} ', max_size=30))
def test_a_status_of_anything(status: str) -> None:
    artefacts(row(status=status))


@given(damaged(HEADER + row(status=LED) + "\n" + LISTED))
def test_damage_never_raises(text: str) -> None:
    artefacts(text)


@pytest.mark.parametrize("text", [*CHATTER, "EventId 4010 was the FAIL of the week"])
def test_chatter_is_none(text: str) -> None:
    assert not facts(text, Tracked)


def test_a_log_that_a_console_has_cut() -> None:
    lines = [*HEADER.strip().split("\n"), row(status=LED)]
    cut = "\n".join(line[at : at + 120] for line in lines for at in range(0, len(line), 120))
    (found,) = facts(cut, Tracked)
    assert (found.event, found.status) == ("FAIL", LED)


@pytest.mark.parametrize(
    ("origin", "event", "status", "context", "failed"),
    [
        ("AGENT", "DROP", "", "Fabrikam Filter Agent", True),
        ("AGENT", "DROP", "", "System Probe Drop Routing Agent", False),
        ("APPROVAL", "DROP", "", "", False),
        ("APPROVAL", "MODERATIONEXPIRE", "", "", True),
        ("SAFETYNET", "RESUBMITFAIL", "", "", True),
        ("POISONMESSAGE", "POISONMESSAGE", "", "", True),
        ("AGENT", "REDIRECT", "{LED=550 5.7.1 refused};{MSG=}", "", True),
        ("ROUTING", "REDIRECT", "", "", False),
        ("SMTP", "HAREDIRECTFAIL", "{LED=451 4.4.0 no shadow};{MSG=}", "", False),
        ("STOREDRIVER", "DELIVER", "", "", False),
    ],
)
def test_lost_mail_is_a_failure(origin: str, event: str, status: str, context: str, *, failed: bool) -> None:
    source = Source(line=1, quote="")
    assert Tracked(source=source, origin=origin, event=event, status=status, context=context).failing is failed
