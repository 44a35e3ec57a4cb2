"""Installed certificates, from every tool that lists them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.facts import InstalledCertificate
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts, one

ONE, TWO = "3C0FFEE1A2B3C4D5E6F708192A3B4C5D6E7F8091", "91F0E1D2C3B4A5968778695A4B3C2D1E0F010203"
LIST = f"""AccessRules        : {{System.Security.AccessControl.CryptoKeyAccessRule}}
CertificateDomains : {{mail.contoso.com, autodiscover.contoso.com}}
HasPrivateKey      : False
IsSelfSigned       : False
Issuer             : CN=Example Public TLS CA 2, O="Example Trust, Inc.", C=US
NotAfter           : 02.02.2028 00:59:59
RootCAType         : ThirdParty
Services           : IIS, SMTP
Status             : Valid
Subject            : CN=mail.contoso.com, O=Contoso Ltd, L=Leeds, C=GB
Thumbprint         : {ONE}"""
TABLE = f"""Thumbprint                                Services   Subject
----------                                --------   -------
{ONE}  ...WS..    CN=mail.contoso.com, O=Contoso Ltd, C=GB
{TWO}  .......    CN=EX01"""
STORE = f"""C:\\>certutil -store my
my "Personal"
================ Certificate 0 ================
Serial Number: 0a1b2c3d4e5f60718293a4b5c6d7e8f9
Issuer: CN=Example Public TLS CA 2, C=US
 NotAfter: 11/01/2027 00:59
Subject: CN=mail.contoso.com, C=GB
Cert Hash(sha1): {ONE.lower()}
  Key Container = le-4711
  Unique container name: 7a436fe806e483969f48a894af2fe9a1_b8a2ff2a-1cc9-4a3b-9d38-7bb0a2c3d4e5
Encryption test passed

================ Certificate 1 ================
Subject: CN=EX01
Cert Hash(sha1): {" ".join(TWO[i : i + 2].lower() for i in range(0, 40, 2))}
  No key provider information
Cannot find the certificate and private key for decryption.
CertUtil: -store command completed successfully."""


def test_a_certificate_as_a_list() -> None:
    found = one(LIST, InstalledCertificate)
    assert (found.thumbprint, found.has_private_key, found.for_smtp) == (ONE, False, True)
    assert found.names == ("mail.contoso.com", "autodiscover.contoso.com")
    assert (found.services, found.root_type, found.self_signed) == (("IIS", "SMTP"), "ThirdParty", False)
    assert (found.not_after, found.status, found.expired) == ("02.02.2028 00:59:59", "Valid", False)
    assert found.subject == "CN=mail.contoso.com, O=Contoso Ltd, L=Leeds, C=GB"
    assert found.issuer == 'CN=Example Public TLS CA 2, O="Example Trust, Inc.", C=US'
    assert found.source.line == 3  # the missing key is what the line proves


@pytest.mark.parametrize(
    ("status", "expired"), [("DateInvalid", True), ("Valid", False), ("Untrusted", None), ("PendingRequest", None)]
)
def test_only_the_status_says_whether_it_has_expired(status: str, expired: bool | None) -> None:
    old = LIST.replace("2028", "1999").replace(": Valid", f": {status}")
    assert one(old, InstalledCertificate).expired is expired


def test_what_is_masked_or_missing_is_unknown() -> None:
    text = LIST.replace(ONE, "X" * 40).replace("HasPrivateKey      : False\n", "").replace("IIS, SMTP", "XXXX")
    found = one(text, InstalledCertificate)
    assert (found.thumbprint, found.has_private_key, found.services, found.for_smtp) == ("", None, None, None)


def test_access_rules_say_nothing_about_the_key() -> None:
    assert one(LIST.replace("False", "True", 1), InstalledCertificate).has_private_key is True
    assert not [f for a in artefacts(LIST) for f in a.facts if type(f).__name__ == "KeyAccess"]


def test_several_certificates() -> None:
    text = f"{LIST}\n\n{LIST.replace(ONE, TWO).replace('IIS, SMTP', 'None')}"
    assert [(c.thumbprint, c.services) for c in facts(text, InstalledCertificate)] == [
        (ONE, ("IIS", "SMTP")),
        (TWO, ()),
    ]


@pytest.mark.parametrize("squeezed", [False, True])
def test_the_table_and_its_letters(squeezed: bool) -> None:
    text = "\n".join(" ".join(line.split()) for line in TABLE.split("\n")) if squeezed else TABLE
    first, second = facts(text, InstalledCertificate)
    assert (first.thumbprint, first.services) == (ONE, ("IIS", "SMTP"))
    assert (second.thumbprint, second.services, second.for_smtp, second.subject) == (TWO, (), False, "CN=EX01")
    assert (first.source.line, second.source.line) == (3, 4)


def test_the_certificate_drive() -> None:
    text = f"   PSParentPath: Microsoft.PowerShell.Security\\Certificate::LocalMachine\\My\n\nThumbprint{' ' * 32}Subject\n"
    text += f"----------{' ' * 32}-------\n{ONE}  CN=mail.contoso.com, O=Conto..."
    found = one(text, InstalledCertificate)
    assert (found.thumbprint, found.services) == (ONE, None)
    assert (
        one(f"Subject : CN=a\nThumbprint : {ONE}\nHasPrivateKey : True", InstalledCertificate).has_private_key is True
    )


def test_certutil() -> None:
    first, second = facts(STORE, InstalledCertificate)
    assert (first.thumbprint, first.has_private_key, first.subject) == (ONE, True, "CN=mail.contoso.com, C=GB")
    assert (second.thumbprint, second.has_private_key, second.subject) == (TWO, False, "CN=EX01")
    assert "Cannot find" in second.source.quote


def test_a_missing_keyset_is_a_missing_key() -> None:
    text = STORE.split("\n\n", maxsplit=1)[0].replace("Encryption test passed", "Missing stored keyset")
    assert one(text, InstalledCertificate).has_private_key is False


def test_the_chain_as_test_certificate_sees_it() -> None:
    text = f"""Get-ChildItem -Path "Cert:\\LocalMachine\\My\\{ONE}" | Test-Certificate
