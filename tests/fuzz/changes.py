"""Changes of bytes as a careless or malicious hand makes them. The same chance makes the same changes."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Sequence
from typing import Any, Final

_MOST: Final = 20_000  # bytes of what comes out
_ODD: Final = (
    b"\x00", b"\n", b"\r", b"\x1e", b'"', b"'", b"{", b"}", b"[", b"]", b"<", b">", b":", b",", b";", b"%", b"\\", b"=", b"@",
    b" ", b"-1", b"0", b"null", b"1e999", b"99999999999999999999", b"0xffffffff", b"\xff\xfe", b"\xed\xa0\x80", "\u202e".encode(),
    "\u200b".encode(), "\u0130".encode(), "\u00df".encode(), "\u0660".encode(), "\u00b2".encode(), b"2026-13-45T99:99:99Z",
    b"999.999.999.999", b"::ffff:1.2.3.4", b"550 5.7.1 ", b"-" * 70, b"\t" * 30,
)  # fmt: skip


_VALUES: Final = (
    None, True, 0, -1, 1.5, 10**30, float("inf"), float("nan"), "", "x", "5.0", "<@U1>", "\ud800", [], {}, [[]], [None], ["x"],
    [{}], {"type": "x"}, {"": None},
)  # fmt: skip


def changed(chance: random.Random, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds, changed in a few places. Of JSON, which soon is none any more, mostly the values are changed."""
    data = bytearray(chance.choice(seeds)[:_MOST])
    if data.startswith(b"{") and chance.random() < 0.8:
        with contextlib.suppress(ValueError):  # a wire format may begin like JSON
            value = json.loads(data)
            for _ in range(chance.randint(1, 3)):
                value = _other_value(chance, value)
            return json.dumps(value).encode()
    for _ in range(chance.randint(1, 6)):
        _change(chance, data, seeds)
    return bytes(data[:_MOST])


def _change(chance: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    at = chance.randint(0, len(data))
    end = min(len(data), at + chance.choice((1, 1, 4, 20, 200)))
    match chance.randrange(7):
        case 0:
            data[at:at] = chance.choice(_ODD)
        case 1:
            data[at:end] = chance.choice(_ODD)
        case 2:
            del data[at:end]
        case 3:
            data[at:at] = data[at:end] * chance.choice((1, 2, 30))
        case 4:
            data[at:end] = chance.randbytes(end - at)
        case 5:
            lines = data.split(b"\n")
            chance.shuffle(lines) if len(lines) < 100 else lines.reverse()
            data[:] = b"\n".join(lines)
        case _:
            other = chance.choice(seeds)
            start = chance.randint(0, len(other))
            data[at:at] = other[start : start + 500]


def _other_value(chance: random.Random, value: Any) -> Any:
    """The same JSON with one value in it replaced, taken out, or moved to another place."""
    inner = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    if not inner or chance.random() < 0.15:
        return chance.choice(_VALUES)
    key, held = chance.choice(inner)
    if chance.random() < 0.1:
        return held
    if isinstance(value, dict) and chance.random() < 0.1:
        return {name: each for name, each in inner if name != key}
    changed_inner = dict(inner) | {key: _other_value(chance, held)}
    return changed_inner if isinstance(value, dict) else list(changed_inner.values())
