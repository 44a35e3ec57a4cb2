"""Whose server it is that knows no such user: what people tell beside the refusal."""

from __future__ import annotations

import pytest

from diagnostics.mail_facts import Configured
from diagnostics.recognisers import recognise
from diagnostics.text import Paste

_REFUSED = "550 5.1.1 <anna@contoso.com>: Recipient address rejected: User unknown in virtual mailbox table\n\n"


def told(text: str) -> Configured | None:
    found = recognise(Paste.of(_REFUSED + text))
    facts = [fact for each in found for fact in each.facts if isinstance(fact, Configured)]
    return next((each for each in facts if each.kind == "told-own-server"), None)


@pytest.mark.parametrize(
    "sentence",
    [
        "we can't receive anything since the update",
        "I have added anna as an alias of kim",
        "nothing comes in any more, nothing is received in the mailbox, incoming mail bounces",
        "external senders get this for all our accounts",
        "when someone sends to my alias they get it",
        "mail from gmail to anna@contoso.com is bounced",
        "our server rejects mail for the new colleague",
        "this is iRedMail on Debian 12",
        "+tag addresses do not work on my box",
        "seit gestern können wir keine Mails mehr empfangen",
        "eingehende Mails werden abgelehnt",
        "wer an uns schreibt, bekommt das zurück",
        "on ne peut plus rien recevoir",
        "no recibimos correos desde ayer",
        "non riceviamo posta da ieri",
        "the domain is Internal Relay in our accepted domains",
    ],
)
def test_the_reader_s_own(sentence: str) -> None:
    assert told(sentence) is not None


@pytest.mark.parametrize(
    "sentence",
    [
        "our customer can't receive our mail",
        "we run mailcow, and it is a customer who has this address",
        "our partner says that their server is fine",
        "one of our users wrote to her and got this back",
        "could it be that we can't receive?",
        "sent by a script on our server",
        "220 mx.fabrikam.com ESMTP Postfix",
        "Received: by mx.fabrikam.com (Postfix)",
    ],
)
def test_another_one_s(sentence: str) -> None:
    assert told(sentence) is None


def test_mailboxes_at_another_place() -> None:
    here, there = told("we run Plesk"), told("we run Plesk, the mailboxes are hosted at Google")
    assert here is not None
    assert there is not None
    assert (here.get("Mailboxes"), there.get("Mailboxes")) == ("", "elsewhere")
