"""Certificates in protocol logs: one row a field in old builds, everything on one row in new ones.

Old: `*,<value>,Certificate thumbprint` after `*,,Sending certificate`. New (2016 onwards):
`*, <subject> <issuer> <serial> <thumbprint> <from> <to> <names>,Sending certificate Subject Issuer name Serial number
Thumbprint Not before Not after Subject alternate names`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from diagnostics.facts import Certificate, Side, Source
from diagnostics.patterns import linear
from diagnostics.recognisers.protocol_rows import Row

_OWNERS: Final[tuple[tuple[str, Side], ...]] = (
    ("sending certificate", "local"),
    ("remote certificate", "remote"),
    ("received certificate", "remote"),
    ("client certificate", "remote"),
)
_LABELS: Final = (
    ("certificate subject", "subject"),
    ("certificate issuer name", "issuer"),
    ("certificate serial number", "serial"),
    ("certificate thumbprint", "thumbprint"),
    ("certificate alternate names", "names"),
)
_ONE_ROW = linear(
    r"^\s*(.*?)\s+([0-9A-Fa-f]{8,64})\s+([0-9A-Fa-f]{39,64})\s+(\d{4}-\d\d-\d\dT\S+)\s+(\d{4}-\d\d-\d\dT\S+)\s*(.*)$"
)
_SECOND_NAME = linear(r"[^,\s]\s+((?:CN|OU|O|C|E|DC|SERIALNUMBER|STREET|L|S)=)")
_THUMBPRINT = linear(r"[0-9A-Fa-f]{31,64}")


def thumbprint(text: str) -> str:
    """The thumbprint in `text`, upper case; "" when it is masked or missing."""
    found = _THUMBPRINT.search(text.replace(" ", "")) if text else None
    value = found.group(0).upper() if found else ""
    return "" if len(set(value)) < 3 else value  # XXXX… and 0000… are masks


class _Open(Struct):
    """A certificate whose rows are still coming."""

    certificate: Certificate


def certificates(rows: list[Row], source_of: dict[int, Source], session: str, connector: str) -> Iterator[Certificate]:
    """The certificates that these rows of one session show, in order."""
    current: _Open | None = None
    for row in rows:
        text = f"{row.data} {row.context}".lower()
        owner = next((side for words, side in _OWNERS if words in text), None)
        if owner is not None and "validation status" not in text:
            if current is not None:
                yield current.certificate
            base = Certificate(source=source_of[row.line], owner=owner, session=session, connector=connector)
            current = _Open(_one_row(base, row.data) if "issuer name" in text else base)
            continue
        label = next((name for words, name in _LABELS if words in text), None)
        if label is not None:
            if current is None:  # the excerpt begins after the row that says whose it is
                current = _Open(
                    Certificate(source=source_of[row.line], owner="unknown", session=session, connector=connector)
                )
            current.certificate = _with(current.certificate, label, row.data or row.context, source_of[row.line])
    if current is not None:
        yield current.certificate


def _with(certificate: Certificate, label: str, value: str, source: Source) -> Certificate:
    if label == "thumbprint":
        return replace(certificate, thumbprint=thumbprint(value), source=source)
    if label == "names":
        return replace(certificate, names=_names(value))
    if label == "subject":
        return replace(certificate, subject=value)
    if label == "issuer":
        return replace(certificate, issuer=value)
    return replace(certificate, serial=value)


def _names(value: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(";") if name.strip())


def _one_row(base: Certificate, data: str) -> Certificate:
    found = _ONE_ROW.search(data)
    if not found:  # a row that was shortened still begins with the two names
        subject, issuer = _two_names(data.strip())
        return replace(base, subject=subject, issuer=issuer, thumbprint=thumbprint(data))
    subject, issuer = _two_names(found.group(1))
    return replace(
        base,
        subject=subject,
        issuer=issuer,
        serial=found.group(2),
        thumbprint=thumbprint(found.group(3)),
        not_after=found.group(5),
        names=_names(found.group(6)),
    )


def _two_names(text: str) -> tuple[str, str]:
    """Split "CN=a, O=b CN=c, O=d": the second name begins where no comma stands before an attribute."""
    second = _SECOND_NAME.search(text)
    if not second:
        return text.strip(), ""
    return text[: second.start(1)].strip(), text[second.start(1) :].strip()
