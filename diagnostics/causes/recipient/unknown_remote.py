"""The mailbox does not exist at the recipient's mail server, which is somebody else's.

## What is happening
Another organization's server answered that it has no such mailbox: `550 5.1.1 … User unknown`, `No such
user`, `550 5.5.0 Requested action not taken: mailbox unavailable` (Outlook.com). Exchange Online passes it on
as `550 5.1.351 Remote server returned unknown recipient or mailbox unavailable`. Our mail flow works: it
reached the right server.

## What proves it
- the server that refused is outside, and other addresses of the same domain accept mail

## Not this when
- an Exchange server of the recipient's own organization answers with RESOLVER.ADR
  (`recipient.unknown.onprem`, `recipient.unknown.exo`)
- the address that failed isn't the one that was typed (`recipient.forwarding.target-invalid`)
- the recipient in the report begins with IMCEAEX (`recipient.legacyexchangedn.stale`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-5-1-1-through-5-1-20-in-exchange-online
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.causes.connector.heard import heard
from diagnostics.causes.connector.relay import UNTOLD, untold
from diagnostics.causes.dns.exchangers import left_behind
from diagnostics.causes.recipient.lookup import (
    UNROUTED,
    address,
    by_microsoft,
    directory_says_no,
    domain,
    encapsulated,
    forwarder,
    held_here,
    may_forward,
    named,
    passed_on,
    same_organization,
    sent_on,
    unrouted,
    without_at,
)
from diagnostics.causes.recipient.own_server import own_server
from diagnostics.causes.recipient.steps import correct_the_address
from diagnostics.causes.reputation.lists import of_microsoft
from diagnostics.facts import Reply, Said, Session
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Addressed, Configured, Told
from diagnostics.patterns import linear
from diagnostics.refusals import topics, topics_of
from diagnostics.report import Step

# What mail systems of many makers say of an address that they do not have.
_WORDS: Final = (
    "Domino ディレクトリには見つかりません",
    "nicht im Domino-Verzeichnis",
    "nicht im Domino Verzeichnis",
    "l'annuaire Domino",
    "Directorio Domino",
    "Directory Domino",
    "Diretório Domino",
    "user unknown",
    "unknown user",
    "no such user",
    "invalid final delivery userid",
    "no such recipient",
    "no such mailbox",
    "no such address",
    "no such account",
    "no mailbox here by that name",
    "does not exist here",
    "does not exist on this system",
    "mailbox does not exist",
    "mailbox doesn't exist",
    "address does not exist",
    "user does not exist",
    "user doesn't exist",
    "account does not exist",
    "that you tried to reach does not exist",
    "dd this user doesn't have a",
    "dd not a valid recipient",
    "dd requested mail action not taken: mailbox unavailable",
    "user not found",
    "mailbox not found",
    "recipient not found",
    "unknown recipient",
    "recipient unknown",
    "invalid recipient",
    "invalid mailbox",
    "unknown mailbox",
    "not a valid mailbox",
    "not a valid recipient",
    "not a valid user",
    "not a known user",
    "unknown local part",
    "unknown local-part",
    *UNROUTED,
    "undeliverable address",
    "5.1.0 address rejected",
    "not in my validrcptto list",
    "not listed in domino directory",
    "destinataire invalide",
    "utilisateur inconnu",
    "destinataire inconnu",
    "usuario desconocido",
    "el usuario no existe",
    "usuário desconhecido",
    "utente sconosciuto",
    "destinatario sconosciuto",
    "empfänger unbekannt",
    "benutzer unbekannt",
    "mailbox not existing",
    "mailbox unknown",
    "address unknown",
    "account not found",
    "no one here by that name",
    "no such person",
    "no valid recipient",
    "recipient no longer on server",
    "recipient not in route list",
    "unknown address error",
    "as a valid recipient",
    "mailbox unavailable or access denied",
    "address not found your message wasn't delivered to",
)
# What may be unknown, in the words of servers that no list has; refusals.toml tells whether it is.
_NAMES: Final = (
    "recipient", "rcpt", "mailbox", "mail box", "mail-box", "user", "address", "account", "alias", "person", "customer",
    "addressee", "mail drop", "maildrop", "no one", "local part", "name directory", "destination", "badrcptto", "badrecipientto",
    "not found", "does not exist", "doesn't exist", "unknown", "not known", "no longer valid", "deliverable", "member of",
    "utente", "utenti", "indirizzo", "takiego",
    "casella", "usuario", "persona", "destinatario", "dirección", "buzón", "cuenta", "utilisateur", "destinataire", "adresse",
    "boîte", "boite", "compte", "Benutzer", "Empfänger", "Empfaenger", "Postfach", "Konto", "Teilnehmer", "usuário",
    "destinatário", "endereço", "conta", "gebruiker", "ontvanger", "adres", "użytkownik", "odbiorca", "skrzynka",
    "пользовател", "получател", "адрес", "ящик", "用户", "收件人", "邮箱", "宛先", "ユーザ", "アドレス", "メールボックス",
)  # fmt: skip
_ANOTHER = linear(  # the same words of the sender's address, of how an address is written, or of a logon
    r"(?i)sender|mail from|\bfrom:|from address|return.?path|reverse.?path|\byour (?:e-?mail )?(?:address|account|user|domain)\b"
    r"|syntax|format|malformed|illegal character|rfc[ -]?\d|helo|ehlo|\bip\b|client host|password|username|log ?[io]n\b"
    r"|domain's directory|^\W{0,3}50\d\b|\b5\.1\.[3789]\b"
)
_MAYBE = linear(  # a word of those reasons: their topics are many patterns, and most replies have none of the words
    r"(?i)quota|full|room|space|voll|plein|rate|limit|hour|minute|day|list|block|black|spamhaus|spamcop|reputation|disabled|activ"
    r"|suspend|closed|locked|expired|frozen|terminated|archiv|bloqu|gesperrt|\bip\b"
)
# Topics of refusals.toml that give another reason.
_REASONS: Final = frozenset({
    "spf", "dkim", "dmarc", "ptr", "listed", "entry", "spam", "malware", "attachment", "full", "no-room", "closed", "rate",
    "fast", "first-seen", "own-name", "password", "logon", "owner", "mechanism", "relay", "no-domain", "no-answer", "helo",
    "from-header", "mime", "members", "tls-wanted",
})  # fmt: skip
# A mailbox that is there and closed (recipient.mailbox.disabled), behind the number of one that is not.
_CLOSED: Final = (
    "deactivated",
    "disabled",
    "suspended",
    "inactive",
    "closed",
    "expired",
    "locked",
    "archived",
    "blocked due to",
)
# The whole answer of the recipient filter that Exchange itself brings along: no foreign server needs to be involved.
# Where somebody quotes it, their sentence may go on and say whose server it was.
_EXCHANGE_FILTER = linear(
    r"(?i)^\W*550 5\.1\.1 User unknown\W*(?:(?:from|by|on|at|of|when|for|to|von|vom|f.r|bei|beim|de|pour|para|per|voor) "
    r"(?:our|my|the|their|an?|one|some|unser\w*|mein\w*|ein\w*|de[nmr]|notre|une?|uno|una|un|een|onze)\b.*)?$"
)
# The answer to DATA where no RCPT was taken: why each of them was refused stood in the replies before (RFC 5321, 4.1.1.4).
_NONE_LEFT = linear(r"(?i)\b5\.5\.1\b.{0,20}\bno valid recipients?\b")
# The code of an address whose domain is no mail system (RFC 3463, X.1.2), whatever the words say was rejected.
_OF_DOMAIN = linear(r"\b5\.1\.2\b")
# Stories by which nobody typed a dead address: a group of the reader's own, a delegate who gets copies of meeting requests.
_DOUBTED: Final = frozenset({"group-closed-to-outsiders", "meeting-comes-back-for-a-bystander"})
# A number, an SMTP address and what a server says of it: Exchange itself writes tokens instead.
_WORDED = linear(r"(?i)550[ -]5\.1\.1\s.{0,80}[\w.+-]@[\w-]+\.\w.{0,200}\w+ \w+")
# Numbers and set phrases that stand before any reason: where one follows, that one counts.
_VAGUE: Final = ("5.1.0 address rejected", "550 5.1.1", "550 Requested action not taken: mailbox unavailable")
_REASON = linear(r"(?i)\brejected:\s(.{1,300})")
_OF_SENDER: Final = frozenset(
    {"spf", "spf-record", "dkim", "dmarc", "ptr", "listed", "entry", "link", "spam", "helo", "relay"}
)
# The same words about something else: another cause's tokens, the sender's own address, a sign-in.
_OTHERS: Final = (
    "storedrv.",
    "pickup.",
    "exrecipnotfound",
    "resolver.fwd",
    "resolver.pf",
    "legacy encapsulated",
    "sender address rejected",
    "sender verif",
    "verify sender",
    "sender address",
    "of sender",
    "return path",
    "return-path",
    "spf record",
    "user agent",
    "535 ",
    "authentication",
)


@cause(
    id="recipient.unknown.remote",
    act="recipient-side",
    says=(
        "5.1.351",
        *_WORDS,
        "550 5.5.0 Requested action not taken: mailbox unavailable",
        "550 Requested action not taken: mailbox unavailable",
        "RESOLVER.ADR.RecipNotFound",
        "wasn't found at",
        "550 5.1.1",
        *UNTOLD,
        *_NAMES,
    ),
)
def assess(
    said: Said,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
    addressed: tuple[Addressed, ...],
    sessions: tuple[Session, ...],
    told: tuple[Told, ...],
    answers: tuple[DnsAnswer, ...],
) -> Finding | None:
    """Words that only other systems use name it; Exchange's own words leave open whose directory it was."""
    if said.signature in UNTOLD:
        return _untold(said) if untold(said, replies) else None
    return _by_reply(said, objects, replies, addressed, sessions, told, answers)


