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
    disk = order(diagnose(f"{event}\n\nthe disk of the queue is nearly full"))
    assert disk[0] == "transport-service.backpressure.disk"


@pytest.mark.parametrize(
    "words",
    [
        "It is a single mailbox, everyone else gets mail.",
        "Bei einem Benutzer kommt alles zurück, bei den anderen nicht.",
        "un solo usuario, los demás bien",
    ],
)
def test_one_user_whose_mail_circles_speaks_for_an_object(words: str) -> None:
    loop = "554 5.4.14 Hop count exceeded - possible mail loop ATTR34 [FR2FRA01FT009.eop-fra01.prod.protection.outlook.com]"
    target = "routing-loop.hybrid.target-address"
    assert order(diagnose(f"{words}\n\n{loop}"))[0] == target
    assert order(diagnose(f"Nobody gets mail.\n\n{loop}"))[0] != target


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


_UNATTRIBUTED = (
    "Mar  3 09:00:00 gw postfix/smtp[211]: 4F0A11B2: to=<eve@fabrikam.com>, "
    "relay=contoso-com.mail.protection.outlook.com[192.0.2.9]:25, delay=1.2, dsn=5.7.64, status=bounced (host "
    "contoso-com.mail.protection.outlook.com[192.0.2.9] said: 550 5.7.64 TenantAttribution; Relay Access Denied "
    "(in reply to RCPT TO command))"
)


@pytest.mark.parametrize(
    ("reply", "words", "first"),
    [
        (
            _UNATTRIBUTED,
            "the inbound connector recognises us by our certificate, and the chain is complete",
            "connector.exo-inbound.certificate-name-mismatch",
        ),
        (
            "550 5.7.64 TenantAttribution; Relay Access Denied [DB5PEPF0001.eurprd02.prod.outlook.com]",
            "since we moved the servers to another building",
            "connector.exo-inbound.ip-mismatch",
        ),
        (
            "550 5.7.64 TenantAttribution; Relay Access Denied [DB5PEPF0001.eurprd02.prod.outlook.com]",
            "seit dem Umzug ins neue Rechenzentrum",
            "connector.exo-inbound.ip-mismatch",
        ),
        (
            "450 4.4.317 Cannot connect to remote server [Message=451 4.4.0 TLS negotiation failed with error SocketError]",
            "we replaced the Watchguard, Exchange is as it was",
            "network.middlebox.tls-handshake-reset",
        ),
        (
            "554 5.4.14 Hop count exceeded - possible mail loop ATTR34",
            "mail to one colleague does not arrive, all others get theirs",
            "routing-loop.hybrid.target-address",
        ),
    ],
)
def test_words_bring_the_cause_that_they_fit_to_the_front(reply: str, words: str, first: str) -> None:
    assert order(diagnose(reply))[0] != first
    assert order(diagnose(f"{reply}\n\n{words}"))[0] == first


def test_mail_from_the_cloud_to_the_own_servers_is_about_the_own_certificate() -> None:
    reply = (
        "450 4.4.317 Cannot connect to remote server [Message=UntrustedRoot] [LastAttemptedServerName=mail.contoso.com]"
    )
    assert order(diagnose(reply))[0].startswith("certificate.remote.")
    for words in (
        "nothing arrives from 365 to us",
        "von Exchange Online zu uns kommt nichts",
        "de 365 vers nous, rien",
        "our certificate is valid, from a public authority",
        "unser neues Zertifikat ist gültig",
        "nuestro certificado es válido",
    ):
        assert order(diagnose(f"{reply}\n\n{words}"))[0].startswith("certificate.local."), words


@pytest.mark.parametrize(
    "words",
    [
        "When we retry by hand it works.",
        "Beim erneuten Versuch geht es durch.",
        "Une nouvelle tentative passe.",
        "Si reintentamos, funciona.",
        "再送すると成功します",
        "重新发送就可以",
    ],
)
def test_what_a_second_try_brings_through_has_no_versions_at_fault(words: str) -> None:
    dropped = "421 4.4.2 Connection dropped due to SocketError"
    assert order(diagnose(dropped))[0].startswith("tls.")
    assert order(diagnose(f"{dropped}\n\n{words}"))[0] == "network.connection.reset-or-dropped"


@pytest.mark.parametrize(
    "words",
    [
        "The logon works with an admin account, another user gets the error.",
        "It is a plain domain user.",
        "Es ist ein Domänenbenutzer.",
    ],
)
def test_one_account_that_logs_on_leaves_the_other_ones_password(words: str) -> None:
    refused = "535 5.7.3 Authentication unsuccessful"
    first = order(diagnose(f"{refused}\n\n{words}"))
    assert first[0] == "auth-smtp.credentials.invalid"


@pytest.mark.parametrize(
    "words",
    [
        "no, 180 GB free on that drive",
        "nein, 180 GB frei auf dem Laufwerk",
        "non, le disque n'est pas plein, 180 Go libres",
        "no, el disco no está lleno",
        "no, 180 GB liberi",
        "não, há 180 GB livres",
        "nee, de schijf is niet vol",
        "nie, na dysku jest 180 GB wolnego",
        "nej, disken är inte full",
    ],
)
def test_room_on_the_drive_speaks_for_another_resource(words: str) -> None:
    refused = "452 4.3.1 Insufficient system resources"
    assert order(diagnose(refused))[0] == "transport-service.backpressure.disk"
    assert order(diagnose(refused, followups=[words]))[0] == "transport-service.backpressure.memory-or-queue"
    assert order(diagnose(refused, followups=["only 2 GB free there"]))[0] == "transport-service.backpressure.disk"


@pytest.mark.parametrize(
    "words",
    [
        "the certificate has not changed",
        "das Zertifikat wurde nicht getauscht, Anbieter gewechselt",
        "le certificat n'a pas changé",
        "el certificado no ha cambiado",
        "il certificato non è stato rinnovato",
        "certyfikat nie został zmieniony",
        "証明書は変更していません",
    ],
)
def test_a_certificate_that_is_as_it_was_is_not_looked_at_first(words: str) -> None:
    refused = "550 5.7.64 TenantAttribution; Relay Access Denied"
    assert order(diagnose(refused))[0] == "connector.exo-inbound.certificate-name-mismatch"
    assert order(diagnose(refused, followups=[words]))[0] == "connector.exo-inbound.ip-mismatch"
    assert order(diagnose(refused, followups=["we changed the certificate"]))[0].endswith("certificate-name-mismatch")


@pytest.mark.parametrize(
    "words",
    [
        "looked it up, our address is not listed at Spamhaus",
        "laut Spamhaus nicht gelistet",
        "Spamhaus : pas listée",
        "en Spamhaus no aparece",
        "Spamhaus check is clean",
    ],
)
def test_who_looked_the_list_up_and_found_nothing_casts_doubt(words: str) -> None:
    refused = "550 5.7.1 Service unavailable, Client host [203.0.113.5] blocked using Spamhaus"
    assert diagnose(refused).findings[0].belief == "likely"
    told = diagnose(refused, followups=[words]).findings
    assert {each.belief for each in told} == {"possible"}
    assert {"reputation.ip.dnsbl-listed", "reputation.dnsbl.resolver-error"} <= {each.cause for each in told[:3]}
    assert diagnose(refused, followups=["our address is listed at Spamhaus"]).findings[0].belief == "likely"
