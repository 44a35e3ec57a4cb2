"""What a middlebox leaves of an SMTP conversation that it has rewritten (Cisco "fixup smtp", ESMTP inspection)."""

from __future__ import annotations

from diagnostics.patterns import linear

MASKED_BANNER = linear(r"^220[ -]?[*20 ]*\*{5}")
MASKED_CAPABILITY = linear(r"^(?:250[ -])?X{5,}[A-Z]?$")
