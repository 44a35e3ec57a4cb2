"""What systems, runtimes and TLS libraries say of one outcome, each under a name or in a language of its own (system_words.toml).

Causes know an outcome by the words of OpenSSL, Winsock or a resolver, so those are put behind the others.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from diagnostics.kept import table
from diagnostics.patterns import Pattern, linear, together

TABLE: Final = Path(__file__).with_name("system_words.toml")
# One of these is in each of them: most texts have none, and the table, which is large, is not compiled for them.
STEMS: Final = (
    r"certifi[ck]|zertifi|certyfik|sertifi|_cert|cert_|sec_e_|err_|err_?ssl|ssl_error|pr_[ce]|0x8009|0x800b|bad_cert"
    r"|tls_alert|nsurlerror|cfstream|common ?name|hostname |server.? ?identi|identit|sperr|revo[ck]|crl\b|issuer"
    r"|signing|trust anchor|verify peer|authenticity|n.t (?:match either|been verified)|num=62|subject cn|cn mismatch"
    r"|vocation|certpath|self-signed|chosen to trust|identidad|tls: protocol|algor[iy]t|security protocol|signature"
    r"|sigalg|wrong (?:ssl|curve)|cipher|handshake[_ ]?fail|protocol_?version|unsupported|starttls|neither tls"
    r"|ssl level|tls (?:is |was |not |session )|encryption type|protette|conexões|unknown_protocol|support tls"
    r"|internal error|existing connection|closed unexpectedly|no supported versions|selected unsupported"
    r"|protocol version is not|diffie|dh ?public|dh keypair|dh_p_|key share|insufficient|paket|paquet|pacchetto|pacote"
    r"|pakket|invalid_token|token supplied|packet header|record[_ ]layer|version_number|frame |trame|marco|ssl peer"
    r"|terminated the handshake|transport|trasporto|handshake eof|close_notify|syscall|gnutls|handshake problems"
    r"|receive handshake|unexpected eof|error:00000000|remoto|remotehost|zdalnego|distant|hang up|epipe|errno"
    r"|broken pipe|empty reply|curl: |os error|error,|read error|gegenstelle|correspondant|corrispondente|máquina"
    r"|conexi|conex[aã]o|connexi|connessione|verbind|połącz|zielcomputer|cible|equipo|destinazione|doelcomputer"
    r"|komputer|kind: |io::socket|parti |parte |partij|componente|connectexception|timeout|vorgang|délai|tiempo|tempo "
    r"|netzwerk|netwerk|socketvorgang|réseau|sieć|an unreachable|[( ]host |\bred |rete |rede |route|ruta|chemin"
    r"|percorso|misbehaving|read udp|dial udp|getaddrinfo\(\)|hostname resolution|query[a-z]|namensaufl|résolution"
    r"|résolu|resoluci|resolu[cç]|risoluzione|resolver|nazw|unresolved|nxdomain|unknown_host|externe naam"
    r"|no address associated|requested name|such host|server (?:name|address)|software|deadline|operation timed"
    r"|host (?:ist|desconocido|sconosciuto|inconnu)|hôte|dienst|servi[czç]i?o|service inconnu|find the host"
    r"|[^\x00-\x{17f}]{2}|\* ok|\+ok|http/1|hostname_|tls (?:was )?not offered|thread failed|resolved|n.t (?:find|resolve)"
    r"|no authentication type|authenticators|authentication (?:method|mechanisms|type)"
    r"|authentication credentials|supported auth|anmeldung|authentifizierungsm|benutzername|d.authentification"
    r"|d.utilisateur|autenticaci|autenticazione|usuario|utente|utilizador|user ?name or pass|user or password"
    r"|name or password|login to server|sasl authentication failed|ccc78|smtp-server|serveur smtp|servidor smtp"
    r"|server smtp|serwer smtp|size limit|file size|attachment size|größe|zu groß|taille|tamaño|límite|limite"
    r"|volumineux|demasiado|troppo|too large"
)
_STEM = linear(f"(?i)(?:{STEMS})")
_NOTHING: Final = r"[^\s\S]"
_ARTICLE: Final = r"(?:\b(?:the|der|die|das|le|la|el|il|o) )?"


class _Words(Struct, frozen=True):
    """Of each outcome the words that it is known by, and the pattern of what is printed, and of what people say as well."""

    known: tuple[str, ...]
    patterns: tuple[Pattern, ...]  # those of what is printed first, then the plain ones
    together: Any


def printed(line: str) -> Any:
    """The match of a system's words in `line` that no person says; None where there are none."""
    return next((words.search(line.lower()) for index, words in _found(line) if index < len(_words().known)), None)


def plain(line: str) -> Any:
    """The match of a system's words that people say as well."""
    return next((words.search(line.lower()) for index, words in _found(line) if index >= len(_words().known)), None)


def told(text: str) -> bool:
    """Whether words of the table are in `text`."""
    return bool(_found(text))


def in_known_words(text: str) -> str:
    """`text`, and behind it the words by which causes know the outcome, where a system told it in others."""
    found = _found(text)
    if not found:
        return text
    outcomes = _words().known
    known = outcomes[min(index % len(outcomes) for index, _ in found)]
    return text if known.lower() in text.lower() else f"{text} [{known}]"


def stemmed(text: str) -> bool:
    """Whether words of the table may be in `text` at all."""
    return bool(_STEM.search(text))


def _found(text: str) -> list[tuple[int, Pattern]]:
    """The patterns that match in `text`, with their places."""
    if not stemmed(text):
        return []
    return [(index, _words().patterns[index]) for index in sorted(_words().together.Match(text.lower()) or ())]


@lru_cache(maxsize=1)
def _words() -> _Words:
    outcomes: list[dict[str, Any]] = table(TABLE)["outcome"]
    patterns = [
        *("|".join(each["printed"]) for each in outcomes),
        *(f"{_ARTICLE}(?:{'|'.join(each.get('plain', [_NOTHING]))})" for each in outcomes),
    ]
    return _Words(tuple(each["known"] for each in outcomes), tuple(map(linear, patterns)), together(patterns))
