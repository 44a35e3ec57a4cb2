"""Every cause says where it is documented, with links that can be followed."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from diagnostics.cause import catalogue
from diagnostics.codes import tables

_LINK = re.compile(r"https?://[a-z0-9.-]+\.[a-z]{2,}/[\w./()?=#&%+~-]*")


def _fault(link: str) -> str:
    """What is wrong with a link, "" when nothing is."""
    if not _LINK.fullmatch(link):
        return "is no link"
    parts = urlsplit(link)
    language = re.match(r"/([a-z]{2}-[a-z]{2})/", parts.path)
    if language and language[1] != "en-us":
        return "leads to a translation"
    if parts.hostname == "learn.microsoft.com" and not language:
        return "lets the browser choose the language"
    return "is a search" if "search?" in link or parts.hostname in ("google.com", "www.google.com") else ""


@pytest.mark.parametrize("id_", sorted(catalogue()))
def test_a_cause_has_references(id_: str) -> None:
    cause = catalogue()[id_]
    _, heading, section = cause.manual.partition("## References")
    assert heading, "no heading References"
    lines = [line for line in section.splitlines() if line.strip()]
    assert lines == [f"- {link}" for link in cause.references]
    assert lines
    assert len(set(lines)) == len(lines)
    assert [(link, _fault(link)) for link in cause.references if _fault(link)] == []


def test_a_code_has_a_source() -> None:
    sources = {(row.code, row.source) for name in tables.names() for row in tables.rows(name)}
    wrong = [(code, source, _fault(source)) for code, source in sorted(sources) if "://" in source and _fault(source)]
    assert wrong == []


@pytest.mark.parametrize(
    "link",
    [
        "learn.microsoft.com/en-us/exchange",
        "https://learn.microsoft.com/en-us/a b",
        "https://learn.microsoft.com/exchange/a",
        "https://technet.microsoft.com/ru-ru/library/ff982082",
        "https://www.google.com/search?q=550",
        "https://contoso/a",
    ],
)
def test_a_poor_link_is_seen(link: str) -> None:
    assert _fault(link)
