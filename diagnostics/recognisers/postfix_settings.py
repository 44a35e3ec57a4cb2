"""Which domains a Postfix in front takes for its own, and where it sends the rest: lines of main.cf or of `postconf`.

What else stands in main.cf, and the line of `relayhost`, is read beside a failure (told_postfix.py).
Source: https://www.postfix.org/ADDRESS_CLASS_README.html
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

_DOMAINS: Final = r"mydestination|virtual_mailbox_domains|virtual_alias_domains|relay_domains|transport_maps"
_ONWARD: Final = "relayhost"
_LINE = linear(rf"^\s*({_DOMAINS}|{_ONWARD})\s*=\s*(.{{0,1000}})$")


@recogniser(rf"^\s*(?:{_DOMAINS})\s*=", rank=40)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for all settings of the paste; the last line of a name counts, as for Postfix."""
    found = [(index, match) for index, line in reading.free() if (match := _LINE.search(line[:1_100]))]
    lines = [index for index, match in found if match.group(1) != _ONWARD]
    if not lines:
        return ()
    values = {match.group(1): match.group(2).strip() for _, match in found}
    fact = Configured(source=source_at(reading, lines[0]), kind="postfix", values=tuple(values.items()))
    return [artefact(reading, "postfix-settings", lines, [fact], values)]
