"""Who sent the message that was refused, where the paste shows it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from diagnostics.facts import Fact, Said
from diagnostics.mail_facts import Headers, Traced
from diagnostics.patterns import linear

_MAILBOX: Final = r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,10}"
_ADDRESS = linear(_MAILBOX)
_INITIAL = linear(r"(?i)[\w.+'-]{1,64}@[a-z0-9-]{1,63}\.onmicrosoft\.com\b")
# Whom Exchange Online blames in the refusal itself: "spam abuse detected from …", "banned sender […]".
_BLAMED = linear(rf"(?i)(?:abuse detected from|banned sender)\W{{1,8}}({_MAILBOX})")


def sender_of(said: Said, headers: Iterable[Headers], traced: Iterable[Traced]) -> tuple[str, Fact | None]:
    """The sender's address and the fact that shows it; "" where none does."""
    for each in traced:
        if "@" in each.sender:
            return each.sender.lower(), each
    for one in headers:
        found = _ADDRESS.search(one.get("from"))
        if found and not found.group(0).lower().startswith(("postmaster@", "microsoftexchange")):
            return str(found.group(0)).lower(), one
    named = _INITIAL.search(said.text)
    if named:
        return str(named.group(0)).lower(), None
    blamed = _BLAMED.search(said.text)
    return (str(blamed.group(1)).lower(), None) if blamed else ("", None)


def initial_domain(address: str) -> bool:
    """Whether an address is in a tenant's initial domain, the routing domain of hybrids aside."""
    low = address.lower()
    return low.endswith(".onmicrosoft.com") and not low.endswith(".mail.onmicrosoft.com")
