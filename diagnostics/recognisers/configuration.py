"""Settings as cmdlets print them: connectors but the Send connectors, domains, transport, mailboxes, recipients, policies.

Each object becomes one fact with its properties as printed; what they mean is for the causes to say. An object is known by
the cmdlet pasted above it, or by property names that only one kind of object has.
Source: https://learn.microsoft.com/powershell/module/exchangepowershell
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from msgspec import Struct

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured, LookedUp, Pairs
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.configuration_kinds import echoed, foreign, kind_of, screen
from diagnostics.recognisers.format_list import Block, blocks, plain
from diagnostics.recognisers.format_table import TableRow, tables
from diagnostics.recognisers.sources import source_at

Lines = list[tuple[int, str]]

_NAMES: Final = ("identity", "name", "domainname", "primarysmtpaddress", "displayname", "mailboxowner")
_BY_NAME: Final = frozenset({"inbound-connector", "outbound-connector", "accepted-domain", "remote-domain"})
_CONNECTORS: Final = frozenset({"receive-connector", "inbound-connector", "outbound-connector"})
_TENANT_TYPES: Final = frozenset({"onpremises", "partner"})
_BOTH_CONNECTORS: Final = ("tlscertificatename", "fqdn", "protocollogginglevel", "requiretls", "maxmessagesize")
_ON_SERVER = linear(r"^[A-Za-z0-9-]{1,15}\\[A-Za-z]")
_NEAR: Final = 4  # lines between a cmdlet and the first property it prints
_ARGUMENT = linear(r"(?i)\bGet-\w+ (?:-Identity )?(?:\"([^\"]{1,120})\"|'([^']{1,120})')")
_BY_ADDRESS = linear(
    r"(?i)\bGet-(EXO)?(?:Recipient|Mailbox|MailUser|MailContact|RemoteMailbox|DistributionGroup) (?:-Identity )?[\"']?"
    r"([\w.%+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})"
)
_OF_PEOPLE: Final = frozenset({"recipient", "mailbox"})
_HEADER = linear(r"^\s*[A-Za-z][A-Za-z0-9]+(?:\s+[A-Za-z][A-Za-z0-9]+)*\s*$")
_RULE = linear(r"^\s*-{2,}(?:\s+-{2,})*\s*$")
_PROPERTY = linear(r"^\s*[A-Za-z]\w+\s*:")
_PROMPT = linear(r"^\s*(?:\[PS\] |PS )[A-Z]:[^>]*>\s*\S")  # another command, whatever its verb
_REPLY = linear(r"\b[45]\d\d[ -][45]\.\d{1,3}\.\d{1,3}\b")
_COMMON: Final = ("name", "identity", "enabled", "status", "state", "priority")
_CAMEL = linear(r"[a-z][A-Z]")
_MOST_SHOWN: Final = 30


class _Object(Struct, frozen=True):
    kind: str
    line: int
    lines: tuple[int, ...]
    values: Pairs


@recogniser(screen(), rank=38)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each object of a list, one for each table."""
    lines = reading.free()
    echoes = _echoes(lines)
    found = [_artefact(reading, [each], each.kind) for each in _listed(lines, echoes)]
    taken = {line for each in found for line in each.claims}
    free = [(index, line) for index, line in lines if index not in taken]
    found.extend(_artefact(reading, group, group[0].kind) for group in _tabled(free, echoes))
    return found


def _echoes(lines: Lines) -> dict[int, tuple[str, ...]]:
    """For each line, the kinds that the cmdlets on one of the lines above print; none ends the reach of one."""
    kinds: dict[int, tuple[str, ...]] = {}
    kind, quiet = tuple[str, ...](), 0
    for index, line in lines:
        if _is_command(line) or _PROMPT.search(line[:1000]):
            kind, quiet = echoed(line), 0
        else:
            quiet = 0 if _PROPERTY.search(line) or not line.strip() else quiet + 1
            kind = kind if quiet <= _NEAR else ()
        kinds[index] = kind
    return kinds


def _is_command(line: str) -> bool:
    return "get-" in line[:1000].lower()


def _meant(echo: Sequence[str], by_names: str) -> str:
    """Which of a line's cmdlets printed an object: the last one, unless its own names tell that another did."""
    return by_names if by_names in echo else next(iter(echo[-1:]), "")


def _listed(lines: Lines, echoes: dict[int, tuple[str, ...]]) -> Iterator[_Object]:
    for block in blocks(lines):
        by_names = kind_of(block.properties)
        by_echo = _meant(echoes.get(block.lines[0], ()), by_names)
        fits = by_names or (_fits(block) and not foreign(block.properties))
        kind = by_echo if by_echo and fits else by_names or _of_tenant(block) or _of_server(block)
        if kind:
            values = tuple(
                (each.name, each.value) for each in block.properties.values() if each.value or not each.raw.strip()
            )
            yield _Object(kind, block.line(*_order(kind)), tuple(block.lines), values)


def _of_tenant(block: Block) -> str:
    """A connector of Exchange Online by its type: Send connectors on-premises have none of these. Inbound ones have the same
    properties, and the wizard calls them so; "" where it is neither."""
    if block.value("connectortype").lower() not in _TENANT_TYPES or not block.has(
        "cloudservicesmailenabled", "comment"
    ):
        return ""
    return (
        "inbound-connector" if block.value("name", "identity").lower().startswith("inbound") else "outbound-connector"
    )


