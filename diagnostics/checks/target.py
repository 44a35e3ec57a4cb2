"""What a person asks to have checked: a host, a domain or an address, with a port or without."""

from __future__ import annotations

import ipaddress
from typing import Final

from msgspec import Struct

from diagnostics.patterns import linear

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = linear(rf"{_LABEL}(?:\.{_LABEL})*")
_LONGEST: Final = 253
_PORTS: Final = 65535


class TargetError(ValueError):
    """Not a target; the text is a sentence for the person who typed it."""


class Target(Struct, frozen=True):
    """`host` is a lower-case name in its ASCII form, or an IP address; `port` is 0 where none was named."""

    host: str
    port: int = 0

    @property
    def is_address(self) -> bool:
        return is_address(self.host)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host and self.port else self.host
        return f"{host}:{self.port}" if self.port else host


def target_of(text: str) -> Target:
    """Reads `mail.contoso.com`, `contoso.com.`, `203.0.113.9:25`, `[2001:db8::1]:25`, `bücher.example`,
    `admin@contoso.com` (its domain). Raises TargetError."""
    typed = text.strip().strip("<>").rpartition("@")[2].strip().rstrip(".")
    if not typed:
        raise TargetError("Name a host, a domain or an IP address, as in: check mail.contoso.com")
    if "://" in typed or "/" in typed:
        raise TargetError("That is a web address. Name the host or domain alone, as in: check mail.contoso.com")
    host, port = _split(typed)
    if is_address(host):
        return Target(str(ipaddress.ip_address(host)), port)
    name = _ascii(host)
    if len(name) > _LONGEST or not _NAME.fullmatch(name) or name.rpartition(".")[2].isdigit():
        raise TargetError("That is not a host name, a domain or an IP address.")
    return Target(name, port)


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text  # a zone names an interface of ours


def _split(typed: str) -> tuple[str, int]:
    if typed.startswith("["):
        host, bracket, rest = typed[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise TargetError("An IPv6 address with a port is written [2001:db8::1]:25.")
        return host, _port(rest[1:]) if rest else 0
    if typed.count(":") == 1:
        host, _, port = typed.partition(":")
        return host, _port(port)
    return typed, 0


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:6]) <= _PORTS:
        raise TargetError("A port is a number from 1 to 65535.")
    return int(text)


def _ascii(host: str) -> str:
    if host.isascii():
        return host.lower().rstrip(".")
    import dns.name  # only where a name is not ASCII

    try:
        return dns.name.from_unicode(host).to_text(omit_final_dot=True).lower()
    except Exception as error:
        raise TargetError("That name can't be written in DNS.") from error
