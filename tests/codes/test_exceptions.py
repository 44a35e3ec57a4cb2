"""Exceptions of the mailbox store that no table has are explained by their parts."""

import pytest

from diagnostics.codes import explain
from diagnostics.codes.exceptions import UNLISTED


@pytest.mark.parametrize(
    ("query", "words", "causes"),
    [
        (
            "STOREDRV.Deliver.Exception:StoragePermanentException.MapiExceptionJetErrorKeyDuplicate",
            [
                "filed in the recipient's mailbox",
                "jet error key duplicate: an error of the database engine",
                "gave the message up",
            ],
            ("store.delivery.permanent-exception",),
        ),
        (
            "432 4.2.0 STOREDRV.Deliver.Exception:FooTransientException.MapiExceptionRpcServerGone; Failed",
            ["rpc server gone: an error of the call", "tries again"],
            ("store.delivery.transient-exception",),
        ),
        (
            "430 4.2.0 STOREDRV.Deliver.Exception:WrongFooException",
            ["(wrong foo)", "tries again"],
            ("store.delivery.transient-exception",),
        ),
        ("STOREDRV.Submission.Exception:BarException", ["taken out of the sender's mailbox"], ()),
        ("MapiExceptionADTopologyLost", ["something in Active Directory"], ("store.delivery.permanent-exception",)),
        ("MapiExceptionAddressUnreadable", ["(address unreadable)"], ("store.delivery.permanent-exception",)),
    ],
)
def test_a_pair_without_a_row_is_explained_by_its_parts(query, words, causes):
    first = explain(query).meanings[0]
    assert first.name == UNLISTED
    assert [word for word in words if word not in first.meaning] == []
    assert first.causes == causes


@pytest.mark.parametrize(
    "query",
    [
        "STOREDRV.Deliver.Exception:StorageTransientException.MapiExceptionTimeout",
        "432 4.2.0 STOREDRV.Deliver.Exception:NewTransientException.MapiExceptionTimeout",
        "MapiExceptionTimeout",
    ],
)
def test_what_a_table_has_is_taken_from_there(query):
    names = [meaning.name for meaning in explain(query).meanings]
    assert "MapiExceptionTimeout" in names
    assert UNLISTED not in names


def test_the_class_that_is_known_says_its_part():
    meaning = explain("STOREDRV.Deliver.Exception:MailboxInfoStaleException.MapiExceptionFoo").meanings[0].meaning
    assert "was just moved" in meaning


def test_the_longer_token_stands_alone():
    found = explain("550 5.2.3 RESOLVER.RST.RecipSizeLimit.DL; message length exceeds administrative limit")
    assert [meaning.name.partition(";")[0] for meaning in found.meanings] == ["RESOLVER.RST.RecipSizeLimit.DL"]
