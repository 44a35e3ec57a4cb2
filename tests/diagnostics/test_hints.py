"""A person's own words order what is merely possible, and never make anything believed."""

from __future__ import annotations

import pytest

from diagnostics import Report, diagnose
from diagnostics.hints import hints

UNABLE = '451 4.4.0 Primary target IP address responded with: "421 4.2.1 Unable to connect."'


def order(report: Report) -> list[str]:
    return [each.cause for each in report.findings]


def test_telnet_that_connects_speaks_against_the_network() -> None:
    plain, told = order(diagnose(UNABLE)), order(diagnose(f"{UNABLE}\n\ntelnet to port 25 works from the server"))
    key, port = "tls.certificate.private-key-permission", "network.port25.outbound-blocked"
    assert plain.index(port) < plain.index(key)
    assert told.index(key) < told.index(port)


def test_version_buckets_are_no_disk() -> None:
    event = "Event ID: 15004 Source: MSExchangeTransport\nThe resource pressure increased from Normal to Medium."
    told = order(diagnose(f"{event}\n\nit is always the version buckets that rise"))
    assert told.index("transport-service.backpressure.memory-or-queue") == 0
    assert "transport-service.backpressure.memory-or-queue" != order(diagnose(event))[0]


@pytest.mark.parametrize(
    "words", ["we renewed the certificate", "telnet works", "only this domain", "spammers made up addresses"]
)
def test_words_alone_make_nothing_likely(words: str) -> None:
    assert {each.belief for each in diagnose(f"{UNABLE}\n\n{words}").findings} == {"possible"}
    assert diagnose(words).verdict == "nothing"


@pytest.mark.parametrize(
    ("english", "others"),
    [
        (
            "since the security update",
            ["seit dem letzten Update", "depuis la mise à jour", "tras la actualización", "sinds de update"],
        ),
        (
            "password changed",
            ["Kennwort geändert", "mot de passe changé", "contraseña cambiada", "wachtwoord gewijzigd"],
        ),
        (
            "the intermediate is missing",
            ["das Zwischenzertifikat fehlt", "certificat intermédiaire manquant", "falta el certificado intermedio"],
        ),
        ("our printer", ["unser Drucker", "notre imprimante", "la impresora"]),
        ("direct send", ["ohne Anmeldung", "sans authentification", "sin autenticación", "zonder wachtwoord"]),
        (
            "conditional access",
            ["bedingter Zugriff", "accès conditionnel", "acceso condicional", "voorwaardelijke toegang"],
        ),
        (
            "our own pki, self-signed",
            ["eigene CA, selbst signiert", "autorité interne, auto-signé", "autofirmado", "zelf ondertekend"],
        ),
        (
            "the user was synced, then licensed",
            [
                "der Benutzer wurde synchronisiert und hat dann eine Lizenz bekommen",
                "l'utilisateur a été synchronisé puis a reçu sa licence",
                "el usuario se sincronizó y luego recibió la licencia",
                "de gebruiker is gesynchroniseerd en kreeg daarna een licentie",
            ],
        ),
    ],
)
def test_what_is_said_in_other_languages_weighs_the_same(english: str, others: list[str]) -> None:
    for other in others:
        assert set(hints(english)) & set(hints(other)), other


def test_a_licence_in_german_raises_the_object_that_is_missing() -> None:
    refused = "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"
    told = f"{refused}\n\nNeue Kollegin, im AD angelegt, synchronisiert, dann Lizenz zugewiesen"
    assert order(diagnose(told))[0] == "hybrid.remote-mailbox.object-missing"
    assert (
        order(diagnose(f"{refused}\n\nDie Kollegin gibt es seit Jahren"))[0] != "hybrid.remote-mailbox.object-missing"
    )
