"""What Kerberos tools say of a service's name: `klist get` that brings no ticket, and `setspn` that finds a name twice.

Sources: https://learn.microsoft.com/windows-server/administration/windows-commands/klist,
https://learn.microsoft.com/windows-server/administration/windows-commands/setspn
"""

from __future__ import annotations

from collections.abc import Sequence
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
_NONE: Final = frozenset({"0x0", "0x00000000"})


@recogniser(
    r"(?:\bklist failed with 0x|\(GetTicket substatus\)|\bSMTPSVC/\S+ is registered on these accounts)", rank=60
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
        return []
    at = twice or [index for index, _ in failed]
    values = (("Error", "" if twice else error),)
    fact = Configured(source=source_at(reading, at[-1]), kind=KIND, name=name, values=values, failing=True)
    return [artefact(reading, KIND, at, [fact], {"name": name, "error": "duplicate" if twice else error})]
