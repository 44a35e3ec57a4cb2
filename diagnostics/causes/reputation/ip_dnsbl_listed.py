"""The sending address or name is on a public block list that the receiver asks.

## What is happening
The receiving server looks the connecting address (or the HELO name, or the sender's domain) up in a block
list, Spamhaus, Barracuda, SpamCop, Proofpoint or its vendor's, and refuses what is listed. The list's operator
put it there because spam was seen, because the address is a dial-up one, or because a neighbour sends spam.

## What proves it
- the refusal names the list, and the list answers 127.0.0.x for the address
- the receiver's agent log names a block list provider (`BlockListProvider`)
- Microsoft's Remote Connectivity Analyzer finds the address on a list: a strong hint

## Not this when
- the answer is 127.255.255.x or the text says `open resolver`: the receiver's resolver is at fault
  (`reputation.dnsbl.resolver-error`)
- the recipient's own block list (`reputation.ip.customer-block-list`) or Microsoft's
  (`reputation.ip.microsoft-banned`)
- Telekom's own list of the addresses that it knows (`rx.t-online.de`): no public list has a part in it
  (`policy.remote.rejected`)
- Outlook.com's S3140 or S3150 (`reputation.ip.consumer-outlook`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-5-7-1-in-exchange-online
- https://www.spamhaus.org/resource-hub/dnsbl/
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.causes.connector.heard import heard
from diagnostics.causes.dns.exchangers import organization
from diagnostics.causes.network.reach import kind_of
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.steps import advise
from diagnostics.causes.reputation.addresses import blamed, microsofts, named
from diagnostics.causes.reputation.lists import (
    erring,
    everybody_refused,
    find_the_source,
    found_on_none,
    is_error,
    list_named,
    listed,
    listing,
    looked_up,
    no_answer,
    of_microsoft,
    query_list,
    zone_named,
)
from diagnostics.causes.stories import told_as
from diagnostics.facts import Reply, Said, Session
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import AgentAction, Configured, Told
from diagnostics.patterns import linear
from diagnostics.refusals import topics, topics_of
from diagnostics.report import Act, Step
from diagnostics.seen import by_own_log

_INFECTED: Final = (
    "A machine behind your address was infected, and some receivers refuse your mail while the great providers take it, as you "
    "tell it: such a machine sends spam, and the address then stands on public lists that those receivers ask."
)
# Nouns around which servers say in their own words that the address is listed, or has a bad name.
_NAMES: Final = (
    "blacklist",
    "black list",
    "black-list",
    "blocklist",
    "block list",
    "black hole",
    "blackhole",
    "RBL",
    "listed in",
    "listed at",
    "listed on",
    "listed by",
    "reputation",
    "LPN",
    "adresse IP",
    "abus detecte",
    "abus détecté",
    "see http",
    "http",
    "due to abuse",
    "ips blocked",
    "bypassing",
    "was blocked",
    "is blocked",
    "client host",
    "sending ip",
    "your ip",
    "ip address",
    "from your network",
    "dynamic ip",
    "open proxy",
    "sending spam",
    "sorbs",
    "abuseat.org",
    "csi.cloudmark.com",
    "postmaster.comcast.net",
    "postmaster.aol.com",
    "postmaster.gmx",
    "barracudanetworks.com/reputation",
    "schwarze",
    "liste noire",
    "lista negra",
    "lista nera",
    "zwarte lijst",
    "OFR",
    "a problem occurred",
    "open relay",
    "mail relay",
    "sender ip",
    "source ip",
    "bad ip",
    "ip",
    "spammer",
    "spam source",
    "senderscore",
    "sender score",
    "spamming",
    "blocked for",
    "mail server at",
    "mail from",
    "messages from",
    "connections from",
    "connection from",
    "access from",
    "no access",
    "allowed to connect",
    "mail system has been rejected",
    "dial-up",
    "dialup",
    "dynamic",
    "residential",
    "your ISP",
    "TSS09",
    "TSS11",
    "permanently deferred",
    "ivmSIP",
    "blocklisting",
)
_OTHERS: Final = (
    "tenant allow/block list",  # of the sender's own organization
    "may be blacklisted",  # a guess among others
    "customer block list",
    "ip address blacklisted by recipient",
    "ip address blocked by recipient",
    "concurrent connections",
    "too many connections",
    "customer allow list",
    "banned send",
    "our block list",
    "tenant allow block list",
    "was rejected by sender reputation",  # Exchange Server's answers for its own list
    "was rejected by connection filtering",
    # Other causes have these words: Outlook.com's own reputation, limits of rate, a domain's name.
    "recipient not authorized, your ip",
    "rate limited due to ip reputation",
    "unusual rate",
    "unexpected volume",
    "user complaints",
    "reputation of the sending domain",
    # Telekom's own list of addresses that it knows.
    "rx.t-online.de",
    "dialup/transient ip not allowed",
)


# Postfix's postscreen, which asks lists about who connects to it; beside another failure it tells of no refusal.
_LOOKS_UP = linear(r"(?i)dnsblog.{0,40}\b(?:query|lookup|error|warning)")


@cause(
    id="reputation.ip.dnsbl-listed",
    act="sender",
    says=(
        "blocked using",
        "spamhaus",
        "zen.spamhaus.org",
        "barracudacentral",
        "ipcheck.proofpoint.com",
        "spamcop",
        "uceprotect",
        "senderbase",
        "Helo domain is listed",
        "poor reputation",
        "blacklisted",
        "is on a blacklist",
        "in a black list",
        "in an RBL",
        "DNSBL",
        "listed in RBL",
        "AS16012611",
        "was rejected by the Realtime Block List provider",  # of an older Exchange Online
        *_NAMES,
    ),
    against={
        "banned sending IP": "is Microsoft's own list, which no public list feeds",
    },
)
def assess(
    anchor: Said | AgentAction | DnsAnswer | Told,
    answers: tuple[DnsAnswer, ...],
    replies: tuple[Reply, ...],
    sessions: tuple[Session, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """The refusal, or the agent's log, names the list; what the list answers settles it."""
    if isinstance(anchor, Told):
        return told_as("listed-since-an-infection", anchor, _INFECTED, _steps("", "", ""), weight=1.5)
    if isinstance(anchor, AgentAction):
        return _by_agent(anchor, answers)
    if isinstance(anchor, DnsAnswer):
        return None if replies else _asked(anchor)
    return _refused(anchor, answers, replies, sessions, settings)


