"""What the DNS causes share: whose resolver answered, and how."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from diagnostics.cause import change, look
from diagnostics.causes.network.providers import has_mailboxes
from diagnostics.causes.network.reach import kind_of
from diagnostics.facts import Reply
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.report import Step

# What people tell (recognisers/told_resolver.py)
_DOUBTS: Final = {
    "changed": "an adapter, VPN or DNS server of this side changed, as is told",
    "some": "only some of the messages fail, as is told",
    "exists": "the domain exists, as is told",
}
_NONEXISTENT: Final = ("non-existent", "nonexistent", "does not exist", "nxdomain", "no such host")
_REVERSE: Final = (".in-addr.arpa", ".ip6.arpa")
_UNANSWERED: Final = ("servfail", "server failed", "timed out", "refused", "no response", "unreachable")
_NAME: Final = r"([a-z0-9-]+(?:\.[a-z0-9-]+)+)"
# Exchange Online's words, and Postfix's; "Host not found, try again" is a look-up that failed.
_DOMAIN = linear(
    rf"(?i)DNS domain '?{_NAME}\.?'? does not exist|Name service error for name={_NAME} type=\w+: Host not found(?:$|[^,])"
)
_NOT_FOUND = linear(
    rf"(?i)@{_NAME}>?: Recipient address rejected: Domain not found"
    rf"|Name service error for name={_NAME} type=\w+: Host not found(?:$|[^,])"
    rf"|\bdomain ['\"<]?{_NAME}['\">]? (?:was |is )?(?:not found|unknown|does not exist|could not be (?:found|resolved))"
    rf"|find any host named {_NAME}|@{_NAME}>?[^\n]{{0,40}}Host unknown \(Name server:|Host unknown \(Name server: {_NAME}"
)
# Whatever was looked up: also a name of one label, as containers have.
_LOOKED_UP = linear(
    r"(?i)Name service error for name=([\w.-]{1,253}) type=|\bName server: ([\w.-]{1,253}): host name lookup failure"
    r"|\bunable to look ?up DNS for ([\w.-]{1,253}\w)"  # Amazon's service
    r"|\blookup of host \"([\w.-]{1,253})\" failed in "
    r"|\blookup of ([\w.-]{1,253}) (?:responded with code|had no relevant answers)"
)
_DNS_FAILED = linear(r"(?i)DNS query failed|DNS server returned|SMTPSEND\.DNS\.|DNS domain \S{1,253} does not exist")
# A receiver looks the sender's domain up, and finds neither an MX nor an address to answer to.
UNKNOWN_SENDER: Final = (
    "Domain of sender address",
    "Sender address rejected: Domain not found",
    "Sender address rejected: Domain must resolve",
    "sender domain must resolve",
    "sender domain must exist",
    "sender domain does not exist",
    "sender domain not found",
    "Sender domain is not resolvable",
    "Cannot resolve your domain",
    "unrouteable sender",
)
_SENDER = linear(r"<?[^\s<>@]{1,64}@([A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63}){1,10})>?")
# The domain is there, and its MX leads to nothing: it names an address, an alias, or a host that has none. GMX, Postfix, Exim,
# qmail, Courier, OpenSMTPD and others.
UNUSABLE_MX: Final = (
    "no valid mail exchanger",
    "no valid MX",
    "no MX host for",
    "MX records point to non-existent hosts",
    "couldn't find a mail exchanger",
    "could not find a mail exchanger",
    "numeric domain name in resource data of MX record",
    "violate section 3.3.9 of RFC 1035",
    "MX points to an IP",
    "MX record points to an IP",
    "MX points to a CNAME",
    "MX record points to a CNAME",
    "MX is a CNAME",
    "keine gültigen MX",
    "kein gültiger Mail",
)
NUMERIC_MX: Final = linear(
    r"(?i)numeric domain name in resource data of MX|section 3\.3\.9 of RFC ?1035|MX (?:record )?points to an IP"
)
# A client or device that is told one server to send through, and finds no address for its name.
UNRESOLVED: Final = (
    "Name or service not known",
    "nodename nor servname provided",
    "getaddrinfo failed",
    "getaddrinfo ENOTFOUND",
    "11001",
    "No such host is known",
    "no such host",
    "Unknown SMTP host",
    "UnknownHostException",
    "remote name could not be resolved",
    "Remotename konnte nicht aufgelöst werden",
    "nom distant n'a pas pu être résolu",
    "No se puede resolver el nombre remoto",
    "Impossibile risolvere il nome remoto",
    "externe naam kan niet worden omgezet",
    "Could not resolve host",
    "cannot locate host",
    "unable to locate",
    "Bad hostname",
    "SMTP server name could not be resolved",
    "Unable to resolve the relay host",
    # Thunderbird, of a host that is unknown
    "The server may be incorrectly configured",
    "Der Server könnte falsch konfiguriert sein",
    "Le serveur est peut-être mal configuré",
)


def public_resolver(server: str) -> bool:
    """Whether the server that answered is outside: by address, or by the name that nslookup prints."""
    return kind_of(server) == "public" or server.lower().rstrip(".") in (
        "dns.google",
        "one.one.one.one",
        "dns.quad9.net",
    )


def nonexistent(answer: DnsAnswer) -> bool:
    """Whether the answer says that the name does not exist, as opposed to no answer at all."""
    return not answer.ok and any(words in answer.error.lower() for words in _NONEXISTENT)


def unanswered(answer: DnsAnswer) -> bool:
    """Whether the server that was asked failed to find out: the name may exist or not."""
    return not answer.ok and any(words in answer.error.lower() for words in _UNANSWERED)


def reverse(answers: Iterable[DnsAnswer]) -> list[DnsAnswer]:
    """The answers about the names of addresses."""
    return [each for each in answers if each.name.lower().rstrip(".").endswith(_REVERSE)]


def of_a_record(answer: DnsAnswer) -> bool:
    """Whether a record of its own kind was looked up, under a name that nobody has an address in: the name of an address, a
    DKIM key, a DMARC policy, a TLSA record, an entry of a block list."""
    name = answer.name.lower().rstrip(".")
    apart = name.endswith(_REVERSE) or any(label.startswith("_") for label in name.split("."))
    return apart or bool(answer.list_asked[1])


def same(name: str, other: str) -> bool:
    return bool(name) and name.rstrip(".").casefold() == other.rstrip(".").casefold()


def same_question(failed: DnsAnswer, answer: DnsAnswer) -> bool:
    """Whether an answer may be one to the question that failed. An IPv4 address says nothing of a question for the IPv6 one."""
    kinds = {each.kind for each in answer.records} - {"CNAME"}
    return not failed.asked or not kinds or failed.asked in kinds


def of_name(answers: Iterable[DnsAnswer], name: str) -> list[DnsAnswer]:
    return [each for each in answers if same(each.name, name)]


def addresses_of(name: str, answers: Iterable[DnsAnswer]) -> list[tuple[str, DnsAnswer]]:
    """The addresses that `name` resolved to, each with its answer; an alias is followed once."""
    known = list(answers)
    names = [name, *(alias for each in of_name(known, name) for alias in each.values("CNAME"))]
    return [(ip, each) for wanted in names for each in of_name(known, wanted) for ip in each.addresses]


def missing_domain(text: str) -> str:
    """The domain of which `text` says that it does not exist; "" when it names none."""
    found = _DOMAIN.search(text)
    return next((str(name).lower() for name in found.groups() if name), "") if found else ""


def looked_up(text: str) -> str:
    """The name whose look-up failed, as Postfix, Sendmail, Exim and Google tell it; "" where `text` names none."""
    found = _LOOKED_UP.search(text)
    return next((str(name).lower().rstrip(".") for name in found.groups() if name), "") if found else ""


def provider_not_found(text: str) -> str:
    """The provider's domain that a mail system says it did not find, "" where it speaks of another or of none."""
    found = _NOT_FOUND.search(text)
    name = next((str(each).lower() for each in found.groups() if each), "") if found else ""
    return name if has_mailboxes(name) else ""


