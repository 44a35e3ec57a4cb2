"""The domain is Authoritative on the side that refused, although mailboxes of it live elsewhere.

## What is happening
Two systems share one mail domain: on-premises and Exchange Online, or Exchange and another product. The side
that got the message holds the domain as Authoritative, which says "I know every recipient", and refuses one
whose mailbox lives on the other side. The side that wrote the report is the side whose domain type, or
missing recipient object, has to change.

## What proves it
- `Get-AcceptedDomain` on the side that refused says Authoritative, and the recipient exists on the other side
- Exchange Online refuses mail to public folders at its edge (`550 5.4.1`), and `Get-AcceptedDomain` there says Authoritative
- a relay of another make delivers to its own users (`relay=local`) what it should pass on, and its settings list the domain
- Postfix warns: `do not list domain … in BOTH mydestination and virtual_mailbox_domains`
- a server of one's own looks an address of a public provider up (gmail.com, outlook.com), which it does for its own domains only
- an InternalRelay or ExternalRelay domain with AddressBookEnabled True, as it stays when an Authoritative domain is changed: the
  recipient filter goes on refusing whom the directory here does not have (`550 5.1.1 User unknown`)
- the other way round: a client logs on and may not send as its own address, and the domain of that is ExternalRelay

## Not this when
- the recipient exists nowhere: then Authoritative is right
- the domain is InternalRelay already

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/manage-accepted-domains/manage-accepted-domains
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/on-premises-users-not-getting-emails-from-microsoft-365
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.dns.mx_loopback import OTHERS as LOOPBACK
from diagnostics.causes.network.providers import has_mailboxes
from diagnostics.causes.network.reach import told_crossing
from diagnostics.causes.recipient import looks
from diagnostics.causes.recipient.edge_blocking import NUMBER, edge_blocked, folder_blocked
from diagnostics.causes.recipient.lookup import (
    accepted,
    address,
    by_microsoft,
    crosses_down,
    directory_says_no,
    domain,
    encapsulated,
    external_relay,
    held_here,
    holders,
    is_microsoft,
    named,
    passed_on,
    premises,
    present,
    same_organization,
)
from diagnostics.causes.recipient.own_server import TABLES, own_server, told_elsewhere
from diagnostics.causes.recipient.steps import EXO, accepted_domains
from diagnostics.causes.routing_loop.circle import WITHIN
from diagnostics.facts import Reply, Said, Session
from diagnostics.mail_facts import Configured, LookedUp
from diagnostics.patterns import linear
from diagnostics.report import Act, Shell, Step
from diagnostics.seen import by_own_log

_INTERNAL_NAME: Final = "RESOLVER.ADR.ExRecipNotFound"
_OF_A_RELAY: Final = (
    "unknown user",
    "user unknown",
    "no such user",
    "user doesn't exist",
    "user not found",
    "mailbox does not exist",
)
_EDGE: Final = "Recipient address rejected: Access denied"
# Postfix names the list of its own that it looked the recipient up in: it has them for domains that it holds as local or virtual.
# Postfix warns of a domain that stands in two of its lists: then it is a local one, with accounts of the machine as its users.
_IN_BOTH: Final = "in BOTH mydestination and"
_LISTED = linear(r"(?i)do not list domain (\S{1,253}) in BOTH mydestination and (\w{1,40})")
_OWN: Final = ("mydestination", "virtual_mailbox_domains", "virtual_alias_domains")
_FILTERED: Final = "550 5.1.1 User unknown"
_NO_PERMISSION: Final = "Client does not have permissions to send as this sender"


@cause(
    id="recipient.accepted-domain.type-wrong",
    act="on-prem",
    says=(
        "RESOLVER.ADR.RecipientNotFound",
        "RESOLVER.ADR.RecipNotFound",
        "not found by SMTP address lookup",
        _NO_PERMISSION,
        _FILTERED,
        _INTERNAL_NAME,
        NUMBER,
        *_OF_A_RELAY,
        _EDGE,
        *LOOPBACK,
        *TABLES,
        _IN_BOTH,
        *WITHIN,
    ),
)
def assess(
    said: Said,
    _domains: Configured | None,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
    lookups: tuple[LookedUp, ...],
    sessions: tuple[Session, ...],
) -> Finding | None:
    """The type and the recipient on the other side together prove it; alone each only points here."""
    if said.signature == _NO_PERMISSION:
        return _of_sender(said, objects, sessions)
    if said.signature == _INTERNAL_NAME:
        return _crossing(said, objects, replies)
    if said.signature in WITHIN:
        return _back_to_itself(said, objects)
    if said.signature == NUMBER:
        return _of_folder(said, objects, replies)
    if said.signature in (_EDGE, *LOOPBACK, *TABLES, _IN_BOTH):
        return _by_table(said, objects, replies)
    if said.signature == _FILTERED:
        return _filtered(said, objects, replies)
    here = held_here(said, objects)
    if here:
        return _by_relay(said, here, objects)
    if said.signature in _OF_A_RELAY or not directory_says_no(said) or passed_on(said):
        return None
    online = by_microsoft(said)
    act: Act = "exchange-online" if online else "on-prem"
    wanted = address(said, replies)
    name = domain(wanted)
    kept = accepted(name, objects)
    kind = kept.get("DomainType").lower() if kept else ""
    if kept and "relay" in kind:
        because = f"{kept.name} is {kept.get('DomainType')}: unknown recipients are passed on, not refused."
        return Finding(Belief.RULED_OUT, because, (kept,))
    owner = next((each for each in holders(wanted, objects) if _elsewhere(each, online)), None)
    seen = owner or present(wanted, lookups, "on-prem" if online else "exchange-online")
    steps = _steps(name, online)
    if _of_provider(said, name) and not online:
        because = (
            f"{said.by} looked {named(wanted)} up in its own directory. It does that only for domains that it holds as "
        )
        because += f"Authoritative, and `{name}` is a provider's: an accepted domain here covers it (that name, or *)."
        return Finding(Belief.LIKELY, because, (said, kept), _take_away(name), act, weight=1.9)
    if seen:
        who = owner.name if owner else "An object"
        because = f"{who} owns {named(wanted)} on the other side; the side that refused does not know it"
        because += f" and holds {kept.name} as Authoritative." if kept else "."
        belief = Belief.LIKELY if kept else Belief.POSSIBLE
        return Finding(belief, because, (said, seen, kept), steps, act, weight=1.9)
    because = (
        f"If {named(wanted, 'the mailbox')} lives in another system, the side that refused must not be Authoritative"
    )
    because += f" for {kept.name}, and is." if kept else " for its domain."
    beside = next((each for each in objects if each.kind == "own-mta"), None)
    crossing = crosses_down(objects)
    # Who has another mail system and was answered by a directory of Exchange's has two, which share the domain.
    weight = 1.7 if beside and (online or not said.by) else 1.6 if crossing else 1.2 if kept else 0.9
    return Finding(Belief.POSSIBLE, because, (said, kept, beside, crossing), steps, act, weight=weight)


@shown
def types(objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """The type of the refused domain, where a directory was what refused. The recipient filter goes by another setting, and the
    list of the other side of a hybrid tells nothing."""
    kept = looks.concerned(replies, objects)
    online = any(is_microsoft(each.by) or each.enhanced == NUMBER for each in replies if each.failing)
    other = any(
        _FILTERED.lower() in each.whole.lower() or _NO_PERMISSION.lower() in each.whole.lower() for each in replies
    )
    if not kept or other or not looks.looked_for(replies) or (online and not looks.of_tenant(objects)):
        return None
    if looks.relayed(kept):
        because = f"{kept[0].name} is {kept[0].get('DomainType')}: unknown recipients are passed on, not refused."
        return Finding(Belief.RULED_OUT, because, kept[:1])
    beside = looks.elsewhere(objects)
    if beside is None or not all(each.get("DomainType").lower() == "authoritative" for each in kept):
        return None
    because = (
        f"{kept[0].name} is Authoritative on the side that refused, and mailboxes of it live elsewhere, as you tell."
    )
    online = online or looks.of_tenant(objects)
    act: Act = "exchange-online" if online else "on-prem"
    return Finding(Belief.LIKELY, because, (kept[0], beside), _steps(_domain_of(kept[0]), online), act)


def _in_two_lists(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    """The warning names the domain and its other list; who was looked up among the accounts of the machine proves it."""
    found = _LISTED.search(said.text)
    if found is None:
        return None
    name, other = found.groups()
    because = f"Postfix has {name} in mydestination as well as in {other}. The first counts: it looks the recipients up among "
    because += f"the accounts of the machine, and not where {other} has them."
    missed = next((each for each in replies if "local recipient table" in each.text), None)
    return Finding(
        Belief.CONFIRMED if missed else Belief.LIKELY, because, (said, missed), _of_two_lists(), "on-prem", weight=1.5
    )


def _of_two_lists() -> tuple[Step, ...]:
    return (
        look(
            "See which domains stand where; mydestination may have the domain through $mydomain or $myhostname.",
            "postconf mydestination mydomain myhostname virtual_mailbox_domains virtual_alias_domains relay_domains",
            "bash",
        ),
        change(
            "Take the domain out of mydestination (mostly localhost is enough there), or give the machine a host name that is "
            "not the mail domain itself.",
            "",
            shell="portal",
            changes="Postfix looks its recipients up in the other list, after a reload. Accounts of the machine with the same "
            "names get nothing more.",
            undo="Write the former value of mydestination back, and reload.",
            verify="The warning does not come again, and a message to the domain is delivered.",
        ),
    )


def _back_to_itself(said: Said, objects: tuple[Configured, ...]) -> Finding | None:
    """The routing domain of a hybrid, held as Authoritative on-premises: target addresses lead back."""
    told = told_crossing(objects) or next((e for e in objects if e.kind == "organization" and e.name == "hybrid"), None)
    if told is None:
        return None
    because = "In a hybrid, mail for a mailbox that moved goes to its target address (….onmicrosoft.com). If the servers hold "
    because += "that domain as Authoritative, they search their own directory for it again, and find the same object."
    return Finding(Belief.POSSIBLE, because, (said, told), _steps("", online=False), "on-prem", weight=1.94)


def _of_folder(said: Said, objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """Public folders on-premises are no recipients of the tenant until a script of their own has copied them."""
    told = folder_blocked(said, objects)
    if told is None:
        return None
    name = domain(address(said, replies))
    kept = accepted(name, objects) or next((each for each in objects if each.kind == "accepted-domain"), None)
    if kept and "relay" in kept.get("DomainType").lower():
        because = f"{kept.name} is {kept.get('DomainType')}: unknown recipients are passed on, not refused."
        return Finding(Belief.RULED_OUT, because, (kept,))
    because = "The refused addresses are public folders', as you tell. Exchange Online does not know them as recipients; while "
    because += "it holds their domain as Authoritative, it refuses them at its edge (5.4.1); as InternalRelay it passes them on."
    return Finding(
        Belief.POSSIBLE, because, (said, told, kept), _steps(name, online=True), "exchange-online", weight=1.5
    )


def _crossing(said: Said, objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding:
    """A mailbox's internal name is looked up first. One of the other side is not known here: then the type counts."""
    told = told_crossing(objects)
    wanted = address(said, replies)
    name = domain(wanted)
    listed = [each for each in objects if each.kind == "accepted-domain"]
    kept = accepted(name, objects) if name else listed[0] if len(listed) == 1 else None
    if told is None or encapsulated(wanted) or (kept and "relay" in kept.get("DomainType").lower()):
        because = f"`{_INTERNAL_NAME}` looks up a LegacyExchangeDN; the type of a domain plays no part in it."
        return Finding(Belief.RULED_OUT, because, (said,))
    online = told.get("From") == "cloud"
    side = "Exchange Online" if online else "the on-premises side"
    because = f"The mailbox lives on the other side of a hybrid, as is told: if {side} holds the shared domain "
    because += "as Authoritative, it refuses whom its own directory does not have, and sends nobody's mail across."
    act: Act = "exchange-online" if online else "on-prem"
    return Finding(Belief.POSSIBLE, because, (said, told, kept), _steps(name, online), act, weight=1.6)


