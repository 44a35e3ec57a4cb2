"""A message that Exchange Online filtered twice: on its way in, and again when a server of the organization handed it back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from diagnostics.mail_facts import Antispam, Configured, Headers
from diagnostics.patterns import linear

_UNTRUSTED: Final = "X-Forefront-Antispam-Report-Untrusted"
_SOURCE = linear(r"(?i)\bCIP:([0-9a-f.:]{3,45});")
_CROSSED: Final = ("cross-premises-headers-promoted", "cross-premises-headers-filtered")
_FROM_CLOUD: Final = "255.255.255.255"  # what is written of a message that began in Exchange Online
_OWN: Final = frozenset({"own-address", "gateway"})


@dataclass(frozen=True, slots=True)
class SecondPass:
    """`first` and `second` are the addresses that the two verdicts are about; `own` is what tells that the second is ours."""

    first: str
    second: str
    headers: Headers
    own: Configured | Antispam


def second_pass(
    ip: str, headers: Iterable[Headers], spam: Antispam | None, objects: Iterable[Configured]
) -> SecondPass | None:
    """None unless an earlier verdict came back as untrusted and something tells that the later sender, `ip`, is our server.

    Mail of another tenant bears such a verdict too; its later sender is a server of Exchange Online. What began in the cloud came
    in once only: where our server sends it on, SPF is judged rightly.
    """
    report = next((each for each in headers if each.told(_UNTRUSTED)), None)
    source = _SOURCE.search(report.get(_UNTRUSTED)) if report else None
    if report is None or source is None or not ip or source.group(1) in (ip, _FROM_CLOUD):
        return None
    told = next((each for each in objects if each.kind in _OWN and each.name == ip), None)
    crossed = spam if spam and any(spam.told(name) for name in _CROSSED) else None
    hybrid = next((each for each in objects if each.kind == "organization" and each.name == "hybrid"), None)
    own = told or (crossed if hybrid else None)
    return SecondPass(source.group(1), ip, report, own) if own else None
