"""The recipient's domain does not exist in DNS.

## What is happening
No MX and no address record can be found for the part after the `@`, because the name itself does not exist:
it is mistyped, it was never registered, or its registration or delegation has lapsed. (A mistyped name can also exist, and be
somebody's who has no mail server: then connections to it time out.) Exchange Server says
`554 5.4.4 SMTPSEND.DNS.NonExistentDomain`, Exchange Online `550 5.4.310 DNS domain … does not exist`.

## What proves it
- public resolvers answer NXDOMAIN for the domain
- only mail to this domain fails

## Not this when
- a public resolver knows the domain and only the server's own doesn't (`dns.resolver.local-failure`)
- the name that doesn't exist is a connector's smart host (`dns.smarthost.unresolvable`)
- the lookup failed or timed out: no answer is not "does not exist"

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages
- https://learn.microsoft.com/en-us/troubleshoot/exchange/mailflow/dns-query-failed
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.dns.lookups import (
    UNUSABLE_MX,
    concerned,
    doubted,
    doubting,
    looked_up,
    missing_domain,
    nonexistent,
    of_a_record,
    of_name,
    provider_not_found,
    public_resolver,
    recipients_domains,
    resolve,
    same,
)
from diagnostics.causes.network.providers import mistyped
from diagnostics.causes.network.queues import by_smart_host, inward, outward, queue_of, told_inward
from diagnostics.causes.network.reach import by_exchange_online
from diagnostics.causes.recipient.lookup import NOT_HERE, UNROUTED, unrouted
from diagnostics.causes.stories import told_as
from diagnostics.facts import ConnectFailed, QueueState, Reply, Said
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Configured, Told
from diagnostics.patterns import linear
from diagnostics.refusals import topics, topics_of
from diagnostics.report import Step

_NO_NAME = "The sending server found no DNS domain of the recipient's name"


_RAN_OUT = (
    "The registration of the recipient's domain has ended, as you tell it: until its owner renews it there is no name, no web "
    "site and no mail, for nobody."
)
_POSTFIX = "Host or domain name not found. Name service error"
_RECEIVERS = (
    "Recipient address rejected: Domain not found",
    "Host unknown (Name server:",
    "couldn't find any host named",
)


# What the C library says of a name, which stands in front of it.
_UNKNOWN = "Name or service not known"
_NAMED = linear(rf"(?i)[\[<(' ]([a-z0-9-]{{1,63}}(?:\.[a-z0-9-]{{1,63}})+)[\])>']{{0,2}}: {_UNKNOWN}")


_EXPIRED = "QUEUE.Expired"  # Exchange Online, and what relays through it
_NO_ADDRESS = "Failed to resolve any IP addresses for the Mail Exchange"


# Gmail's words for a name that exists, and has neither a mail server nor an address.
_NO_ANSWERS = "had no relevant answers"
# What is only said of the name that was looked for, the recipient's domain.
_BY_AMAZON = "Unable to lookup DNS for"
_HARD = (_BY_AMAZON, "DNS Hard Error", "responded with code NXDOMAIN", _NO_ANSWERS)
_NOUNS = (
    "domain",
    "unknown host",
    "host unknown",
    "host name unknown",
    "host name is unknown",
    "mail exchanger",
    "MX",
    "NXDOMAIN",
    "mail hosts",
    "mail servers",
    *_HARD,
)
_WORDED: Final = frozenset({*UNUSABLE_MX, _EXPIRED, _NO_ADDRESS, _UNKNOWN, *UNROUTED, *_NOUNS})
# The same words of another name: the sender's, or the one in the greeting.
_ELSEWHERE: Final = tuple(each.lower() for each in NOT_HERE)
_ANOTHER = (
    "sender",
    "mail from",
    "helo",
    "ehlo",
    "reverse",
    "your domain",
    "from address",
    "return",
    "envelope",
    "client",
)


@cause(
    id="dns.recipient-domain.nonexistent",
    act="sender",
    says=(
        "SMTPSEND.DNS.NonExistentDomain",
        "550 5.4.310",
        "InfoDomainNonexistent",
        _POSTFIX,
        "could not be found in Domain Name Service",
        *_RECEIVERS,
        *UNUSABLE_MX,
        *_NOUNS,
        _UNKNOWN,
        _NO_ADDRESS,
        _EXPIRED,
        *UNROUTED,
    ),
)
def assess(
    anchor: Said | DnsAnswer | ConnectFailed | Told,
    _answer: DnsAnswer | None,
    answers: tuple[DnsAnswer, ...],
    queues: tuple[QueueState, ...],
    replies: tuple[Reply, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """Who else was asked decides; a smart host's queue takes it away."""
    if isinstance(anchor, Told):
        return told_as("domain-ran-out", anchor, _RAN_OUT, _steps(""), "recipient-side", weight=1.5)
    if isinstance(anchor, DnsAnswer):
        return _from_answer(anchor, replies)
    if isinstance(anchor, ConnectFailed):
        return _of_another_name(anchor, replies)
    if anchor.signature in _WORDED:
        return _by_words(anchor, answers, replies, settings)
    queue = queue_of(anchor, queues)
    if queue and by_smart_host(queue):
        because = (
            f"The queue leads to the smart host {queue.next_hop or 'of a connector'}, not to a recipient's domain."
        )
        return Finding(Belief.RULED_OUT, because, (queue,))
    if queue and inward(queue):
        because = (
            f"The queue leads to {queue.next_hop or 'a server'} inside the organization, not to a recipient's domain."
        )
        return Finding(Belief.RULED_OUT, because, (queue,))
    by_mx = queue.next_hop if queue and outward(queue) else ""
    domain = missing_domain(anchor.text) or by_mx or _recipient_domain(anchor, replies)
    if anchor.signature == _POSTFIX and (_next_hop(anchor, replies) or _is_relay(domain, settings)):
        return None
    if provider_not_found(anchor.text):
        return None  # that one exists: the resolver is at fault
    if not domain and told_inward(settings):
        return None
    doubt = doubted(answers, settings)
    return _weighed(anchor, domain, of_name(answers, domain) if domain else list(answers), by_mx, doubt)


