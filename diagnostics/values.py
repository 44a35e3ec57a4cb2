"""What leaves the diagnosis, as values that are printed, stored and sent as JSON.

The names of the methods are those of pydantic's models, which the bot's settings are. Loading that library and making its models
takes longer than judging a paste, so these are structs of msgspec.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import cleandoc
from typing import Any, Literal, Self

from msgspec import Struct, convert, json, to_builtins
from msgspec.structs import replace


class Value(Struct, frozen=True, forbid_unknown_fields=True):
    """Checked where it comes from outside (`model_validate`, `model_validate_json`), and by mypy where we make it."""

    def model_dump(self, mode: Literal["python", "json"] = "python") -> dict[str, Any]:
        """As a dict of dicts. JSON has lists where these values have tuples."""
        dumped: dict[str, Any] = json.decode(json.encode(self)) if mode == "json" else to_builtins(self)
        return dumped

    def model_dump_json(self, indent: int | None = None) -> str:
        encoded = json.encode(self)
        return (encoded if indent is None else json.format(encoded, indent=indent)).decode()

    def model_copy(self, *, update: Mapping[str, Any]) -> Self:
        """This value with some of its fields exchanged."""
        return replace(self, **update)

    @classmethod
    def model_validate(cls, value: Any) -> Self:
        """From what JSON holds. Raises msgspec.ValidationError."""
        return convert(value, cls)

    @classmethod
    def model_validate_json(cls, text: str | bytes) -> Self:
        """Raises msgspec.DecodeError for what is no JSON, its subclass ValidationError for what is no such value."""
        return json.decode(text, type=cls)

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        schema: dict[str, Any] = json.decode(json.encode(json.schema(cls)))
        for each in schema["$defs"].values():
            if "description" in each:
                each["description"] = cleandoc(each["description"])
        return schema
