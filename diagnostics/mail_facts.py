"""Facts of messages, their headers and the settings around them; the facts of sessions are in diagnostics.facts.

Several of these have `failing`: what they state is itself a failure, though no SMTP reply says so.
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

from diagnostics.facts import Fact
from diagnostics.log_forms import FAILED_EVENTS
from diagnostics.patterns import linear
from diagnostics.recognisers.format_list import items as collection
from diagnostics.recognisers.format_list import truth

Pairs = tuple[tuple[str, str], ...]

_FAILED_TRACES: Final = frozenset({"failed", "fail", "defer", "pending", "quarantined", "filteredasspam", "drop"})
ENDED: Final = frozenset({"drop", "fail"})  # so is called, too, what ended on purpose for one of its recipients
_REFUSED = linear(r"(?:LED=|^[\[{\s]*)[45]\d\d[ -][45]\.\d{1,3}\.\d")  # where the event was not selected
_ANY_REFUSAL = linear(r"\b[45]\d\d[ -][45]\.\d{1,3}\.\d")
_DONE = linear(r"(?:LED=|^\W{0,4}(?:[A-Z][a-z]+: ?)?\W{0,4})2\d\d[ -]2\.\d\.\d")
_ARRIVED: Final = frozenset({"DELIVER", "SEND", "SENDEXTERNAL", "DUPLICATEDELIVER"})
_PROBE = linear(r"(?i)system probe drop|\bhealthmailbox[0-9a-f]{6}|inboundproxy@|maildeliveryprobe")
_SPAM_VERDICTS: Final = frozenset({"SPM", "BLK", "SKB", "SKS"})
_SPAM_LEVEL: Final = 5  # from here on a message is junk


def _value(pairs: Pairs, name: str, default: str) -> str:
    wanted = name.casefold()
    return next((value for each, value in pairs if each.casefold() == wanted), default)


class Configured(Fact, frozen=True, kw_only=True):
    """One object as a cmdlet prints it: a connector, a domain, a mailbox, a component's state, a test's result.

    `kind` is the object's noun: receive-connector, inbound-connector, outbound-connector, accepted-domain, remote-domain,
    transport-config, transport-service, organization-config, mailbox, mailbox-statistics, recipient, cas-mailbox, smtp-auth
    (a lone SmtpClientAuthenticationDisabled: of a mailbox or of all is not told), hybrid-configuration, transport-rule,
    service-health, server-component, windows-service, mailflow-test, smtp-test, edge-sync, queue-list and message-list (Count 0)
    … Told in words only: client-settings
    (Host, Port, User, Encryption, Mechanism), sign-in (Error), clock (Offset, in seconds), volume (DriveLetter),
    outlook-report (the server that holds the mailbox, and the headers of its answer),
    exchange-build, organization, token-claims (aud, roles, scp). `values` holds the properties as printed; one whose value was
    masked is left out, so it is not `told`.
    """

    kind: str
    name: str = ""
    values: Pairs = ()
    failing: bool = False

    def told(self, name: str) -> bool:
        """Whether the paste gives this property, be it as empty."""
        return any(each.casefold() == name.casefold() for each, _ in self.values)

    def get(self, name: str, default: str = "") -> str:
        """The value as printed; `default` when the paste did not give it. Case of the name is ignored."""
        return _value(self.values, name, default)

    def items(self, name: str) -> tuple[str, ...]:
        """The members of a collection, `{a, b}` or `a, b`; empty when there are none or it is not told."""
        return collection(self.get(name))

    def flag(self, name: str) -> bool | None:
        """True or False as printed, None when the paste did not say."""
        return truth(self.get(name))


class Told(Fact, frozen=True, kw_only=True):
    """A fault that a person tells in whole sentences, with nothing pasted: the name of a story of stories.toml."""

    story: str

    @property
    def failing(self) -> bool:
        return True


class Authentication(Fact, frozen=True, kw_only=True):
    """An Authentication-Results header. The results are words as written: pass, fail, softfail, none …

    `whose` is "final" for the header of the last receiver, "original" for one that somebody else stamped, and "arc" for a
    sealed earlier one, whose `instance` is its number (the newest stands in for a final one that was not pasted). Only the
    final one decided what happened to the message. `judge` is the server that names itself in it; Exchange Online doesn't.
    """

    spf: str = ""
    dkim: str = ""
    dmarc: str = ""
    compauth: str = ""
    reason: str = ""  # the number after compauth: 000, 001, 1xx …
    action: str = ""  # of DMARC: none, quarantine, reject, oreject …
    sender_ip: str = ""
    mail_from: str = ""
    header_from: str = ""
    header_d: str = ""
    judge: str = ""
    whose: Literal["final", "original", "arc"] = "final"
    instance: int = 0

    @property
    def failing(self) -> bool:
        """The message was judged unauthenticated. A passed composite verdict outweighs its parts."""
        if self.whose != "final" or self.compauth in ("pass", "softpass"):
            return False
        return self.compauth == "fail" or self.dmarc == "fail" or self.spf == "fail"


class Antispam(Fact, frozen=True, kw_only=True):
    """X-Forefront-Antispam-Report, X-Microsoft-Antispam and X-MS-Exchange-Organization-* of one message, together.

    Names are the short ones: SCL, SFV, CAT, CIP, IPV, DIR, BCL, CTRY, H, PTR, AuthAs, AuthSource, MessageDirectionality …
    The spam confidence level of the organization's own header is `Organization-SCL`; that of the report is `SCL`.
    """

    fields: Pairs = ()

    def told(self, name: str) -> bool:
        return any(each.casefold() == name.casefold() for each, _ in self.fields)

    def get(self, name: str, default: str = "") -> str:
        return _value(self.fields, name, default)

    @property
    def scl(self) -> int | None:
        """The spam confidence level, -1 to 9; None when not told."""
        level = self.get("SCL") or self.get("Organization-SCL")
        digits = level.removeprefix("-")
        return int(level) if digits.isascii() and digits.isdecimal() and len(digits) == 1 else None

    @property
    def failing(self) -> bool:
        """The message was filed as spam."""
        return self.get("SFV").upper() in _SPAM_VERDICTS or (self.scl is not None and self.scl >= _SPAM_LEVEL)


class SpamVerdict(Fact, frozen=True, kw_only=True):
    """SFV:SPM of a report: the content filter took a message that arrived for spam. `category` is CAT, "" when not told.

    Or FilteredAsSpam, the status of a trace: then `traced` is the recipient, and who said that it is spam is not told.
    A fact of its own, as it proves something by itself: nobody is asked for the headers of mail that was refused.
    """

    category: str = ""
    traced: str = ""


class Headers(Fact, frozen=True, kw_only=True):
    """The other headers of a message, in their order. `Return-Path: <>` is told as an empty value."""

    values: Pairs = ()

    def told(self, name: str) -> bool:
        return any(each.casefold() == name.casefold() for each, _ in self.values)

    def get(self, name: str, default: str = "") -> str:
        return _value(self.values, name, default)


class Addressed(Fact, frozen=True, kw_only=True):
    """To whom a returned message was written. `redirected` says that a header shows a rule that sent it on.

    `told` is what a person says of mail that comes back; that the report names another address is for its reader to see.
    `by` names who sent it on (a host or a domain), where that is told; `rewritten` says that the envelope bears their name since,
    so that SPF is judged for them.
    """

    recipients: tuple[str, ...]
    redirected: bool = False
    told: bool = False
    by: str = ""
    rewritten: bool = False


class LookedUp(Fact, frozen=True, kw_only=True):
    """Whether a directory has an object of this address: what Get-Recipient and its kin found. `where` is "" when not told.

    `address` is what was looked for, in lower case; it may be an alias, and is "" where a person speaks of the refused one.
    """

    address: str
    found: bool
    where: Literal["exchange-online", "on-prem", ""] = ""


class Hop(Struct, frozen=True):
    """One Received header. `tls` is the version as written ("TLS1_2", "TLS"), "" where the text shows none.

    `at` is ISO 8601 in UTC, "" when missing; `delay` the seconds since the hop before, None when one time is missing.
    """

    sender: str = ""
    ip: str = ""
    about: str = ""  # what the receiver found out about the sender, in brackets: its name in DNS, its address
    by: str = ""
    protocol: str = ""
    tls: str = ""
    at: str = ""
    delay: float | None = None
    line: int = 0

    @property
    def in_clear(self) -> bool:
        """Whether the message crossed this hop as SMTP without encryption."""
        return not self.tls and "SMTP" in self.protocol.upper()


class Hops(Fact, frozen=True, kw_only=True):
    """The way of a message, oldest hop first. `loops` are the hosts that got it again over a hop it had taken before."""

    hops: tuple[Hop, ...]
    loops: tuple[str, ...] = ()

    @property
    def in_clear(self) -> tuple[Hop, ...]:
        return tuple(hop for hop in self.hops if hop.in_clear)

    @property
    def failing(self) -> bool:
        return bool(self.loops)


class Returned(Fact, frozen=True, kw_only=True):
    """The way of a returned message, oldest hop first, as the headers copied into the report tell.

    `auth_as` is what Exchange took its sender for ("Anonymous", "Internal"), "" where no field tells.
    """

    hops: tuple[Hop, ...]
    auth_as: str = ""


class Tracked(Fact, frozen=True, kw_only=True):
    """One entry of the message tracking log. `origin` is its source column (SMTP, AGENT, ROUTING, STOREDRIVER …).

    `status` is the recipient status and `context` the source context, both as written.
    """

    origin: str
    event: str
    sender: str = ""
    recipients: tuple[str, ...] = ()
    status: str = ""
    context: str = ""
    message_id: str = ""
    network_id: str = ""
    at: str = ""

    @property
    def failing(self) -> bool:
        """A failed event, a message that an agent dropped, or a status that is a refusal, where the event was cut off, too.

        A failed event of a recipient with a success (`250 2.1.5`) was meant to end so.
        """
        event = self.event.upper()
        refused = event not in _ARRIVED and not event.startswith("HA") and bool(_REFUSED.search(self.status))
        ended = bool(_DONE.search(self.status)) and not _ANY_REFUSAL.search(self.status)
        return (event in FAILED_EVENTS and not ended) or self.dropped or refused

    @property
    def dropped(self) -> bool:
        """Whether an agent deleted the message without a report. Managed availability's own probes are meant to end so."""
        probe = _PROBE.search(f"{self.context} {self.connector} {self.sender} {' '.join(self.recipients)}")
        return (self.origin.upper(), self.event.upper()) == ("AGENT", "DROP") and not probe


