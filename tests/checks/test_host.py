"""A whole host: what is looked at together, what is left out, what is told besides the faults."""

from __future__ import annotations

import asyncio
import errno
import ssl

import pytest

from diagnostics.checks.host import host
from diagnostics.network import Stream
from diagnostics.network.recorded import RecordedNetwork
from tests.checks.smtp_lab import HASTY, Lab
from tests.fakes.certificates import EXPECTED, SERVED, authorities
from tests.fakes.smtp import CAPABILITIES, NAME, SmtpServer, close, extended, hearing, reset

CHECKS = {"smtp", "starttls", "tls-versions", "injection", "relay", "submission", "exo-connector"}


@pytest.fixture
def lab(tmp_path) -> Lab:
    return Lab.made(tmp_path)


async def test_a_healthy_host_is_told_in_facts(lab):
    offered = (*CAPABILITIES, "AUTH NTLM LOGIN", "AUTH=LOGIN", "X-ANONYMOUSTLS", "XOORG")
    banner = f"220 {NAME} Microsoft ESMTP MAIL Service ready at Tue, 1 Sep 2026 10:00:00 +0000\r\n".encode()
    async with SmtpServer(tls=lab.context, greeting=banner, capabilities=offered) as server:
        seen = await lab.look(server)
    assert {attempt.check for attempt in seen.run.attempts} == CHECKS
    assert seen.outcomes == []
    facts = seen.of("smtp").facts
    assert facts["banner"].startswith(f"220 {NAME} Microsoft ESMTP")
    assert (facts["product"], facts["greeting_name"], facts["hello_name"]) == ("Microsoft Exchange", NAME, NAME)
    assert (facts["size"], facts["auth"], facts["ip_version"]) == (37748736, ["NTLM", "LOGIN"], 4)
    assert {"STARTTLS", "X-ANONYMOUSTLS", "XOORG", "CHUNKING", "SIZE 37748736"} <= set(facts["capabilities"])
    assert set(facts["ms"]) == {"connect", "banner", "ehlo"}
    inside = seen.of("starttls").facts
    assert inside["protocol"] == "TLSv1.3"
    assert inside["name_checked"] == NAME
    assert "STARTTLS" not in inside["capabilities"]
    assert seen.of("relay").facts["answers"]["example.com"].startswith("550 5.7.54")
    assert seen.of("injection").facts["answer"] == "ignored"
    assert seen.of("exo-connector").facts["fit"] == "unknown"  # a private authority
    assert seen.chain


async def test_nothing_is_sent_that_could_become_a_message(lab):
    async with SmtpServer(tls=lab.context, replies={"RCPT": b"250 2.1.5 OK\r\n"}) as server:
        await lab.look(server)
    heard = [line for lines in server.heard for line in lines]
    assert not any(line.upper().startswith(("DATA", "BDAT")) for line in heard)
    assert {line for line in heard if line.startswith("MAIL")} == {"MAIL FROM:<>"}
    assert [line for line in heard if line.startswith(("RCPT", "RSET", "QUIT"))] == [
        "RCPT TO:<relay-test@example.com>",
        "RSET",
        "RCPT TO:<relay-test@example.net>",
        "RSET",
        "QUIT",
    ]


async def test_a_server_of_an_example_domain_is_asked_about_others(lab):
    async with SmtpServer(tls=None, capabilities=(), replies={"EHLO": extended(name="mx1.Example.NET")}) as server:
        seen = await lab.look_at(["127.0.0.1"], {25: server.port}, name="mail.example.com")
    assert list(seen.of("relay").facts["answers"]) == ["example.org"]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "connection_refused"),
        (TimeoutError(), "connection_timeout"),
        (OSError(errno.EHOSTUNREACH, "no route to host"), "connection_timeout"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), "connection_reset"),
    ],
)
@pytest.mark.parametrize("as_mx", [False, True])
async def test_what_a_failed_connection_is(lab, error, outcome, as_mx):
    network = RecordedNetwork(conversations={("127.0.0.1", 25): error})
    seen = await lab.look_at(["127.0.0.1"], {}, network=network, as_mx=as_mx)
    expected = "mx_host_down" if as_mx else outcome
    assert seen.outcomes == [expected]
    assert seen.detail(expected)
    assert network.connected.count(("127.0.0.1", 25)) == 1
    assert {attempt.check for attempt in seen.run.attempts} == {"smtp", "submission"}


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("::1", errno.ENETUNREACH),
        ("::1", errno.EHOSTUNREACH),
        ("::1", errno.EADDRNOTAVAIL),
        ("127.0.0.1", errno.ENETUNREACH),
        ("127.0.0.1", errno.EMFILE),
        ("127.0.0.1", errno.EACCES),
    ],
)
async def test_our_own_side_of_the_network_is_no_fault_of_theirs(lab, address, number):
    network = RecordedNetwork(conversations={(address, 25): OSError(number, "no way")})
    seen = await lab.look_at([address], {}, network=network, as_mx=True)
    assert seen.outcomes == []
    assert seen.of("smtp").status == "unavailable"
    assert seen.of("smtp").reason