@shown
def lookups(answers: tuple[DnsAnswer, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """Whether anybody knows the domain. One resolver that doesn't may be at fault itself; a public one isn't."""
    named = recipients_domains(replies)
    # Without a recipient, only a question for the mail server of a name was for sure one for a domain.
    asked = [each for each in concerned(answers, replies) if named or each.asked == "MX" or each.values("MX")]
    known = next((each for each in asked if each.ok and each.values("MX", "A", "AAAA", "NS")), None)
    if known:
        return _known(known)
    gone = [each for each in asked if nonexistent(each)]
    public = next((each for each in gone if public_resolver(each.server)), None)
    twice = [each for each in gone if sum(same(each.name, other.name) for other in gone) > 1]
    if public is None and not twice:
        return None
    proof = public or twice[0]
    because = f"`{proof.name}` does not exist according to {proof.server or 'both resolvers that were asked'}"
    meant = mistyped(proof.name)
    because += f"; it reads like a mistyped `{meant}`." if meant else "."
    return Finding(Belief.CONFIRMED if public else Belief.LIKELY, because, (proof,), _steps(proof.name))


def _known(known: DnsAnswer) -> Finding:
    by = f"the resolver {known.server}" if known.server else "a resolver"
    return Finding(Belief.RULED_OUT, f"{by[0].upper()}{by[1:]} knows {known.name}: the domain exists.", (known,))


def _by_words(
    said: Said, answers: tuple[DnsAnswer, ...], replies: tuple[Reply, ...], settings: tuple[Configured, ...]
) -> Finding | None:
    """What is not said of the next hop of a queue."""
    if said.signature == _EXPIRED:
        return _inside_only(said, settings)
    if said.signature == _NO_ADDRESS or said.signature in UNUSABLE_MX:
        return _without_address(said, replies)
    if said.signature == _UNKNOWN:
        return _looked_for(said, replies)
    if said.signature in UNROUTED:
        return _without_a_way(said, answers, replies)
    return _in_other_words(said, answers, replies, doubted(answers, settings))


def _of_another_name(failed: ConnectFailed, replies: tuple[Reply, ...]) -> Finding | None:
    """A mistyped name may exist: it is somebody's who waits for such slips, or has no mail server."""
    mine = (each.recipient.rpartition("@")[2] for each in replies if each.source == failed.source)
    name = next((each for each in (*mine, failed.host) if mistyped(each)), "").lower()
    if not name:
        return None
    because = f"`{name}` reads like a mistyped `{mistyped(name)}`: look at the address. Such a name can exist in DNS and have no "
    because += "mail server."
    return Finding(Belief.POSSIBLE, because, (failed,), _steps(name), weight=2.2)


def _inside_only(said: Said, settings: tuple[Configured, ...]) -> Finding | None:
    """The Internet knows no .internal or .local: a sender outside tries until the message expires."""
    told = next((each for each in settings if each.kind == "inside-recipient"), None)
    if told is None:
        return None
    because = (
        f"`{told.name}` is a name for the inside of a network: no server on the Internet finds it, so a message from "
    )
    because += "outside waits until it expires. The recipient needs an address in a domain of the Internet."
    return Finding(Belief.POSSIBLE, because, (said, told), _steps(told.name), weight=2.4)


def _without_address(said: Said, replies: tuple[Reply, ...]) -> Finding:
    """The mail server that DNS names has no address: that of a domain which receives no mail, or which nobody keeps."""
    name = _recipient_domain(said, replies)
    meant = mistyped(name)
    because = f"No address was found for a mail server of {f'`{name}`' if name else 'the domain'}: it has none, or takes no mail."
    because += f" It reads like a mistyped `{meant}`: look at the address." if meant else ""
    return Finding(Belief.POSSIBLE, because, (said,), _steps(name), weight=2.0 if meant else 1.3)


def _without_a_way(said: Said, answers: tuple[DnsAnswer, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """Exim says the same of a domain that DNS does not know and of an unknown user of its own domains."""
    name = _recipient_domain(said, replies)
    if not unrouted(said, replies):
        return None
    known = next((each for each in of_name(answers, name) if each.ok), None)
    if known:
        return Finding(Belief.RULED_OUT, f"DNS knows {known.name}: the domain exists.", (known,))
    meant = mistyped(name)
    because = (
        f"Exim found no way for the address: mostly DNS has no mail server for {f'`{name}`' if name else 'its domain'}."
    )
    because += f" It reads like a mistyped `{meant}`: look at the address." if meant else ""
    return Finding(Belief.POSSIBLE, because, (said,), _steps(name), weight=1.2)


def _looked_for(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    """A gateway looked for the recipient's domain itself, not for a server that it is set to."""
    found, domain = _NAMED.search(said.text), _recipient_domain(said, replies)
    if not found or not domain or str(found.group(1)).lower() != domain.lower():
        return None
    because = f"The mail system that gave up found no `{domain}` in DNS: look for a typing error in the address."
    return Finding(Belief.LIKELY, because, (said,), _steps(domain), weight=1.3)


def _in_other_words(
    said: Said, answers: tuple[DnsAnswer, ...], replies: tuple[Reply, ...], doubt: Configured | DnsAnswer | None
) -> Finding | None:
    """Other mail systems say it in words of their own."""
    if said.signature not in _HARD and (
        "no-domain" not in topics(said) or any(each in said.text.lower() for each in (*_ANOTHER, *_ELSEWHERE))
    ):
        return None
    if "no-answer" in topics(said) or _POSTFIX in said.text or provider_not_found(said.text):
        return None
    domain = _recipient_domain(said, replies) or looked_up(said.text)
    known = next((each for each in of_name(answers, domain) if each.ok), None) if domain else None
    if known:
        return _known(known)
    if published := _mailless(domain, replies):
        because = f"DNS knows {domain}: it publishes a null MX, by which a domain states that it receives no mail."
        return Finding(Belief.RULED_OUT, because, (published,))
    meant = mistyped(domain)
    because = f"The receiving side finds no domain or mail server of the name {domain or 'of the recipient'} in DNS."
    if meant:
        because += f" It reads like a mistyped `{meant}`: look at the address."
    elif doubt:
        because += f" But {doubting(doubt)}, so the resolver that was asked may be at fault."
        return Finding(Belief.POSSIBLE, because, (said, doubt), _steps(domain), weight=1.0)
    return Finding(Belief.LIKELY, because, (said,), _steps(domain), weight=1.2)


def _mailless(domain: str, replies: tuple[Reply, ...]) -> Reply | None:
    """The reply that tells of a null MX of `domain`: whoever sends to it "can't find" it in the words for people."""
    mine = (each for each in replies if same(each.recipient.rpartition("@")[2], domain))
    return next((each for each in mine if "null-mx" in topics_of(each.whole)), None)


def _weighed(
    said: Said, domain: str, asked: list[DnsAnswer], by_mx: str, doubt: Configured | DnsAnswer | None
) -> Finding:
    known = next((each for each in asked if each.ok), None)
    if known:
        return _known(known)
    gone = next((each for each in asked if nonexistent(each) and public_resolver(each.server)), None)
    name = domain or (gone.name if gone else "")
    who = "Exchange Online" if by_exchange_online(said.text) else said.by or "The sending server"
    because = f"{who} found no DNS domain `{name}`" if name else _NO_NAME
    if gone:
        return Finding(Belief.CONFIRMED, f"{because}, and {gone.server} says the same.", (said, gone), _steps(domain))
    meant = mistyped(name)
    because += f"; it reads like a mistyped `{meant}`." if meant else "; look for a typing error in it."
    if doubt and not meant and not by_exchange_online(said.text):
        because = f"{who} found no DNS domain of the recipient's name; but {doubting(doubt)}, so the resolver may be at fault."
        return Finding(Belief.POSSIBLE, because, (said, doubt), _steps(domain), weight=1.0)
    if missing_domain(said.text):
        return Finding(Belief.CONFIRMED, because, (said,), _steps(domain))
    if "mail.protection.outlook.com" in said.text.lower() and not by_exchange_online(said.text):
        because = "A name under mail.protection.outlook.com was looked for, which is a tenant's host and no recipient's domain."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(domain), weight=0.6)
    # An immediate 554 comes from the recipient's own domain; a smart host's name is tried again and again.
    worded = "554 5.4.4" in said.text or said.signature in _RECEIVERS
    belief = Belief.LIKELY if worded or by_mx else Belief.POSSIBLE
    return Finding(belief, because, (said,), _steps(domain), weight=1.5)


def _from_answer(answer: DnsAnswer, replies: tuple[Reply, ...]) -> Finding | None:
    """A look-up alone, typed by hand: the name is gone, whether mail was sent to it or not."""
    mine = [r for r in replies if same(r.recipient.rpartition("@")[2], answer.name)]
    if not nonexistent(answer) or of_a_record(answer) or (replies and not mine):
        return None
    by = answer.server or "the resolver"
    because = f"`{answer.name}` does not exist according to {by}."
    failed = next((r for r in mine if r.failing), None)
    belief = Belief.LIKELY if failed and public_resolver(answer.server) else Belief.POSSIBLE
    return Finding(belief, because, (answer, failed), _steps(answer.name), weight=1.2)


def _next_hop(said: Said, replies: tuple[Reply, ...]) -> bool:
    """Whether the name that Postfix could not find is another than the recipient's domain, or was not answered at all."""
    name, domain = missing_domain(said.text), _recipient_domain(said, replies)
    return not name or bool(domain and not same(name, domain) and not same(domain, name.partition(".")[2]))


def _is_relay(name: str, settings: tuple[Configured, ...]) -> bool:
    """Whether the name that was not found is the relay host of the system's own settings."""
    return any(each.kind == "relayhost" and same(each.name, name) for each in settings)


def _recipient_domain(said: Said, replies: tuple[Reply, ...]) -> str:
    mine = (r.recipient.rpartition("@")[2].lower() for r in replies if r.source == said.source and r.recipient)
    return next(mine, "")


def _steps(domain: str) -> tuple[Step, ...]:
    return (
        resolve(domain),
        look(
            "See whether the domain is registered and delegated at all.",
            "Resolve-DnsName {domain} -Type NS -Server 1.1.1.1",
            "powershell",
            domain=domain,
        ),
        look(
            "List the messages that wait for such a domain, to tell their senders.",
            "Get-Queue -Filter \"Status -eq 'Retry'\" | Get-Message | Format-List FromAddress,Recipients,LastError",
        ),
    )
