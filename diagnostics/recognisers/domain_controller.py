"""Whether the locator finds a domain controller: `nltest /dsgetdc` and `/dsgetsite`, whose words aren't translated.

Source: https://learn.microsoft.com/windows-server/administration/windows-commands/nltest
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

KIND: Final = "domain-controller"
_FAILED = linear(r"(?i)\bGetting DC name failed: Status = (\d{1,10}) 0x[0-9a-f]{1,8}\b ?(\w{0,60})")


# What is found, a line each; the domain's own number stands in no other list with the two sites.
_PART = linear(r"^\s*(DC|Address|Dom Guid|Dom Name|Forest Name|Dc Site Name|Our Site Name|Flags):\s*(\S.{0,250}?)\s*$")
_NAMES: Final = frozenset({"DC", "Dc Site Name", "Flags"})


@recogniser(r"(?:\bGetting DC name failed: Status = |^\s*Dc Site Name:)", rank=64)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for what failed, and one for what was found."""
    return [*_lost(reading), *_found(reading)]


def _found(reading: Reading) -> Iterator[Artefact]:
    """The domain controller; its site is told where it is the server's own, and the controller holds the global catalog."""
    parts = {
        str(part.group(1)): (index, str(part.group(2)))
        for index, line in reading.free()
        if (part := _PART.search(line[:300]))
    }
    if not parts.keys() >= _NAMES:
        return
    index, name = parts["DC"]
    site = parts["Dc Site Name"][1]
    own = parts.get("Our Site Name", (0, ""))[1].lower() == site.lower() and "GC" in parts["Flags"][1].split()
    values = (("Site", site if own else ""),)
    fact = Configured(source=source_at(reading, index), kind=KIND, name=name.strip("\\"), values=values)
    yield artefact(reading, KIND, sorted(at for at, _ in parts.values()), [fact], {"name": fact.name})


def _lost(reading: Reading) -> Sequence[Artefact]:
    """Its fact is the last error, which is that of the controller itself."""
    failed = [(index, found) for index, line in reading.free() if (found := _FAILED.search(line[:300]))]
    if not failed:
        return []
    index, last = failed[-1]
    error = str(last.group(2) or last.group(1))
    fact = Configured(source=source_at(reading, index), kind=KIND, values=(("Error", error),), failing=True)
    return [artefact(reading, KIND, [at for at, _ in failed], [fact], {"error": error})]
