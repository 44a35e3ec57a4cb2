"""nslookup, Resolve-DnsName and dig, typed by hand: did the name resolve, and with which server?

`DnsAnswer.error` is "NXDOMAIN", "SERVFAIL", "REFUSED", "timed out", "no records" (the name is there, the asked
record is not) or "" where it resolved. `server` is the resolver's address where it is told, else its name.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct, field

from diagnostics.artefacts import Artefact
from diagnostics.looked_facts import DnsAnswer, DnsRecord
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.dns_command import command_on, commands_on, sentence_on
from diagnostics.recognisers.dns_records import NAME, host, record_in, record_on
from diagnostics.recognisers.dns_shell import Asked, Shell
from diagnostics.recognisers.dns_talk import Entry, Found, Talk, answer_of
from diagnostics.recognisers.format_list import Block, TableRow, blocks, tables

Lines = list[tuple[int, str]]

# In brackets where the server was chosen by its address.
_SERVER = linear(
    r"^\s*(?:Default Server|Server(?: predefinito)?|Standardserver|Serveur(?: par d.faut)?|Servidor(?: predeterminado| padr.o)?"
    rf"|Standaardserver|(?:Domy.lny )?[Ss]erwer)\s*:\s+\[?{NAME}\]?\s*$"
)
_ADDRESS = linear(r"^\s*(?:Address(?:es)?|Adresse|Direcci.n)\s*:\s+([0-9A-Fa-f.:]{3,45})(?:#53)?\s*$")
_CANT_FIND = linear(
    rf"^\s*\*{{2,3}} (?:{NAME}|.{{1,80}}?) (?:can't find|kann|ne parvient pas . trouver|no encuentra"
    rf"|non . in grado di trovare) {NAME}(?: nicht finden)?\s*: ?(.{{1,120}})$"
)
_ARROW = linear(r"\s(?:->|=>)\s")
_REQUEST = linear(rf"(?i)^\s*\*{{3}} Request to {NAME} timed-out")
_HOST_SAYS = linear(rf"(?i)^\s*Host {NAME} not found: \d\(([A-Z]{{4,10}})\)")
# Of BIND's nslookup and dig: the name behind the @, or in the server's place.
_NO_SUCH_HOST = linear(rf"(?i)^\s*(?:nslookup|dig|host): couldn.t get address for '{NAME}': not found")
_BARE_FAILURE = linear(r"^\s*\*{2,3} (.{3,120})$")
_FINE = linear(r"(?i)^\s*(?:ok(?:ay)?|fine|works?|good|resolves?|answers?)\b")
_NO_SERVERS = linear(
    r"(?i);; (?:connection timed out; )?no servers could be reached|;; communications error to ([0-9a-f.:]{3,45})#\d+: "
    r"(?:timed out|connection refused|host unreachable|network unreachable|end of file)"
)
_NAMED = linear(rf"^\s*(?:Name|Nom|Nombre|Nome)\s*:\s+{NAME}\s*$")
_RESOLVE = linear(rf"(?i)^\s*Resolve-DnsName\s*:\s*{NAME}\s*:\s*(\S.*)$")
_TEST_NAME = linear(rf"(?i)\bName resolution of {NAME} failed")
# A row of that table without its header: the second answer of one line of commands has none, and a paste may begin below it.
_ROW = linear(
    rf"^\s*{NAME}\s+(MX|A|AAAA|CNAME)\s+\d{{1,9}}\s+(?:Answer|Additional)\s+([A-Za-z0-9_.:-]{{1,253}})(?:\s+(\d{{1,5}}))?\s*$"
)
_FLAGS = linear(r"^;; flags: ([a-z ]{2,40});")
_SECTION = linear(r"^;; ([A-Z]{4,12}) (?:PSEUDO)?SECTION:")
_ANEW = linear(r"^; <<>> DiG ")
_STATUS = linear(r"->>HEADER<<-.{0,40}\bstatus: ([A-Z]{3,12})")
_QUESTION = linear(rf"^;{NAME}\s+IN\s+[A-Z]+")
_DIG_SERVER = linear(r"^;; SERVER: ([0-9A-Fa-f.:]{3,45})#")
_ERRORS: Final = (
    ("NXDOMAIN", ("non-existent domain", "nxdomain", "dns name does not exist", "dns-name ist nicht vorhanden",
                  "le nom dns n'existe pas", "el nombre dns no existe", "il nome dns non esiste", "existiert nicht")),
    ("SERVFAIL", ("server failed", "servfail", "dns server failure", "dns-serverfehler", "server failure")),
    ("timed out", ("timed out", "timed-out", "timeout period expired", "zeitüberschreitung", "zeitlimit", "timeout",
                   "délai d", "tiempo de espera", "tempo scaduto", "no answer at all", "never answers")),
    ("REFUSED", ("query refused", "refused", "operation refused")),
    ("no records", ("no records found", "no answer", "no internal type", "no mail exchanger", "no response from server")),
)  # fmt: skip
_GAP: Final = 3  # lines from the end of one object to the next; two are those of one command's
_ADDRESSES: Final = ("ipaddress", "ip4address", "ip6address")
_SECTIONS: Final = frozenset({"answer", "authority", "additional"})


@recogniser(
    r"(?:\bnslookup\b|Resolve-DnsName\s*:|can't find \S|timed-out|\bDNS request timed out\b"
    r"|mail exchanger = |MX preference = |\bdig\s.*\+short"
    r"|\s(?:has address|has IPv6 address|mail is handled by|domain name pointer|descriptive text|is an alias for) |\stext =\s"
    r"|\sIN\s+(?:\d{1,10}\s+)?(?:MX|A|AAAA|TXT|CNAME|PTR)\s|^\s*(?:@|\S+\.\S*)\s+(?:\d{1,10}\s+)?MX\s+\d{1,5}\s"
    r"|^\s*(?:NameExchange|NameHost|PrimaryServer|Strings)\s*:|\bName\s.*\bNameExchange\b"
    r"|^\s*Host \S+ not found: \d\(|\bdig\s.*(?:->|=>)|\bNon-existent domain|->>HEADER<<-|no servers could be reached"
    r"|;; communications error to"
    r"|couldn.t get address for '"
    r"|\s(?:Answer|Additional)\s+\S"
    r"|Name resolution of|\bSection\s+(?:NameExchange|IPAddress|NameHost|Strings|PrimaryServer)\b|^\s*(?:Name"
    r"|Nom)\s*:\s+\S+\.\S+\s*$|\*\*\* ?\S+ (?:kann|can't|ne parv|no enc))",
    rank=45,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each name that was looked up."""
    lines = reading.free()
    lookups: list[Found] = []
    for read_lines in (_digs, _tables, _bare_rows, _lists, _typed):
        lookups += read_lines(reading, lines)
        taken = {line for _, claimed in lookups for line in claimed}
        lines = [(index, line) for index, line in lines if index not in taken]
    return [_artefact(reading, fact, claimed) for fact, claimed in lookups]


