"""Passwords and secrets in a text, by what stands before them: a name, a parameter of PowerShell, `net use`."""

from __future__ import annotations

from typing import Final

import re2

from diagnostics.patterns import linear

# A string of PowerShell, JSON or a shell, on one line; a doubled or escaped quote does not end it. None begins with a blank:
# there a quote ends what stands before it.
_STRINGS: Final = (
    r'"(?:[^"`\\\s]|[`\\].|"")(?:[^"`\\\n]|[`\\].|"")*"',
    r"'(?:[^'\s]|'')(?:[^'\n]|'')*'",
    r'\\"[^"\\\s][^"\\\n]*\\"',
    r"[‘’][^‘’\s][^‘’\n]*[‘’]",
    r"[“”„][^“”„\s][^“”„\n]*[“”]",
)
_STRING: Final = f"(?:{'|'.join(_STRINGS)})"
_UNCLOSED: Final = r"""["'‘’“”„][^\s"'‘’“”„][^\n]*"""
_EDGES = linear(r"""(?s)(\\?["'‘’“”„]?)(.*?)(\\?["'‘’“”„]?)""")
# Names that nothing else has, and words that prose uses as well: after those, a word of prose stays.
_NAME: Final = (
    r"password|passwd|passphrase|pwd|passwort|kennwort|client_?secret|shared_?secret|signing_?secret|api_?key|access_?token|"
    r"refresh_?token|routing_?key|secret_?key|[/\-]pass"
)
_WORD: Final = r"(?:\b|_)(?:token|secret|pw)"
_NAMED = linear(
    rf"""(?i)(?:({_NAME})|{_WORD})(?:\\?["'‘’“”])?[ \t]*[:=][ \t]*({_STRING}|{_UNCLOSED}|(?:\\?["'])?[^\s"',;<>&\[]{{3,}})"""
)
_BARE: Final = r"""[^\s"'‘’“”„$(),;|<>&\[\-][^\s"'(),;|<>&]{2,}"""
_PARAMETER = linear(
    r"(?i)(?:-[a-z]*(?:password|passwort|kennwort|passphrase|secret|pwd)|"
    rf"convertto-securestring(?:[ \t]+(?:-[a-z]+:?|\$[\w:.]+))*)[ \t]+({_STRING}|{_BARE})"
)
_PIPED = linear(rf"(?i)({_STRING})[ \t]*\|[ \t]*convertto-securestring")
_CREDENTIAL = linear(rf"""(?i)(?:network|ps)credential[^\n"'‘’“”„]{{0,80}}{_STRING}[ \t]*,[ \t]*({_STRING})""")
_NET_USE = linear(r"(?i)\bnet1?(?:\.exe)?[ \t]+use[ \t]([^\n|&;]*/u[a-z]*:[^\n|&;]*)")
_ARGUMENT = linear(r"""(?:"[^"\n]*"|\S)+""")
_NO_PASSWORD = linear(r'(?i)/.*|"?\\\\.*|[a-z]:|lpt[0-9]:?|\*')


def without_passwords(text: str, mark: str) -> str:
    """The text with `mark` in the place of passwords. A string keeps its quotes."""
    for pattern in (_PIPED, _CREDENTIAL):
        text = str(pattern.sub(lambda found: _replaced(found, 1, mark), text))
    text = str(_PARAMETER.sub(lambda found: _replaced(found, 1, mark, prose=True), text))
    text = str(_NAMED.sub(lambda found: _replaced(found, 2, mark, prose=not found[1]), text))
    return str(_NET_USE.sub(lambda found: _after_net_use(found, mark), text))


def is_word(text: str) -> bool:
    """Whether it reads as a word of prose: letters, at most the first one large, perhaps a full stop."""
    bare = text.rstrip(".,;:!?)")
    return bare.isalpha() and bare[1:].islower()


def _replaced(found: re2._Match, group: int, mark: str, *, prose: bool = False) -> str:
    """All that was found, with the mark for what `group` holds between its quotes; as it was where that may be `prose`."""
    whole, edges = str(found[0]), _EDGES.fullmatch(found[group])
    if prose and is_word(edges[2]):
        return whole
    start, end = (place - found.start(0) for place in found.span(group))
    return f"{whole[:start]}{edges[1]}{mark}{edges[3]}{whole[end:]}"


def _after_net_use(found: re2._Match, mark: str) -> str:
    """The password of `net use`: its first argument that is no option, no share and no device."""
    whole, start = str(found[0]), found.start(1) - found.start(0)
    for argument in _ARGUMENT.finditer(str(found[1])):
        if not _NO_PASSWORD.fullmatch(argument[0]):
            return f"{whole[: start + argument.start()]}{mark}{whole[start + argument.end() :]}"
    return whole
