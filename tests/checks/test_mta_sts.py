"""MTA-STS: the record, the fetch over real HTTPS, the policy, and whether it names every mail server."""

from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from diagnostics.checks import mta_sts as module
from diagnostics.checks.model import Attempt
from diagnostics.checks.mta_sts import mta_sts
from tests.checks.lab import DOMAIN, detail, seen
from tests.fakes.certificates import SERVED, authorities
from tests.fakes.https import HttpsServer, answer

HOST = f"mta-sts.{DOMAIN}"
RECORD = f'_mta-sts.{DOMAIN} TXT "v=STSv1; id=20261126;"'
ADDRESS = f"{HOST} A 127.0.0.1"
MX = "mail.contoso.test"
POLICY = b"version: STSv1\nmode: enforce\nmx: mail.contoso.test\nmax_age: 604800\n"

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture(scope="module")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    return authorities().ca_file(tmp_path_factory.mktemp("trusted"))


@cache
def context(certificate: str = "healthy") -> ssl.SSLContext:
    with TemporaryDirectory() as folder:
        return SERVED[certificate](authorities(), HOST).ssl_context(Path(folder))


async def fetched(
    ca_file: str,
    response: bytes | None,
    *,
    hosts: tuple[str, ...] = (MX,),
    certificate: str = "healthy",
    zone: str = f"{RECORD}\n{ADDRESS}",
    keep: bool = False,
) -> tuple[Attempt, list[str]]:
    """The attempt, and what the web server was asked for."""
    async with HttpsServer(response, context(certificate), keep=keep) as server:
        attempt = await seen(zone, mta_sts, DOMAIN, hosts, ports={443: server.port}, ca_file=ca_file)
    return attempt, server.asked


@pytest.mark.parametrize(
    ("zone", "outcomes", "status"),
    [
        (f"{DOMAIN} TXT x", (), "done"),
        (f'_mta-sts.{DOMAIN} TXT "v=spf1 -all"', (), "done"),  # a wildcard's record is about something else
        (
            f'_mta-sts.{DOMAIN} TXT "v=STSv1; id=1"\n_mta-sts.{DOMAIN} TXT "v=STSv1; id=2"',
            ("mta_sts_record_invalid",),
            "done",
        ),
        (f'_mta-sts.{DOMAIN} TXT "v=STSv1;"', ("mta_sts_record_invalid",), "done"),
        (f'_mta-sts.{DOMAIN} TXT "v=STSv1"', ("mta_sts_record_invalid",), "done"),
        (f'_mta-sts.{DOMAIN} TXT "v=STSv1; id=2026-11-26"', ("mta_sts_record_invalid",), "done"),
        (f'_mta-sts.{DOMAIN} TXT "v=STSv1; id={"1" * 33}"', ("mta_sts_record_invalid",), "done"),
        (f'_mta-sts.{DOMAIN} TXT "v=STSv1; id"', ("mta_sts_record_invalid",), "done"),
        (f'_mta-sts.{DOMAIN} TXT "v=STSv2; id=1"', ("mta_sts_record_invalid",), "done"),
        (f'_mta-sts.{DOMAIN} TXT "V=STSV1; id=1"', ("mta_sts_record_invalid",), "done"),
        (f"_mta-sts.{DOMAIN} !servfail", (), "unavailable"),
        (f"_mta-sts.{DOMAIN} !timeout", (), "unavailable"),
        (f"_mta-sts.{DOMAIN} !refused", (), "unavailable"),
        (RECORD, ("mta_sts_policy_unreachable",), "done"),  # no such host
        (f"{RECORD}\n{HOST} TXT x", ("mta_sts_policy_unreachable",), "done"),
        (f"{RECORD}\n{HOST} !servfail", ("mta_sts_policy_unreachable",), "done"),
        (f"{RECORD}\n{HOST} !timeout", (), "unavailable"),
        (f"{RECORD}\n{HOST} A 169.254.169.254", (), "unavailable"),  # we may not look there
        (f"{RECORD}\n{HOST} A 10.0.0.1", (), "unavailable"),
        (f"{RECORD}\n{ADDRESS}", ("mta_sts_policy_unreachable",), "done"),  # nobody listens
    ],
)
async def test_what_dns_alone_decides(zone: str, outcomes: tuple[str, ...], status: str) -> None:
    attempt = await seen(zone, mta_sts, DOMAIN, [MX])
    assert (attempt.outcomes, attempt.status, attempt.check) == (outcomes, status, "mta-sts")