def _by_reply(
    said: Said,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
    addressed: tuple[Addressed, ...],
    sessions: tuple[Session, ...],
    told: tuple[Told, ...],
    answers: tuple[DnsAnswer, ...],
) -> Finding | None:
    low = said.text.lower()
    if said.signature in _NAMES and (any(words in low for words in _WORDS) or not _unheard_of(said)):
        return None  # where words of the list stand, they are an anchor of their own
    wanted = address(said, replies)
    if said.signature == "550 5.1.1" and any(words in low for words in _CLOSED):
        return None
    another = _another_reason(said) or _for_another(said)
    if any(words in low for words in _OTHERS) or another or encapsulated(wanted):
        return None
    if heard(said, replies, sessions).incoming:
        because = "Your own server's receive log has it: the recipient is unknown here, and no other server was asked."
        return Finding(Belief.RULED_OUT, because, (said,))
    source = forwarder(wanted, objects) or sent_on(wanted, addressed)
    if source:
        who = source.name if isinstance(source, Configured) else "A mailbox that was addressed"
        because = f"{who} forwards to {named(wanted)}: nobody typed this address."
        return Finding(Belief.RULED_OUT, because, (source,))
    if directory_says_no(said) and not passed_on(said):
        return _by_exchange(said, wanted)
    here = held_here(said, objects)
    if here:
        because = f"The relay whose log this is takes {here.name} for its own and has no such user; no other server was asked."
        return Finding(Belief.POSSIBLE, because, (said, here), _steps(wanted), weight=0.4)
    foreign = said.by if said.by and not by_microsoft(said) else ""
    because = f"{foreign or 'The recipient’s mail server'} has no mailbox {named(wanted, 'of that name')}"
    because += "; our side delivered the question to it, so mail flow itself works."
    forwarding = may_forward(wanted, objects) or next((o for o in objects if o.kind == "told-delivered"), None)
    if forwarding:
        because += f"; if {forwarding.name or 'the mailbox that was sent'} forwarded there, nobody typed the address."
        return Finding(Belief.POSSIBLE, because, (said, forwarding), _steps(wanted), weight=0.9)
    if left_open := _left_open(said, objects, replies, wanted):
        return left_open
    bare = _EXCHANGE_FILTER.search(said.text) is not None and not said.by
    if bare or _by_policy(said, replies) or (said.signature == "550 5.1.1" and not _WORDED.search(said.text)):
        return Finding(Belief.POSSIBLE, because, (said,), _steps(wanted), weight=1.4)
    if _is_doubtful(said, told, replies) or (said.host and left_behind(said.host, answers)):
        return Finding(Belief.POSSIBLE, because, (said,), _steps(wanted), weight=0.8)
    return Finding(Belief.LIKELY, because, (said,), _steps(wanted), weight=1.0)


