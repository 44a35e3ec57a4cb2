"""The mail server can't use its DNS resolver.

## What is happening
Transport's look-ups fail for all or most names: the configured DNS server is down, blocked or not recursive;
or transport is bound to a network adapter that gives it no DNS servers. The second happens when an adapter's
GUID is pinned in the transport service and the adapter was replaced, and on Exchange 2013 and 2016 when
"Register this connection's addresses in DNS" is cleared on the adapter (`RegisterThisConnectionsAddress`,
KB3007623). Then nslookup works and transport doesn't, and messages stay in Drafts, because internal
submission needs DNS too.

## What proves it
- the server's own resolver fails for a name that a public resolver knows
- the queues of every external destination show `DNS query failed`
- the server refuses who delivers to it because it finds no such name (`Helo command rejected: Host not found`), and that name is
  a great provider's own, or resolves elsewhere: Postfix in a chroot lacks resolv.conf there, a container has no DNS

## Not this when
- only one or two domains fail, while others flow (`dns.resolver.aaaa-broken-remote`, or that domain's own
  DNS)
- Exchange Online reports the failure (4.4.312): then it is the destination's DNS

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/mailflow/dns-query-failed
- https://learn.microsoft.com/en-us/exchange/troubleshoot/mailflow/dns-query-failed-error-when-email-stuck-in-draft
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-transportservice
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.connector.turned_away import (
    NAMELESS_CLIENT,
    in_brackets,
    inside_address,
    nameless_servers,
    refusing_here,
    refusing_many,
    turned_away,
    turned_away_for,
)
from diagnostics.causes.dns.lookups import (
    UNKNOWN_SENDER,
    UNRESOLVED,
    dns_failures,
    doubting,
    nonexistent,
    of_name,
    provider_not_found,
    public_resolver,
    resolve,
    restart_transport,
    reverse,
    same,
    same_question,
    sender_domain,
    timed_out,
    unanswered,
)
from diagnostics.causes.network.providers import has_mailboxes, of_provider, submission_host
from diagnostics.causes.network.queues import flowing, outward, queue_of, told_of
from diagnostics.causes.network.reach import by_exchange_online
from diagnostics.causes.reputation.lists import NAMED, no_answer
from diagnostics.facts import Fact, QueueState, Reply, Said, Session
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step
from diagnostics.text import short

_NO_BACK_END = "Please try again later. PRX2"


# What an application's resolver says, and other mail systems
_LIBRARIES = (
    "Temporary failure in name resolution",
    "EAI_AGAIN",
    "EREFUSED",
    "ESERVFAIL",
    "queryA ETIMEOUT",
    "queryMx ETIMEOUT",
    "server misbehaving",
)
_OTHERS = (
    "Temporary lookup failure",
    "host name lookup failure",
    "host lookup did not complete",
    "lookup failed temporarily",
    "DNS Soft Error",
    "Temporary DNS",
    "DNS server failure",
    "TLSA lookup error for",
    "DNS server did not respond",
    "A DNS failure occurred at the Send connector",
)
# Said of a domain that does not exist; of a great provider's, it is said by a resolver that is blind.
_UNKNOWN_DOMAIN = (
    "Recipient address rejected: Domain not found",
    "Name service error",
    "Host unknown (Name server:",
    "couldn't find any host named",
    "mail hosts",
    "domain",
)
# Said of whoever delivers to this server; of a great provider's servers only a blind resolver says so.
_UNKNOWN_GREETING = "Helo command rejected: Host not found"
_UNKNOWN_CLIENT = (_UNKNOWN_GREETING, *NAMELESS_CLIENT)
_UNBOUND = (
    "MSExchangeMTA 9318"  # Exchange 5.5 to 2003: a server of the site that the MTA can't reach by RPC, under its name
)
_SEVERAL = 2  # names of providers
_MOST_QUEUES = 20
_MOST_SHOWN = 3  # servers that this one refuses


@cause(
    id="dns.resolver.local-failure",
    act="on-prem",
    says=(
        "DNS query failed",
        "DNS server returned ErrorRetry",
        "DNS server returned ErrorTimeout",
        "SMTPSEND.DNS.NonExistentDomain",
        *_UNKNOWN_DOMAIN,
        *UNKNOWN_SENDER,
        *_UNKNOWN_CLIENT,
        _NO_BACK_END,
        "Host not found, try again",
        *_LIBRARIES,
        *UNRESOLVED,
        *_OTHERS,
        *NAMED,
        _UNBOUND,
        "MSExchangeTransport 2000",
        "MSExchangeTransport 16025",
        "MSExchangeTransport 16026",
    ),
)
def assess(
    anchor: Said | Told | DnsAnswer | Configured,
    _answer: DnsAnswer | None,
    answers: tuple[DnsAnswer, ...],
    queues: tuple[QueueState, ...],
    replies: tuple[Reply, ...],
    sessions: tuple[Session, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """How many destinations fail, and what the same resolver says by hand."""
    if isinstance(anchor, Told):
        return _told(anchor)
    if isinstance(anchor, Configured):
        return _without_root(anchor)
    if isinstance(anchor, DnsAnswer):
        return None if replies else _by_hand(anchor, answers)
    return _from_words(anchor, answers, queues, replies, sessions, settings)


def _by_hand(silent: DnsAnswer, answers: tuple[DnsAnswer, ...]) -> Finding | None:
    """Look-ups alone, with no mail beside them that failed."""
    if not timed_out(silent) or public_resolver(silent.server):
        return None
    name = silent.server or "The DNS server that was asked"
    known = (each for each in answers if each.ok and public_resolver(each.server))
    theirs = next((each for each in known if same(each.name, silent.name) or not silent.name), None)
    if theirs:
        because = f"{name} gave no answer in time, while {theirs.server} knows {theirs.name}: the server's own resolver fails."
        return Finding(Belief.LIKELY, because, (silent, theirs), _steps(), weight=1.2)
    if any(each.ok for each in answers):
        return None
    because = f"{name} gave no answer in time: it is down or out of reach, or the domain's own servers keep silent. Another name "
    because += "and another resolver tell which."
    return Finding(Belief.POSSIBLE, because, (silent,), _steps(), weight=1.2)


def _from_words(
    said: Said,
    answers: tuple[DnsAnswer, ...],
    queues: tuple[QueueState, ...],
    replies: tuple[Reply, ...],
    sessions: tuple[Session, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    if by_exchange_online(said.text):
        return None
    doubt = next((each for each in settings if each.kind == "told-lookup-doubt"), None)
    if said.signature in NAMED or no_answer(said.text):
        return _list_unheard(said)
    if said.signature == _UNBOUND:
        return _unbound(said, settings)
    if said.signature in UNKNOWN_SENDER:
        return _blind_to_senders(said)
    if said.signature in _UNKNOWN_DOMAIN:
        return _blind(said) or _doubtful(said, doubt)
    if said.signature in UNRESOLVED:
        return _blind_client(said, settings)
    if said.signature in _UNKNOWN_CLIENT:
        return _blind_to_clients(said, answers, replies, sessions) or _refusing(said, replies, settings)
    contrast = _contrast(answers)
    if contrast:
        return Finding(Belief.CONFIRMED, _apart(contrast), (said, *contrast), _steps())
    if "NonExistentDomain" in said.text:
        return _unknown_here(said, answers, doubt)
    if works := _works(said, queues, replies, settings):
        return works
    failures = dns_failures(replies)
    if len({each.host or each.source for each in failures}) > 2:
        because = f"{len(failures)} queues fail with DNS errors and none flows: the resolver is what they share."
        return Finding(Belief.LIKELY, because, (said, *failures[:3]), _steps(), weight=1.5)
    return _open(said, answers)


def _without_root(log: Configured) -> Finding | None:
    """The resolver's own log: what it asks of the root does not validate, so no name can be resolved."""
    if log.kind != "resolver-log" or log.get("Fault") != "root":
        return None
    whose = "the root" if log.name in ("", ".") else f"`{log.name}`"
    because = f"The resolver's log says that answers of {whose} do not validate: its trust anchor is old, its clock is wrong, or "
    because += "something in between answers what it asks. Then no name resolves."
    return Finding(Belief.LIKELY, because, (log,), _relay_steps("gmail.com"), weight=1.6)