@pytest.mark.parametrize("text", [POLICY, POLICY.replace(b"\n", b"\r\n"), POLICY.rstrip(), POLICY + b"later: field\n"])
async def test_a_policy_that_is_in_order(ca_file: str, text: bytes) -> None:
    attempt, asked = await fetched(ca_file, answer(text, kind="text/plain; charset=utf-8"))
    assert (attempt.outcomes, attempt.status) == ((), "done")
    assert asked == ["GET /.well-known/mta-sts.txt HTTP/1.1"]
    assert (attempt.facts["id"], attempt.facts["mode"], attempt.facts["max_age"]) == ("20261126", "enforce", 604800)


@pytest.mark.parametrize("extra", ["id=1", "a_b=c", "x.y-z=!#"])
async def test_a_record_may_hold_more(ca_file: str, extra: str) -> None:
    zone = f'_mta-sts.{DOMAIN} TXT "v=STSv1 ;id=a1 ; {extra}"\n{ADDRESS}'
    attempt, _ = await fetched(ca_file, answer(POLICY), zone=zone)
    assert (attempt.outcomes, attempt.facts["id"]) == ((), "a1")


async def test_a_body_in_chunks_or_until_the_end_is_read(ca_file: str) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (POLICY[:20], POLICY[20:])) + b"0\r\n\r\n"
    for response in (head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks, head + b"\r\n" + POLICY):
        attempt, _ = await fetched(ca_file, response)
        assert attempt.outcomes == ()


@pytest.mark.parametrize(
    ("patterns", "hosts", "missing"),
    [
        (["*.contoso.test"], [MX], ""),
        (["MAIL.Contoso.Test"], [MX], ""),
        (["other.test", "mail.contoso.test"], [MX], ""),
        (["*.contoso.test"], [MX, "a.b.contoso.test"], "a.b.contoso.test"),  # an asterisk is one label
        (["*.contoso.test"], ["contoso.test"], "contoso.test"),
        (["contoso.test"], [MX], MX),
        (["mail.contoso.test"], [MX, "backup.fabrikam.test"], "backup.fabrikam.test"),
        (["mail.contoso.test"], [], ""),  # a domain without mail
    ],
)
async def test_every_mail_server_has_to_be_named(
    ca_file: str, patterns: list[str], hosts: list[str], missing: str
) -> None:
    lines = "".join(f"mx: {pattern}\n" for pattern in patterns)
    text = f"version: STSv1\nmode: testing\n{lines}max_age: 86400\n".encode()
    attempt, _ = await fetched(ca_file, answer(text), hosts=tuple(hosts))
    assert attempt.outcomes == (("mta_sts_mx_mismatch",) if missing else ())
    if missing:
        assert detail(attempt, "mta_sts_mx_mismatch") == f"{missing} (mode testing)"


async def test_a_policy_that_is_switched_off_names_nobody(ca_file: str) -> None:
    attempt, _ = await fetched(ca_file, answer(b"version: STSv1\nmode: none\nmax_age: 86400\n"))
    assert (attempt.outcomes, attempt.facts["mode"]) == ((), "none")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "no `version: STSv1`"),
        (b"<html>not found</html>", "line 1 of the policy"),
        (POLICY.replace(b"STSv1", b"STSv2"), "no `version: STSv1`"),
        (POLICY.replace(b"mode: enforce\n", b""), "has no mode"),
        (POLICY.replace(b"enforce", b"strict"), "mode is none of"),
        (POLICY.replace(b"mx: mail.contoso.test\n", b""), "names no mx"),
        (POLICY.replace(b"mail.contoso", b"mail.*"), "no host name"),
        (POLICY.replace(b"mail.contoso.test", b"*"), "no host name"),
        (POLICY.replace(b"mail.contoso.test", b"mail.contoso.test."), "no host name"),
        (POLICY.replace(b"max_age: 604800\n", b""), "max_age"),
        (POLICY.replace(b"604800", b"31557601"), "max_age"),
        (POLICY.replace(b"604800", b"one week"), "max_age"),
        (POLICY.replace(b"mode: ", b"mode="), "line 2 of the policy"),
        (b"\xff\xfe\x00" * 1000, "line 1 of the policy"),
        (POLICY.rstrip() + b"\n" + b"mx: a.test\n" * 200, "no host name"),
        (POLICY + b"x" * 1_000_000, "larger than 64 KB"),
    ],
)
async def test_a_policy_that_is_not_valid(ca_file: str, text: bytes, why: str) -> None:
    attempt, _ = await fetched(ca_file, answer(text))
    assert attempt.outcomes == ("mta_sts_record_invalid",)
    assert why in detail(attempt, "mta_sts_record_invalid")