def _by_table(said: Said, objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """What follows from a domain's entry, and from other things too: a check at the edge, a list of users, a circle in DNS."""
    if said.signature == _IN_BOTH:
        return _in_two_lists(said, replies)
    wanted = address(said, replies)
    name = domain(wanted)
    kept = accepted(name, objects)
    if said.signature == _EDGE:
        if kept and "relay" in kept.get("DomainType").lower():
            because = f"{kept.name} is {kept.get('DomainType')}: unknown recipients are passed on, not refused."
            return Finding(Belief.RULED_OUT, because, (kept,))
        if not edge_blocked(said) or passed_on(said) or any(each.kind == "told-reached" for each in objects):
            return None
        because = "Exchange Online checks the recipients of Authoritative domains at its edge. If "
        because += f"{named(wanted, 'the mailbox')} lives in another system, its domain has to be InternalRelay there."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(name, online=True), "exchange-online", weight=0.9)
    if said.signature in LOOPBACK:
        if kept and "relay" not in kept.get("DomainType").lower():
            because = (
                f"{kept.name} is {kept.get('DomainType')}: the server looks for no other one that has its mailboxes."
            )
            return Finding(Belief.RULED_OUT, because, (kept,))
        because = f"A server that {named(name, 'the domain')} has as its mail exchanger, and that has it among the domains to "
        because += "relay, looks for another server and finds itself: with the mailboxes here, the domain has to be a local one."
        return Finding(Belief.POSSIBLE, because, (said,), (accepted_domains("exchange-management-shell"),), weight=1.05)
    ours = said if by_own_log(said) else own_server(said, objects)
    if ours is None:
        return None  # another organization's server: what it holds is no matter of the reader's
    away = told_elsewhere(objects)
    if away:
        because = (
            f"Your own server holds {named(name, 'the domain')} as its own and looks among its users alone, and the "
        )
        because += "mailboxes are elsewhere, as you tell: it must pass their mail on instead."
        return Finding(Belief.LIKELY, because, (said, away), _of_relay(), weight=1.6)
    because = (
        f"The server that refused holds {named(name, 'the domain')} as its own and looks among its own users alone: if "
    )
    because += "the mailboxes are elsewhere, it must pass their mail on instead."
    return Finding(Belief.POSSIBLE, because, (said,), _of_relay(), weight=1.0)


