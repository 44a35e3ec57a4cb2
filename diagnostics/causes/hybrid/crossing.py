"""Mail of the organization itself that came to Exchange Online over one of its servers, by the way that its headers tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from diagnostics.causes.recipient.lookup import is_microsoft, same_organization
from diagnostics.mail_facts import Antispam, Headers, Hop, Hops, Returned
from diagnostics.patterns import linear

_ANONYMOUS: Final = "anonymous"
# As Exchange servers are called, or as Exchange signs its own hops: a printer or a web server is a stranger rightly.
_NAME = linear(r"^(?:[a-z]{2,6}-)?(?:ex(?:ch(?:ange)?)?|mbx|mb|mail|hub|cas|hybrid)[-\d]{0,6}\.")
_SIGNED: Final = ("mapi", "microsoft smtp server")

# Refusals of a sender who is taken for a stranger.
STRANGER: Final = (
    "SenderNotAuthenticatedForGroup",
    "SenderNotAuthenticatedForMailbox",
    "5.7.133",
    "5.7.134",
    "5.7.136",
    "RESOLVER.RST.AuthRequired",
)


class Crossing(Struct, frozen=True):
    """`first` is the organization's server that had the message first, `last` the host that gave it to Exchange Online."""

    first: str
    last: str
    fact: Hops | Returned

    @property
    def handed_on(self) -> bool:
        """Whether a host other than the first server, a gateway in most places, gave it to Exchange Online."""
        return self.first != self.last

    @property
    def by_exchange(self) -> bool:
        """Whether the first server is an Exchange server, as far as its name or its own hops tell."""
        own = (each.protocol.lower() for each in self.fact.hops if each.by == self.first)
        return bool(_NAME.search(self.first)) or any(each.startswith(_SIGNED) for each in own)

    @property
    def anonymous(self) -> bool:
        return isinstance(self.fact, Returned) and self.fact.auth_as.lower() == _ANONYMOUS


def crossing(domain: str, ways: Iterable[Hops | Returned | None]) -> Crossing | None:
    """The way of a message for `domain` that began at a server bearing the domain's name; None where none is told."""
    for fact in ways:
        found = _crossed(domain, fact.hops, fact) if fact else None
        if found:
            return found
    return None


def _crossed(domain: str, hops: Sequence[Hop], fact: Hops | Returned) -> Crossing | None:
    """Only the oldest hop tells where a message began: one from outside passes the same servers later."""
    first = next((each.sender for each in hops if each.sender), "")
    if not same_organization(first, domain):
        return None
    entry = next(
        (each for each in hops if is_microsoft(each.by) and each.sender and not is_microsoft(each.sender)), None
    )
    return Crossing(first, entry.sender, fact) if entry else None


def unpromoted(headers: Iterable[Headers], spam: Iterable[Antispam]) -> Headers | None:
    """The headers in which Exchange Online calls the sender internal, where a server on-premises took the message for a
    stranger's all the same: its connector does not let such headers in."""
    lost = [each for each in spam if each.get("AuthAs").lower() == _ANONYMOUS]
    here = any(each.get("AuthSource") and not is_microsoft(each.get("AuthSource")) for each in lost)
    vouched = (each for each in headers if each.get("x-ms-exchange-crosspremises-authas").lower() == "internal")
    return next(vouched, None) if here else None
