"""What an exception of the mailbox store says by its parts, where no table has the pair.

`STOREDRV.Deliver.Exception:StorageTransientException.MapiExceptionTimeout` names what the store was doing, the class of the
fault and the Mapi exception inside it. There are hundreds of those, and their names are made of words.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from diagnostics.codes import tables
from diagnostics.codes.model import Meaning, Row
from diagnostics.codes.wording import fold
from diagnostics.patterns import linear

UNLISTED: Final = "Exception of the mailbox store without an entry of its own"
_PAIR = linear(r"(?i)\bSTOREDRV\.([a-z]{3,20})\.Exception:\s?([a-z][a-z0-9]{2,80})(?:\.([a-z][a-z0-9]{2,80}))?")
_ALONE = linear(r"\b(MapiException[A-Za-z0-9]{2,80})\b")
_NUMBER = linear(r"\b([45])[0-9]{2}[ -]#?[45]\.[0-9]{1,3}\.[0-9]{1,3}\b")
_WORD = linear(r"[A-Z]+(?:[a-z0-9]+|$)|[a-z0-9]+")
_MAPI: Final = "MapiException"
_END: Final = "Exception"
# What the store was doing.
_DOING: Final = {
    "deliver": "the message was being filed in the recipient's mailbox",
    "submit": "the message was being taken out of the sender's mailbox",
    "submission": "the message was being taken out of the sender's mailbox",
    "clientsubmit": "a program was handing the message in for a mailbox",
}
# What names of Mapi exceptions begin with or hold, the most telling first: whose business the fault is.
_FAMILIES: Final = (
    ("JetError", "an error of the database engine"),
    ("Rpc", "an error of the call from one service to another"),
    ("Quota", "a quota that is exceeded"),
    ("Exceeded", "a limit that is exceeded"),
    ("Corrupt", "damaged data"),
    ("NotFound", "something that is missing"),
    ("Disabled", "something that is switched off"),
    ("Denied", "a right that is missing"),
    ("NotAuthorized", "a right that is missing"),
    ("NoAccess", "a right that is missing"),
    ("AD", "something in Active Directory"),
    ("Mdb", "something about the mailbox database"),
    ("Mailbox", "something about the mailbox"),
    ("Folder", "something about a folder"),
)
_KEPT: Final = "It passes as a rule: transport tries again, and only where it lasts for hours is something behind it."
_GIVEN_UP: Final = (
    "Transport gave the message up: whether others to this mailbox arrive tells if it or the message is at fault."
)


class Thrown(Struct, frozen=True):
    """An exception as the store driver prints it; `doing` and `outer` are "" where only a Mapi exception is named."""

    doing: str
    outer: str
    inner: str

    @property
    def name(self) -> str:
        parts = f"{self.outer}.{self.inner}".strip(".")
        return f"STOREDRV.{self.doing}.Exception:{parts}" if self.doing else parts

    @property
    def innermost(self) -> str:
        return self.inner or self.outer


def unlisted(asked: str) -> Meaning | None:
    """The meaning of the first exception in a text by its parts; None where there is none or a table has its innermost part."""
    found = _found(asked)
    if found is None or _row(found.innermost):
        return None
    outer = _row(found.outer) if found.inner else None
    transient = _transient(found, asked)
    return Meaning(
        code=found.name,
        name=UNLISTED,
        meaning=" ".join(_sentences(found, outer, transient)),
        emitter="Exchange Online and Exchange Server",
        causes=_causes(found, transient),
        source="https://learn.microsoft.com/en-us/exchange/mail-flow/transport-logs/message-tracking",
    )


def _found(asked: str) -> Thrown | None:
    pair = _PAIR.search(asked)
    if pair:
        return Thrown(pair[1], pair[2], pair[3] or "")
    alone = _ALONE.search(asked)
    return Thrown("", "", alone[1]) if alone else None


def _row(name: str) -> Row | None:
    """The row of a class or Mapi exception by its name alone."""
    wanted = fold(name)
    return next((one.row for one in tables.tokens().get(wanted, ()) if one.parts == (wanted,)), None)


def _transient(found: Thrown, asked: str) -> bool:
    """Whether the fault passes, by the name of its class, else by the number before it."""
    names = f"{found.outer}{found.inner}".lower()
    if "transient" in names or "permanent" in names:
        return "transient" in names
    number = _NUMBER.search(asked)
    return number is not None and number[1] == "4"


def _sentences(found: Thrown, outer: Row | None, transient: bool) -> Iterator[str]:
    doing = _DOING.get(found.doing.lower(), "the mailbox store was asked")
    yield f"By its parts: {doing}, and failed with `{found.innermost}`{_of_family(found.innermost)}."
    if outer:
        yield outer.meaning
    yield _KEPT if transient else _GIVEN_UP


def _of_family(name: str) -> str:
    """` (key duplicate: an error of the database engine)`: the words that a name is made of."""
    bare = name.removeprefix(_MAPI).removesuffix(_END)
    family = next((what for part, what in _FAMILIES if part in bare), "")
    words = " ".join(_WORD.findall(bare)).lower()
    return f" ({words}: {family})" if family else f" ({words})"


def _causes(found: Thrown, transient: bool) -> tuple[str, ...]:
    if found.doing and found.doing.lower() != "deliver":
        return ()
    return ("store.delivery.transient-exception",) if transient else ("store.delivery.permanent-exception",)
