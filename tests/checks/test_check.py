"""A check from its target to its verdict: everything that is wrong is named, nothing that isn't, and causes follow."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from diagnostics import Report, diagnose
from diagnostics.checks import Options, Scope, TargetError, check
from diagnostics.checks.outcomes import OUTCOMES, meanings, steps_for
from diagnostics.checks.record import record
from diagnostics.network import DnsReply
from diagnostics.network.recorded import RecordedNetwork
from handlers.blocks import checked
from tests.checks.whole import DOMAIN, HEALTHY, MX, domain
from tests.fakes.smtp import silence


def without(*names: str) -> str:
    """The healthy zone without the lines of these names."""
    return "\n".join(line for line in HEALTHY.splitlines() if line.split(" ")[0] not in names)


@pytest.mark.parametrize("target", [DOMAIN, f"{DOMAIN}.", "Contoso.TEST", f"postmaster@{DOMAIN}", MX])
async def test_a_healthy_place_has_a_clean_bill(tmp_path: Path, target: str) -> None:
    async with domain(tmp_path) as lab:
        report = await lab.check(target)
    assert (report.verdict, report.outcomes) == ("ok", ())
    assert report.kind == ("host" if target == MX else "domain")
    assert (report.findings, report.remarks, report.next) == ((), (), ())
    assert {each.status for each in report.attempts} <= {"done", "skipped"}


@pytest.mark.parametrize(
    ("zone", "outcome", "verdict"),
    [
        (without(f"_smtp._tls.{DOMAIN}"), "tlsrpt_missing", "degraded"),
        (without(f"_dmarc.{DOMAIN}"), "dmarc_missing", "degraded"),
        (without(f"selector1._domainkey.{DOMAIN}"), "dkim_not_found", "degraded"),
        (without("1.0.0.127.in-addr.arpa"), "ptr_missing", "degraded"),
        (HEALTHY.replace("v=spf1 mx -all", "v=spf1 mx +all"), "spf_plus_all", "degraded"),
        (HEALTHY.replace("v=spf1 mx -all", "v=spf1 mx -al l"), "spf_permerror", "failing"),
        (f'{without(DOMAIN)}\n{DOMAIN} MX 0 .\n{DOMAIN} TXT "v=spf1 -all"', "mx_null", "failing"),
    ],
)
async def test_one_fault_in_the_zone_is_one_outcome(tmp_path: Path, zone: str, outcome: str, verdict: str) -> None:
    async with domain(tmp_path, zone=zone) as lab:
        report = await lab.check()
    assert (report.outcomes, report.verdict) == ((outcome,), verdict)
    assert [each.outcome for each in report.remarks] == [outcome]


async def test_an_expired_certificate_names_its_cause_and_what_mends_it(tmp_path: Path) -> None:
    async with domain(tmp_path, certificate="expired") as lab:
        report = await lab.check(MX)
    assert (report.outcomes, report.verdict) == (("cert_expired",), "failing")
    top = report.findings[0]
    assert (top.cause, top.belief) == ("certificate.remote.expired", "confirmed")
    assert "expired" in top.evidence[0].quote
    assert any(step.effect == "read-only" and step.command for step in top.steps)


async def test_a_mail_server_that_is_down_is_that_and_nothing_else(tmp_path: Path) -> None:
    zone = HEALTHY + f"{DOMAIN} MX 20 mx2.{DOMAIN}\nmx2.{DOMAIN} A 127.0.0.2\n2.0.0.127.in-addr.arpa PTR mx2.{DOMAIN}\n"
    async with domain(tmp_path, zone=zone) as lab:
        report = await lab.check()
    # The policy of this lab does not list the second server.
    assert set(report.outcomes) == {"mx_host_down", "mta_sts_mx_mismatch"}
    assert report.verdict == "failing"


async def test_what_is_out_of_scope_is_never_connected_to_nor_looked_up(tmp_path: Path) -> None:
    async with domain(tmp_path) as lab:
        network = RecordedNetwork([DnsReply("inside.contoso.test", "A", "answer", ("10.0.0.5",))])
        report = await check("inside.contoso.test", scope=Scope(), network=network, options=_options())
        named = await lab.check("127.0.0.1:22")
    assert (report.verdict, network.connected) == ("refused", [])
    assert "MAILFLOW_CHECK_ALLOW" in report.summary
    assert not [name for name, kind in network.asked if kind == "PTR"]
    assert named.verdict == "refused"
    assert lab.smtp.heard == []


async def test_a_name_that_leads_inside_later_is_not_followed() -> None:
    """Rebinding: the address that was judged is the one that is connected to; nothing resolves again."""
    network = RecordedNetwork(
        [
            DnsReply("evil.example", "A", "answer", ("9.9.9.9", "127.0.0.1", "169.254.169.254")),
            DnsReply("evil.example", "AAAA", "answer", ("::ffff:10.0.0.1", "64:ff9b::a00:1")),
        ],
    )
    await check("evil.example", scope=Scope(), network=network, options=_options(kind="host"))
    assert {address for address, _ in network.connected} == {"9.9.9.9"}


async def test_what_the_world_knows_of_a_private_address_is_nothing(tmp_path: Path) -> None:
    """127.0.0.2 is on every block list, as their test entry, and has no name: neither is a fault of a server there."""
    async with domain(tmp_path, zone=without("1.0.0.127.in-addr.arpa")) as lab:
        report = await lab.check(MX, own_dns=False)
    assert report.outcomes == ()
    assert not {"ptr", "dnsbl"} & {each.check for each in report.attempts}


async def test_nothing_listens_is_unreachable(tmp_path: Path) -> None:
    async with domain(tmp_path) as lab:
        report = await lab.check("127.0.0.2")
    assert (report.verdict, report.outcomes[0]) == ("unreachable", "connection_refused")


async def test_the_deadline_holds_and_what_is_known_is_kept(tmp_path: Path) -> None:
    async with domain(tmp_path, greeting=silence) as lab:
        async with asyncio.timeout(15):
            report = await lab.check(timeout=1.0)
    assert {each.check for each in report.attempts if each.status == "done"} >= {"spf", "dmarc", "mx"}
    assert "spf_missing" not in report.outcomes


async def test_progress_hears_every_look_once(tmp_path: Path) -> None:
    heard: list[str] = []
    async with domain(tmp_path) as lab:
        report = await lab.check(progress=lambda attempt: heard.append(f"{attempt.check} {attempt.subject}"))
    assert heard == [f"{each.check} {each.subject}" for each in report.attempts]


@pytest.mark.parametrize(("only", "made"), [({"spf"}, {"spf"}), ({"starttls"}, {"mx", "smtp", "starttls"})])
async def test_only_what_was_asked_for_is_looked_at(tmp_path: Path, only: set[str], made: set[str]) -> None:
    async with domain(tmp_path) as lab:
        report = await lab.check(only=frozenset(only))
    assert {each.check for each in report.attempts} == made


@pytest.mark.parametrize(
    "wrong", [{"only": frozenset({"spv"})}, {"ip": "contoso.test"}, {"name": "not a name"}, {"tls_domain": "a/b"}]
)
async def test_a_wrong_option_is_a_sentence(wrong: dict[str, object]) -> None:
    with pytest.raises(TargetError):
        await check(DOMAIN, scope=Scope(), network=RecordedNetwork(), options=_options(**wrong))


@pytest.mark.parametrize(
    "target", ["", "https://contoso.test/", "a b", "x:99999", "[::1", "[::1]x", "-" * 300, "1.2.3"]
)
async def test_what_is_no_target_is_a_sentence(target: str) -> None:
    with pytest.raises(TargetError):
        await check(target, scope=Scope(), network=RecordedNetwork(), options=_options())


async def test_a_check_joins_the_case_that_it_was_asked_for_in(tmp_path: Path) -> None:
    """The queue says that the peer's certificate was refused; the check shows what is wrong with it."""
    async with domain(tmp_path, certificate="expired") as lab:
        report = await lab.check(MX)
    queue = "LastError : 454 4.7.5 Certificate validation failure, Reason:CertExpired"
    before, after = diagnose(queue), diagnose(queue, followups=[record(report.target, report.kind, report.attempts)])
    assert after.findings[0].cause == "certificate.remote.expired"
    assert after.findings[0].belief == "confirmed"
    assert before.findings[0].belief != "confirmed"
    assert diagnose(queue, followups=[report.model_dump_json(indent=2)]).findings[0].cause == after.findings[0].cause


