"""Schannel's protocol keys of a server: Get-ItemProperty, reg query, a .reg file, HealthChecker.

A protocol is usable for a role when `Enabled` is not 0 and `DisabledByDefault` is not 1.
Source: https://learn.microsoft.com/windows-server/security/tls/tls-registry-settings
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct, field

from diagnostics.artefacts import Artefact
from diagnostics.looked_facts import TlsSettings
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.empty_list import NOTHING, PROMPT
from diagnostics.recognisers.sources import source_at

Role = Literal["client", "server", ""]

_KEY = linear(r"(?i)\\Protocols\\((?:TLS|SSL|DTLS|PCT)[ ._]?\d(?:\.\d)?)(?:\\(Client|Server))?\b")
_CHILD = linear(r"(?i)^\s*PSChildName\s*:\s*(Client|Server)\s*$")
_ROW_ROLE = linear(r"(?i)^\s{0,8}(Client|Server)\s{2,}(?:Enabled|DisabledByDefault)\b")
_VALUE = linear(
    r"(?i)^\s*(?:(?:Client|Server)\s{1,60})?\"?(Enabled|DisabledByDefault)\"?\s*(?::|="
    r"|REG_DWORD)\s*(?:dword:)?(0x[0-9a-f]{1,8}|[0-9a-f]{8}|-?\d{1,10})\b"
)
_HEADING = linear(r"(?i)^\s*(TLS ?1\.[0-3]|SSL ?[23]\.0)\s*:?\s*$")
_CHECKED = linear(
    r"(?i)^\s*(Client|Server) (Enabled|Disabled By Default)(?: Value)?\s*:\s*(True|False|0x[0-9a-f]{1,8}|\d{1,10})\b"
)
_CHECKED_ROW = linear(r"(?i)^\s*(?:TLS ?)?1\.2\s+(True|False)\s+(True|False)\s+(True|False)\s+(True|False)\b")
# HealthChecker since 2022: a table of key, place and value; NULL is a value that is not set.
_CHECKED_KEY = linear(
    r"(?i)^\s*(Enabled|DisabledByDefault)\s+\S.{0,120}\\Protocols\\TLS 1\.2\\(Client|Server)\s+(0x[0-9a-f]{1,8}|-?\d{1,10})\s*$"
)
_TLS12: Final = "1.2"
_SCHANNEL: Final = r"SCHANNEL\\Protocols\\TLS 1\.2\b"
_ASKED = linear(rf"(?i){PROMPT}.{{0,200}}{_SCHANNEL}")
_IS_PROMPT = linear(rf"(?i){PROMPT}")
# https://learn.microsoft.com/windows/win32/secauthn/protocols-in-tls-ssl--schannel-ssp-: TLS 1.2 is there, and off
_OLD_WINDOWS = linear(r"(?i)\b2008[ -]?R2\b|\bSBS ?2011\b|\bWindows 7\b|\b6\.1\.760\d\b")
_BELOW: Final = 6


class _Keys(Struct):
    """The two values of one role, and the lines they stand on."""

    role: Role
    tls12: bool
    enabled: bool | None = None
    disabled_by_default: bool | None = None
    lines: list[int] = field(default_factory=list)
    telling: int = -1

    @property
    def usable(self) -> bool | None:
        if self.enabled is False or self.disabled_by_default:
            return False
        return None if self.enabled is None and self.disabled_by_default is None else True

    def set(self, index: int, name: str, on: bool) -> None:
        if name.lower() == "enabled":
            self.enabled = on
        else:
            self.disabled_by_default = on
        stops = on != (name.lower() == "enabled")
        self.telling = index if stops or self.telling < 0 else self.telling
        self.lines.append(index)


@recogniser(
    r"(?:\\Protocols\\(?:TLS|SSL)|^\s*(?:Client|Server) (?:Enabled|Disabled By Default)(?: Value)?\s*:"
    r"|TLS ?1\.2\s+(?:True|False)\s+(?:True|False))",
    rank=45,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each role whose TLS 1.2 keys are told. Other protocols are read past."""
    lines = reading.free()
    found = [each for each in (*_registry(lines), *_health_checker(lines)) if each.tls12 and each.usable is not None]
    return [_artefact(reading, each) for each in found]


