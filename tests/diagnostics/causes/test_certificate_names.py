"""Which names a certificate covers, and the pairs that connectors hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.causes.certificate.names import common_name, covers, is_server_name, issuer_and_subject

_LABEL = st.from_regex(r"[a-z][a-z0-9]{0,10}", fullmatch=True)


@pytest.mark.parametrize(
    ("names", "wanted", "expected"),
    [
        (("mail.contoso.com",), "mail.contoso.com", True),
        (("MAIL.contoso.com.",), "mail.contoso.com", True),
        (("*.contoso.com",), "mail.contoso.com", True),
        (("*.contoso.com",), "*.contoso.com", True),
        (("mail.contoso.com",), "*.contoso.com", True),
        (("*.contoso.com",), "contoso.com", False),
        (("*.contoso.com",), "a.mail.contoso.com", False),
        (("a.mail.contoso.com",), "*.contoso.com", False),
        (("mail.contoso.com",), "contoso.com", False),
        (("mail.fabrikam.com",), "mail.contoso.com", False),
        (("mail.contoso.com",), "", False),
        ((), "mail.contoso.com", False),
    ],
)
def test_a_name_covers_itself_and_an_asterisk_one_label(names: tuple[str, ...], wanted: str, expected: bool) -> None:
    assert covers(names, wanted) is expected


@given(_LABEL, _LABEL, _LABEL)
def test_a_wildcard_never_covers_another_domain(host: str, domain: str, other: str) -> None:
    assert covers((f"*.{domain}.example",), f"{host}.{domain}.example")
    assert covers((f"*.{domain}.example",), f"{host}.{other}.example") is (domain == other)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("CN=mail.contoso.com, O=Contoso Ltd, C=GB", "mail.contoso.com"),
        ("C = GB, O = Contoso Ltd, CN = mail.contoso.com", "mail.contoso.com"),
        ("CN=EX01.", "ex01"),
        ("mail.contoso.com", "mail.contoso.com"),
        ("O=Contoso Ltd", ""),
        ("", ""),
    ],
)
def test_the_common_name_is_found_in_either_order(subject: str, expected: str) -> None:
    assert common_name(subject) == expected


@pytest.mark.parametrize(
    ("name", "inside"), [("ex01", True), ("ex01.contoso.local", True), ("mail.contoso.com", False), ("", False)]
)
def test_a_servers_own_name_is_told_from_a_public_one(name: str, inside: bool) -> None:
    assert is_server_name(name) is inside


def test_a_pair_is_read_with_and_without_its_markers() -> None:
    pair = ('CN=Example CA, O="Example, Inc."', "CN=mail.contoso.com, O=Contoso")
    assert issuer_and_subject(f"<I>{pair[0]}<S>{pair[1]}") == pair
    assert issuer_and_subject(f"{pair[0]}{pair[1]}") == pair
    assert issuer_and_subject("mail.contoso.com") is None
