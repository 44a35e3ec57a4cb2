"""The mailbox store failed for a moment; delivery is tried again by itself.

## What is happening
The store driver got a temporary error: a database that was moving to another server, a network or RPC
problem, a busy store. The message is deferred (`420 4.2.0
STOREDRV.Deliver.Exception:StorageTransientException…`) and tried again. Only when it goes on for hours is
something behind it.

## What proves it
- DEFER events followed by DELIVER for the same message

## Not this when
- the exception is a permanent one (`store.delivery.permanent-exception`)
- the database is offline (`store.database.dismounted`)

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/transport-logs/message-tracking
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.causes.recipient.lookup import address, by_microsoft, named
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.causes.store.exceptions import REROUTED, exception_of, has_own_cause, is_transient
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Tracked
from diagnostics.report import Act, Step


@cause(
    id="store.delivery.transient-exception",
    act="on-prem",
    says=(
        "STOREDRV.Deliver.Exception",
        "STOREDRV.Submit.Exception",
        "4.2.0 STOREDRV",
        "StorageTransientException",
        "ConnectionFailedTransientException",
        "MapiExceptionNetworkError",
        REROUTED,
    ),
)
def assess(
    said: Said, _event: Tracked | None, tracked: tuple[Tracked, ...], replies: tuple[Reply, ...]
) -> Finding | None:
    """A temporary class of error; a DELIVER in the tracking log shows that it healed."""
    if said.signature == REROUTED:
        because = (
            "The store driver did not find the mailbox where it looked, and sent the message on for another try: its "
        )
        because += "database has just moved, or is not mounted where the directory says."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(online=False), weight=1.4)
    if has_own_cause(said) or not is_transient(said):
        return None
    online = by_microsoft(said)
    wanted = address(said, replies)
    act: Act = "microsoft" if online else "on-prem"
    because = (
        f"The store deferred delivery to {named(wanted, 'the mailbox')} with "
        f"{exception_of(said) or 'a temporary error'}"
    )
    delivered = next((each for each in tracked if each.event.upper() == "DELIVER"), None)
    if delivered:
        at = f" at {delivered.at}" if delivered.at else ""
        because += f", and it was delivered{at}: nothing more has to be done for this message."
        return Finding(Belief.CONFIRMED, because, (said, delivered), _steps(online), act)
    because += "; it is tried again by itself, and becomes a failure only if it goes on for hours."
    return Finding(Belief.LIKELY, because, (said,), _steps(online), act, weight=1.0)


def _steps(online: bool) -> tuple[Step, ...]:
    if online:
        return (
            look(
                "See whether the message was delivered later.",
                "Get-MessageTraceV2 -MessageId {message} | Format-List Received,RecipientAddress,Status",
                EXO,
                message="",
            ),
            advise("If many mailboxes are concerned, see the service health page of the Microsoft 365 admin center."),
        )
    return (
        look(
            "See whether a later DELIVER event exists for the message.",
            "Get-MessageTrackingLog -MessageId {message} | Sort-Object Timestamp | Format-Table "
            "Timestamp,EventId,Source,RecipientStatus",
            message="",
        ),
        look(
            "If it goes on, see the databases and where they are mounted.",
            "Get-MailboxDatabase -Status | Format-Table Name,Mounted,MountedOnServer",
        ),
    )
