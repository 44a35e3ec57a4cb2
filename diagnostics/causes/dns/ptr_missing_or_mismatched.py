"""The address that sends has no reverse DNS record, or one that does not lead back.

## What is happening
Many receivers look up the name of the connecting address (PTR) and whether that name leads back to it. Where that fails
they refuse or defer: `550 5.7.25`, `450 4.7.25 Client host rejected: cannot find your hostname`, Gmail's `does not have a
PTR record setup`. The record belongs to whoever owns the address, mostly the Internet provider. IPv6 addresses often
have none, and Exchange uses IPv6 as soon as it can; a changed provider or NAT rule does the same.

## What proves it
- the refusal, and a look-up of the address that finds no name or a name with another address
- Microsoft's Remote Connectivity Analyzer finds no PTR record: it shows the record, not that mail is refused for it
- a look-up by hand finds no name of an address (a hint)

## Not this when
- name and address lead to each other, and the refusal speaks of the name in EHLO (`protocol.helo.invalid-domain`)
- a server of one's own refused a device of one's own: it should log on (`auth-smtp.client.not-authenticated`)
- the refusal calls the name generic or dynamic: then the address block's reputation is meant

## References
- https://support.google.com/a/answer/81126
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
- https://www.iana.org/assignments/smtp-enhanced-status-codes/smtp-enhanced-status-codes.xhtml
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.connector.heard import heard
from diagnostics.causes.connector.turned_away import (
    NAMELESS_CLIENT,
    Client,
    in_brackets,
    inside_address,
    nameless_servers,
    own_client,
    refusing_here,
    refusing_many,
    turned_away,
)
from diagnostics.causes.dns.lookups import addresses_of, nonexistent, reverse, unanswered
from diagnostics.causes.network.reach import is_ipv6, kind_of
from diagnostics.causes.reputation.addresses import blamed, without_tried
from diagnostics.facts import Reply, Said, Session
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.refusals import topics
from diagnostics.report import Step

_TOLD: Final = (
    "ptr record",
    "must have a reverse dns",
    "no reverse dns",
    "reverse dns lookup fail",
    *NAMELESS_CLIENT,
    "reverse dns record",
    "missing reverse dns",
    "does not have a reverse",
    "valid reverse dns",
    "no rdns",
    "bad dns ptr",
    "no ptr",
    "missing ptr",
    "reverse dns entry",
    "reverse dns failed",
    "ip name lookup failed",
    "ip name possibly forged",
    "without reverse dns",
)
# Other words for it, which mean something else as often
_NOUNS: Final = (
    "PTR", "hostname", "host name", "DNS name", "resolve", "unresolvable", "FCrDNS", "R_DNS", "forward DNS", "client IP",
    "unverifyable", "unverifiable",
)  # fmt: skip
_ASKED = linear(r"(?i)\b(?:for|of) (?:(?:your|the|host|ip|address|client|server) ){0,3}((?:\d{1,3}\.){3}\d{1,3})\b")
_DOUBT: Final = ("generic", "dynamic")
# A refusal of addresses that providers hand out: a generic name is one of the things by which those are known.
_HANDED_OUT: Final = ("dynamically assigned", "dynamic ip", "dynamic address", "residential")
# Postfix defers alike for a name that is not there and for one that its resolver did not get; with 5xx it is sure.
_UNSURE = linear(r"(?i)^\W{0,3}4\d\d\b.{0,80}\bcannot find your (?:reverse )?hostname")
_TOPIC: Final = "ptr"
_EITHER: Final = "ptr records and authentication"  # Gmail's words for IPv6: one of the two is missing
_OCTETS: Final = 4
_MOST_SHOWN: Final = 3  # servers that one's own refuses


@cause(
    id="dns.ptr.missing-or-mismatched",
    act="dns",
    says=(
        "5.7.25",
        "4.7.25",
        "reverse DNS",
        "PTR record",
        *NAMELESS_CLIENT,
        "reverse hostname",
        "rDNS",
        "DNS PTR",
        "no PTR",
        "missing PTR",
        "IP name lookup failed",
        "IP name possibly forged",
        "DNS reverse",
        "reverse lookup",
        "reverse look-up",
        "reverse mapping",
        "reverse resolution",
        "reverse name",
        "reverse record",
        "reverse entry",
        *_NOUNS,
        *_HANDED_OUT,
    ),
    against={
        "Helo command rejected": "judges the name that was given in HELO, not the PTR record of the address",
    },
)
def assess(
    anchor: Said | DnsAnswer,
    _answer: DnsAnswer | None,
    answers: tuple[DnsAnswer, ...],
    replies: tuple[Reply, ...],
    sessions: tuple[Session, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """The receiver's own words; a look-up by hand shows whether name and address lead to each other."""
    if isinstance(anchor, DnsAnswer):
        return None if replies else _nameless(anchor)
    return _refused(anchor, answers, replies, sessions, settings)


