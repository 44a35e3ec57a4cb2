"""Which versions of TLS a server accepts: one connection for each, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Literal

from msgspec import Struct

from diagnostics.checks.run import Found, Run
from diagnostics.checks.scope import OutOfScopeError
from diagnostics.network import Stream
from diagnostics.network.tls import HandshakeError, handshake, roots

LEGACY: Final = ("TLSv1", "TLSv1.1")  # RFC 8996
MODERN: Final = ("TLSv1.2", "TLSv1.3")
VERSIONS: Final = (*LEGACY, *MODERN)

Opened = Callable[[], Awaitable[Stream]]
Answer = Literal["accepted", "refused", "maybe refused", "unknown"]

_SECONDS: Final = 6.0
# Alerts that speak of versions and suites: handshake_failure, protocol_version, insufficient_security,
# inappropriate_fallback (RFC 8446, 6.2; RFC 7507).
_ABOUT_VERSIONS: Final = frozenset({40, 70, 71, 86})
_OTHER_VERSION: Final = ("unsupported protocol", "wrong ssl version")  # it answered, in a version we did not offer


class Versions(Struct, frozen=True):
    """Names such as "TLSv1.2", oldest first. `unknown` are those where the connection failed for other reasons."""

    accepted: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def legacy(self) -> tuple[str, ...]:
        return tuple(each for each in self.accepted if each in LEGACY)

    @property
    def legacy_only(self) -> bool:
        """An old version works and both new ones are refused: not while one of them is unknown."""
        return bool(self.legacy) and all(each in self.refused for each in MODERN)


async def versions(
    run: Run, subject: str, opened: Opened, *, server_name: str, spoken: str | None, seconds: float = _SECONDS
) -> Versions:
    """`opened` gives a new stream on which TLS may begin (after 220 to STARTTLS), or raises OSError; `spoken` is the version
    that a handshake with this server has come to, which is not tried again; `seconds` bound each handshake."""
    result = Versions()
    async with run.attempt("tls-versions", subject) as found:
        tried = [each for each in VERSIONS if each != spoken]
        answers = await asyncio.gather(*(_try(run, opened, server_name, each, seconds) for each in tried))
        result = _sorted(dict(zip(tried, answers, strict=True)), spoken)
        _tell(found, result)
    return result


def _tell(found: Found, result: Versions) -> None:
    found.facts.update(accepted=list(result.accepted), refused=list(result.refused), unknown=list(result.unknown))
    if result.legacy_only:
        found.add("tls_legacy_only", f"it accepts {_and(result.legacy)}")
    elif result.legacy:
        found.add("tls_legacy_enabled", f"it accepts {_and(result.legacy)}")
    if len(result.unknown) == len(VERSIONS):
        found.unavailable("no handshake came far enough to tell")


def _sorted(answers: Mapping[str, Answer], spoken: str | None) -> Versions:
    """A connection cut off in the handshake is a refusal where another version works (Windows refuses so); else it says
    nothing about versions."""
    said: dict[str, Answer] = {**answers, **({spoken: "accepted"} if spoken else {})}
    works = "accepted" in said.values()
    refusals = ("refused", "maybe refused") if works else ("refused",)
    return Versions(
        tuple(each for each in VERSIONS if said.get(each) == "accepted"),
        tuple(each for each in VERSIONS if said.get(each) in refusals),
        tuple(each for each in VERSIONS if said.get(each) not in ("accepted", *refusals)),
    )


async def _try(run: Run, opened: Opened, server_name: str, version: str, seconds: float) -> Answer:
    try:
        stream = await opened()
    except (OSError, OutOfScopeError):
        return "unknown"
    try:
        await handshake(
            stream,
            server_name=server_name,
            minimum=version,
            maximum=version,
            roots=roots(run.options.ca_file),
            seconds=seconds,
        )
    except HandshakeError as error:
        return _answer(error)
    finally:
        await stream.close()
    return "accepted"


def _answer(error: HandshakeError) -> Answer:
    if error.kind == "alert":
        return "refused" if error.alert in _ABOUT_VERSIONS else "maybe refused"
    if error.kind == "local":
        return "refused" if error.text in _OTHER_VERSION else "unknown"
    return "maybe refused" if error.kind in ("closed", "reset") else "unknown"


def _and(names: tuple[str, ...]) -> str:
    return " and ".join("TLS 1.0" if each == "TLSv1" else each.replace("TLSv", "TLS ") for each in names)
