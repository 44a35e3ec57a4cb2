"""nslookup, Resolve-DnsName and dig, typed by hand: did the name resolve, and with which server?

`DnsAnswer.error` is "NXDOMAIN", "SERVFAIL", "REFUSED", "timed out", "no records" (the name is there, the asked
record is not) or "" where it resolved. `server` is the resolver's address where it is told, else its name.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

import re2

from diagnostics.artefacts import Artefact
from diagnostics.facts import DnsAnswer
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.format_list import tables
from diagnostics.recognisers.sources import source_at

_NAME = r"([A-Za-z0-9_*][A-Za-z0-9_.*-]{0,252})"
_SERVER = re2.compile(rf"^\s*(?:Server|Serveur|Servidor)\s*:\s+{_NAME}\s*$")
_ADDRESS = re2.compile(r"^\s*(?:Address(?:es)?|Adresse|Direcci.n)\s*:\s+([0-9A-Fa-f.:]{3,45})(?:#53)?\s*$")
_CANT_FIND = re2.compile(
    rf"^\s*\*{{2,3}} (?:{_NAME}|.{{1,80}}?) (?:can't find|kann|ne parvient pas . trouver|no encuentra"
    rf"|non . in grado di trovare) {_NAME}(?: nicht finden)?\s*: ?(.{{1,120}})$"
)
_REQUEST = re2.compile(rf"(?i)(?:^|->|=>)\s*\*{{3}} Request to {_NAME} timed-out")
_NO_SERVERS = re2.compile(
    r"(?i);; connection timed out; no servers could be reached|;; communications error to \S+: timed out"
)
_FOUND = re2.compile(
    rf"^{_NAME}\s+(?:MX preference = \d+|mail exchanger = |text =|internet address = |nameserver = "
    rf"|canonical name = |service = )"
)
_NAMED = re2.compile(rf"^\s*(?:Name|Nom|Nombre|Nome)\s*:\s+{_NAME}\s*$")
_ASKED = re2.compile(
    rf"(?i)(?:^|[>$#]\s*)(?:nslookup|dig|host)\s+(?:-(?:type|q|querytype)=\w+\s+|-t\s+\w+\s+"
    rf"|\+\w+\s+)*{_NAME}(?:\s+(?:MX|A|AAAA|TXT|NS))?(?:\s+@?{_NAME})?\s*(?:$|->|=>)"
)
_RECORD = re2.compile(
    r"(?i)(?:-(?:type|q|querytype)=|-t\s+|-Type\s+|\bset (?:type|q|querytype)=|\s)(MX|AAAA|A|TXT|NS|PTR|TLSA|SOA|ANY)\b"
)
_RESOLVE = re2.compile(rf"(?i)^\s*Resolve-DnsName\s*:\s*{_NAME}\s*:\s*(\S.*)$")
_TEST_NAME = re2.compile(rf"(?i)\bName resolution of {_NAME} failed")
_COMMAND = re2.compile(r"(?i)\bResolve-DnsName\s+[^\s:;|][^;|]*")
_OF_SERVER = re2.compile(r"(?i)-Server\s+['\"]?([A-Za-z0-9_.:-]{1,253})")
_HEADER = re2.compile(r"^\s*Name\s+Type\s+TTL\s+Section\b")
_STATUS = re2.compile(r"->>HEADER<<-.{0,40}\bstatus: ([A-Z]{3,12})")
_QUESTION = re2.compile(rf"^;{_NAME}\s+IN\s+[A-Z]+")
_DIG_SERVER = re2.compile(r"^;; SERVER: ([0-9A-Fa-f.:]{3,45})#")
# One of these stands in every line that is read, for a quick look before the patterns.
_MARKS: Final = ("nslookup", "dig ", "host ", ":", "*** ", "** ", " =", "timed")
_ERRORS: Final = (
    ("NXDOMAIN", ("non-existent domain", "nxdomain", "dns name does not exist", "dns-name ist nicht vorhanden",
                  "le nom dns n'existe pas", "el nombre dns no existe", "il nome dns non esiste", "existiert nicht")),
    ("SERVFAIL", ("server failed", "servfail", "dns server failure", "dns-serverfehler", "server failure")),
    ("timed out", ("timed out", "timed-out", "timeout period expired", "zeitüberschreitung", "zeitlimit")),
    ("REFUSED", ("query refused", "refused", "operation refused")),
    ("no records", ("no records found", "no answer", "no internal type", "no mail exchanger", "no response from server")),
)  # fmt: skip
_SECTIONS: Final = frozenset({"answer", "authority", "additional"})


@recogniser(
    r"(?:\bnslookup\b|Resolve-DnsName\s*:|can't find \S|timed-out|mail exchanger = |MX preference = "
    r"|\bNon-existent domain|->>HEADER<<-|no servers could be reached"
    r"|Name resolution of|\bSection\s+(?:NameExchange|IPAddress|NameHost|Strings)\b|^\s*(?:Name"
    r"|Nom)\s*:\s+\S+\.\S+\s*$|\*\*\* ?\S+ (?:kann|can't|ne parv|no enc))",
    rank=45,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each look-up."""
    lookups = [*_tables(reading), *_nslookups(reading), *_digs(reading)]
    return [_artefact(reading, fact, lines) for fact, lines in lookups]