def _list_unheard(said: Said) -> Finding | None:
    """A look-up of a block list that failed: nothing but DNS is asked in it."""
    if not no_answer(said.text):
        return None
    because = (
        "The mail server's look-ups of a block list get no answer: its resolver fails, if other names don't resolve "
    )
    because += "either, or the list does not serve that resolver."
    return Finding(Belief.POSSIBLE, because, (said,), _relay_steps("gmail.com"), weight=1.7)


@shown
def lookups(answers: tuple[DnsAnswer, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """A name that others know and the own resolver doesn't. That it knows the name by hand tells nothing of transport, which may
    be bound to another adapter."""
    failed = [each for each in replies if each.failing]
    if any(by_exchange_online(each.whole) for each in failed):
        return None
    contrast = _contrast(tuple(each for each in answers if each.error != "no records"))  # an answer as good as any
    if contrast is None:
        return None
    return Finding(Belief.CONFIRMED if failed else Belief.LIKELY, _apart(contrast), contrast, _steps())


def _apart(contrast: tuple[DnsAnswer, DnsAnswer]) -> str:
    mine, theirs = contrast
    because = f"The server's own resolver failed for {mine.name} ({mine.error or 'no answer'}), "
    return because + f"while {theirs.server} resolved it."


def _works(
    said: Said, queues: tuple[QueueState, ...], replies: tuple[Reply, ...], settings: tuple[Configured, ...]
) -> Finding | None:
    """What shows, or tells, that the server finds other names."""
    failing = queue_of(said, queues)
    fine = flowing(queues, failing)
    beyond = _beyond(failing, queues, replies)
    others = next((each for each in settings if each.kind == "told-others"), None)
    proof: tuple[Fact | None, ...]
    if fine:
        because, proof = (
            f"Other destinations work: the queue to {fine.next_hop or fine.identity} is {fine.status}.",
            (said, fine),
        )
    elif beyond:
        because = f"Other names resolve: the queue to {beyond[0].next_hop} got as far as `{short(beyond[1].text)}`."
        proof = (said, *beyond)
    elif others:
        because, proof = "Mail to others goes out, as you say, so their names resolve here.", (said, others)
    else:
        return None
    return Finding(Belief.POSSIBLE, because, proof, _steps(), weight=0.4)


def _beyond(
    failing: QueueState | None, queues: tuple[QueueState, ...], replies: tuple[Reply, ...]
) -> tuple[QueueState, Reply] | None:
    """Another queue to the outside that fails with what only a host says that was found by its name."""
    for each in queues[:_MOST_QUEUES]:
        if each is failing or not outward(each) or (failing and each.next_hop == failing.next_hop):
            continue
        mine = told_of(each, replies, queues)
        if mine and not dns_failures(mine):
            return each, mine[0]
    return None


def _told(told: Told) -> Finding | None:
    """What a person tells, with nothing pasted, makes it possible at most."""
    if told.story != "stays-in-drafts":
        return None
    because = "What is sent in Outlook on the web stays in Drafts, as you tell it: the mailbox server finds no server to hand it "
    because += "to. Its adapter's DNS servers, or an adapter that is not registered in DNS, do that."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(), "on-prem", weight=1.4)


def _unbound(said: Said, settings: tuple[Configured, ...]) -> Finding | None:
    """Many faults keep a server from binding; of names that come and go it speaks only where somebody tells it."""
    told = next((each for each in settings if each.kind == "told-name-at-times"), None)
    if told is None:
        return None
    because = (
        "The transfer agent can't reach another server by RPC, and servers are not always found by name, as is told: "
    )
    because += "one of the DNS servers that this server asks is gone or lacks the records."
    return Finding(Belief.POSSIBLE, because, (said, told), _steps(), weight=1.5)


def _blind(said: Said) -> Finding | None:
    """A provider that the whole world finds is not found here."""
    name = provider_not_found(said.text)
    if not name:
        return None
    because = (
        f"`{name}` was not found, a provider's domain that exists: the DNS servers that this mail system asks do not "
    )
    because += "answer, or it has no way out to them (a container without a network, a firewall)."
    return Finding(Belief.LIKELY, because, (said,), _steps(), weight=1.7)


def _blind_to_senders(said: Said) -> Finding | None:
    """Who refuses a sender of a great provider for a domain that is not found sees no DNS; of any other domain it may, for what
    Postfix defers."""
    name = sender_domain(said.text)
    if has_mailboxes(name):
        because = f"`{name}`, the sender's domain, was not found, and it exists: the DNS servers that {said.by or 'the server'} "
        because += "asks, which refused, do not answer (a container without DNS, a chroot without its resolv.conf)."
        return Finding(Belief.LIKELY, because, (said,), _relay_steps(name), weight=1.7)
    if not said.text.lstrip().startswith("4"):
        return None
    because = (
        "The sender's domain was not found for now: if other senders' domains aren't either, the DNS servers that the "
    )
    because += "refusing server asks are at fault."
    return Finding(Belief.POSSIBLE, because, (said,), _relay_steps(name), weight=0.9)


def _blind_client(said: Said, settings: tuple[Configured, ...]) -> Finding | None:
    """An application that finds no address for a server that all customers of a provider send through."""
    host = submission_host(said, settings) if said.kind in ("client", "stray", "log") else ""
    if not host:
        return None
    because = (
        f"The application found no address for `{host}`, which exists: the DNS servers that its machine asks do not "
    )
    because += "answer, all the time or now and then, or it has no way out to them."
    return Finding(Belief.LIKELY, because, (said,), _relay_steps(host), weight=1.7)


def _blind_to_clients(
    said: Said, answers: tuple[DnsAnswer, ...], replies: tuple[Reply, ...], sessions: tuple[Session, ...]
) -> Finding | None:
    """The server refuses servers that the whole world takes mail from. A name can be borrowed, so one alone, without its
    provider's sender behind it, proves little; a reverse name hangs on the address besides."""
    silent = next((each for each in reverse(answers) if unanswered(each) and not public_resolver(each.server)), None)
    if silent and said.signature != _UNKNOWN_GREETING:
        because = f"The server finds no name of the address, and the DNS server {silent.server}, asked for it by hand, finds out "
        because += "nothing at all: that there is no such name it would say."
        return Finding(Belief.POSSIBLE, because, (said, silent), _relay_steps(silent.name), weight=1.8)
    client = turned_away(said, replies, sessions)
    if client is None:
        return None
    known = next((each for each in of_name(answers, client.greeting) if each.ok and each.addresses), None)
    if known and said.signature == _UNKNOWN_GREETING:
        because = f"The server does not find `{client.greeting}`, yet a look-up does: the DNS servers that the mail system asks "
        because += "do not answer it (a chroot without its resolv.conf, a container without DNS)."
        return Finding(Belief.LIKELY, because, (said, known), _relay_steps(client.greeting), weight=1.7)
    name = client.provider if said.signature == _UNKNOWN_GREETING else client.provider_server
    if not name:
        return None
    because = f"The server does not find the name of a client that greets as `{name}`, a provider's server that the "
    because += (
        "whole world finds: its own DNS look-ups fail (a chroot without its resolv.conf, a container without DNS)."
    )
    others = {each.provider_server for each in turned_away_for(_UNKNOWN_CLIENT, replies) if each.provider_server}
    sure = len(others) >= _SEVERAL or (said.signature == _UNKNOWN_GREETING and of_provider(client.sender))
    belief = Belief.LIKELY if sure else Belief.POSSIBLE
    return Finding(belief, because, (said,), _relay_steps(name), weight=1.7)


def _refusing(said: Said, replies: tuple[Reply, ...], settings: tuple[Configured, ...]) -> Finding | None:
    """No name is found of the addresses of many senders, or of those that one's own server should take mail from. Postfix says
    the same, with 450, where there is no name and where nothing answers."""
    if inside_address(said) or said.text.lstrip().startswith("5"):
        return None
    many, here = refusing_many(settings), refusing_here(settings)
    steps = _relay_steps(next(reversed(in_brackets(said.text)), ""))
    because = "The server finds no name of who delivers to it"
    if many:
        because += ", and it refuses many senders, as you say, who can't all lack one: its own DNS look-ups fail."
        belief = Belief.LIKELY if here or many.name == "incoming" else Belief.POSSIBLE
        return Finding(belief, because, (said, many), steps, weight=1.7)
    if servers := nameless_servers(replies):
        because += f": {len(servers)} organizations' servers, which hardly all lack one. Its own DNS look-ups fail."
        return Finding(Belief.POSSIBLE, because, servers[:_MOST_SHOWN], steps, weight=1.7)
    if here is None:
        return None
    because += (
        ", and it is your own, as you say: if it is so with other senders too, its own DNS look-ups fail (a container "
    )
    because += "without DNS, a resolver that can't reach the Internet)."
    return Finding(Belief.POSSIBLE, because, (said, here), steps, weight=1.7)


def _relay_steps(name: str) -> tuple[Step, ...]:
    return (
        look(
            "On the mail server (in its container): does its resolver know the name, and does the chroot of Postfix have the "
            "same settings?",
            "getent hosts {name:token}; postconf -Mf smtp/inet; diff /etc/resolv.conf /var/spool/postfix/etc/resolv.conf",
            "bash",
            name=name,
        ),
        change(
            "Give the chroot its files, or run smtpd without it (n in the chroot column of master.cf); give a container a DNS "
            "server that answers.",
            "",
            shell="portal",
            changes="resolv.conf, hosts and nsswitch.conf below /var/spool/postfix/etc, or the chroot column of master.cf: "
            "Postfix then reads the same DNS servers as the system.",
            undo="Put the former files or the former column back, and reload.",
            verify="The next delivery of that provider is taken; the log shows its name in place of unknown.",
        ),
    )


def _doubtful(said: Said, doubt: Configured | None) -> Finding | None:
    """Another system's words for a domain that does not exist, beside a reason to doubt them."""
    if said.signature == "domain" or "Malformed" in said.text:
        return None
    if doubt is None:
        because = "The domain was not found. If others find it, or none is found, the DNS servers that are asked are at fault."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.0)
    because = (
        f"A domain was not found, but {doubting(doubt)}: one of the DNS servers that are asked may answer wrongly."
    )
    return Finding(Belief.POSSIBLE, because, (said, doubt), _steps(), weight=1.4)


