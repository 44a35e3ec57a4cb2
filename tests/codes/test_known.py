"""Every code that is known from documentation and incidents is explained, truly, in the forms that people type.

known.tsv: code, the literal text that goes with it (or nothing), and the causes that it most often has.
"""

from __future__ import annotations

import csv
import re
from functools import lru_cache
from pathlib import Path

import pytest

from diagnostics import explain
from diagnostics.cause import catalogue
from diagnostics.codes import tables
from diagnostics.codes.model import Row

with (Path(__file__).parent / "known.tsv").open(encoding="utf-8") as file:
    _KNOWN = [tuple(row) for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)][1:]
_DOTTED = re.compile(r"[X245]\.\d+\.\d+")


@lru_cache
def _meant(query: str) -> tuple[tuple[str, str], ...]:
    """(code, name) of every meaning."""
    return tuple((meaning.code, meaning.name) for meaning in explain(query).meanings)


def _covers(code: str, asked: str) -> bool:
    """Whether a meaning's code is what was asked for: the same, of any class, or a range around it."""
    wanted = _DOTTED.search(asked)
    if not wanted:
        return asked.casefold() in code.casefold()
    kind, subject, detail = wanted[0].split(".")
    for first, last in re.findall(r"([X245]\.\d+\.\d+)(?:-([X245]\.\d+\.\d+))?", code):
        its, about, low = first.split(".")
        high = last.rpartition(".")[2] or low
        if {its, kind} & {"X", kind} and about == subject and int(low) <= int(detail) <= int(high):
            return its in (kind, "X") or kind == "X"
    return False


@pytest.mark.parametrize(("code", "text", "causes"), _KNOWN, ids=lambda part: part[:40])
def test_a_known_code_is_explained(code: str, text: str, causes: str) -> None:
    for asked in (code, code.lower(), f"  {code}.", f"`{code}`") if code else ():
        assert any(_covers(found, code) for found, _ in _meant(asked)), asked
    whole = f"{code} {text}".strip()
    found = explain(whole)
    named = {cause for meaning in found.meanings for cause in meaning.causes}
    assert found.found
    assert not causes or named & set(causes.split()), f"{whole}: {sorted(named)}"


def _rows(table: str) -> list[Row]:
    return list(tables.rows(table))


def _assert_named(row: Row, *queries: str) -> None:
    missed = [query for query in queries if (row.code, row.name) not in _meant(query)]
    assert missed == [], row.code


@pytest.mark.parametrize("row", _rows("sspi"), ids=lambda row: row.code)
def test_a_result_in_hex_decimal_and_by_name(row: Row) -> None:
    value = int(row.code, 16)
    hexes = (
        f"0x{value:08X}",
        f"0x{value:08x}",
        f"{value:08X}",
        f"{value:08x}",
        f"(0x{value:08X})",
        f"hr=0x{value:08x}",
    )
    signed = str(value - 2**32)
    decimals = (str(value), signed, f"HRESULT {signed}", f"Error {signed}", signed.replace("-", "\u2212"))
    phrases = (f"code 0x{value:08X}", f"error code: 0x{value:08x}", f"what is 0x{value:08X}?")
    names = [form for name in (row.name, *row.aliases) for form in (name, name.lower(), name.upper(), f'"{name}"')]
    _assert_named(row, *hexes, *decimals, *phrases, *names)


@pytest.mark.parametrize("row", _rows("winsock"), ids=lambda row: row.code)
def test_a_socket_error_by_number_and_name(row: Row) -> None:
    number = int(row.code)
    names = [form for name in (row.name, *row.aliases) for form in (name, name.lower())]
    forms = ("{}", "error {}", "error code {}", "Winsock error {}", "socket error {}", "WSA {}", "Win32 error code: {}")
    _assert_named(row, *(form.format(number) for form in forms), f"0x{number:X}", f"0x8007{number:04X}", *names)


_NUMBERED = {
    "Event": ("event {}", "EVENT {}", "Event ID {}", "EventID: {}", "eventid {}", "id {}", "{}", "event id: {}"),
    "CAPI2": ("CAPI2 {}", "capi2 {}", "CAPI2 event {}", "Event 1, CAPI2 {}"),
    "alert": ("alert {}", "TLS alert {}", "fatal alert {}", "SSL alert number {}", "alert code {}"),
}


@pytest.mark.parametrize(
    "row", [row for table in tables.event_tables() for row in _rows(table)], ids=lambda row: row.code
)
def test_an_event_or_alert_by_number_and_name(row: Row) -> None:
    kind, _, number = row.code.partition(" ")
    names = [form for name in row.aliases for form in (name, name.lower())]
    provider = [f"{row.emitter.partition(' (')[0].partition(',')[0]} {number}"] if kind == "Event" else []
    _assert_named(row, *(form.format(number) for form in _NUMBERED[kind]), *names, *provider)


