"""Descriptions of events without their number and source."""

from __future__ import annotations

import pytest

from diagnostics.facts import WindowsEvent
from diagnostics.recognisers import recognise
from diagnostics.text import Paste


def events(text: str) -> list[WindowsEvent]:
    return [fact for each in recognise(Paste.of(text)) for fact in each.facts if isinstance(fact, WindowsEvent)]


WORDS = [
    (
        "The Microsoft Exchange Transport service terminated unexpectedly.  It has done this 5 time(s).",
        "Service Control Manager",
        7031,
    ),
    (
        "The Microsoft Exchange Frontend Transport service failed to start due to the following error: timeout",
        "Service Control Manager",
        7000,
    ),
    ("Failed to start listening (Error: 10048). Binding: 0.0.0.0:25.", "MSExchangeTransport", 1018),
    ("The address is already in use. Binding: [::]:25.", "MSExchangeTransport", 1019),
    ("The following resources are under pressure:\nPrivateBytes = 90% [High]", "MSExchangeTransport", 15004),
    ("Topology discovery failed, error 0x80040a02 (DSC_E_NO_SUITABLE_CDC).", "MSExchange ADAccess", 2114),
    (
        "All Global Catalog Servers in forest DC=contoso,DC=local are not responding:\ndc01.contoso.local",
        "MSExchange ADAccess",
        2103,
    ),
]


@pytest.mark.parametrize(("text", "provider", "number"), WORDS, ids=[each[0][:40] for each in WORDS])
def test_the_words_tell_the_event(text: str, provider: str, number: int) -> None:
    (event,) = events(text)
    assert (event.provider, event.event) == (provider, number)


def test_the_paragraphs_of_a_description_belong_to_it() -> None:
    text = (
        "The resource pressure increased from Medium to High.\n\n"
        "The following resources are under pressure:\nUsedDiskSpace[D:\\Queue] = 97% [High]\n\n"
        "what shall we do now"
    )
    (event,) = events(text)
    assert "UsedDiskSpace" in event.text
    assert "shall" not in event.text


@pytest.mark.parametrize(
    "text",
    [
        "What does 'Topology discovery failed, error' mean?",
        "'The resource pressure increased from Low to Medium' is logged when a limit is passed",
        "The Contoso Backup service terminated unexpectedly.",
    ],
)
def test_an_explanation_is_no_event(text: str) -> None:
    assert events(text) == []
