"""Windows events in every form and language in which they are pasted."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.facts import Reply, WindowsEvent
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts, one

SENTENCE = (
    "A fatal error occurred when attempting to access the TLS client credential private key. The error code returned "
    "from the cryptographic module is 0x8009030d. The internal error state is 10001."
)
PROCESS = "The SSPI client process is EdgeTransport (PID: 6120)."
GENERAL = f"""Log Name:      System
Source:        Schannel
Date:          18/11/2026 08:12:44
Event ID:      36870
Task Category: None
Level:         Error
User:          SYSTEM
Computer:      EX01.corp.contoso.com
Description:
{SENTENCE}

{PROCESS}"""
XML = """<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event">
  <System>
  <Provider Name="Schannel" Guid="{1F678132-5938-4686-9FDC-C8FF68F15C85}" />
  <EventID>36870</EventID><Level>2</Level>
  <TimeCreated SystemTime="2026-11-18T07:12:44.1234567Z" />
  </System>
  <EventData>
  <Data Name="CallerProcessImageName">EdgeTransport</Data>
  <Data Name="Type">client</Data>
  <Data Name="ErrorCode">0x8009030d</Data>
  <Data Name="ErrorStatus">10001</Data>
  </EventData>
</Event>"""
LISTED = f"""TimeCreated  : 18.11.2026 08:12:44
ProviderName : Schannel
Id           : 36870
Message      : {SENTENCE[:64]}
               {SENTENCE[64:130]}
               {SENTENCE[130:]}

               {PROCESS}

TimeCreated  : 18.11.2026 08:13:44
ProviderName : Schannel
Id           : 36887
Message      : A fatal alert was received from the remote endpoint. The TLS protocol defined fatal alert code is 48."""


def essence(event: WindowsEvent) -> tuple[str, int, str, int, str, str]:
    return (event.provider, event.event, event.error, event.state, event.process, event.role)


EXPECTED = ("Schannel", 36870, "0x8009030D", 10001, "EdgeTransport", "client")


@pytest.mark.parametrize(
    "text", [GENERAL, XML, XML.replace("\n", ""), f"Schannel 36870: {SENTENCE} {PROCESS}", f"{SENTENCE}\n{PROCESS}"]
)
def test_the_same_event_in_every_form(text: str) -> None:
    assert essence(one(text, WindowsEvent)) == EXPECTED


def test_the_level_the_time_and_the_line() -> None:
    event = one(GENERAL, WindowsEvent)
    assert (event.level, event.at, event.source.line) == ("Error", "", 10)  # a local time has no zone
    event = one(XML, WindowsEvent)
    assert (event.level, event.at) == ("Error", "2026-11-18T07:12:44.1234567Z")


def test_get_winevent_as_a_list() -> None:
    first, second = facts(LISTED, WindowsEvent)
    assert essence(first) == EXPECTED
    assert (second.event, second.alert) == (36887, 48)


def test_a_list_without_its_provider() -> None:
    text = "\n".join(line for line in LISTED.split("\n") if not line.startswith("ProviderName"))
    assert [event.provider for event in facts(text, WindowsEvent)] == ["Schannel", "Schannel"]


def test_get_winevent_as_a_table() -> None:
    text = "   ProviderName: Schannel\n\nTimeCreated                     Id LevelDisplayName Message\n"
    text += "-----------                     -- ---------------- -------\n"
    text += f"18.11.2026 08:12:44          36870 Error            {SENTENCE[:70]}...\n"
    text += "18.11.2026 08:12:42          36880 Information      An TLS client handshake completed successfully."
    assert [(e.event, e.level) for e in facts(text, WindowsEvent)] == [(36870, "Error"), (36880, "Information")]


@pytest.mark.parametrize(
    "text",
    [
        f'18/11/2026 08:12:44,Error,EX01.corp.contoso.com,36870,Schannel,None,"{SENTENCE} {PROCESS}"',
        f'Error,18/11/2026 08:12:44,Schannel,36870,None,"{SENTENCE} {PROCESS}"',
    ],
)
def test_a_line_of_csv(text: str) -> None:
    assert essence(one(text, WindowsEvent)) == EXPECTED


@pytest.mark.parametrize(
    ("log", "source", "number", "level", "description", "error"),
    [
        ("Protokollname", "Quelle", "Ereignis-ID", "Ebene", "Beschreibung", "Fehler"),
        ("Nom du journal ", "Source ", "ID de l’événement ", "Niveau ", "Description ", "Erreur"),
        ("Nombre de registro", "Origen", "Id. del evento", "Nivel", "Descripción", "Error"),
        ("Nome registro", "Origine", "ID evento", "Livello", "Descrizione", "Errore"),
        ("Nome do Log", "Fonte", "ID do Evento", "Nível", "Descrição", "Erro"),
        ("Logboeknaam", "Bron", "Gebeurtenis-id", "Niveau", "Beschrijving", "Fout"),
        ("Nazwa dziennika", "Źródło", "Identyfikator zdarzenia", "Poziom", "Opis", "Błąd"),
        ("Loggnamn", "Källa", "Händelse-ID", "Nivå", "Beskrivning", "Fel"),
        ("ログの名前", "ソース", "イベント ID", "レベル", "説明", "エラー"),
    ],
)
def test_labels_of_other_languages(
    log: str, source: str, number: str, level: str, description: str, error: str
) -> None:
    text = f"{log}:System\n{source}:Schannel\n{number}:36870\n{level}:{error}\n{description}:\n… 0x8009030D … 10001. (PID: 1)"
    event = one(text, WindowsEvent)
    assert (event.provider, event.event, event.level, event.error, event.state) == (
        "Schannel", 36870, "Error", "0x8009030D", 10001,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "event", "alert"),
    [
        ("The following fatal alert was received: 40.", 36887, 40),
        ("The following fatal alert was generated: 70. The internal error state is 105.", 36888, 70),
        (
            "A fatal alert was generated and sent to the remote endpoint. The TLS protocol defined fatal error code is 40.",
            36888,
            40,
        ),
        ("A fatal error occurred while creating a TLS client credential. The internal error state is 10013.", 36871, 0),
        (
            "The certificate received from the remote server was issued by an untrusted certificate authority.",
            36882,
            0,
        ),
        ("No suitable default server credential exists on this system.", 36886, 0),
    ],
)
def test_a_sentence_that_stands_alone_tells_its_number(text: str, event: int, alert: int) -> None:
    found = one(f"Found on the server:\n{text}", WindowsEvent)
    assert (found.provider, found.event, found.alert) == ("Schannel", event, alert)


def test_a_signed_decimal_is_the_same_error() -> None:
    assert one(SENTENCE.replace("0x8009030d", "-2146893043"), WindowsEvent).error == "0x8009030D"


def test_the_question_after_a_sentence_is_not_part_of_it() -> None:
    event = one(f"{SENTENCE}\nwhat now?", WindowsEvent)
    assert event.text == SENTENCE


def test_several_events_with_labels() -> None:
    text = "\n\n".join(
        f"Log Name: Application\nSource: MSExchangeTransport\nEvent ID: {number}\nLevel: Error\nDescription: {words}"
        for number, words in (
            (1019, "Failed to start listening (Error: 10048)."),
            (1018, "The address is already in use."),
        )
    )
    assert [(e.event, e.text) for e in facts(text, WindowsEvent)] == [
        (1019, "Failed to start listening (Error: 10048)."),
        (1018, "The address is already in use."),
    ]


def test_labels_on_one_line() -> None:
    text = (
        "Event Type: Error Event Source: MSExchangeTransport Event Category: SmtpReceive Event ID: 1035 Description: Inbound "
        "authentication failed with error IllegalMessage for Receive connector Default EX02. The authentication mechanism is X."
    )
    event = one(text, WindowsEvent)
    assert (event.provider, event.event, event.level, event.connector) == (
        "MSExchangeTransport",
        1035,
        "Error",
        "Default EX02",
    )


def test_a_description_of_several_paragraphs_and_the_prose_after_it() -> None:
    text = """Source: MSExchangeTransport
