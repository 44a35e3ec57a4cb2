"""An MTA-STS record and an MTA-STS policy as text, and what makes them invalid (RFC 8461, 3.1 and 3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from diagnostics.patterns import linear

MODES: Final = ("enforce", "testing", "none")
_MOST_SECONDS: Final = 31_557_600  # a year; RFC 8461, 3.2
_MOST_PATTERNS: Final = 100
_FIELD = linear(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,31})=([\x21-\x3a\x3c\x3e-\x7e]+)")
_ID = linear(r"[A-Za-z0-9]{1,32}")
_LINE = linear(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,31})[ \t]*:[ \t]*(\S(?:.*\S)?)[ \t]*")
_AGE = linear(r"[0-9]{1,10}")
_PATTERN = linear(r"(?i)(?:\*\.)?[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+")


class InvalidError(ValueError):
    """The text is not valid; the message is half a sentence that says why."""


class Policy(Struct, frozen=True):
    """`mx` are host names, or `*.` and a parent domain, in lower case; `max_age` in seconds."""

    mode: str
    mx: tuple[str, ...]
    max_age: int

    def covers(self, host: str) -> bool:
        """An asterisk stands for exactly one label (RFC 8461, 4.1)."""
        name = host.lower().rstrip(".")
        return name in self.mx or f"*.{name.partition('.')[2]}" in self.mx


def record_id(values: Sequence[str]) -> str:
    """The policy's id from the TXT records at _mta-sts.<domain>; "" where none is about MTA-STS. Raises InvalidError."""
    about = [value for value in values if value.lower().startswith("v=sts")]
    if not about:
        return ""
    if len(about) > 1:
        raise InvalidError(f"there are {len(about)} MTA-STS records, so none counts")
    version, *fields = [field.strip(" \t") for field in about[0].split(";")]
    if version != "v=STSv1":
        raise InvalidError("the record does not begin with v=STSv1;")
    if fields and not fields[-1]:
        fields.pop()
    pairs = [_FIELD.fullmatch(field) for field in fields]
    if not all(pairs):
        raise InvalidError("a field of the record is not name=value")
    ids = [pair[2] for pair in pairs if pair[1] == "id"]
    if not ids:
        raise InvalidError("the record has no id")
    if not _ID.fullmatch(ids[0]):
        raise InvalidError("the record's id is not 1 to 32 letters and digits")
    return str(ids[0])


def policy(text: str) -> Policy:
    """Reads a policy; lines end with LF or CRLF, and of a repeated field the first counts. Raises InvalidError."""
    fields: dict[str, str] = {}
    patterns: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.removesuffix("\r").strip(" \t")
        if not bare:
            continue
        read = _LINE.fullmatch(bare)
        if not read:
            raise InvalidError(f"line {number} of the policy is not `name: value`")
        if read[1] == "mx":
            patterns.append(read[2].lower())
        fields.setdefault(read[1], read[2])
    return _judged(fields, patterns)


def _judged(fields: dict[str, str], patterns: list[str]) -> Policy:
    version, mode, age = (fields.get(name, "") for name in ("version", "mode", "max_age"))
    if version != "STSv1":
        raise InvalidError("the policy has no `version: STSv1`")
    if mode not in MODES:
        raise InvalidError(f"the policy's mode is none of {', '.join(MODES)}" if mode else "the policy has no mode")
    if not _AGE.fullmatch(age) or int(age) > _MOST_SECONDS:
        raise InvalidError(f"the policy's max_age is not a number of seconds up to {_MOST_SECONDS}")
    if not patterns and mode != "none":
        raise InvalidError("the policy names no mx")
    if not all(_PATTERN.fullmatch(each) for each in patterns[:_MOST_PATTERNS]) or len(patterns) > _MOST_PATTERNS:
        raise InvalidError("an mx of the policy is no host name, nor `*.` and a domain")
    return Policy(mode, tuple(patterns), int(age))
