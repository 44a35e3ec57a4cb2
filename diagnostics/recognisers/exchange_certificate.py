"""Installed certificates: Get-ExchangeCertificate, the Cert: drive, certutil -store, Test-Certificate.

`AccessRules` prints type names, not accounts, and is empty on many healthy systems: it tells nothing.
Source: https://learn.microsoft.com/powershell/module/exchangepowershell/get-exchangecertificate
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.facts import InstalledCertificate
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.certificate_rows import thumbprint
from diagnostics.recognisers.certutil import certutil_artefacts, chain_artefacts
from diagnostics.recognisers.format_list import Block, TableRow, blocks, items, plain, tables
from diagnostics.recognisers.sources import source_at

_LETTERS: Final = {
    "I": "IMAP",
    "P": "POP",
    "U": "UM",
    "W": "IIS",
    "S": "SMTP",
    "F": "Federation",
    "C": "UMCallRouter",
}
_SERVICE_WORDS: Final = frozenset({"none", "smtp", "iis", "imap", "pop", "um", "umcallrouter", "federation"})
_MASK = linear(r"^[IPUWSFC.]{5,8}$")
_STRONG: Final = ("thumbprint", "hasprivatekey", "certificatedomains", "rootcatype", "isselfsigned")
_WEAK: Final = (
    "subject", "issuer", "notafter", "notbefore", "serialnumber", "friendlyname", "status", "dnsnamelist",
    "accessrules", "publickeysize", "services",
)  # fmt: skip
_HASH = linear(r"^(?:[0-9A-Fa-f]{40}|[0-9A-Fa-f]{8,38}\.\.\.|[Xx*]{6,})$")
_ROW = linear(r"^\s*([0-9A-Fa-f]{40})\s+(?:([IPUWSFC.]{5,8})\s+)?(\S.*?)\s*$")
_NAMED: Final = frozenset({"CN=", "OU=", "DC="})  # how the names of certificates begin
_SETTLED: Final = {"dateinvalid": True, "expired": True, "valid": False}


@recogniser(
    r"(?:^\s*(?:Thumbprint|HasPrivateKey|CertificateDomains|RootCAType|IsSelfSigned)\s*:"
    r"|^\s*Services\s*:.*(?:SMTP|IIS|IMAP|None)"
    r"|\bSubject\s+(?:[A-Za-z]+\s+){0,6}Services\b|\bServices\s+(?:[A-Za-z]+\s+){0,6}Subject\b"
    r"|\bThumbprint\s+(?:[A-Za-z]+\s+){0,6}(?:Subject|Services|NotAfter|Issuer)\b"
    r"|^\s*NotAfter\s*:|\bSubject\s+(?:[A-Za-z]+\s+){0,4}NotAfter\b|\bNotAfter\s+(?:[A-Za-z]+\s+){0,4}Subject\b"
    r"|^\s*Issuer\s+(?:[A-Za-z]+\s+){0,4}Subject\b|^\s*Subject\s+(?:[A-Za-z]+\s+){0,4}Issuer\b"
    r"|\(sha1\)\s*:|^\s*KeySpec\s*[=:]\s*\d\b|\bCERT_TRUST_\w|:\s*(?:Thumbprint|HasPrivateKey)\s*:)",
    rank=40,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each listing; certificates that a listing holds are one fact each."""
    lists = list(_lists(reading))
    taken = {line for artefact in lists for line in artefact.claims}
    free = [(index, line) for index, line in reading.free() if index not in taken]
    return [
        *lists,
        *_rows(reading, free),
        *certutil_artefacts(reading, free),
        *chain_artefacts(reading, free),
    ]


def _lists(reading: Reading) -> Iterator[Artefact]:
    for block in blocks(reading.free()):
        if _is_certificate(block):
            yield _built(reading, [_certificate(reading, block)], block.lines)


def _is_certificate(block: Block) -> bool:
    strong = sum(block.has(name) for name in _STRONG)
    weak = sum(block.has(name) for name in _WEAK)
    if block.flag("hasprivatekey") is not None:
        return True
    # Of what prints a subject and the end of its validity, only Exchange's own objects have a state.
    dated = block.has("notafter") and block.has("status") and block.value("subject")[:3].upper() in _NAMED
    known = _services(block.value("services")) is not None
    return (strong >= 1 and strong + weak >= 2) or (weak >= 2 and (known or dated))


