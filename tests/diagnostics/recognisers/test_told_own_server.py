"""Whose the mail server is, and what the person found on no list."""

from __future__ import annotations

import pytest

from diagnostics.mail_facts import Configured
from diagnostics.recognisers import recognise
from diagnostics.text import Paste

_REFUSED = "\n550 5.1.1 <anna@contoso.com>: Recipient address rejected: User unknown in virtual mailbox table"


def told(text: str, kind: str) -> set[str]:
    facts = (fact for artefact in recognise(Paste.of(text + _REFUSED)) for fact in artefact.facts)
    return {fact.name for fact in facts if isinstance(fact, Configured) and fact.kind == kind}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("We run mailcow behind traefik.", {"product"}),
        ("I can't receive a single mail.", {"receives"}),
        ("Wir können keine Mails empfangen.", {"receives"}),
        ("Je ne reçois plus rien.", {"receives"}),
        ("This Mailu only sends, mail for us is handled by Google.", {"product", "elsewhere"}),
        ("A customer runs Postfix.", set()),
        ("Their Zimbra refuses us.", set()),
        ("We moved away from Exim.", set()),
        ("Can it only send to insiders?", set()),
    ],
)
def test_whose_server_it_is(text: str, names: set[str]) -> None:
    assert told(text, "own-server") - {"outward"} == names


@pytest.mark.parametrize(
    "text",
    [
        "Our address is on no blacklist.",
        "We aren't on any block list. What now?",
        "mxtoolbox shows nothing.",
        "Unsere IP steht auf keiner Blacklist.",
        "Elle n'est sur aucune liste noire.",
    ],
)
def test_an_address_on_no_list(text: str) -> None:
    assert told(text, "told-not-listed")


@pytest.mark.parametrize(
    "text", ["Are we not on any block list?", "Our address is on a blacklist.", "They block lists of us."]
)
def test_nothing_of_lists(text: str) -> None:
    assert not told(text, "told-not-listed")
