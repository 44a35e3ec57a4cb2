"""Texts whose lines a mail client or a console broke at its width."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics import diagnose
from diagnostics.recognisers.wrapping import put_together
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
    text = """host eur.olc.protection.outlook.com[198.51.100.161] said: 550 5.7.1
    Unfortunately, messages from [203.0.113.245] weren't sent. Please contact
    your Internet service provider since part of their network is on our block
    list (S3140). You can also refer your provider to
    http://mail.live.com/mail/troubleshooting.aspx#errors. (in reply to MAIL
    FROM command)"""
    spaced = text.replace("\n", "\n\n")
    one, other = diagnose(text), diagnose(spaced)
    assert [(each.belief, each.cause) for each in other.findings] == [
        (each.belief, each.cause) for each in one.findings
    ]
    for each in other.findings[0].evidence:
        assert spaced.split("\n")[each.line - 1].strip() == each.quote
    assert other.artefacts[0].lines == tuple(2 * line - 1 for line in one.artefacts[0].lines)