def _open(said: Said, answers: tuple[DnsAnswer, ...]) -> Finding:
    own = next((each for each in answers if each.ok and not public_resolver(each.server)), None)
    if said.signature == _NO_BACK_END:
        if own:
            because = f"The server's resolver knows {own.name}, so it does answer."
            return Finding(Belief.RULED_OUT, because, (own,))
        because = "PRX2: the front end found no back end; a DNS server that does not always answer does that too."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.1)
    if own:
        because = f"The server's resolver knows {own.name} by hand, yet transport's own look-up failed: "
        because += "transport may be bound to another adapter, or cannot read this one's DNS servers."
        return Finding(Belief.POSSIBLE, because, (said, own), _steps(), weight=1.4)
    if said.signature in (*_LIBRARIES, *_OTHERS):
        because = "The sending side's DNS servers gave no answer; whether that is so for every name is not told yet."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.6)
    because = "Transport's DNS look-up got no usable answer; whether it fails for every name is not told yet."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.6)


def _unknown_here(said: Said, answers: tuple[DnsAnswer, ...], doubt: Configured | None) -> Finding:
    """Transport was told that a domain does not exist, which a public resolver knows."""
    known = next((each for each in answers if each.ok and public_resolver(each.server)), None)
    silent = next((each for each in answers if timed_out(each) and not public_resolver(each.server)), None)
    if silent:
        because = f"Transport was told that the domain does not exist, and by hand {doubting(silent)}"
        because += ": it is not the domain that is at fault."
        return Finding(Belief.LIKELY, because, (said, silent), _steps(), weight=1.7)
    if known is None and doubt:
        because = (
            f"Transport was told that the domain does not exist, but {doubting(doubt)}: one of the DNS servers that "
        )
        because += "it asks, such as that of another adapter, may answer wrongly."
        return Finding(Belief.POSSIBLE, because, (said, doubt), _steps(), weight=1.7)
    if known is None:
        because = (
            "Transport was told that the domain does not exist; if that happens with every domain, the DNS servers "
        )
        because += "that it asks answer wrongly."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.0)
    because = (
        f"Transport was told that the domain does not exist, yet {known.server} knows {known.name}: the DNS servers "
    )
    because += "that transport asks answer wrongly, or an internal zone hides the public one."
    return Finding(Belief.POSSIBLE, because, (said, known), _steps(), weight=1.5)


