"""Names on certificates against names of hosts, and distinguished names as Windows writes them."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.checks.host_names import same_host, satisfies
from diagnostics.checks.x500 import windows_name


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        ("mail.contoso.com", "MAIL.contoso.com."),
        ("*.contoso.com", "mail.contoso.com"),
        ("*.contoso.com", "xn--bcher-kva.contoso.com"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:0:0::1", "2001:db8::1"),
    ],
)
def test_same(held: str, wanted: str) -> None:
    assert same_host(held, wanted)


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        ("*.contoso.com", "contoso.com"),
        ("*.contoso.com", "a.b.contoso.com"),
        ("*.contoso.com", ".contoso.com"),
        ("*.com", "contoso.com"),
        ("*", "com"),
        ("mail*.contoso.com", "mail1.contoso.com"),
        ("mail.*.com", "mail.contoso.com"),
        ("*.*.contoso.com", "a.b.contoso.com"),
        ("contoso.com", "notcontoso.com"),
        ("*.0.113.9", "203.0.113.9"),
        ("", ""),
        ("", "contoso.com"),
    ],
)
def test_not_the_same(held: str, wanted: str) -> None:
    assert not same_host(held, wanted)


def test_a_tls_domain_with_an_asterisk_takes_any_host_below() -> None:
    assert satisfies(["mail.contoso.com"], "*.contoso.com")
    assert satisfies(["a.mail.contoso.com"], "*.contoso.com")
    assert satisfies(["*.contoso.com"], "*.contoso.com")
    assert not satisfies(["contoso.com"], "*.contoso.com")
    assert not satisfies(["mail.notcontoso.com"], "*.contoso.com")
    assert not satisfies([], "*.contoso.com")


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_text_raises(held: str, wanted: str) -> None:
    same_host(held, wanted)
    satisfies([held], wanted)


def name(*parts: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def test_windows_writes_the_last_part_first_and_quotes() -> None:
    assert (
        windows_name(name((NameOID.COUNTRY_NAME, "US"), (NameOID.ORGANIZATION_NAME, 'A "B", C')))
        == 'O="A ""B"", C", C=US'
    )
    assert (
        windows_name(name((NameOID.STATE_OR_PROVINCE_NAME, "WA"), (NameOID.EMAIL_ADDRESS, "a@b.c"))) == "E=a@b.c, S=WA"
    )
    assert (
        windows_name(name((NameOID.DOMAIN_COMPONENT, "com"), (NameOID.DOMAIN_COMPONENT, "contoso")))
        == "DC=contoso, DC=com"
    )
    assert windows_name(name((NameOID.BUSINESS_CATEGORY, "x"))) == "OID.2.5.4.15=x"
    assert windows_name(name()) == ""
    pair = x509.RelativeDistinguishedName(
        [x509.NameAttribute(NameOID.COMMON_NAME, "a"), x509.NameAttribute(NameOID.SURNAME, " b")]
    )
    assert windows_name(x509.Name([pair])) in ('CN=a + SN=" b"', 'SN=" b" + CN=a')
