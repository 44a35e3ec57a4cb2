"""What the store's exceptions in a reply mean, and which of them have a cause of their own."""

from __future__ import annotations

from typing import Final

from diagnostics.facts import Said
from diagnostics.patterns import linear

REROUTED: Final = "Message rerouted and delayed by store driver"  # of a queue
UNCONFIGURED: Final = (
    "MapiExceptionUnconfigured"  # the store asked the directory for the mailbox, which does not say it is there
)
PUBLIC_STORE: Final = "cn=MICROSOFT PUBLIC MDB"  # of Exchange 5.5: all public folders of a server
SOFT_DELETED: Final = "MapiExceptionMailboxSoftDeleted"  # of a mailbox that was moved away, or lost its user
NO_USER: Final = ("Active Directory user wasn't found", "Active Directory user was not found")
# Exception classes that say more than "delivery failed": each is another cause's business.
_OWN_CAUSE: Final = (
    "quota",
    "maxobjsexceeded",
    "messageperfoldercount",
    "delegateuservalidation",
    "federatedproxyaddress",
    "notauthorized",
    "sendasdenied",
    "conversionfailed",
    "contentconversion",
    "mdboffline",
    "offline",
    "throttl",
    "thread limit",
    "bad storedriver mdb properties",
    "ambiguousrecipient",
    "ioexception",
    "adtransient",
    "unabletofindserver",
    "legacyexchangedn attribute",
    "diskspace",
    "diskfull",
    "disk is full",
    "mailboxdisabled",
    "accountdisabled",
    "quarantined",
    "toocomplex",
    "maxattachmentexceeded",
    "toomanyrecips",
    "too busy",
    "toobusy",
    "max threads",
    "maxthreads",
    "session limit",
    "sessionlimit",
)
_TOO_LARGE: Final = ("maxsubmissionexceeded", "mapiexceptionmessagetoobig", "mapiexceptiontoobig")
_EXCEPTION = linear(r"(?i)STOREDRV\.[A-Za-z]{3,20}\.Exception:\s?([A-Za-z]{3,80}(?:\.[A-Za-z]{3,80})?)")
# Quotas that are none of size: how many named properties, folders below a folder, or items a folder has.
_OF_NUMBER = linear(r"MapiException(NamedProps|\w{0,60}(?:Count|Hierarchy)\w{0,60})QuotaExceeded")
_PERMANENT = linear(r"(?i)due to a permanent exception|replaced by a retry response because")
_TRANSIENT_CODE = linear(r"(?:^|[^\d.])4\.\d{1,3}\.\d{1,3}\b")


def of_named_properties(said: Said) -> bool:
    """Whether the quota that is exceeded is of named properties: the reply calls that a full mailbox, too."""
    return "namedpropsquotaexceeded" in said.text.lower()


def has_own_cause(said: Said) -> bool:
    low = said.text.lower()
    if of_named_properties(said):
        return False
    if "connectionfailedtransient" in low or "mapiexceptionnetworkerror" in low:
        low = low.replace(
            "is offline", ""
        )  # the words around the exception; the exception says that it was not reached
    if quota_of_number(said):
        low = low.replace("quota", "")  # a cause of its own have only those that are about size
    return any(words in low for words in _OWN_CAUSE)


def no_such_user(said: Said) -> bool:
    """Whether delivery missed an account in the directory: of the recipient, or one that it needs itself."""
    low = said.text.lower()
    return any(words.lower() in low for words in NO_USER)


def filed_too_large(said: Said) -> bool:
    """Whether delivery itself could not save the message because of its size; not an agent that writes something of its own."""
    low = said.text.lower()
    return "storedrv.deliver" in low and any(words in low for words in _TOO_LARGE) and "[agent:" not in low


def quota_of_number(said: Said) -> str:
    """The name of the exceeded quota where it is none of size (`NamedProps`), else ""; replies say `mailbox full` of both."""
    found = _OF_NUMBER.search(said.text)
    return str(found.group(1)) if found else ""


def exception_of(said: Said) -> str:
    """The exception pair that the store driver printed (`Outer.Inner`), "" where the text has none."""
    found = _EXCEPTION.search(said.text)
    return str(found.group(1)) if found else ""


def is_transient(said: Said) -> bool:
    """Whether the store asks to try again: by the class of the code, or by the name of the exception.

    A permanent one is wrapped into a code that asks for it where the message (a journal report) was marked for retry.
    """
    if _PERMANENT.search(said.text):
        return False
    return "transient" in said.text.lower() or bool(_TRANSIENT_CODE.search(said.text))