def test_a_record_that_somebody_made_up_never_raises() -> None:
    for text in (
        '{"mailflow_check": "x"}\n{"check": 1}',
        '{"mailflow_check": []}',
        '{"target": {}, "attempts": [[]]}',
        '{"target": "x"',
        r'{"mailflow_check": "x"}' + "\n" + r'{"check": "smtp", "subject": "\ud800", "outcomes": ["cert_expired"]}',
        r'{"mailflow_check": "\ud800"}' + "\n" + r'{"check": "smtp", "subject": "x", "outcomes": ["cert_expired"]}',
    ):
        report = diagnose(text)
        assert Report.model_validate_json(report.model_dump_json()) == report
        assert report.verdict in ("nothing", "unknown", "healthy", "failure")
    attempt = {
        "check": "smtp",
        "subject": "<!channel>",
        "outcomes": ["cert_expired"],
        "facts": {"details": {"cert_expired": "<@U1>"}},
    }
    hostile = json.dumps({"mailflow_check": "x"}) + "\n" + json.dumps(attempt)
    quote = diagnose(hostile).findings[0].evidence[0].quote
    assert "certificate" in quote


def test_every_outcome_has_a_meaning_and_a_way_out() -> None:
    assert set(meanings()) == set(OUTCOMES)
    for outcome, meaning in meanings().items():
        assert meaning.mend or meaning.severity == "note", outcome
        for step in steps_for(outcome, "x'; Remove-Mailbox *"):
            assert "Remove-Mailbox" not in step.command or "'x''; Remove-Mailbox *'" in step.command


async def test_a_server_that_greets_with_markup_is_only_text(tmp_path: Path) -> None:
    greeting = b"220 mx1.contoso.test \x1b[31m<!channel>\r\n"
    async with domain(tmp_path, greeting=greeting) as lab:
        report = await lab.check(MX)
    assert "\x1b" not in report.model_dump_json().replace("\\u001b", "\x1b")
    shown = json.dumps(checked(report).blocks) + checked(report).text
    assert "<!channel>" not in checked(report).text
    assert "\x1b" not in shown


def _options(**more: object) -> Options:
    return Options(**{"now": datetime.now(UTC), "timeout": 5.0, **more})  # type: ignore[arg-type]
