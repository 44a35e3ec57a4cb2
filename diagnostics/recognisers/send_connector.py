"""Get-SendConnector as a list or a table.

`TlsCertificateName` is `<I>issuer<S>subject`, compared with the certificates of the store as an exact text. The two
markers look like markup, so chat and web pages eat them: "CN=a, O=b CN=c" is put back together.
Source: https://learn.microsoft.com/powershell/module/exchangepowershell/get-sendconnector
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.facts import SendConnector
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.format_list import Block, Lines, Property, TableRow, blocks, items, tables
from diagnostics.recognisers.sources import source_at

_OWN: Final = (
    "addressspaces", "sourcetransportservers", "smarthostauthmechanism", "smarthostsstring", "dnsroutingenabled",
    "ignorestarttls", "tlsauthlevel", "cloudservicesmailenabled", "smarthosts", "isscopedconnector", "forcehelo",
    "domainsecureenabled",
)  # fmt: skip
_SHARED: Final = (
    "name",
    "identity",
    "fqdn",
    "tlscertificatename",
    "tlsdomain",
    "requiretls",
    "protocollogginglevel",
)
_FOREIGN: Final = (
    "remoteipranges",
    "permissiongroups",
    "bindings",
    "recipientdomains",
    "tlssettings",
    "nexthopdomain",
)
_COLUMNS: Final = (
    "addressspaces",
    "sourcetransportservers",
    "dnsroutingenabled",
    "smarthostauthmechanism",
)  # any of them tells the table
_NAMES: Final = frozenset({"name", "identity"})
_CUT: Final = ("...", "\u2026")  # what a table prints for the rest of a value
_MARKED = linear(r"(?i)^(?:<?\s*I\s*>)?\s*(.+?)\s*<\s*S\s*>\s*(\S.*)$")
# The subject begins where an attribute follows a value without a comma between.
_SUBJECT = linear(r"[^,\s=]\s*(CN=)|[^,\s]\s+((?:OU|O|C|E|DC|SERIALNUMBER|STREET|L|S)=)")


@recogniser(
    r"\b(?:AddressSpaces|SourceTransportServers|SmartHostAuthMechanism|SmartHosts|IgnoreSTARTTLS"
    r"|TlsAuthLevel|TlsCertificateName"
    r"|DNSRoutingEnabled|CloudServicesMailEnabled)\s*:|\b(?:AddressSpaces|SourceTransportServers|DNSRoutingEnabled|SmartHostAuthMechanism)\b",
    rank=40,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each connector."""
    listed = [_artefact(reading, block) for block in blocks(reading.free()) if _is_send_connector(block)]
    taken = {line for each in listed for line in each.claims}
    free = [(index, line) for index, line in reading.free() if index not in taken]
    return [*listed, *(_artefact(reading, block) for block in _tabled(free))]


def _tabled(lines: Lines) -> Iterator[Block]:
    """Each row of a table as the object that it stands for. What the table cut is not told."""
    taken: set[int] = set()
    for column in _COLUMNS:
        for row in tables(lines, column):
            if row.line not in taken and _is_row(row):
                taken.update(row.lines)
                told = {name: cell for name, cell in row.cells.items() if name in _NAMES or not _is_cut(cell)}
                yield Block(
                    {name: Property(name, list(row.lines), [cell]) for name, cell in told.items()}, list(row.lines)
                )


def _is_row(row: TableRow) -> bool:
    """Whether a row has a connector's name, and its collections are printed as collections."""
    named = any(row.cells.get(name) for name in _NAMES)
    collections = [row.cells[name] for name in ("addressspaces", "sourcetransportservers") if name in row.cells]
    return named and not row.cells.keys() & set(_FOREIGN) and all(each.startswith("{") for each in collections)


def _is_cut(cell: str) -> bool:
    return any(mark in cell for mark in _CUT)


def _is_send_connector(block: Block) -> bool:
    if block.has(*_FOREIGN):
        return False
    own = sum(block.has(name) for name in _OWN)
    shared = sum(block.has(name) for name in _SHARED)
    return (own >= 1 and own + shared >= 2) or (block.has("tlscertificatename") and shared >= 2)


def _artefact(reading: Reading, block: Block) -> Artefact:
    named = "tlscertificatename" in block.properties
    raw = block.properties["tlscertificatename"].raw if named else ""
    fact = SendConnector(
        source=source_at(reading, block.line("tlscertificatename", "name", "identity")),
        connector="" if _is_cut(block.value("name", "identity")) else block.value("name", "identity"),
        tls_certificate_name=_certificate_name(block.value("tlscertificatename"))
        if named and _told(raw, block)
        else None,
        tls_domain=block.value("tlsdomain"),
        tls_auth_level=block.value("tlsauthlevel"),
        require_tls=block.flag("requiretls"),
        ignore_starttls=block.flag("ignorestarttls"),
        cloud_services=block.flag("cloudservicesmailenabled"),
        enabled=block.flag("enabled"),
        scoped=block.flag("isscopedconnector"),
        domain_secure=block.flag("domainsecureenabled"),
        source_servers=_source_servers(block),
        smart_hosts=tuple(host.strip("[]") for host in items(block.value("smarthosts", "smarthostsstring"))),
        logon=block.value("smarthostauthmechanism"),
        address_spaces=items(block.value("addressspaces")),
        fqdn=block.value("fqdn"),
        logging=block.value("protocollogginglevel"),
    )
    return Artefact(
        kind="send-connector",
        first=min(block.lines) + 1,
        last=max(block.lines) + 1,
        facts=(fact,),
        shown={"connector": fact.connector, "tls_certificate_name": fact.tls_certificate_name},
        paste=reading.paste.index,
        claims=frozenset(block.lines),
    )


def _source_servers(block: Block) -> tuple[str, ...] | None:
    """The servers that mail leaves from; none where the collection is printed empty, None where it is not printed or masked."""
    printed = block.properties.get("sourcetransportservers")
    if printed is None:
        return None
    return () if printed.raw.strip() == "{}" else items(printed.raw) or None


def _told(raw: str, block: Block) -> bool:
    """An empty value says that none is set; a masked one says nothing."""
    return not raw or bool(block.value("tlscertificatename"))


def _certificate_name(value: str) -> str:
    """`<I>issuer<S>subject`, its markers restored; as written where the two can't be told apart."""
    marked = _MARKED.search(value)
    if marked:
        return f"<I>{marked.group(1)}<S>{marked.group(2)}"
    second = _SUBJECT.search(value)
    if not second:
        return value
    start = second.start(1) if second.group(1) else second.start(2)
    return f"<I>{value[:start].strip()}<S>{value[start:].strip()}"
