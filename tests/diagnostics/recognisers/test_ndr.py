"""Bounces as people read them: the reply, who gave it and whom it stopped, in every layout and language."""

# ruff: noqa: E501  pasted lines stay whole, as people paste them

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.artefacts import Artefact
from diagnostics.facts import ConnectFailed, Reply
from diagnostics.recognisers import recognise
from diagnostics.text import Paste
from tests.diagnostics.recognisers import bounces
from tests.diagnostics.recognisers.reading import artefacts

LOCALISED = {
    "de": ("Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:", "Diagnoseinformationen für Administratoren:", "Generierender Server", "Ursprüngliche Nachrichtenköpfe:"),
    "fr": ("Échec de la remise pour ces destinataires ou groupes\u00a0:", "Informations de diagnostic pour les administrateurs\u00a0:", "Serveur de génération\u00a0", "En-têtes de message d'origine\u00a0:"),
    "es": ("Error de entrega a estos destinatarios o grupos:", "Información de diagnóstico para los administradores:", "Servidor de generación", "Encabezados de mensaje originales:"),
    "it": ("Il recapito non è riuscito per i seguenti destinatari o gruppi:", "Informazioni di diagnostica per gli amministratori:", "Server di generazione", "Intestazioni originali del messaggio:"),
    "nl": ("Uw bericht kan niet worden bezorgd bij de volgende geadresseerden of groepen:", "Diagnostische gegevens voor beheerders:", "Bronserver", "Oorspronkelijke berichtkoppen:"),
    "pt": ("Falha na entrega a estes destinatários ou grupos:", "Informações de diagnóstico para administradores:", "Servidor de origem", "Cabeçalhos de mensagem originais:"),
    "pl": ("Dostarczenie do następujących adresatów lub grup nie powiodło się:", "Informacje diagnostyczne dla administratorów:", "Serwer generujący", "Oryginalne nagłówki wiadomości:"),
    "ja": ("次の受信者またはグループに配信できませんでした:", "管理者向けの診断情報:", "生成サーバー", "元のメッセージ ヘッダー:"),
    "sv": ("Leveransen till följande mottagare eller grupper misslyckades:", "Diagnostikinformation för administratörer:", "Genererande server", "Ursprungliga meddelanderubriker:"),
    "of no language known here": ("Xyzzy plugh:", "Frobnitz quux:", "Plugh xyzzy", "Xyzzy wobble:"),
}  # fmt: skip


def localised(headline: str, diagnostics: str, server: str, headers: str) -> str:
    return f"""{headline}

Bob Baker (bob@contoso.com)
Lorem ipsum 5.9.9 dolor sit amet.

{diagnostics}

{server}: EX01.corp.contoso.com

bob@contoso.com
Remote Server returned '550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required'

{headers}

Received: from EX02.corp.contoso.com (192.0.2.21) by EX01.corp.contoso.com
 (192.0.2.20) with Microsoft SMTP Server id 15.2.1748.10; Wed, 18 Nov 2026 08:31:02 +0000
Subject: Quote
"""


def read(text: str) -> Artefact:
    found = [each for each in recognise(Paste.of(text)) if each.kind != "bounce-hops"]  # the table of hops has a reader
    assert [each.kind for each in found] == ["ndr"]
    return found[0]


def replies(artefact: Artefact) -> list[Reply]:
    return [fact for fact in artefact.facts if isinstance(fact, Reply)]


def row(artefact: Artefact) -> dict[str, Any]:
    (only,) = artefact.shown["recipients"]
    return dict(only)


def test_exchange_2010() -> None:
    artefact = read(bounces.EXCHANGE_2010)
    (reply,) = replies(artefact)
    assert (reply.code, reply.enhanced, reply.by, reply.recipient) == (
        550,
        "5.7.1",
        "ex01.corp.contoso.com",
        "bob@fabrikam.com",
    )
    assert row(artefact) == {
        "address": "bob@fabrikam.com",
        "action": "failed",
        "status": "5.7.1",
        "smtp_reply": "550",
        "diagnostic": "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required",
        "remote_mta": "",
    }
    assert artefact.shown["reporting_mta"] == "EX01.corp.contoso.com"
    assert (artefact.shown["message_id"], artefact.shown["subject"]) == ("<9c1e@contoso.com>", "Quote")


