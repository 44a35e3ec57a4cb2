"""Every setting of the bot, documented once.

Values come from the environment and from a `.env` file in the current folder; the environment wins.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from bot.check_settings import CheckSettings
from bot.private_settings import PrivateSettings
from bot.settings_files import of_dotenv, of_folder

PREFIX = "MAILFLOW_"
DOTENV = Path(".env")

Mode = Literal["socket", "http"]


class SettingsError(Exception):
    """The settings cannot be used. `sentences` says why, one short sentence each, without any value."""

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


class Settings(CheckSettings, PrivateSettings):
    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True, env_ignore_empty=True)

    bot_token: SecretStr | None = Field(
        None, validation_alias="SLACK_BOT_TOKEN", description="Bot token of the Slack app (`xoxb-…`)."
    )
    app_token: SecretStr | None = Field(
        None,
        validation_alias="SLACK_APP_TOKEN",
        description="App-level token (`xapp-…`) with `connections:write`; chooses Socket Mode.",
    )
    signing_secret: SecretStr | None = Field(
        None,
        validation_alias="SLACK_SIGNING_SECRET",
        description="Signing secret of the Slack app; needed for HTTP mode.",
    )
    client_id: str | None = Field(
        None,
        validation_alias="SLACK_CLIENT_ID",
        description="Client id of the Slack app, in place of a bot token: any workspace may then install the app by OAuth "
        "(HTTP mode).",
    )
    client_secret: SecretStr | None = Field(
        None, validation_alias="SLACK_CLIENT_SECRET", description="Client secret of the Slack app, with its client id."
    )
    public_url: str | None = Field(
        None,
        validation_alias="MAILFLOW_PUBLIC_URL",
        description="Where browsers reach the HTTP server from outside, as in `https://mailflow.contoso.com`; needed for OAuth.",
    )
    slack_api_url: str = Field(
        "https://slack.com/api/",
        validation_alias="SLACK_API_URL",
        description="Base address of Slack's Web API: Slack itself, a proxy or an emulator.",
    )
    database_url: SecretStr | None = Field(
        None,
        validation_alias="DATABASE_URL",
        description="PostgreSQL to use (`postgresql://…`), not through a pooler in transaction mode. Default: an embedded one "
        "under `MAILFLOW_HOME`.",
    )
    migrate_at_start: bool = Field(
        True,
        validation_alias="MAILFLOW_MIGRATE_AT_START",
        description="Whether `mailflow serve` brings the database up to date. `false`: it refuses to start on one that "
        "isn't, and `mailflow migrate` has to run before.",
    )
    home: Path = Field(
        default_factory=lambda: platformdirs.user_data_path("mailflow"),
        validation_alias="MAILFLOW_HOME",
        description="Folder for the embedded PostgreSQL and the key. Default: the user's data directory.",
    )
    secrets_dir: Path | None = Field(
        None,
        validation_alias="MAILFLOW_SECRETS_DIR",
        description="Folder of files that are named like settings and hold one value each, as Docker, Kubernetes and systemd "
        "hand secrets out. The environment wins over them, and they over `.env`.",
    )
    host: str = Field(
        "127.0.0.1", validation_alias="MAILFLOW_HOST", description="Address that the HTTP server listens on."
    )
    port: int = Field(
        3000,
        ge=0,
        le=65535,
        validation_alias="MAILFLOW_PORT",
        description="Port of the HTTP server: Slack's requests in HTTP mode; `/healthz` and `/readyz` too. "
        "0 takes a free port.",
    )
    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        validation_alias="MAILFLOW_METRICS_PORT",
        description="Port of its own for `/metrics`, which answers whoever reaches it. Default: none; `/metrics` is on "
        "`MAILFLOW_PORT`, for this machine alone.",
    )
    chosen_mode: Mode | None = Field(
        None,
        validation_alias="MAILFLOW_MODE",
        description="`socket` or `http`. Default: `socket` when `SLACK_APP_TOKEN` is set, else `http`.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", validation_alias="MAILFLOW_LOG_LEVEL", description="`DEBUG`, `INFO`, `WARNING` or `ERROR`."
    )
    otlp_endpoint: str | None = Field(
        None,
        validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        description="Base address of an OpenTelemetry collector (OTLP over HTTP, usually port 4318). Default: no traces.",
    )
    otlp_headers: SecretStr | None = Field(
        None,
        validation_alias="OTEL_EXPORTER_OTLP_HEADERS",
        description="Headers for the collector, such as `authorization=Bearer%20…`, separated by commas.",
    )
    alert_bots: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(),
        validation_alias="MAILFLOW_ALERT_BOTS",
        description="Ids of bots (`B…`) whose messages are read, separated by commas; others are ignored.",
    )
    may_check: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(),
        validation_alias="MAILFLOW_MAY_CHECK",
        description="Ids of user groups (`S…`) and people (`U…`) who may have hosts checked, separated by commas. "
        "Default: everybody.",
    )
    may_escalate: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(),
        validation_alias="MAILFLOW_MAY_ESCALATE",
        description="The same for paging whoever is on call. To acknowledge and to resolve is everybody's in your organisation.",
    )
    may_watch: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(), validation_alias="MAILFLOW_MAY_WATCH", description="The same for beginning and ending watches."
    )
    partners: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(),
        validation_alias="MAILFLOW_PARTNERS",
        description="The same for people of other organisations, in channels that Slack Connect shares: those named here may do "
        "what everybody of yours may. Default: nobody; what they paste is answered.",
    )
    max_file_bytes: int = Field(
        5_000_000,
        ge=1,
        le=50_000_000,
        validation_alias="MAILFLOW_MAX_FILE_BYTES",
        description="Largest text that is downloaded from Slack, in bytes; what is larger, or packed, is read as a log.",
    )

    max_log_bytes: int = Field(
        200_000_000,
        ge=1,
        le=2_000_000_000,
        validation_alias="MAILFLOW_MAX_LOG_BYTES",
        description="Largest log (`.log`, `.gz`, `.zip`, or several in one message) that is downloaded from Slack, in bytes.",
    )

    manual_url: str | None = Field(
        None,
        validation_alias="MAILFLOW_MANUAL_URL",
        description="Where the pages of `mailflow causes --markdown` are published; answers then link their cause's page.",
    )

    max_watches: int = Field(
        50,
        ge=0,
        le=1000,
        validation_alias="MAILFLOW_MAX_WATCHES",
        description="Hosts and domains that a workspace may have watched at the same time.",
    )

    storm_minutes: int = Field(
        60,
        ge=0,
        le=10_080,
        validation_alias="MAILFLOW_STORM_MINUTES",
        description="Minutes after the first report in which further reports of the same failure join it; 0 keeps every "
        "report apart.",
    )

    oncall_file: Path | None = Field(
        None,
        validation_alias="MAILFLOW_ONCALL_FILE",
        description="TOML file that says who is on call and who is paged when: see [oncall.md](oncall.md). "
        "Default: nobody is paged.",
    )
    pagerduty_token: SecretStr | None = Field(
        None,
        validation_alias="MAILFLOW_PAGERDUTY_TOKEN",
        description="PagerDuty REST API key (read-only is enough), where the on-call file names PagerDuty schedules.",
    )
    pagerduty_routing_key: SecretStr | None = Field(
        None,
        validation_alias="MAILFLOW_PAGERDUTY_ROUTING_KEY",
        description="Integration key of a PagerDuty service (Events API v2), where the on-call file pages it.",
    )
    pagerduty_webhook_secret: SecretStr | None = Field(
        None,
        validation_alias="MAILFLOW_PAGERDUTY_WEBHOOK_SECRET",
        description="Signing secret of a PagerDuty webhook (v3) to `/oncall/pagerduty`: acknowledged there is "
        "acknowledged here.",
    )
    oncall_webhook_secret: SecretStr | None = Field(
        None,
        validation_alias="MAILFLOW_ONCALL_WEBHOOK_SECRET",
        description="Shared secret that signs requests to the on-call file's webhooks, and theirs to `/oncall/webhook`.",
    )

    @classmethod
    def settings_customise_sources(  # type: ignore[override]  # pydantic's other sources are not looked at
        cls, _settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, **_others: object
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """`read` gathers the values, and nothing else does."""
        return (init_settings,)

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("may_check", "may_escalate", "may_watch", "partners")
    @classmethod
    def _members(cls, value: frozenset[str]) -> frozenset[str]:
        if not all(
            each[:1] in ("S", "U", "W") and each.isascii() and each.isalnum() and each.isupper() for each in value
        ):
            raise ValueError("must be ids of user groups (S…) and people (U…), separated by commas; names change")
        return value

    @field_validator("alert_bots", "may_check", "may_escalate", "may_watch", "partners", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return frozenset(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("slack_api_url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise ValueError("must be an https:// or http:// address")
        return value.rstrip("/") + "/"

    @field_validator("manual_url", "otlp_endpoint", "public_url")
    @classmethod
    def _is_page_address(cls, value: str | None) -> str | None:
        if value and not value.startswith(("https://", "http://")):
            raise ValueError("must be an https:// or http:// address")
        return value.rstrip("/") if value else None

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("must begin with postgresql://")
        return value

    @model_validator(mode="after")
    def _tokens_not_swapped(self) -> Settings:
        for name, token, foreign in (
            ("SLACK_BOT_TOKEN", self.bot_token, "xapp-"),
            ("SLACK_APP_TOKEN", self.app_token, "xoxb-"),
        ):
            if token and token.get_secret_value().startswith(foreign):
                raise ValueError(
                    f"{name} holds the wrong kind of token: bot tokens begin with xoxb-, app tokens with xapp-"
                )
        return self

    @model_validator(mode="after")
    def _one_workspace_or_many(self) -> Settings:
        if self.bot_token and self.client_id:
            raise ValueError(
                "SLACK_BOT_TOKEN and SLACK_CLIENT_ID exclude each other: the one serves the workspace of the token, the other "
                "every workspace that installs the app"
            )
        return self

    @property
    def mode(self) -> Mode:
        return self.chosen_mode or ("socket" if self.app_token else "http")

    @property
    def on_slack(self) -> bool:
        """Whether any credential for a workspace is set; without one the playground is what can run."""
        return any((self.bot_token, self.app_token, self.signing_secret, self.client_id))

    def require_slack(self) -> None:
        """Raises SettingsError naming what is missing for the chosen mode."""
        needed: dict[str, object] = {"SLACK_BOT_TOKEN": self.bot_token}
        if self.client_id:
            if self.mode == "socket":
                raise SettingsError(
                    "SLACK_CLIENT_ID needs HTTP mode: unset SLACK_APP_TOKEN, or set MAILFLOW_MODE to http."
                )
            needed = {"SLACK_CLIENT_SECRET": self.client_secret, "MAILFLOW_PUBLIC_URL": self.public_url}
        if self.mode == "socket":
            needed["SLACK_APP_TOKEN"] = self.app_token
        else:
            needed["SLACK_SIGNING_SECRET"] = self.signing_secret
        missing = [name for name, value in needed.items() if not value]
        if missing:
            raise SettingsError(*(f"{name} is not set, and {self.mode} mode needs it." for name in missing))


def names() -> dict[str, str]:
    """Name in the environment -> field. Those of what is stored come behind the general ones, those of checks last."""
    last = (PrivateSettings.model_fields, CheckSettings.model_fields)
    fields = sorted(Settings.model_fields.items(), key=lambda field: [field[0] in part for part in reversed(last)])
    return {str(field.validation_alias): key for key, field in fields}


def load(environ: Mapping[str, str] = os.environ, dotenv: Path = DOTENV) -> Settings:
    """The settings. Raises SettingsError with a sentence for each thing that is wrong."""
    settings, wrong = read(environ, dotenv)
    if wrong:
        raise SettingsError(*wrong)
    return settings


def read(environ: Mapping[str, str], dotenv: Path) -> tuple[Settings, tuple[str, ...]]:
    """The settings as far as they are right, and a sentence for each thing that is wrong, which counts as unset."""
    from_file, wrong = of_dotenv(dotenv)
    known = names()
    secrets, unfit = of_folder(_strongest(environ, from_file).get("MAILFLOW_SECRETS_DIR"), known)
    wrong += unfit + [
        f"{key} is not a setting of this version; docs/settings.md lists them."
        for key in sorted({*from_file, *secrets, *environ})
        if key.startswith(PREFIX) and key not in known
    ]
    given = _strongest(environ, secrets, from_file)
    values = {name: given[name] for name in known if name in given}
    while True:
        try:
            return Settings.model_validate(values), tuple(wrong)
        except ValidationError as error:
            sentences = [_sentence(dict(detail)) for detail in error.errors(include_input=False, include_url=False)]
        wrong += sentences
        said = " ".join(sentences)  # it names the settings that are wrong, or those that exclude each other
        right = {name: value for name, value in values.items() if name not in said}
        values = right if len(right) < len(values) else {}


def _strongest(*sources: Mapping[str, str]) -> dict[str, str]:
    """The values of several sources, the strongest one first. An empty value counts as unset, so it hides none of another."""
    return {name: value for source in reversed(sources) for name, value in source.items() if value}


def _sentence(detail: Mapping[str, object]) -> str:
    """A sentence for one pydantic error that never repeats the value."""
    where = detail["loc"]
    message = str(detail["msg"]).removeprefix("Value error, ").removesuffix(".")
    name = str(where[0]) if isinstance(where, tuple) and where else ""
    return f"{name}: {message}." if name else f"{message}."


def as_markdown() -> str:
    """The table of all settings, for docs/settings.md."""
    rows = ["| Setting | Default | Meaning |", "|---|---|---|"]
    for name, key in names().items():
        field = Settings.model_fields[key]
        unset = field.default_factory or field.default is None or field.default in (frozenset(), (), {})
        shown = ",".join(field.default) if isinstance(field.default, tuple) else field.default
        default = "" if unset else f"`{shown}`"
        rows.append(f"| `{name}` | {default} | {field.description} |")
    return "\n".join(rows) + "\n"
