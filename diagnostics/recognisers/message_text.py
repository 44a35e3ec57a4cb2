"""What a whole message says below its header, where its form shows which lines that is: nobody in the channel says it.

What other readers know in it was read before; the rest is no sentence about the failure.
"""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.artefacts import Artefact
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.header_lines import Field, fields

_BOUNDARY = linear(r"(?i)\bboundary\s*=\s*[\"']?([^\"';\s]{1,200})")
_ENCODED = linear(r"(?i)^\s*(?:base64|quoted-printable)\b")


@recogniser(r"^content-(?:type:\s*multipart/|transfer-encoding:\s*(?:base64|quoted-printable))", rank=91)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the lines that are left of the first message's text."""
    lines = reading.paste.lines
    found = fields(enumerate(lines))
    left = [index for index in _text(lines, found) if index not in reading.claimed] if found else []
    return [artefact(reading, "message-text", left, [], {})] if left else []


def _text(lines: Sequence[str], found: Sequence[Field]) -> range:
    kind = next((each for each in found if each.name == "content-type"), None)
    boundary = _BOUNDARY.search(kind.value) if kind else None
    if kind and boundary:
        mark = f"--{boundary.group(1)}"
        parts = [index for index in range(kind.lines[-1], len(lines)) if lines[index].startswith(mark)]
        closed = bool(parts) and lines[parts[-1]].startswith(f"{mark}--")
        return range(parts[0], parts[-1] + 1 if closed else len(lines)) if parts else range(0)
    encoded = any(each.name == "content-transfer-encoding" and _ENCODED.search(each.value) for each in found)
    return range(max(line for each in found for line in each.lines), len(lines)) if encoded else range(0)
