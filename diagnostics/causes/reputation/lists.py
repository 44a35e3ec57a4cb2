"""Public block lists: their names, how they are asked and where a removal is requested."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from diagnostics.cause import look
from diagnostics.causes.dns.lookups import public_resolver
from diagnostics.causes.recipient.steps import advise
from diagnostics.causes.reputation.addresses import reversed_for_lookup
from diagnostics.facts import Reply
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.report import Step

_DEFAULT: Final = "zen.spamhaus.org"
# Words in a refusal, the list's name, the zone that is asked ("" when it has none), and its page for removals.
_LISTS: Final = (
    ("spamhaus", "Spamhaus", _DEFAULT, "https://check.spamhaus.org"),
    ("barracuda", "Barracuda", "b.barracudacentral.org", "https://www.barracudacentral.org/rbl/removal-request"),
    ("proofpoint", "Proofpoint", "", "https://ipcheck.proofpoint.com"),
    ("spamcop", "SpamCop", "bl.spamcop.net", "https://www.spamcop.net/bl.shtml"),
    ("uceprotect", "UCEPROTECT", "dnsbl-1.uceprotect.net", "https://www.uceprotect.net/en/rblcheck.php"),
    ("senderbase", "Cisco Talos", "", "https://talosintelligence.com/reputation_center"),
    ("poor reputation", "Cisco Talos", "", "https://talosintelligence.com/reputation_center"),
)
_ZONE = linear(
    r"(?i)\b(?:using|listed (?:in|at|on|by)|block list provider) ([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,6})"
)
# Looked up before a message is taken, so never its content.
_LOOKED_UP = linear(
    r"(?i)\b(client host|helo command|sender address|recipient address) [\[<][^\[\]<>]{0,255}[\]>] blocked using\b"
)
# Bans and limits of Exchange Online for senders, tenants and addresses.
_OF_MICROSOFT = linear(
    r"(?:^|[^\d.])5\.(?:1\.(?:8|90)|7\.(?:50[1-9]|51[1-3]|520|6[0-4]\d|7\d\d|800))(?:$|[^\d.]|\.(?:\D|$))"
)
BY_HAND: Final = r"\bdelist(?:\.[a-z]{1,20})?@(?:(?:messaging\.)?microsoft|frontbridge)\.com\b"
"""Where Microsoft's staff lift a ban, under the names that the service has had."""
LISTS: Final = r"\bFBLW\d{2}\b|\b\d{1,3}\.bl(?:ock|ack)list\.zap\b"
"""Microsoft's own lists; the second is the one of Forefront Online Protection, whose zone nobody outside can ask."""
_MICROSOFTS_LIST = linear(rf"(?i){LISTS}|{BY_HAND}|\bsender\.office\.com")
# What a list answers when it can't or won't answer: no listing.
_ERROR = linear(r"\b127\.255\.255\.\d{1,3}\b")
NAMED: Final = ("spamhaus", "spamcop", "barracudacentral", "DNSBL", "dnsblog", "RBL", "DNS list", "uceprotect", "sorbs")
"""What a look-up of a list names."""
# A look-up of a list that failed: the list is only named. What was refused by a list speaks otherwise.
_OF_LISTS: Final = (
    r"(?:[\w-]{1,63}\.){0,8}(?:spamhaus|spamcop|barracudacentral|uceprotect|sorbs|uribl|surbl|abuseat)\.(?:org|net|com)"
)
_IN_VAIN: Final = (
    r"\blook-?ups? (?:error|fail\w*|defer\w*|time-?out|timed out)|\breply time-?out|\bquer(?:y|ies) (?:fail\w*|error|time-?out"
    r"|timed out)|\be?servfail\b|\bserver fail|\bquerya e[a-z]{4,10}\b|\btimed out\b|\btry again\b|\bi/o timeout"
    r"|\bserver misbehaving|\bname resolution|\bnot reachable|\bunhealthy\b|'refused' for "
)
_SILENT = linear(
    rf"(?i)\b(?:dnsblog\w{{0,8}}|(?:dns)?[br]bls?|dns list|block ?list|{_OF_LISTS})\b.{{0,120}}?(?:{_IN_VAIN})"
    r"|(?:'server fail'|'refused'|'timed out'|\bservfail|\blook-?up (?:error|fail\w*|defer\w*)|\bquery failed|\btimed out)"
    rf"[^;]{{0,60}}\b{_OF_LISTS}\b"
)
_REFUSED_BY = linear(
    r"(?i)\bblocked using\b|\b127\.0\.\d{1,3}\.\d{1,3}\b|\blisted (?:in|at|on|by)\b|\bis (?:black|block) ?-?listed"
)
_LISTING = linear(r"\b127\.0\.\d{1,3}\.\d{1,3}\b")


