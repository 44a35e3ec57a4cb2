"""The claims of a decoded OAuth token that decide a logon to SMTP: for whom it is (`aud`), and what it allows (`roles`, `scp`).

Read only beside something else that was pasted; a list that was cut off tells nothing.
Source: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
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
from diagnostics.recognisers.told_settings import MOST_LINES, answers

_TEXT = linear(r"[\"']?\b(aud|scp)[\"']?\s{0,4}:\s{0,4}[\"']([^\"'\n]{1,300})[\"']")
_ROLES = linear(r"[\"']?\broles[\"']?\s{0,4}:\s{0,4}\[([^\[\]]{1,600})\]")
_ROLE = linear(r"[\"']([A-Za-z][\w.-]{1,80})[\"']")
_CUT: Final = ("...", "\N{HORIZONTAL ELLIPSIS}")


@recogniser(r"[\"'](?:aud|roles|scp)[\"']\s{0,4}:", rank=93)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the claims of one token."""
    if not answers(reading):
        return []
    lines = [(index, line[:1000]) for index, line in reading.free()[:MOST_LINES]]
    told = {str(name): str(value) for _, line in lines for name, value in _TEXT.findall(line)}
    roles = _ROLES.search("\n".join(line for _, line in lines))
    if roles and not any(mark in roles.group(1) for mark in _CUT):
        told["roles"] = ", ".join(str(each) for each in _ROLE.findall(roles.group(1)))
    where = [index for index, line in lines if _TEXT.search(line) or "roles" in line]
    if not told or not where:
        return []
    fact = Configured(source=source_at(reading, where[0]), kind="token-claims", values=tuple(told.items()))
    return [artefact(reading, "token-claims", where, [fact], dict(told))]
