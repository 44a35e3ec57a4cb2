"""What the causes about a recipient share: who refused which address, and what a directory shows of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Addressed, Configured, LookedUp, Traced, Tracked
from diagnostics.patterns import linear

Premises = Literal["exchange-online", "on-prem", ""]

_MICROSOFT: Final = (
    ".outlook.com", ".office365.com", ".exchangelabs.com", ".outlook.de", ".office365.us", ".partner.outlook.cn",
)  # fmt: skip
_TAG = linear(r"(?i)\.(?:prod|eop)\S{0,80}\.(?:outlook|exchangelabs)\.com\b|\.mail\.protection\.outlook\.com\b")
_ADDRESS = linear(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,10}")
_MESSAGE_ID = linear(r",<[^<>\s,]{1,250}>,")  # a cell of a log's row; it looks like an address and stands before those
_RELAYED = linear(r"(?i)\brelay for <?([^\s<>@]{1,64}@[\w.-]{1,253}\w)")  # the sender may stand before it
_DOTTED: Final = r"(?:[\w-]{1,64}\.){2,5}(?:com|net|org|edu|gov|info|biz|[a-z]{2})"
_WITHOUT_AT = linear(
    r"(?i)\b(?:unknown|illegal|invalid|no such) (?:user|recipient|alias|mailbox|account)(?::\s{0,2}<?|\s?[<'\"])"
    rf"({_DOTTED})\W{{0,4}}$"
    rf"|<({_DOTTED})>\W{{1,5}}(?:user|recipient|mailbox|account) (?:unknown|not found|does ?n.t exist|does not exist)"
)
# "The following organization rejected your message: mx.fabrikam.com", as Exchange 2010 and later say it of any mail system.
_REJECTED_BY = linear(
    r"(?i)(?:organi[sz]{1,2}a\S{3,6} (?:(?:suivante|siguiente|seguente) )?(?:a |ha |hat "
    r"|heeft )?(?:(?:ihre nachricht|uw bericht) )?"
    r"(?:rejected|rejet\S{1,3}|rechaz\S{1,3}|rifiutato|rejeitou|abgelehnt|zur\S{1,2}ckgewiesen|geweigerd"
    r"|afgewezen)(?: [^:.]{0,40})?"
    r"|(?:nachricht|bericht|message|mensaje|messaggio|mensagem) [^:.]{0,40}organi[sz]{1,2}a\S{3,6}(?: [^:.]{0,30})?)"
    r"\s?:\s*([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8})"
)
_OWN_TOKEN = linear(r"\b(?:RESOLVER|ROUTING|STOREDRV)\.[A-Z]|\b5\.1\.10\b|not found by SMTP address lookup")
_FORWARDING: Final = ("ForwardingSmtpAddress", "ForwardingAddress", "RedirectTo", "ForwardTo", "ForwardAsAttachmentTo")
_MANY: Final = 3  # different addresses of one domain: a person's typing errors don't come in such a number
_SECOND_LEVEL: Final = frozenset({"co", "com", "org", "net", "ac", "edu", "gov", "gv", "or"})  # as in contoso.co.uk
_KINDS: Final = frozenset({"recipient", "mailbox"})
_LOOKUPS: Final = (
    "recipient name is not recognized",
    "address you entered couldn't be found",
    "wasn't found at",
    "resolver.adr.recipnotfound",
    "resolver.adr.recipientnotfound",
    "not found by smtp address lookup",
    "5.1.10",
)

# A server that is asked for a domain it does not serve, in other mail systems' words: the domain exists, elsewhere or not yet.
NOT_HERE: Final = (
    "No such domain at this location",
    "No such domain here",
    "domain is not hosted here",
    "domain not hosted here",
    "we do not host this domain",
    "domain is not local",
)


UNROUTED: Final = ("unrouteable address", "unroutable address")
"""Exim's words for an address that none of its routers takes."""


def unrouted(said: Said, replies: Iterable[Reply]) -> bool:
    """Whether Exim itself says that it has no way for the address, before any server was asked: no number stands before it."""
    mine = [each for each in replies if each.source == said.source]
    return said.signature in UNROUTED and bool(mine) and not any(each.code or each.by for each in mine)


def by_microsoft(said: Said) -> bool:
    """Whether a server of Exchange Online gave the reply, by its name or by the tag inside the text."""
    return said.by.lower().endswith(_MICROSOFT) or bool(_TAG.search(said.text))


def is_microsoft(host: str) -> bool:
    """Whether the host is one of Exchange Online."""
    return f".{host.lower()}".endswith(_MICROSOFT)


def passed_on(said: Said) -> bool:
    """Whether Exchange Online only reports what a server behind it answered (5.1.351, 5.0.350)."""
    low = said.text.lower()
    return "5.1.351" in low or "remote server returned unknown recipient" in low


def directory_says_no(said: Said) -> bool:
    """Whether an Exchange directory looked the address up and found nothing, as opposed to a domain "
    "with a null MX."""
    low = said.text.lower()
    null = "null mx" in low or "nullmx" in low or "556 5.1.10" in low
    legacy = "exrecipnotfound" in low or "legacy encapsulated" in low or "imceaex-" in low
    if rejected_elsewhere(said):
        return False
    return not null and not legacy and any(words in low for words in _LOOKUPS)