@pytest.mark.parametrize("row", [row for name in tables.EXCHANGE for row in _rows(name)], ids=lambda row: row.text)
def test_a_token_alone_and_in_its_reply(row: Row) -> None:
    whole = f"{row.code} {row.text.replace('…', 'and')}"
    replies = (whole, f"#{whole}; not found ##", f"smtp;{whole}", f"Remote Server returned '{whole}'")
    _assert_named(row, *replies)
    if "…" not in row.text:
        last = tables.last_word(row.text) or row.text
        _assert_named(row, row.text, row.text.lower(), row.text.upper(), f"{row.text};", last)


def _numbers() -> list[Row]:
    """Rows that a number alone means."""
    names = [name for name in tables.names() if name.startswith(("enhanced", "smtp"))]
    rows = [row for name in names for row in tables.rows(name)]
    return [row for row in rows if not tables.entry(row).parts and "-" not in tables.entry(row).enhanced]


@pytest.mark.parametrize("row", _numbers(), ids=lambda row: f"{row.code} {row.name}"[:50])
def test_a_status_code_in_the_forms_people_type(row: Row) -> None:
    one, code = tables.entry(row), row.code
    queries = [code, code.lower(), f"#{code}", f"<{code}>", f"{code}.", f"{code}:", f"{code}?", f"error code {code}"]
    if one.basic and one.enhanced:
        queries += [f"{one.basic}-{one.enhanced}", f"#{code}", f"{one.basic} #{one.enhanced}", f"smtp; {code}"]
    if code.startswith("X."):
        queries += [f"{kind}{code[1:]}" for kind in "45"] + [f"#5{code[1:]}", f"Status: 5{code[1:]}"]
    _assert_named(row, *queries)


@pytest.mark.parametrize(
    ("query", "code", "cause"),
    [
        ("550 5.7.64 TenantAttribution; Relay Access Denied", "550 5.7.64", "connector.exo-inbound."),
        ("#5.1.1", "X.1.1", ""),
        ("code 0x8009030D", "0x8009030D", "tls.certificate.private-key-permission"),
        ("-2146893043", "0x8009030D", "tls.certificate.private-key-permission"),
        ("event 36870", "Event 36870", "tls.certificate.private-key-"),
        ("schannel 36870", "Event 36870", "tls.certificate.private-key-"),
        ("smtp error 421", "421", ""),
        ("certificate-host-mismatch", "4.7.325", "tls.dane.certificate-host-mismatch"),
        ("resolver.rst.sendernotauthenticatedformailbox", "5.7.134", "policy.restriction."),
    ],
)
def test_what_people_type(query: str, code: str, cause: str) -> None:
    meanings = explain(query).meanings
    assert code in [meaning.code for meaning in meanings]
    assert any(each.startswith(cause) for meaning in meanings for each in meaning.causes)


@pytest.mark.parametrize("id_", sorted(catalogue()))
def test_a_cause_id_shows_its_page(id_: str) -> None:
    for form in (id_, id_.upper(), f"`{id_}`", f" {id_}\n", f"{id_}.", f"{id_}?"):
        found = explain(form)
        assert [(meaning.code, meaning.name) for meaning in found.meanings] == [(id_, catalogue()[id_].title)]


@pytest.mark.parametrize("id_", sorted(catalogue()))
def test_a_title_shows_the_page_of_its_cause(id_: str) -> None:
    title = catalogue()[id_].title
    if any(title.lower() in other.title.lower() for other in catalogue().values() if other.id != id_):
        pytest.skip("part of another title")
    found = explain(title)
    assert [meaning.code for meaning in found.meanings] == [id_] or found.meanings[
        0
    ].emitter  # words that are a server's own


@pytest.mark.parametrize(
    ("query", "id_"),
    [
        ("private-key-permission", "tls.certificate.private-key-permission"),
        ("connection.timeout", "network.connection.timeout"),
        ("destination refuses the connection", "network.connection.refused"),
    ],
)
def test_a_part_that_only_one_cause_has_shows_its_page(query: str, id_: str) -> None:
    assert [meaning.code for meaning in explain(query).meanings] == [id_]


@pytest.mark.parametrize(
    ("query", "id_"),
    [
        ("network.conection.timeout", "network.connection.timeout"),
        ("Destination refuse the conection", "network.connection.refused"),
        ("mailbox", "quota-throttle.mailbox.full"),
    ],
)
def test_causes_that_may_be_meant_are_named(query: str, id_: str) -> None:
    found = explain(query)
    assert not found.found
    assert f"`{id_}`" in found.hint


@pytest.mark.parametrize("query", ["mail.contoso.com", "nobody knows what this is", "banana"])
def test_what_resembles_no_cause_is_not_taken_for_one(query: str) -> None:
    found = explain(query)
    assert not found.found
    assert "Did you mean" not in found.hint


def test_the_causes_of_every_code_are_in_the_catalogue() -> None:
    rows = [row for name in tables.names() for row in tables.rows(name)]
    assert {cause for row in rows for cause, _ in row.causes} - set(catalogue()) == set()
    assert {cause for _, _, causes in _KNOWN for cause in causes.split()} - set(catalogue()) == set()
