"""Port tests of a Unix shell that are quiet, or tell the outcome without the host."""

from __future__ import annotations

import pytest
from hypothesis import given

from diagnostics.facts import ConnectFailed
from diagnostics.looked_facts import PortTest
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts, one

DEVICE = "$ timeout 9 bash -c 'exec 3<>/dev/tcp/mail.contoso.com/25'; echo \"exit=$?\"\n"
QUIET = "$ nc -z -w 10 203.0.113.4 587; echo $?\n"
WORDED = "$ timeout 5 bash -c '</dev/tcp/mail.contoso.com/25' && echo open || echo closed\n"
SCAN = "$ nmap -p 25 mail.contoso.com\nPORT   STATE    SERVICE\n25/tcp {} smtp"


@pytest.mark.parametrize(
    ("text", "succeeded", "refused"),
    [
        (f"{DEVICE}exit=0", True, False),
        (f"{DEVICE}exit=124", False, False),
        (f"{DEVICE}exit=1", False, False),
        (f"{DEVICE}bash: connect: Connection refused\nexit=1", False, True),
        (f"{WORDED}open", True, False),
        (f"{WORDED}closed", False, False),
        (f"{QUIET}0", True, False),
        (f"{QUIET}1", False, False),
        ("$ nc -vz mail.contoso.com 25\nNcat: Connected to 203.0.113.4:25.", True, False),
        ("$ nc -vz mail.contoso.com 25\nNcat: Connection refused.", False, True),
        (SCAN.format("filtered"), False, False),
        (SCAN.format("closed"), False, True),
        (SCAN.format("open"), True, False),
    ],
)
def test_outcomes(text: str, succeeded: bool, refused: bool) -> None:
    test = one(text, PortTest)
    assert (test.succeeded, test.host or test.ip) == (
        succeeded,
        "203.0.113.4" if text.startswith(QUIET) else "mail.contoso.com",
    )
    assert [each.kind for each in facts(text, ConnectFailed)] == ["refused"] * refused


@pytest.mark.parametrize(
    "text",
    [
        DEVICE,
        f"{DEVICE}exit=127",
        "$ nc -z mail.contoso.com 25\n124",
        "Run bash -c '</dev/tcp/mail.contoso.com/25'; echo $?\n0 means that it is open.",
        f"{DEVICE}$ ls | wc -l\n124",
    ],
)
def test_without_an_outcome_it_is_none(text: str) -> None:
    assert not facts(text, PortTest)


@given(damaged(f"{DEVICE}exit=124\n{WORDED}closed\n{SCAN}"))
def test_damage_never_raises(text: str) -> None:
    artefacts(text)


@pytest.mark.parametrize("text", CHATTER)
def test_chatter_is_none(text: str) -> None:
    assert not [each for each in artefacts(text) if each.kind == "port-test"]
