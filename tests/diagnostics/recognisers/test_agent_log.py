"""Anti-spam agent logs."""

from __future__ import annotations

import pytest
from hypothesis import given

from diagnostics.facts import Reply
from diagnostics.mail_facts import AgentAction
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts, one

HEADER = """#Software: Microsoft Exchange Server
#Log-Type: Agent Log
#Fields: Timestamp,SessionId,LocalEndpoint,RemoteEndpoint,EnteredOrgFromIP,MessageId,P1FromAddress,P2FromAddresses,\
Recipient,NumRecipients,Agent,Event,Action,SmtpResponse,Reason,ReasonData,Diagnostics
"""
START = (
    "2026-11-18T07:44:10.911Z,08DE2A6C11D39F01,192.0.2.20:25,198.51.100.90:42011,198.51.100.90,<b2@fabrikam.com>,"
    "news@fabrikam.com,news@fabrikam.com,anna@contoso.com,1,"
)
REJECTED = START + (
    "Content Filter Agent,OnEndOfData,RejectMessage,550 5.7.1 Message rejected as spam by Content Filtering.,"
    "SclAtOrAboveRejectThreshold,8,"
)
ACCEPTED = START + "Content Filter Agent,OnEndOfData,AcceptMessage,,SCL,1,"
LISTED = """Timestamp       : 18/11/2026 07:44:10
SessionId       : 08DE2A6C11D39F01
IPAddress       : 198.51.100.90
P1FromAddress   : news@fabrikam.com
Recipients      : {anna@contoso.com}
Agent           : Connection Filtering Agent
Event           : OnRcptCommand
Action          : RejectCommand
SmtpResponse    : 550 5.7.1 External client with IP address 198.51.100.90 does not have permissions to submit to this server.
Reason          : BlockListProvider
ReasonData      : zen.example.org"""


@pytest.mark.parametrize("header", ["", HEADER])
def test_a_rejected_message(header: str) -> None:
    action, reply = one(header + REJECTED, AgentAction), one(header + REJECTED, Reply)
    assert (action.agent, action.action, action.event) == ("Content Filter Agent", "RejectMessage", "OnEndOfData")
    assert (action.reason, action.reason_data, action.ip) == ("SclAtOrAboveRejectThreshold", "8", "198.51.100.90")
    assert (reply.code, reply.enhanced, reply.recipient, reply.session) == (
        550,
        "5.7.1",
        "anna@contoso.com",
        action.session,
    )
    assert action.failing


def test_an_accepted_message_is_healthy() -> None:
    assert not one(ACCEPTED, AgentAction).failing
    assert not facts(ACCEPTED, Reply)


def test_the_cmdlet() -> None:
    action = one(LISTED, AgentAction)
    assert (action.agent, action.reason, action.reason_data) == (
        "Connection Filtering Agent",
        "BlockListProvider",
        "zen.example.org",
    )
    assert (action.ip, action.recipient) == ("198.51.100.90", "anna@contoso.com")
    assert one(LISTED, Reply).source.line == 9


@given(damaged(f"{HEADER}{REJECTED}\n{LISTED}"))
def test_damage_never_raises(text: str) -> None:
    artefacts(text)


@pytest.mark.parametrize("text", CHATTER)
def test_chatter_is_none(text: str) -> None:
    assert not facts(text, AgentAction)
