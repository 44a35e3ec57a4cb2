"""Number and text decide together what a reply points at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.codes import is_wrapper, suspects


def first(code, enhanced, text):
    found = suspects(code, enhanced, text)
    return found[0][0] if found else None


@pytest.mark.parametrize(
    ("code", "enhanced", "text"),
    [
        (None, "4.4.7", ""),
        ("550", "4.4.7", "550 4.4.7 QUEUE.Expired; message expired"),
        (None, "5.4.300", "Message expired"),
        ("451", "4.4.0", "451 4.4.0 Primary target IP address responded with something"),
        ("451", "4.4.397", ""),
        ("451", "4.4.395", ""),
        ("450", "4.4.101", "Proxy session setup failed on Frontend"),
        ("421", "4.2.1", "421 4.2.1 Unable to connect"),
        ("441", "4.4.1", ""),
        ("441", "4.4.1", 'Error encountered: "Failed to connect. Winsock error code: 10060."'),
        ("451", "4.4.0", 'Primary target IP address responded with: "421 4.2.1 Unable to connect."'),
    ],
)
def test_wrappers(code, enhanced, text):
    assert is_wrapper(code, enhanced, text)
    assert suspects(code, enhanced, text)


@pytest.mark.parametrize(
    ("code", "enhanced", "text"),
    [
        ("550", "5.1.10", "Recipient not found"),
        ("550", "5.7.64", "TenantAttribution; Relay Access Denied"),
        ("421", "4.2.1", "421 4.2.1 The account is disabled"),
        ("451", "4.4.0", "DNS query failed with error ErrorRetry"),
        (None, None, "nothing here"),
        ("", "", ""),
    ],
)
def test_not_wrappers(code, enhanced, text):
    assert not is_wrapper(code, enhanced, text)


def test_the_number_has_borders():
    assert first("550", "5.1.1", "x") == "recipient.unknown.remote"
    assert first("550", "5.1.10", "x") == "recipient.unknown.exo"
    assert first(None, "4.7.5", "failed MTA-STS validation") == "tls.mta-sts.certificate-invalid"
    assert first("451", "4.7.500", "Server busy") == "quota-throttle.eop.ip-throttled"
    assert first("550", "5.7.23", "x") == "sender-auth.spf.missing-source"
    assert first("550", "5.7.230", "x") == "policy.enforcement.exchange-out-of-date"


def test_the_text_has_borders():
    assert first(None, "4.4.4", "try again later ATTR5") == "hybrid.tenant.not-mail-enabled"
    assert first("451", "4.4.4", "try again later ATTR35") == "dns.mx.legacy-eop-target"
    assert first(None, "4.4.4", "try again later ATTR57") == first(None, "4.4.4", "")
    assert first("421", "4.2.1", "Unable to connect -> error 110060") == first("421", "4.2.1", "Unable to connect")


def test_a_text_applies_only_where_it_stands():
    relay = first("550", "5.7.1", "550 5.7.1 Unable to relay")
    assert relay == "connector.receive.relay-permission-missing"
    assert first("550", "5.7.1", "550 5.7.1 something else") == "policy.remote.rejected"
    assert first("550", "5.7.1", "550 5.7.1 UNABLE\n   to\trelay") == relay


def test_the_number_before_a_text_counts():
    assert first("501", "5.1.3", "Invalid address") == "recipient.address.invalid-syntax"
    assert first("501", "5.1.7", "Invalid address") == "protocol.header.from-invalid"


def test_the_longer_text_wins():
    short = suspects("452", "4.5.3", "452 4.5.3 Too many recipients")
    long = suspects("452", "4.5.3", "452 4.5.3 Too many recipients (AS780090)")
    assert short[0][0] == "quota-throttle.recipients.too-many"
    assert long[0][0] == "quota-throttle.eop.ip-throttled"


def test_a_token_tells_whatever_number_stands_before_it():
    token = "RESOLVER.RST.AuthRequired; authentication required"
    assert first("550", "5.7.1", token) == "policy.restriction.authenticated-senders-only"
    assert first("550", "5.7.999", f"550 5.7.999 {token}") == "policy.restriction.authenticated-senders-only"
    assert first(None, None, "#< #RESOLVER.ADR.BadPrimary; x>") == "recipient.badprimary"


def test_the_same_token_under_two_numbers():
    text = "RESOLVER.ADR.ExRecipNotFound; not found"
    assert dict(suspects("550", "5.1.1", text))["recipient.legacyexchangedn.stale"] == 0.7
    assert dict(suspects("550", "5.1.11", text))["recipient.legacyexchangedn.stale"] == 0.8


def test_ranges():
    assert first(None, "5.7.955", "") == "policy.transport-rule.reject"
    assert first(None, "5.7.606", "") == first(None, "5.7.649", "") == "reputation.ip.microsoft-banned"
    assert first(None, "5.7.650", "") is None
    assert first("451", "4.7.650", "") == "reputation.ip.consumer-outlook"  # a row of its own beats the range


def test_a_code_that_no_table_has_points_nowhere():
    assert suspects(None, "5.9.1", "") == ()
    assert suspects("299", None, "") == ()
    assert suspects(None, "5.4", "") == suspects(None, "fire", "") == suspects(None, "5.7.x", "") == ()


INSIDE = "550 5.4.300 Message expired -> 451 4.4.397 Error communicating with target host. -> "


def test_what_a_wrapper_carries_is_judged():
    reset = f"{INSIDE}421 4.4.2 Connection dropped due to SocketError"
    assert first("550", "5.4.300", reset) == "tls.protocol.local-legacy-only"
    assert first("421", "4.4.2", reset) == "tls.protocol.local-legacy-only"
    refused = 'Error encountered: "Failed to connect. Winsock error code: 10061, Win32 error code: 10061."'
    assert first("441", "4.4.1", refused) == "network.connection.refused"
    status = "Cannot connect to remote server [Message=451 4.4.0 Security status AlgorithmMismatch]"
    assert first("450", "4.4.317", status) == "tls.cipher.no-common-suite"


def test_the_wrapper_around_a_reply_counts_where_it_says_more():
    whole = '451 4.4.0 Primary target IP address responded with: "421 4.2.1 Unable to connect."'
    for code, enhanced in (("451", "4.4.0"), ("421", "4.2.1")):
        assert dict(suspects(code, enhanced, whole))["tls.certificate.private-key-permission"] == 0.3


def test_the_reference_wrapper_names_key_and_port():
    found = dict(suspects("451", "4.4.0", '"421 4.2.1 Unable to connect."'))
    assert {"tls.certificate.private-key-permission", "network.port25.outbound-blocked"} <= set(found)


def test_weights_fall():
    weights = [weight for _, weight in suspects("550", "5.1.10", "")]
    assert weights == sorted(weights, reverse=True)


codes = st.none() | st.from_regex(r"[2-5][0-9]{2}", fullmatch=True) | st.text(max_size=6)
enhanced_codes = st.none() | st.from_regex(r"[245]\.[0-9]{1,3}\.[0-9]{1,4}", fullmatch=True) | st.text(max_size=12)


@given(codes, enhanced_codes, st.text(max_size=400))
def test_any_reply_is_judged_without_an_error(code, enhanced, text):
    found = suspects(code, enhanced, text)
    assert len({cause for cause, _ in found}) == len(found)
    assert all(0 < weight <= 1 for _, weight in found)
    is_wrapper(code, enhanced, text)


@given(st.sampled_from(["Unable to relay", "RESOLVER.RST.NotAuthorized", "Sender denied"]), st.data())
def test_case_and_white_space_do_not_count(text, data):
    other = "".join(data.draw(st.sampled_from([char.lower(), char.upper()])) for char in text)
    spaced = other.replace(" ", data.draw(st.sampled_from(["  ", "\t", "\r\n ", "\u00a0"])))
    assert suspects("550", "5.7.1", spaced) == suspects("550", "5.7.1", text)


def test_a_huge_reply_is_read_only_in_its_beginning():
    assert suspects("550", "5.7.1", "x " * 500_000 + "Unable to relay") == suspects("550", "5.7.1", "")
    assert is_wrapper("451", "4.4.0", "4.4.0 " * 200_000)
