"""Message headers, as clients and people paste them."""

# ruff: noqa: E501  pasted lines stay whole, as people paste them

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics import diagnose
from diagnostics.mail_facts import Antispam, Authentication, Headers, Hops
from diagnostics.recognisers import recognise
from diagnostics.recognisers.received import utc
from diagnostics.text import Paste
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts, one

RESULTS = (
    "Authentication-Results: spf=fail (sender IP is 203.0.113.10) smtp.mailfrom=bounce.contoso.com; dkim=pass (signature was "
    "verified) header.d=contoso.com;dmarc=fail action=oreject header.from=contoso.com;compauth=fail reason=000"
)
REPORT = (
    "X-Forefront-Antispam-Report: CIP:203.0.113.10;CTRY:GB;LANG:en;SCL:5;SRV:;IPV:NLI;SFV:SPM;H:mail.contoso.com;"
    "PTR:mail.contoso.com;CAT:SPOOF;SFS:(13230040)(376014);DIR:INB;"
)
HEADER = f"""Received: from AM0PR05MB1234.eurprd05.prod.outlook.com (2603:10a6:20b:fa::22) by
 DB7PR05MB5678.eurprd05.prod.outlook.com with HTTPS; Wed, 18 Nov 2026 08:31:07 +0000
Received: from mail.contoso.com (203.0.113.10) by
 AM6EUR05FT041.mail.protection.outlook.com (10.233.240.88) with Microsoft SMTP
 Server (version=TLS1_2, cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id
 15.20.9200.11 via Frontend Transport; Wed, 18 Nov 2026 09:31:05 +0100
{RESULTS}
X-MS-Exchange-Organization-AuthAs: Anonymous
X-MS-Exchange-Organization-SCL: 6
{REPORT}
X-Microsoft-Antispam: BCL:0;ARA:13230040;
Return-Path: <>
From: Anna <anna@contoso.com>"""


def folded(text: str, at: list[int], indent: str) -> str:
    """`text` with its blanks number `at` made into folds."""
    words = text.split(" ")
    return "".join(
        word + ((f"\n{indent}" if i in at else " ") if i < len(words) - 1 else "") for i, word in enumerate(words)
    )


@given(
    st.lists(st.integers(1, 14), max_size=5),
    st.sampled_from([" ", "\t", "    "]),
    st.sampled_from([str, str.lower, str.upper]),
)
def test_results_read_the_same_however_folded_and_cased(at: list[int], indent: str, case) -> None:
    found = one(folded(case(RESULTS), at, indent), Authentication)
    assert (found.spf, found.dkim, found.dmarc, found.compauth, found.reason) == ("fail", "pass", "fail", "fail", "000")
    assert (found.action, found.sender_ip) == ("oreject", "203.0.113.10")
    names = (found.mail_from.lower(), found.header_d.lower(), found.header_from.lower())
    assert names == ("bounce.contoso.com", "contoso.com", "contoso.com")


def test_a_whole_header() -> None:
    spam, others, hops = one(HEADER, Antispam), one(HEADER, Headers), one(HEADER, Hops)
    assert [spam.get(name) for name in ("SCL", "Organization-SCL", "SFV", "CAT", "AuthAs", "BCL", "dir")] == [
        "5", "6", "SPM", "SPOOF", "Anonymous", "0", "INB",
    ]  # fmt: skip
    assert (spam.failing, spam.scl) == (True, 5)
    assert others.told("Return-Path")
    assert (others.get("return-path", "?"), others.get("FROM")) == ("", "Anna <anna@contoso.com>")
    first, second = hops.hops
    assert (first.sender, first.ip, first.tls, first.at) == (
        "mail.contoso.com",
        "203.0.113.10",
        "TLS1_2",
        "2026-11-18T08:31:05Z",
    )
    assert (second.by, second.delay, hops.in_clear) == ("db7pr05mb5678.eurprd05.prod.outlook.com", 2.0, ())


def test_a_header_on_one_line() -> None:
    text = " ".join(line.strip() for line in HEADER.split("\n"))
    assert one(text, Authentication).compauth == "fail"
    assert one(text, Antispam).get("CAT") == "SPOOF"
    assert len(one(text, Hops).hops) == 2


def test_a_passed_composite_verdict_outweighs_spf() -> None:
    text = "Authentication-Results: spf=softfail (sender IP is 203.0.113.9); dkim=none; dmarc=none;compauth=pass reason=130"
    assert not one(text, Authentication).failing


def test_earlier_results_are_history() -> None:
    text = "ARC-Authentication-Results: i=2; mx.example.net 1; spf=fail; dkim=fail; dmarc=fail\n" + RESULTS.replace(
        "fail", "pass"
    )
    arc, final = facts(text, Authentication)
    assert (arc.whose, arc.instance, arc.failing) == ("arc", 2, False)
    assert (final.whose, final.failing) == ("final", False)
    assert one("Authentication-Results-Original: spf=fail; dkim=none", Authentication).whose == "original"


def test_results_without_their_name() -> None:
    text = "it says spf=none (sender IP is 203.0.113.44); dkim=none; dmarc=none header.from=example.net;compauth=fail reason=001"
    found = one(text, Authentication)
    assert (found.compauth, found.reason, found.header_from) == ("fail", "001", "example.net")


