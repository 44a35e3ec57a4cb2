"""What certutil -store and Test-Certificate tell about a certificate and its private key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct, field

from diagnostics.artefacts import Artefact
from diagnostics.facts import InstalledCertificate
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading
from diagnostics.recognisers.certificate_rows import thumbprint
from diagnostics.recognisers.sources import source_at

# The label is localised ("Zertifikathash(sha1)", "Hach. cert. (sha1)"); with -v, names and key ids have hashes, too.
_HASH = linear(r"(?i)(?:cert|zertif)[^():]{0,20}\(sha1\)\s*:\s*((?:[0-9a-f]{2} ?){20}|[x*]{8,})")
_BEGINS = linear(r"^=+ .{1,40} \d+ =+\s*$")
_LISTED = linear(r"^\s|[:=]|(?i)\bpassed\b|\bexportable\b")
_ENDS = linear(r"(?i)^CertUtil:")
_SUBJECT = linear(
    r"(?i)^\s*(?:Subject|Antragsteller|Objet|Sujet|Firmante|Sujeto|Soggetto|Requerente|Onderwerp)\s*:\s*(\S.*)?$"
)
_ISSUER = linear(r"(?i)^\s*(?:Issuer|Aussteller|.metteur|Emisor|Emittente|Emissor|Verlener)\s*:\s*(\S.*)?$")
_NOT_AFTER = linear(r"(?i)^\s*(?:NotAfter|Nicht nach|Pas apr.s)\s*:\s*(\S.*)$")
_NO_KEY = linear(
    r"(?i)Cannot find the certificate and private key|Missing stored keyset|No key provider information"
    r"|Gespeicherter Schl.sselsatz fehlt|Keine Schl.sselanbieterinformationen"
)
_KEY = linear(
    r"(?i)^\s*(?:Unique container name|Eindeutiger Containername|Nom de conteneur unique"
    r"|Nombre de contenedor .nico)\s*:"
)
_PROVIDER = linear(r"(?i)^\s*(?:Provider|Anbieter|Fournisseur|Proveedor)\s*=\s*(\S.{0,120}?)\s*$")
_KEY_SPEC = linear(r"(?i)^\s*KeySpec\s*[=:]\s*(\d)\b")
_KEY_SPECS: Final = {"0": "NONE", "1": "AT_KEYEXCHANGE", "2": "AT_SIGNATURE"}
# Object identifiers of the public key: rsaEncryption, id-ecPublicKey.
_ALGORITHMS: Final = (("1.2.840.113549.1.1.1 ", "RSA"), ("1.2.840.10045.2.1 ", "ECC"))
_NAME_BELOW = linear(r"^\s+((?:CN|O|OU|E|C|DC|S|L)=\S.*)$")
_CHAIN = linear(r"\bCERT_TRUST_[A-Z_]{3,60}\b")
_STORE_PATH = linear(r"(?i)\bCert:\\[^\s\"']*?\\([0-9A-F]{40})\b")
_VERDICT = linear(r"(?i)^\s*Test-Certificate\s*:\s*\S")


class _Entry(Struct):
    """One certificate of a certutil listing that is being read."""

    lines: list[int] = field(default_factory=list)
    thumbprint: str = ""
    hash_line: int = -1
    subject: str = ""
    issuer: str = ""
    not_after: str = ""
    has_key: bool | None = None
    key_line: int = -1
    provider: str = ""
    key_spec: str = ""
    spec_line: int = -1
    algorithm: str = ""
    below: str = ""  # whose name stands on the next line, as -v prints it

    def take(self, index: int, line: str) -> None:
        self.lines.append(index)
        hashed = _HASH.search(line)
        if hashed:
            self.thumbprint, self.hash_line = thumbprint(hashed.group(1)), index
        elif _NO_KEY.search(line):
            self.has_key, self.key_line = False, index
        elif _KEY.search(line) and self.has_key is None:
            self.has_key, self.key_line = True, index
        elif named := _NOT_AFTER.search(line):
            self.not_after = named.group(1)
        elif not self._names(line):
            self._key(index, line)

    def _names(self, line: str) -> bool:
        subject, issuer = _SUBJECT.search(line), _ISSUER.search(line)
        below = _NAME_BELOW.search(line) if self.below else None
        if subject:
            self.subject = subject.group(1) or ""
        elif issuer:
            self.issuer = issuer.group(1) or ""
        elif below and self.below == "subject":
            self.subject = ", ".join(part for part in (self.subject, below.group(1)) if part)
        elif below:
            self.issuer = ", ".join(part for part in (self.issuer, below.group(1)) if part)
        else:
            self.below = ""
            return False
        if subject or issuer:
            told = self.subject if subject else self.issuer
            self.below = "" if told else "subject" if subject else "issuer"
        return True

    def _key(self, index: int, line: str) -> None:
        provider, spec = _PROVIDER.search(line), _KEY_SPEC.search(line)
        if provider:
            self.provider = provider.group(1)
        elif spec:
            self.key_spec, self.spec_line = _KEY_SPECS.get(spec.group(1), ""), index
        else:
            self.algorithm = self.algorithm or next((name for oid, name in _ALGORITHMS if oid in line), "")


def certutil_artefacts(reading: Reading, free: list[tuple[int, str]]) -> Iterator[Artefact]:
    """The certificates of `certutil -store` output in the lines `free`."""
    for entry in _entries(free):
        line = entry.key_line if entry.has_key is False else entry.hash_line
        line = entry.spec_line if entry.key_spec == "AT_SIGNATURE" or line < 0 else line
        if line < 0:
            continue
        fact = InstalledCertificate(
            source=source_at(reading, line),
            thumbprint=entry.thumbprint,
            subject=entry.subject,
            issuer=entry.issuer,
            not_after=entry.not_after,
            has_private_key=entry.has_key,
            provider=entry.provider,
            key_spec=entry.key_spec,
            algorithm=entry.algorithm,
        )
        yield _built(reading, fact, entry.lines)


def _entries(free: list[tuple[int, str]]) -> list[_Entry]:
    """An entry begins at its rule or, where that was cut away, with the first hash; it ends where certutil says so.

    Where no hash was pasted at all, the KeySpec makes an entry of the lines around it.

    With -v it has blank lines in it: one that began at its rule goes on below them.
    """
    entries: list[_Entry] = []
    current: _Entry | None = None
    ruled = False
    hashes = {index for index, line in free if "(sha1)" in line.lower() and _HASH.search(line)}
    marks = hashes or {index for index, line in free if "keyspec" in line.lower() and _KEY_SPEC.search(line)}
    for block in _paragraphs(free) if marks else ():
        begins = any(index in marks or _BEGINS.search(line) for index, line in block)
        current = current if ruled and _LISTED.search(block[0][1]) else None
        if not begins and current is None:
            continue
        for index, line in block:
            rule = bool(_BEGINS.search(line))
            if rule or current is None or (index in hashes and current.hash_line >= 0):
                current, ruled = _Entry(), rule
                entries.append(current)
            current.take(index, line)
            if _ENDS.search(line):
                current, ruled = None, False
                break
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
        shown={
            "thumbprints": [fact.thumbprint] if fact.thumbprint else [],
            "status": fact.status,
            "provider": fact.provider,
            "key_spec": fact.key_spec,
        },
        paste=reading.paste.index,
        claims=frozenset(lines),
    )
