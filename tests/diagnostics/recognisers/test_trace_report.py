"""Message traces as CSV: the portal's summary and enhanced reports, and exports of the cmdlets."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from diagnostics.facts import Reply
from diagnostics.mail_facts import Traced
from diagnostics.recognisers.trace_data import custom_data, trace_data
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts, one

SUMMARY = '''origin_timestamp_utc,sender_address,recipient_status,message_subject,total_bytes,message_id,network_message_id,\
original_client_ip,directionality,connector_id,delivery_priority
2026-11-18T08:31:01.1180000Z,anna@contoso.com,"bob@fabrikam.com##Receive, Fail;carol@fabrikam.com##Receive, Send",\
"Quote, ""final""",48211,<9c1e@contoso.com>,2d0b7a1c-6f0e-4a55-2b7c-08de2a6c3f10,203.0.113.10,Originating,Outbound,Normal'''
ENHANCED = """date_time_utc,client_ip,client_hostname,source,event_id,message_id,network_message_id,recipient_address,\
recipient_status,message_subject,sender_address,custom_data
2026-11-18T08:31:02.118Z,203.0.113.10,EX01,SMTP,RECEIVE,<9c1e@contoso.com>,2d0b7a1c-6f0e-4a55-2b7c-08de2a6c3f10,\
bob@fabrikam.com,,"A subject
on two lines",anna@contoso.com,
2026-11-18T08:31:05.118Z,,DB7PR05MB5678,SMTP,FAIL,<9c1e@contoso.com>,2d0b7a1c-6f0e-4a55-2b7c-08de2a6c3f10,bob@fabrikam.com,\
[{LED=550 5.7.367 Remote server returned not permitted to relay -> 554 5.7.1 Relaying denied};{MSG=};{FQDN=mx1.fabrikam.com};\
{IP=198.51.100.25};{LRT=}],Quote,anna@contoso.com,S:OutboundIpPoolName=RegularRelayOutboundPool;S:E2ELatency=4"""
EXPORTED = '''"Organization","MessageId","Received","SenderAddress","RecipientAddress","Subject","Status",\
"FromIP","MessageTraceId"
"contoso.onmicrosoft.com","<9c1e@contoso.com>","18/11/2026 08:31:01","anna@contoso.com","bob@contoso.com","Quote","Failed",\
"203.0.113.10","2d0b7a1c-6f0e-4a55-2b7c-08de2a6c3f10"'''
DETAIL = '''"Date","Event","Action","Detail","Data"
"18/11/2026 08:31:44","Fail","","Reason: [{LED=550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found};{MSG=};{FQDN=};{IP=};\
{LRT=}]","<root><MEP Name=""ConnectorId"" String=""Outbound to 6f1d""/></root>"'''


def test_a_summary_has_a_status_for_each_recipient() -> None:
    failed, sent = facts(SUMMARY, Traced)
    assert (failed.recipient, failed.status, failed.failing) == ("bob@fabrikam.com", "Fail", True)
    assert (sent.recipient, sent.status, sent.failing) == ("carol@fabrikam.com", "Send", False)
    assert (failed.sender, failed.from_ip) == ("anna@contoso.com", "203.0.113.10")
    assert failed.network_id == "2d0b7a1c-6f0e-4a55-2b7c-08de2a6c3f10"
    (artefact,) = artefacts(SUMMARY)
    assert (artefact.kind, artefact.first, artefact.last) == ("message-trace-report", 1, 2)


def test_an_enhanced_report_has_events_with_their_replies() -> None:
    received, failed = facts(ENHANCED, Traced)
    assert (received.event, received.failing, failed.event, failed.failing) == ("RECEIVE", False, "FAIL", True)
    assert failed.get("outboundippoolname") == "RegularRelayOutboundPool"
    reply = one(ENHANCED, Reply)
    assert (reply.enhanced, reply.recipient, reply.source.line) == ("5.7.1", "bob@fabrikam.com", 4)


def test_exports_of_the_cmdlets() -> None:
    found = one(EXPORTED, Traced)
    assert (found.status, found.recipient, found.from_ip) == ("Failed", "bob@contoso.com", "203.0.113.10")
    event = one(DETAIL, Traced)
    assert (event.event, event.get("ConnectorId")) == ("Fail", "Outbound to 6f1d")
    assert one(DETAIL, Reply).enhanced == "5.1.10"


def test_data() -> None:
    text = '<root><MEP Name="ConnectorId" String="Out"/><MEP Name="CustomData" Blob="S:A=1;\'S:B=x=1;y=2\';I:C=3;odd"/></root>'
    assert trace_data(text) == (("ConnectorId", "Out"), ("A", "1"), ("B", "x=1;y=2"), ("C", "3"))
    assert trace_data('<root><MEP Name="ConnectorId" Str') == ()
    assert custom_data("S:SFA=SUM|SFV=SPM") == (("SFA", "SUM|SFV=SPM"),)


@pytest.mark.parametrize("text", [*CHATTER, "Date, Event, Detail: see below", "sender_address,recipient_status\n"])
def test_chatter_is_no_report(text: str) -> None:
    assert not [each for each in artefacts(text) if each.kind == "message-trace-report"]


@given(damaged(f"{SUMMARY}\n\n{ENHANCED}\n{DETAIL}"))
@settings(max_examples=100)
def test_damage_never_raises(text: str) -> None:
    for found in facts(text, Traced):
        assert found.status or found.event
