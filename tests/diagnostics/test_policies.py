"""Which checks of a certificate a text names: as asked for, not as denied."""

from __future__ import annotations

import pytest

from diagnostics.policies import in_force, policies
from diagnostics.text import Paste


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("$ dig +short TLSA _25._tcp.mx1.contoso.com\n3 1 1 8cb2...", {"dane"}),
        ("Microsoft 365 returns it with 4.7.324, the DS record names an old key", {"dane", "dnssec"}),
        ("Our MTA-STS policy is in enforce mode", {"mta-sts"}),
        ("The domain publishes a policy in enforce mode", {"mta-sts"}),
        ("no DNSSEC, no DANE; certificate of DigiCert", set()),
        ("Wir haben kein DANE, und keine MTA-STS", set()),
        ("450 4.7.0 try again later", set()),
    ],
)
def test_a_check_counts_where_it_is_not_denied(text: str, names: set[str]) -> None:
    found = tuple(policies([Paste.of(text)]))
    assert {each.name for each in found} == names
    assert all(in_force(found, name) for name in names)
