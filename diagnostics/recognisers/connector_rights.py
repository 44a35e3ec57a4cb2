"""What anonymous clients may do on a Receive connector, as Get-ADPermission prints it: tables, lists, or rows that lost both.

Who pipes several connectors through it gets one list after the other, mostly without the connector's name: a right that comes
again begins the next one.
Source: https://learn.microsoft.com/exchange/mail-flow/connectors/receive-connectors
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct, field

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at

_RIGHT: Final = r"ms-Exch-(?:SMTP|Accept|Bypass|Send)-[A-Za-z-]{3,60}"
_RIGHTS = linear(f"(?i){_RIGHT}")
_COMMAND = linear(r"(?i)-ExtendedRights?\b|\b(?:Add|Remove|Get)-ADPermission\b")
_ANONYMOUS = linear(r"(?i)anonym|an\x{f3}nim|\bS-1-5-7\b")
_DENIED = linear(r"(?i)(?:logon|anmeldung|S-1-5-7)\s+True\b|^\s*Deny\s*:\s*True")
_IDENTITY = linear(r"^\s*(?:Identity\s*:\s*)?([^\s\\{}:]{1,63}\\[^\\{}]{1,120}?)\s*(?:\s{2}|$)")
_USER = linear(r"(?i)^\s*User\s*:\s*(\S.*)$")
_LISTED = linear(r"(?i)^\s*(?:Identity|Deny|Inherited|IsInherited|ExtendedRights)\s*:")
_MOST: Final = 50  # connectors that are told apart, and blocks of a list for each right of them


class _Granted(Struct):
    identity: str = ""
    lines: list[int] = field(default_factory=list)
    rights: list[str] = field(default_factory=list)


@recogniser(_RIGHT, rank=36)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each connector: `connector-rights` with the rights of anonymous clients, in lower case."""
    return [_artefact(reading, each) for each in _grouped(_rows(reading))]


def _artefact(reading: Reading, granted: _Granted) -> Artefact:
    fact = Configured(
        source=source_at(reading, granted.lines[0]),
        kind="connector-rights",
        name=granted.identity,
        values=(("Anonymous", ",".join(granted.rights)),),
        connector=granted.identity,
    )
    return artefact(reading, "connector-rights", granted.lines, [fact], {"rights": granted.rights})


def _rows(reading: Reading) -> Iterator[tuple[list[int], str, list[str]]]:
    """Lines, the connector's name ("" when not told) and rights that anonymous clients are granted together."""
    listed: set[int] = set()
    for block in reading.blocks()[: _MOST * _MOST]:
        if any(_USER.search(line) for _, line in block):
            listed.update(index for index, _ in block)
            yield from _listed(block)
    for index, line in reading.free():
        rights = [] if index in listed or _COMMAND.search(line[:1000]) else _RIGHTS.findall(line[:1000])
        if rights and _ANONYMOUS.search(line[:1000]) and not _DENIED.search(line[:1000]):
            named = _IDENTITY.search(line[:1000])
            whose = str(named.group(1)) if named and not _ANONYMOUS.search(named.group(1)) else ""
            yield [index], whose, rights


def _listed(block: list[tuple[int, str]]) -> Iterator[tuple[list[int], str, list[str]]]:
    """The same from a list of properties, which a blank line ends."""
    lines = [(index, line) for index, line in block if _LISTED.search(line) or _USER.search(line)]
    text = [line for _, line in block]
    user = next((str(found.group(1)) for line in text if (found := _USER.search(line))), "")
    rights = [right for line in text if not _COMMAND.search(line[:1000]) for right in _RIGHTS.findall(line[:1000])]
    if rights and _ANONYMOUS.search(user) and not any(_DENIED.search(line) for line in text):
        names = (_IDENTITY.search(line) for line in text if line.lstrip().lower().startswith("identity"))
        yield [index for index, _ in lines], next((str(each.group(1)) for each in names if each), ""), rights


def _grouped(rows: Iterator[tuple[list[int], str, list[str]]]) -> list[_Granted]:
    found: list[_Granted] = []
    for lines, identity, rights in rows:
        low = [right.lower() for right in rights]
        last = found[-1] if found else None
        if last is None or identity != last.identity or set(low) & set(last.rights):
            if len(found) == _MOST:
                break
            last = _Granted(identity)
            found.append(last)
        last.lines += lines
        last.rights += low
    return found
