"""A stranger's value in a command is one literal, or the command isn't offered."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from diagnostics.powershell import SINGLE_QUOTES, UnquotableError, command, quoted, token
from tests.commands.powershell_grammar import errors, literals, parsed

# Every quote, dash, bracket and expansion character that PowerShell reads, and then anything at all.
_HOSTILE = st.text(
    alphabet=st.one_of(st.sampled_from(SINGLE_QUOTES + '"“”„`$(){}[]<>|&;,@#%–—-\\/\r\n\t '), st.characters())
)


@given(_HOSTILE)
@example("x'; Remove-Mailbox *; '")
@example("x\u2019; Remove-Mailbox *; \u2019")
@example("$(Stop-Computer)")
def test_a_value_is_one_literal_or_is_refused(value: str) -> None:
    try:
        literal = quoted(value)
    except UnquotableError:
        assert len(value) > 512 or any(unicodedata.category(char)[0] in "CZ" for char in value)
        return
    line = f"Get-SendConnector {literal} -Verbose"
    assert literals(line) == [literal]
    assert errors(line) == []
    inside = literal[1:-1]
    for char in SINGLE_QUOTES:
        inside = inside.replace(char * 2, char)
    assert inside == value


@given(_HOSTILE)
def test_a_token_is_one_plain_word_or_is_refused(value: str) -> None:
    try:
        word = token(value)
    except UnquotableError:
        return
    assert word == value
    assert word.isascii()
    assert not set(word) & set(" '\"`$(){}[]<>|&;,@#%\\/\r\n\t")
    assert not word.startswith("-")


@given(_HOSTILE)
def test_no_value_adds_a_command(value: str) -> None:
    line = command("Set-SendConnector {connector} -ProtocolLoggingLevel Verbose", connector=value)
    if line and value:
        names = [n for n in _walk(parsed(line)) if n.type == "command_name"]
        assert [n.text for n in names] == [b"Set-SendConnector"]


def _walk(node):  # type: ignore[no-untyped-def]
    yield node
    for child in node.children:
        yield from _walk(child)


def test_a_missing_value_is_left_for_the_reader() -> None:
    assert command("Get-Item {current_thumbprint}", current_thumbprint="") == "Get-Item '<current-thumbprint>'"
    assert command("certutil -store my {thumbprint:token}", thumbprint="") == "certutil -store my '<thumbprint>'"


@pytest.mark.parametrize("value", ["a\nb", "a\u202eb", "a\u200bb", "a\x1b[31m", "a\u2028b", "x" * 513])
def test_what_cannot_be_shown_and_copied_is_not_offered(value: str) -> None:
    assert command("Get-SendConnector {connector}", connector=value) == ""
