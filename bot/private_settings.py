"""The settings of what is stored: the key that seals it, and for how long it is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import re2
from cryptography.fernet import Fernet
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

_CHANNEL = re2.compile("[CDG][A-Z0-9]{1,20}")
_DAYS = re2.compile("[1-9][0-9]{0,2}|[1-2][0-9]{3}|3[0-5][0-9]{2}|36[0-4][0-9]|3650")


class PrivateSettings(BaseSettings):
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
        description="Days after which a case that nobody touched is deleted for good, unless its incident goes on.",
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

    @field_validator("retention_channels", mode="before")
    @classmethod
    def _days(cls, value: object) -> object:
        return _days_of_channels(value) if isinstance(value, str) else value

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
    def _one_source_of_keys(self) -> PrivateSettings:
        if self.secret_key and self.secret_key_file:
            raise ValueError("set MAILFLOW_SECRET_KEY or MAILFLOW_SECRET_KEY_FILE, not both")
        return self


def _days_of_channels(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        channel, _, days = part.partition("=")
        if not _CHANNEL.fullmatch(channel.strip()) or not _DAYS.fullmatch(days.strip()):
            raise ValueError("must be channels and days from 1 to 3650, such as C0123ABCD=7,C0456EFGH=90")
        found[channel.strip()] = int(days)
    return found
