"""Event 12014: which name, for which connector, Exchange could not find a certificate for."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from diagnostics.causes.certificate.names import issuer_and_subject
from diagnostics.facts import SendConnector, Session, WindowsEvent
from diagnostics.patterns import linear
from diagnostics.text import squeezed

_WANTED = linear(
    r"(?i)contains the domain name (.{1,900}?) in the personal store.{0,200}?for the connector (.{1,200}?) "
    r"with a FQDN parameter of"
)
_CUT_OFF = linear(r"(?i)contains the domain name (<I>.{1,900}?<S>.{1,900}?)(?: in the personal store|[.,;]?$)")
_NAMED = linear(r"(?i)contains the domain name (\S{3,253}?)[.,;]?(?:\s|$)")
_SENDING = ("outbound", "to internet", "internet", "send", "to office", "to microsoft")
_RECEIVING = ("default", "client ", "frontend", "inbound", "receive", "anonymous", "from ", "relay")


class Unmatched(Struct, frozen=True):
    """`pair` is (issuer, subject) where the connector names a certificate, None where it goes by its FQDN `name`. `connector`
    is "" where the text was cut off before it."""

    event: WindowsEvent
    name: str
    connector: str
    pair: tuple[str, str] | None

    @property
    def wanted(self) -> str:
        """What was looked for, short enough for a sentence."""
        return f"subject `{self.pair[1]}`" if self.pair else f"`{self.name}`"


def unmatched(event: object) -> Unmatched | None:
    if not isinstance(event, WindowsEvent) or event.event != 12014 or "schannel" in event.provider.lower():
        return None
    text = squeezed(event.text)
    found = _WANTED.search(text)
    cut_off = None if found else _CUT_OFF.search(text)
    if cut_off:
        name = cut_off.group(1).strip()
        return Unmatched(event, name, event.connector, issuer_and_subject(name))
    if not found:  # cut off, or told by a person: a plain name still speaks for itself
        named = _NAMED.search(text)
        name = named.group(1) if named else ""
        return Unmatched(event, name, event.connector, None) if "." in name and "<" not in name else None
    name = found.group(1).strip()
    return Unmatched(event, name, found.group(2).strip(), issuer_and_subject(name))


def is_bare(event: object) -> bool:
    """Whether only the number is told: which name was wanted is in words that are not there."""
    return isinstance(event, WindowsEvent) and event.event == 12014 and unmatched(event) is None


def told_of(connector: str, events: Iterable[WindowsEvent]) -> Unmatched | None:
    """The latest such event about `connector` (`SERVER\\Name` or `Name`), about any while that is not known."""
    name = connector.rpartition("\\")[2].casefold()
    found = [each for event in events if (each := unmatched(event))]
    same = [each for each in found if not name or each.connector.rpartition("\\")[2].casefold() == name]
    return same[-1] if same else None


def is_send_connector(found: Unmatched, connectors: Iterable[SendConnector], sessions: Iterable[Session]) -> bool:
    """Whether the event speaks of a Send connector: known from the text, else by what such connectors are called."""
    name = found.connector.casefold()
    if any(each.connector.casefold() == name for each in connectors):
        return True
    directions = {each.direction for each in sessions if each.connector.rpartition("\\")[2].casefold() == name}
    if directions:
        return "send" in directions
    return not name.startswith(_RECEIVING) and any(word in name for word in _SENDING)
