"""Commands carry the address or domain that a refusal names in its sentence, and no other."""

from __future__ import annotations

import pytest

from diagnostics import diagnose


def commands(text: str) -> str:
    return " ".join(step.command for finding in diagnose(text).findings[:1] for step in finding.steps)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("550 5.7.1 Rejected per DMARC policy of contoso.com", "'_dmarc.contoso.com'"),
        ("554 5.7.1 DMARC check failed for domain contoso.com", "'_dmarc.contoso.com'"),
        ("554 5.7.1 DMARC check failed for the domain in From", "'_dmarc.<domain>'"),
        ("550 Reverse DNS lookup failed for host 198.51.100.48.", "'198.51.100.48'"),
        (
            "554-Bad DNS PTR resource record. 554 see https://postmaster.example/?ip=198.51.100.48&c=rdns",
            "'198.51.100.48'",
        ),
        ("<a@fabrikam.com>: host mx.fabrikam.com[203.0.113.5] said: 550 No reverse DNS lookup possible", "'<address>'"),
        (
            "The response was:\nDNS Error: DNS type 'mx' lookup of fabrikm.com responded with code NXDOMAIN",
            "'fabrikm.com'",
        ),
    ],
)
def test_what_is_named_is_asked_for(text: str, named: str) -> None:
    assert named in commands(text)