Event ID: 15004
Description:
Resource pressure increased from Medium to High.

The following resources are under pressure:
UsedDiskSpace = 99% [High]

we cleaned the disk already"""
    event = one(text, WindowsEvent)
    assert "UsedDiskSpace = 99%" in event.text
    assert "cleaned" not in event.text
    assert artefacts(text)[0].last == 7


def test_an_event_that_quotes_a_reply() -> None:
    text = """Source: MSExchangeTransport
Event ID: 2004
Level: Information
Description:
Send connector Outbound: Message delivery was not successful. The message was acknowledged with SMTP response 454 4.7.0 No."""
    event, reply = one(text, WindowsEvent), one(text, Reply)
    assert (event.connector, event.level) == ("Outbound", "Information")
    assert (reply.enhanced, reply.kind, reply.source.line) == ("4.7.0", "event", 5)


@pytest.mark.parametrize("text", ["Event 36870, Schannel", "Schannel 36870", "Event ID 15006, MSExchangeTransport"])
def test_event_viewers_own_heading(text: str) -> None:
    assert one(text, WindowsEvent).event in (36870, 15006)


@pytest.mark.parametrize(
    "text",
    [
        *CHATTER,
        "what does Schannel 36870 mean?",
        "Schannel 36888 is logged when a handshake fails, look for the alert code",
        "error 36870 means that the key can't be read",
    ],
)
def test_chatter_and_advice_are_no_events(text: str) -> None:
    assert not artefacts(text)


@given(st.one_of(damaged(GENERAL), damaged(LISTED), damaged(XML)))
@settings(max_examples=100)
def test_damage_never_raises(text: str) -> None:
    for event in facts(text, WindowsEvent):
        assert event.event > 0


def test_a_description_that_a_console_has_cut() -> None:
    pair = '<I>CN=Example Public TLS CA 1, O="Example Trust, Inc.", C=US<S>CN=mail.contoso.com, O=Contoso Ltd, L=Leeds, C=GB'
    text = f"Microsoft Exchange could not find a certificate that contains the domain name {pair} in the personal store on the "
    text += "local computer. Therefore, it is unable to support the STARTTLS SMTP verb for the connector Default Frontend EX01."
    cut = "\n".join(text[at : at + 80] for at in range(0, len(text), 80))
    found = one(f"Source:        MSExchangeFrontEndTransport\nEvent ID:      12014\nDescription:\n{cut}", WindowsEvent)
    assert pair in found.text