def _asked(answer: DnsAnswer) -> Finding | None:
    """The list itself, asked by hand. Its test entry (127.0.0.2) is always there."""
    ip, zone = listing(answer)
    if kind_of(ip) in ("", "internal"):
        return None
    name, _, page = list_named(zone)
    because = f"{name or f'The list {zone}'} holds {named(ip)}. Whoever asks that list refuses mail from there; no refusal that "
    because += "says so is in this text."
    act: Act = "microsoft" if microsofts(ip) else "sender"
    steps = _of_microsoft(ip, zone) if microsofts(ip) else _steps(ip, zone, page)
    return Finding(Belief.LIKELY, because, (answer,), steps, act, weight=1.0)


def _refused(
    said: Said,
    answers: tuple[DnsAnswer, ...],
    replies: tuple[Reply, ...],
    sessions: tuple[Session, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    if said.kind == "command":
        return _looked_up(said)
    about, asked = topics(said), looked_up(said.text)
    told = "listed" in about or ("turned-away" in about and about <= {"turned-away", "spam"} and not has(said, "polic"))
    told = told and not about & {"spf", "dkim", "dmarc"}
    if (
        about & {"rate", "fast"}
        or (about & {"entry", "link"} and not asked)
        or has(said, *_OTHERS)
        or of_microsoft(said.text)
        or _LOOKS_UP.search(said.text)
        or (said.signature in _NAMES and not told)
    ):
        return None
    if is_error(said.text):
        return _no_listing(said)
    if no_answer(said.text):
        because = "A look-up of the block list failed: the list is named, and holds nobody in this text."
        return Finding(Belief.RULED_OUT, because, (said,))
    what = heard(said, replies, sessions)
    ip = blamed(said.text) or what.egress
    name, zone, page = list_named(said.text)
    there, answer = listed(ip, zone, answers)
    if there is False:
        because = f"{name or 'The list'} doesn't hold {named(ip)} now: it was taken off since the refusal, or never was on it."
        return Finding(Belief.POSSIBLE, because, (answer, said), _steps(ip, zone, page), weight=1.2)
    wrong = erring(zone, replies)
    if wrong and not there:
        because = f"The server takes an error of {name or zone} for a listing, as another refusal shows: this one proves none."
        return Finding(Belief.RULED_OUT, because, (said, wrong))
    helo = asked == "helo command" or has(said, "helo domain is listed")
    domain = asked == "sender address"
    greeting = f" (`{what.greeting}`)" if what.greeting and what.outgoing else ""
    refused = (
        f"the name that our server says in HELO{greeting}" if helo else "the sender's domain" if domain else named(ip)
    )
    because = f"{said.by or 'The receiving server'} refuses {refused}, because {name or 'a block list'} lists it."
    act: Act = "microsoft" if microsofts(ip) else "sender"
    if microsofts(ip):
        because += " The address is one of Exchange Online's: no customer can have it delisted."
    several = bool(name) and _say_so(name, replies)
    because += " Mail systems that don't ask the same resolver say so." if several else ""
    everybody = everybody_refused(settings, ours=bool(by_own_log(said) or what.incoming))
    sure = (name or ip or asked or helo or told) and not everybody
    unlisted = found_on_none(settings)
    if unlisted and not there:
        because += (
            " You found it on no list: then it is a rule or list of the receiver's own, or its look-up goes wrong."
        )
        return Finding(Belief.POSSIBLE, because, (said, unlisted), _steps(ip, zone, page), weight=1.1)
    belief = Belief.CONFIRMED if there or several else Belief.LIKELY if sure else Belief.POSSIBLE
    if helo or domain:
        steps = _of_name("helo-name" if helo else "sender-domain", zone_named(said.text), page)
    else:
        steps = _of_microsoft(ip, zone) if microsofts(ip) else _steps(ip, zone, page)
    return Finding(belief, because, (said, answer), steps, act, weight=1.3)


def _by_agent(entry: AgentAction, answers: tuple[DnsAnswer, ...]) -> Finding | None:
    """The receiver's own agent log: which list it had asked stands behind the reason, as the provider's name or zone."""
    if not (entry.failing and entry.by_provider):
        return None
    _, zone, _ = list_named(f"blocked using {entry.reason_data}")
    there, answer = listed(entry.ip, zone, answers)
    lister = entry.reason_data or "a block list provider"
    steps = _of_ours(entry.ip, zone)
    if there is False:
        because = f"{named(entry.ip)} is not on {lister} now: it was taken off since the refusal, or never was on it."
        return Finding(Belief.POSSIBLE, because, (answer, entry), steps, weight=1.2)
    because = f"The {entry.agent} of this server refused {named(entry.ip)}, because "
    because += f"{lister} lists it ({entry.reason})."
    belief = Belief.CONFIRMED if there else Belief.LIKELY
    return Finding(belief, because, (entry, answer), steps, weight=1.3)


def _no_listing(said: Said) -> Finding:
    because = "The block list answered with an error, not with a listing: the sending address is not on it."
    return Finding(Belief.RULED_OUT, because, (said,))


def _looked_up(said: Said) -> Finding | None:
    """A tool that asks lists found the address on one. Nobody has refused mail for it in this text."""
    ip = blamed(said.text)
    if not ip or "listed" not in topics_of(said.text):
        return None
    if is_error(said.text):
        return _no_listing(said)
    name, zone, page = list_named(said.text)
    because = (
        f"A look-up finds {named(ip)} on {name or 'a block list'}. Whoever asks that list refuses mail from there; "
    )
    because += "no refusal that says so is in this text."
    act: Act = "microsoft" if microsofts(ip) else "sender"
    steps = _of_microsoft(ip, zone) if microsofts(ip) else _steps(ip, zone, page)
    return Finding(Belief.LIKELY, because, (said,), steps, act, weight=1.0)


def _say_so(name: str, replies: tuple[Reply, ...]) -> bool:
    """Whether mail systems of more than one organization name this list: a broken resolver would be one's own alone."""
    by = {organization(each.by or each.host) for each in replies if list_named(each.whole)[0] == name}
    return len(by) > 1


def _of_microsoft(ip: str, zone: str) -> tuple[Step, ...]:
    return (
        query_list(ip, zone),
        advise(
            "Send again later: Exchange Online picks another of its addresses. If it happens to one sender only, see "
            "whether the mail looks like spam and leaves through the high-risk pool."
        ),
        advise(
            "If it goes on, report the address to Microsoft support; the receiver can exempt Exchange Online's ranges."
        ),
    )


def _of_ours(ip: str, zone: str) -> tuple[Step, ...]:
    """The list is asked by the reader's own server; no exception is made for an address that a list holds."""
    return (
        query_list(ip, zone),
        look(
            "On the receiving server, see which lists it asks, and how it takes their answers.",
            "Get-IPBlockListProvider | Format-List Name,Enabled,LookupDomain,AnyMatch,BitmaskMatch,IPAddressesMatch",
        ),
        advise(
            "If its mail is wanted, tell the sender's administrators, by another way, which list it is: only the owner of the "
            "address can find what sent spam from it and have it taken off."
        ),
    )


def _of_name(name: str, zone: str, page: str) -> tuple[Step, ...]:
    query = look(
        "Ask the list of domains for that name, through your own resolver: an answer in 127.0.0.0/8 other than 127.255.255.x "
        "is a listing.",
        "Resolve-DnsName {query} -Type A",
        "powershell",
        query=f"<{name}>.{zone or 'dbl.spamhaus.org'}",
    )
    greets = look(
        "See which name our server says in HELO: the Fqdn of the Send connector, or the server's own when empty.",
        "Get-SendConnector | Format-List Name,Fqdn",
    )
    removal = advise(f"Then ask for removal{f' at {page}' if page else ' on the page that the refusal names'}.")
    return (*((greets,) if name == "helo-name" else ()), query, find_the_source(), removal)


def _steps(ip: str, zone: str, page: str) -> tuple[Step, ...]:
    return (
        query_list(ip, zone),
        find_the_source(),
        advise(f"Then ask for removal{f' at {page}' if page else ' on the page of the list that the refusal names'}."),
    )