def _contrast(answers: tuple[DnsAnswer, ...]) -> tuple[DnsAnswer, DnsAnswer] | None:
    """The same name, failed by our resolver and known to a public one."""
    for mine in answers:
        if mine.ok or public_resolver(mine.server) or nonexistent(mine):
            continue
        known = (a for a in of_name(answers, mine.name) if a.ok and public_resolver(a.server))
        theirs = next((each for each in known if same_question(mine, each)), None)
        if theirs:
            return mine, theirs
    return None


def _steps() -> tuple[Step, ...]:
    return (
        resolve("gmail.com"),
        look(
            "See which DNS servers and adapter transport uses, and whether the adapter registers its addresses in DNS.",
            "Get-TransportService | Format-List Name,ExternalDNS*,InternalDNS*; "
            "Get-DnsClient | Format-Table InterfaceAlias,RegisterThisConnectionsAddress; "
            "Get-DnsClientServerAddress -AddressFamily IPv4 | Format-List InterfaceAlias,ServerAddresses",
        ),
        change(
            "If the adapter does not register its addresses in DNS, switch that on (Exchange 2013 and 2016, "
            "mail stays in Drafts).",
            "Set-DnsClient -InterfaceAlias {adapter} -RegisterThisConnectionsAddress $true",
            shell="powershell",
            changes="The adapter registers its addresses in DNS, and transport can read its DNS servers.",
            undo="The same with $false.",
            verify="After a restart of transport the queues resolve their destinations, and Drafts empties.",
            adapter="",
        ),
        change(
            "If an adapter is pinned, or its servers are wrong, name the domain controllers' DNS for "
            "internal look-ups.",
            "Set-TransportService {server} -InternalDNSAdapterEnabled $false -InternalDNSServers {domain_controller}",
            changes="Transport asks this server for internal names. Never name a public resolver here.",
            undo="Set-TransportService with the values that the second step printed.",
            verify="The queues' LastError no longer speaks of DNS.",
            server="",
            domain_controller="",
        ),
        restart_transport("The queues drain, and messages leave Drafts."),
    )
