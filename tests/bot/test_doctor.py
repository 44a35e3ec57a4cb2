"""`mailflow doctor`: what it finds where something is missing, where nothing is, and that it harms nothing."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import asyncpg
import pytest
from cryptography.fernet import Fernet

from bot import doctor
from bot.database import open_database
from bot.doctor import Look, examine
from bot.doctor.machine import _findings
from bot.doctor.model import Finding
from bot.doctor.slack import _clock
from bot.doctor_command import _shown
from bot.settings import load
from tests.bot.conftest import EMPTY, World
from tests.bot.pastes import FAILING
from tests.fakes.dns import DnsServer
from tests.fakes.pagerduty import TOKEN, PagerDuty
from tests.fakes.smtp import SmtpServer, silence
from tests.oncall.policies import TEXT

NOWHERE = Path("none.env")
ZONE = """
.                  !signed
.                  SOA  a.root.test. nobody.root.test. 1 1800 900 604800 86400
contoso.test       MX   10 mail.contoso.test.
mail.contoso.test  A    127.0.0.1
"""
READS_ONLY = {"auth.test", "apps.connections.open", "users.conversations"}


@asynccontextmanager
async def network(server: SmtpServer | None = None, zone: str = ZONE) -> AsyncIterator[dict[str, str]]:
    """Settings of a network in which nothing is missing."""
    async with server or SmtpServer() as smtp, DnsServer(zone) as dns:
        yield {
            "MAILFLOW_DNS_SERVERS": f"{dns.address[0]}:{dns.address[1]}",
            "MAILFLOW_CHECK_PORTS": f"25={smtp.port}",
            "MAILFLOW_CHECK_ALLOW": "127.0.0.0/8",
            "MAILFLOW_DOCTOR_HOST": "contoso.test",
        }


async def found(environ: dict[str, str]) -> list[Finding]:
    return [finding async for finding in examine(environ, NOWHERE)]


async def of(environ: dict[str, str], check: str) -> list[Finding]:
    return [finding for finding in await found(environ) if finding.check == check]


async def test_where_nothing_is_missing_nothing_is_to_mend_and_nothing_is_changed(
    world: World, mode: dict[str, str]
) -> None:
    async with world.bot(mode):
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        await world.settled()
        before = len(world.place.calls)
        async with network() as lab:
            told = {finding.check: finding for finding in await found({**world.environ, **mode, **lab})}
        assert {finding.verdict for finding in told.values()} == {"ok", "note"}
        assert [check for check, finding in told.items() if finding.verdict == "note"] == ["on call"]
        assert {call.method for call in world.place.calls[before:]} <= READS_ONLY
        assert await world.rows("select count(*) from delivery") == [{"count": 1}]
        assert await world.rows("select to_regclass('mailflow_doctor') as there") == [{"there": None}]
    assert "@mailflow in Contoso" in told["Slack token"].says
    assert "#exchange" in told["channels"].says
    assert re.search(r"a message \d+ s ago, a command never, .* in 1 channel\.", told["events"].says)
    assert "127.0.0.1" in told["port 25"].says
    assert "validates DNSSEC" in told["DNS"].says
    assert ("app token" in told) == bool(mode)


async def test_a_wrong_token_and_a_slack_that_is_away_are_told_apart(world: World) -> None:
    [finding] = await of({**world.environ, "SLACK_BOT_TOKEN": "xoxb-wrong"}, "Slack token")
    assert finding.verdict == "fault"
    assert "refuses SLACK_BOT_TOKEN (invalid_auth)" in finding.says
    [finding] = await of({**world.environ, "SLACK_APP_TOKEN": "xapp-wrong"}, "app token")
    assert "SLACK_APP_TOKEN" in finding.says
    [finding] = await of({**world.environ, "SLACK_API_URL": "http://127.0.0.1:1/api/"}, "Slack token")
    assert "can't be reached" in finding.says


async def test_missing_scopes_are_named_with_what_they_are_for(world: World) -> None:
    manifest = world.place.workspace.manifest
    world.place.workspace.manifest = replace(manifest, scopes=("chat:write", "commands"))
    world.place.fail_next("users.conversations", error="missing_scope")
    told = await found(world.environ)
    [scopes] = [finding for finding in told if finding.check == "scopes"]
    assert scopes.verdict == "fault"
    assert "channels:history (reading pastes in public channels)" in scopes.says
    assert "chat:write" not in scopes.says
    [channels] = [finding for finding in told if finding.check == "channels"]
    assert (channels.verdict, "missing_scope" in channels.says) == ("note", True)


async def test_a_bot_that_nobody_invited_is_told_how_to_be(world: World) -> None:
    place = world.place.workspace
    place.channels = {key: channel for key, channel in place.channels.items() if channel.is_im}
    [channels] = await of(world.environ, "channels")
    assert channels.verdict == "warning"
    assert "/invite @Mailflow" in channels.mend


async def test_where_any_workspace_may_install_the_app_their_number_is_told(world: World) -> None:
    environ = {key: value for key, value in world.environ.items() if key != "SLACK_BOT_TOKEN"}
    environ |= {
        "SLACK_CLIENT_ID": "1.2",
        "SLACK_CLIENT_SECRET": "secret",
        "MAILFLOW_PUBLIC_URL": "https://mailflow.contoso.com",
    }
    async with open_database(load(environ, NOWHERE)) as database:
        told = {finding.check: finding for finding in await found(environ)}
        assert told["workspaces"].verdict == "warning"
        assert "https://mailflow.contoso.com/slack/install" in told["workspaces"].mend
        assert told["clock"].verdict == "ok"
        await database.pool.execute(
            "insert into installation (team, bot_user, bot, tokens) values ('T1', 'U1', 'B1', 'x')"
        )
        [finding] = await of(environ, "workspaces")
    assert (finding.verdict, finding.says) == ("ok", "1 have the app installed.")


@pytest.mark.parametrize(
    ("seconds", "verdict", "words"),
    [(0, "ok", "agrees"), (30, "warning", "behind"), (-600, "fault", "ahead of"), (None, "note", "no time")],
)
def test_the_clock(seconds: int | None, verdict: str, words: str) -> None:
    theirs = "" if seconds is None else format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
    finding = _clock({"Date": theirs})
    assert finding.verdict == verdict
    assert words in finding.says


async def test_a_database_that_is_away_or_holds_nothing_yet(world: World, tmp_path: Path) -> None:
    told = await of({**world.environ, "DATABASE_URL": "postgresql://user:hunter2@127.0.0.1:1/x"}, "database")
    assert [finding.verdict for finding in told] == ["fault"]
    assert "hunter2" not in repr(told)
    [finding] = await of({"MAILFLOW_HOME": str(tmp_path / "new")}, "database")
    assert finding.verdict == "ok"
    assert not (tmp_path / "new").exists()


@EMPTY
async def test_a_fresh_database_is_written_to_and_left_as_it_was(world: World) -> None:
    told = {finding.check: finding for finding in await found(world.environ)}
    assert (told["migrations"].verdict, told["writing"].verdict, told["key"].verdict) == ("note", "ok", "ok")
    assert await world.rows("select 1 from pg_tables where schemaname = 'public'") == []
    [finding] = await of({**world.environ, "MAILFLOW_MIGRATE_AT_START": "false"}, "migrations")
    assert finding.verdict == "fault"


@EMPTY
async def test_a_database_that_takes_no_writes_is_told(world: World) -> None:
    connection = await asyncpg.connect(world.environ["DATABASE_URL"])
    await connection.execute("create role reader login")
    try:
        await connection.execute("revoke create on schema public from public")
        url = world.environ["DATABASE_URL"].replace("postgresql://postgres:", "postgresql://reader:", 1)
        assert "reader" in url
        [finding] = await of({**world.environ, "DATABASE_URL": url}, "writing")
        assert finding.verdict == "fault"
        assert "InsufficientPrivilegeError" in finding.says
    finally:
        await connection.execute("drop role reader")
        await connection.close()


async def test_the_key_must_open_what_is_stored(world: World, tmp_path: Path) -> None:
    async with world.bot():
        pass
    other = {**world.environ, "MAILFLOW_SECRET_KEY": Fernet.generate_key().decode()}
    [finding] = await of(other, "key")
    assert (finding.verdict, "does not open" in finding.says) == ("fault", True)
    without = {key: value for key, value in world.environ.items() if key != "MAILFLOW_SECRET_KEY"}
    [finding] = await of(without, "key")
    assert (finding.verdict, "is not there" in finding.says) == ("fault", True)
    assert not (tmp_path / "secret.key").exists()


async def test_what_slack_never_delivered_and_what_nobody_works_off(world: World) -> None:
    async with world.bot():
        pass
    [events] = await of(world.environ, "events")
    assert (events.verdict, "Event Subscriptions" in events.mend) == ("warning", True)
    connection = await asyncpg.connect(world.environ["DATABASE_URL"])
    await connection.execute(
        "insert into delivery (team, event, subject, thread, received_at) "
        "values ('T', 'E', 'message C 1', 'C 1', now() - interval '3 hours')"
    )
    await connection.close()
    [jobs] = await of(world.environ, "jobs")
    assert (jobs.verdict, "3 h" in jobs.says) == ("fault", True)


@pytest.mark.parametrize(
    ("more", "check", "verdict", "words"),
    [
        ({"MAILFLOW_DOCTOR_HOST": "127.0.0.1"}, "port 25", "ok", "Open outbound"),
        ({"MAILFLOW_CHECK_ALLOW": ""}, "port 25", "note", "out of scope"),
        ({"MAILFLOW_DOCTOR_HOST": "none"}, "port 25", "note", "is none"),
        ({"MAILFLOW_DOCTOR_HOST": "nothing.test"}, "port 25", "note", "no address"),
        ({"MAILFLOW_CHECK_PORTS": "25=1"}, "port 25", "fault", "ConnectionRefusedError"),
    ],
)
async def test_the_network(more: dict[str, str], check: str, verdict: str, words: str, tmp_path: Path) -> None:
    async with network() as lab:
        [finding] = await of({"MAILFLOW_HOME": str(tmp_path), **lab, **more}, check)
    assert finding.verdict == verdict
    assert words in finding.says


async def test_without_dns_nothing_is_said_of_port_25(tmp_path: Path) -> None:
    async with network() as lab:
        told = await found({"MAILFLOW_HOME": str(tmp_path), **lab, "MAILFLOW_DNS_SERVERS": "127.0.0.1:1"})
    verdicts = {finding.check: finding.verdict for finding in told}
    assert (verdicts["DNS"], verdicts["port 25"]) == ("fault", "note")


async def test_a_firewall_that_takes_the_connection_and_speaks_no_smtp(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.doctor.network._SECONDS", 0.2)
    for server, words in (
        (SmtpServer(greeting=silence), "says nothing"),
        (SmtpServer(greeting=b"HTTP/1.1 400\r\n"), "no SMTP"),
    ):
        async with network(server) as lab:
            [finding] = await of({"MAILFLOW_HOME": str(tmp_path), **lab}, "port 25")
        assert (finding.verdict, words in finding.says) == ("fault", True)


async def test_everybody_in_the_on_call_file_is_looked_up(world: World, tmp_path: Path) -> None:
    file = tmp_path / "oncall.toml"
    environ = {**world.environ, "MAILFLOW_ONCALL_FILE": str(file)}
    file.write_text(TEXT)
    assert [finding.verdict for finding in await of(environ, "on call")] == ["ok", "ok"]
    file.write_text(
        TEXT.replace("U0SAMOKAFO", "U0NOBODY01").replace("C0ONCALL01", "C0NOTTHERE")
        + '[targets.group]\nslack_user_group = "S0NOTTHERE"\n'
    )
    faults = [finding.says for finding in await of(environ, "on call") if finding.verdict == "fault"]
    assert len(faults) == 3
    for words in ("people.sam", "targets.group", "not in the on-call channel (channel_not_found)"):
        assert any(words in says for says in faults)
    file.write_text("time_zone = 3")
    assert all(finding.verdict == "fault" for finding in await of(environ, "on call"))
    assert not [call for call in world.place.calls if call.method.startswith("chat.")]


async def test_pagerduty_is_asked_with_its_token(world: World, tmp_path: Path) -> None:
    file = tmp_path / "oncall.toml"
    async with PagerDuty() as pagerduty:
        file.write_text(
            f'{TEXT}[targets.night]\npagerduty_schedule = "PSCHED1"\n'
            f'[pagerduty]\napi_url = "{pagerduty.url}"\nevents_url = "{pagerduty.url}"\n'
        )
        environ = {**world.environ, "MAILFLOW_ONCALL_FILE": str(file)}
        told = await of({**environ, "MAILFLOW_PAGERDUTY_TOKEN": TOKEN}, "on call")
        assert any(finding.verdict == "warning" and "nobody is on call" in finding.says for finding in told)
        told = await of({**environ, "MAILFLOW_PAGERDUTY_TOKEN": "wrong"}, "on call")
        assert any(
            finding.verdict == "fault" and "targets.night: PagerDuty refuses" in finding.says for finding in told
        )


async def test_wrong_settings_are_told_and_the_right_ones_are_used(world: World) -> None:
    environ = {**world.environ, "MAILFLOW_PORT": "eighty", "MAILFLOW_PRT": "80", "MAILFLOW_RETENTION_DAYS": "0"}
    told = await found(environ)
    faults = [finding.says for finding in told if finding.check == "settings"]
    assert [says.split(":")[0].split(" ")[0] for says in faults] == [
        "MAILFLOW_PRT",
        "MAILFLOW_RETENTION_DAYS",
        "MAILFLOW_PORT",
    ]
    assert any(finding.check == "Slack token" and finding.verdict == "ok" for finding in told)
    swapped = {**world.environ, "SLACK_BOT_TOKEN": "xapp-1", "SLACK_APP_TOKEN": "xoxb-1"}
    assert any("wrong kind of token" in finding.says for finding in await of(swapped, "settings"))


def test_a_full_disk_and_a_key_for_all_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret.key").touch(0o644)
    (tmp_path / "secret.key").chmod(0o644)
    usage = type("Usage", (), {"free": 50_000_000})
    monkeypatch.setattr("shutil.disk_usage", lambda _path: usage)
    settings = load({"MAILFLOW_HOME": str(tmp_path)}, NOWHERE)
    told = {finding.check: finding for finding in _findings(settings)}
    assert {check: finding.verdict for check, finding in told.items()} == {
        "disk": "fault",
        "key file": "fault",
        "temporary files": "warning",
    }
    assert told["key file"].mend.startswith("chmod 600")


@pytest.mark.parametrize(
    ("mode", "told"), [(0o604, ["warning"]), (0o644, ["warning"]), (0o440, []), (0o600, []), (None, [])]
)
def test_a_key_file_that_was_named_is_looked_at(tmp_path: Path, mode: int | None, told: list[str]) -> None:
    path = tmp_path / "the.key"
    if mode is not None:
        path.touch()
        path.chmod(mode)
    settings = load({"MAILFLOW_HOME": str(tmp_path), "MAILFLOW_SECRET_KEY_FILE": str(path)}, NOWHERE)
    found = [finding for finding in _findings(settings) if finding.check == "key file"]
    assert [finding.verdict for finding in found] == told
    assert all(str(path) in finding.says and str(path) in finding.mend for finding in found)


async def test_a_look_that_fails_or_takes_too_long_keeps_no_other_from_being_taken(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_subject: object) -> AsyncIterator[Finding]:
        raise KeyError("a secret")
        yield

    async def slow(_subject: object) -> AsyncIterator[Finding]:
        await asyncio.sleep(60)
        yield Finding("never", "ok", "")

    async def fine(_subject: object) -> AsyncIterator[Finding]:
        yield Finding("fine", "ok", "Fine.")

    monkeypatch.setattr(doctor, "SECONDS", 0.1)
    monkeypatch.setattr(doctor, "LOOKS", (Look("broken", broken), Look("slow", slow), Look("fine", fine)))
    told = {finding.check: finding for finding in await found(world.environ)}
    assert {"broken", "slow", "fine"} <= told.keys()
    assert "KeyError" in told["broken"].says
    assert "a secret" not in told["broken"].says
    assert "took longer" in told["slow"].says


def test_what_others_say_does_not_drive_the_terminal() -> None:
    shown = _shown(Finding("channels", "ok", "in \x1b[2J#x\nFAULT everything"), 80, colour=False)
    assert "\x1b" not in shown
    assert "\n" not in shown


async def run(*arguments: str, cwd: Path, **environ: str) -> tuple[int, str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("MAILFLOW_", "SLACK_", "DATABASE_"))}
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).parent / "mailflow",
        "doctor",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=cwd,
        env={**kept, **environ},
    )
    out, errors = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, out.decode(), errors.decode()


async def test_a_newcomer_without_slack_has_nothing_to_mend(tmp_path: Path) -> None:
    async with network() as lab:
        code, out, errors = await run(cwd=tmp_path, MAILFLOW_HOME=str(tmp_path / "home"), **lab)
    assert (code, errors) == (0, "")
    assert "No Slack token is set. `mailflow playground` works without." in out
    assert out.endswith("Nothing to mend.\n")


async def test_json_and_the_exit_code_say_that_something_is_missing(tmp_path: Path) -> None:
    async with network() as lab:
        home = {
            "MAILFLOW_HOME": str(tmp_path / "home"),
            "SLACK_BOT_TOKEN": "xoxb-1",
            "SLACK_API_URL": "http://127.0.0.1:1/",
        }
        code, out, errors = await run("--json", "--smtp", "127.0.0.1", cwd=tmp_path, **{**lab, **home})
    told = json.loads(out)
    assert (code, errors, told["verdict"]) == (1, "", "fault")
    assert {"check", "verdict", "says", "mend"} == set(told["findings"][0])
    assert any(finding["check"] == "port 25" and finding["verdict"] == "ok" for finding in told["findings"])
    assert (await run("--smpt", "x", cwd=tmp_path))[0] == 2