class Traced(Fact, frozen=True, kw_only=True):
    """A message trace of Exchange Online (`status`), or one of its events (`event`, `detail`). Times as printed: UTC.

    `data` are the values of an event's Data and of its CustomData: ConnectorId, OutboundIpPoolName, SFV …
    """

    status: str = ""
    event: str = ""
    action: str = ""
    detail: str = ""
    sender: str = ""
    recipient: str = ""
    from_ip: str = ""
    to_ip: str = ""
    network_id: str = ""
    data: Pairs = ()

    def get(self, name: str, default: str = "") -> str:
        """A value of the data; case of the name is ignored."""
        return _value(self.data, name, default)

    @property
    def failing(self) -> bool:
        """What was dropped with a success (an automatic reply for the other side, `250 2.1.5`) was meant to end so."""
        if self.event.lower() in ENDED and _DONE.search(self.detail):
            return False
        return self.status.lower() in _FAILED_TRACES or self.event.lower() in _FAILED_TRACES


class AgentAction(Fact, frozen=True, kw_only=True):
    """What an anti-spam agent did with a message: the name behind a bare "550 5.7.1"."""

    agent: str
    action: str
    event: str = ""
    response: str = ""
    reason: str = ""
    reason_data: str = ""
    ip: str = ""
    sender: str = ""
    recipient: str = ""
    at: str = ""

    @property
    def failing(self) -> bool:
        return self.action.lower().startswith(("reject", "delete", "disconnect", "quarantine"))

    @property
    def by_provider(self) -> bool:
        """Whether a public list that the server asks told of the address, and not an entry of its own."""
        connection = self.agent.lower().startswith("connection filter")
        return connection and "provider" in f"{self.reason} {self.reason_data}".lower()


