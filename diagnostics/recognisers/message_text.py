"""What a whole message says below its header, where its form shows which lines that is: nobody in the channel says it.

What other readers know in it was read before; the rest is no sentence about the failure.
"""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.artefacts import Artefact
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.header_lines import fields, text_of


@recogniser(r"^content-(?:type:\s*multipart/|transfer-encoding:\s*(?:base64|quoted-printable))", rank=91)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the lines that are left of the first message's text."""
    lines = reading.paste.lines
    found = fields(enumerate(lines))
    left = [index for index in text_of(lines, found) if index not in reading.claimed] if found else []
    return [artefact(reading, "message-text", left, [], {})] if left else []