def _error(text: str) -> str:
    low = text.lower()
    return next((name for name, words in _ERRORS if any(word in low for word in words)), "")


def _typed(reading: Reading, lines: Lines) -> Iterator[Found]:
    """nslookup's, host's and Resolve-DnsName's lines, in the order printed; the server's own name and address come first."""
    heard = Shell.of(lines).heard
    talk = Talk(reading)
    for index, line in _parted(lines):
        if talk.goes_on(index, line):
            continue
        if told_in_words := _in_words(reading, index, line):
            yield from talk.done()
            yield told_in_words
        elif commands := commands_on(line):
            yield from talk.begin(commands[0].server, commands[0])
            talk.later = commands[1:]
        elif named := _SERVER.search(line):
            yield from talk.begin(named.group(1))
            talk.after_server = True
        elif talk.after_server and (address := _ADDRESS.search(line)):
            talk.server, talk.after_server = address.group(1), False
        elif told := _failure(line, talk.asked.name, talk.server):
            yield from talk.done()
            name, error = told
            if error and (name or error == "timed out"):  # it is the resolver that is silent, whatever the name
                server, asked = _whom(line, talk, heard.get(index))
                yield answer_of(reading, index, name, error=error, server=server, asked=asked), [index]
        elif on_line := record_on(line):
            talk.take(index, *on_line)
        elif (talk.server or talk.asked.name) and (named := _NAMED.search(line)):
            talk.name(index, named.group(1))
    yield from talk.done()


def _whom(line: str, talk: Talk, commands: list[Asked] | None) -> tuple[str, str]:
    """The server that a failed look-up was made with, and the type that it asked for."""
    if commands is not None:
        first = next(iter(commands), Asked())
        return first.server, first.record
    if _NO_SUCH_HOST.search(line):
        return "", talk.asked.record  # the machine's own was asked for it
    silent = _NO_SERVERS.search(line)
    return (silent and silent.group(1)) or talk.server, talk.asked.record


def _in_words(reading: Reading, index: int, line: str) -> Found | None:
    """A look-up and how it went, put on one line: `nslookup -type=mx fabrikam.com from the server => ok`."""
    arrow = _ARROW.search(line)
    asked = sentence_on(line[: arrow.start()]) if arrow else None
    if asked is None:
        return None
    outcome = line[arrow.end() :]
    error = "" if _FINE.search(outcome) else _error(outcome)
    if not error and not _FINE.search(outcome):
        return None
    return answer_of(reading, index, asked.name, error=error, server=asked.server, asked=asked.record), [index]