def rejected_elsewhere(said: Said) -> bool:
    """Whether a report's friendly words, which the reply's class chose, name an organization outside Microsoft that refused."""
    named = _REJECTED_BY.search(said.text)
    host = next((str(each) for each in named.groups() if each), "") if named else ""
    return bool(host) and not is_microsoft(host) and not _OWN_TOKEN.search(said.text)


def addresses(said: Said, replies: Iterable[Reply]) -> tuple[str, ...]:
    """The SMTP addresses that were refused, each once: the bounce's recipients, else the one the text names."""
    mine = [r.recipient for r in replies if r.source == said.source and r.recipient]
    text = _MESSAGE_ID.sub(",", said.text)
    found = [each for each in mine if "@" in each] or _RELAYED.findall(text)[:1] or _ADDRESS.findall(text)[:1]
    return tuple(dict.fromkeys(str(each) for each in found))


def address(said: Said, replies: Iterable[Reply]) -> str:
    return next(iter(addresses(said, replies)), "")


def refused(replies: Iterable[Reply]) -> set[str]:
    """The addresses that replies refused, in lower case: the recipients, else those that the texts name."""
    failing = [each for each in replies if each.failing]
    found = {each.recipient.lower() for each in failing if "@" in each.recipient}
    return found or {str(name).lower() for each in failing for name in _ADDRESS.findall(each.text)}


def named_in(text: str) -> str:
    """The first SMTP address in a reply's text, "" where it names none."""
    return next((str(each) for each in _ADDRESS.findall(_MESSAGE_ID.sub(",", text))), "")


def domain(of: str) -> str:
    return of.rpartition("@")[2].lower()


def same_organization(host: str, mail_domain: str) -> bool:
    """Whether `host` bears the name of `mail_domain`: mx1.contoso.com or ex01.ad.contoso.local, and contoso.com."""
    if not host or not mail_domain:
        return False
    if f".{host.lower()}".endswith(f".{mail_domain.lower()}"):
        return True
    labels = mail_domain.lower().split(".")[:-1]
    if len(labels) > 1 and labels[-1] in _SECOND_LEVEL:
        labels.pop()
    return bool(labels) and labels[-1] in host.lower().split(".")[1:-1]


def looked_up_here(said: Said, tracked: Iterable[Tracked]) -> bool:
    """Whether the tracking log of an own server tells it, and no other server's answer is what it tells."""
    return any(each.source == said.source and each.origin.upper() != "SMTP" for each in tracked)


def looked_up_online(said: Said, traced: Iterable[Traced]) -> bool:
    """Whether a trace of Exchange Online tells it, and no other server's answer is what it tells."""
    return not said.by and any(each.source == said.source for each in traced)


def named(of: str, otherwise: str = "The address") -> str:
    return f"`{of}`" if of else otherwise


def proxies(entry: Configured) -> tuple[str, ...]:
    """The SMTP addresses of a directory object, in lower case."""
    told = [
        *entry.items("EmailAddresses"),
        entry.get("PrimarySmtpAddress"),
        entry.get("WindowsEmailAddress"),
        entry.get("mail"),
    ]
    told = told if any("@" in each for each in told) else [entry.get("UserPrincipalName")]  # mostly the same
    smtp = (each.split(":", 1)[1] if each.lower().startswith("smtp:") else each for each in told)
    return tuple(dict.fromkeys(each.strip().lower() for each in smtp if "@" in each and ":" not in each))


def holders(of: str, objects: Iterable[Configured]) -> list[Configured]:
    """The directory objects that own an address."""
    return [each for each in objects if of and each.kind in _KINDS and of.lower() in proxies(each)]


def looked_up(of: str, objects: Iterable[Configured]) -> list[Configured]:
    """The directory objects that own an address; where the refusal names none, the only object that was shown."""
    known = [each for each in objects if each.kind in _KINDS and proxies(each)]
    return holders(of, known) if of or len(known) != 1 else known


def premises(entry: Configured) -> Premises:
    """Whose directory shows the object, where something in it tells."""
    server = (entry.get("OriginatingServer") + " " + entry.get("PSComputerName")).lower()
    kind = entry.get("RecipientTypeDetails") + entry.get("RecipientType")
    if "outlook.com" in server or "office365" in server or "exchangelabs" in entry.get("LegacyExchangeDN").lower():
        return "exchange-online"
    if kind.startswith("Remote") or entry.told("RemoteRoutingAddress") or "." in entry.get("OriginatingServer"):
        return "on-prem"
    return ""


def absent(of: str, lookups: Iterable[LookedUp], where: Premises) -> LookedUp | None:
    """A look-up's answer that the directory of `where` has no object of this address."""
    return next((each for each in lookups if not each.found and each.where == where and _is_about(each, of)), None)