def test_copied_headers_are_history() -> None:
    artefact = read(bounces.EXCHANGE_2010)
    lines = bounces.EXCHANGE_2010.split("\n")
    wanted = {
        i for i, line in enumerate(lines) if line.startswith(("Received", "Authentication-Results", " (192", " 08:"))
    }
    assert wanted <= artefact.claims
    assert not any("dmarc" in reply.whole for reply in replies(artefact))


@pytest.mark.parametrize(
    ("text", "code", "by", "ip"),
    [
        ("mx1.fabrikam.com #<mx1.fabrikam.com #5.7.1 smtp;530 5.7.1 Client was not authenticated> #SMTP#", 530, "mx1.fabrikam.com", ""),
        ("#< #5.1.1 smtp;550 5.1.1 <bob@fabrikam.com>: User unknown> #SMTP#", 550, "", ""),
        ("bob@x.org\n<exch01.contoso.com #5.5.0 smtp;550 mailbox unavailable>", 550, "exch01.contoso.com", ""),
        ("mx1.fabrikam.com gave this error:\n550 5.7.1 Message rejected", 550, "mx1.fabrikam.com", ""),
        ("Server at mx1.fabrikam.com (198.51.100.25) returned '550 5.7.1 no'", 550, "mx1.fabrikam.com", "198.51.100.25"),
        ("El servidor remoto devolvió '550 5.4.1 Recipient address rejected: Access denied'", 550, "", ""),
        ("Der Remoteserver hat Folgendes zurückgegeben: '550 5.7.1 Unable to relay'", 550, "", ""),
    ],
)  # fmt: skip
def test_frames(text: str, code: int, by: str, ip: str) -> None:
    (reply,) = replies(read(text))
    assert (reply.code, reply.by, reply.ip) == (code, by, ip)


def test_attempts_tell_the_cause_and_the_expiry_is_their_wrapper() -> None:
    artefact = read(bounces.ATTEMPTS)
    (reply,) = replies(artefact)
    (failed,) = [fact for fact in artefact.facts if isinstance(fact, ConnectFailed)]
    assert (failed.kind, failed.winsock) == ("timeout", 10060)
    assert (reply.code, reply.enhanced, reply.by, reply.ip) == (
        441,
        "4.4.1",
        "mx1.fabrikam.com",
        "198.51.100.25",
    )
    assert "QUEUE.Expired" in reply.wrappers[0]
    assert "QUEUE.Expired" not in reply.whole
    assert reply.source.line == 6


def test_an_expiry_alone_stays_the_reply() -> None:
    (reply,) = replies(read("bob@fabrikam.com\n#550 4.4.7 QUEUE.Expired; message expired ##"))
    assert (reply.code, reply.enhanced, reply.text) == (
        550,
        "4.4.7",
        "550 4.4.7 QUEUE.Expired; message expired",
    )


def test_a_delay_is_not_a_failure_yet() -> None:
    text = "bob@x.org\nServer at mx1.x.org (203.0.113.20) returned '400 4.4.7 Message delayed'"
    assert row(read(text))["action"] == "delayed"


def test_exchange_online() -> None:
    artefact = read(bounces.ONLINE)
    (reply,) = replies(artefact)
    assert (
        reply.text
        == "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient bob@fabrikam.com not found by SMTP address lookup"
    )
    assert (reply.recipient, reply.source.line) == ("bob@fabrikam.com", 23)
    assert artefact.shown["reporting_mta"] == "AM0PR05MB1234.eurprd05.prod.outlook.com"
    assert artefact.shown["subject"] == "Quote"


def test_exchange_online_names_the_server_that_refused() -> None:
    text = bounces.ONLINE.replace("RESOLVER.ADR.RecipientNotFound; Recipient", "Recipient").replace(
        "\n\nMessage Hops", "\nRemote server:     mx1.fabrikam.com\n\nMessage Hops"
    )
    (reply,) = replies(read(text))
    assert reply.by == "mx1.fabrikam.com"


def test_exchange_online_expired() -> None:
    (reply,) = replies(read(bounces.ONLINE_EXPIRED))
    assert (reply.code, reply.enhanced, reply.by, reply.ip) == (
        450,
        "4.4.316",
        "mx1.fabrikam.com",
        "198.51.100.25",
    )
    assert reply.text == "Socket error code 10061"