@recogniser(rf"{PROMPT}.{{0,200}}{_SCHANNEL}", rank=44)
def read_missing(reading: Reading) -> Sequence[Artefact]:
    """Keys that aren't there, on a Windows that doesn't use TLS 1.2 by itself: on later ones nothing is what there should be."""
    old = any(_OLD_WINDOWS.search(line[:400]) for line in reading.paste.lines)
    for index, line in enumerate(reading.paste.lines) if old else ():
        if not _ASKED.search(line[:1000]) or index in reading.claimed:
            continue
        below = next((each[:400] for each in reading.paste.lines[index + 1 : index + _BELOW] if each.strip()), "")
        if _IS_PROMPT.search(below) or NOTHING.search(below[:200]):
            keys = _Keys("", tls12=True, enabled=False, lines=[index], telling=index)
            return [_artefact(reading, keys)]
    return []


def _registry(lines: list[tuple[int, str]]) -> list[_Keys]:
    """The key stands above its values (reg query) or below them (Get-ItemProperty); a blank line ends it."""
    read: list[_Keys] = []
    current: _Keys | None = None
    waiting: list[tuple[int, str, bool]] = []
    protocol = ""
    for index, line in lines:
        if "\\" in line and (key := _KEY.search(line)):
            if not key.group(2) and "PSParentPath" in line:
                continue
            protocol = key.group(1)
            current = _Keys(_role(key.group(2)), _TLS12 in protocol, lines=[index])
            read.append(current)
            for each in waiting:
                current.set(*each)
            waiting = []
        elif (child := _CHILD.search(line)) and current is not None:
            current.role = current.role or _role(child.group(1))
        elif "abled" in line and (value := _VALUE.search(line)):
            if named := _ROW_ROLE.search(line):
                current = _Keys(_role(named.group(1)), _TLS12 in protocol)
                read.append(current)
            entry = (index, value.group(1), bool(value.group(2).strip("0xX-")))
            if current is None:
                waiting.append(entry)
            else:
                current.set(*entry)
        elif not line.strip():
            current = current if current is not None and current.telling < 0 else None
            waiting = []
    return read


def _role(text: str | None) -> Role:
    return "client" if (text or "").lower() == "client" else "server" if text else ""


def _health_checker(lines: list[tuple[int, str]]) -> list[_Keys]:
    read: dict[Role, _Keys] = {}
    tls12 = False
    for index, line in lines:
        if not any(mark in line for mark in ("TLS", "SSL", "abled", "1.2")):
            continue
        if heading := _HEADING.search(line):
            tls12 = _TLS12 in heading.group(1)
        elif tls12 and (value := _CHECKED.search(line)):
            keys = read.setdefault(_role(value.group(1)), _Keys(_role(value.group(1)), tls12=True))
            keys.set(index, value.group(2).replace(" ", ""), value.group(3).lower() not in ("false", "0", "0x0"))
        elif key := _CHECKED_KEY.search(line):
            keys = read.setdefault(_role(key.group(2)), _Keys(_role(key.group(2)), tls12=True))
            keys.set(index, key.group(1), key.group(3).lower() not in ("0", "0x0"))
        elif row := _CHECKED_ROW.search(line):
            on = [word.lower() == "true" for word in row.groups()]
            for role, enabled, disabled in (("server", on[0], on[1]), ("client", on[2], on[3])):
                keys = read.setdefault(_role(role), _Keys(_role(role), tls12=True))
                keys.set(index, "enabled", enabled)
                keys.set(index, "disabledbydefault", disabled)
    return list(read.values())


def _artefact(reading: Reading, keys: _Keys) -> Artefact:
    fact = TlsSettings(source=source_at(reading, keys.telling), tls12_enabled=keys.usable, role=keys.role)
    return Artefact(
        kind="tls-settings",
        first=min(keys.lines) + 1,
        last=max(keys.lines) + 1,
        facts=(fact,),
        shown={"tls12_enabled": fact.tls12_enabled, "role": fact.role},
        paste=reading.paste.index,
        claims=frozenset(keys.lines),
    )