def _certificate(reading: Reading, block: Block) -> InstalledCertificate:
    status = block.value("status")
    has_services = "services" in block.properties
    has_key, expired = block.flag("hasprivatekey"), _SETTLED.get(status.lower())
    telling = ["hasprivatekey"] if has_key is False else ["status"] if expired else []
    return InstalledCertificate(
        source=source_at(reading, block.line(*telling, "thumbprint", "hasprivatekey", "services", "subject")),
        thumbprint=thumbprint(block.value("thumbprint")),
        subject=block.value("subject"),
        issuer=block.value("issuer"),
        services=_services(block.properties["services"].raw) if has_services else None,
        has_private_key=has_key,
        not_after=block.value("notafter"),
        expired=expired,
        status=status,
        names=items(block.value("certificatedomains", "dnsnamelist")),
        self_signed=block.flag("isselfsigned"),
        root_type=block.value("rootcatype"),
    )


def _services(text: str) -> tuple[str, ...] | None:
    """Service names, from words (`IIS, SMTP`) or the table's letters (`...WS..`). None where nothing can be told."""
    text = text.strip()
    if _MASK.search(text):
        return tuple(name for letter, name in _LETTERS.items() if letter in text)
    words = items(text)
    if not words or any(word.lower() not in _SERVICE_WORDS for word in words):
        return None
    return tuple(word for word in words if word.lower() != "none")


def _rows(reading: Reading, free: list[tuple[int, str]]) -> Iterator[Artefact]:
    """Table rows, from Get-ExchangeCertificate (with services) or the certificate drive (without)."""
    found: list[InstalledCertificate] = []
    lines: list[int] = []
    for cells, row in _certificate_rows(free):
        found.append(
            InstalledCertificate(
                source=source_at(reading, row.line),
                thumbprint=thumbprint(cells.get("thumbprint", "")),
                services=_services(cells.get("services", "")),
                has_private_key={"true": True, "false": False}.get(cells.get("hasprivatekey", "").lower()),
                subject=plain(cells.get("subject", "").removesuffix("...").strip()),
                issuer=plain(cells.get("issuer", "").removesuffix("...").strip()),
                not_after=plain(cells.get("notafter", "")),
                expired=_SETTLED.get(cells.get("status", "").lower()),
                status=cells.get("status", ""),
            )
        )
        lines.extend(row.lines)
    if found:
        yield _built(reading, found, lines)


def _certificate_rows(free: list[tuple[int, str]]) -> Iterator[tuple[dict[str, str], TableRow]]:
    """Rows known by their thumbprint; in a table without it, by the letters of their services or by
    distinguished names."""
    for row in tables(free, "thumbprint"):
        cells = _cells(row)
        if _HASH.search(cells.get("thumbprint", "")) and len(cells) > 1:
            yield cells, row
    for row in tables(free, "services", "subject"):
        if "thumbprint" not in row.cells and _MASK.search(row.cells["services"]):
            yield row.cells, row
    for row in tables(free, "issuer", "subject"):
        named = row.cells["issuer"][:3].upper() in _NAMED and row.cells["subject"][:3].upper() in _NAMED
        if named and not {"thumbprint", "services"} & set(row.cells):
            yield row.cells, row
    for row in tables(free, "subject", "notafter"):
        if row.cells["subject"][:3].upper() in _NAMED and not {"thumbprint", "services", "issuer"} & set(row.cells):
            yield row.cells, row


def _cells(row: TableRow) -> dict[str, str]:
    """The cells by name; where chat has squeezed the spaces, the usual three columns are told by their shapes."""
    if _HASH.search(row.cells["thumbprint"]) and _shapely(row.cells):
        return row.cells
    squeezed = _ROW.search(" ".join(cell for cell in row.cells.values() if cell))
    if not squeezed:
        return {}
    return {
        "thumbprint": squeezed.group(1),
        "services": squeezed.group(2) or "",
        "subject": squeezed.group(3),
    }


def _shapely(cells: dict[str, str]) -> bool:
    return "services" not in cells or _services(cells["services"]) is not None


def _built(reading: Reading, found: list[InstalledCertificate], lines: list[int]) -> Artefact:
    return Artefact(
        kind="exchange-certificate",
        first=min(lines) + 1,
        last=max(lines) + 1,
        facts=tuple(found),
        shown={
            "certificates": len(found),
            "thumbprints": [each.thumbprint for each in found if each.thumbprint],
        },
        paste=reading.paste.index,
        claims=frozenset(lines),
    )