def _left_open(said: Said, objects: tuple[Configured, ...], replies: tuple[Reply, ...], wanted: str) -> Finding | None:
    """Where the words don't say that another's server was asked for this mailbox and has none."""
    ours = own_server(said, objects)
    if ours:
        because = "Who refused seems to be your own server, as you tell of it; only if it is another's does its word settle it."
        return Finding(Belief.POSSIBLE, because, (said, ours), _steps(wanted), weight=0.4)
    if _NONE_LEFT.search(said.text):
        because = "This is the answer to DATA where the server took no recipient: it refused each of them before, and why, the "
        because += "answers to RCPT say; that there is no such mailbox is one reason."
        return Finding(Belief.POSSIBLE, because, (said,), (_transcript(), *_steps(wanted)), weight=1.0)
    if unrouted(said, replies):
        because = f"Exim found no way for {named(wanted, 'the address')} and asked no other server: where the domain is one of "
        because += "its own, it has no such user."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(wanted), weight=1.0)
    return None


def _is_doubtful(said: Said, told: tuple[Told, ...], replies: tuple[Reply, ...]) -> bool:
    """Whether the code is of the domain, the name is no address, or what explains the refusal is told: by the person, or by
    another refusal, of a recipient that exists and takes mail from some senders only."""
    if any("resolver.rst." in each.whole.lower() for each in replies):
        return True
    return any(each.story in _DOUBTED for each in told) or bool(without_at(said.text) or _OF_DOMAIN.search(said.text))


