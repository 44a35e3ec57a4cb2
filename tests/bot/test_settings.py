from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings import Settings, SettingsError, as_markdown, load, names

NOWHERE = Path("none.env")
DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


def test_nothing_set_is_fine_and_leads_to_no_workspace() -> None:
    settings = load({}, NOWHERE)
    assert not settings.on_slack
    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.retention_days == 30


@pytest.mark.parametrize(
    ("environ", "mode"),
    [
        ({"SLACK_APP_TOKEN": "xapp-1", "SLACK_SIGNING_SECRET": "s"}, "socket"),
        ({"SLACK_SIGNING_SECRET": "s"}, "http"),
        ({"SLACK_APP_TOKEN": "xapp-1", "MAILFLOW_MODE": "http"}, "http"),
    ],
)
def test_the_mode_follows_from_what_is_set(environ: dict[str, str], mode: str) -> None:
    assert load(environ, NOWHERE).mode == mode


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"MAILFLOW_RETENTION": "3"}, "MAILFLOW_RETENTION is not a setting"),
        ({"MAILFLOW_PORT": "hunter2"}, "MAILFLOW_PORT: "),
        ({"MAILFLOW_PORT": "70000"}, "MAILFLOW_PORT: "),
        ({"DATABASE_URL": "mysql://root:hunter2@db/x"}, "DATABASE_URL: must begin with postgresql://"),
        ({"SLACK_API_URL": "hunter2"}, "SLACK_API_URL: must be"),
        ({"MAILFLOW_SECRET_KEY": "hunter2"}, "MAILFLOW_SECRET_KEY: must be 32 bytes"),
        ({"MAILFLOW_MODE": "hunter2"}, "MAILFLOW_MODE: "),
        ({"MAILFLOW_LOG_LEVEL": "hunter2"}, "MAILFLOW_LOG_LEVEL: "),
        ({"SLACK_BOT_TOKEN": "xapp-hunter2"}, "SLACK_BOT_TOKEN holds the wrong kind of token"),
        ({"SLACK_APP_TOKEN": "xoxb-hunter2"}, "SLACK_APP_TOKEN holds the wrong kind of token"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence_without_the_value(environ: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load(environ, NOWHERE)
    assert str(raised.value).startswith(sentence)
    assert "hunter2" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_each_mistake_gets_its_sentence() -> None:
    with pytest.raises(SettingsError) as raised:
        load({"MAILFLOW_PORTT": "1", "MAILFLOW_PORT": "x", "MAILFLOW_RETENTION_DAYS": "0"}, NOWHERE)
    assert len(raised.value.sentences) == 3


@pytest.mark.parametrize(
    ("environ", "missing"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_SIGNING_SECRET"),
        ({"SLACK_APP_TOKEN": "xapp-1"}, "SLACK_BOT_TOKEN"),
        ({"SLACK_BOT_TOKEN": "xoxb-1", "MAILFLOW_MODE": "socket"}, "SLACK_APP_TOKEN"),
    ],
)
def test_half_a_workspace_names_the_other_half(environ: dict[str, str], missing: str) -> None:
    with pytest.raises(SettingsError, match=f"{missing} is not set"):
        load(environ, NOWHERE).require_slack()


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SLACK_BOT_TOKEN=xoxb-file\nMAILFLOW_PORT=1\nOTHER=2\n")
    settings = load({"MAILFLOW_PORT": "2"}, tmp_path / ".env")
    assert settings.port == 2
    assert settings.bot_token
    assert settings.bot_token.get_secret_value() == "xoxb-file"


def test_an_empty_value_hides_none(tmp_path: Path) -> None:
    """As `${DATABASE_URL:-}` leaves one: on an empty database, or with checks for everybody, the bot would start all the same."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "SLACK_BOT_TOKEN").write_text("xoxb-1\n")
    (folder / "SLACK_SIGNING_SECRET").write_text("\n")
    url = "postgresql://u:p@h/db"
    in_file = {
        "DATABASE_URL": url,
        "MAILFLOW_MAY_CHECK": "U0AAA",
        "MAILFLOW_SECRETS_DIR": folder,
        "SLACK_SIGNING_SECRET": "s",
    }
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in in_file.items()))
    settings = load(dict.fromkeys((*in_file, "SLACK_BOT_TOKEN"), ""), tmp_path / ".env")
    assert settings.may_check == {"U0AAA"}
    given = (settings.database_url, settings.bot_token, settings.signing_secret)
    assert [value and value.get_secret_value() for value in given] == [url, "xoxb-1", "s"]
    with pytest.raises(SettingsError, match="MAILFLOW_TYPO is not a setting"):
        load({"MAILFLOW_TYPO": ""}, NOWHERE)


def test_an_unknown_setting_in_the_file_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MAILFLOW_TYPO=1\n")
    with pytest.raises(SettingsError, match="MAILFLOW_TYPO"):
        load({}, tmp_path / ".env")


def test_secrets_do_not_print_and_nothing_can_be_changed() -> None:
    settings = load({"SLACK_BOT_TOKEN": "xoxb-hunter2", "DATABASE_URL": "postgresql://u:hunter2@h/d"}, NOWHERE)
    assert "hunter2" not in repr(settings)
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[misc]


def test_every_setting_is_described_and_the_table_is_current() -> None:
    assert all(field.description for field in Settings.model_fields.values())
    assert all(name == name.upper() for name in names())
    assert as_markdown() in DOCS.read_text(encoding="utf-8")


def test_secrets_may_be_files_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "SLACK_BOT_TOKEN").write_text("xoxb-1\n")
    (tmp_path / "SLACK_SIGNING_SECRET").write_text("from the file")
    (tmp_path / "..data").mkdir()  # Kubernetes has such
    settings = load({"MAILFLOW_SECRETS_DIR": str(tmp_path), "SLACK_SIGNING_SECRET": "given"}, NOWHERE)
    assert settings.bot_token
    assert settings.bot_token.get_secret_value() == "xoxb-1"
    assert settings.signing_secret
    assert settings.signing_secret.get_secret_value() == "given"


def test_secrets_that_cannot_be_used_are_named_and_not_told(tmp_path: Path) -> None:
    (tmp_path / "SLACK_TOKEN").write_text("hunter2")
    (tmp_path / "SLACK_BOT_TOKEN").write_bytes(b"\xffhunter2")
    with pytest.raises(SettingsError) as problem:
        load({"MAILFLOW_SECRETS_DIR": str(tmp_path)}, NOWHERE)
    assert [sentence.split(" in ")[0] for sentence in problem.value.sentences] == ["SLACK_BOT_TOKEN", "SLACK_TOKEN"]
    assert "hunter2" not in str(problem.value)
    with pytest.raises(SettingsError, match="MAILFLOW_SECRETS_DIR: the folder cannot be read"):
        load({"MAILFLOW_SECRETS_DIR": str(tmp_path / "none")}, NOWHERE)


def test_a_file_that_is_no_text_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("MAILFLOW_PORT=1\n".encode("utf-16"))
    with pytest.raises(SettingsError, match="is not UTF-8: save it as UTF-8"):
        load({}, dotenv=tmp_path / ".env")