def _parted(lines: Lines) -> Iterator[tuple[int, str]]:
    """The lines, with a command and its outcome that somebody put on one line as two."""
    for index, line in lines:
        arrow = _ARROW.search(line)
        if arrow and command_on(line[: arrow.start()]):
            yield index, line[: arrow.start()]
            yield index, line[arrow.end() :]
        else:
            yield index, line


def _failure(line: str, asked: str, server: str) -> tuple[str, str] | None:
    """(name, error) if the line says that a look-up failed. `server` is the one that nslookup said it would ask."""
    if told := _CANT_FIND.search(line):
        return told.group(2), _error(told.group(3))
    if told := _RESOLVE.search(line):
        return told.group(1), _error(told.group(2))
    if told := _TEST_NAME.search(line):
        return told.group(1), "NXDOMAIN"
    if told := _NO_SUCH_HOST.search(line):
        return told.group(1), "NXDOMAIN"
    if told := _HOST_SAYS.search(line):
        return told.group(1), _error(told.group(2))
    bare = _BARE_FAILURE.search(line) if asked or server else None
    error = _error(bare.group(1)) if bare else ""
    if error and (asked or error == "timed out"):
        return asked, error
    if _REQUEST.search(line) or _NO_SERVERS.search(line):
        return asked, "timed out"
    return None


def _tables(reading: Reading, lines: Lines) -> Iterator[Found]:
    """Resolve-DnsName's tables. Only an answer resolves the name; an authority record alone says that there is none."""
    heard = Shell.of(lines).heard
    headers = sorted(heard)
    answers: dict[tuple[str, int], _Rounds] = {}
    for row in tables(lines, "name", "section"):
        name, section = host(row.cells["name"]), row.cells["section"].lower()
        record = _record_of(row)
        if not name or section not in _SECTIONS or (section == "additional" and record is None):
            continue
        place = bisect_left(headers, row.line)
        header = headers[place - 1] if place else -1
        rounds = answers.setdefault((name, header), _Rounds(name, heard.get(header, [])))
        rounds.take(row, record, answered=section != "authority")
    for rounds in answers.values():
        yield from rounds.answers(reading)


class _Rounds(Struct):
    """The answers for one name in one table: another command's begin where a record is repeated, or where records of one kind
    have another time to live (RFC 2181, 5.2)."""

    name: str
    commands: list[Asked]
    entries: list[Entry] = field(default_factory=list)
    times: dict[str, str] = field(default_factory=dict)
    answered: bool = False

    def take(self, row: TableRow, record: DnsRecord | None, *, answered: bool) -> None:
        time = row.cells.get("ttl", "")
        if not self.entries or (record and answered and self._again(record, time)):
            self.entries.append(Entry(self.name, row.line))
            self.times = {}
        self.entries[-1].lines.extend(row.lines)
        if answered:
            self.answered = True
            self.entries[-1].records.extend([record] if record else [])
            self.times[record.kind if record else ""] = time

    def _again(self, record: DnsRecord, time: str) -> bool:
        return record in self.entries[-1].records or self.times.get(record.kind, time) != time

    def answers(self, reading: Reading) -> Iterator[Found]:
        for number, entry in enumerate(self.entries):
            asked = self.commands[min(number, len(self.commands) - 1)] if self.commands else Asked()
            if self.answered:
                yield entry.answer(reading, asked.server), entry.lines
                continue
            # The row is the zone's; the name that was asked is in it.
            entry.name = asked.name if f".{asked.name}".endswith(f".{entry.name}") else entry.name
            yield entry.answer(reading, asked.server, "no records", asked.record), entry.lines


def _bare_rows(reading: Reading, lines: Lines) -> Iterator[Found]:
    """Rows without their header; what stands together is one answer."""
    shell = Shell.of(lines)
    answers: dict[tuple[str, int], Entry] = {}
    begin = last = -2
    for index, line in lines:
        row = _ROW.search(line) if "Answer" in line or "Additional" in line else None
        if row is None:
            continue
        begin, last = (begin if index == last + 1 else index), index
        kind, value = row.group(2), row.group(3).lower()
        entry = answers.setdefault((host(row.group(1)), begin), Entry(host(row.group(1)), index))
        preference = int(row.group(4)) if row.group(4) and kind == "MX" else -1
        entry.records.append(DnsRecord(kind, value if kind in ("A", "AAAA") else host(value), preference))
        entry.lines.append(index)
    for key, entry in answers.items():
        yield entry.answer(reading, next((each.server for each in shell.listed(key[1], last=True)), "")), entry.lines


