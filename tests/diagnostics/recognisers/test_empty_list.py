"""Cmdlets that had nothing to list."""

from __future__ import annotations

import pytest
from hypothesis import given

from diagnostics import diagnose
from diagnostics.asks import ASKS
from diagnostics.facts import QueueState
from diagnostics.mail_facts import Configured
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, one

HEADER = "Identity      DeliveryType Status MessageCount Velocity RiskLevel OutboundIPPool NextHopDomain"
RULE = "--------      ------------ ------ ------------ -------- --------- -------------- -------------"
ROW = "EX01\\4471     DnsConnec... Retry  143          -0.1     Normal    0              fabrikam.com"
PROMPT = "[PS] C:\\Windows\\system32>"


@pytest.mark.parametrize(
    "text",
    [
        f"{PROMPT}Get-Queue\n{PROMPT}",
        f'{PROMPT}Get-MailboxServer | Get-Queue -Filter "MessageCount -gt 10"\n{PROMPT}',
        f"{PROMPT}Get-Queue -Filter \"Status -eq 'Retry'\" | fl Identity,LastError\n\n{PROMPT}",
        "PS C:\\> Get-Queue\nPS C:\\> Get-Service MSExchangeTransport",
        f"{PROMPT}Get-Queue\n\n{HEADER}\n{RULE}\n\n{PROMPT}",
        f"{HEADER}\n{RULE}",
    ],
)
def test_no_queue_at_all_is_healthy(text: str) -> None:
    empty = one(text, Configured)
    assert (empty.kind, empty.get("Count"), diagnose(text).verdict) == ("queue-list", "0", "healthy")


def test_no_queued_message() -> None:
    assert one(f"{PROMPT}Get-Message -Queue EX01\\4471\n{PROMPT}", Configured).kind == "message-list"


@pytest.mark.parametrize(
    "text",
    [
        f"{PROMPT}Get-Queue\n\n{HEADER}\n{RULE}\n{ROW}\n\n{PROMPT}",
        f"{HEADER}\n{RULE}\n{ROW}",
        f"{HEADER}\n{RULE}\nEX01\\Shad",  # cut off
        f"{PROMPT}Get-Queue",
        f"{PROMPT}Get-Queue\nThe operation couldn't be performed because object 'EX01' couldn't be found\n{PROMPT}",
        f"please run Get-Queue and send what it prints\n{HEADER}",
        *CHATTER,
    ],
)
def test_what_lists_something_or_says_nothing(text: str) -> None:
    assert not [each for each in artefacts(text) for fact in each.facts if getattr(fact, "kind", "") == "queue-list"]


def test_it_answers_the_question_for_the_queues() -> None:
    (queue,) = (ask for ask in ASKS if QueueState in ask.yields)
    assert queue.answered([one(f"{PROMPT}Get-Queue\n{PROMPT}", Configured)])
    assert not queue.answered([])


@given(damaged(f"{PROMPT}Get-Queue\n{HEADER}\n{RULE}\n{ROW}\n{PROMPT}"))
def test_damage_never_raises(text: str) -> None:
    artefacts(text)