async def test_out_of_scope_is_told_and_never_connected(lab):
    network = RecordedNetwork()
    seen = await lab.look_at(["10.0.0.1", "169.254.169.254"], {}, network=network)
    assert seen.outcomes == []
    assert network.connected == []
    assert seen.run.refusals


async def test_addresses_are_looked_at_side_by_side_and_four_at_most(lab):
    network = RecordedNetwork()
    seen = await lab.look_at(
        [f"127.0.0.{n}" for n in (1, 2, 2, 3, 4, 5, 6)], {}, network=network, only=frozenset({"smtp"})
    )
    assert [attempt.subject for attempt in seen.run.attempts] == [f"127.0.0.{n}:25" for n in (1, 2, 3, 4)]


async def test_an_address_in_brackets_over_ipv6(lab):
    async with SmtpServer("::1", tls=lab.context) as server:
        seen = await lab.look(server)
    assert seen.outcomes == []
    assert seen.of("smtp").subject == "[::1]:25"
    assert seen.of("smtp").facts["ip_version"] == 6


@pytest.mark.parametrize("kind", sorted(SERVED))
async def test_a_certificate_fault_is_the_hosts_only_fault(lab, tmp_path, kind):
    served = SERVED[kind](authorities(), NAME)
    try:
        context = served.ssl_context(tmp_path)
    except (ssl.SSLError, ValueError) as error:
        pytest.skip(f"the standard library does not serve this certificate: {error}")
    async with SmtpServer(tls=context) as server:
        seen = await lab.look(server)
    assert sorted(seen.outcomes) == sorted(EXPECTED[kind])


async def test_a_bare_address_has_no_name_to_match(lab):
    async with SmtpServer(tls=lab.context) as server:
        bare = await lab.look_at(["127.0.0.1"], {25: server.port}, name="127.0.0.1")
        named = await lab.look_at(["127.0.0.1"], {25: server.port}, name="127.0.0.1", only=frozenset({"starttls"}))
        other = await lab.look(server, name="smtp.contoso.test")
    assert bare.outcomes == named.outcomes == []
    assert bare.of("starttls").facts["name_checked"] == ""
    assert other.outcomes == ["cert_name_mismatch"]


