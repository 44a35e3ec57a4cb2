"""Codes that a person names while telling of a failure: "they come back with 5.7.133", "the queue says NonExistentDomain".

Such a code is no reply, so nothing is read in it: in a channel people talk about codes all day. Where somebody tells that mail
fails, it still says more than the words around it, so it names suspects, as what the text reads like does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

from diagnostics import codes
from diagnostics.cause import Belief, Cause, Finding
from diagnostics.facts import Fact, Reply, Said, Source
from diagnostics.judgement import Judgement
from diagnostics.patterns import linear
from diagnostics.recognisers.reply_text import is_cut
from diagnostics.text import Paste
from diagnostics.verdict import Verdict

_MOST: Final = 3  # codes that one tells of
_ERRORS: Final = ("4", "5", "0x")  # of SMTP and of Windows
_CODE = linear(r"(?:^|[^\d.])(?:([45]\d\d)[ -])?#?([45]\.[1-7]\.\d{1,3})(?:\.|\.{3})?(?:$|[^\d.])")
# Three digits alone are mostly a count: an error is what the word before them says.
_NUMBER = linear(
    r"(?i)(?:error|fehler|erreur|errore|erro|fout\w*|błąd\w*|fel\w{0,4}|\bcode|エラー|ndr|smtp)"
    r"(?:は|コードは)?[\s:]{0,3}(?:code )?([45]\d\d)(?:\D|$)"
)

# Words that only programs write: `NonExistentDomain`, `UntrustedRoot`.
_TOKEN = linear(r"\b(?:[A-Z][a-z]{1,30}){2,6}\b")


def named(judgement: Judgement, prose: str, causes: Mapping[str, Cause]) -> list[Verdict]:
    """Suspects for the codes in `prose`, the words of who tells of a failure; none where a failing reply was read."""
    if any(isinstance(each, Reply) and each.failing for each in judgement.facts):
        return []
    judged = {each.cause.id for each in judgement.verdicts}
    present = frozenset(map(type, judgement.facts))
    found: dict[str, Verdict] = {}
    for code, causes_of in islice(_meant(prose), _MOST):
        source = _line_of(code, judgement.pastes)
        for id_, weight in causes_of:
            each = causes.get(id_)
            if each is None or each.modifier or id_ in judged or id_ in found:
                continue
            because = f"`{code}`, which you name, can come from this; nothing sent so far proves it."
            finding = Finding(Belief.POSSIBLE, because, (source,), weight=weight)
            found[id_] = Verdict(each, finding, each.wanted - present - {Said}, Fact(source=source), alike=True)
    return list(found.values())


def _meant(prose: str) -> Iterator[tuple[str, Iterable[tuple[str, float]]]]:
    """What is named, and the causes that it can come from; first what says most."""
    for each in _TOKEN.finditer(prose):
        for row in codes.labelled(each.group(0)):
            if row.code.startswith(_ERRORS):  # a status such as FilteredAsSpam is no error
                yield each.group(0), row.causes
    for line in prose.splitlines():
        for each in _CODE.finditer(line):
            if not is_cut(line, each.end(2)):
                yield each.group(2), codes.suspects(each.group(1) or "", each.group(2), "")
    for each in _NUMBER.finditer(prose):
        yield each.group(1), codes.suspects(each.group(1), "", "")


def _line_of(code: str, pastes: tuple[Paste, ...]) -> Source:
    """Where the code stands first."""
    for paste in pastes:
        for number, line in enumerate(paste.lines):
            if code in line:
                return Source(number + 1, paste.raw[number].strip(), paste.index)
    return Source(1, code, 0)
