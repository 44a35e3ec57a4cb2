"""The tables themselves: complete, well-formed, and every row can be reached."""

import itertools

import pytest
import re2
from msgspec import ValidationError

from diagnostics.codes import Row, explain, is_wrapper, suspects, tables
from diagnostics.codes.reply import fitting
from diagnostics.codes.wording import fold

ALL = [(table, row) for table in tables.names() for row in tables.rows(table)]
REPLIES = [row for table, row in ALL if table.startswith(("enhanced", "smtp", "exchange"))]
CAUSE = re2.compile(r"[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*){1,3}")
CODE = {
    "smtp-basic": r"[2-5]\d\d",
    "enhanced": r"(?:\d{3} )?[X45]\.\d\.\d+(?:-[45]\.\d\.\d+)?",
    "exchange": r"(?:\d{3} )?[245]\.\d\.\d+|[A-Za-z]+Exception\w*|\w+Denied\w*",
    "entra": r"AADSTS\d{5,7}",
    "sspi": r"0x8[0-9A-F]{7}",
    "mail-clients": r"0x800(?:(?:CCC|421|72E|72F)[0-9A-F]{1,2}|40610|4011[5D]|4010F|70005)",
    "winsock": r"\d{3,5}",
    "schannel": r"(?:Event|alert) \d+",
    "events": r"(?:Event|CAPI2) \d+",
    "markers": r".+",
    "wizard": r"HCW(?:\d{4})?",
    "queues": r"[A-Z][A-Za-z]+",
    "shown": r"[A-Za-z ]+",
}


@pytest.mark.parametrize("table", tables.names())
def test_codes_have_the_form_of_their_table(table):
    pattern = re2.compile(CODE[table if table in CODE else table.partition("-")[0]])
    assert [row.code for row in tables.rows(table) if not pattern.fullmatch(row.code)] == []


@pytest.mark.parametrize("table", tables.names())
def test_no_row_stands_twice(table):
    events = table in tables.event_tables()  # whose numbers each provider gives for itself
    keys = [(row.code, fold(row.text), row.emitter if events else "") for row in tables.rows(table)]
    assert len(keys) == len(set(keys))


def test_rows_of_enhanced_codes_stand_in_the_table_of_their_subject():
    for table, row in ALL:
        if table.startswith("enhanced-"):
            assert row.code.rpartition(" ")[2].split(".")[1] == table.split("-")[1], row.code


def test_causes_are_well_formed_ids_with_falling_weights():
    for _, row in ALL:
        assert all(CAUSE.fullmatch(cause) for cause, _ in row.causes), row
        weights = [weight for _, weight in row.causes]
        assert weights == sorted(weights, reverse=True), row
        assert all(0 < weight <= 1 for weight in weights), row
        assert sum(weights) <= 1.05, row  # 1, and room for rounding
        assert len({cause for cause, _ in row.causes}) == len(weights), row


def test_no_row_uses_a_retired_id():
    assert not [row for _, row in ALL if "hybrid.accepted-domain.not-internal-relay" in dict(row.causes)]


def test_meanings_are_sentences():
    for _, row in ALL:
        assert row.meaning.endswith((".", ")")), row
        assert row.meaning[0].isupper() or row.meaning.startswith("x-"), row


@pytest.mark.parametrize("row", REPLIES, ids=lambda row: f"{row.code} {row.text}"[:60])
def test_every_reply_row_is_found_by_its_own_number_and_text(row: Row):
    one = tables.entry(row)
    enhanced = one.enhanced.split("-")[0].replace("X", "5")
    found = [entry.row for _, entry in fitting(one.basic, enhanced, fold(row.text.replace("…", " a ")))]
    assert row in found
    if row.text:
        assert found[0].text, "a row with a text comes before the mere number"


@pytest.mark.parametrize(("table", "row"), ALL, ids=lambda part: part if isinstance(part, str) else part.code)
def test_every_row_can_be_reached_by_explain(table: str, row: Row):
    asked = f"{row.code} {row.text.replace('…', ' and ')}" if row in REPLIES else row.code
    if table in ("markers", "wizard") and row.text:
        asked = row.text.replace("…", " and ")
    assert row.meaning in {meaning.meaning for meaning in explain(asked).meanings}


def test_the_rfc_5321_replies_are_there():
    numbers = "211 214 220 221 250 251 252 354 421 450 451 452 455 500 501 502 503 504 550 551 552 553 554 555"
    assert set(numbers.split()) <= {row.code for row in tables.rows("smtp-basic") if not row.text}


def test_the_registered_enhanced_codes_are_there():
    last = {0: 0, 1: 10, 2: 4, 3: 6, 4: 7, 5: 6, 6: 10, 7: 30}
    missing = [
        f"X.{subject}.{detail}"
        for subject, most in last.items()
        for detail in range(most + 1)
        if not any(row.code == f"X.{subject}.{detail}" for _, row in ALL)
    ]
    assert missing == []


def test_dane_is_there_as_delay_and_as_final():
    for kind, detail in itertools.product("45", range(321, 326)):
        assert suspects(None, f"{kind}.7.{detail}", "")[0][0].startswith("tls.dane.")


def test_a_wrong_row_is_refused():
    with pytest.raises(ValidationError):
        tables.checked([{"code": "550", "name": "", "emitter": "x", "meaning": "x", "source": "x"}])
    with pytest.raises(ValidationError):
        tables.checked([{"code": "5", "name": "x", "emitter": "x", "meaning": "x", "source": "x", "colour": "red"}])


@pytest.mark.parametrize("row", [row for row in REPLIES if row.wrapper], ids=lambda row: f"{row.code} {row.text}")
def test_every_wrapper_row_is_seen_as_one(row: Row):
    one = tables.entry(row)
    assert is_wrapper(one.basic, one.enhanced.replace("X", "4"), row.text.replace("…", " -> "))
