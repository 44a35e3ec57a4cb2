"""Connections tried by hand: Test-NetConnection, telnet, nc, swaks and gnutls-cli.

Ping tells nothing about a mail port and is not read.

Source: https://learn.microsoft.com/powershell/module/nettcpip/test-netconnection
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from msgspec import structs

from diagnostics.artefacts import Artefact
from diagnostics.facts import ConnectFailed, ConnectionDropped, Fact, Stage
from diagnostics.looked_facts import PortTest
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.format_list import blocks, plain, tables
from diagnostics.recognisers.sources import source_at

_HOST = r"([A-Za-z0-9][A-Za-z0-9_.:-]{0,252})"
_WARNING = linear(r"(?i)\bTCP connect to \(?\s*([^\s()]{1,253})\s*:\s*(\d{1,5})\)? failed")
_TELNET_COMMAND = linear(rf"(?i)(?:^|[>$#]\s*)telnet\s+{_HOST}\s+(\d{{1,5}})\s*$")
_CONNECTING = linear(
    rf"(?i)(?:Connecting To|Verbindungsaufbau zu|Verbindungsaufbau mit|Connexion .|Conect.ndose a"
    rf"|Connessione a|Conectando(?:-se)? a|Verbinding maken met|\x{{141}}.czenie z|Ansluter till)\s+{_HOST}?\s*\.{{2,3}}"
)
_ON_PORT: Final = r"(?:on|auf|sur le|en(?: el)?|sulla|na|op|p\x{E5}) (?:port|porta|puerto|poort|porcie)"
# Whatever the language: behind the host and its dots stands what Windows says, the port, a colon and the reason.
_TELNET_FAILED = linear(
    r"(?i)(?:\w\.[\w.:-]{1,190}?\.{3} ?\pL.{8,90}?|Could not open (?:a )?connection to the host"
    r"|Es konnte keine Verbindung mit (?:diesem Hostnamen|dem Host) hergestellt werden"
    r"|Impossible d'ouvrir une connexion . l'h.te"
    r"|No se puede abrir la conexi.n al host"
    rf"|Impossibile aprire una connessione con l'host)[,.]?\s*{_ON_PORT}\s+(\d{{1,5}})\s?:"
)
_UNIX_FAILED = linear(
    rf"(?i)^\s*telnet: (?:connect to address {_HOST}"
    rf"|Unable to connect to remote host): (?:Connection (?:timed out|refused)|No route to host"
    rf"|Operation timed out|Network is unreachable)"
)
_UNIX_CONNECTED = linear(rf"^\s*Connected to {_HOST}\.\s*$")
_REFUSED = linear(r"(?i)\bConnection refused")
_NO_WAY = linear(r"(?i)\bNo route to host|\bNetwork is unreachable")
_CLOSED = linear(r"(?i)^\s*Connection closed by foreign host\.?\s*$")
_NC = linear(
    rf"(?i)connect(?:ion)? to {_HOST}(?: \([^()\s]{{1,45}}\))?,? (?:port )?(\d{{1,5}}) (?:port )?"
    r"[(\[](?:tcp)[^)\]]{0,20}[)\]] (succeeded|failed|timed out)"
)
# curl -v, of each address that it tried
_CURL = linear(rf"(?i)^\W{{0,4}}connect to {_HOST} port (\d{{1,5}}) (?:from \S{{1,60}} port \d{{1,5}} )?failed: ")
_NC_BSD = linear(
    rf"(?i){_HOST} \[([0-9a-f.:]{{3,45}})\] (\d{{1,5}}) \([\w?-]{{1,20}}\) ?:? ?(open"
    rf"|Connection (?:refused|timed out)|No route to host)"
)
_SWAKS = linear(rf"^\s*\*{{3}} Error connecting to {_HOST}:(\d{{1,5}}):?\s*(.*)$")
_SWAKS_WHY = linear(r"^\s*\*{3}\s{2,}\S+: connect: (.*)$")
_GNUTLS = linear(r"^\s*Could not connect to (\S{3,253}):(\d{1,5}): (.*)$")
# Test-NetConnection -InformationLevel Quiet prints one word below its command.
_QUIET = linear(
    rf"(?i)\b(?:Test-NetConnection|tnc)\s+(?:-ComputerName\s+)?['\"]?{_HOST}['\"]?\s[^\n]*?-Port\s+(\d{{1,5}})\b"
)
_IS_QUIET = linear(r"(?i)-InformationLevel\s+['\"]?Quiet|-Quiet\b")
_WORD = linear(r"^\s*(True|False)\s*$")
# One of these stands in every line that is read, for a quick look before the patterns.
_MARKS = ("telnet", "conn", "verbind", "conexi", "conect", "] ", "...")
_ADDRESS = linear(r"^(?:\d{1,3}\.){3}\d{1,3}$|^[0-9a-fA-F]{0,4}:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$")


_NEAR: Final = 8  # lines between a warning and its object


@recogniser(
    rf"(?:\bTcpTestSucceeded\b|\bTCP connect to\b|\b{_ON_PORT}\s+\d"
    r"|^\s*telnet: |^\s*Connected to \S+\.\s*$|\bconnect(?:ion)? to \S.{0,80}(?:succeeded|failed|timed out)"
    r"|\] \d+ \([\w?-]+\) ?:? ?(?:open|Conn|No )|^\s*\*{3} Error connecting to |^\s*Could not connect to \S+:\d+: "
    r"|\b(?:Test-NetConnection|tnc)\s[^\n]*-InformationLevel\s)",
    rank=45,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each tried connection."""
    found = [*_lists(reading), *_rows(reading), *_quiet(reading), *_tools(reading)]
    tested = {
        (fact.port, fact.ip or fact.host) for artefact in found for fact in artefact.facts if isinstance(fact, PortTest)
    }
    taken = {line for artefact in found for line in artefact.claims}
    free = [(index, line) for index, line in reading.free() if index not in taken]
    begins = {min(artefact.claims): artefact for artefact in found if artefact.claims}
    found.extend(_named(each, reading, begins) for each in _lines(reading, free) if not _again(each, tested))
    return found