async def test_only_obsolete_versions_are_one_fault(lab, tmp_path):
    old = SERVED["healthy"](authorities(), NAME).ssl_context(tmp_path, ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
    async with SmtpServer(tls=old) as server:
        seen = await lab.look(server)
        alone = await lab.look(server, only=frozenset({"starttls"}))
    assert seen.outcomes == alone.outcomes == ["tls_legacy_only"]
    assert seen.of("relay").facts["answers"]  # in a session of its own, in the clear
    assert seen.chain is None


async def test_obsolete_versions_beside_new_ones(lab, tmp_path):
    mixed = SERVED["healthy"](authorities(), NAME).ssl_context(tmp_path, ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_3)
    async with SmtpServer(tls=mixed) as server:
        seen = await lab.look(server)
    assert seen.outcomes == ["tls_legacy_enabled"]


async def test_two_faults_are_both_named(lab, tmp_path):
    expired = SERVED["expired"](authorities(), NAME).ssl_context(tmp_path)
    async with SmtpServer(tls=expired, injectable=True, replies={"RCPT": b"250 2.1.5 OK\r\n"}) as server:
        seen = await lab.look(server)
    assert sorted(seen.outcomes) == ["cert_expired", "open_relay", "starttls_injection"]


async def test_an_open_relay_with_broken_tls_is_still_found(lab):
    async with SmtpServer(tls=lab.context, agreed=reset, replies={"RCPT": b"250 2.1.5 OK\r\n"}) as server:
        seen = await lab.look(server)
    assert sorted(seen.outcomes) == ["open_relay", "starttls_reset"]


async def test_a_web_server_is_recognised_though_it_waits(lab):
    async with SmtpServer(greeting=hearing(b"HTTP/1.1 400 Bad Request\r\n\r\n", close)) as server:
        seen = await lab.look(server, limits=HASTY)
    assert seen.outcomes == ["not_smtp"]
    assert seen.detail("not_smtp") == "it speaks HTTP"


async def test_implicit_tls_tells_the_greeting_inside(lab):
    async with SmtpServer(tls=lab.context, at_once=True) as server:
        seen = await lab.look(server, limits=HASTY)
    assert f"220 {NAME} ESMTP" in seen.detail("implicit_tls")


async def test_submission_ports_are_facts(lab):
    offered = (*CAPABILITIES, "AUTH LOGIN")
    async with (
        SmtpServer(tls=lab.context) as relay,
        SmtpServer(
            tls=lab.context, capabilities=offered, replies={"MAIL": b"530 5.7.0 Authenticate\r\n"}
        ) as submission,
        SmtpServer(tls=lab.context, capabilities=offered, at_once=True) as wrapped,
    ):
        ports = {25: relay.port, 587: submission.port, 465: wrapped.port}
        seen = await lab.look_at(["127.0.0.1"], ports)
    assert seen.outcomes == []
    facts = {a.subject.rpartition(":")[2]: a.facts for a in seen.run.attempts if a.check == "submission"}
    for port in ("587", "465"):
        assert facts[port]["open"]
        assert (facts[port]["auth"], facts[port]["protocol"]) == (["LOGIN"], "TLSv1.3")
    assert (facts["587"]["starttls"], facts["587"]["auth_in_the_clear"]) == (True, ["LOGIN"])


@pytest.mark.parametrize(
    "how", [{"greeting": b"554 no\r\n"}, {"tls": None}, {"greeting": b"\x00\n"}, {"agreed": reset}]
)
async def test_a_broken_submission_port_is_no_outcome(lab, how):
    async with SmtpServer(tls=lab.context) as relay, SmtpServer(**{"tls": lab.context, **how}) as submission:
        seen = await lab.look_at(["127.0.0.1"], {25: relay.port, 587: submission.port, 465: submission.port})
    assert seen.outcomes == []
    assert all(a.status == "done" for a in seen.run.attempts if a.check == "submission")


async def test_port_465_speaks_tls_at_once(lab, tmp_path):
    async with SmtpServer(tls=lab.context, at_once=True) as server:
        seen = await lab.look(server, port=465)
    assert seen.outcomes == []
    assert {attempt.check for attempt in seen.run.attempts} == CHECKS - {"submission", "injection"}
    expired = SERVED["expired"](authorities(), NAME).ssl_context(tmp_path)
    async with SmtpServer(tls=expired, at_once=True) as server:
        assert (await lab.look(server, port=465)).outcomes == ["cert_expired"]
    async with SmtpServer(tls=lab.context) as server:
        assert (await lab.look(server, port=465)).outcomes == ["tls_handshake_failed"]


async def test_only_what_is_wanted_is_looked_at(lab):
    async with SmtpServer(tls=lab.context) as server:
        seen = await lab.look(server, only=frozenset({"relay"}))
        none = await lab.look(server, only=frozenset({"spf"}))
    assert {attempt.check for attempt in seen.run.attempts} == {"smtp", "starttls", "relay"}
    assert none.run.attempts == []
    assert len(server.heard) == 1


async def test_a_strangers_words_are_shown_tamed(lab):
    hostile = b"220 \x1b[31m<!channel> \xff\xfe \xe2\x80\xae evil " + b"x" * 400 + b"\r\n"
    async with SmtpServer(tls=lab.context, greeting=hostile) as server:
        seen = await lab.look(server)
    banner = seen.of("smtp").facts["banner"]
    assert len(banner) < 310
    assert banner.isprintable()


async def test_the_end_of_time_leaves_what_was_not_finished_unavailable(lab):
    async with SmtpServer(tls=lab.context, greeting=hearing(b"", close)) as server:
        run = (await lab.look_at([], {})).run
        run.network.scope.ports[25] = server.port
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await host(run, NAME, 25, ["127.0.0.1"])
    smtp = next(attempt for attempt in run.attempts if attempt.check == "smtp")
    assert (smtp.status, smtp.outcomes) == ("unavailable", ())


class _Silent25(RecordedNetwork):
    """Port 25 times out, after the other ports have refused."""

    async def connect(self, address: str, port: int) -> Stream:
        if port == 25:
            await asyncio.sleep(0.02)
            raise TimeoutError
        return await super().connect(address, port)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_silence_of_one_port_is_told_beside_the_answer_of_another(lab, address):
    seen = await lab.look_at([address], {}, network=_Silent25())
    assert seen.outcomes == ["connection_timeout"]
    assert seen.detail("connection_timeout") == "no answer to the connection, while port 587 answers"


async def test_a_shorter_check_hears_of_silence_in_time(lab):
    async with SmtpServer(greeting=hearing(b"", close)) as server:
        run = (await lab.look_at([], {25: server.port}, timeout=1.0)).run
        async with asyncio.timeout(1.0):
            await host(run, NAME, 25, ["127.0.0.1"])
    assert [outcome for attempt in run.attempts for outcome in attempt.outcomes] == ["banner_timeout"]
