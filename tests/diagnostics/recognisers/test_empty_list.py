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


ROOT = "3C0FFEE1A2B3C4D5E6F708192A3B4C5D6E7F8091"
LOOKED = f"Get-ChildItem Cert:\\LocalMachine\\Root | Where-Object {{ $_.Thumbprint -eq '{ROOT}' }}"


@pytest.mark.parametrize(
    "text",
    [
        f"PS C:\\> {LOOKED}\nPS C:\\>",
        f"{LOOKED} returns nothing",
        f"{LOOKED}\n\nno output at all",
        f"{LOOKED}\n\u7d50\u679c\u304c\u8fd4\u3055\u308c\u306a\u3044",
    ],
)
def test_a_root_that_the_store_lacks(text: str) -> None:
    missing = one(text, Configured)
    assert (missing.kind, missing.name, missing.failing) == ("trusted-root", ROOT, True)


@pytest.mark.parametrize(
    "text", [LOOKED, f"{LOOKED}\n\nThumbprint  Subject\n----------  -------\n{ROOT}  CN=Example Root"]
)
def test_a_root_that_is_there_or_not_looked_for_yet(text: str) -> None:
    assert not [each for each in artefacts(text) if each.kind == "trusted-roots"]
