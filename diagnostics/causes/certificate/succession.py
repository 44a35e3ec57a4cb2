"""Which installed certificate takes the place of which: a renewal keeps the subject and brings a new thumbprint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from diagnostics.causes.certificate.names import common_name, is_self_signed, is_server_name
from diagnostics.facts import InstalledCertificate
from diagnostics.patterns import linear

_YEAR = linear(r"\b(20\d\d)\b")
_OWN: Final = ("cn=microsoft exchange", "cn=wmsvc", "cn=federation", "cn=fede", "cn=microsoft")
_SHORTEST: Final = len("CN=mail")  # a table cuts subjects; what is left has to name a host


class Succession(Struct, frozen=True):
    """`old` was for SMTP. `replaced` says that a later list lacks it, `sure` that the other one is the newer."""

    old: InstalledCertificate
    replaced: bool
    sure: bool


def successor(new: InstalledCertificate, installed: Sequence[InstalledCertificate]) -> Succession | None:
    """The certificate for SMTP whose place `new`, which is not for SMTP, takes; None where it takes none's."""
    if new.for_smtp is not False or not new.thumbprint or new.expired or is_self_signed(new):
        return None
    again = _first_repeated(installed)
    place = _place(new)
    for old in installed:
        if old.for_smtp is not True or old.thumbprint == new.thumbprint or not _same_subject(old, new):
            continue
        later = again is not None and _place(old) < place and again < place and _only_once(new, installed)
        later = later or (old.source.paste < new.source.paste and _only_once(new, installed))
        replaced = later and _only_once(old, installed)
        if later or old.expired or _year(new) > _year(old) > 0:
            return Succession(old, replaced, sure=True)
        if _place(old) < place and not (_year(old) or _year(new)):
            return Succession(old, replaced=False, sure=False)
    return None


def without_smtp(installed: Sequence[InstalledCertificate]) -> InstalledCertificate | None:
    """The one certificate with a name for outside, where a list shows it without SMTP and only the server's own ones with it."""
    outside = for_outside(installed)
    if len(outside) != 1 or outside[0].for_smtp is not False or outside[0].expired or not _names_host(outside[0]):
        return None
    if outside[0].has_private_key is False:
        return None  # what lacks its key can't be enabled
    return outside[0] if any(each.for_smtp for each in installed) else None


def for_outside(installed: Sequence[InstalledCertificate]) -> list[InstalledCertificate]:
    """The certificates that are neither the server's own ones nor made by itself."""
    return [each for each in installed if not is_server_name(common_name(each.subject)) and not _is_own(each)]


def _names_host(certificate: InstalledCertificate) -> bool:
    return "." in common_name(certificate.subject)


def _is_own(certificate: InstalledCertificate) -> bool:
    return is_self_signed(certificate) or certificate.subject.lower().startswith(_OWN)


def _place(certificate: InstalledCertificate) -> tuple[int, int]:
    return (certificate.source.paste, certificate.source.line)


def _first_repeated(installed: Sequence[InstalledCertificate]) -> tuple[int, int] | None:
    """Where the first certificate stands that a second list shows again; None where there is one list."""
    seen: dict[str, tuple[int, int]] = {}
    found = []
    for each in sorted(installed, key=_place):
        if each.thumbprint in seen:
            found.append(seen[each.thumbprint])
        elif each.thumbprint:
            seen[each.thumbprint] = _place(each)
    return min(found, default=None)


def _only_once(certificate: InstalledCertificate, installed: Sequence[InstalledCertificate]) -> bool:
    return sum(each.thumbprint == certificate.thumbprint for each in installed) == 1


def _same_subject(one: InstalledCertificate, other: InstalledCertificate) -> bool:
    """Whether one subject is the other's, or the beginning of it that a narrow table leaves."""
    first, second = (each.subject.lower().rstrip(". ").replace(", ", ",") for each in (one, other))
    short, long = sorted((first, second), key=len)
    return len(short) >= _SHORTEST and long.startswith(short) and not long.startswith(_OWN)


def _year(certificate: InstalledCertificate) -> int:
    """The year it ends in, 0 where not told: day and month come in any order."""
    found = _YEAR.search(certificate.not_after)
    return int(found.group(1)) if found else 0
