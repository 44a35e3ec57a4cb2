"""What a person says is over: "the 5.7.1 ones are fixed", "before that it was …", "früher kam …". It is not what fails now."""

from __future__ import annotations

from diagnostics.patterns import linear

_NOW = linear(
    r"(?i)\b(?:now|today|again|still|since|but|jetzt|heute|wieder|seitdem|aber|maintenant|mais|ahora|pero|adesso|ma|nu|maar)\b|->"
)
_EARLIER = linear(
    r"(?i)\b(?:before (?:that|this|it)|before,|earlier(?:,| (?:we|it|i|they|on)\b)|previous(?:ly)?|formerly"
    r"|in the past|last (?:year|month)"
    r"|used to (?:be|get|see|have|say|fail|bounce|return)|fr.her|vorher|zuvor|davor|letzte[ns]? (?:jahr|monat)"
    r"|auparavant|avant (?:cela|.a|on|c.)"
    r"|antes (?:era|nos|sal)|anteriormente|prima (?:era|c.era|veniva)|in passato|eerder|vroeger)[^.;?!]{0,60}$"
)
_OVER = linear(
    r"(?i)^[^.;?!()]{0,60}\b(?:(?:is|are|was|were|has been|have been|got|'s|'re|now|already|all)(?: now| already| all"
    r"| meanwhile){0,2}"
    r" (?:sorted|fixed|solved|resolved|gone|cleared|dealt with|mended|history)|behoben|gel.st|erledigt|r.gl.e?s?\b|r.solue?s?\b"
    r"|solucionad\w|resuelt\w|risolt\w|opgelost)(?:$|[^a-z])"
)
_BACK = linear(r"(?i)^[^.;?!()]{0,40}\b(?:but|again|back|until|aber|wieder|bis|mais|pero|ma|maar)\b")
_MARKED = linear(
    r"(?i)sorted|fixed|solved|gone|cleared|dealt with|mended|history|behoben|gel.st|erledigt|r.gl.|r.solu|solucion"
    r"|resuelt|risolt|opgelost"
    r"|before|earlier|previous|formerly|past|used to|last |fr.her|vorher|zuvor|davor|letzte|auparavant|avant|antes"
    r"|anterior|prima|eerder|vroeger"
)
_CLAUSE = linear(r"[^.;?!()]*(?:[.;?!()]|$)")


def over(before: str, after: str) -> bool:
    """Whether what stands between `before` and `after`, in one line, is said to be past or mended."""
    if not _MARKED.search(before) and not _MARKED.search(after[:120]):
        return False
    earlier = _EARLIER.search(before)
    if earlier and not _NOW.search(earlier.group(0)):
        return True
    return _mended(after)


def present(line: str) -> str:
    """`line` without the clauses that speak of what is over."""
    if not _MARKED.search(line):
        return line
    return "".join(part for part in _CLAUSE.findall(line) if not over(part, "") and not _mended(part))


def _mended(words: str) -> bool:
    found = _OVER.search(words)
    return bool(found) and not _BACK.search(words[found.end() - 1 :])
