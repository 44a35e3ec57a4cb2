"""`Unable to relay`: what the causes behind an Exchange server's refusal to relay have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from diagnostics.causes.connector.heard import Heard
from diagnostics.causes.recipient.lookup import domain, same_organization
from diagnostics.facts import Reply, Said, Session
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.refusals import topics

# 2013 and before say 5.7.1, later versions 5.7.54.
SIGNATURES: Final = ("Unable to relay", "5.7.54")
# What other mail systems say: the nouns, whose sentence `foreign` reads.
FOREIGN: Final = (
    "relay",
    "relaying",
    "rcpthost",
    "not a gateway",
    "turn on SMTP Authentication",
    "mail for",
    "emails for",
)
# Postfix, of a client that a rule of its own turns away: an entry in a table, or that it did not log on (access(5)).
CLIENT_REFUSED: Final = "Client host rejected: Access denied"
_RELAYS: Final = "smtp-accept-any-recip"  # a table cuts the end off
_ROUTING: Final = ".mail.onmicrosoft.com"


# A client's summary of a session in which every RCPT was refused; what the server said of it, the client keeps to itself.
UNTOLD: Final = (
    "recipients were rejected",  # nodemailer
    "SendFailedException: Invalid Addresses",  # Jakarta Mail
    "recipients failed:",  # PHPMailer
    "rejected one or more recipient addresses",  # CDO
    "recipient addresses was rejected by the server",  # Apple Mail
    "server did not accept the recipient",  # HP
)


# Exchange Online's own words about any server, whose answer stands behind them; and the name of a list of Postfix.
_IN_PASSING = linear(r"(?i)remote server returned not permitted to relay|\bin relay recipient table")


def untold(said: Said, replies: Iterable[Reply]) -> bool:
    """Whether a client sums up what was refused, and nothing tells in which words."""
    return said.kind == "client" and not topics(said) and not any(each.code or each.enhanced for each in replies)


def foreign(said: Said) -> bool:
    """Whether one of the nouns is the reason of the refusal; an open relay on a block list is another."""
    about = topics(replace(said, text=_IN_PASSING.sub("", said.text)))
    return "relay" in about and "listed" not in about


def by_google_relay(said: Said) -> bool:
    """Whether Google's relay service refused, which takes mail of organizations that registered there, and of nobody else."""
    return "smtp relay settings" in said.text.lower() or "answer/6140680" in said.text


def by_exchange_server(what: Heard) -> bool:
    """Whether an Exchange server of somebody's own refused; Exchange Online has another fault behind these words."""
    return not what.microsoft and "customer allow list" not in what.low and "customer block list" not in what.low


def rewritten(what: Heard) -> str:
    """The recipient, where it is one that only hybrid routing uses: no sender types it."""
    return next((each for each in what.recipients if domain(each).endswith(_ROUTING)), "")


def own_recipient(what: Heard) -> bool:
    """Whether the server refused its own organization's domain: there the accepted domain is missing."""
    return any(same_organization(what.said.by, domain(each)) for each in what.recipients)


def rights(objects: Iterable[Configured], connector: str = "") -> tuple[tuple[Configured, ...], tuple[Configured, ...]]:
    """The printed rights of anonymous clients: of connectors where they may relay, and of those where they may not.

    Where `connector` answered, lists that name another one are left out.
    """
    printed = [each for each in objects if each.kind == "connector-rights" and _fits(each.name, connector)]
    return tuple(each for each in printed if relays(each)), tuple(each for each in printed if not relays(each))


def may_relay(session: Session) -> bool:
    """Whether the server let the client of the session name any recipient."""
    return "smtpacceptanyrecipient" in {each.lower() for each in session.rights}


def relays(printed: Configured) -> bool:
    """Whether these rights let anonymous clients relay."""
    return _RELAYS in printed.get("Anonymous")


def _fits(name: str, connector: str) -> bool:
    return not name or not connector or name.lower() == connector.lower()


def told(objects: Iterable[Configured]) -> Configured | None:
    """That an application reaches inside recipients only, where no refusal was pasted."""
    return next((each for each in objects if each.kind == "told-inside-only"), None)