def _error(text: str) -> str:
    low = text.lower()
    return next((name for name, words in _ERRORS if any(word in low for word in words)), "")


def _nslookups(reading: Reading) -> Iterator[tuple[DnsAnswer, list[int]]]:
    """nslookup's and Resolve-DnsName's lines, in the order printed; the server's own name and address come first."""
    servers = _resolvers(reading.free())
    server = asked = record = ""
    seen: set[str] = set()
    after_server = False
    for index, line in reading.free():
        if not any(mark in line for mark in _MARKS):
            continue
        if command := _ASKED.search(line):
            asked, server, seen = command.group(1), command.group(2) or "", set()
            typed = _RECORD.search(line[: command.end()])
            record = typed.group(1).upper() if typed else ""
            if not line[command.end() :].strip():
                continue
        if named := _SERVER.search(line):
            server, after_server, seen = named.group(1), True, set()
        elif after_server and (address := _ADDRESS.search(line)):
            server, after_server = address.group(1), False
        elif told := _failure(line, asked):
            name, error = told
            if name and error:
                server_of = servers.get(index, server)
                yield _answer(reading, index, name, error=error, server=server_of, record=record), [index]
        elif (found := _FOUND.search(line) or (_NAMED.search(line) if server or asked else None)) and found.group(
            1
        ) not in seen:
            seen.add(found.group(1))
            yield _answer(reading, index, found.group(1), server=server, record=record), [index]


def _resolvers(lines: list[tuple[int, str]]) -> dict[int, str]:
    """Which server each outcome of Resolve-DnsName came from, by its line: commands answer in their order."""
    waiting: list[str] = []
    found: dict[int, str] = {}
    for index, line in lines:
        if "esolv" not in line and "ection" not in line:
            continue
        if _RESOLVE.search(line) or _HEADER.search(line):
            found[index] = (waiting.pop(0) if len(waiting) > 1 else waiting[0]) if waiting else ""
        elif not line.lstrip().startswith("+") and (commands := _COMMAND.findall(line)):  # "+" echoes a failure
            named = [_OF_SERVER.search(command) for command in commands]
            waiting = [server.group(1) if server else "" for server in named]
    return found


def _failure(line: str, asked: str) -> tuple[str, str] | None:
    """(name, error) if the line says that a look-up failed."""
    if told := _CANT_FIND.search(line):
        return told.group(2), _error(told.group(3))
    if told := _RESOLVE.search(line):
        return told.group(1), _error(told.group(2))
    if told := _TEST_NAME.search(line):
        return told.group(1), "NXDOMAIN"
    if _REQUEST.search(line) or _NO_SERVERS.search(line):
        return asked, "timed out"
    return None


def _tables(reading: Reading) -> Iterator[tuple[DnsAnswer, list[int]]]:
    """Resolve-DnsName's table. Only an answer resolves the name; an authority record alone says that there is none."""
    servers = _resolvers(reading.free())
    headers = sorted(servers)
    answers: dict[tuple[str, int], tuple[int, bool, list[int]]] = {}
    for row in tables(reading.free(), "name", "type", "section"):
        name, section = row.cells["name"].lower(), row.cells["section"].lower()
        if name and section in _SECTIONS and section != "additional":
            place = bisect_left(headers, row.line)
            key = (name, headers[place - 1] if place else -1)
            line, ok, lines = answers.get(key, (row.line, False, []))
            lines.extend(row.lines)
            answers[key] = (line, ok or section == "answer", lines)
    for (name, header), (line, ok, lines) in answers.items():
        error = "" if ok else "no records"
        yield _answer(reading, line, name, error=error, server=servers.get(header, "")), lines


def _digs(reading: Reading) -> Iterator[tuple[DnsAnswer, list[int]]]:
    status, name, place, lines = "", "", -1, list[int]()
    empty = False
    for index, line in reading.free():
        if told := _STATUS.search(line):
            status, place, lines, name = told.group(1), index, [index], ""
        elif place >= 0 and " ANSWER: " in line:
            empty = " ANSWER: 0," in line
        elif place >= 0 and (asked := _QUESTION.search(line)):
            name = asked.group(1)
            lines.append(index)
        elif place >= 0 and name and (server := _DIG_SERVER.search(line)):
            error = "" if status == "NOERROR" else status
            yield (
                _answer(
                    reading,
                    place,
                    name,
                    error=error or ("no records" if empty else ""),
                    server=server.group(1),
                ),
                lines,
            )
            place = -1


def _answer(
    reading: Reading, line: int, name: str, *, error: str = "", server: str = "", record: str = ""
) -> DnsAnswer:
    name = name.rstrip(".").lower()
    source = source_at(reading, line)
    return DnsAnswer(source=source, host=name, name=name, ok=not error, server=server, error=error, record=record)


def _artefact(reading: Reading, fact: DnsAnswer, lines: list[int]) -> Artefact:
    return Artefact(
        kind="dns-answer",
        first=min(lines) + 1,
        last=max(lines) + 1,
        facts=(fact,),
        shown={"name": fact.name, "ok": fact.ok, "error": fact.error, "server": fact.server},
        paste=reading.paste.index,
        claims=frozenset(lines),
    )
