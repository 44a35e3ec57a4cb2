"""Commands for settings that had nothing to list."""

from __future__ import annotations

import pytest
from hypothesis import given

from diagnostics.facts import Fact
from diagnostics.mail_facts import Configured
from diagnostics.recognisers.nothing_listed import NOTHING_LISTED, nothing_listed
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts, one

PROMPT = "PS C:\\>"
FILTERED = "Get-TransportRule | Where-Object {$_.DeleteMessage -or $_.Quarantine} | fl Name,State"


def listed(text: str) -> list[Configured]:
    return [each for each in facts(text, Configured) if each.kind == NOTHING_LISTED]


def test_the_prompt_comes_back() -> None:
    empty = one(f"{PROMPT} Get-InboundConnector | fl Name,Enabled\n{PROMPT}", Configured)
    assert (empty.kind, empty.name, empty.get("Count")) == (NOTHING_LISTED, "inbound-connector", "0")


def test_what_was_asked_for() -> None:
    empty = listed(f"{PROMPT} {FILTERED}\n\n{PROMPT}")
    assert nothing_listed(empty, "transport-rule", "DeleteMessage") is empty[0]
    assert nothing_listed(empty, "transport-rule", "DeleteMessage", "RedirectMessageTo") is None
    assert nothing_listed(empty, "inbound-connector") is None
    whole = listed(f"{PROMPT} Get-TransportRule\n{PROMPT}")
    assert nothing_listed(whole, "transport-rule", "DeleteMessage", "RedirectMessageTo") is whole[0]


def test_a_command_that_the_console_cut() -> None:
    command = f"{PROMPT} {FILTERED},Priority,Mode,RedirectMessageTo,Description"
    assert len(listed(f"{command[:80]}\n{command[80:]}\n{PROMPT}")) == 1


def test_somebody_says_so() -> None:
    assert len(listed("Get-InboundConnector\nreturns nothing")) == 1


@pytest.mark.parametrize(
    "text",
    [
        f"{PROMPT} Get-TransportRule",
        f"{PROMPT} Get-TransportRule | fl Name,State,Mode\n\nName  : Disclaimer\nState : Enabled\nMode  : Enforce\n\n{PROMPT}",
        f"{PROMPT} Get-TransportRule 'x'\nThe operation couldn't be performed because object 'x' couldn't be found\n{PROMPT}",
        f"{PROMPT} Get-TransportRule | ? {{$_.State -eq 'Enabled' -and $_.DeleteMessage}}\n{PROMPT}",
        f"{PROMPT} Get-Queue\n{PROMPT}",
        "please run Get-TransportRule and send what it prints",
        *CHATTER,
    ],
)
def test_what_lists_something_or_says_nothing(text: str) -> None:
    assert not listed(text)


@given(damaged(f"{PROMPT} {FILTERED}\n{PROMPT}"))
def test_damage_never_raises(text: str) -> None:
    assert all(isinstance(fact, Fact) for each in artefacts(text) for fact in each.facts)
