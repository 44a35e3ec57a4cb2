"""Texts that chat, mail or a console took apart: broken at a width, spaced, framed, escaped, printed as one literal."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics import diagnose
from diagnostics.recognisers.mending import MENDS, put_together, rows_apart
from diagnostics.text import Paste

_PROSE = "Since Monday our newsletter server can't send to one of our partners any more, all other domains are fine. "
_TEXTS = {
    "reputation.ip.dnsbl-listed": "CONFIG_TEXT: host mx.fabrikam.com[203.0.113.2] refused to talk to me: 554 mx.fabrikam.com "
    "198.51.100.2 found on one or more DNSBLs, see http://postmaster.fabrikam.com/errors",
    "sender-auth.dmarc.unaligned": "Authentication-Results: spf=pass (sender IP is 203.0.113.126) "
    "smtp.mailfrom=bounces.northwind.example; dkim=pass (signature was verified) header.d=mailer.example;dmarc=fail "
    "action=oreject header.from=contoso.com;compauth=fail reason=000",
    "quota-throttle.store.delivery-concurrency": "Some mails arrive hours late. In the message trace they stand as Pending, "
    "and the detail is 432 4.3.2 STOREDRV.Deliver; recipient thread limit exceeded, nothing else.",
    "dns.ptr.missing-or-mismatched": "SMTP error from remote mail server after RCPT TO:<anna@fabrikam.com>: host "
    "mx01.fabrikam.com [2001:db8:100::8]: 550-inconsistent or no DNS PTR record for 2001:db8:849::ef7d (see RFC 1912 2.1)",
}


def _wrapped(text: str, width: int) -> str:
    return "\n".join(textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False))


def _cut(text: str, width: int) -> str:
    return "\n".join(text[at : at + width] for at in range(0, len(text), width))


@pytest.mark.parametrize("cause", sorted(_TEXTS))
@pytest.mark.parametrize("before", ["", _PROSE])
def test_a_broken_text_is_judged_as_the_whole_one(cause: str, before: str) -> None:
    whole = f"{before}{_TEXTS[cause]}"
    forms = [whole, *(_wrapped(whole, width) for width in (66, 72, 78, 100)), _cut(whole, 80)]
    assert [diagnose(form).findings[0].cause for form in forms] == [cause] * len(forms)


_ROWS = (
    "2026-11-18T08:12:44.018Z,Internet,08DE2A6B91C0F4A2,9,192.0.2.20:48112,198.51.100.25:25,>,STARTTLS,",
    "2026-11-18T08:12:44.020Z,Internet,08DE2A6B91C0F4A2,10,192.0.2.20:48112,198.51.100.25:25,<,220 2.0.0 Ready to start TLS,",
    "2026-11-18T08:12:44.021Z,Internet,08DE2A6B91C0F4A2,11,192.0.2.20:48112,198.51.100.25:25,*,,Sending certificate",
    "2026-11-18T08:12:44.022Z,Internet,08DE2A6B91C0F4A2,12,,,*,3C0FFEE1A2B3C4D5E6F708192A3B4C5D6E7F8091,Certificate thumbprint",
    "2026-11-18T08:12:44.023Z,Internet,08DE2A6B91C0F4A2,13,,,*,,TLS negotiation failed with error UnknownCredentials",
)


@pytest.mark.parametrize("before", ["", "this is all there is: ", "> "])
def test_rows_on_one_line_are_judged_as_rows(before: str) -> None:
    apart, run_on = diagnose(f"{before}\n" + "\n".join(_ROWS)), diagnose(before + " ".join(_ROWS))
    assert run_on.findings[0].belief == "likely"
    assert [each.cause for each in run_on.findings] == [each.cause for each in apart.findings]
    assert {each.line for each in run_on.findings[0].evidence} == {1}


def test_a_time_among_the_values_of_a_row_begins_none() -> None:
    row = (
        "2026-11-18T08:12:44.021Z,Internet,08DE2A6B91C0F4A2,11,192.0.2.20:48112,198.51.100.25:25,*, CN=mail.contoso.com "
        "2026-01-17T15:15:33.000Z 2027-01-17T15:15:33.000Z,Sending certificate Subject Not before Not after"
    )
    assert rows_apart(Paste.of(row)) == Paste.of(row)


@pytest.mark.parametrize(
    "text",
    [
        """2026-11-18 08:12:44 [4711] IMessage::SubmitMessage returned hr=0x80040115 for one