def _lists(reading: Reading, lines: Lines) -> Iterator[Found]:
    """Resolve-DnsName as Format-List or a table of chosen columns prints it. The records of a name are one answer."""
    answers: dict[str, list[Entry]] = {}
    asked: dict[str, list[Asked]] = {}
    shell = Shell.of(lines)
    last, end = "", 0
    for block in blocks(lines):
        if block.has("nameexchange", "namehost", "strings") or (
            block.has("type", "querytype") and block.has(*_ADDRESSES)
        ):
            name = block.value("name") or _named_above(shell, block.lines[0])
            # Records of one answer stand together: behind those of another name, or a gap, there is the next command's.
            apart = (last and host(name) != last) or block.lines[0] - end > _GAP
            _add(answers, name, record_in(block.value), block.lines, apart=bool(apart))
            last, end = host(name), block.lines[-1]
            asked.setdefault(host(name), shell.listed(block.lines[0]))
        elif block.has("primaryserver") and block.value("section").lower() == "authority":
            yield _nothing(reading, block, shell.listed(block.lines[0], last=True))
    for row in tables(lines, "name", "nameexchange"):
        if "section" not in row.cells:
            record = _record_of(row)
            _add(answers, row.cells["name"], record, row.lines)
            asked.setdefault(host(row.cells["name"]), shell.above(row.line))
    for name, entries in answers.items():
        commands = asked.get(name, [])
        for number, entry in enumerate(entries):
            sure = commands and (len(commands) == 1 or len(entries) == len(commands))
            server = commands[min(number, len(commands) - 1)].server if sure else ""
            yield entry.answer(reading, server), entry.lines


def _nothing(reading: Reading, block: Block, commands: list[Asked]) -> Found:
    """The zone's own record in place of an answer: the name that was asked has no such record."""
    asked = commands[0] if len(commands) == 1 else Asked()
    zone = host(block.value("name"))
    name = asked.name if f".{asked.name}".endswith(f".{zone}") else zone
    return answer_of(
        reading, block.lines[0], name, error="no records", server=asked.server, asked=asked.record
    ), block.lines


def _record_of(row: TableRow) -> DnsRecord | None:
    return record_in(lambda column: row.cells.get(column, ""))


def _named_above(shell: Shell, line: int) -> str:
    """The name in the last Resolve-DnsName command before `line`."""
    return next((each.name for each in reversed(shell.above(line)) if each.name), "")


def _add(
    answers: dict[str, list[Entry]], name: str, record: DnsRecord | None, lines: Sequence[int], *, apart: bool = False
) -> None:
    """Put the record to those of its name; one that is there already begins the answer to another command, and so does one of
    the same kind that stands apart from them."""
    if record is None:
        return
    entries = answers.setdefault(host(name), [])
    another = apart and bool(entries) and record.kind in {each.kind for each in entries[-1].records}
    if another or not entries or record in entries[-1].records:
        entries.append(Entry(host(name), lines[0]))
    entries[-1].records.append(record)
    entries[-1].lines.extend(lines)


def _digs(reading: Reading, lines: Lines) -> Iterator[Found]:
    """dig's answers, from one header to the next; the server stands last."""
    begins = [position for position, (_, line) in enumerate(lines) if _STATUS.search(line)]
    for begin, end in pairwise([*begins, len(lines)]):
        found = _dig(reading, lines[begin:end])
        if found:
            yield found


def _dig(reading: Reading, lines: Lines) -> Found | None:
    status = str(_STATUS.search(lines[0][1]).group(1))
    entry = Entry("", lines[0][0], [lines[0][0]])
    section, server, empty = "", "", False
    for index, line in lines:
        if named := _SECTION.search(line):
            section = named.group(1)
        elif entry.name and _ANEW.search(line):
            break  # another one, of which somebody left out the header
        elif asked := _QUESTION.search(line):
            entry.name = asked.group(1)
        elif flags := _FLAGS.search(line):
            entry.flags, empty = tuple(flags.group(1).split()), empty or " ANSWER: 0," in line
        elif section and (record := record_on(line)):
            entry.records.extend([record[1]] if section == "ANSWER" else [])
        elif told := _DIG_SERVER.search(line):
            server = told.group(1)
            break
        else:
            empty = empty or " ANSWER: 0," in line
            continue
        entry.lines.append(index)
    if not entry.name:
        return None
    error = "" if status == "NOERROR" else status
    return entry.answer(reading, server, error or ("no records" if empty else "")), entry.lines


def _artefact(reading: Reading, fact: DnsAnswer, lines: list[int]) -> Artefact:
    return Artefact(
        kind="dns-answer",
        first=min(lines) + 1,
        last=max(lines) + 1,
        facts=(fact,),
        shown={
            "name": fact.name,
            "ok": fact.ok,
            "error": fact.error,
            "server": fact.server,
            "records": [f"{each.kind} {each.value}".strip() for each in fact.records[:20]],
        },
        paste=reading.paste.index,
        claims=frozenset(lines),
    )