@pytest.mark.parametrize("language", LOCALISED)
def test_layout_and_codes_carry_the_meaning(language: str) -> None:
    artefact = read(localised(*LOCALISED[language]))
    (reply,) = replies(artefact)
    assert (reply.enhanced, reply.by, reply.recipient) == (
        "5.7.133",
        "ex01.corp.contoso.com",
        "bob@contoso.com",
    )
    assert artefact.shown["reporting_mta"] == "EX01.corp.contoso.com"
    assert artefact.shown["subject"] == "Quote"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            bounces.POSTFIX,
            [("bob@fabrikam.com", 550, "5.4.1", "mx1.fabrikam.com", "198.51.100.25"), ("eve@fabrikam.org", 0, "", "", "203.0.113.10")],
        ),
        (bounces.EXIM, [("bob@fabrikam.com", 550, "5.1.1", "mx1.fabrikam.com", "198.51.100.25")]),
        (bounces.QMAIL, [("bob@fabrikam.com", 550, "5.7.1", "", "198.51.100.25")]),
        (bounces.GMAIL, [("", 550, "5.7.708", "", "")]),
        (bounces.SENDMAIL, [("anna@contoso.com", 550, "5.7.60", "mail.contoso.com", "")]),
        (
            bounces.GAVE_ERROR,
            [("bob@fabrikam.com", 0, "5.1.8", "mx1.fabrikam.com", ""), ("eve@fabrikam.com", 0, "5.1.8", "mx1.fabrikam.com", "")],
        ),
    ],
)  # fmt: skip
def test_bounces_of_other_systems(text: str, expected: list[tuple[str, int, str, str, str]]) -> None:
    told = [(r.recipient, r.code, r.enhanced, r.by, r.ip) for r in replies(read(text))]
    assert told == expected


@pytest.mark.parametrize(
    ("text", "recipients", "words"),
    [
        ("Delivery to the following recipient failed permanently:\n\n     * eve@fabrikam.com\n\n550-5.1.1 There is no\n550 5.1.1 such mailbox", ["eve@fabrikam.com"], "There is no such mailbox"),
        ("The following addresses had delivery problems:\n\n<eve@fabrikam.com>  (unrecoverable error)\n<bob@fabrikam.com>  (unrecoverable error)\n\nReason: 550 5.7.1 no", ["eve@fabrikam.com", "bob@fabrikam.com"], "550 5.7.1 no"),
        ("This is an automatically generated Delivery Status Notification.\n\nDelivery to the following recipients failed.\n\n  eve@fabrikam.com\n  bob@fabrikam.com\n", ["eve@fabrikam.com", "bob@fabrikam.com"], "Delivery to the following recipients failed. eve@fabrikam.com bob@fabrikam.com"),
        ("There was an error delivering your mail to <eve@fabrikam.com>.\n\n552 5.2.2 full", ["eve@fabrikam.com"], "552 5.2.2 full"),
        ("Your message cannot be delivered to the following recipients:\n\n  From: Bob <bob@contoso.com>\n  Recipient address: eve@fabrikam.com\n  Diagnostic code: smtp;550 5.1.1 no", ["eve@fabrikam.com"], "550 5.1.1 no"),
        ("   ----- Transcript of session follows -----\n550 5.1.1 <eve@fabrikam.com>... User unknown", ["eve@fabrikam.com"], "550 5.1.1 <eve@fabrikam.com>... User unknown"),
    ],
)  # fmt: skip
def test_whom_the_reports_of_other_systems_name(text: str, recipients: list[str], words: str) -> None:
    artefact = read(text)
    assert [each["address"] for each in artefact.shown["recipients"]] == recipients
    assert [reply.recipient for reply in replies(artefact)] == recipients
    assert words in replies(artefact)[0].whole


def test_the_friendly_paragraph_is_no_evidence() -> None:
    for reply in replies(read(bounces.GAVE_ERROR)):
        assert "spam" not in reply.whole


def test_a_bounce_without_its_technical_part() -> None:
    (reply,) = replies(
        read("Your message to bob@fabrikam.com couldn't be delivered.\nbob wasn't found at fabrikam.com.")
    )
    assert (reply.enhanced, reply.failing, reply.recipient) == ("5.0.0", True, "bob@fabrikam.com")
    assert "wasn't found" in reply.whole  # without a code, the words that were chosen by it are what is left of it