def _of_server(block: Block) -> str:
    """A Receive connector by the server in front of its name, where the few properties shown are a Send connector's as well."""
    of_connector = block.has(*_BOTH_CONNECTORS) and not foreign(block.properties)
    return "receive-connector" if of_connector and _ON_SERVER.search(block.value("identity")) else ""


def _fits(block: Block) -> bool:
    """Whether a list whose names tell nothing looks like a cmdlet's."""
    return block.has(*_COMMON) or any(_CAMEL.search(each.name) for each in block.properties.values())


def _tabled(lines: Lines, echoes: dict[int, tuple[str, ...]]) -> Iterator[list[_Object]]:
    for position, (index, line) in enumerate(lines[:-1]):
        if not _is_header(lines, position):
            continue
        names = line.lower().split()
        table = _table(lines, position)
        by_names = kind_of(names)
        by_echo = _meant(echoes.get(index, ()), by_names)
        kind = "" if foreign(names) else by_echo or by_names or _by_identity(table, names)
        if not kind or len(set(names)) < len(names):
            continue
        if len(names) == 1:  # a lone column is as wide as its values
            name = line.split()[0]
            group = [_Object(kind, row, (row,), ((name, plain(text.strip())),)) for row, text in table[2:]]
        else:
            rows = tables(table, *names)
            group = [_Object(kind, row.line, row.lines, _cells(row, line.split())) for row in rows]
        if group:
            yield group


def _by_identity(table: Lines, names: list[str]) -> str:
    """As `_of_server`, for a table: each of its rows has the server in front."""
    if not {"identity", "name"} & set(names) or not set(_BOTH_CONNECTORS) & set(names):
        return ""
    found = [row for row in tables(table, *names) if row.cells[names[0]]]
    places = [name for name in ("identity", "name") if name in names]
    on_server = [row for row in found if any(_ON_SERVER.search(row.cells[name]) for name in places)]
    return "receive-connector" if found and len(on_server) == len(found) else ""


def _is_header(lines: Lines, position: int) -> bool:
    """Whether names in one word stand here, with the rule of a table below them."""
    rule = lines[position + 1][1][:1000] if position + 1 < len(lines) else ""
    return bool(_RULE.search(rule) and _HEADER.search(lines[position][1][:1000]))


def _table(lines: Lines, start: int) -> Lines:
    """The lines of the table whose header is at `start`: up to a blank line, a command, another header or a reply."""
    end = start + 2
    while end < len(lines) and not _ends_table(lines, end):
        end += 1
    return lines[start:end]


def _ends_table(lines: Lines, at: int) -> bool:
    line = lines[at][1]
    # What a server refused with stands below a table, in the person's own sentence; no setting holds a whole reply.
    return not line.strip() or _is_command(line) or _is_header(lines, at) or bool(_REPLY.search(line[:1000]))


def _cells(row: TableRow, names: list[str]) -> Pairs:
    """The cells with their names as printed. A value wider than its column has pushed the words of its row aside."""
    texts = [row.cells[name.lower()] for name in names]
    words = " ".join(text for text in texts if text).split()
    if not texts[0] and len(words) == len(names):
        texts = words
    return tuple((name, plain(text)) for name, text in zip(names, texts, strict=True) if plain(text) or not text)


def _order(kind: str) -> tuple[str, ...]:
    """Which property names an object: receive connectors are known in logs by their identity, `SERVER\\Name`."""
    return ("name", *_NAMES) if kind in _BY_NAME else _NAMES


def _artefact(reading: Reading, group: list[_Object], kind: str) -> Artefact:
    facts = [_configured(reading, each) for each in group]
    lines = [line for each in group for line in each.lines]
    looked = _found_by_address(reading, group, kind)
    if looked:
        return artefact(reading, kind, lines, [*facts, *looked], {"found": looked[0].address})
    if len(facts) > 1:
        return artefact(reading, kind, lines, facts, {"objects": [each.name for each in facts][:_MOST_SHOWN]})
    return artefact(
        reading, kind, lines, facts, {name: value for name, value in facts[0].values[:_MOST_SHOWN] if value}
    )


def _found_by_address(reading: Reading, group: list[_Object], kind: str) -> list[LookedUp]:
    """That a directory has the address, where the cmdlet above a table named it and the one row shows none."""
    if kind not in _OF_PEOPLE or len(group) != 1 or any("@" in value for _, value in group[0].values):
        return []
    first = group[0].lines[0]
    for line in reversed(reading.paste.lines[max(0, first - _NEAR) : first]):
        asked = _BY_ADDRESS.search(line[:1000])
        if asked:
            where: Literal["exchange-online", ""] = "exchange-online" if asked.group(1) else ""
            return [LookedUp(source=source_at(reading, first), address=asked.group(2).lower(), found=True, where=where)]
    return []


def _asked_for(reading: Reading, first: int) -> str:
    """The object that the cmdlet above its first line named: who selects properties often leaves its name out."""
    for line in reversed(reading.paste.lines[max(0, first - _NEAR) : first]):
        named = _ARGUMENT.search(line)
        if named:
            return str(named.group(1) or named.group(2))
    return ""


def _configured(reading: Reading, each: _Object) -> Configured:
    known = {name.lower(): value for name, value in each.values}
    name = next((value for wanted in _order(each.kind) if (value := known.get(wanted, ""))), "")
    name = name or (_asked_for(reading, each.lines[0]) if each.kind in _CONNECTORS else "")
    return Configured(
        source=source_at(reading, each.line),
        kind=each.kind,
        name=name,
        values=each.values,
        connector=name if each.kind in _CONNECTORS else "",
    )
