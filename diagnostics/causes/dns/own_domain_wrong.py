"""The domain's MX record leads to a server that does not take its mail.

## What is happening
Mail from outside goes where the MX record says. After a move, or with two providers in the record, that is a server which
does not host the domain (any more), and it treats the mail as somebody else's: `Relay access denied`, `550 5.4.1 Relay
Access Denied`, `Unable to relay`. Mail inside the organization is not concerned. Only whoever owns the domain's
DNS can mend it.

## What proves it
- the MX of the recipient's domain names the server that refused, and the domain's mailboxes live elsewhere
- the MX names Exchange Online and a former provider side by side, and a part of the mail from outside never arrives
- Microsoft's Remote Connectivity Analyzer finds no MX record at all for the domain (a strong hint)
- the MX names a host that does not exist, such as the one of a tenant that the domain has left
- the look-up of the domain's mail host fails, and the MX holds a name of one label (`mail.` instead of `mail.<domain>.`)
- the MX holds an IP address: some senders connect to it all the same, others look it up as a name and find none
- the MX holds a name with the domain in it twice, or a host that public DNS leads to an address inside

## Not this when
- a look-up failed, and public DNS has an address of each host in the MX
- the MX is right, and the organization there has not added the domain (`recipient.accepted-domain.missing`)
- the sender handed the mail to a smart host that may not relay for it
- `550 5.4.1 Recipient address rejected`: the domain is right, the address isn't
  (`recipient.unknown.dbeb-invalid-address`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-5-4-1-in-exchange-online
- https://learn.microsoft.com/en-us/microsoft-365/enterprise/external-domain-name-system-records
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.connector import relay
from diagnostics.causes.connector.attribution import outward
from diagnostics.causes.connector.turned_away import is_private, missing_mail
from diagnostics.causes.dns.exchangers import (
    Exchanger,
    bare_exchanger,
    exchangers,
    exchangers_of,
    is_address,
    left_behind,
    numeric_exchanger,
    organization,
)
from diagnostics.causes.dns.lookups import (
    NUMERIC_MX,
    UNKNOWN_SENDER,
    UNUSABLE_MX,
    addresses_of,
    concerned,
    dns_failures,
    nonexistent,
    public_resolver,
    recipients_domains,
    same,
    sender_domain,
)
from diagnostics.causes.network.providers import has_mailboxes
from diagnostics.causes.network.reach import by_exchange_online, kind_of
from diagnostics.causes.recipient.lookup import accepted, address, by_microsoft, domain, told_own
from diagnostics.facts import Reply, Said, SendConnector, Session
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Configured, Told
from diagnostics.patterns import linear
from diagnostics.refusals import topics
from diagnostics.report import Step

# sendmail's words for a look-up that failed for now; a domain that is not there "must exist", with a 5xx.
_FOR_NOW = linear(r"(?i)\b4\d\d\b.{0,80}(?:sender domain must resolve|does not resolve)")
# Microsoft's Remote Connectivity Analyzer, of the domain whose mail from outside was tested.
_NO_RECORD = linear(
    r"(?i)\bno MX records (?:were )?found in DNS for (?:the )?(?:SMTP )?domain '?([\w-]{1,63}(?:\.[\w-]{1,63})+)"
)
# refusals.toml tells whether the sender's domain is meant.
_NOUNS: Final = (
    "MX",
    "mail exchanger",
    "A record",
    "sender domain",
    "sender's domain",
    "from domain",
    "return path",
    "sender host",
)
# Names the address in front of its words, so that the words alone were quoted from memory.
_POSTFIX: Final = ("Sender address rejected: Domain not found",)
_NO_ANSWER: Final = ("DNS query failed", "4.4.312", "5.4.312")  # what Exchange gets for a host of one label
_EDGE: Final = "Recipient address rejected: Access denied"
_AT_GOOGLE: Final = "that you tried to reach does not exist"

NEW_DOMAIN: Final = "nothing-for-the-new-domain"  # a story


@cause(
    id="dns.mx.own-domain-wrong",
    act="dns",
    says=(*relay.FOREIGN, "Unable to relay", _EDGE, *UNKNOWN_SENDER, *UNUSABLE_MX, *_NOUNS, *_NO_ANSWER, _AT_GOOGLE),
    against={
        "Blocked by Customer Allow list": "names a list of the tenant that took the session: the mail is at the right place",
    },
)
def assess(
    said: Said | DnsAnswer | Configured | Told,
    _answer: DnsAnswer | None,
    answers: tuple[DnsAnswer, ...],
    replies: tuple[Reply, ...],
    sessions: tuple[Session, ...],
    connectors: tuple[SendConnector, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """Does the MX of the recipient's domain lead to the server that refused?"""
    if not isinstance(said, Said):
        return _new_domain(said) if isinstance(said, Told) else _published(said, answers, replies, settings)
    if said.signature in (*UNKNOWN_SENDER, *UNUSABLE_MX, *_NOUNS):
        return _by_noun(said, replies)
    if said.signature in (*_NO_ANSWER, _AT_GOOGLE):
        google = said.signature == _AT_GOOGLE
        return _at_google(said, address(said, replies), settings) if google else _bare(said, answers, replies)
    if relay.by_google_relay(said) or (said.signature in relay.FOREIGN and not relay.foreign(said)):
        return None
    low = said.text.lower()
    own = any(s.direction == "receive" and s.source == said.source for s in sessions)
    if "5.7.64" in low or "attr" in low or own:
        return None
    name = domain(address(said, replies))
    if refuting := _refuting(said, name, connectors, settings):
        return refuting
    hosts = exchangers_of(name, answers)
    if said.signature == _EDGE:
        right = next((each for each in hosts if each.is_microsoft), None) if by_microsoft(said) else None
        because = (
            f"The MX of {right.domain} is {right.host}, and Exchange Online answered there: the mail is at the right place."
            if right
            else ""
        )
        return Finding(Belief.RULED_OUT, because, (right.answer, said)) if right else None
    online = by_microsoft(said) or "5.4.1 relay access denied" in low
    if hosts:
        return _compared(said, hosts, online)
    mine = told_own(name, settings)
    if mine and not online and "unable to relay" not in low:
        because = (
            f"`{name}` is a domain of your own, and {said.by or 'a server'} that does not host it got its mail: its MX "
        )
        because += "record leads there, or did before a move."
        return Finding(Belief.POSSIBLE, because, (said, mine), _steps(name), weight=1.9)
    who = said.by or ("Exchange Online" if online else "The server")
    because = f"{who} does not host `{name}`; " if name else f"{who} does not host the recipient's domain; "
    because += "if the MX record leads there, it is wrong or left over from before a move."
    if outward(settings) and not name:
        return Finding(Belief.POSSIBLE, because, (said, outward(settings)), _steps(name), weight=0.5)
    if said.kind == "client" and any(each.kind == "told-moved" for each in settings):
        because += " An application that is set to one host follows no MX record, though."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(name), weight=0.6)
    weight = 1.3 if online else 0.6 if "unable to relay" in low else 1.4
    return Finding(Belief.POSSIBLE, because, (said,), _steps(name), weight=weight)


