"""Queues and the last errors in them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.facts import CertificateRejected, ConnectFailed, QueueState, Reply, Source
from diagnostics.seen import failures
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts, one

LED = (
    '[{LED=451 4.4.0 Primary target IP address responded with: "421 4.2.1 Unable to connect." Attempted failover to '
    "alternate host, but that did not succeed.};{MSG=};{FQDN=mx1.fabrikam.com};{IP=198.51.100.7};{LRT=18.11.2026 08:31:02}]"
)
QUEUE = f"""[PS] C:\\>Get-Queue EX01\\12 | fl

RunspaceId                 : 5b0f6c1c-88bb-4f6d-8a61-8f3b2c0d7a10
DeliveryType               : SmartHostConnectorDelivery
NextHopDomain              : mx1.fabrikam.com
Status                     : Retry
MessageCount               : 143
LastError                  : {LED}
RetryCount                 : 6
MessageCountsPerPriority   : {{0, 143, 0, 0}}
Identity                   : EX01\\12

we see this since monday"""
HEALTHY = """Get-Queue | ft Identity,DeliveryType,Status,MessageCount,LastError

Identity        DeliveryType          Status MessageCount LastError
--------        ------------          ------ ------------ ---------
EX01\\Submission Undefined             Ready  0
EX01\\3          SmtpDeliveryToMailbox Ready  0
EX01\\7          SmartHostConnectorDel Active 2"""


def test_a_queue_as_a_list() -> None:
    state, reply = one(QUEUE, QueueState), one(QUEUE, Reply)
    assert (state.identity, state.status, state.messages) == ("EX01\\12", "Retry", 143)
    assert (state.next_hop, state.delivery_type) == ("mx1.fabrikam.com", "SmartHostConnectorDelivery")
    assert (reply.kind, reply.code, reply.enhanced, reply.host) == ("queue", 421, "4.2.1", "mx1.fabrikam.com")
    assert (reply.ip, reply.source.line) == ("198.51.100.7", 8)
    (artefact,) = artefacts(QUEUE)
    assert (artefact.kind, artefact.first, artefact.last) == ("get-queue", 3, 11)


def test_two_queues_are_two_states() -> None:
    other = QUEUE.replace("EX01\\12", "EX01\\13").replace("Retry ", "Retry ").replace(": Retry", ": Ready")
    assert [state.status for state in facts(f"{QUEUE}\n\n{other}", QueueState)] == ["Retry", "Ready"]


@pytest.mark.parametrize("prefix", ["> ", ">  "])
def test_a_quoted_queue(prefix: str) -> None:
    assert one("\n".join(prefix + line for line in QUEUE.split("\n")), Reply).enhanced == "4.2.1"


def test_what_the_error_states_beside_the_reply() -> None:
    led = QUEUE.replace("421 4.2.1 Unable to connect.", "Failed to connect. Winsock error code: 10060")
    assert one(led, ConnectFailed).winsock == 10060


def test_healthy_queues_have_states_only() -> None:
    states = facts(HEALTHY, QueueState)
    assert [(s.identity, s.status, s.messages) for s in states] == [
        ("EX01\\Submission", "Ready", 0),
        ("EX01\\3", "Ready", 0),
        ("EX01\\7", "Active", 2),
    ]
    assert not facts(HEALTHY, Reply)


@pytest.mark.parametrize("spaces", [False, True])
def test_a_table_with_an_error_even_when_its_spaces_are_gone(spaces: bool) -> None:
    text = HEALTHY.replace("Active 2", "Retry  22           451 4.4.0 DNS query failed")
    if spaces:
        text = "\n".join(" ".join(line.split()) for line in text.split("\n"))
    state = facts(text, QueueState)[-1]
    assert (state.status, state.messages) == ("Retry", 22)
    assert one(text, Reply).enhanced == "4.4.0"


def test_messages_are_no_queues() -> None:
    text = "Identity        FromAddress      Status Queue   Subject\nEX01\\3\\48284892 anna@contoso.com Ready  EX01\\3  Quote"
    assert not facts(text, QueueState)


def test_a_message_as_a_list() -> None:
    text = (
        "Identity          : EX01\\12\\4828\nFromAddress       : anna@contoso.com\nStatus : Ready\n"
        f"LastError : {LED}\nQueue : EX01\\12"
    )
    assert one(text, Reply).enhanced == "4.2.1"
    assert not facts(text, QueueState)


@pytest.mark.parametrize(
    ("text", "enhanced"),
    [
        ("LastError : 452 4.5.3 Too many recipients (AS780090)", "4.5.3"),
        ("Last Error: 451 4.4.0 DNS query failed", "4.4.0"),
        (f"Reason: {LED}. OutboundProxyTargetIP: 198.51.100.7", "4.2.1"),
        (
            "LED=450 4.4.317 Cannot connect to remote server [Message=451 5.7.3 STARTTLS is required to send mail]",
            "5.7.3",
        ),
        ("mails stuck with {LED=421 4.4.2 Connection dropped due to SocketError};{MSG=};{FQDN=a.b", "4.4.2"),
        (
            '[<LRI-2019/11/4>; <led-451 4.4.0 Primary target IP address responded with: "454 4.7.0 No.">;<FQDN-a.b.c>]',
            "4.7.0",
        ),
    ],
)
def test_an_error_that_stands_alone(text: str, enhanced: str) -> None:
    reply = one(text, Reply)
    assert (reply.enhanced, reply.kind) == (enhanced, "queue")


def test_an_error_on_several_lines() -> None:
    text = (
        "{[{LED=550 5.7.51 TenantInboundAttribution; There is a partner connector configured\n"
        "[CH3PEPF0001.prod.outlook.com 2025-01-29T19:07:30.476Z 08DD3FA5DBC8F401]};{MSG=};{FQDN=mx.contoso.com};"
        "{IP=52.101.194.15};{LRT=1/29/2025 7:07:29 PM}]}"
    )
    reply = one(text, Reply)
    assert (reply.code, reply.enhanced, reply.host, reply.ip) == (550, "5.7.51", "mx.contoso.com", "52.101.194.15")


def test_a_block_that_was_cut_off_does_not_swallow_what_a_person_says() -> None:
    text = "{LED=450 4.4.317 Cannot connect to remote server [Message=SubjectMismatch Expected Subject: mail.contoso.com\nanyone?"
    assert "anyone" not in one(text, Reply).whole
    assert one(text, CertificateRejected).expected == "mail.contoso.com"


def test_a_masked_error_is_none() -> None:
    assert not facts(QUEUE.replace(LED, "XXXXXXXX"), Reply)


@pytest.mark.parametrize("text", CHATTER)
def test_chatter_is_no_queue(text: str) -> None:
    assert not artefacts(text)


@given(st.one_of(damaged(QUEUE), damaged(HEALTHY)))
@settings(max_examples=100)
def test_damage_never_raises(text: str) -> None:
    for state in facts(text, QueueState):
        assert state.messages >= 0


@pytest.mark.parametrize("gap", [" ", "\t"])
@pytest.mark.parametrize(
    "row",
    [
        "EX01\\3 SmtpDeliveryToMailbox Retry 33 db01",
        "EX01\\7 SmtpRelayToDag Retry 88 dag01",
        "EX01\\9 DnsConnectorDelivery Retry 12 fabrikam.com",
        "EX01\\Poison Undefined Ready 40 Poison",
    ],
)
def test_a_table_whose_blanks_chat_has_squeezed(row: str, gap: str) -> None:
    header = "Identity DeliveryType Status MessageCount NextHopDomain"
    state = one("\n".join((header.replace(" ", gap), row.replace(" ", gap))), QueueState)
    told = (state.identity, state.delivery_type, state.status, str(state.messages), state.next_hop)
    assert list(told) == row.split()


def test_what_is_in_the_submission_queue_is_worked_on_at_once() -> None:
    states = [
        QueueState(source=Source(1, ""), identity="EX01\\Submission", status="Ready", messages=many)
        for many in (5, 2300)
    ]
    assert [state.crowded for state in states] == [False, True]
    assert len(failures(states)) == 1
