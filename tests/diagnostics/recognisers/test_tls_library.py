"""What TLS libraries say of a certificate, in whatever program; and the same words where no mail is meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics import diagnose
from diagnostics.facts import CertificateRejected
from diagnostics.recognisers.tls_words import unverified
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts, one

GO = (
    "smtp dial mail.contoso.com:587: tls: failed to verify certificate: "
    "x509: certificate is valid for EX1, EX1.corp.local, not mail.contoso.com"
)

WORDS = [
    (GO, "SubjectMismatch", "mail.contoso.com", "ex1"),
    (
        "SMTP STARTTLS: java.security.cert.CertificateException: No name matching mail.contoso.com found",
        "SubjectMismatch",
        "mail.contoso.com",
        "",
    ),
    (
        "smtp: Peer certificate CN=`ex1.corp.local' did not match expected CN=`mail.contoso.com'",
        "SubjectMismatch",
        "mail.contoso.com",
        "ex1.corp.local",
    ),
    (
        (
            "nodemailer ERR_TLS_CERT_ALTNAME_INVALID: Hostname/IP does not match certificate's altnames: Host: mail.contoso.com. "
            "is not in the cert's altnames: DNS:ex1"
        ),
        "SubjectMismatch",
        "mail.contoso.com",
        "ex1",
    ),
    (
        "smtplib ssl.SSLError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired",
        "CertificateExpired",
        "",
        "",
    ),
    (
        "smtp SSLHandshakeException: PKIX path building failed: unable to find valid certification path to requested target",
        "UntrustedRoot",
        "",
        "",
    ),
    (
        "smtp swaks: SSL_connect: certificate verify failed: unable to get local issuer certificate",
        "PartialChain",
        "",
        "",
    ),
    ("smtp x509: certificate signed by unknown authority", "UntrustedRoot", "", ""),
    ("nodemailer smtp UNABLE_TO_VERIFY_LEAF_SIGNATURE", "PartialChain", "", ""),
]


@pytest.mark.parametrize(("text", "reason", "wanted", "shown"), WORDS)
def test_the_reason_and_the_names(text: str, reason: str, wanted: str, shown: str) -> None:
    told = unverified(text)
    assert told is not None
    assert (told.reason, told.wanted, told.shown) == (reason, wanted, shown)
    rejected = one(text, CertificateRejected)
    assert (rejected.reason, rejected.whose) == (reason, "unknown")


@pytest.mark.parametrize(
    "text",
    [
        *CHATTER,
        "docker pull registry.contoso.com/app: x509: certificate signed by unknown authority",
        "npm ERR! code SELF_SIGNED_CERT_IN_CHAIN, please send me a mail if you own the proxy",
        "git pull: self signed certificate in certificate chain. I could not send you the email with the log.",
        "PKIX path building failed on the artifactory proxy again",
        "CERTIFICATE_VERIFY_FAILED means that the smtp client does not trust the server",
    ],
)
def test_no_mail_no_error(text: str) -> None:
    assert not [each for each in artefacts(text) if each.kind == "tls-error"]
    assert diagnose(text).verdict == "nothing"


@given(damaged(GO))
def test_any_text_is_read(text: str) -> None:
    facts(text, CertificateRejected)


@given(st.text(max_size=300))
def test_no_text_breaks_the_words(text: str) -> None:
    unverified(f"x509: {text}")
