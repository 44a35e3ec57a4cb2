"""What a directory was asked and answered: the cmdlets' own errors, and look-ups that a person tells of."""

from __future__ import annotations

import pytest

from diagnostics import diagnose
from diagnostics.mail_facts import Addressed, Configured, LookedUp
from diagnostics.recognisers import recognise
from diagnostics.text import Paste

_LOOPED = "554 5.4.14 Hop count exceeded - possible mail loop ATTR34\n"


def lookups(text: str) -> list[tuple[str, bool, str]]:
    facts = [fact for each in recognise(Paste.of(text)) for fact in each.facts if isinstance(fact, LookedUp)]
    return [(each.address, each.found, each.where) for each in facts]


ERRORS = [
    (
        "The operation couldn't be performed because object 'kim@contoso.com' couldn't be found on 'DC01.contoso.local'.",
        "on-prem",
    ),
    (
        "Get-Recipient : The operation couldn't be performed because object 'kim@contoso.com' couldn't be found on 'DC01'.",
        "on-prem",
    ),
    (
        "Get-EXOMailbox: Error while querying. object 'kim@contoso.com' couldn't be found on 'DC2.EURPR05.PROD.OUTLOOK.COM'.",
        "exchange-online",
    ),
    (
        'Der Vorgang wurde nicht ausgeführt, da das Objekt "kim@contoso.com" auf "dc01.contoso.local" nicht gefunden wurde.',
        "on-prem",
    ),
    ("Impossible : l'objet 'kim@contoso.com' est introuvable sur 'dc01.contoso.local'.", "on-prem"),
]


@pytest.mark.parametrize(("text", "where"), ERRORS)
def test_a_directory_that_has_no_such_object(text: str, where: str) -> None:
    assert lookups(text) == [("kim@contoso.com", False, where)]


TOLD = [
    ("EXO: Get-Recipient kim@contoso.com -> couldn't be found", (False, "exchange-online")),
    ("on-prem: Get-Recipient kim@contoso.com -> RemoteSharedMailbox", (True, "on-prem")),
    ("in the cloud\nGet-Recipient kim@contoso.com returns nothing", (False, "exchange-online")),
    ("Get-EXORecipient kim@contoso.com -> not found", (False, "exchange-online")),
    ("Get-Mailbox kim@contoso.com -> exists", (True, "")),
    ("Lokal: Get-Recipient kim@contoso.com -> nicht gefunden", (False, "on-prem")),
]


@pytest.mark.parametrize(("text", "answer"), TOLD)
def test_a_look_up_that_is_told(text: str, answer: tuple[bool, str]) -> None:
    assert lookups(text) == [("kim@contoso.com", *answer)]


@pytest.mark.parametrize(
    "text",
    [
        "please check Get-Recipient kim@contoso.com tomorrow",
        "Get-RemoteMailbox kim@contoso.com -> couldn't be found",
        "Get-MailPublicFolder in EXO is empty",
        "if Get-Recipient kim@contoso.com returns nothing, it was never synced",
    ],
)
def test_a_wish_or_a_condition_is_no_answer(text: str) -> None:
    assert lookups(text) == []


def types(sentence: str) -> list[tuple[str, str]]:
    facts = [fact for each in recognise(Paste.of(_LOOPED + sentence)) for fact in each.facts]
    domains = [each for each in facts if isinstance(each, Configured) and each.kind == "accepted-domain"]
    return [(each.name, each.get("DomainType")) for each in domains]


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("contoso.com is Internal Relay on both sides", [("contoso.com", "InternalRelay")] * 2),
        ("the domain is set to internal relay", [("", "InternalRelay")]),
        ("a@contoso.com: die Domäne steht in EXO auf Authoritative", [("contoso.com", "Authoritative")]),
        ("EXO: Get-AcceptedDomain contoso.com -> contoso.com InternalRelay", [("contoso.com", "InternalRelay")]),
        ("is the domain internal relay?", []),
        ("the domain should be internal relay", []),
    ],
)
def test_the_type_of_a_domain(sentence: str, found: list[tuple[str, str]]) -> None:
    assert types(sentence) == found


def written_to(sentence: str) -> list[tuple[str, ...]]:
    text = f"{sentence}\n550 5.1.1 <jo@fabrikam.com>: Recipient address rejected: User unknown"
    return [fact.recipients for each in recognise(Paste.of(text)) for fact in each.facts if isinstance(fact, Addressed)]


@pytest.mark.parametrize(
    ("sentence", "recipients"),
    [
        ("I only wrote to info@contoso.com", [("info@contoso.com",)]),
        ("wrote to info@contoso.com, but the report names another address, jo@fabrikam.com", [("info@contoso.com",)]),
        ("Ich habe nur an info@contoso.com geschrieben, zurück kommt jo@fabrikam.com", [("info@contoso.com",)]),
        ("Ho scritto solo a info@contoso.com", [("info@contoso.com",)]),
        ("J'ai écrit uniquement à info@contoso.com", [("info@contoso.com",)]),
        ("I wrote to info@contoso.com", []),
        ("did you write to info@contoso.com only?", []),
        ("only info@contoso.com is concerned", []),
    ],
)
def test_whom_somebody_says_they_wrote_to(sentence: str, recipients: list[tuple[str, ...]]) -> None:
    assert written_to(sentence) == recipients


@pytest.mark.parametrize(
    "talk",
    [
        "I only wrote to info@contoso.com yesterday, no answer yet",
        "FYI the domain contoso.com is authoritative, we should keep it so",
        "we will set contoso.com to internal relay next week, any objections?",
    ],
)
def test_talk_alone_stays_unanswered(talk: str) -> None:
    assert diagnose(talk).verdict == "nothing"