def _for_another(said: Said) -> bool:
    """Whether the words behind `rejected:` name a reason that is not the recipient's."""
    reason = _REASON.search(said.text)
    return said.signature in _VAGUE and reason is not None and bool(topics_of(reason.group(1)) & _OF_SENDER)


def _another_reason(said: Said) -> bool:
    """Whether the same reply says why the mail was refused although somebody may be unknown."""
    return bool(_MAYBE.search(said.text)) and bool(topics(said) & {"rate", "full", "listed", "closed"})


def _unheard_of(said: Said) -> bool:
    """Whether another system's server says in its own words that there is no such address, and nothing beside it."""
    about = topics(said)
    ours = by_microsoft(said) or of_microsoft(said.text) or "resolver." in said.text.lower()
    return "no-user" in about and not about & _REASONS and not ours and not _ANOTHER.search(said.text)


def _by_policy(said: Said, replies: tuple[Reply, ...]) -> bool:
    """Whether the words are Sendmail's own for a 550, which it uses for any: the code beside them is one of policy."""
    mine = next((each for each in replies if each.source == said.source), None)
    return (
        mine is not None and mine.enhanced.startswith("5.7.") and said.text.lower().strip(". ").endswith("user unknown")
    )


def _untold(said: Said) -> Finding:
    because = "The client only says that the server refused the recipients: an address that it does not know is one reason, a "
    because += "relay that is not allowed the other. The reply tells (550 5.1.1, or 5.7.x)."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(""), weight=1.0)


def _by_exchange(said: Said, wanted: str) -> Finding | None:
    if by_microsoft(said) or "5.1.10" in said.text:
        return None
    own = same_organization(said.by, domain(wanted))
    because = (
        f"{said.by or 'An Exchange server'} knows no {named(wanted, 'such address')}; it may belong "
        "to another organization."
    )
    return Finding(Belief.POSSIBLE, because, (said,), _steps(wanted), weight=0.9 if own else 1.3)


def _transcript() -> Step:
    return look(
        "Switch on the client's SMTP debug output (or read the server's log) and read the answer to RCPT TO: it says why.",
        "",
        "portal",
    )


def _steps(wanted: str) -> tuple[Step, ...]:
    name = domain(wanted)
    return (
        correct_the_address(),
        look(
            "See whether the message went to the domain's real mail server.",
            "Resolve-DnsName {domain} -Type MX | Format-Table Name,Preference,NameExchange",
            "powershell",
            domain=name,
        ),
    )
