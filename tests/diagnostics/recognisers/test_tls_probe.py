"""openssl s_client transcripts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from diagnostics.facts import ConnectionDropped, Stage, StarttlsNotOffered
from diagnostics.looked_facts import PortTest, TlsProbe
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts, one

LEAF = "C = GB, L = Leeds, O = Contoso Ltd, CN = mail.contoso.com"
PROBE = f"""$ openssl s_client -starttls smtp -showcerts -connect mail.contoso.com:25
CONNECTED(00000003)
depth=0 {LEAF}
verify error:num=20:unable to get local issuer certificate
verify return:1
depth=0 {LEAF}
verify error:num=21:unable to verify the first certificate
verify return:1
---
Certificate chain
 0 s:{LEAF}
   i:C = US, CN = Example Public TLS CA 2
-----BEGIN CERTIFICATE-----
MIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ
550 5.7.1 this is base64 and no reply
-----END CERTIFICATE-----
---
SSL handshake has read 2274 bytes and written 738 bytes
Verification error: unable to verify the first certificate
---
New, TLSv1.2, Cipher is ECDHE-RSA-AES256-GCM-SHA384
    Verify return code: 21 (unable to verify the first certificate)
---
250 CHUNKING"""


def test_a_probe() -> None:
    found = one(PROBE, TlsProbe)
    assert (found.verify, found.chain, found.protocol, found.alert) == (21, 1, "TLSv1.2", 0)
    assert (found.subject, found.issuer) == (LEAF, "C = US, CN = Example Public TLS CA 2")
    assert (found.host, found.source.line) == ("mail.contoso.com", 22)
    assert {artefact.kind for artefact in artefacts(PROBE)} == {"tls-probe"}


@pytest.mark.parametrize(
    ("code", "words"), [(0, "ok"), (10, "certificate has expired"), (18, "self-signed certificate")]
)
def test_the_last_verdict_counts(code: int, words: str) -> None:
    assert (
        one(PROBE.replace("21 (unable to verify the first certificate)", f"{code} ({words})"), TlsProbe).verify == code
    )


def test_certificates_are_counted_where_the_chain_is_cut_away() -> None:
    pem = "-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----\n"
    assert one(f"CONNECTED(00000003)\n{pem}{pem}    Verify return code: 0 (ok)", TlsProbe).chain == 2


def test_two_elements() -> None:
    text = PROBE.replace("-----BEGIN", " 1 s:C = US, CN = Example Public TLS CA 2\n   i:CN = Root\n-----BEGIN")
    assert one(text, TlsProbe).chain == 2


@pytest.mark.parametrize(
    "line",
    [
        "140:error:1409442E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:s3.c:1543:SSL alert number 70",
        "80CB:error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:rec_layer_s3.c",
    ],
)
def test_an_alert(line: str) -> None:
    found = one(f"CONNECTED(00000003)\n{line}", TlsProbe)
    assert (found.alert, found.verify, found.source.line) == (70, -1, 2)


def test_starttls_that_is_not_offered() -> None:
    text = """CONNECTED(00000003)
didn't find STARTTLS in server response, trying anyway...
write:errno=104
---
no peer certificate available
New, (NONE), Cipher is (NONE)
Verify return code: 0 (ok)"""
    missing = one(text, StarttlsNotOffered)
    assert (missing.side, missing.source.line) == ("remote", 2)
    assert one(text, TlsProbe).verify == -1  # nothing was checked
    assert not facts(text, ConnectionDropped)  # what follows is the consequence


def test_a_reset_in_the_handshake() -> None:
    text = "CONNECTED(00000003)\nwrite:errno=104\n---\nno peer certificate available"
    dropped = one(text, ConnectionDropped)
    assert (dropped.stage, dropped.reason, dropped.source.line) == (Stage.STARTTLS, "ConnectionReset", 2)


def test_a_port_that_does_not_open() -> None:
    text = "$ openssl s_client -starttls smtp -connect mx1.fabrikam.com:25\nconnect:errno=110"
    found = one(text, PortTest)
    assert (found.succeeded, found.host, found.port) == (False, "mx1.fabrikam.com", 25)
    assert not facts(text, TlsProbe)


def test_two_probes() -> None:
    text = PROBE + "\n\n" + PROBE.replace("mail.contoso.com:25", "mx1.fabrikam.com:25")
    assert [probe.host for probe in facts(text, TlsProbe)] == ["mail.contoso.com", "mx1.fabrikam.com"]


@pytest.mark.parametrize("text", CHATTER)
def test_chatter_is_no_probe(text: str) -> None:
    assert not facts(text, TlsProbe)


@given(damaged(PROBE))
@settings(max_examples=100)
def test_damage_never_raises(text: str) -> None:
    for found in facts(text, TlsProbe):
        assert found.verify >= -1
