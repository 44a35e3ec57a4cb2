"""Who refused and for whom, and the settings that were pasted with it: what causes of one reply text have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from diagnostics.causes.reader import complained, in_tenant
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured, Tracked
from diagnostics.patterns import linear
from diagnostics.report import Act, Shell

_TENANT_MX: Final = ".mail.protection.outlook.com"
_ONLINE: Final = linear(r"(?i)\.prod\.(?:(?:protection\.)?outlook|exchangelabs)\.com\b")
# Numbers that mostly Exchange Online gives for restricted recipients, where Exchange Server says 5.7.1.
_ONLINE_NUMBER: Final = linear(r"\b5\.7\.(?:12|13|12[49]|13[3-6]|193)(?:$|[^\d.]|\.(?:\D|$))")
_CREATING: Final = linear(r"(?i)\[Stage: ?(?:CreateMessage|CreateReplay|PromoteProperties|Deliver)")
_SENDER: Final = linear(r"(?i)<[^\s<>@]{1,64}@([a-z0-9.-]{1,253})>: sender address rejected")
_RECIPIENTS: Final = ("recipient", "mailbox")
_ADDRESS: Final = linear(r"[\w.+'=-]{1,64}@[A-Za-z0-9.-]{1,253}")


class Refusal(Struct, frozen=True):
    """A refusal's recipient and the server that gave it, each "" where the text doesn't tell."""

    recipient: str
    by: str
    online: bool

    @property
    def shell(self) -> Shell:
        return "exchange-online-powershell" if self.online else "exchange-management-shell"

    @property
    def act(self) -> Act:
        return "exchange-online" if self.online else "on-prem"

    @property
    def away(self) -> bool:
        """Whether a tenant's MX gave it: who was refused there came from outside, and the rules are the recipient's."""
        return self.by.endswith(_TENANT_MX)

    @property
    def whom(self) -> str:
        return f"`{self.recipient}`" if self.recipient else "the recipient"

    @property
    def where(self) -> str:
        """The refusing server, to begin a sentence with."""
        if self.by:
            return f"`{self.by}`"
        return "Exchange Online" if self.online else "The receiving server"


def reply_of(said: Said, replies: Iterable[Reply]) -> Reply | None:
    """The reply that the words stand in; None when they stand in an event."""
    return next((each for each in replies if each.source == said.source and each.failing), None)


def refusal(said: Said, replies: Iterable[Reply], settings: Iterable[Configured] = ()) -> Refusal:
    reply = reply_of(said, replies)
    by = reply.by if reply else said.by
    # A named server decides; Exchange Server gives some of the numbers as well.
    online = bool(_ONLINE.search(f"{by} {said.text}") or (not by and _ONLINE_NUMBER.search(said.text)))
    online = online or (not by and in_tenant(settings))
    return Refusal(reply.recipient if reply else "", by, online)


def restricted(shown: Configured, replies: Iterable[Reply], settings: Iterable[Configured]) -> Refusal | None:
    """The recipient whose settings were sent beside a complaint, with no server's refusal: what they forbid may be what fails."""
    known = list(settings)
    if shown.kind not in _RECIPIENTS or not complained(replies, known):
        return None
    return Refusal(shown.get("PrimarySmtpAddress") or shown.name, "", in_tenant(known))


def from_itself(said: Said, replies: Iterable[Reply]) -> bool:
    """Whether a server that reports a refusal sent with an address of the recipient's own domain, as web forms and scanners do.

    Postfix names the sender in front of what it says: `<anna@contoso.com>: Sender address rejected: not logged in`.
    """
    reply = reply_of(said, replies)
    named = _SENDER.search(said.text)
    if reply is None or named is None or said.kind not in ("ndr", "dsn", "log", "queue", "trace"):
        return False
    return str(named.group(1)).lower() == reply.recipient.rpartition("@")[2].lower()


def by_store(said: Said, tracked: Iterable[Tracked]) -> bool:
    """Whether the store refused, while it created the item: then every list of senders had let the message pass."""
    if _CREATING.search(said.text):
        return True
    return any(each.origin.upper() == "STOREDRIVER" for each in tracked if each.source == said.source)


def of_kind(settings: Iterable[Configured], kind: str) -> list[Configured]:
    return [each for each in settings if each.kind == kind]


def recipient_settings(settings: Iterable[Configured], address: str) -> Configured | None:
    """The last pasted settings of the recipient `address`; those that name another recipient are left out."""
    return next((e for e in reversed(list(settings)) if e.kind in _RECIPIENTS and _is_of(e, address)), None)


def _is_of(settings: Configured, address: str) -> bool:
    wanted = address.casefold()
    primary = settings.get("PrimarySmtpAddress").casefold()
    if not wanted or not (primary or settings.name):
        return True
    names = {primary, settings.name.casefold(), settings.get("Alias").casefold()}
    return bool({wanted, wanted.partition("@")[0]} & names)


def addresses(text: str) -> tuple[str, ...]:
    """The mail addresses in `text`, each once, in their order."""
    return tuple(dict.fromkeys(str(each).rstrip(".") for each in _ADDRESS.findall(text)))