def _at_google(said: Said, wanted: str, settings: tuple[Configured, ...]) -> Finding | None:
    """Who misses mail on a server of their own, and hears Google's words for an address that it does not have."""
    ours = missing_mail(settings)
    if ours is None or has_mailboxes(domain(wanted)):
        return None
    because = "Mail to you is missing, as you tell it, and Google answered that it has no such account: the MX record of your "
    because += "domain still leads there."
    return Finding(Belief.POSSIBLE, because, (said, ours), _steps(domain(wanted)), weight=1.6)


@shown
def records(answers: tuple[DnsAnswer, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """Whether the hosts in the MX can be mail servers at all. To whom they belong is another question: where a server has refused
    the domain, an address proves nothing."""
    asked = concerned(answers, replies)
    hosts = [each for each in exchangers(asked) if not each.host.endswith("...")]
    wrong = next(((each, why) for each in hosts if (why := _misspelt(each, answers))), None)
    if wrong:
        because = f"The MX of {wrong[0].domain} names `{wrong[0].host}`, {wrong[1]}."
        sure = Belief.CONFIRMED if wrong[0].domain in recipients_domains(replies) else Belief.LIKELY
        return Finding(sure, because, (wrong[0].answer,), _steps(wrong[0].domain))
    numeric = numeric_exchanger(asked)
    if numeric:
        return _numeric(numeric.answer)
    gone = next(filter(None, (_leads_nowhere(each, answers) for each in answers)), None)
    if gone:
        return gone if gone.belief is Belief.LIKELY else None
    failed = [each for each in replies if each.failing]
    if (
        not hosts
        or not failed
        or len(dns_failures(failed)) < len(failed)
        or not all(_outside(each, answers) for each in hosts)
    ):
        return None
    because = f"The MX of {hosts[0].domain} names {hosts[0].host}, and public DNS has its address."
    return Finding(Belief.RULED_OUT, because, tuple(each.answer for each in hosts[:3]))


def _misspelt(mx: Exchanger, answers: tuple[DnsAnswer, ...]) -> str:
    """What makes the host one that nobody outside can reach, for the end of a sentence; "" when nothing shows."""
    if "." not in mx.host.strip("."):
        return "a name of one label: the domain behind it was forgotten, or a dot stands at the wrong place"
    twice = any(mx.host.endswith(f".{each}.{each}") for each in (mx.domain, organization(mx.domain)))
    if twice:
        return "with the domain in it twice: the zone adds it to a name that was written without a dot at its end"
    public = [ip for ip, each in addresses_of(mx.host, answers) if public_resolver(each.server)]
    if public and all(kind_of(ip) == "internal" for ip in public):
        return f"which public DNS leads to {public[0]}, an address of an inside network"
    return ""


def _outside(mx: Exchanger, answers: tuple[DnsAnswer, ...]) -> bool:
    found = addresses_of(mx.host, (each for each in answers if public_resolver(each.server)))
    return any(kind_of(ip) in ("public", "exchange-online") for ip, _ in found)


def _new_domain(told: Told) -> Finding | None:
    if told.story != NEW_DOMAIN:
        return None
    because = "No mail arrives for a domain that was just added, as you tell it: senders go by its MX record, which names the "
    because += "host that the portal shows, and which the world sees only once former answers have run out (TTL, up to 72 hours)."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(""), weight=1.8)


def _numeric(anchor: DnsAnswer | Configured) -> Finding | None:
    """Resolvers take the value of an MX for a name, whatever it looks like."""
    numeric = numeric_exchanger((anchor,)) if isinstance(anchor, DnsAnswer) else None
    told = anchor.name if isinstance(anchor, Configured) and anchor.kind == "told-exchanger" else ""
    if numeric is None and not is_address(told):
        return None
    name, ip = (numeric.domain, numeric.host) if numeric else ("", told)
    because = (
        f"The MX record of {f'`{name}`' if name else 'the domain'} holds the address {ip}. It has to hold a host name, "
    )
    because += (
        "which in turn has an A record: some senders put up with an address, others look it up as a name and find none."
    )
    return Finding(Belief.LIKELY if numeric else Belief.POSSIBLE, because, (anchor,), _steps(name), weight=1.8)


def _leads_nowhere(missing: DnsAnswer, answers: tuple[DnsAnswer, ...]) -> Finding | None:
    """The MX names a host that does not exist, such as that of a tenant which the domain has left."""
    mx = (
        next((each for each in exchangers(answers) if same(each.host, missing.name)), None)
        if nonexistent(missing)
        else None
    )
    if mx is None:
        return None
    because = (
        f"The MX of {mx.domain} names `{mx.host}`, and that host does not exist: no server can deliver to the domain. "
    )
    assumed = (
        mx.host.rstrip(".").lower() == f"{mx.domain.rstrip('.').lower().replace('.', '-')}.mail.protection.outlook.com"
    )
    because += (
        "The domain has left the tenant, or the tenant gives it a host under mx.microsoft, which the admin center shows."
        if assumed
        else "The domain has left the provider or tenant, or the name was mistyped."
    )
    others = [each for each in exchangers(answers) if same(each.domain, mx.domain) and not same(each.host, mx.host)]
    belief = Belief.POSSIBLE if others else Belief.LIKELY
    return Finding(belief, because, (mx.answer, missing), _steps(mx.domain), "recipient-side", weight=2.0)


def _by_noun(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    if said.signature in UNUSABLE_MX:
        return _unusable(said, replies)
    if said.kind == "command":
        return _without_record(said)
    return _unknown_sender(said) if said.signature in UNKNOWN_SENDER or "sender-domain" in topics(said) else None


def _without_record(said: Said) -> Finding | None:
    """A test of the way in found no MX at all for the domain that it was asked about."""
    found = _NO_RECORD.search(said.text)
    if not found:
        return None
    name = str(found.group(1)).lower()
    because = (
        f"A test of mail from outside found no MX record of {name}: nobody there knows which server takes its mail."
    )
    return Finding(Belief.LIKELY, because, (said,), _steps(name), weight=1.0)


def _published(
    answer: DnsAnswer | Configured,
    answers: tuple[DnsAnswer, ...],
    replies: tuple[Reply, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """What the record itself shows, where nobody refused, or the one who did stands in it beside the right one."""
    if isinstance(answer, Configured):
        return _numeric(answer)
    refused = next((each for each in replies if each.failing and each.host and left_behind(each.host, answers)), None)
    if refused:
        return _refused_there(answer, refused)
    found = _numeric(answer) or _leads_nowhere(answer, answers)
    return found or (None if any(each.failing for each in replies) else _two_providers(answer, answers, settings))


def _refused_there(answer: DnsAnswer, refused: Reply) -> Finding:
    because = (
        f"The MX of {answer.name} names Exchange Online and {refused.host}, and {refused.host} is who refused: senders "
    )
    because += "that choose it ask a provider that no longer has the mailboxes."
    return Finding(Belief.LIKELY, because, (answer, refused), _steps(answer.name), weight=1.7)


def _two_providers(
    answer: DnsAnswer, answers: tuple[DnsAnswer, ...], settings: tuple[Configured, ...]
) -> Finding | None:
    """Exchange Online and somebody else in one record: each sender picks one, and one of them keeps or refuses what it gets."""
    hosts = [each for each in exchangers_of(answer.name, answers) if each.answer is answer]
    right = next((each for each in hosts if each.is_microsoft), None)
    other = next((each for each in hosts if each.of_another), None)
    if right is None or other is None:
        return None
    first = other.preference <= right.preference
    told = next((each for each in settings if each.kind == "told-missing"), None)
    because = f"The MX of {answer.name} names two providers: {right.host} ({right.preference}) and {other.host} "
    because += f"({other.preference}). "
    because += "Senders choose either" if other.preference == right.preference else "Senders try the lower number first"
    because += ", and what the one without the mailboxes takes lies there in an old mailbox, without a bounce."
    if first and told:
        because += " So a part of the mail from outside never arrives, as you say."
        return Finding(Belief.LIKELY, because, (answer, told), _steps(answer.name), weight=1.6)
    if not (first or told):
        return None
    return Finding(Belief.POSSIBLE, because, (answer, told), _steps(answer.name), weight=1.4 if told else 1.0)


def _unknown_sender(said: Said) -> Finding | None:
    """The domain is the one in MAIL FROM; a return path below the own domain is forgotten most easily."""
    name = sender_domain(said.text)
    if has_mailboxes(name):
        return None  # that one exists: the resolver of who refused is at fault
    who = said.by or "The receiving server"
    because = f"{who} looked up `{name or 'the domain of the sender'}`, the sender's domain, and found neither MX nor address: "
    because += "it takes no mail that it could not answer."
    if _FOR_NOW.search(said.text):
        because = (
            f"{who} could not look up `{name or 'the domain of the sender'}`, the sender's domain, for now: its name "
        )
        because += "servers, or the receiver's own resolver, gave no answer. Where other receivers take the mail, it is theirs."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(name), weight=1.2)
    if is_private(name):
        because += " The Internet knows no such name: what has to change is the address that the program sends as."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(""), weight=1.0)
    if not name and said.signature in _POSTFIX:
        because += " Which address that is, is not told: a program's own, a rewritten one, or any address, where its DNS fails."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(""), weight=1.5)
    return Finding(Belief.LIKELY, because, (said,), _steps(name), weight=1.2)


def _unusable(said: Said, replies: tuple[Reply, ...]) -> Finding:
    """Who was to deliver found the domain, and no server in its MX that could be reached."""
    name = domain(address(said, replies))
    because = f"The MX record of {f'`{name}`' if name else 'the domain'} names no server that mail can be handed to"
    if NUMERIC_MX.search(said.text):
        because += ": it holds an address, where a host name belongs."
        return Finding(Belief.LIKELY, because, (said,), _steps(name), weight=1.8)
    because += (
        ": it holds an address, an alias (CNAME), or a host without an address. Some senders put up with the first two."
    )
    return Finding(Belief.POSSIBLE, because, (said,), _steps(name), weight=2.0)


def _bare(said: Said, answers: tuple[DnsAnswer, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """A record that was typed without the domain, or with a dot behind its first label."""
    mx = bare_exchanger(answers)
    if mx is None:
        return _unseen(said, answers, replies)
    because = f"The MX of {mx.domain or 'the domain'} is `{mx.host}`, a name of one label: no mail system can look it up. The "
    because += "record has to hold the whole host name."
    return Finding(Belief.LIKELY, because, (said, mx.answer), _steps(mx.domain), weight=1.8)


def _unseen(said: Said, answers: tuple[DnsAnswer, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """Exchange Online fails alike where the name servers don't answer, and where the MX holds a name that can't be looked up."""
    if not by_exchange_online(said.text) or "InfoDomainNonexistent" in said.text or answers:
        return None
    because = "The look-up can fail at the host that the MX record names, too: a name that was typed without its domain, or that "
    because += "has no address. The record tells."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(domain(address(said, replies))), weight=1.3)


def _refuting(
    said: Said, name: str, connectors: tuple[SendConnector, ...], settings: tuple[Configured, ...]
) -> Finding | None:
    """The mail took another way than by MX, or reached the right organization."""
    by_connector = next((c for c in connectors if any(same(said.by, host) for host in c.smart_hosts)), None)
    if by_connector:
        because = f"{said.by} is a smart host of `{by_connector.connector}`: no MX record led there."
        return Finding(Belief.RULED_OUT, because, (by_connector,))
    listed = accepted(name, settings)
    if listed:
        because = f"{name} is an accepted domain of the organization: mail for it is at the right place."
        return Finding(Belief.RULED_OUT, because, (listed,))
    return None


def _compared(said: Said, hosts: list[Exchanger], online: bool) -> Finding:
    """Every MX host counts: with two providers in the record, the second one refuses now and then."""
    mx = next((each for each in hosts if organization(said.by) == organization(each.host)), hosts[0])
    if online:
        mx = next((each for each in hosts if each.is_microsoft), mx)
    if online and mx.is_microsoft:
        because = f"The MX of {mx.domain} is {mx.host}, and Exchange Online refused: the record is right, the "
        because += "domain is missing in the tenant."
        return Finding(Belief.RULED_OUT, because, (mx.answer,))
    if online or (said.by and organization(said.by) != organization(mx.host)):
        because = f"The MX of {mx.domain} is {mx.host}, and another server, {said.by or 'Exchange Online'}, refused: an older "
        because += "record was used, or there is a second one."
        return Finding(Belief.POSSIBLE, because, (said, mx.answer), _steps(mx.domain), weight=1.2)
    because = f"The MX of {mx.domain} leads to {mx.host}, which says that it does not take mail for the domain."
    belief = Belief.LIKELY if said.by else Belief.POSSIBLE
    return Finding(belief, because, (said, mx.answer), _steps(mx.domain), weight=1.4)


def _steps(name: str) -> tuple[Step, ...]:
    return (
        look(
            "Read the MX record and the addresses of its hosts from outside, and compare them with what your provider's admin "
            "center shows.",
            "Resolve-DnsName {domain} -Type MX -Server 1.1.1.1; Resolve-DnsName {mail_server} -Server 1.1.1.1",
            "powershell",
            domain=name,
            mail_server="",
        ),
        change(
            "If the domain is yours: let the MX name the host of the system that holds the mailboxes, and no other.",
            "",
            shell="dns-record",
            changes="Exchange Online: <domain> MX 0 <domain-with-dashes>.mail.protection.outlook.com, or the mx.microsoft name "
            "that the admin center shows. A server of one's own: its name (mail.<domain>), never its address. Former "
            "providers' records go.",
            undo="Publish the former record.",
            verify="The first step shows the one host from several resolvers, and mail from outside arrives (allow for the old "
            "record's TTL).",
        ),
    )
