"""The mailbox store refuses this item for good, with an exception that has no cause of its own.

## What is happening
The message reached the mailbox server, and the store would not file it: `554 5.2.0
STOREDRV.Deliver.Exception:…`. The pair of exception names after it tells which part failed:
ObjectNotFoundException with "Cannot get ID from name" is a broken Clutter folder, MapiExceptionCorruptData a
damaged mailbox or view. It concerns one mailbox; sending again brings the same report.

## What proves it
- the exception pair, while other mailboxes get the same message

- `MapiExceptionNamedPropsQuotaExceeded`: the mailbox has reached its quota of named properties, though the same reply says
  `mailbox full`
- `Failed to process message due to a permanent exception`, also where a code that asks to try again stands around it

## Not this when
- the exception is one that names its cause: a quota, too many objects in a folder, a delegate, federation, a
  missing permission, content that can't be converted

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/mailbox-named-properties-quota-exceeded
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/mapiexceptionnotfound-ndr
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import EMS, Belief, Finding, cause, look
from diagnostics.causes.recipient.lookup import address, by_microsoft, named
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.causes.store.exceptions import (
    UNCONFIGURED,
    exception_of,
    filed_too_large,
    has_own_cause,
    is_transient,
    no_such_user,
    of_named_properties,
    quota_of_number,
)
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured
from diagnostics.report import Act, Step

_POISON: Final = "message is treated as poison"
_KEPT: Final = "replaced by a retry response because the message was marked for retry"


@cause(
    id="store.delivery.permanent-exception",
    act="recipient-side",
    says=(
        "STOREDRV.Deliver.Exception",
        "Cannot get ID from name",
        "MapiExceptionCorruptData",
        "MapiExceptionNamedPropsQuotaExceeded",
        "MSExchangeIS 9666",
        "MSExchangeIS 9667",
        "MSExchangeIS Mailbox Store 9667",
        "Failed to create a new named property for database",
        _POISON,
    ),
    against={
        "MapiExceptionNotAuthorized": "is a missing permission, not damaged data",
        "ConversionFailedException": "is the message's own content, which no mailbox could store",
        "MapiExceptionShutoffQuotaExceeded": "is a full mailbox, not damaged data",
    },
)
def assess(said: Said, replies: tuple[Reply, ...], objects: tuple[Configured, ...]) -> Finding | None:
    """A permanent exception of the store, unless its class has its own cause."""
    if has_own_cause(said) or is_transient(said):
        return None
    if filed_too_large(said):
        because = (
            f"{exception_of(said) or 'The exception'} is about the size of the message; the mailbox itself is sound."
        )
        return Finding(Belief.RULED_OUT, because, (said,))
    if said.kind == "event":
        return _named_properties(said, replies)
    wanted = address(said, replies)
    if said.signature == _POISON:
        because = "Filing the message crashed the delivery several times, so it is not tried again: the mailbox of "
        because += (
            f"{named(wanted, 'the recipient')} is damaged where every message fails, the message where it is this one."
        )
        return Finding(Belief.POSSIBLE, because, (said,), _steps(wanted, by_microsoft(said)), weight=1.5)
    low = said.text.lower()
    online = by_microsoft(said)
    if of_named_properties(said):
        because = f"The mailbox of {named(wanted, 'the recipient')} takes no further named properties, which is a quota of its "
        because += (
            "own: it need not be full, whatever the reply says. Mostly an Outlook add-in has made thousands of them."
        )
        return Finding(
            Belief.CONFIRMED, because, (said,), _named_property_steps(wanted), "exchange-online" if online else None
        )
    because = f"The store refused to file the message into the mailbox of {named(wanted, 'the recipient')}: "
    because += f"{exception_of(said) or said.signature}."
    if "cannot get id from name" in low:
        because += " A folder that delivery needs, mostly Clutter, can't be found in this mailbox."
        return Finding(Belief.CONFIRMED, because, (said,), _clutter(wanted), "exchange-online" if online else None)
    act: Act | None = "exchange-online" if online else None
    if quota_of_number(said):
        because += " That is a limit on a number, not on the size of the mailbox."
    if said.kind == "trace" and not online and "led=" not in low:
        act = "on-prem"  # the store driver's own entry in the tracking log: the mailbox is on that server
    if _KEPT in low:
        because += (
            " It stays in our queue, because such a message (a journal report) is marked to be tried again even so."
        )
        act = act or "on-prem"
    belief = Belief.POSSIBLE if _of_directory(said, objects) else Belief.LIKELY
    return Finding(belief, because, (said,), _steps(wanted, online), act, weight=1.0)


def _of_directory(said: Said, objects: tuple[Configured, ...]) -> bool:
    """Whether something in the directory may be missing rather than wrong in the mailbox. A public folder has no account of its
    own, so where one is missed it is another object's."""
    folder = any(each.kind == "told-folder" for each in objects)
    return UNCONFIGURED in said.text or (folder and no_such_user(said))


def _named_property_steps(wanted: str) -> tuple[Step, ...]:
    return (
        look(
            "See how many named properties the mailbox may have, and which name most of them begin with. The script "
            "Test-MailboxExtendedProperty.ps1 of CSS-Exchange tells which namespace is full.",
            "Get-MailboxStatistics {address} | Format-List NamedPropertiesCountQuota; "
            "Get-MailboxExtendedProperty -Identity {address} | Group-Object PropertyNamespace | Format-Table Count,Name",
            EXO,
            address=wanted,
        ),
        advise(
            "Remove or update the add-in or application that makes them. Named properties of the PublicStrings namespace can be "
            "cleaned up (New-MailboxExtendedPropertyCleanupRequest, with -DetectOnly first: what it deletes is gone); for any "
            "other namespace open a case with Microsoft."
        ),
    )


def _named_properties(said: Said, replies: tuple[Reply, ...]) -> Finding:
    """Events 9666 and 9667: a quota of the database that no mailbox has."""
    refused = next((each for each in replies if each.failing), None)
    because = "The mailbox database takes no further named properties (events 9666, 9667): messages with header names that are "
    because += "new to it are refused, whoever the recipient is."
    belief = Belief.LIKELY if refused else Belief.POSSIBLE
    return Finding(belief, because, (said, refused), _steps("", False), "on-prem", weight=1.2)


def _folders(wanted: str, online: bool) -> Step:
    return look(
        "Look at the mailbox's folders, where the recipient is yours.",
        "Get-MailboxFolderStatistics {address} | Format-Table FolderPath,ItemsInFolder,FolderSize",
        EXO if online else EMS,
        address=wanted,
    )


def _clutter(wanted: str) -> tuple[Step, ...]:
    return (
        _folders(wanted, online=True),
        advise(
            "Switch Clutter off for this mailbox (Outlook on the web, or Set-Clutter -Enable $false), "
            "then send a test message."
        ),
    )


def _steps(wanted: str, online: bool) -> tuple[Step, ...]:
    online_only = (
        "If this one mailbox refuses every message, open a support case with the exception pair; if it "
        "refuses only this one, send it anew without its attachment or as plain text."
    )
    repair = (
        "If the exception is MapiExceptionCorruptData, repair the mailbox (New-MailboxRepairRequest, types "
        "SearchFolder, AggregateCounts, ProvisionedFolder and FolderView) or move it to another database; if "
        "only this message is refused, send it as plain text."
    )
    return (_folders(wanted, online), advise(online_only if online else repair))
