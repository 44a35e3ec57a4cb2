"""`grep -Hc`: how many lines of a saved message are longer than SMTP allows. A file's name, a colon, and a count."""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at

_COUNT = linear(r"(?i)^\s*(?:\S{0,200}/)?([\w.-]{1,80}\.(?:eml|msg|txt)):(\d{1,7})\s*$")


@recogniser(r"\.(?:eml|msg|txt):\d+\s*$", rank=60)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each file."""
    found = []
    for index, line in reading.free():
        counted = _COUNT.search(line[:400])
        if counted:
            name, count = counted.groups()
            values = (("Count", str(int(count))),)
            fact = Configured(source=source_at(reading, index), kind="long-lines", name=name, values=values)
            found.append(artefact(reading, "long-lines", [index], [fact], {"file": name, "lines": int(count)}))
    return found