def _named(warned: Artefact, reading: Reading, begins: dict[int, Artefact]) -> Artefact:
    """A warning names the address; the host is that of the object below it, which may be of another address of the same host."""
    fact = warned.facts[0]
    if not isinstance(fact, PortTest) or fact.host or not _WARNING.search(fact.source.quote):
        return warned
    lines = reading.paste.lines
    below = range(warned.last, min(warned.last + _NEAR, len(lines)))
    first = next((index for index in below if lines[index].strip() and not _WARNING.search(lines[index])), -1)
    test = begins[first].facts[0] if first in begins else None
    if not isinstance(test, PortTest) or not test.host or test.port != fact.port:
        return warned
    return as_artefact(reading, structs.replace(fact, host=test.host), sorted(warned.claims), warned.facts[1:])


def _again(artefact: Artefact, tested: set[tuple[int, str]]) -> bool:
    """A warning above an object speaks of the same test."""
    return any((fact.port, fact.ip or fact.host) in tested for fact in artefact.facts if isinstance(fact, PortTest))


def _lists(reading: Reading) -> Iterator[Artefact]:
    for block in blocks(reading.free()):
        succeeded = block.flag("tcptestsucceeded")
        if succeeded is not None:
            fact = port_tested(
                reading,
                block.line("tcptestsucceeded"),
                succeeded,
                host=block.value("computername"),
                port=block.value("remoteport"),
                ip=block.value("remoteaddress"),
            )
            yield as_artefact(reading, fact, block.lines)


def _rows(reading: Reading) -> Iterator[Artefact]:
    for row in tables(reading.free(), "tcptestsucceeded"):
        told = row.cells["tcptestsucceeded"].lower()
        if told in ("true", "false"):
            cells = {name: plain(cell) for name, cell in row.cells.items()}
            fact = port_tested(
                reading,
                row.line,
                told == "true",
                host=cells.get("computername", ""),
                port=cells.get("remoteport", ""),
                ip=cells.get("remoteaddress", ""),
            )
            yield as_artefact(reading, fact, list(row.lines))


def _quiet(reading: Reading) -> Iterator[Artefact]:
    """Test-NetConnection that was told to print True or False, below its command."""
    asked: tuple[int, str, str] | None = None
    for index, line in reading.free():
        word = _WORD.search(line)
        if asked and word:
            succeeded = word.group(1).lower() == "true"
            fact = port_tested(reading, index, succeeded, host=asked[1], port=asked[2])
            yield as_artefact(reading, fact, [asked[0], index])
        command = _QUIET.search(line) if _IS_QUIET.search(line) else None
        if command:
            asked = (index, command.group(1), command.group(2))
        elif line.strip() and not _WARNING.search(line):
            asked = None