@pytest.mark.parametrize(
    ("server", "results", "told"),
    [
        ("mx.contoso.com", "dmarc=fail header.from=contoso.com", [("pass", "fail")]),
        ("mx.fabrikam.com", "dmarc=fail header.from=contoso.com", [("pass", ""), ("", "fail")]),
        ("mx.contoso.com", "spf=fail smtp.mailfrom=contoso.com", [("pass", ""), ("fail", "")]),
    ],
)
def test_results_of_one_server_in_several_fields_are_one(
    server: str, results: str, told: list[tuple[str, str]]
) -> None:
    first = "Authentication-Results: mx.contoso.com; spf=pass smtp.mailfrom=contoso.com\nDKIM-Filter: OpenDKIM v2.11.0"
    text = f"{first}\nAuthentication-Results: {server}; {results}"
    assert [(each.spf, each.dmarc) for each in facts(text, Authentication)] == told


def test_a_loop_and_hops_in_clear_text() -> None:
    there = "Received: from a.contoso.com (192.0.2.1) by b.contoso.com (192.0.2.2) with ESMTPS; Wed, 18 Nov 2026 08:31:0{} +0000"
    back = "Received: from b.contoso.com (192.0.2.2) by a.contoso.com (192.0.2.1) with SMTP; Wed, 18 Nov 2026 08:31:0{} +0000"
    hops = one("\n".join(line.format(9 - i) for i, line in enumerate([back, there] * 2)), Hops)
    assert (set(hops.loops), len(hops.in_clear), hops.failing) == ({"a.contoso.com", "b.contoso.com"}, 2, True)
    assert [hop.delay for hop in hops.hops] == [None, 1.0, 1.0, 1.0]


def test_one_way_through_a_host_is_no_loop() -> None:
    proxied = (
        "Received: from ex01.contoso.com (192.0.2.1) by ex01.contoso.com (192.0.2.1) with Microsoft SMTP Server (TLS)"
    )
    assert one("\n".join([proxied] * 3), Hops).loops == ()


@pytest.mark.parametrize(
    "date", ["Wed, 99 Nov 2026 08:31:09 +0000", "yesterday", "", "Fri, 31 Dec 9999 23:59:59 -2359"]
)
def test_a_date_that_is_none(date: str) -> None:
    text = f"Received: from a.contoso.com (192.0.2.1) by b.contoso.com with SMTP; {date}"
    assert one(text, Hops).hops[0].at == ""


@given(damaged(HEADER))
def test_damage_never_raises(text: str) -> None:
    artefacts(text)


@pytest.mark.parametrize("text", [*CHATTER, "Subject: lunch\nFrom: me\nTo: you", "Received: thanks\nDate: today"])
def test_chatter_is_none(text: str) -> None:
    assert not [each for each in artefacts(text) if each.kind == "message-headers"]


def test_a_date_that_lost_a_digit_of_its_year_is_read_like_any_other() -> None:
    header = HEADER.replace("18 Nov 2026 09:31:05", "18 Nov 206 09:31:05")
    assert utc("Wed, 18 Nov 206 08:31:40 +0000") == "0206-11-18T08:31:40Z"
    assert header != HEADER
    assert facts(header, Hops)


def test_what_a_message_says_is_nobody_in_the_channel() -> None:
    head = "Received: from mail.fabrikam.com (198.51.100.9) by mx.contoso.com with ESMTP; Wed, 18 Nov 2026 08:31:05 +0000\nAuthentication-Results: mx.contoso.com; spf=pass smtp.mailfrom=fabrikam.com; dkim=pass header.d=fabrikam.com; dmarc=pass header.from=fabrikam.com\nFrom: it@fabrikam.com\nTo: anna@contoso.com\nSubject: Your mailbox\nMIME-Version: 1.0\n"
    said = "Nobody can send mail any more, the messages are stuck: log in here.\n"
    parts = f'{head}Content-Type: multipart/alternative; boundary="b1"\n\n--b1\nContent-Type: text/plain\n\n{said}\n--b1--\n'
    assert diagnose(parts).verdict == "healthy"
    assert diagnose(f"{parts}\n{said}").verdict == "unknown"
    assert (
        diagnose(f"{head}Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n{said}").verdict
        == "healthy"
    )


def test_content_filters_on_one_host_are_no_loop() -> None:
    hop = "Received: from localhost (localhost [127.0.0.1]) by mail.fabrikam.com (Postfix) with ESMTP id 4F0A{n}; Wed, 18 Nov 2026 08:31:0{n} +0000\nReceived: from mail.fabrikam.com ([127.0.0.1]) by localhost (mail.fabrikam.com [127.0.0.1]) (amavisd-new, port 1002{n}) with ESMTP; Wed, 18 Nov 2026 08:31:0{n} +0000\n"
    loops = {
        times: [
            fact.loops
            for each in recognise(Paste.of("".join(hop.format(n=9 - n) for n in range(times))))
            for fact in each.facts
            if isinstance(fact, Hops)
        ]
        for times in (2, 7)
    }
    assert loops[2] == [()]
    assert loops[7] != [()]


def test_an_attached_message_has_a_way_of_its_own() -> None:
    hop = "Received: from mail.fabrikam.com (198.51.100.9) by mx.contoso.com with ESMTP; Wed, 18 Nov 2026 08:31:05 +0000\n"
    text = f'{hop}From: a@fabrikam.com\nTo: b@contoso.com\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b1"\n\n--b1\nContent-Type: message/rfc822\n\n{hop}From: a@fabrikam.com\nSubject: Quote\n\nHello\n--b1--\n'
    (hops,) = (fact for each in recognise(Paste.of(text)) for fact in each.facts if isinstance(fact, Hops))
    assert (len(hops.hops), hops.loops) == (1, ())
