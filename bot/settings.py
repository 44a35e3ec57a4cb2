"""Every setting of the bot, documented once.

Values come from the environment and from a `.env` file in the current folder; the environment wins.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
import re2
from cryptography.fernet import Fernet
from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot import check_settings
from diagnostics.checks.options import DKIM_SELECTORS, DNSBL_ZONES
from diagnostics.checks.scope import IpNetwork

PREFIX = "MAILFLOW_"
DOTENV = Path(".env")

_CHANNEL = re2.compile("[CDG][A-Z0-9]{1,20}")
_DAYS = re2.compile("[1-9][0-9]{0,2}|[1-2][0-9]{3}|3[0-5][0-9]{2}|36[0-4][0-9]|3650")

Mode = Literal["socket", "http"]


class SettingsError(Exception):
    """The settings cannot be used. `sentences` says why, one short sentence each, without any value."""

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


class Settings(BaseSettings):
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
    slack_api_url: str = Field(
        "https://slack.com/api/",
        validation_alias="SLACK_API_URL",
        description="Base address of Slack's Web API: Slack itself, a proxy or an emulator.",
    )
    database_url: SecretStr | None = Field(
        None,
        validation_alias="DATABASE_URL",
        description="PostgreSQL to use (`postgresql://…`). Default: an embedded one under `MAILFLOW_HOME`.",
    )
    home: Path = Field(
        default_factory=lambda: platformdirs.user_data_path("mailflow"),
        validation_alias="MAILFLOW_HOME",
        description="Folder for the embedded PostgreSQL and the key. Default: the user's data directory.",
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
    chosen_mode: Mode | None = Field(
        None,
        validation_alias="MAILFLOW_MODE",
        description="`socket` or `http`. Default: `socket` when `SLACK_APP_TOKEN` is set, else `http`.",
    )
    secret_key: SecretStr | None = Field(
        None,
        validation_alias="MAILFLOW_SECRET_KEY",
        description="Key for encryption at rest: 32 bytes in URL-safe base64. Of several, joined by commas, "
        "each reads what is stored ([how to change it](private.md)). Default: generated once into `MAILFLOW_HOME/secret.key`.",
    )
    secret_key_file: Path | None = Field(
        None,
        validation_alias="MAILFLOW_SECRET_KEY_FILE",
        description="File that holds the key, in place of `MAILFLOW_SECRET_KEY`; of several keys, one a line.",
    )
    retention_days: int = Field(
        30,
        ge=1,
        le=3650,
        validation_alias="MAILFLOW_RETENTION_DAYS",
        description="Days after which a case that nobody touched is deleted for good.",
    )
    retention_channels: Annotated[dict[str, int], NoDecode] = Field(
        {},
        validation_alias="MAILFLOW_RETENTION_CHANNELS",
        description="Channels that have days of their own, such as `C0123ABCD=7,C0456EFGH=90`.",
    )
    audit_days: int = Field(
        365,
        ge=1,
        le=3650,
        validation_alias="MAILFLOW_AUDIT_DAYS",
        description="Days after which entries of the audit are deleted for good.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", validation_alias="MAILFLOW_LOG_LEVEL", description="`DEBUG`, `INFO`, `WARNING` or `ERROR`."
    )
    alert_bots: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(),
        validation_alias="MAILFLOW_ALERT_BOTS",
        description="Ids of bots (`B…`) whose messages are read, separated by commas; others are ignored.",
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

    dns_servers: Annotated[tuple[tuple[str, int], ...], NoDecode] = Field(
        (),
        validation_alias="MAILFLOW_DNS_SERVERS",
        description="DNS servers that checks ask, `address:port`, separated by commas. Default: those of this machine.",
    )
    ca_file: Path | None = Field(
        None,
        validation_alias="MAILFLOW_CA_FILE",
        description="PEM file with more certificate authorities that checks trust, such as your own.",
    )
    check_ports: Annotated[dict[int, int], NoDecode] = Field(
        {},
        validation_alias="MAILFLOW_CHECK_PORTS",
        description="What a port means to checks, as in a lab: `25=2525,443=8443`. A bare `8025` may be named in a target.",
    )
    check_allow: Annotated[tuple[IpNetwork, ...], NoDecode] = Field(
        (),
        validation_alias="MAILFLOW_CHECK_ALLOW",
        description="Networks that checks may connect to although they are not public, separated by commas.",
    )
    check_deny: Annotated[tuple[IpNetwork, ...], NoDecode] = Field(
        (),
        validation_alias="MAILFLOW_CHECK_DENY",
        description="Networks that checks never connect to. Wins over `MAILFLOW_CHECK_ALLOW`.",
    )
    dnsbl_zones: Annotated[tuple[str, ...], NoDecode] = Field(
        DNSBL_ZONES,
        validation_alias="MAILFLOW_DNSBL_ZONES",
        description="Block lists that checks ask, separated by commas; `none` for none.",
    )
    dkim_selectors: Annotated[tuple[str, ...], NoDecode] = Field(
        DKIM_SELECTORS,
        validation_alias="MAILFLOW_DKIM_SELECTORS",
        description="DKIM selectors that checks look for, separated by commas.",
    )
    check_timeout: float = Field(
        20.0,
        ge=1,
        le=120,
        validation_alias="MAILFLOW_CHECK_TIMEOUT",
        description="Seconds that a whole check may take.",
    )
    ehlo_name: str = Field(
        "",
        pattern=r"^[A-Za-z0-9.-]{0,253}$",
        validation_alias="MAILFLOW_EHLO_NAME",
        description="What checks call themselves in EHLO: best the name that the bot's public address has in reverse DNS. "
        "Default: this machine's full name.",
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

    @field_validator("dns_servers", mode="before")
    @classmethod
    def _servers(cls, value: object) -> object:
        return check_settings.servers(value) if isinstance(value, str) else value

    @field_validator("check_ports", mode="before")
    @classmethod
    def _ports(cls, value: object) -> object:
        return check_settings.ports(value) if isinstance(value, str) else value

    @field_validator("check_allow", "check_deny", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        return check_settings.networks(value) if isinstance(value, str) else value

    @field_validator("dnsbl_zones", "dkim_selectors", mode="before")
    @classmethod
    def _words(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return () if value.strip().lower() == "none" else check_settings.words(value)

    @field_validator("ca_file")
    @classmethod
    def _is_there(cls, value: Path | None) -> Path | None:
        return check_settings.readable(value)

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("alert_bots", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return frozenset(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("retention_channels", mode="before")
    @classmethod
    def _days(cls, value: object) -> object:
        return _days_of_channels(value) if isinstance(value, str) else value

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

    @field_validator("manual_url")
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

    @field_validator("secret_key")
    @classmethod
    def _is_fernet(cls, value: SecretStr | None) -> SecretStr | None:
        for key in value.get_secret_value().split(",") if value else ():
            try:
                Fernet(key.strip())
            except ValueError:
                raise ValueError("must be 32 bytes in URL-safe base64 (44 characters)") from None
        return value

    @model_validator(mode="after")
    def _one_source_of_keys(self) -> Settings:
        if self.secret_key and self.secret_key_file:
            raise ValueError("set MAILFLOW_SECRET_KEY or MAILFLOW_SECRET_KEY_FILE, not both")
        return self

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

    @property
    def mode(self) -> Mode:
        return self.chosen_mode or ("socket" if self.app_token else "http")

    @property
    def on_slack(self) -> bool:
        """Whether any credential for a workspace is set; without one the playground is what can run."""
        return any((self.bot_token, self.app_token, self.signing_secret))

    def require_slack(self) -> None:
        """Raises SettingsError naming what is missing for the chosen mode."""
        needed = {"SLACK_BOT_TOKEN": self.bot_token}
        if self.mode == "socket":
            needed["SLACK_APP_TOKEN"] = self.app_token
        else:
            needed["SLACK_SIGNING_SECRET"] = self.signing_secret
        missing = [name for name, value in needed.items() if not value]
        if missing:
            raise SettingsError(*(f"{name} is not set, and {self.mode} mode needs it." for name in missing))


def _days_of_channels(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        channel, _, days = part.partition("=")
        if not _CHANNEL.fullmatch(channel.strip()) or not _DAYS.fullmatch(days.strip()):
            raise ValueError("must be channels and days from 1 to 3650, such as C0123ABCD=7,C0456EFGH=90")
        found[channel.strip()] = int(days)
    return found


def names() -> dict[str, str]:
    """Name in the environment -> field."""
    return {str(field.validation_alias): key for key, field in Settings.model_fields.items()}


def load(environ: Mapping[str, str] = os.environ, dotenv: Path = DOTENV) -> Settings:
    """The settings. Raises SettingsError with a sentence for each thing that is wrong."""
    from_file = {key: value for key, value in dotenv_values(dotenv, encoding="utf-8").items() if value is not None}
    given = {**from_file, **environ}
    known = names()
    wrong = [
        f"{key} is not a setting of this version; docs/settings.md lists them."
        for key in sorted(given)
        if key.startswith(PREFIX) and key not in known
    ]
    try:
        settings = Settings.model_validate({name: given[name] for name in known if given.get(name)})
    except ValidationError as error:
        wrong += [_sentence(dict(detail)) for detail in error.errors(include_input=False, include_url=False)]
    if wrong:
        raise SettingsError(*wrong)
    return settings


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