def _tools(reading: Reading) -> Iterator[Artefact]:
    """What swaks and gnutls-cli print where they could not connect; swaks gives the reason on its next line."""
    lines = reading.free()
    for place, (index, line) in enumerate(lines):
        told = _SWAKS.search(line) or _GNUTLS.search(line)
        if not told:
            continue
        following = lines[place + 1] if place + 1 < len(lines) else (index, "")
        reason = _SWAKS_WHY.search(following[1])
        why = told.group(3) or (reason.group(1) if reason else "")
        tested = port_tested(reading, index, False, host=told.group(1), port=told.group(2))
        yield as_artefact(reading, tested, [index, *([following[0]] if reason else [])], _why(tested, why))


def _lines(reading: Reading, free: list[tuple[int, str]]) -> Iterator[Artefact]:
    """What telnet, nc and Test-NetConnection's warnings print, with the command above where there is one."""
    host = port = ""
    for index, line in free:
        if not any(mark in line.lower() for mark in _MARKS):
            continue
        command = _TELNET_COMMAND.search(line)
        if command:
            host, port = command.group(1), command.group(2)
            continue
        connecting = _CONNECTING.search(line)
        host = (connecting.group(1) or host).rstrip(".") if connecting else host
        told = _told(line, host, port)
        if told is not None:
            succeeded, where, number = told
            tested = port_tested(reading, index, succeeded, host=where, port=number)
            yield as_artefact(reading, tested, [index], _why(tested, line))
        elif _silently_closed(reading, index):
            tested = port_tested(reading, index, True, host=host, port=port)
            dropped = ConnectionDropped(
                source=tested.source, host=tested.host, stage=Stage.CONNECTED, by="remote", direction="send"
            )
            yield as_artefact(reading, tested, [index], [dropped])


def _why(tested: PortTest, line: str) -> list[Fact]:
    """What Unix tells of a failure: somebody answered, and refused, or there is no way there."""
    kind: Literal["refused", "unreachable"] | None = (
        "refused" if _REFUSED.search(line) else "unreachable" if _NO_WAY.search(line) else None
    )
    if tested.succeeded or kind is None:
        return []
    return [ConnectFailed(source=tested.source, host=tested.host, kind=kind, ip=tested.ip)]


def _silently_closed(reading: Reading, index: int) -> bool:
    """Whether telnet's connection was closed before the server said a word."""
    before = [line.strip() for line in reading.paste.lines[max(0, index - 3) : index] if line.strip()]
    quiet = [line for line in before if not line.lower().startswith("escape character")]
    return bool(_CLOSED.search(reading.paste.lines[index]) and quiet and _UNIX_CONNECTED.search(quiet[-1]))


def _told(line: str, host: str, port: str) -> tuple[bool, str, str] | None:
    """(succeeded, host or address, port) if the line states an outcome. `host` and `port` are those of the command."""
    if warned := _WARNING.search(line):
        return False, warned.group(1), warned.group(2)
    if failed := _TELNET_FAILED.search(line):
        return False, host, failed.group(1)
    if failed := _UNIX_FAILED.search(line):
        return False, failed.group(1) or host, port
    if port and _UNIX_CONNECTED.search(line):
        return True, host, port
    if tried := _NC.search(line):
        return tried.group(3).lower() == "succeeded", tried.group(1), tried.group(2)
    if tried := _CURL.search(line):
        return False, tried.group(1), tried.group(2)
    if tried := _NC_BSD.search(line):
        return tried.group(4).lower() == "open", tried.group(2), tried.group(3)
    return None


def port_tested(
    reading: Reading, line: int, succeeded: bool, *, host: str = "", port: str = "", ip: str = ""
) -> PortTest:
    """The test that `line` tells the outcome of; `host` may be an address."""
    address = ip if _ADDRESS.search(ip) else host if _ADDRESS.search(host) else ""
    number = int(port) if port.isascii() and port.isdecimal() and len(port) < 6 else 25
    name = "" if _ADDRESS.search(host) else host.lower()
    return PortTest(source=source_at(reading, line), succeeded=succeeded, port=number, ip=address, host=name)


def as_artefact(reading: Reading, fact: PortTest, lines: list[int], more: Sequence[Fact] = ()) -> Artefact:
    """The artefact of one test: the lines that it was read from, and what else they state."""
    return Artefact(
        kind="port-test",
        first=min(lines) + 1,
        last=max(lines) + 1,
        facts=(fact, *more),
        shown={"target": fact.host or fact.ip, "port": fact.port, "succeeded": fact.succeeded},
        paste=reading.paste.index,
        claims=frozenset(lines),
    )
