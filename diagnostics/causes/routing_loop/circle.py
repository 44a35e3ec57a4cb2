"""What the loop causes share: the words of a counted-out message, its way, and whose settings lead it round.

All loops end in the same words, so the words tell none of them from the others: the Received headers and the
settings do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from diagnostics.cause import look
from diagnostics.facts import Fact, Reply, Said
from diagnostics.mail_facts import Configured, Hops
from diagnostics.patterns import linear
from diagnostics.report import Shell, Step

# Exchange's own, of a recipient that leads back to itself within one organization: nothing has travelled yet.
WITHIN: Final = ("caused the message to bounce between two servers", "forward loop was detected by the categorizer")
LOOPED: Final = (
    *WITHIN,
    "Hop count exceeded",
    "possible mail loop",
    "too many hops",
    "too many received",
    "mail loop",
    "mailloop",
    "message loop",
    "message is looping",
    "message looping",
    "routing loop",
    "loop detected",
    "loop was found",
    "mail forwarding loop",
    "5.4.14",
)
_WARNING: Final = "often cause mail loops"  # why the Internet Mail Service drops reports to administrators
_ADDRESS = linear(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,10}")
EXO: Final[Shell] = "exchange-online-powershell"


def circles(anchor: Said | Hops) -> bool:
    """Whether it shows a loop: the words do, unless they say what might make one; a way only when a host got the message twice
    over one hop."""
    return bool(anchor.loops) if isinstance(anchor, Hops) else _WARNING not in anchor.text.lower()


def way(hops: Iterable[Hops]) -> Hops | None:
    """The way of the message, where it goes in a circle."""
    return next((each for each in hops if each.loops), None)


def between(hops: Hops) -> str:
    """The hosts of the circle, for a sentence."""
    return " and ".join(hops.loops[:3])


def recipient(anchor: Fact, replies: Iterable[Reply]) -> str:
    """The address whose mail circles; "" when the text doesn't name it."""
    known = [each for each in replies if "@" in each.recipient]
    mine = [each.recipient for each in known if each.source == anchor.source]
    found = mine or [each.recipient for each in known] or _ADDRESS.findall(anchor.source.quote)
    return str(found[0]).lower() if mine or known or len(set(found)) == 1 else ""


def domain(of: str) -> str:
    return of.rpartition("@")[2].lower()


def accepted(name: str, objects: Iterable[Configured]) -> list[Configured]:
    """The accepted domains that cover the mail domain, from however many organizations were sent."""
    listed = [each for each in objects if each.kind == "accepted-domain"]
    return [each for each in listed if _covers((each.get("DomainName") or each.name).lower(), name)]


def _covers(written: str, name: str) -> bool:
    return bool(name) and (written == name or (written.startswith("*.") and name.endswith(written[1:])))


def named(of: str, otherwise: str) -> str:
    return f"`{of}`" if of else otherwise


def read_the_way() -> Step:
    return look(
        "Read the Received headers of the returned message, oldest at the bottom: the two hosts that alternate are the loop, and "
        "each of them has to be asked why it sent the message on (Message Header Analyzer shows them as a table).",
        "",
        "portal",
    )


def outbound_connectors() -> Step:
    return look(
        "See where Exchange Online sends this domain.",
        "Get-OutboundConnector | Format-List Name,Enabled,ConnectorType,RecipientDomains,AllAcceptedDomains,UseMXRecord,"
        "SmartHosts,RouteAllMessagesViaOnPremises,IsTransportRuleScoped",
        EXO,
    )
