"""Who may read a private key: icacls or Get-Acl of its file under ProgramData\\Microsoft\\Crypto.

Exchange's transport runs as NETWORK SERVICE, in whose token Everyone, Authenticated Users and Users are too. Only a
listing is evidence, and only that of a key's own file: the folder's rights say nothing about the keys in it.
Source: https://learn.microsoft.com/windows-server/administration/windows-commands/icacls
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from diagnostics.artefacts import Artefact
from diagnostics.looked_facts import KeyAccess
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.format_list import blocks
from diagnostics.recognisers.sources import source_at

_KEY_FILE = linear(
    r"(?i)(?:\\Crypto\\(?:RSA\\|DSS\\)?(?:MachineKeys|SystemKeys|Keys|S-1-5-\d+)\\([^\s\\\"']+)"
    r"|\b([0-9a-f]{30,32}_[0-9a-f]{8}-[0-9a-f-]{20,27}))"
)
_ENTRY = linear(r"^(.*\S):((?:\([A-Z]+(?:,[A-Z]+)*\))+)\s*$")
_GROUPS = linear(r"\(([^()]*)\)")
_COMMAND = linear(r"(?i)\b(?:icacls|cacls|get-acl)(?:\.exe)?\s")
_ALLOW = linear(r"^(\S.*?)\s+(Allow|Deny)\s+(\S.*)$")
_NETWORK_SERVICE = linear(
    r"(?i)NETWORK SERVICE|NETZWERKDIENST|SERVICE R.SEAU|Servicio de red|SERVIZIO DI RETE"
    r"|Servi.o de Rede|SERVI.O DE REDE"
    r"|NETWERKSERVICE|USŁUGA SIECIOWA|N.TVERKSTJ.NST|\bS-1-5-20\b"
)
_EVERYBODY = linear(
    r"(?i)^(?:Everyone|Jeder|Tout le monde|Todos|Iedereen|Wszyscy|Alla|.*\\(?:Authenticated Users"
    r"|Authentifizierte Benutzer)"
    r"|(?:BUILTIN|VORDEFINIERT)\\(?:Users|Benutzer)|S-1-1-0|S-1-5-11|S-1-5-32-545)$"
)
_READING = frozenset({"R", "RX", "M", "F", "GR", "GA", "RD"})


class _Listing(Struct):
    """The rights of one key file, as they are being read."""

    lines: list[int] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    granted: int = -1  # the line that lets NETWORK SERVICE read
    denied: int = -1

    @property
    def reads(self) -> bool:
        return self.granted >= 0 and self.denied < 0

    def take(self, index: int, account: str, *, reads: bool, deny: bool) -> None:
        self.lines.append(index)
        self.accounts.append(account)
        service = bool(_NETWORK_SERVICE.search(account))
        if deny and (service or _EVERYBODY.search(account)):
            self.denied = index
        elif reads and (service or (self.granted < 0 and _EVERYBODY.search(account))):
            self.granted = index


@recogniser(r"(?:\\Crypto\\|[0-9a-f]{30,32}_[0-9a-f]{8}-|^\s*IdentityReference\s*:)", rank=40)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each key file whose rights are listed; no fact where several files contradict each other."""
    listings = [each for each in (*_icacls(reading.free()), *_acl_lists(reading)) if each.accounts]
    agreed = len({each.reads for each in listings}) < 2
    return [_artefact(reading, each, agreed) for each in listings]


def _icacls(lines: list[tuple[int, str]]) -> list[_Listing]:
    listings: list[_Listing] = []
    current: _Listing | None = None
    column = 0
    for index, line in lines:
        key = _KEY_FILE.search(line) if "_" in line or "\\" in line else None
        if key and not _COMMAND.search(line):
            current = _Listing([index])
            listings.append(current)
            column = key.end()
        elif current is not None and (not line.strip() or not _ENTRY.search(line)):
            current = current if not line.strip() and not current.accounts else None
        entry = _ENTRY.search(line) if current is not None and line.rstrip().endswith(")") else None
        if current is not None and entry:
            account = entry.group(1)[column:] if key else entry.group(1)
            granted = [right for group in _GROUPS.findall(entry.group(2)) for right in group.split(",")]
            deny = "DENY" in granted or granted == ["N"] or "N" in granted
            current.take(index, account.strip(), reads=bool(_READING & set(granted)), deny=deny)
    return listings


def _acl_lists(reading: Reading) -> Iterator[_Listing]:
    """Get-Acl | fl of a key file, and the entries of its Access property where the key was named before."""
    named = any(_KEY_FILE.search(line) for _, line in reading.free())
    entries = _Listing()
    for block in blocks(reading.free()):
        if block.has("access") and _KEY_FILE.search(block.value("path", "pschildname")):
            listing = _Listing(list(block.lines))
            access = block.properties["access"]
            for index, part in zip(access.lines, access.parts, strict=True):
                rule = _ALLOW.search(part.strip())
                if rule:
                    reads = "Read" in rule.group(3) or "FullControl" in rule.group(3) or "Modify" in rule.group(3)
                    listing.take(index, rule.group(1), reads=reads, deny=rule.group(2) == "Deny")
            yield listing
        elif named and block.has("identityreference") and block.has("filesystemrights"):
            rights = block.value("filesystemrights")
            reads = any(word in rights for word in ("Read", "FullControl", "Modify"))
            deny = block.value("accesscontroltype").lower() == "deny"
            entries.take(block.line("identityreference"), block.value("identityreference"), reads=reads, deny=deny)
            entries.lines.extend(block.lines)
    yield entries


def _artefact(reading: Reading, listing: _Listing, agreed: bool) -> Artefact:
    reads = listing.reads
    line = listing.granted if reads else listing.denied if listing.denied >= 0 else listing.lines[0]
    fact = KeyAccess(
        source=source_at(reading, line),
        network_service_reads=reads,
        accounts=tuple(dict.fromkeys(account for account in listing.accounts if account)),
    )
    return Artefact(
        kind="key-access",
        first=min(listing.lines) + 1,
        last=max(listing.lines) + 1,
        facts=(fact,) if agreed else (),
        shown={"network_service_reads": reads, "accounts": list(fact.accounts)},
        paste=reading.paste.index,
        claims=frozenset(listing.lines),
    )