WARNING: Chain status:
    CERT_TRUST_IS_NOT_TIME_VALID
    CERT_TRUST_IS_UNTRUSTED_ROOT
Test-Certificate : The certificate is expired. 0x800b0101"""
    found = one(text, InstalledCertificate)
    assert (found.thumbprint, found.expired) == (ONE, True)
    assert found.status == "CERT_TRUST_IS_NOT_TIME_VALID CERT_TRUST_IS_UNTRUSTED_ROOT"


def test_a_fragment() -> None:
    text = "FriendlyName : Microsoft Exchange\nServices     : IMAP, POP, IIS, SMTP\n(the internal-CA certificate)"
    assert one(text, InstalledCertificate).services == ("IMAP", "POP", "IIS", "SMTP")


@pytest.mark.parametrize(
    "text", [*CHATTER, "we should use Get-ExchangeCertificate | fl Thumbprint, Services", "Status : Valid"]
)
def test_chatter_is_no_certificate(text: str) -> None:
    assert not facts(text, InstalledCertificate)


@given(st.one_of(damaged(LIST), damaged(TABLE), damaged(STORE)))
@settings(max_examples=100)
def test_damage_never_raises(text: str) -> None:
    for found in facts(text, InstalledCertificate):
        assert found.thumbprint in ("", ONE, TWO) or found.thumbprint.isalnum()


def test_certutil_tells_the_key_at_length() -> None:
    text = """================ Certificate 0 ================
X509 Certificate:
Issuer:
    CN=Example Public TLS CA 2
    C=US
  Name Hash(sha1): 6d3fd0c1a2b3c4d5e6f708192a3b4c5d6e7f8092

Subject:
    CN=mail.contoso.com
  Name Hash(sha1): 7e4fd0c1a2b3c4d5e6f708192a3b4c5d6e7f8093

Public Key Algorithm:
    Algorithm ObjectId: 1.2.840.10045.2.1 ECC
Key Id Hash(sha1): 8f5fd0c1a2b3c4d5e6f708192a3b4c5d6e7f8094
Cert Hash(sha1): 3c0ffee1a2b3c4d5e6f708192a3b4c5d6e7f8091

    Provider = Microsoft Software Key Storage Provider
    KeySpec = 0 -- XCN_AT_NONE
Signature test passed
CertUtil: -store command completed successfully.

Subject: this is about something else"""
    found = one(text, InstalledCertificate)
    assert (found.thumbprint, found.subject) == ("3C0FFEE1A2B3C4D5E6F708192A3B4C5D6E7F8091", "CN=mail.contoso.com")
    assert found.issuer == "CN=Example Public TLS CA 2, C=US"
    assert (found.provider, found.key_spec, found.algorithm) == (
        "Microsoft Software Key Storage Provider",
        "NONE",
        "ECC",
    )


@pytest.mark.parametrize("columns", ["Services,NotAfter,Status,Subject", "Subject,NotAfter", "Services,Issuer"])
def test_a_table_of_any_columns_is_read(columns: str) -> None:
    names = ["Thumbprint", *columns.split(",")]
    values = {
        "Services": "...WS..",
        "NotAfter": "14.10.2027",
        "Status": "Valid",
        "Issuer": "CN=CA",
        "Subject": "CN=mail",
    }
    row = [ONE, *(values[name] for name in names[1:])]
    table = "\n".join("  ".join(f"{cell:40}" for cell in line) for line in (names, ["-" * 10] * len(names), row))
    (found,) = facts(table, InstalledCertificate)
    assert found.thumbprint == ONE
