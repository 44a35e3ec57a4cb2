"""Whom a server refused, as its own log tells: the client's address, its greeting, and the addresses of the message.

Postfix writes all of it behind its words, its postscreen with commas and without the client's name; a receive log of Exchange has
it in the session.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from diagnostics.causes.connector.heard import heard
from diagnostics.causes.dns.exchangers import organization
from diagnostics.causes.network.providers import has_mailboxes, of_provider
from diagnostics.causes.network.reach import kind_of
from diagnostics.facts import Reply, Said, Session
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear

_TAIL = linear(r"(?i)\bfrom=<([^<>]{0,320})>,? to=<([^<>]{1,320})>,? proto=\w{3,8}(?:,? helo=<([^<>]{1,255})>)?")
_GREETED = linear(r"(?i)\bhelo=<([^<>]{1,255})>")
_CLIENT = linear(r"(?i)\breject: [\w-]{1,30} from [\w.-]{0,253}\[([0-9a-f.:]{3,45})\]")
_BRACKETED = linear(r"(?i)[\[(](?:IPv6:)?([0-9a-f]{0,4}(?:[.:][0-9a-f]{0,4}){2,8}(?:\.[0-9]{1,3})*)[\])]")
NAMELESS_CLIENT: Final = ("cannot find your hostname", "cannot find your reverse hostname")
"""Postfix's words for a client whose reverse name, or the way back from it, was not found."""
_MANY: Final = 3  # organizations, whose servers don't all lack a name
_PRIVATE: Final = (".local", ".lan", ".internal", ".corp", ".intra", ".localdomain")


class Client(Struct, frozen=True):
    """`ip` is "" where it isn't told or was hidden, as is `greeting`."""

    ip: str
    greeting: str
    sender: str
    recipient: str

    @property
    def inside(self) -> bool:
        return kind_of(self.ip) == "internal"

    @property
    def provider(self) -> str:
        """Its greeting, where that is a name of a great provider's own which exists: a domain with mailboxes, or one of many
        numbered servers."""
        name = self.greeting.lower().rstrip(".")
        return name if has_mailboxes(name) or (of_provider(name) and numbered(name)) else ""

    @property
    def provider_server(self) -> str:
        """The same, of the numbered servers alone: who sends spam likes to greet with a provider's domain."""
        return self.provider if numbered(self.provider) else ""

    @property
    def foreign(self) -> bool:
        """Whether it greeted as a server of another organization than the recipient's: a provider's, or the sender's own."""
        name = self.greeting.lower().rstrip(".")
        sender, recipient = (organization(each.rpartition("@")[2]) for each in (self.sender, self.recipient))
        if "." not in name or is_private(name) or organization(name) == recipient:
            return False
        return bool(self.provider) or numbered(name) or organization(name) == sender


def turned_away(said: Said, replies: Iterable[Reply], sessions: Iterable[Session] = ()) -> Client | None:
    """The client that was refused, where the log of the server that refused it was pasted."""
    logged = _logged(said.text, said.source.quote)
    if logged:
        return logged
    what = heard(said, replies, sessions)
    if not what.incoming or what.session is None:
        return None
    return Client(what.ip, what.greeting, what.session.mail_from, what.recipient)


def own_client(client: Client, settings: Iterable[Configured]) -> str:
    """What the refused client is, where it is one of the reader's own: a device that they tell of, or one of their network; ""
    otherwise."""
    device = any(each.kind == "told-device" for each in settings)
    if client.foreign and (client.provider or not device):
        return ""
    same = organization(client.sender.rpartition("@")[2]) == organization(client.recipient.rpartition("@")[2])
    if device and (same or client.inside):
        return "a device or an application of your own, as you say"
    return f"{client.ip}, an address of your own network" if client.inside else ""


def refusing_many(settings: Iterable[Configured]) -> Configured | None:
    """What is told of a server of one's own that refuses everybody, or senders of providers, whose names and addresses are in
    order."""
    kinds = ("told-everybody", "told-outside")
    return next((each for each in settings if each.kind in kinds), None)


def refusing_here(settings: Iterable[Configured]) -> Configured | None:
    """What is told of a server of one's own that refuses what comes in, without whose mail that is."""
    told = list(settings)
    refuses = next((each for each in told if each.kind == "told-own-refuses"), None)
    return refuses or missing_mail(told)


def missing_mail(settings: Iterable[Configured]) -> Configured | None:
    """What is told of mail that does not come in at a server of one's own."""
    return next((each for each in settings if each.kind == "own-server" and each.name == "receives"), None)


def turned_away_for(words: Iterable[str], replies: Iterable[Reply]) -> list[Client]:
    """All clients that a log has as refused in one of these words."""
    return [client for _, client in _refusals(tuple(words), replies)]


def nameless_servers(replies: Iterable[Reply]) -> tuple[Reply, ...]:
    """Where a log has servers of several organizations refused because no name of them was found: one refusal of each. Who sends
    spam seldom greets as a server of the sender's domain."""
    found: dict[str, Reply] = {}
    for reply, client in _refusals(NAMELESS_CLIENT, replies):
        if client.foreign:
            found.setdefault(organization(client.greeting.lower()), reply)
    return tuple(found.values()) if len(found) >= _MANY else ()


def _refusals(words: tuple[str, ...], replies: Iterable[Reply]) -> Iterator[tuple[Reply, Client]]:
    for each in replies:
        client = _logged(each.whole, each.source.quote) if any(one in each.whole for one in words) else None
        if client:
            yield each, client


def _logged(text: str, quote: str) -> Client | None:
    tail, client = _TAIL.search(text), _CLIENT.search(quote)
    if tail is None:
        greeted = _GREETED.search(quote) if client else None  # the other fields were left out
        return Client(client.group(1), greeted.group(1), "", "") if client and greeted else None
    sender, recipient, greeting = tail.groups()
    return Client(client.group(1) if client else "", greeting or "", sender, recipient)


def in_brackets(text: str) -> list[str]:
    """The addresses that a reply has in brackets, in their order: the client's, and before it at times the server's own."""
    return [str(each) for each in _BRACKETED.findall(text)]


def inside_address(said: Said) -> str:
    """The address of an inside network that a refusal is about; "" where it names another or none."""
    named = in_brackets(said.text) or [str(each) for each in _CLIENT.findall(said.source.quote)]
    return named[-1] if named and all(kind_of(each) == "internal" for each in named) else ""


def is_private(name: str) -> bool:
    return any(name.lower().rstrip(".").endswith(ending) for ending in _PRIVATE)


def numbered(name: str) -> bool:
    """Whether it is one of a provider's many outbound servers (`mail-lf1-f43.google.com`), which no gateway of ours is called."""
    first, last = name.partition(".")[0], name.rpartition(".")[2]
    return any(map(str.isdigit, first)) and last.isalpha() and name.count(".") > 1
