"""What systems, runtimes and TLS libraries say of one outcome, each under a name or in a language of its own (system_words.toml).

Causes know an outcome by the words of OpenSSL, Winsock or a resolver, so those are put behind the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from diagnostics.kept import table
from diagnostics.patterns import Pattern, linear

# One of these is in each of them: most texts have none, and the table, which is large, is not compiled for them.
STEMS: Final = (
    r"certifi[ck]|zertifi|certyfik|sertifi|_cert|cert_|sec_e_|err_|err_?ssl|ssl_error|pr_[ce]|0x8009|0x800b|bad_cert|tls_alert"
    r"|nsurlerror|cfstream|common ?name|hostname |server.? ?identi|identit|sperr|revo[ck]|crl\b|issuer|signing|trust anchor"
    r"|verify peer|authenticity|n.t (?:match either|been verified)|num=62|subject cn|cn mismatch|vocation|certpath|self-signed"
    r"|chosen to trust|identidad|tls: protocol"
    r"|algor[iy]t|security protocol|signature|sigalg|wrong (?:ssl|curve)|cipher|handshake[_ ]?fail|protocol_?version|unsupported"
    r"|starttls|neither tls|ssl level|tls (?:is |was |not |session )|encryption type|protette|conexões|unknown_protocol|support tls|internal error|existing connection|closed unexpectedly|no supported versions|selected unsupported|protocol version is not|diffie|dh ?public|dh keypair|dh_p_|key share|insufficient"
    r"|paket|paquet|pacchetto|pacote|pakket|invalid_token|token supplied|packet header|record[_ ]layer|version_number|frame |trame"
    r"|marco|ssl peer|terminated the handshake|transport|trasporto|handshake eof|close_notify|syscall|gnutls|handshake problems"
    r"|receive handshake|unexpected eof|error:00000000|remoto|remotehost|zdalnego|distant|hang up|epipe|errno|broken pipe"
    r"|empty reply|curl: |os error|error,|read error|gegenstelle|correspondant|corrispondente|máquina|conexi|conex[aã]o|connexi"
    r"|connessione|verbind|połącz|zielcomputer|cible|equipo|destinazione|doelcomputer|komputer|kind: |io::socket|parti |parte |partij"
    r"|componente|connectexception|timeout|vorgang|délai|tiempo|tempo |netzwerk|netwerk|socketvorgang|réseau|sieć|an unreachable|[( ]host "
    r"|\bred |rete |rede |route|ruta|chemin|percorso|misbehaving|read udp|dial udp|getaddrinfo\(\)|hostname resolution|query[a-z]"
    r"|namensaufl|résolution|résolu|resoluci|resolu[cç]|risoluzione|resolver|nazw|unresolved|nxdomain|unknown_host|externe naam"
    r"|no address associated|requested name|such host|server (?:name|address)|software|deadline|operation timed|host (?:ist|desconocido|sconosciuto|inconnu)|hôte|dienst|servi[czç]i?o"
    r"|service inconnu|find the host|[^\x00-\x{17f}]{2}"
)
_STEM = linear(f"(?i)(?:{STEMS})")


_ARTICLE: Final = r"(?:\b(?:the|der|die|das|le|la|el|il|o) )?"


class _Words(Struct, frozen=True):
    printed: Pattern
    plain: Pattern
    each: tuple[tuple[str, Pattern], ...]


def printed(line: str) -> Any:
    """The match of a system's words in `line` that no person says; None where there are none."""
    return _words().printed.search(line.lower()) if _STEM.search(line) else None


def plain(line: str) -> Any:
    """The match of a system's words that people say as well."""
    return _words().plain.search(line.lower()) if _STEM.search(line) else None


def in_known_words(text: str) -> str:
    """`text`, and behind it the words by which causes know the outcome, where a system told it in others."""
    low = text.lower()
    if not _STEM.search(text):
        return text
    known = next((known for known, words in _words().each if words.search(low)), "")
    return text if known.lower() in low else f"{text} [{known}]"


@lru_cache(maxsize=1)
def _words() -> _Words:
    outcomes: list[dict[str, Any]] = table(Path(__file__).with_name("system_words.toml"))["outcome"]
    return _Words(
        printed=_any(words for each in outcomes for words in each["printed"]),
        plain=linear(f"{_ARTICLE}(?:{_any(words for each in outcomes for words in each.get('plain', ())).pattern})"),
        each=tuple((each["known"], _any([*each["printed"], *each.get("plain", ())])) for each in outcomes),
    )


def _any(words: Iterable[str]) -> Pattern:
    return linear("|".join(words))
