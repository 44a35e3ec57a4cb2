"""The Edge server refuses recipients that exist, because its copy of the directory is stale.

## What is happening
An Edge Transport server checks recipients against its own copy of the directory (AD LDS), which EdgeSync
fills from the inside. When synchronization stopped, new recipients are missing there and are refused with
`550 5.1.10` or `550 5.1.1 User unknown`, though they receive mail from inside. Exchange 2016 RTM and CU1
refuse them even with a complete copy. The same happens behind any gateway that keeps a list of recipients of its own: a hosted
spam filter, a Postfix with `relay_recipient_maps`.

## What proves it
- `Test-EdgeSynchronization -VerifyRecipient` says that the recipient isn't synchronized, while it exists
  inside
- the Edge server gave the refusal

## Not this when
- a Mailbox server refused, or the recipient exists nowhere
- the test says `RecipientStatus: Synchronized` (asked about a recipient, it leaves SyncStatus at `Inconclusive`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/mailflow/edge-transport-servers-reject-messages
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.auth_smtp.logon import told_edge
from diagnostics.causes.recipient import looks
from diagnostics.causes.recipient.lookup import (
    absent,
    address,
    by_microsoft,
    holders,
    is_edge,
    looked_up,
    named,
    passed_on,
)
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import AgentAction, Configured, LookedUp
from diagnostics.report import Step

# A Postfix in front knows the recipients from a list of its own.
_OWN_LISTS = ("User unknown in relay recipient table", "User unknown in virtual mailbox table")


@cause(
    id="recipient.edge.validation-stale",
    act="on-prem",
    says=(
        "RESOLVER.ADR.RecipientNotFound",
        "not found by SMTP address lookup",
        "550 5.1.1 User unknown",
        "550 5.1.10",
        *_OWN_LISTS,
    ),
)
def assess(
    said: Said,
    _sync: Configured | None,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
    actions: tuple[AgentAction, ...],
) -> Finding | None:
    """Judged where an Edge server refused or its synchronization was looked at."""
    if passed_on(said):
        return None
    if by_microsoft(said):
        return Finding(Belief.RULED_OUT, f"{said.by or 'Exchange Online'} refused it, not an Edge server.", (said,))
    wanted = address(said, replies)
    if said.signature in _OWN_LISTS:
        # Another organization's list is no matter of ours, nor is a list of senders.
        return None if said.by or "recipient address rejected" not in said.text.lower() else _by_list(said, wanted)
    edge = is_edge(said.by, objects)
    tested = next((each for each in objects if each.kind == "edge-sync"), None)
    known = next(iter(holders(wanted, objects)), None)
    if tested and not tested.failing and not _missing(tested):
        because = f"EdgeSync of {tested.name or 'the Edge server'} is up to date."
        return Finding(Belief.RULED_OUT, because, (tested,))
    told = told_edge(objects)
    if told and not (edge or tested or said.by):
        return _told(said, told, wanted, known)
    filtered = next((each for each in actions if each.source == said.source), None)
    if filtered and not (edge or tested or known):
        because = f"The {filtered.agent} looked {named(wanted)} up in the directory of its own server; on an Edge server that is "
        because += "a copy, which may be older than the recipient."
        return Finding(Belief.POSSIBLE, because, (said, filtered), _steps(wanted), weight=1.4)
    if not (edge or tested):
        if said.by or "5.1.10" not in said.text:
            return None
        because = (
            "If an Edge server gave this answer, its copy of the directory may be older than the recipient, or its "
        )
        because += "build is at fault."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(wanted), weight=0.75)
    who = said.by or "The Edge server"
    because = f"{who} refused {named(wanted)} by its own copy of the directory"
    if tested:
        because += f", and EdgeSync of {tested.name or 'this Edge server'} is not up to date."
        belief = Belief.CONFIRMED if known and edge else Belief.LIKELY
        return Finding(belief, because, (tested, said, known), _steps(wanted), weight=1.5)
    because += f"; {known.name} owns the address inside." if known else ", which may be older than the recipient."
    return Finding(Belief.LIKELY if known else Belief.POSSIBLE, because, (said, known), _steps(wanted), weight=1.4)


@shown
def copy(objects: tuple[Configured, ...], lookups: tuple[LookedUp, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """The copy of the recipient, else whether there is anything to copy."""
    wanted = looks.sought(replies, lookups)
    tested = next((each for each in objects if each.kind == "edge-sync"), None)
    if tested:
        return _tested(tested, wanted)
    told = told_edge(objects)
    gone = absent(wanted, lookups, "on-prem")
    if gone and told:
        because = f"The directory inside has no object with {named(wanted, 'the address')} that could be copied."
        return Finding(Belief.RULED_OUT, because, (gone,))
    known = next(iter(looked_up(wanted, objects)), None)
    if told is None or known is None or not looks.looked_for(replies):
        return None
    because = f"{known.name or 'An object'} owns {named(wanted, 'the address')} inside, and the Edge server in front refuses it."
    return Finding(Belief.LIKELY, because, (known, told), _steps(wanted))


def _tested(tested: Configured, wanted: str) -> Finding | None:
    of = tested.name or "the Edge server"
    failed = tested.get("SyncStatus").lower() == "failed"  # of all that is copied: the subscription may be why
    if _missing(tested) or failed:
        state = tested.get("RecipientStatus") if _missing(tested) else tested.get("FailureDetail").rstrip(".")
        because = f"EdgeSync of {of} is not up to date{f': {state}' if state else ''}."
        belief = Belief.LIKELY if failed else Belief.CONFIRMED
        return Finding(belief, because, (tested,), _steps(wanted))
    if tested.failing:
        return None
    return Finding(Belief.RULED_OUT, f"EdgeSync of {of} is up to date.", (tested,))


def _told(said: Said, told: Configured, wanted: str, known: Configured | None) -> Finding:
    """Nothing names the server, but an Edge server is in front, as the person says: it answers whoever is outside."""
    because = (
        f"As you say, an Edge server is in front; it refuses {named(wanted, 'the recipients')} by its own copy of the "
    )
    because += (
        f"directory; {known.name} owns the address inside." if known else "directory, or by the defect of its build."
    )
    return Finding(Belief.POSSIBLE, because, (said, told, known), _steps(wanted), weight=1.9)


def _by_list(said: Said, wanted: str) -> Finding:
    relays = "relay recipient" in said.text.lower()
    because = (
        f"The server that refused knows its recipients from a list of its own, in which {named(wanted, 'the address')} "
    )
    because += "is missing: if the mailbox exists behind it, the list is not up to date."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(wanted), weight=1.4 if relays else 0.75)


def _missing(tested: Configured) -> bool:
    return "not" in tested.get("RecipientStatus").lower()


def _steps(wanted: str) -> tuple[Step, ...]:
    return (
        look(
            "On a Mailbox server, compare the Edge server's copy for this recipient.",
            "Test-EdgeSynchronization -VerifyRecipient {address} | Format-List "
            "Name,SyncStatus,RecipientStatus,LastSynchronizedUtc,FailureDetail; "
            "Test-EdgeSynchronization | Format-List Name,SyncStatus,LastSynchronizedUtc,FailureDetail",
            address=wanted,
        ),
        look(
            "See the Edge server's build: 2016 RTM and CU1 have the defect.",
            "Get-ExchangeServer | Format-Table Name,ServerRole,AdminDisplayVersion",
        ),
        advise("Edge servers of 2016 RTM or CU1: install a newer cumulative update, which mends the defect."),
        change(
            "If the copy is incomplete, synchronize everything anew.",
            "Start-EdgeSynchronization -ForceFullSync",
            changes="Copies all recipients and settings to the subscribed Edge servers; some minutes of load.",
            undo="None needed: it changes no setting.",
            verify=(
                "Test-EdgeSynchronization says Normal and the recipient is synchronized; a message "
                "from outside is accepted."
            ),
        ),
    )
