"""Errors of systems and libraries by their names and in their users' languages, and the same words where nothing fails."""

from __future__ import annotations

import re

import pytest

from diagnostics import diagnose
from diagnostics.kept import table
from diagnostics.recognisers import system_words
from diagnostics.recognisers.system_words import in_known_words

FAILS = "Our application can't send mail over smtp.contoso.com."

OUTCOMES = [
    (
        "Der Name auf dem Sicherheitszertifikat ist ungültig oder stimmt nicht mit dem Namen der Website überein.",
        "certificate.remote.subject-mismatch",
    ),
    (
        "javax.mail.MessagingException: Can't verify identity of server: smtp.contoso.com",
        "certificate.remote.subject-mismatch",
    ),
    (
        "The certificate is only valid for the following names: *.hosting.example. SSL_ERROR_BAD_CERT_DOMAIN",
        "certificate.remote.subject-mismatch",
    ),
    ("{bad_cert,cert_expired}", "certificate.remote.expired"),
    ("Il certificato di sicurezza è scaduto o non è ancora valido.", "certificate.remote.expired"),
    (
        "curl: (60) schannel: SEC_E_CERT_EXPIRED (0x80090328) - The received certificate has expired.",
        "certificate.remote.expired",
    ),
    ("Ungültiges Remotezertifikat laut Validierungsverfahren.", "certificate.remote.untrusted-root"),
    ("根据验证过程,远程证书无效。", "certificate.remote.untrusted-root"),
    (
        "Outlook: The security certificate was issued by a company you have not chosen to trust.",
        "certificate.remote.untrusted-root",
    ),
    (
        "Die Sperrfunktion konnte keine Sperrprüfung durchführen, da der Sperrserver offline war.",
        "certificate.trust.revocation-unreachable",
    ),
    (
        "Le client et le serveur ne peuvent pas communiquer, car ils ne possèdent pas un algorithme commun",
        "tls.cipher.no-common-suite",
    ),
    (
        "Authentication failed because the remote party sent a TLS alert: 'ProtocolVersion'.",
        "tls.protocol.client-legacy-rejected",
    ),
    ("errSSLPeerProtocolVersion -9836", "tls.protocol.client-legacy-rejected"),
    ("Fehler beim Handshake wegen eines unerwarteten Paketformats.", "tls.implicit.port-mismatch"),
    (
        "curl: (35) schannel: SEC_E_INVALID_TOKEN (0x80090308) - The token supplied to the function is invalid",
        "tls.implicit.port-mismatch",
    ),
    ("Der Server unterstützt nicht den angegebenen Verbindungsverschlüsselungstyp.", "tls.starttls.not-offered-remote"),
    ("由于目标计算机积极拒绝,无法连接。", "network.connection.refused"),
    ("В соединении отказано", "network.connection.refused"),
    (
        "Ein Verbindungsversuch ist fehlgeschlagen, da die Gegenstelle nach einer bestimmten Zeitspanne nicht reagiert hat",
        "network.connection.timeout",
    ),
    (
        "Échec de l'authentification, car l'ordinateur distant a fermé le flux de transport.",
        "network.middlebox.tls-handshake-reset",
    ),
    ("Error: socket hang up", "network.connection.reset-or-dropped"),
    ("Nom ou service inconnu", "dns.smarthost.unresolvable"),
    ("Temporärer Fehler bei der Namensauflösung", "dns.resolver.local-failure"),
    (
        "Der Postausgangsserver (SMTP) unterstützt die gewählte Authentifizierungsmethode nicht.",
        "auth-smtp.mechanism.not-offered",
    ),
    ("Falscher Benutzername oder falsches Kennwort für den SMTP-Server", "auth-smtp.credentials.invalid"),
    (
        "Die Größe der Nachricht überschreitet die globale Größenbeschränkung (10485760 Bytes) des Servers.",
        "content-size.message.remote-limit",
    ),
    ("Error: Invalid greeting. response=* OK [CAPABILITY IMAP4rev1 IDLE] ready.", "connector.client.wrong-smtp-host"),
]


@pytest.mark.parametrize(("error", "cause"), OUTCOMES, ids=[error[:40] for error, _ in OUTCOMES])
def test_an_outcome_is_known_in_whatever_words(error: str, cause: str) -> None:
    report = diagnose(f"{FAILS}\n{error}")
    assert report.verdict == "failure"
    assert cause in [each.cause for each in report.findings]


@pytest.mark.parametrize(
    "told",
    [
        "Depuis ce matin impossible d'envoyer un mail, le certificat du serveur est expiré.",
        "Der Scanner verschickt keine Mails mehr, er vertraut dem Zertifikat des Mailservers nicht.",
    ],
)
def test_what_people_pass_on_in_a_clause_is_heard(told: str) -> None:
    assert diagnose(told).verdict == "failure"


@pytest.mark.parametrize(
    "told",
    [
        "Das Zertifikat für den Mailserver ist abgelaufen gewesen, ist aber seit gestern erneuert.",
        "The certificate has expired last month on the test SMTP server, we replaced it, nothing to do.",
        'Pull request: translate "Connexion refusée" and "Connexion expirée" in the SMTP settings dialog.',
        'Release notes: the smtp client now reports "The requested security protocol is not supported" with a hint.',
        "The web shop's certificate has expired, customers get a warning. Please send me an email when it's renewed.",
    ],
)
def test_the_same_words_where_nothing_fails(told: str) -> None:
    report = diagnose(told)
    assert report.verdict == "nothing"
    assert not report.artefacts


def test_words_that_causes_know_are_not_put_twice() -> None:
    error = "Connection refused (os error 111)"
    assert in_known_words(error) == error
    assert in_known_words("Verbindung abgelehnt (111)").endswith("[Connection refused]")
    assert in_known_words("250 2.0.0 Ok: queued") == "250 2.0.0 Ok: queued"


def _written(pattern: str) -> str:
    """A text that `pattern` may match: the first of each alternatives, and something for each gap."""
    text = pattern
    for _ in range(pattern.count("(?:")):
        text = re.sub(r"\(\?:([^()|]*)(?:\|[^()]*)?\)[?+]?", r"\1", text, count=1)
    for gap, filled in (
        (r"\\\[", "<"),
        (r"\[[^\]]*\][*+]?", "x"),
        (r"\\x22|\\x27", '"'),
        (r"\.\*", " "),
        (r"\\[SwDW][*+]?(?:\{\d,\d\})?", ""),
    ):
        text = re.sub(gap, filled, text)
    return re.sub(r"(.)\?", r"\1", re.sub(r"\\(.)", r"\1", text)).replace(".", "'")


def test_no_word_of_the_table_is_without_a_stem() -> None:
    outcomes = table(system_words.TABLE)["outcome"]
    texts = [_written(words) for each in outcomes for words in [*each["printed"], *each.get("plain", [])]]
    assert len(texts) > 300
    assert [text for text in texts if not system_words.stemmed(text)] == []
