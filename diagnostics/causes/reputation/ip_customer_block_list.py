"""The recipient's organization itself blocks the sending address.

## What is happening
The administrators of the recipient's tenant put the address, or its range, on their own block list (the
connection filter of Exchange Online). Only their tenant refuses it: `550 5.7.513 … blocked by fabrikam.com using
Customer Block list` or `5.7.507 Access denied, rejected by recipient`. Microsoft and public lists have no part
in it.

## What proves it
- the text; other tenants of Exchange Online take mail from the same address
- the IPBlockList of the recipient's Get-HostedConnectionFilterPolicy has the address, or its range
- a server greets this machine with 421 or 554, and other machines with 220: it refuses this address

## Not this when
- all tenants refuse it (`reputation.ip.microsoft-banned`)
- the IPBlockList of the recipient's Get-HostedConnectionFilterPolicy is empty
- the words are `Blocked by Customer Allow list` (`connector.exo-inbound.ip-allow-list-conflict`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
- https://learn.microsoft.com/en-us/defender-office-365/connection-filter-policies-configure
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.connector.ranges import covers
from diagnostics.causes.connector.relay import CLIENT_REFUSED
from diagnostics.causes.network.probes import test_from_elsewhere
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.causes.reputation.addresses import blamed, named
from diagnostics.facts import Reply, Said
from diagnostics.looked_facts import ClientAddress, PublicAddress
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.report import Step

_WHO = linear(r"(?i)blocked by \[?([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,6})\]? using")
# In place of a greeting, and without a reason: RFC 5321's own words for 421.
_TURNED_AWAY = ("service not available", "service unavailable", "refused to talk to me")
_VERIFIER = "Blocked by mail server"  # AfterShip's email-verifier, in place of any reply that speaks of a block
_GREETING = linear(
    r"(?i)(?:^|[\s:])(?:421|554)[ -](?:[a-z][\w.-]{2,80} )?(?:E?SMTP )?service (?:is )?(?:currently )?(?:not |un)available"
    r"(?:[,.;]*\s*clos\w+ (?:the )?(?:transmission |connection )?(?:channel|connection)?)?\W*$"
)


@cause(
    id="reputation.ip.customer-block-list",
    act="recipient-side",
    says=(
        "5.7.513",
        "using Customer Block list",
        "5.7.507",
        "Access denied, rejected by recipient",
        "AS16012607",
        "IP address blacklisted by recipient",
        "IP address blocked by recipient",
        CLIENT_REFUSED,
        _VERIFIER,
        *_TURNED_AWAY,
    ),
    against={
        "Recipient not authorized, your IP has been found on a block list": (
            "is the connection filter of an Exchange Server; Exchange Online says `Customer Block list`"
        ),
        "banned sending IP": "is Microsoft's list for all tenants, not the recipient's own",
    },
)
def assess(said: Said, settings: tuple[Configured, ...]) -> Finding | None:
    """The words name the list as the customer's own."""
    if said.signature in _TURNED_AWAY:
        elsewhere = next((each for each in settings if each.kind == "told-elsewhere" and each.name == "machine"), None)
        return _turned_away(said, elsewhere)
    if said.signature == _VERIFIER:
        because = (
            "The verifier sums up that the server blocked it; the server's list or a public one may have its address."
        )
        return Finding(Belief.POSSIBLE, because, (said,), _ask(said.host), weight=1.2)
    if has(said, "customer allow list"):
        return None  # the same number, and the opposite list
    ip = blamed(said.text)
    if said.signature == CLIENT_REFUSED:
        if said.kind not in ("ndr", "dsn", "queue", "trace"):
            return None
        because = f"A rule of the receiving server turned {named(ip)} away; an entry for the address, or its range, does that."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(ip), weight=1.0)
    who = _WHO.search(said.text)
    whose = f"{who.group(1)} has" if who else "The recipient's organization has"
    because = f"{whose} {named(ip)} on its own block list; only its administrators can take it off."
    sure = has(said, "customer block list", "rejected by recipient", "as16012607", "ed by recipient")
    return Finding(Belief.CONFIRMED if sure else Belief.LIKELY, because, (said,), _steps(ip), weight=1.0)


@shown
def policies(
    objects: tuple[Configured, ...], replies: tuple[Reply, ...], known: tuple[PublicAddress | ClientAddress, ...]
) -> Finding | None:
    """The list of the connection filter. A long one is printed in part, so that an address isn't in it tells nothing."""
    refused = {ip for each in replies if each.failing and (ip := blamed(each.whole))} or {each.ip for each in known}
    for each in objects:
        for entry in each.items("IPBlockList") if each.kind == "hosted-connection-filter-policy" else ():
            ip = next((ip for ip in refused if covers(entry, ip)), "")
            if ip:
                because = f"The block list of the connection filter has {entry}, so {named(ip)} is refused."
                return Finding(Belief.CONFIRMED, because, (each,), _steps(ip))
    ours = next((each for each in objects if each.kind == "told-entry" and each.name), None)
    if ours and not refused:
        because = f"The block list of the connection filter has {ours.name}, an address of your own, as you say."
        return Finding(Belief.CONFIRMED, because, (ours,), _steps(ours.name))
    lists = [each for each in objects if each.kind == "hosted-connection-filter-policy" and each.get("IPBlockList")]
    if lists and all(each.get("IPBlockList").replace(" ", "") == "{}" for each in lists):
        because = "The block list of the connection filter is empty: it refuses no address."
        return Finding(Belief.RULED_OUT, because, tuple(lists))
    return None


def _turned_away(said: Said, elsewhere: Configured | None) -> Finding | None:
    """A server that says no before it was told anything knows the address of who connects, and nothing else."""
    if not _GREETING.search(said.text):
        return None
    because = f"{said.by or 'The server'} answers the connection itself with a refusal"
    if elsewhere:
        because += (
            ", and another machine as ever, as you say: of this one it knew only the address, and that it refuses. Ask "
        )
        because += "its administrators whether a list or a firewall of theirs holds it."
        return Finding(Belief.LIKELY, because, (said, elsewhere), _ask(said.host), weight=1.5)
    if said.kind not in ("client", "log"):
        return None
    because += (
        " and gives no reason: to everybody, or to this address alone. Connect from another address to tell which."
    )
    return Finding(Belief.POSSIBLE, because, (said,), _ask(said.host), weight=1.2)


def _ask(host: str) -> tuple[Step, ...]:
    return (
        test_from_elsewhere(host),
        advise(
            "If it greets another address as usual, send its administrators the refusal with its time and our address."
        ),
    )


def _steps(ip: str) -> tuple[Step, ...]:
    return (
        advise("Sender: ask the recipient's administrators by another way, and give them the address and the refusal."),
        look(
            "Recipient's administrators: see the block list of the connection filter.",
            "Get-HostedConnectionFilterPolicy | Format-List Name,IPBlockList",
            EXO,
        ),
        change(
            "Recipient's administrators, if the block is no longer wanted: take the entry off (a range as it is written).",
            "Set-HostedConnectionFilterPolicy Default -IPBlockList @{{Remove={address}}}",
            shell=EXO,
            changes="Mail from this address is filtered like any other again.",
            undo="The same with Add instead of Remove.",
            verify="The sender's message is accepted when it is sent again.",
            address=ip,
        ),
    )