@pytest.mark.parametrize("kind", ["text/html", "application/octet-stream", ""])
async def test_a_policy_has_to_be_plain_text(ca_file: str, kind: str) -> None:
    attempt, _ = await fetched(ca_file, answer(POLICY, kind=kind))
    assert attempt.outcomes == ("mta_sts_record_invalid",)


@pytest.mark.parametrize(
    ("response", "why"),
    [
        (answer(b"", status="404 Not Found"), "HTTP 404"),
        (answer(POLICY, status="500 Oops"), "HTTP 500"),
        (answer(b"", status="204 No Content"), "HTTP 204"),
        (answer(POLICY, status="301 Moved", headers=("Location: https://169.254.169.254/latest",)), "169.254.169.254"),
        (
            answer(POLICY, status="302 Found", headers=(f"Location: https://{HOST}/.well-known/mta-sts.txt",)),
            "HTTP 302",
        ),
        (answer(POLICY, status="307 Found"), "redirects to nowhere"),
        (b"", "ends without an answer"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\nContent-Type: text/plain\r\n\r\n" + POLICY, "not HTTP"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X-Filler: " + b"x" * 200_000 + b"\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000, "not HTTP"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 100_000, "no answer within"),
    ],
)
async def test_a_policy_that_cannot_be_fetched(ca_file: str, response: bytes, why: str) -> None:
    attempt, asked = await fetched(ca_file, response)
    assert attempt.outcomes == ("mta_sts_policy_unreachable",)
    assert why in detail(attempt, "mta_sts_policy_unreachable")
    assert len(detail(attempt, "mta_sts_policy_unreachable")) < 400
    assert len(asked) == 1  # nothing is followed


@pytest.mark.parametrize("host", ["evil.test", HOST])
async def test_where_a_redirect_leads_is_text_of_a_stranger(ca_file: str, host: str) -> None:
    location = f"Location: https://{host}/{'a' * 5000}"
    attempt, asked = await fetched(ca_file, answer(b"", status="301 Moved", headers=(location,)))
    assert len(detail(attempt, "mta_sts_policy_unreachable")) < 300
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("certificate", "why"),
    [
        ("wrong-name", "for another name"),
        ("no-san", "no subject alternative names"),
        ("expired", "has expired"),
        ("not-yet-valid", "not valid yet"),
        ("self-signed", "self-signed"),
        ("incomplete-with-address", "without the intermediate"),
        ("untrusted-whole", "not publicly trusted"),
    ],
)
async def test_a_certificate_that_senders_refuse(ca_file: str, certificate: str, why: str) -> None:
    attempt, asked = await fetched(ca_file, answer(POLICY), certificate=certificate)
    assert attempt.outcomes == ("mta_sts_policy_unreachable",)
    assert why in detail(attempt, "mta_sts_policy_unreachable")
    assert asked == []  # nothing is asked of a host that is not proven


@pytest.mark.parametrize("certificate", ["wildcard", "several-names", "expiring-soon", "weak-sha1"])
async def test_a_certificate_that_senders_take(ca_file: str, certificate: str) -> None:
    attempt, _ = await fetched(ca_file, answer(POLICY), certificate=certificate)
    assert attempt.outcomes == ()


async def test_a_host_without_tls_is_no_policy_host() -> None:
    async with HttpsServer(answer(POLICY), None) as server:
        attempt = await seen(f"{RECORD}\n{ADDRESS}", mta_sts, DOMAIN, [MX], ports={443: server.port})
    assert attempt.outcomes == ("mta_sts_policy_unreachable",)


@pytest.mark.parametrize("response", [None, b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nversion: STSv1\n"])
async def test_a_host_that_never_ends_is_not_waited_for(
    ca_file: str, monkeypatch: pytest.MonkeyPatch, response: bytes | None
) -> None:
    monkeypatch.setattr(module, "_SECONDS", 0.3)
    attempt, _ = await fetched(ca_file, response, keep=True)
    assert attempt.outcomes == ("mta_sts_policy_unreachable",)
    assert "within 0.3 seconds" in detail(attempt, "mta_sts_policy_unreachable")


async def test_the_next_address_is_tried_when_one_refuses(ca_file: str) -> None:
    attempt, _ = await fetched(ca_file, answer(POLICY), zone=f"{RECORD}\n{HOST} A 127.0.0.99\n{ADDRESS}")
    assert attempt.outcomes == ()
