"""What a middlebox leaves of an SMTP conversation that it has rewritten (Cisco "fixup smtp", ESMTP inspection)."""

from __future__ import annotations

import re2

MASKED_BANNER = re2.compile(r"^220[ -][*20 ]*\*{5}")
MASKED_CAPABILITY = re2.compile(r"^(?:250[ -])?X{5,}[A-Z]?$")