def present(of: str, lookups: Iterable[LookedUp], where: Premises) -> LookedUp | None:
    """A look-up's answer that the directory of `where` has such an object."""
    return next((each for each in lookups if each.found and each.where == where and _is_about(each, of)), None)


def _is_about(each: LookedUp, of: str) -> bool:
    """Whether the address that was refused was looked up; where the refusal or the look-up names none, any is."""
    return not of or not each.address or each.address in (of.lower(), of.lower().partition("@")[0])


def forwarder(of: str, objects: Iterable[Configured]) -> Configured | None:
    """The mailbox or rule that forwards mail to an address."""
    return next((each for each in objects if of and of.lower() in forwards_to(each)), None)


def forwards_to(entry: Configured) -> list[str]:
    """The SMTP addresses that a mailbox, an inbox rule or a transport rule sends mail on to, in lower case."""
    told = " ".join(entry.get(name) for name in _FORWARDING)
    return [str(each).lower() for each in _ADDRESS.findall(told)]


def may_forward(of: str, objects: Iterable[Configured]) -> Configured | None:
    """The one mailbox that was shown to forward its mail out, where the refusal doesn't name the address that failed."""
    told = [each for each in objects if forwards_to(each)]
    return told[0] if not of and len(told) == 1 else None


def sent_on(of: str, addressed: Iterable[Addressed]) -> Addressed | None:
    """The headers of the returned message that show it was written to somebody else, and that a rule sent it on."""
    known = [each for each in addressed if (each.redirected and (of or each.recipients)) or (each.told and of)]
    return next((each for each in known if of.lower() not in each.recipients), None)


def held_here(said: Said, objects: Iterable[Configured]) -> Configured | None:
    """The domain that the mail system whose log this is took for one of its own: it looked among its own users alone."""
    return next((o for o in objects if o.kind == "local-delivery" and o.source == said.source), None)


def crosses_down(objects: Iterable[Configured]) -> Configured | None:
    """That a mailbox in the cloud writes to one on-premises, where the person says so."""
    return next((each for each in objects if each.kind == "told-crossing" and each.get("From") == "cloud"), None)


def is_edge(host: str, objects: Iterable[Configured]) -> bool:
    """Whether `host` is an Edge Transport server, by its name or by what Get-ExchangeServer says of it."""
    short = host.lower().partition(".")[0]
    told = [o for o in objects if o.kind == "exchange-server" and o.name.lower().partition(".")[0] == short]
    return "edge" in short or any("edge" in o.get("ServerRole").lower() or o.flag("IsEdgeServer") for o in told)


def unknown_of(name: str, replies: Iterable[Reply]) -> list[str]:
    """The addresses of a mail domain that were refused as unknown, where they are too many for typing errors."""
    refused = {r.recipient.lower() for r in replies if name and domain(r.recipient) == name and _unknown(r)}
    return sorted(refused) if len(refused) >= _MANY else []


def _unknown(reply: Reply) -> bool:
    low = reply.whole.lower()
    return "recipient address rejected" in low or any(words in low for words in _LOOKUPS)


def encapsulated(of: str) -> bool:
    """Whether it is no SMTP address: another kind in an SMTP address's clothes, or a name of Exchange's own directory."""
    return of.upper().startswith(("IMCEA", "/O="))


def refused_by_server(replies: Iterable[Reply]) -> bool:
    """Whether a mail server's own reply, with its number, is there: the words that a report puts above it only name its class."""
    return any(each.failing and not each.enhanced.endswith(".0.0") for each in replies)


def accepted(name: str, objects: Iterable[Configured]) -> Configured | None:
    """The accepted domain that covers the mail domain `name`, as a cmdlet printed it."""
    domains = [each for each in objects if each.kind == "accepted-domain"]
    found = next((each for each in domains if _covers(_written(each), name)), None)
    below = (each for each in domains if each.flag("MatchSubDomains") and name.lower().endswith(f".{_written(each)}"))
    return found or next(below, None)


def told_own(name: str, objects: Iterable[Configured]) -> Configured | None:
    """The sentence that calls the mail domain `name` the reader's own."""
    return next((each for each in objects if each.kind == "own-domain" and name and each.name == name), None)


def external_relay(mail_from: str, objects: Iterable[Configured]) -> Configured | None:
    """The accepted domain of a sender where it is External Relay: Exchange then takes none of its addresses for its own."""
    of = accepted(domain(mail_from), objects) if mail_from else None
    return of if of and "external" in of.get("DomainType").lower() else None


def _written(entry: Configured) -> str:
    return (entry.get("DomainName") or entry.name).lower()


def _covers(pattern: str, name: str) -> bool:
    return bool(name) and (pattern == name.lower() or (pattern.startswith("*.") and name.lower().endswith(pattern[1:])))


def without_at(text: str) -> str:
    """The name of a user that a reply calls unknown and that is no address, as it has no `@`: `unknown user: bob.fabrikam.com`.

    It ends like a domain, so the `@` got lost on the sender's side; "" for any other reply. Local parts may have dots, so that
    three labels are asked for.
    """
    found = _WITHOUT_AT.search(text)
    return str(found.group(1) or found.group(2)) if found else ""
