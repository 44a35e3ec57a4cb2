"""Words of other languages are known by what they mean."""

from __future__ import annotations

import tomllib
from itertools import chain
from pathlib import Path

import pytest

from diagnostics.resemblance import glossary as module
from diagnostics.resemblance.glossary import glossary
from diagnostics.resemblance.words import features

_FORMS = tomllib.loads(Path(module.__file__).with_suffix(".toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("öffentliche Ordner", "public folder"),
        ("Zertifikat abgelaufen", "certificate expired"),
        ("le certificat expiré", "certificate expired"),
        ("buzón compartido", "mailbox shared"),
        ("la coda bloccata", "queue blocked"),
        ("a caixa cheia", "mailbox full"),
        ("de wachtrij", "queue"),
        ("skrzynka nadawcza", "mailbox outbox"),
        ("mottagaren", "recipient"),
        ("証明書の更新", "certificate の update"),
        ("Empfangsconnector", "receive connector"),
    ],
)
def test_what_a_word_means_stands_beside_it(line: str, meant: str) -> None:
    (told,) = features([line])
    assert told.issuperset(meant.split())


def test_the_word_itself_stays() -> None:
    assert {"postfach", "mailbox"} <= features(["Postfach"])[0]


def test_a_wrapped_sentence_is_understood_as_a_whole_one() -> None:
    whole, wrapped = features(["öffentliche Ordner"]), features(["öffentliche", "", "Ordner"])
    assert "public folder" in whole[0] & set().union(*wrapped)


def test_english_stays_as_it_is() -> None:
    line = "The sender's mailbox is full, internet mail to limited databases arrives since Monday in code 5.2.2 with no line lost"
    known = set(chain.from_iterable(english.split() for english in _FORMS))
    for word in known | set(line.lower().replace(",", "").split()):
        assert glossary().in_english(word) == (word,)


def test_every_form_means_one_thing() -> None:
    forms = [form for told in _FORMS.values() for form in told.split()]
    assert sorted(forms) == sorted(set(forms))
    assert all(len(form) > module._HEAD for form in forms if form.endswith("*"))
