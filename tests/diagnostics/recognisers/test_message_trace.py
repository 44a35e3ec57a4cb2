"""Message traces of Exchange Online: lists, tables and the portal's text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from diagnostics.facts import CertificateRejected, ConnectFailed, Reply
from diagnostics.mail_facts import Traced
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts, one

LED = (
    "[{LED=450 4.4.316 Connection refused [Message=Socket error code 10061] [LastAttemptedServerName=mail.contoso.com] "
    "[LastAttemptedIP=203.0.113.10:25] [SmtpSecurity=11;-1]};{MSG=};{FQDN=mail.contoso.com};{IP=203.0.113.10};"
    "{LRT=11/18/2026 8:31:02 AM}]. OutboundProxyTargetIP: 203.0.113.10."
)
TRACE = """MessageId        : <9c1e@contoso.com>
Received         : 18/11/2026 08:31:01
SenderAddress    : anna@contoso.com
RecipientAddress : bob@contoso.com
Subject          : Quote
Status           : Pending
ToIP             :
FromIP           : 203.0.113.10
MessageTraceId   : 2d0b7a1c-6f0e-4a55-2b7c-08de2a6c3f10"""
DETAIL = """Date    : 18/11/2026 08:31:44
Event   : Defer
Action  :
Detail  : Reason: [{LED=450 4.4.317 Cannot connect to remote server [Message=UntrustedRoot] [SmtpSecurity=-1;-1]};{MSG=};\
{FQDN=mail.contoso.com};{IP=203.0.113.10};{LRT=}]
Data    : <root><MEP Name="ConnectorId" String="Outbound to 6f1d1f1e"/></root>"""
PORTAL = f"""Message events
Date\tEvent\tDetail
11/18/2026, 8:31 AM\tReceive\tMessage received by: AM0PR05MB1234 using TLS1.2 with AES256
11/18/2026, 8:32 AM\tDefer\tReason: {LED}"""


def test_a_trace() -> None:
    traced = one(TRACE, Traced)
    assert (traced.status, traced.recipient, traced.from_ip) == ("Pending", "bob@contoso.com", "203.0.113.10")
    assert traced.network_id == "2d0b7a1c-6f0e-4a55-2b7c-08de2a6c3f10"
    assert traced.failing


def test_a_delivered_message_is_healthy() -> None:
    text = """Received            SenderAddress    RecipientAddress  Subject  Status
--------            -------------    ----------------  -------  ------
11/18/2026 8:31:01  anna@contoso.com bob@contoso.com   Quote    Delivered"""
    traced = one(text, Traced)
    assert (traced.recipient, traced.status, traced.failing) == ("bob@contoso.com", "Delivered", False)


def test_the_table_that_the_cmdlet_prints_by_default() -> None:
    text = """Received             Sender Address    Recipient Address  Subject  Status
--------             --------------    -----------------  -------  ------
11/18/2026 8:31:02   anna@contoso.com  bob@fabrikam.com   Quote    Delivered
11/18/2026 8:35:02   anna@contoso.com  kim@fabrikam.com   Quote 2  Failed"""
    for printed in (text, re.sub(" {2,}", " ", text)):  # a chat takes the blanks
        told = [(each.sender, each.recipient, each.status, each.failing) for each in facts(printed, Traced)]
        assert told == [
            ("anna@contoso.com", "bob@fabrikam.com", "Delivered", False),
            ("anna@contoso.com", "kim@fabrikam.com", "Failed", True),
        ]


def test_the_detail_of_a_deferral() -> None:
    traced, reply = one(DETAIL, Traced), one(DETAIL, Reply)
    assert (traced.event, traced.failing) == ("Defer", True)
    assert (reply.code, reply.enhanced, reply.kind) == (450, "4.4.317", "trace")
    assert one(DETAIL, CertificateRejected).reason == "UntrustedRoot"
    assert reply.source.line == 4


def test_the_portal() -> None:
    received, deferred = facts(PORTAL, Traced)
    assert (received.event, received.failing, deferred.event) == ("Receive", False, "Defer")
    failed = one(PORTAL, ConnectFailed)
    assert (failed.kind, failed.ip, failed.host) == ("refused", "203.0.113.10", "mail.contoso.com")


def test_the_portal_with_its_tabs_lost_and_the_detail_wrapped() -> None:
    text = PORTAL.replace("\t", " ").replace(" [LastAttemptedIP", "\n[LastAttemptedIP")
    assert one(text, ConnectFailed).winsock == 10061
    assert one(text, Reply).source.line == 4


def test_an_event_that_failed_without_a_code_still_fails() -> None:
    text = "Event : Fail\nDetail : Reason: The recipient is not allowed"
    assert one(text, Traced).failing
    assert one(text, Reply).whole == "The recipient is not allowed"


@given(damaged(f"{TRACE}\n\n{DETAIL}\n{PORTAL}"))
def test_damage_never_raises(text: str) -> None:
    artefacts(text)


@pytest.mark.parametrize("text", [*CHATTER, "11/18/2026 8:30 meeting\nEvent: summer party\nStatus: Delivered"])
def test_chatter_is_none(text: str) -> None:
    assert not facts(text, Traced)
