"""What a bounce says of the address that was written to, where an alias or forward made another one of it.

Postfix and Sendmail write `<target> (expanded from <alias>)`, Exim `(generated from alias)`, with "ultimately" where there were
steps between; Postfix logs `to=<target>, orig_to=<alias>`. An alias within one domain leads to no other system and is not told.
The bounce or the log names the server that did it, too: mail of that server's own domain was forwarded by nobody else.
Sources: https://www.postfix.org/bounce.5.html, https://www.exim.org/exim-html-current/doc/html/spec_html/ch-customizing_messages.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Addressed
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at

# A bounce is wrapped at some 75 columns, so the alias may stand on the next line, and the note begin at the end of one.
_NOTE: Final = r"\(expanded(?:\s+from|[ \t]*$)|\((?:ultimately\s+)?generated(?:\s+from|[ \t]*$)|\borig_to=<"
# Whoever hides an address leaves brackets, quotes or dots of it.
_FROM = linear(
    r"(?i)\(expanded\s+from:?\s+<([^>\s]+@[^>]+)>|\((?:ultimately\s+)?generated\s+from\s+([^\s()]+@[^\s()]+)\)"
    r"|\borig_to=<([^>\s]+@[^>\s]+)>"
)
_BY = linear(
    r"(?i)\bReporting-MTA:\s*dns;\s*([a-z0-9.-]{1,253})|\bmail system at (?:host )?([a-z0-9.-]{1,253})"
    r"|(?:^|\s)([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}) (?:postfix\S{0,60}|exim\S{0,12}|sendmail|sm-mta)\[\d{1,8}\]:"
)
_QUOTED: Final = "> \t"  # in front of a line that a mail client quotes
_TARGET = linear(r"[^\s<>(),;:=]>?@([^\s<>(),;:]+)")
_WHOLE = linear(r"(?i)^[\w.+'-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}$")
_ABOVE: Final = 4  # Sendmail puts the reason between
_MOST: Final = 50


@recogniser(_NOTE, rank=93)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each note; the lines are mostly a bounce's already."""
    lines = reading.paste.lines
    by = _server(lines)
    found = []
    for index, line in enumerate(lines):
        told = _FROM.search(_wrapped(lines, index))
        if told and told.start() >= len(line):
            continue  # the next line's own
        alias = next((str(each).lower() for each in told.groups() if each), "") if told else ""
        whole = (alias,) if _WHOLE.search(alias) else ()
        target = _target(lines[max(0, index - _ABOVE) : index], line[: told.start()]) if told else ""
        if not alias or (whole and _within(alias.rpartition("@")[2], target)):
            continue
        fact = Addressed(source=source_at(reading, index), recipients=whole, redirected=True, by=by)
        found.append(artefact(reading, "expansion", [index], [fact], {"recipients": list(whole)}))
    return found[:_MOST]


def _server(lines: Sequence[str]) -> str:
    """Who wrote the bounce or the log; "" where several did, or none is named in full."""
    names = {next(name for name in match.groups() if name) for line in lines for match in _BY.finditer(line[:2000])}
    known = {str(each).lower().rstrip(".") for each in names}
    return known.pop() if len(known) == 1 else ""


def _wrapped(lines: Sequence[str], index: int) -> str:
    """The line, and what a note at its end may go on with."""
    below = "".join(lines[index + 1 : index + 2])
    return f"{lines[index][:2000]} {below[:500].lstrip(_QUOTED)}"


def _within(alias: str, target: str) -> bool:
    """Whether both are one domain, or one lies below the other: the mailboxes' host of the same organization."""
    return alias == target or alias.endswith(f".{target}") or target.endswith(f".{alias}")


def _target(above: Sequence[str], before: str) -> str:
    """The domain of the address that the alias became: the last one in front of the note."""
    for line in (before, *reversed(above)):
        addresses = _TARGET.findall(line[:2000])
        if addresses:
            return str(addresses[-1]).lower().rstrip(".>")
    return ""