UserForm = Literal["address", "account", "name", ""]


class LogonTried(Fact, frozen=True, kw_only=True):
    """A logon in a session typed or traced by hand: the mechanisms that EHLO offered, and the one that AUTH named.

    `clear` is whether it was tried in clear text though EHLO offered STARTTLS.
    `user` is the form of the user name that was sent: "address", "account" (DOMAIN\\name), "name"; "" where it isn't readable.
    """

    mechanism: str
    offered: tuple[str, ...] = ()
    clear: bool = False
    user: UserForm = ""


class ClientError(Fact, frozen=True, kw_only=True):
    """A delivery that failed in the words of the client, relay or transport itself: no server gave a reply with a code."""

    text: str

    @property
    def failing(self) -> bool:
        return True


_MISTYPED: Final = frozenset(
    {"CommandNotFoundException", "ParameterBindingException", "ParameterBindingValidationException"}
)


class CommandError(Fact, frozen=True, kw_only=True):
    """An error that a cmdlet, the Hybrid Configuration Wizard or a test tool printed. `code` is the tool's own (HCW8078),
    or the class of the exception, which stays English where the text is translated.
    """

    text: str
    cmdlet: str = ""
    code: str = ""

    @property
    def failing(self) -> bool:
        """Whether the cmdlet ran: what the shell could not make sense of was mistyped, or typed in another shell."""
        return self.code not in _MISTYPED
