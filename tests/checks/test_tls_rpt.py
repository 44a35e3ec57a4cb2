"""Where TLS reports go: records that are valid, that are not, and that are missing."""

from __future__ import annotations

import pytest

from diagnostics.checks.tls_rpt import tls_rpt
from tests.checks.lab import DOMAIN, detail, seen
from tests.fakes.dns import txt

MX = f"{DOMAIN} MX 10 mail.{DOMAIN}\n"


def at(*texts: str) -> str:
    return MX + "".join(f"_smtp._tls.{DOMAIN} TXT {txt(text)}\n" for text in texts)


@pytest.mark.parametrize(
    ("zone", "outcomes"),
    [
        (at("v=TLSRPTv1; rua=mailto:tls@contoso.test"), ()),
        (at("v=TLSRPTv1;rua=https://contoso.test/tls,mailto:tls@contoso.test;"), ()),
        (at("v=TLSRPTv1; rua=mailto:tls@contoso.test; ext=1"), ()),
        (at("v=TLSRPTv1; rua=mailto:tls@contoso.test", "v=spf1 -all"), ()),
        (MX, ("tlsrpt_missing",)),
        (MX + f'*.{DOMAIN} TXT "v=spf1 -all"', ("tlsrpt_missing",)),
        (at("v=TLSRPTv1; rua=mailto:a@contoso.test", "v=TLSRPTv1; rua=mailto:b@contoso.test"), ("tlsrpt_invalid",)),
        (at("v=TLSRPTv1"), ("tlsrpt_invalid",)),
        (at("v=TLSRPTv1;"), ("tlsrpt_invalid",)),
        (at("v=TLSRPTv1; rua="), ("tlsrpt_invalid",)),
        (at("v=TLSRPTv1; rua=tls@contoso.test"), ("tlsrpt_invalid",)),
        (at("v=TLSRPTv1; rua=mailto:contoso.test"), ("tlsrpt_invalid",)),
        (at("v=TLSRPTv1; rua=http://contoso.test/tls"), ("tlsrpt_invalid",)),
        (at("v=TLSRPTv1; rua=https:///tls"), ("tlsrpt_invalid",)),
        (at("v=TLSRPTv1; rua=mailto:a@contoso.test mailto:b@contoso.test"), ("tlsrpt_invalid",)),
        (at("v=TLSRPTv1; rua=mailto:a@contoso.test; ; rubbish"), ("tlsrpt_invalid",)),
        (at("v=TLSRPTv1 rua=mailto:a@contoso.test"), ("tlsrpt_invalid",)),
        (at("v=tlsrptv1; rua=mailto:a@contoso.test"), ("tlsrpt_invalid",)),
        (at("rua=mailto:a@contoso.test; v=TLSRPTv1"), ("tlsrpt_invalid",)),
    ],
)
async def test_reporting_records_are_named_in_their_own_words(zone: str, outcomes: tuple[str, ...]) -> None:
    attempt = await seen(zone, tls_rpt, DOMAIN)
    assert (attempt.outcomes, attempt.status) == (outcomes, "done")
    assert (attempt.check, attempt.subject) == ("tls-rpt", DOMAIN)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("zone", "status"),
    [
        (f"{MX}_smtp._tls.{DOMAIN} !servfail", "unavailable"),
        (f"{MX}_smtp._tls.{DOMAIN} !timeout", "unavailable"),
        (f"{DOMAIN} MX 0 .", "skipped"),
        ("other.test A 127.0.0.1", "skipped"),
    ],
)
async def test_what_was_not_seen_or_not_needed_is_not_missing(zone: str, status: str) -> None:
    attempt = await seen(zone, tls_rpt, DOMAIN)
    assert (attempt.status, attempt.outcomes) == (status, ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("v=TLSRPTv1; ext=1; rua=mailto:a@contoso.test", "rua= must follow the version, and “ext=1” does"),
        ("v=TLSRPTv1;", "it has no rua="),
        ("v=TLSRPTv1; rua=tls@contoso.test", "“tls@contoso.test” is neither a mailto: nor an https: address"),
        ("v=tlsrptv1; rua=mailto:a@contoso.test", "it does not begin with “v=TLSRPTv1;”"),
    ],
)
async def test_the_detail_says_what_is_wrong(text: str, said: str) -> None:
    assert detail(await seen(at(text), tls_rpt, DOMAIN), "tlsrpt_invalid") == said