2026-11-18 08:12:45 [4711] IMessage::SubmitMessage returned hr=0x80040115 for two""",
        """DomainName                     DomainType     Default
-----------------------------  -------------  -------
contoso.mail.onmicrosoft.com   InternalRelay  Falsehood""",
        "The connector that we use for the partner is called Outbound to Fabrikam today:\nSmartHosts : {mail.fabrikam.com}",
    ],
)
def test_what_begins_anew_is_left_alone(text: str) -> None:
    assert put_together(Paste.of(text)).lines == Paste.of(text).lines


@given(st.lists(st.text(alphabet=" abc:-", max_size=90), max_size=12))
def test_no_word_is_lost_and_no_line_moved(lines: list[str]) -> None:
    paste = Paste.of("\n".join(lines))
    mended = put_together(paste)
    assert len(mended.lines) == len(paste.lines)
    assert "".join("".join(mended.lines).split()) == "".join("".join(paste.lines).split())


def test_double_spaced_lines_are_judged_as_single_ones_and_keep_their_numbers() -> None:
    text = """I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.
<anna@fabrikam.com>: host mx1.fabrikam.com[198.51.100.18] refused to talk to me:
    554 Blocked - see
    https://support.proofpoint.com/dnsbl-lookup.cgi?ip=203.0.113.225"""
    spaced = text.replace("\n", "\n\n")
    one, other = diagnose(text), diagnose(spaced)
    assert [(each.belief, each.cause) for each in other.findings] == [
        (each.belief, each.cause) for each in one.findings
    ]
    for each in other.findings[0].evidence:
        assert spaced.split("\n")[each.line - 1].strip() == each.quote
    assert other.artefacts[0].lines == tuple(2 * line - 1 for line in one.artefacts[0].lines)


_BOUNCE = """Delivery has failed to these recipients or groups:
anna@fabrikam.com
Generating server: EX01.contoso.com
#550 5.1.1
User unknown in virtual mailbox table; the address couldn't be found ##
Original message headers:
Received: from EX01.contoso.com (10.0.0.5) by EX01.contoso.com (10.0.0.5)"""
_FORMS: dict[str, Callable[[str], str]] = {
    "table": lambda text: "\n".join(f"| {line} |" for line in text.split("\n")),
    "list": lambda text: "\n".join(f"- {line}" for line in text.split("\n")),
    "numbered": lambda text: "\n".join(f"{number}. {line}" for number, line in enumerate(text.split("\n"), 1)),
    "json": lambda text: json.dumps({"text": text}),
    "literal": lambda text: text.replace("\n", "\\r\\n"),
    "quoted": lambda text: "\n".join(f'"{line}"' for line in text.split("\n")),
    "escaped": lambda text: text.replace("[", "\\[").replace("]", "\\]").replace("-", "\\-"),
}


@pytest.mark.parametrize("form", sorted(_FORMS))
@pytest.mark.parametrize("text", [_BOUNCE, *_TEXTS.values()])
def test_a_framed_text_is_judged_as_the_plain_one(form: str, text: str) -> None:
    framed = _FORMS[form](text)
    report = diagnose(framed)
    assert report.findings[0].cause == diagnose(text).findings[0].cause
    lines = framed.split("\n")
    for each in report.findings[0].evidence:
        assert each.quote in lines[each.line - 1]


@given(st.text(alphabet='ab -|1.\\n\n"[]', max_size=80))
def test_every_line_is_one_of_those_pasted(text: str) -> None:
    paste = Paste.of(text)
    for mended in MENDS:
        paste = mended(paste)
        assert len(paste.lines) == len(paste.raw)
        numbers = [paste.number(line) for line in range(1, len(paste.lines) + 1)]
        assert numbers == sorted(numbers)
        assert all(raw in text.split("\n")[number - 1] for number, raw in zip(numbers, paste.raw, strict=True))


def test_a_literal_that_is_double_spaced_is_quoted_from_its_line() -> None:
    text = f"Alert of the monitor:\n{_BOUNCE.replace(chr(10), chr(92) + 'n' + chr(92) + 'n')}"
    report = diagnose(text)
    assert report.findings[0].cause == diagnose(_BOUNCE).findings[0].cause
    assert [each.line for each in report.findings[0].evidence] == [2]
    assert report.findings[0].evidence[0].quote in text
