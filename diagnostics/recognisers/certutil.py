"""What certutil -store and Test-Certificate tell about a certificate and its private key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import re2

from diagnostics.artefacts import Artefact
from diagnostics.facts import InstalledCertificate
from diagnostics.recognisers import Reading
from diagnostics.recognisers.certificate_rows import thumbprint
from diagnostics.recognisers.sources import source_at

# The hash's label is localised ("Zertifikathash(sha1)", "Hach. cert. (sha1)"); the algorithm's name is not.
_HASH = re2.compile(r"(?i)\(sha1\)\s*:\s*((?:[0-9a-f]{2} ?){20}|[x*]{8,})")
_BEGINS = re2.compile(r"^=+ .{1,40} \d+ =+\s*$")
_ENDS = re2.compile(r"(?i)^CertUtil:")
_SUBJECT = re2.compile(
    r"(?i)^\s*(?:Subject|Antragsteller|Objet|Sujet|Firmante|Sujeto|Soggetto|Requerente|Onderwerp)\s*:\s*(\S.*)$"
)
_ISSUER = re2.compile(r"(?i)^\s*(?:Issuer|Aussteller|.metteur|Emisor|Emittente|Emissor|Verlener)\s*:\s*(\S.*)$")
_NOT_AFTER = re2.compile(r"(?i)^\s*(?:NotAfter|Nicht nach|Pas apr.s)\s*:\s*(\S.*)$")
_NO_KEY = re2.compile(
    r"(?i)Cannot find the certificate and private key|Missing stored keyset|No key provider information"
    r"|Gespeicherter Schl.sselsatz fehlt|Keine Schl.sselanbieterinformationen"
)
_KEY = re2.compile(
    r"(?i)^\s*(?:Unique container name|Eindeutiger Containername|Nom de conteneur unique"
    r"|Nombre de contenedor .nico)\s*:"
)
_CHAIN = re2.compile(r"\bCERT_TRUST_[A-Z_]{3,60}\b")
_STORE_PATH = re2.compile(r"(?i)\bCert:\\[^\s\"']*?\\([0-9A-F]{40})\b")
_VERDICT = re2.compile(r"(?i)^\s*Test-Certificate\s*:\s*\S")


@dataclass(slots=True)
class _Entry:
    """One certificate of a certutil listing that is being read."""

    lines: list[int] = field(default_factory=list)
    thumbprint: str = ""
    hash_line: int = -1
    subject: str = ""
    issuer: str = ""
    not_after: str = ""
    has_key: bool | None = None
    key_line: int = -1

    def take(self, index: int, line: str) -> None:
        self.lines.append(index)
        hashed = _HASH.search(line)
        if hashed:
            self.thumbprint, self.hash_line = thumbprint(hashed.group(1)), index
        elif _NO_KEY.search(line):
            self.has_key, self.key_line = False, index
        elif _KEY.search(line) and self.has_key is None:
            self.has_key, self.key_line = True, index
        elif named := _SUBJECT.search(line):
            self.subject = named.group(1)
        elif named := _ISSUER.search(line):
            self.issuer = named.group(1)
        elif named := _NOT_AFTER.search(line):
            self.not_after = named.group(1)


def certutil_artefacts(reading: Reading, free: list[tuple[int, str]]) -> Iterator[Artefact]:
    """The certificates of `certutil -store` output in the lines `free`."""
    for entry in _entries(free):
        if entry.hash_line < 0:
            continue
        line = entry.key_line if entry.has_key is False else entry.hash_line
        fact = InstalledCertificate(
            source=source_at(reading, line),
            thumbprint=entry.thumbprint,
            subject=entry.subject,
            issuer=entry.issuer,
            not_after=entry.not_after,
            has_private_key=entry.has_key,
        )
        yield _built(reading, fact, entry.lines)


def _entries(free: list[tuple[int, str]]) -> list[_Entry]:
    """An entry begins at its rule or, where that was cut away, with the first hash; it ends where certutil says so."""
    entries: list[_Entry] = []
    current: _Entry | None = None
    hashes = {index for index, line in free if "(sha1)" in line.lower() and _HASH.search(line)}
    if not hashes:
        return []
    for block in _paragraphs(free):
        if not any(index in hashes or _BEGINS.search(line) for index, line in block) and current is None:
            continue
        for index, line in block:
            if _BEGINS.search(line) or (index in hashes and current is not None and current.hash_line >= 0):
                current = None
            if current is None:
                current = _Entry()
                entries.append(current)
            current.take(index, line)
            if _ENDS.search(line):
                current = None
                break
        current = None
    return entries


def _paragraphs(free: list[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    block: list[tuple[int, str]] = []
    for index, line in free:
        if line.strip():
            block.append((index, line))
        elif block:
            yield block
            block = []
    if block:
        yield block


def chain_artefacts(reading: Reading, free: list[tuple[int, str]]) -> Iterator[Artefact]:
    """Test-Certificate: the words of its chain status, and the certificate that the command above named."""
    words: list[str] = []
    lines: list[int] = []
    tested = ""
    told = any("CERT_TRUST_" in line for _, line in free)
    for index, line in free if told else ():
        path = _STORE_PATH.search(line)
        tested = thumbprint(path.group(1)) if path else tested
        status = [word for word in _CHAIN.findall(line) if word not in words]
        words.extend(status)
        if status or (lines and _VERDICT.search(line)):
            lines.append(index)
    if not words:
        return
    fact = InstalledCertificate(
        source=source_at(reading, lines[0]),
        thumbprint=tested,
        status=" ".join(words),
        expired=True if "CERT_TRUST_IS_NOT_TIME_VALID" in words else None,
    )
    yield _built(reading, fact, lines)


def _built(reading: Reading, fact: InstalledCertificate, lines: list[int]) -> Artefact:
    return Artefact(
        kind="certificate-store",
        first=min(lines) + 1,
        last=max(lines) + 1,
        facts=(fact,),
        shown={"thumbprints": [fact.thumbprint] if fact.thumbprint else [], "status": fact.status},
        paste=reading.paste.index,
        claims=frozenset(lines),
    )
