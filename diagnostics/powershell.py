"""Commands that carry a stranger's values.

A value reaches a command only through `command()`. In PowerShell it becomes one single-quoted literal; after a native
program, in cmd and in bash it must already be a plain token. A value that can't be written safely means that the
command isn't offered: `command()` returns "".
"""

from __future__ import annotations

import string
import unicodedata
from typing import Final

from diagnostics.patterns import linear

# The characters PowerShell reads as a single quote (about_Quoting_Rules; the tokenizer's IsSingleQuote).
SINGLE_QUOTES: Final = "'\u2018\u2019\u201a\u201b"
_DOUBLED: Final = str.maketrans({char: char * 2 for char in SINGLE_QUOTES})
_TOKEN = linear(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,252}")
_LONGEST: Final = 512


class UnquotableError(ValueError):
    """The value holds a character that can't be shown and copied safely, or is too long to be a name."""


def quoted(value: str) -> str:
    """`value` as one PowerShell literal. Raises UnquotableError for control, format and line-separating characters."""
    if len(value) > _LONGEST or any(_unsafe(char) for char in value):
        raise UnquotableError("the value holds characters that are not safe in a command")
    return "'" + value.translate(_DOUBLED) + "'"


def _unsafe(char: str) -> bool:
    # Cc, Cf (bidirectional and zero-width), Cs, Co, Cn, Zl, Zp: what is shown would not be what is run.
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def token(value: str) -> str:
    """`value` if it is a plain host name, address, thumbprint or number. Raises UnquotableError otherwise."""
    if not value.isascii() or not _TOKEN.fullmatch(value):
        raise UnquotableError("the value is not a plain token")
    return value


class _Quoting(string.Formatter):
    def format_field(self, value: object, format_spec: str) -> str:
        return token(str(value)) if format_spec == "token" else quoted(str(value))


def command(template: str, /, **values: str) -> str:
    """Fill `template`: `{name}` becomes a quoted literal, `{name:token}` a bare token, `{{` a brace.

    An empty value becomes its own name in angle brackets, inside quotes, for the reader to fill in. Returns "" when
    a value can't be written safely.
    """
    filled = {name: value or f"<{name.replace('_', '-')}>" for name, value in values.items()}
    empty = {name for name, value in values.items() if not value}
    try:
        return _Quoting().vformat(_without_token(template, empty), (), filled)
    except UnquotableError:
        return ""


def _without_token(template: str, empty: set[str]) -> str:
    """A placeholder is no token: write it as a quoted literal, which every shell reads as one word."""
    for name in empty:
        template = template.replace("{" + name + ":token}", "{" + name + "}")
    return template