def sender_domain(text: str) -> str:
    """The domain of the sender whose address a refusal has, "" where it has none."""
    named = _SENDER.search(text)
    return str(named.group(1)).lower() if named else ""


def doubted(answers: Iterable[DnsAnswer], settings: Iterable[Configured]) -> Configured | DnsAnswer | None:
    """What speaks against a domain that is said not to exist: the server's own resolver is silent, or what a person tells."""
    silent = (each for each in answers if timed_out(each) and not public_resolver(each.server))
    return next(silent, None) or next((each for each in settings if each.kind == "told-lookup-doubt"), None)


def recipients_domains(replies: Iterable[Reply]) -> frozenset[str]:
    """The domains of the recipients for whom mail failed, as far as that is told."""
    return frozenset(
        each.recipient.rpartition("@")[2].lower() for each in replies if each.failing and "@" in each.recipient
    )


def concerned(answers: Iterable[DnsAnswer], replies: Iterable[Reply]) -> list[DnsAnswer]:
    """The answers for the domains that mail failed for; where nobody told a recipient, those for any domain."""
    names = recipients_domains(replies)
    return [each for each in answers if (each.name in names if names else not of_a_record(each))]


def timed_out(answer: DnsAnswer) -> bool:
    return not answer.ok and "timed out" in answer.error.lower()


def doubting(doubt: Configured | DnsAnswer) -> str:
    """The doubt in words, to stand in a sentence."""
    if isinstance(doubt, DnsAnswer):
        return f"the DNS server {doubt.server or 'that was asked by hand'} does not answer at all"
    return _DOUBTS[doubt.name]


def dns_failures(replies: Iterable[Reply]) -> list[Reply]:
    return [each for each in replies if _DNS_FAILED.search(each.whole[:4000])]


def restart_transport(verify: str) -> Step:
    """Transport reads the adapter's DNS servers when it starts."""
    return change(
        "Restart the transport services, so that they read the adapter again.",
        "Restart-Service MSExchangeTransport,MSExchangeSubmission,MSExchangeDelivery,MSExchangeFrontEndTransport",
        shell="powershell",
        effect="service-restart",
        changes="Mail pauses for a minute; queued messages are kept.",
        undo="None needed: a restart changes no setting.",
        verify=verify,
    )


def resolve(name: str) -> Step:
    """Ask the server's own resolver and an outside one for the mail servers of `name`."""
    return look(
        "From the sending server, ask its own resolver and a public one for the same name.",
        "Resolve-DnsName {name} -Type MX; Resolve-DnsName {name} -Type MX -Server 1.1.1.1",
        "powershell",
        name=name,
    )


def resolve_host(name: str) -> Step:
    return look(
        "Resolve the name with the server's own resolver and with a public one.",
        "Resolve-DnsName {name}; Resolve-DnsName {name} -Server 1.1.1.1",
        "powershell",
        name=name,
    )