# By address; a list of good senders (dnswl) answers alike.
_BLOCKING = linear(r"(?:^|\.)(?:spamhaus|barracudacentral)\.org$|(?:^|[.-])[a-z]{0,3}bl[.-]")


def listing(answer: DnsAnswer) -> tuple[str, str]:
    """(address, zone) of an entry that somebody found by asking a block list; else two empty strings."""
    ip, zone = answer.list_asked
    there = any(_LISTING.search(each) for each in answer.addresses)
    return (ip, zone) if there and _BLOCKING.search(zone) else ("", "")


def of_microsoft(text: str) -> bool:
    """Whether the reply has a number, the name of a list or an address of help that only Microsoft gives."""
    return bool(_OF_MICROSOFT.search(text) or _MICROSOFTS_LIST.search(text))


def is_error(text: str) -> bool:
    """Whether a text quotes a block list's error code (open resolver, too many queries, misspelt zone)."""
    low = text.lower()
    return bool(_ERROR.search(text)) or "open resolver" in low or "spamhaus.org/returnc" in low


def no_answer(text: str) -> bool:
    """Whether a text tells of a look-up of a block list that failed: the list is named, and has listed nobody."""
    return bool(_SILENT.search(text)) and not _REFUSED_BY.search(text)


def everybody_refused(settings: Iterable[Configured], *, ours: bool) -> Configured | None:
    """Where the person says that nobody's mail gets in; `ours` is whether the text shows that their own server refused."""
    told = (each for each in settings if each.kind == "told-everybody")
    return next((each for each in told if ours or each.name == "incoming"), None)


def found_on_none(settings: Iterable[Configured]) -> Configured | None:
    """Where the person looked the address up, and says that no list has it."""
    return next((each for each in settings if each.kind == "told-not-listed"), None)


def erring(zone: str, replies: Iterable[Reply]) -> Reply | None:
    """A refusal by the same list that quotes the list's error code: who asks like that takes every answer for a listing."""
    failing = (each for each in replies if zone and each.failing and is_error(each.whole))
    return next((each for each in failing if list_named(each.whole)[1] == zone), None)


def list_named(text: str) -> tuple[str, str, str]:
    """(name, zone, page for removals) of the list that a refusal names; empty where it names none."""
    low = text.lower()
    for words, name, usual, page in _LISTS:
        if words in low:
            return name, usual, page
    zone = zone_named(text)
    return zone, zone.lower(), ""


def zone_named(text: str) -> str:
    """The zone that a refusal names itself, as it is written; empty where it names none."""
    zone = _ZONE.search(text)
    return str(zone.group(1)) if zone else ""


def looked_up(text: str) -> str:
    """What a mail server looked up before the message came, in Postfix's words (`client host`, `helo command`, `sender address`);
    empty where it doesn't say."""
    found = _LOOKED_UP.search(text)
    return str(found.group(1)).lower() if found else ""


def query_list(ip: str, zone: str = "") -> Step:
    """A listed address gets an answer in 127.0.0.0/24; "does not exist" means that it isn't listed."""
    return look(
        "Ask the list through your own resolver, not a public one: an answer 127.0.0.x is a listing, `does not exist` "
        "is none, 127.255.255.x is an error of the query.",
        "Resolve-DnsName {query} -Type A",
        "powershell",
        query=f"{reversed_for_lookup(ip) or '<reversed-address>'}.{zone or _DEFAULT}",
    )


def find_the_source() -> Step:
    return advise(
        "Find what sent spam from the address and stop it first (an infected client behind the same NAT, an open relay, "
        "a stolen account, a newsletter): what is removed too early is soon listed again."
    )


def listed(ip: str, zone: str, answers: tuple[DnsAnswer, ...]) -> tuple[bool | None, DnsAnswer | None]:
    """What the list `zone` answered about `ip` when it was asked by hand: True listed, False not, None not told.

    A public resolver's "does not exist" tells nothing: lists don't serve them.
    """
    query = f"{reversed_for_lookup(ip)}.{zone}".lower() if ip and zone else ""
    for each in answers:
        if not query or each.name.lower().rstrip(".") != query:
            continue
        if not each.ok and each.error == "NXDOMAIN" and not public_resolver(each.server):
            return False, each
        if each.ok and any(_LISTING.search(ip) for ip in each.addresses):
            return True, each
    return None, None
