"""That an entry of a list of addresses is the reader's own, as a person says beside the list: "the first one is our gateway".

Source: https://learn.microsoft.com/powershell/module/exchange/get-hostedconnectionfilterpolicy
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.format_list import blocks, items
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import stated

_PLACES: Final = {
    "first": 0,
    "1st": 0,
    "second": 1,
    "2nd": 1,
    "third": 2,
    "3rd": 2,
    "fourth": 3,
    "4th": 3,
    "last": -1,
    "only": 0,
}
_OURS: Final = (
    r"(?:is|are|belongs to|=) (?:(?:in|exactly|the) )?(?:ours|us\b|mine|(?:the )?(?:\w+ ){0,3}?(?:of )?(?:our|my)\b)"
)
_TOLD = linear(
    rf"(?i)\b({'|'.join(_PLACES)}) (?:entry|one|address|ip|range|line|item)\b[^.;\n]{{0,20}}?\b{_OURS}"
    rf"|\b((?:\d{{1,3}}\.){{3}}\d{{1,3}}(?:/\d{{1,2}})?) {_OURS}"
)
_DENIED = linear(r"(?i)\b(?:not|n.t|none|never|neither|nor)\b")


@recogniser(r"^\s*IPBlockList\s*:\s*\{", rank=96)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first sentence that says so, with the entry."""
    lines = list(enumerate(reading.paste.lines))
    entries = next((items(each.value("ipblocklist")) for each in blocks(lines) if each.has("ipblocklist")), ())
    for index, told in stated(reading, _TOLD):
        place, named = told.groups()
        at = _PLACES[place.lower()] if place else -1
        entry = named if not place else entries[at] if -1 <= at < len(entries) else ""
        if entry not in entries or _DENIED.search(told.group(0)):
            continue
        fact = Configured(source=source_at(reading, index), kind="told-entry", name=entry)
        return [artefact(reading, "told-entry", [index], [fact], {"entry": entry})]
    return []