@shown
def lookups(answers: tuple[DnsAnswer, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """The reverse name of the address that was refused; where no refusal names one, of the one that somebody looked up for us."""
    blamed_ones = {ip for each in replies if each.failing and (ip := blamed(each.whole))}
    for each in reverse(answers):
        ip = _address(each)
        if kind_of(ip) != "public" or (blamed_ones and ip not in blamed_ones):
            continue
        nameless = nonexistent(each) or each.error == "no records"
        if nameless and (blamed_ones or each.source.paste):
            because = f"{each.server or 'The resolver'} knows no name of {ip}: it has no reverse DNS (PTR)."
            return Finding(Belief.CONFIRMED if blamed_ones else Belief.LIKELY, because, (each,), _steps(ip))
        if settled := _forward(None, each, ip, answers):
            return settled
    return None


def _address(answer: DnsAnswer) -> str:
    """The IPv4 address of a reverse name."""
    name = answer.name.lower()
    return ".".join(reversed(name.removesuffix(".in-addr.arpa").split("."))) if name.endswith(".in-addr.arpa") else ""


def _refused(
    said: Said,
    answers: tuple[DnsAnswer, ...],
    replies: tuple[Reply, ...],
    sessions: tuple[Session, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    low = said.text.lower()
    if said.signature in _HANDED_OUT:
        return _generic(said, answers)
    if said.signature in _NOUNS and (_TOPIC not in topics(said) or "helo" in low or "ehlo" in low):
        return None
    ip = _sender(said) or heard(said, replies, sessions).egress
    asked = reverse(answers)
    found = next((each for each in asked if each.ok), None)
    silent = next(filter(unanswered, asked), None)
    missing = next((each for each in asked if not each.ok and not unanswered(each)), None)
    if said.kind == "command":
        return _looked_up(said, missing)
    because = f"{said.by or 'The receiver'} refuses {ip or 'our address'} because its reverse DNS (PTR) is missing or does not "
    because += "lead back to it."
    if is_ipv6(ip):
        because += " The mail went over IPv6; the IPv4 address may well have one."
    if found and (settled := _forward(said, found, ip, answers)):
        return settled
    if _EITHER in low and not missing:
        return _either(said, found, ip)
    if not missing and (open_ := _by_hand(said, found, silent, because, ip)):
        return open_
    if not missing and (open_ := _here(said, replies, sessions, settings, ip)):
        return open_
    told = any(words in low for words in _TOLD) and not any(words in low for words in _DOUBT)
    if told and not missing and _UNSURE.search(said.text):
        because += " Postfix says the same, with 450, where its own resolver fails."
        return Finding(Belief.LIKELY, because, (said,), _steps(ip), weight=1.5)
    if told or missing:
        return Finding(Belief.CONFIRMED, because, (said, missing), _steps(ip))
    if "7.25" in said.signature or (_TOPIC in topics(said) and not any(words in low for words in _DOUBT)):
        return Finding(Belief.LIKELY, because, (said,), _steps(ip), weight=1.3)
    because = "The refusal speaks of reverse DNS: the record of the sending address, or its generic name."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(ip), weight=1.5)


def _here(
    said: Said,
    replies: tuple[Reply, ...],
    sessions: tuple[Session, ...],
    settings: tuple[Configured, ...],
    ip: str,
) -> Finding | None:
    """What tells that the reader's own server refused, and that it may be its own look-up, or its own client."""
    client = turned_away(said, replies, sessions)
    if client and (doubt := _doubted(said, client, settings, ip)):
        return doubt
    inside = inside_address(said)
    if inside:
        because = (
            f"The client that was refused is {inside}, an address of an inside network, with which no server of the "
        )
        because += (
            "Internet comes: something in front hides the real one, or a device of your own is judged like a stranger."
        )
        return Finding(Belief.POSSIBLE, because, (said,), _steps(""), weight=1.2)
    return _perhaps_blind(said, replies, settings)


def _perhaps_blind(said: Said, replies: tuple[Reply, ...], settings: tuple[Configured, ...]) -> Finding | None:
    """One's own server that refuses what comes in: many senders can't all lack a name, and of one it may not find it."""
    many, here = refusing_many(settings), refusing_here(settings)
    proof = many or here
    if said.text.lstrip().startswith("5"):
        return None
    if servers := nameless_servers(replies):
        because = f"Your own server finds no name of {len(servers)} organizations' servers: each of them would have to lack one."
        return Finding(Belief.POSSIBLE, because, servers[:_MOST_SHOWN], _steps(""), weight=0.9)
    if proof is None:
        return None
    because = "Your own server finds no name of the address that delivers to it: the sender lacks one, or the look-up fails here."
    return Finding(Belief.POSSIBLE, because, (said, proof), _steps(""), weight=0.9 if many else 1.1)


def _by_hand(said: Said, found: DnsAnswer | None, silent: DnsAnswer | None, because: str, ip: str) -> Finding | None:
    """A look-up that finds a record, or whose DNS server finds out nothing, leaves open why the receiver refuses."""
    if found:
        because += f" A look-up finds a record ({found.name}): does that name lead back to the same address?"
        return Finding(Belief.LIKELY, because, (said, found), _steps(ip), weight=1.3)
    if silent:
        because += (
            f" By hand, the DNS server {silent.server} finds out nothing: it fails, or the address's own zone does."
        )
        return Finding(Belief.POSSIBLE, because, (said, silent), _steps(ip), weight=1.2)
    return None


def _looked_up(said: Said, missing: DnsAnswer | None) -> Finding | None:
    """A tool that tests addresses found none. Nobody has refused mail for it in this text, so it proves the record alone."""
    if missing is None:
        return None
    because = "A look-up finds no reverse DNS (PTR) of the address that sends. Many receivers refuse or distrust mail for that; "
    because += "no refusal that says so is in this text."
    return Finding(Belief.LIKELY, because, (said, missing), _steps(blamed(said.text)), weight=1.0)


def _nameless(answer: DnsAnswer) -> Finding | None:
    """A look-up typed by hand, of an address in the Internet: whose it is, and that mail was refused for it, isn't told."""
    ip = _address(answer)
    if kind_of(ip) != "public" or not nonexistent(answer):
        return None
    because = f"{answer.server or 'The resolver'} knows no name of {ip}: it has no reverse DNS (PTR). If mail leaves from that "
    because += "address, many receivers refuse or distrust it."
    return Finding(Belief.POSSIBLE, because, (answer,), _steps(ip), weight=1.2)


def _generic(said: Said, answers: tuple[DnsAnswer, ...]) -> Finding | None:
    """The provider's own name for one address among its customers' has the numbers of the address in it."""
    for each in answers:
        name = next(iter(each.values("PTR")), "")
        numbers = each.name.lower().partition(".in-addr.arpa")[0].split(".")
        if len(numbers) == _OCTETS and name and all(part in name for part in numbers):
            because = f"The address has the provider's generic name for its customers ({name}), and by such names receivers know "
            because += "addresses that are handed out to anybody: a record with the mail server's own name takes it out of them."
            return Finding(Belief.POSSIBLE, because, (said, each), _steps(""), weight=2.0)
    return None


def _doubted(said: Said, client: Client, settings: tuple[Configured, ...], ip: str) -> Finding | None:
    """The server's own log has whom it refused: a provider has such records, and a client of one's own needs none."""
    own = own_client(client, settings)
    if own:
        because = (
            f"The client that was refused is {own}. Reverse DNS is asked of foreign servers: who logs on needs none."
        )
        return Finding(Belief.POSSIBLE, because, (said,), _steps(ip), weight=1.4)
    if not client.provider_server:
        return None
    because = f"A client that greets as `{client.provider_server}` was refused for its reverse DNS. "
    because += "A provider's servers have it: the name is borrowed, or the server's own DNS fails."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(ip), weight=1.2)


def _forward(said: Said | None, found: DnsAnswer, ip: str, answers: tuple[DnsAnswer, ...]) -> Finding | None:
    """Where the reverse name was resolved too: does it lead back to the address?"""
    name = next(iter(found.values("PTR")), "")
    back = addresses_of(name, answers) if name and ip else []
    same_kind = [(each, answer) for each, answer in back if is_ipv6(each) == is_ipv6(ip)]
    if not same_kind:
        return None
    known = [each for each, _ in same_kind]
    if ip in known:
        because = f"{ip} leads to {name} and {name} back to {ip}: reverse DNS is right now."
        return Finding(Belief.RULED_OUT, because, (found, same_kind[0][1]))
    because = (
        f"The PTR record of {ip} names {name}, but {name} resolves to {', '.join(known[:3])}: it does not lead back."
    )
    return Finding(Belief.CONFIRMED, because, (found, same_kind[0][1], said), _steps(ip))


def _either(said: Said, found: DnsAnswer | None, ip: str) -> Finding:
    """A refusal that names reverse DNS and authentication in one breath."""
    because = f"{said.by or 'The receiver'} wants reverse DNS and authentication of {ip or 'our address'}, and misses one of them"
    if found:
        because += f"; a look-up finds a record ({found.name}), so rather SPF or DKIM."
        return Finding(Belief.POSSIBLE, because, (said, found), _steps(ip), weight=0.9)
    return Finding(Belief.POSSIBLE, f"{because}.", (said,), _steps(ip), weight=1.8)


def _sender(said: Said) -> str:
    """The refused address: the last public one in brackets, for the receiver's own stands before it; else the one that the
    words, or the link behind them, name."""
    known = [each for each in in_brackets(said.text) if kind_of(each) == "public"]
    asked = _ASKED.search(without_tried(said.text))
    return known[-1] if known else str(asked.group(1)) if asked else blamed(said.text)


def _steps(ip: str) -> tuple[Step, ...]:
    return (
        look(
            "Look up the address, then the name it returns; the two have to lead to each other.",
            "Resolve-DnsName {address} -Type PTR -Server 1.1.1.1; Resolve-DnsName {name_of_it} -Server 1.1.1.1",
            "powershell",
            address=ip,
            name_of_it="",
        ),
        look(
            "See which name the connectors say in EHLO, and whether they are bound to an address.",
            "Get-SendConnector | Format-List Name,Fqdn,SourceIPAddress",
        ),
        *_mend(),
    )


def _mend() -> tuple[Step, ...]:
    return (
        change(
            "Have the owner of the address (the Internet provider) set the PTR record to the server's public name, and publish "
            "that name's A or AAAA record. If the provider sets none for IPv6, send over IPv4.",
            "",
            shell="dns-record",
            changes="PTR of the address: mail.<domain>; mail.<domain> A or AAAA: the address.",
            undo="Remove the records.",
            verify="The first step shows the name from outside, and the next message is accepted.",
        ),
        change(
            "Say the same name in EHLO.",
            "Set-SendConnector {connector} -Fqdn {name}",
            changes="The connector greets other servers with this name.",
            undo="Set-SendConnector with the Fqdn that the second step printed.",
            verify="The protocol log shows EHLO with that name.",
            connector="",
            name="",
        ),
    )
