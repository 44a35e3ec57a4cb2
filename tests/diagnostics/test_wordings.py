"""How the world words a failure: of every text in wordings/*.toml, the cause above it comes first."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from diagnostics import diagnose
from tests.casefile import judged

_TABLES = {
    id_: texts
    for path in sorted((Path(__file__).parent / "wordings").glob("*.toml"))
    for id_, texts in tomllib.loads(path.read_text(encoding="utf-8")).items()
}


@pytest.mark.parametrize("id_", sorted(_TABLES))
def test_the_cause_of_a_wording_comes_first(id_: str) -> None:
    first = {text: next((each.cause for each in judged((text,)).findings), "nothing") for text in _TABLES[id_]}
    assert {text: found for text, found in first.items() if found != id_} == {}


@pytest.mark.parametrize(
    "text",
    [
        "We moved 535 user accounts to the new tenant today, no password was incorrect.",
        "553 mailboxes are closed at the end of the year and 550 accounts were disabled on purpose.",
        "504 accounts are inactive, should we delete them?",
        "550 account managers were closed out of the meeting",
        "421 authentication tokens expired in the last hour",
        "The relay in the fuse box refused to switch, and relaying is not permitted on this floor.",
        "Runbook: if you see 553 not owned by user, check sender_login_maps.",
        "What does 550 relay access denied mean?",
        "Order 550 recipients of the newsletter are unknown to marketing",
        "Our LDAP server is unavailable every Sunday because of backups.",
    ],
)
def test_the_same_words_in_talk_are_no_failure(text: str) -> None:
    assert not judged((text,)).findings
    assert diagnose(text).verdict == "nothing"
