"""Format-List and Format-Table text, after consoles, chat and redaction."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.recognisers.format_list import Block, blocks, items, plain, tables
from diagnostics.text import Paste

VALUE = '451 4.4.0 Primary target IP address responded with: "421 4.2.1 Unable to connect." Attempted failover.'
OBJECT = {"Status": "Retry", "LastError": VALUE, "Identity": "EX01\\12"}


def lines(text: str) -> list[tuple[int, str]]:
    return list(enumerate(Paste.of(text).lines))


def read(text: str) -> list[Block]:
    return blocks(lines(text))


def printed(values: dict[str, str], *, width: int = 10_000) -> str:
    """As PowerShell prints an object: names padded to the longest, values cut at `width` columns."""
    pad = max(map(len, values)) + 1
    out = []
    for name, value in values.items():
        room = width - pad - 2
        parts = [value[i : i + room] for i in range(0, len(value), room)] or [""]
        out.append(f"{name:{pad}}: {parts[0]}".rstrip())
        out.extend(" " * (pad + 2) + part for part in parts[1:])
    return "\n".join(out)


@pytest.mark.parametrize("width", [79, 80, 119, 120, 60])
def test_a_value_that_the_console_cut_is_put_back_together(width: int) -> None:
    (block,) = read(printed(OBJECT, width=width))
    assert block.value("lasterror") == VALUE
    assert (block.value("status"), block.value("identity")) == ("Retry", "EX01\\12")


def test_a_mail_client_cuts_at_spaces() -> None:
    text = "\n".join(textwrap.wrap(f"LastError : {VALUE}", 76, break_on_hyphens=False, break_long_words=False))
    (block,) = read("Status    : Retry\n" + text + "\nIdentity  : EX01\\12")
    assert (block.value("lasterror"), block.value("identity")) == (VALUE, "EX01\\12")


def test_objects_end_at_blank_lines_and_at_a_repeated_name() -> None:
    text = printed(OBJECT)
    assert len(read(f"{text}\n\n{text}\n{text}")) == 3


def test_a_double_spaced_paste_is_one_object() -> None:
    (block,) = read("Name : a\n\nStatus : Retry\n\nIdentity : b\n\nMessageCount : 3")
    assert block.value("messagecount") == "3"


def test_an_object_on_one_line() -> None:
    (block,) = read("Thumbprint : AB12 Services : IIS, SMTP Subject : CN=mail.contoso.com, O=Contoso")
    assert block.value("services") == "IIS, SMTP"
    assert block.value("subject") == "CN=mail.contoso.com, O=Contoso"


def test_prose_after_the_object_is_not_part_of_it() -> None:
    (block,) = read(printed(OBJECT) + "\nwe see this since monday")
    assert block.lines == [0, 1, 2]
    assert block.value("identity") == "EX01\\12"


def test_lines_are_those_of_the_values() -> None:
    (block,) = read("\n\n" + printed(OBJECT, width=80))
    assert block.line("status") == 2
    assert block.line("nothing", "lasterror") == 3


@pytest.mark.parametrize(
    "mask", ["XXXX", "xxxxxxxx", "****", "x.x.x.x", "X.X.X.X", "<redacted>", "[removed]", "REDACTED", "####", "---"]
)
def test_a_masked_value_is_unknown(mask: str) -> None:
    assert plain(mask) == ""
    (block,) = read(f"Name : {mask}\nStatus : Ready")
    assert block.value("name") == ""


@pytest.mark.parametrize("value", ["*", "-1", "None", "mx1", "xen.contoso.com", "x", "Hidden Valley", "25"])
def test_a_clear_value_stays(value: str) -> None:
    assert plain(f" {value} ") == value


def test_collections() -> None:
    assert items("{mail.contoso.com, autodiscover.contoso.com...}") == ("mail.contoso.com", "autodiscover.contoso.com")
    assert items("{}") == ()
    assert items('{"a, b", c}') == ('"a, b"', "c")


def test_a_table_whose_numbers_end_under_their_header() -> None:
    text = "Name      Count Error\n----      ----- -----\nfirst         7 451 4.4.0\nsecond    12345 none of it"
    rows = [row.cells for row in tables(lines(text), "name", "error")]
    assert rows == [
        {"name": "first", "count": "7", "error": "451 4.4.0"},
        {"name": "second", "count": "12345", "error": "none of it"},
    ]


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        (
            "MBX2\\In  {[::]:25, 0.0.0.0:25} FrontendTransport True",
            ("{[::]:25, 0.0.0.0:25}", "FrontendTransport", "True"),
        ),
        ("MBX2\\In  {0.0.0.0:25}  HubTransport   True", ("{0.0.0.0:25}", "HubTransport", "True")),
        ("MBX2\\In                 HubTransport   True", ("", "HubTransport", "True")),
    ],
)
def test_a_value_wider_than_its_column_pushes_the_next_aside(row: str, cells: tuple[str, ...]) -> None:
    text = f"Name     Bindings       Role           On\n----     --------       ----           --\n{row}"
    ((found,),) = [[each.cells for each in tables(lines(text), "name", "role")]]
    assert tuple(found.values()) == ("MBX2\\In", *cells)


def test_a_number_may_begin_left_of_its_header() -> None:
    text = "Name  Owner Count\n----  ----- -----\nfirst      104711"
    assert [row.cells["count"] for row in tables(lines(text), "name", "count")] == ["104711"]


def test_a_table_cell_that_was_wrapped() -> None:
    text = "Name   Error\n----   -----\nfirst  451 4.4.0 DNS\n       query failed\nsecond x\n\nprose here now"
    rows = [(row.line, row.cells["error"], row.lines) for row in tables(lines(text), "name", "error")]
    assert rows == [(2, "451 4.4.0 DNS query failed", (2, 3)), (4, "x", (4,))]


@given(st.text(alphabet=' \t:ab{}[]"-*\n.X', max_size=300))
@settings(max_examples=200)
def test_any_text_is_read_without_an_error_and_each_line_once(text: str) -> None:
    source = lines(text)
    taken = [line for block in blocks(source) for line in dict.fromkeys(block.lines)]
    assert set(taken) <= {index for index, _ in source}
    for row in tables(source, "a"):
        assert row.line in row.lines


NAMES = st.from_regex(r"[A-Z][A-Za-z]{2,20}", fullmatch=True)
VALUES = st.from_regex(r"[a-z0-9]([a-z0-9 .,;=-]{0,200}[a-z0-9])?", fullmatch=True).filter(plain)  # a mask is no value


@given(st.dictionaries(NAMES, VALUES, min_size=2, max_size=8), st.sampled_from([10_000, 80, 120]))
@settings(max_examples=100)
def test_what_powershell_prints_is_read_back(values: dict[str, str], width: int) -> None:
    values = {name: " ".join(value.split()) for name, value in {n.lower(): v for n, v in values.items()}.items()}
    if len(values) < 2:
        return
    (block,) = read(printed(values, width=width))
    got = {name: "".join(block.value(name).split()) for name in values}
    assert got == {name: "".join(value.split()) for name, value in values.items()}


_DATABASES = """Name  Server  Recovery ReplicationType Mounted
----  ------  -------- --------------- -------
DB01  EX01    False    Remote          False"""


def _rows(text: str) -> list[dict[str, str]]:
    return [row.cells for row in tables(list(enumerate(text.split("\n"))), "name", "mounted")]


@pytest.mark.parametrize("gap", [" ", "  ", "\t"])
def test_a_table_whose_blanks_chat_has_squeezed(gap: str) -> None:
    squeezed = "\n".join(gap.join(line.split()) for line in _DATABASES.split("\n")[:3])
    assert _rows(squeezed) == _rows(_DATABASES)[:1]


def test_an_empty_cell_beside_one_of_two_words_is_no_squeezed_row() -> None:
    text = "Name          Server Mounted\n----          ------ -------\nMail Archive         True"
    assert _rows(text) == [{"name": "Mail Archive", "server": "", "mounted": "True"}]


def test_a_table_between_tabs_keeps_its_empty_cells_and_its_blanks() -> None:
    text = "Name\tServer\tMounted\n----\t------\t-------\nMail Archive\t\tTrue"
    assert _rows(text) == [{"name": "Mail Archive", "server": "", "mounted": "True"}]