def _of_provider(said: Said, name: str) -> bool:
    """Whether a server that is named, and none of the provider's, did look an address of a public provider up itself."""
    looked = "resolver.adr." in said.text.lower() or "smtp address lookup" in said.text.lower()
    return looked and has_mailboxes(name) and bool(said.by) and not same_organization(said.by, name)


def _take_away(name: str) -> tuple[Step, ...]:
    return (
        accepted_domains("exchange-management-shell"),
        change(
            "Take the accepted domain that covers the provider's name away; where it is `*`, name your own domains instead.",
            "Remove-AcceptedDomain {domain}",
            changes="Exchange sends mail for that domain to the provider, and no longer looks for its recipients here.",
            undo="New-AcceptedDomain with what the first step printed.",
            verify="Get-AcceptedDomain no longer lists it, and a message to an address there arrives.",
            domain=name,
        ),
    )


def _filtered(said: Said, objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """The recipient filter's answer, of a domain that is relayed and still compared with the directory."""
    name = domain(address(said, replies))
    kept = next((each for each in objects if _compared(each) and name in ("", _domain_of(each))), None)
    if kept is None or by_microsoft(said) or passed_on(said):
        return None
    because = f"{_domain_of(kept)} is {kept.get('DomainType')}, and AddressBookEnabled is True for it all the same, as it stays "
    because += (
        "when an Authoritative domain is changed: the recipient filter refuses whoever is not in the directory here, "
    )
    because += "before anything is relayed."
    return Finding(Belief.LIKELY, because, (said, kept), _of_filter(_domain_of(kept)), "on-prem", weight=1.7)


def _compared(entry: Configured) -> bool:
    relayed = entry.kind == "accepted-domain" and "relay" in entry.get("DomainType").lower()
    return relayed and entry.flag("AddressBookEnabled") is True


def _domain_of(entry: Configured) -> str:
    return (entry.get("DomainName") or entry.name).lower()


def _of_filter(name: str) -> tuple[Step, ...]:
    return (
        look(
            "See which domains the recipient filter compares with the directory.",
            "Get-AcceptedDomain | Format-Table Name,DomainName,DomainType,AddressBookEnabled; "
            "Get-RecipientFilterConfig | Format-List Enabled,RecipientValidationEnabled",
        ),
        change(
            "Let the filter leave the relayed domain alone (the Edge server has it with its next synchronization).",
            "Set-AcceptedDomain {domain} -AddressBookEnabled $false",
            changes="Addresses of the domain that the directory here does not have are relayed instead of refused.",
            undo="The same with $true.",
            verify="RCPT TO for an address of the other organization is answered with 250, and its mail arrives there.",
            domain=name,
        ),
    )


def _by_relay(said: Said, here: Configured, objects: tuple[Configured, ...]) -> Finding:
    """A relay in front took the domain for its own; a host that it names for the rest is the one that has the mailboxes."""
    settings = next((each for each in objects if each.kind == "postfix"), None)
    own = next((name for name in _OWN if settings and here.name in _domains(settings.get(name))), "")
    onward = settings.get("relayhost") if settings else ""
    because = f"The relay whose log this is delivered {here.name} to its own users"
    if own:
        because += f" ({own} lists the domain)"
    because += ", and asked no other server. If the mailboxes are on Exchange, it must not hold the domain as local"
    because += f", but pass it to {onward}." if onward else ", but pass it on."
    away = told_elsewhere(objects)
    belief = Belief.LIKELY if away or (own and onward) else Belief.POSSIBLE
    return Finding(belief, because, (said, here, settings, away), _of_relay(), weight=1.4)


def _domains(value: str) -> frozenset[str]:
    return frozenset(value.lower().replace(",", " ").split())


def _of_relay() -> tuple[Step, ...]:
    return (
        look(
            "See which domains the relay takes for its own.",
            "postconf -n mydestination virtual_mailbox_domains relayhost",
            "bash",
        ),
        change(
            "On the relay, take the domain out of its local domains and route it to Exchange (Postfix: out of mydestination, "
            "into relay_domains or under a relayhost; cPanel: set the domain to Remote Mail Exchanger).",
            "",
            shell="portal",
            changes="The relay sends all mail of the domain on; mailboxes it had for it get nothing more.",
            undo="Put the domain back.",
            verify="The relay's log names the Exchange server behind relay= for a new message.",
        ),
    )


def _of_sender(said: Said, objects: tuple[Configured, ...], sessions: tuple[Session, ...]) -> Finding | None:
    """An account that logged on is known by its address, unless the address lies in a domain that is only relayed."""
    session = next((each for each in sessions if each.source == said.source), None)
    if session is None or session.direction != "receive" or not session.logged_on:
        return None
    kept = external_relay(session.mail_from, objects)
    name = domain(session.mail_from)
    if kept:
        because = f"{kept.name} is {kept.get('DomainType')}: Exchange takes none of its addresses for its own, so it does not "
        because += f"know `{session.mail_from}` as the account's, which logged on."
        return Finding(Belief.LIKELY, because, (kept, session), _of_own(name), weight=1.8)
    if accepted(name, objects):
        return None
    because = (
        f"If {named(session.mail_from, 'the sender')} is the account's own address, its domain may have been set to "
    )
    because += "ExternalRelay, and Exchange then takes it for a stranger's."
    return Finding(Belief.POSSIBLE, because, (said, session), _of_own(name), weight=0.7)


def _of_own(name: str) -> tuple[Step, ...]:
    return (
        accepted_domains("exchange-management-shell"),
        change(
            "If mailboxes of the domain are here, make it Authoritative again; InternalRelay where others of it live elsewhere.",
            "Set-AcceptedDomain {domain} -DomainType InternalRelay",
            changes="Exchange takes the addresses of the domain for its own; unknown ones are sent on.",
            undo="The same with -DomainType ExternalRelay.",
            verify="The client's next message is accepted.",
            domain=name,
        ),
    )


def _elsewhere(entry: Configured, refused_online: bool) -> bool:
    return premises(entry) == ("on-prem" if refused_online else "exchange-online")


def _steps(name: str, online: bool) -> tuple[Step, ...]:
    shell: Shell = EXO if online else "exchange-management-shell"
    route = (
        look(
            "Check that an outbound connector leads from here to the other system.",
            "Get-OutboundConnector | Format-List Name,Enabled,RecipientDomains,SmartHosts,ConnectorType",
            EXO,
        )
        if online
        else look(
            "Check that a Send connector leads from here to the other system.",
            "Get-SendConnector | Format-List Name,Enabled,AddressSpaces,SmartHosts,DNSRoutingEnabled",
        )
    )
    return (
        accepted_domains(shell),
        route,
        change(
            "If the recipient can't be synchronized as an object, and a connector for the domain leads to the "
            "other system, let this side pass unknown recipients on.",
            "Set-AcceptedDomain {domain} -DomainType InternalRelay",
            shell=shell,
            changes=(
                "Unknown recipients of the domain are no longer refused here but sent on. Without "
                "that connector they circle."
            ),
            undo="The same with -DomainType Authoritative.",
            verify=(
                "Get-AcceptedDomain shows InternalRelay; a message to the recipient arrives, one to "
                "an invented address bounces once."
            ),
            domain=name,
        ),
    )
