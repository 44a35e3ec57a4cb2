"""The shell scripts of deploy/."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bot.settings import load, names
from tests.deploy.test_image import compose

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


@pytest.mark.parametrize("script", sorted(DEPLOY.glob("*.sh")), ids=lambda path: path.name)
def test_shellcheck_finds_nothing(script: Path) -> None:
    done = subprocess.run([Path(sys.executable).parent / "shellcheck", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def made(folder: Path) -> dict[str, str]:
    subprocess.run(["sh", DEPLOY / "secrets.sh", folder], check=True, capture_output=True)
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_the_secrets_are_what_compose_reads_and_the_bot_takes(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    secrets = made(folder)
    assert {f"secrets/{name}" for name in secrets} == {each["file"] for each in compose()["secrets"].values()}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (folder / "postgres_password").unlink()  # the bot's container is not given it
    settings = load({"MAILFLOW_SECRETS_DIR": str(folder)}, tmp_path / "none.env")
    assert settings.database_url
    assert settings.database_url.get_secret_value() == secrets["DATABASE_URL"]
    assert secrets["postgres_password"] in secrets["DATABASE_URL"]
    assert settings.secret_key
    assert settings.bot_token is None, "an empty file counts as unset"


def test_secrets_that_are_there_stay_and_others_differ(tmp_path: Path) -> None:
    first = made(tmp_path / "one")
    (tmp_path / "one" / "SLACK_BOT_TOKEN").write_text("xoxb-1")
    assert made(tmp_path / "one") == {**first, "SLACK_BOT_TOKEN": "xoxb-1"}
    assert made(tmp_path / "two")["MAILFLOW_SECRET_KEY"] != first["MAILFLOW_SECRET_KEY"]


def test_the_example_of_a_secret_is_none() -> None:
    example = yaml.safe_load((DEPLOY / "kubernetes" / "secret.example.yaml").read_text())["stringData"]
    assert example.keys() <= names().keys()
    assert all(value.isupper() or "..." in value or "PASSWORD" in value for value in example.values())