def test_a_send_as_refusal_that_has_no_number() -> None:
    text = (
        "Subject: Undeliverable: RE: order\nYour message did not reach some or all of the intended recipients.\n\n"
        " 'buyer@fabrikam.com' on 3/4/2024 10:11 AM\n"
        " You do not have permission to send on behalf of the user. Error is [0x80070005-0x0004dc-0x000524]."
    )
    artefact = read(text)
    (reply,) = replies(artefact)
    assert "0x80070005" in reply.text
    assert (reply.recipient, artefact.shown["subject"]) == ("buyer@fabrikam.com", "RE: order")


def test_two_bounces_are_two() -> None:
    found = recognise(Paste.of(bounces.ATTEMPTS + "\nand the other one:\n\n" + bounces.EXCHANGE_2010))
    assert [(each.kind, len(replies(each))) for each in found] == [("ndr", 1), ("ndr", 1)]
    assert found[0].last < found[1].first


def test_what_stands_below_a_bounce_is_not_claimed() -> None:
    text = "bob@x.org\nRemote Server returned '550 5.7.1 no'\n\nwe changed the connector on friday"
    artefact = read(text)
    assert (artefact.first, artefact.last) == (1, 2)


def test_a_wrapped_and_quoted_reply_is_joined() -> None:
    text = "> bob@x.org\n> Remote Server returned '550 5.7.708 Service unavailable. Access\n> denied, traffic not accepted'"
    (reply,) = replies(read(text))
    assert reply.text == "550 5.7.708 Service unavailable. Access denied, traffic not accepted"


@pytest.mark.parametrize(
    "talk",
    [
        "Subject: Undeliverable mail policy, draft 2",
        "our NDR texts say 'contact your admin', should we change that?",
        "How to Fix It was a great talk",
        "<bob@fabrikam.com>: can you look at the 550 boxes?",
        "the generating server for this report is EX01",
        "she said: 5.7.1 is fine",
        "the host mx1.fabrikam.com [198.51.100.25] said hello",
        "unable to deliver the message to the following recipients: has anybody seen this?",
        "the delivery to the following address failed twice, our driver says: bob, 12 Main St",
        "we had trouble delivering your message\nregards\nhelp@contoso.com",
        "I'm sorry to have to tell you that your message about the offsite was not seen by anyone.\nbob@contoso.com",
        "failed addresses follow\nbob@contoso.com",
        "post it in https://groups.google.com/support/ please",
        "what was not delivered to:\n-- the warehouse\n-- the office",
    ],
)
def test_talk_is_no_bounce(talk: str) -> None:
    assert recognise(Paste.of(talk)) == []


_FRAGMENTS = [line for text in vars(bounces).values() if isinstance(text, str) for line in text.split("\n")]


@given(st.lists(st.sampled_from(_FRAGMENTS), max_size=25))
@settings(max_examples=150)
def test_any_shuffled_remains_are_read_within_their_lines(lines: list[str]) -> None:
    for artefact in recognise(Paste.of("\n".join(lines))):
        assert 1 <= artefact.first <= artefact.last <= len(lines)
        for fact in artefact.facts if artefact.kind in ("ndr", "smtp-reply", "delivery-status") else ():
            assert artefact.first <= fact.source.line <= artefact.last
            assert fact.source.quote == lines[fact.source.line - 1].strip()


@pytest.mark.parametrize(
    ("text", "damage"),
    [
        ("生成サーバー: EX01.corp.contoso.com", lambda text: text.encode().decode("latin-1")),
        ("Generierender Server: EX01.corp.contoso.com\nGrüße", lambda text: text.encode().decode("cp1252", "replace")),
        ("生成サーバー: EX01.corp.contoso.com", lambda text: unicodedata.normalize("NFD", text)),
        ("Serveur de génération : EX01.corp.contoso.com", lambda text: unicodedata.normalize("NFD", text)),
        ("Generating server: EX01.corp.contoso.com", lambda text: textwrap.indent(text, "      ")),
    ],
)
def test_accents_and_indents_that_a_paste_has_damaged(text: str, damage: Callable[[str], str]) -> None:
    bounce = f"""{text}

bob@contoso.com
Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup'

Original message headers:

Received: from EX02.corp.contoso.com (192.0.2.21) by EX01.corp.contoso.com (192.0.2.20) with Microsoft SMTP Server
Message-ID: <9c1e@contoso.com>
"""
    shown = next(each.shown for each in artefacts(damage(bounce)) if each.kind == "ndr")
    assert (shown["reporting_mta"], shown["message_id"]) == ("EX01.corp.contoso.com", "<9c1e@contoso.com>")
    assert shown["recipients"][0]["status"] == "5.1.10"
