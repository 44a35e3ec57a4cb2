"""testssl.sh, gnutls-cli, danecheck and posttls-finger."""

from __future__ import annotations

import pytest
from hypothesis import given

from diagnostics import diagnose
from diagnostics.facts import CertificateRejected, ConnectFailed, StarttlsNotOffered, TlsReport
from diagnostics.looked_facts import TlsProbe
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts, one
from tests.fuzz.growth import seconds

TESTSSL = """ Start 2026-11-18 10:12:44        -->> 203.0.113.10:25 (mail.contoso.com) <<--
 Service set:            STARTTLS via SMTP
 SSLv3      not offered (OK)
 TLS 1      {old}
 TLS 1.1    not offered
 TLS 1.2    {new}
 TLS 1.3    not offered and downgraded to a weaker protocol
 Common Name (CN)             mail.contoso.com
 Trust (hostname)             {name}
 Chain of trust               {chain}
 Certificate Validity (UTC)   {dates}"""
FINE = {
    "old": "not offered",
    "new": "offered (OK)",
    "name": "Ok via SAN (same w/o SNI)",
    "chain": "Ok",
    "dates": "75 >= 60 days (2026-10-01 00:00 --> 2027-02-01 00:00)",
}
GNUTLS = """Resolving 'mail.contoso.com:25'...
Connecting to '203.0.113.10:25'...
 - subject `CN=mail.contoso.com', issuer `CN=R10,O=Example Trust,C=US', serial 0x03, RSA key 2048 bits
- Status: {}
- Description: (TLS1.3)-(ECDHE-SECP256R1)-(RSA-PSS-RSAE-SHA256)-(AES-256-GCM)"""
DANE = """contoso.com. IN MX 10 mx1.contoso.com. ; NoError AD=1
_25._tcp.mx1.contoso.com. IN TLSA 3 1 1 8ce14cbe1fafae9fb25845d335e0e416bc2fad02e8746dc3ab9d7a5e7a4f0e1c ; NoError AD=1
  mx1.contoso.com[203.0.113.10]: {}
    TLS = TLS13 with TLS_AES_256_GCM_SHA384"""


@pytest.mark.parametrize(
    ("changed", "verify", "reason"),
    [
        ({"chain": "NOT ok (self signed)"}, 18, "UntrustedRoot"),
        ({"chain": "NOT ok (self signed CA in chain)"}, 19, "UntrustedRoot"),
        ({"chain": "NOT ok (chain incomplete)"}, 20, "PartialChain"),
        ({"chain": "NOT ok (chain incomplete, only 1 cert provided)"}, 21, "PartialChain"),
        ({"name": "certificate does not match supplied URI (same w/o SNI)"}, 62, "SubjectMismatch"),
        ({"chain": "NOT ok (expired)", "dates": "expired (2025-10-01 00:00 --> 2026-10-01 00:00)"}, 10, ""),
        ({}, 0, ""),
    ],
)
def test_testssl(changed: dict[str, str], verify: int, reason: str) -> None:
    text = TESTSSL.format_map(FINE | changed)
    probe = one(text, TlsProbe)
    assert (probe.verify, probe.host, probe.protocol, probe.subject) == (
        verify, "mail.contoso.com", "TLSv1.2", "CN=mail.contoso.com",
    )  # fmt: skip
    assert [each.reason for each in facts(text, CertificateRejected)] == ([reason] if reason else [])
    assert diagnose(text).verdict == ("failure" if verify else "healthy")


def test_testssl_finds_old_versions_alone() -> None:
    text = TESTSSL.format_map(FINE | {"old": "offered (deprecated)", "new": "not offered"})
    assert one(text, TlsProbe).protocol == "TLSv1"
    assert diagnose(text).findings[0].cause == "tls.protocol.remote-legacy-only"


def test_testssl_finds_no_starttls() -> None:
    text = "testssl.sh --starttls smtp mail.contoso.com:25\nFatal error: No STARTTLS found in handshake"
    assert one(text, StarttlsNotOffered).side == "remote"


@pytest.mark.parametrize(
    ("status", "verify"),
    [
        ("The certificate is trusted.", 0),
        ("The certificate is NOT trusted. The certificate chain uses expired certificate.", 10),
        ("The certificate is NOT trusted. The certificate issuer is unknown.", 20),
        ("The certificate is NOT trusted. The name in the certificate does not match the expected.", 62),
        ("The certificate is NOT trusted. Something that is new.", 20),
    ],
)
def test_gnutls(status: str, verify: int) -> None:
    probe = one(GNUTLS.format(status), TlsProbe)
    assert (probe.verify, probe.host, probe.protocol) == (verify, "mail.contoso.com", "TLSv1.3")
    assert (probe.subject, probe.issuer) == ("CN=mail.contoso.com", "CN=R10,O=Example Trust,C=US")


@pytest.mark.parametrize(
    ("verdict", "result", "cause"),
    [
        ("tlsa-mismatch", "tlsa-invalid", "tls.dane.tlsa-mismatch"),
        ("name-mismatch", "certificate-host-mismatch", "tls.dane.certificate-host-mismatch"),
        ("cert-expired", "certificate-expired", "tls.dane.certificate-expired"),
    ],
)
def test_danecheck(verdict: str, result: str, cause: str) -> None:
    told = one(DANE.format(verdict), TlsReport)
    assert (told.result, told.policy, told.domain, told.mx) == (result, "tlsa", "contoso.com", "mx1.contoso.com")
    assert diagnose(DANE.format(verdict)).findings[0].cause == cause


def test_danecheck_passes() -> None:
    text = DANE.format("pass: TLSA match: depth = 0, name = mx1.contoso.com")
    assert (facts(text, TlsReport), diagnose(text).verdict) == ([], "healthy")


def test_posttls_finger() -> None:
    at = "mail.contoso.com[203.0.113.10]:25"
    failed = f"posttls-finger: certificate verification failed for {at}: certificate has expired"
    assert one(failed, CertificateRejected).reason == "CertificateExpired"
    untrusted = (
        f"posttls-finger: Untrusted TLS connection established to {at}: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384"
    )
    assert diagnose(f"{failed}\n{untrusted}").verdict == "failure"
    verified = untrusted.replace("Untrusted", "Verified")
    assert diagnose(verified).verdict == "healthy"
    session = f"posttls-finger: Failed to establish session to mail.contoso.com via mail.contoso.com: connect to {at}: "
    assert one(f"{session}Connection refused", ConnectFailed).kind == "refused"


@pytest.mark.parametrize(
    "text",
    [
        *CHATTER,
        "TLS 1.2 is offered by our mail server, TLS 1 is not offered any more",
        "does testssl.sh print Chain of trust NOT ok (self signed) for the mail server?",
        "the web server says Chain of trust NOT ok, mail is fine",
    ],
)
def test_chatter_is_none(text: str) -> None:
    assert not facts(text, TlsProbe)


@given(
    damaged(
        f"{TESTSSL.format_map(FINE)}\n{GNUTLS.format('The certificate is trusted.')}\n{DANE.format('cert-expired')}"
    )
)
def test_damage_never_raises(text: str) -> None:
    artefacts(text)


def test_the_cost_grows_with_the_text() -> None:
    text = f"{TESTSSL.format_map(FINE)}\n{DANE.format('tlsa-mismatch')}\n"
    few, many = (seconds(lambda times=times: artefacts(text * times)) for times in (50, 400))
    assert many < 2 * 8 * few
