"""What a look-up leaves when only its values are printed: SPF or MX records line by line, or nothing at all below `dig +short`.

`Resolve-DnsName … | % Strings` and a record copied out of a zone have no name beside them; the command above has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from diagnostics.artefacts import Artefact
from diagnostics.looked_facts import DnsAnswer, DnsRecord
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.dns_command import command_on
from diagnostics.recognisers.dns_records import NAME, text_of
from diagnostics.recognisers.dns_talk import answer_of

_SPF = linear(r'(?i)^\s*\{?"?(v=spf1(?:\s[^"{}]{0,1000})?)"?\}?\s*$')
# Quoted in a sentence of a later text, which answers: `the record is there: "v=spf1 mx -all"`.
_QUOTED = linear(r'(?i)(v=spf1\s[^"{}\n]*?(?:[~+?-]all\b|\bredirect=\S{3,80}))')
_EXCHANGER = linear(r"(?i)^\s*(\d{1,5})\s+([a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){1,8})\.\s*$")
_ASKED = linear(rf"(?i)\bResolve-DnsName\s+(?:-Name\s+)?['\"]?{NAME}")
_PROMPT = linear(r"^\s*(?:[\w@.:~/\\ \[\]-]{0,60}[$#>])?\s*$")


@recogniser(r"(?:\bv=spf1\b|\bdig\s.*\+short|^\s*\d{1,5}\s+[a-z0-9._-]+\.\s*$)", rank=46)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each answer."""
    return [
        artefact(reading, "dns-answer", lines, [fact], {"name": fact.name, "ok": fact.ok, "error": fact.error})
        for fact, lines in (*_records(reading), *_quoted(reading), *_exchangers(reading), *_empty(reading))
    ]


def _records(reading: Reading) -> Iterator[tuple[DnsAnswer, list[int]]]:
    """Runs of lines that are each a whole SPF record."""
    asked, run = "", list[tuple[int, DnsRecord]]()
    for index, line in [*reading.free(), (-1, "")]:
        spf = _SPF.search(line)
        if spf:
            run.append((index, DnsRecord("TXT", text_of(spf.group(1)))))
            continue
        if run:
            yield answer_of(reading, run[0][0], asked, records=[each for _, each in run]), [at for at, _ in run]
            run = []
        asked = _asked(line) or asked


def _quoted(reading: Reading) -> Iterator[tuple[DnsAnswer, list[int]]]:
    for index, line in reading.free() if reading.paste.index else ():
        record = _QUOTED.search(line[:2000])
        if record and not _SPF.search(line) and not line.rstrip().endswith("?"):
            yield answer_of(reading, index, "", records=[DnsRecord("TXT", text_of(record.group(1)))]), [index]


def _exchangers(reading: Reading) -> Iterator[tuple[DnsAnswer, list[int]]]:
    """What `dig +short MX` prints, without the command: a number and a host that ends in a dot, in a text that answers."""
    rows = [(index, _EXCHANGER.search(line[:400])) for index, line in reading.free()] if reading.paste.index else []
    found = [(index, row) for index, row in rows if row]
    records = [DnsRecord("MX", str(row.group(2)).lower(), int(row.group(1))) for _, row in found]
    if records:
        yield answer_of(reading, found[0][0], "", records=records), [index for index, _ in found]


def _asked(line: str) -> str:
    named = _ASKED.search(line)
    command = None if named else command_on(line)
    return str(named.group(1)) if named else command.name if command else ""


def _empty(reading: Reading) -> Iterator[tuple[DnsAnswer, list[int]]]:
    """A +short look-up that printed nothing: the name has no such record."""
    lines = list(enumerate(reading.paste.lines))
    for index, line in lines:
        command = command_on(line) if "+short" in line and index not in reading.claimed else None
        below = lines[index + 1][1] if index + 1 < len(lines) else None
        if command and below is not None and _PROMPT.search(below) and below.strip():
            yield answer_of(reading, index, command.name, error="no records", server=command.server), [index]
