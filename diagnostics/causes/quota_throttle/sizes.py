"""Which mailbox or folder an exceeded quota belongs to: the token of the reply and what Exchange prints about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from msgspec import Struct

from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.lookup import holders
from diagnostics.facts import Said
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear

# The store names the operation that ran into the quota: handing in (the sender's mailbox) or delivery.
_OPERATION = linear(r"(?i)STOREDRV\.(Submission|Submit|Deliver)\b")
_BYTES = linear(r"\(([\d,.\s]{1,24}) bytes\)")
_FEWEST_LETTERS: Final = 3
SENDS: Final = "ProhibitSendQuota"
RECEIVES: Final = "ProhibitSendReceiveQuota"
_AGGREGATE: Final = "aggregategroupmailbox"
_FOLDERS: Final = frozenset({"publicfolder", "mailpublicfolder", "publicfoldermailbox"})
_SHUT: Final = frozenset({"mailboxdisabled"})
_NO_SENDING: Final = frozenset({"prohibitsend"})


def operation(said: Said) -> Literal["submit", "deliver", ""]:
    """What the store was doing, "" where the reply has no such token."""
    found = _OPERATION.search(said.text)
    if not found:
        return ""
    return "deliver" if found.group(1).lower() == "deliver" else "submit"


def about_rate(said: Said) -> bool:
    """Whether the quota is one of messages in a day, not of size."""
    return has(said, "submission quota", "submissionquota", "daily limit")


def aggregate(address: str) -> bool:
    """Whether an address is one of the retired hidden mailboxes of groups."""
    return address.lower().startswith(_AGGREGATE)


def recipient_kind(address: str, objects: Iterable[Configured]) -> tuple[Literal["folder", "mailbox", ""], str]:
    """Whether the directory shows the address as a public folder or a mailbox, and the object's name."""
    for each in holders(address, objects):
        kind = (each.get("RecipientTypeDetails") or each.get("RecipientType")).lower()
        if kind in _FOLDERS:
            return "folder", each.name or address
        if kind.endswith("mailbox"):
            return "mailbox", each.name or address
    return "", ""


def shut(entry: Configured) -> bool:
    """Statistics of a mailbox that may neither send nor receive."""
    return entry.kind == "mailbox-statistics" and entry.get("StorageLimitStatus").lower() in _SHUT


def no_sending(entry: Configured) -> bool:
    """Statistics of a mailbox that may receive, but not send."""
    return entry.kind == "mailbox-statistics" and entry.get("StorageLimitStatus").lower() in _NO_SENDING


def size_of(entry: Configured) -> str:
    """` (48.2 GB)`, or "" where the paste did not say."""
    size = entry.get("TotalItemSize").partition(" (")[0]
    return f" ({size})" if size else ""


def full_folder(objects: Iterable[Configured]) -> Configured | None:
    """The public folder whose size has reached the quota for posts, where both are shown in bytes."""
    known = [each for each in objects if each.kind.startswith("public-folder")]
    quota = min((q for each in known if (q := _bytes(each.get("ProhibitPostQuota")))), default=0)
    return next((each for each in known if quota and _bytes(each.get("TotalItemSize")) >= quota), None)


def told_folder(objects: Iterable[Configured]) -> Configured | None:
    """Where the person says that the mail goes to a public folder."""
    return next((each for each in objects if each.kind == "told-folder"), None)


class Filled(Struct, frozen=True):
    """A mailbox's statistics with its size and the quota that holds for it, in bytes."""

    entry: Configured
    size: int
    quota: int


def filled(objects: Iterable[Configured], name: str) -> list[Filled]:
    """The mailboxes whose size and quota `name` are both shown, on one object or on two of one name."""
    known = [each for each in objects if not each.kind.startswith("public-folder")]
    quotas: dict[str, tuple[int, int]] = {}  # by name: the first that is told, and its place
    own = [_quota(each, name) for each in known]
    told = [(place, each.name.casefold(), own[place]) for place, each in enumerate(known) if own[place]]
    for place, box, quota in told:
        quotas.setdefault(box, (place, quota))
    found = []
    for each, quota in zip(known, own, strict=True):
        size = _bytes(each.get("TotalItemSize"))
        # Whoever has no name may be anybody.
        named = told[:1] if not each.name else [quotas[n] for n in (each.name.casefold(), "") if n in quotas]
        holds = quota or min(((row[0], row[-1]) for row in named), default=(0, 0))[1]
        found += [Filled(each, size, holds)] if size and holds else []
    return found


def brimming(objects: Iterable[Configured]) -> Configured | None:
    """The mailbox whose size has reached its last quota."""
    return next((each.entry for each in filled(objects, RECEIVES) if each.size >= each.quota), None)


def measured(objects: Iterable[Configured], name: str, asked: str = "") -> tuple[Filled | None, bool]:
    """The mailbox that has reached the quota `name`, or the one that has room; whether it has reached it. (None, False) where
    none tells, or where all that have room may be others than the mailbox of the address `asked`."""
    known = filled(objects, name)
    full = next((each for each in known if each.size >= each.quota), None)
    if full:
        return full, True
    return next((each for each in known if not asked or may_be(each.entry, asked)), None), False


def room(each: Filled, name: str) -> str:
    """Size and quota as written, for a sentence."""
    return f"{each.entry.name or 'The mailbox'} holds {each.size / 2**30:,.2f} GB; its {name} is {each.quota / 2**30:,.2f} GB."


def may_be(mailbox: Configured, address: str) -> bool:
    """Whether its name or address is that of the mailbox which is spoken of."""
    local = address.lower().partition("@")[0]
    words = f"{mailbox.name} {mailbox.get('PrimarySmtpAddress').partition('@')[0]}".lower().replace(",", " ").split()
    return any(len(word) >= _FEWEST_LETTERS and (word in local or local in word) for word in words)


def kept_full(entry: Configured) -> str:
    """The size of a folder of Recoverable Items that has reached its quota (30 GB, with a hold 100), as written; "" otherwise.

    Source: https://learn.microsoft.com/purview/ediscovery-increase-the-recoverable-quota-for-mailboxes-on-hold
    """
    written = entry.get("FolderAndSubfolderSize") or entry.get("FolderSize")
    size = _bytes(written) if entry.get("FolderType").startswith("RecoverableItems") else 0
    near = any(0.95 * quota <= size <= 1.1 * quota for quota in (30 * 2**30, 100 * 2**30))
    return written.partition(" (")[0] if near else ""


def _quota(entry: Configured, name: str) -> int:
    """The mailbox's own quota, or the database's where that one holds: a mailbox without values of its own prints Unlimited."""
    own = 0 if entry.flag("UseDatabaseQuotaDefaults") else _bytes(entry.get(name))
    return own or _bytes(entry.get(f"Database{name}"))


def _bytes(written: str) -> int:
    """`50 GB (53,687,091,200 bytes)` as a number, 0 where the paste did not say."""
    found = _BYTES.search(written)
    digits = "".join(c for c in found.group(1) if c.isdigit()) if found else ""
    return int(digits or 0)
