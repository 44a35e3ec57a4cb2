"""`mailflow check`, as a person or a script runs it, against the lab."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from diagnostics.checks.model import CheckReport
from tests.checks.whole import DOMAIN, MX, domain

_MAILFLOW = Path(sys.executable).parent / "mailflow"


async def run(*arguments: str, **environ: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        _MAILFLOW,
        "check",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "COLUMNS": "100", **environ},
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, out.decode(), err.decode()


async def test_a_healthy_domain_is_told_with_code_0(tmp_path: Path) -> None:
    async with domain(tmp_path) as lab:
        code, out, err = await run(DOMAIN, **lab.environ)
    assert (code, err) == (0, "")
    assert f"No fault found: {DOMAIN}" in out
    assert "\x1b" not in out


async def test_json_is_the_report_and_a_fault_is_code_1(tmp_path: Path) -> None:
    async with domain(tmp_path, certificate="expired") as lab:
        code, out, _ = await run(MX, "--json", **lab.environ)
    report = CheckReport.model_validate(json.loads(out))
    assert (code, report.verdict, report.outcomes) == (1, "failing", ("cert_expired",))


async def test_an_address_is_checked_under_the_name_that_is_given(tmp_path: Path) -> None:
    async with domain(tmp_path) as lab:
        _, right, _ = await run("127.0.0.1", "--name", MX, "--json", **lab.environ)
        _, wrong, _ = await run("127.0.0.1", "--name", "mail.fabrikam.test", "--json", **lab.environ)
    assert json.loads(right)["outcomes"] == []
    assert json.loads(wrong)["outcomes"] == ["cert_name_mismatch"]


async def test_flags_stand_in_for_settings(tmp_path: Path) -> None:
    async with domain(tmp_path) as lab:
        flags = {
            "--dns-servers": lab.environ["MAILFLOW_DNS_SERVERS"],
            "--ca-file": lab.ca_file,
            "--ports": lab.environ["MAILFLOW_CHECK_PORTS"],
            "--allow": "127.0.0.0/8",
            "--dnsbl-zones": "none",
        }
        code, out, _ = await run(DOMAIN, "--json", *[word for pair in flags.items() for word in pair])
        denied, _, _ = await run(MX, "--deny", "127.0.0.1", **lab.environ)
    assert (code, json.loads(out)["outcomes"]) == (0, [])
    assert denied == 2


async def test_spf_tells_whether_an_address_may_send(tmp_path: Path) -> None:
    async with domain(tmp_path) as lab:
        _, out, _ = await run(DOMAIN, "--only", "spf", "--ip", "127.0.0.1", **lab.environ)
    assert "127.0.0.1: pass" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["https://contoso.test/"], "web address"),
        (["a b"], "not a host name"),
        ([DOMAIN, "--only", "spv"], "There is no check 'spv'"),
        ([DOMAIN, "--timeout", "soon"], "MAILFLOW_CHECK_TIMEOUT"),
        ([DOMAIN, "--allow", "inside"], "MAILFLOW_CHECK_ALLOW"),
        ([DOMAIN, "--dns-servers", "dns.contoso.test"], "MAILFLOW_DNS_SERVERS"),
        ([DOMAIN, "--ca-file", "/nowhere.pem"], "MAILFLOW_CA_FILE"),
        ([DOMAIN, "--ports", "25:26"], "MAILFLOW_CHECK_PORTS"),
        ([DOMAIN, "--ip", "nine"], "must be an IP address"),
        ([], "Missing argument"),
    ],
)
async def test_bad_usage_is_one_sentence_and_code_2(arguments: list[str], said: str) -> None:
    code, out, err = await run(*arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


async def test_a_file_that_holds_no_certificates_is_said(tmp_path: Path) -> None:
    empty = tmp_path / "ca.pem"
    empty.write_text("nothing")
    code, _, err = await run(DOMAIN, "--ca-file", str(empty))
    assert (code, "MAILFLOW_CA_FILE" in err) == (2, True)
