"""What Kerberos tools say of a service's name: `klist get` that brings no ticket, and `setspn` that finds a name twice or not.

Sources: https://learn.microsoft.com/windows-server/administration/windows-commands/klist,
https://learn.microsoft.com/windows-server/administration/windows-commands/setspn
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at

KIND: Final = "kerberos-name"
_NAME = linear(r"(?i)\bSMTPSVC/['\"]?([A-Za-z0-9][A-Za-z0-9.-]{0,252}[A-Za-z0-9])")
_FAILED = linear(r"(?i)\bklist failed with (0x[0-9a-f]{1,8})|\(GetTicket substatus\): (0x[0-9a-f]{1,8})")
_TWICE = linear(r"(?i)\bSMTPSVC/\S{1,255} is registered on these accounts:")
_ACCOUNT = linear(r"(?i)\bCN=([A-Za-z0-9-]{1,63}),.{0,300}\bDC=")
_SPN = linear(r"^\s+([A-Za-z][\w-]{1,40})/\S{1,255}\s*$")
_HOST: Final = "host"  # every computer account has it
_OTHERS: Final = frozenset({"smtpsvc", "ldap", "gc"})  # it is registered, or this is a domain controller
_UNREGISTERED: Final = "not registered"
_NONE: Final = frozenset({"0x0", "0x00000000"})


@recogniser(
    r"(?:\bklist failed with 0x|\(GetTicket substatus\)|\bSMTPSVC/\S+ is registered on these accounts|^\s+HOST/\S+\s*$)",
    rank=60,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for what failed. Tickets for other services concern other programs."""
    lines = [(index, line[:1_000]) for index, line in reading.free()]
    name = next((str(found.group(1)) for _, line in lines if (found := _NAME.search(line))), "")
    twice = [index for index, line in lines if _TWICE.search(line)]
    failed = [(index, found) for index, line in lines if (found := _FAILED.search(line))]
    errors = [str(found.group(1) or found.group(2)).lower() for _, found in failed]
    error = next((each for each in reversed(errors) if each not in _NONE), "")
    if not name or not (twice or error):
        return list(_unregistered(reading, lines))
    at = twice or [index for index, _ in failed]
    values = (("Error", "" if twice else error),)
    fact = Configured(source=source_at(reading, at[-1]), kind=KIND, name=name, values=values, failing=True)
    return [artefact(reading, KIND, at, [fact], {"name": name, "error": "duplicate" if twice else error})]


def _unregistered(reading: Reading, lines: Sequence[tuple[int, str]]) -> Iterator[Artefact]:
    """`setspn -L` of an account that has names for other services and none for SMTP, in any language."""
    account, taken, services = "", list[int](), set[str]()
    for index, line in (*lines, (-1, "")):
        spn = _SPN.search(line)
        if spn:
            taken.append(index)
            services.add(str(spn.group(1)).lower())
            continue
        if account and _HOST in services and services.isdisjoint(_OTHERS):
            values = (("Error", _UNREGISTERED),)
            fact = Configured(source=source_at(reading, taken[0]), kind=KIND, name=account, values=values, failing=True)
            yield artefact(reading, KIND, taken, [fact], {"name": account, "error": _UNREGISTERED})
        found = _ACCOUNT.search(line)
        account, taken, services = str(found.group(1)) if found else "", [index], set()
