"""The recipient was only just created or changed, and the directory that answered does not know it yet.

## What is happening
A new, restored or renamed recipient takes minutes to reach every directory replica of Exchange Online, and up
to a day to reach edge blocking. Until then mail is refused as if the address did not exist. It heals by
itself. On-premises, the domain controllers of another site learn of a moved mailbox only with the next replication: until
then its mail waits in the Submission queue, `Message rerouted and delayed by store driver`, or the store that it is sent to
does not know the mailbox, `MapiExceptionUnconfigured`.

## What proves it
- `Get-Recipient` already shows the object, and WhenCreatedUTC or WhenChangedUTC lies shortly before the
  refusal
- a test a little later is accepted without any change

## Not this when
- the object is older than a day, or still isn't there
- the domain is InternalRelay in the tenant: its edge checks no recipients then

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/use-directory-based-edge-blocking
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.recipient import looks
from diagnostics.causes.recipient.ages import age, hours_before
from diagnostics.causes.recipient.edge_blocking import edge_blocked
from diagnostics.causes.recipient.lookup import (
    address,
    by_microsoft,
    directory_says_no,
    domain,
    looked_up,
    named,
    passed_on,
    premises,
    unknown_of,
)
from diagnostics.causes.recipient.steps import EXO, NOW, advise
from diagnostics.causes.store.exceptions import REROUTED, SOFT_DELETED, UNCONFIGURED
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.report import Step

_UNSTAMPED: Final = "Failed to read attribute msExchUserAccountControl"  # event 9562 of the store
_OLD_NAME: Final = "The recipient name is not recognized"  # Exchange 5.5
_TOLD: Final = {
    _UNSTAMPED: "The store missed an attribute that the Recipient Update Service writes: it has not come by yet for this user, "
    "or what it wrote has not reached the domain controller that the store asks.",
    _OLD_NAME: "If the recipient was only just made or moved, the directory of the sender's site has not been replicated yet.",
    SOFT_DELETED: "The store has the mailbox as one that was moved away: if a move has just ended, the domain controller that "
    "transport asks still names the old place.",
}
_WORTH: Final = {_UNSTAMPED: 1.0, _OLD_NAME: 0.8, SOFT_DELETED: 1.2}
_STAMP = linear(r"\b(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z)")  # in the tag of Exchange Online's servers
_FRESH: Final = 24.0  # hours that edge blocking may need
_OLD: Final = 72.0
_LONG: Final = 3.0  # hours; shorter spans are told in minutes


@cause(
    id="recipient.provisioning.not-replicated",
    act="exchange-online",
    says=(
        "Recipient address rejected: Access denied",
        "RESOLVER.ADR.RecipientNotFound",
        "not found by SMTP address lookup",
        REROUTED,
        UNCONFIGURED,
        _UNSTAMPED,
        _OLD_NAME,
        SOFT_DELETED,
    ),
)
def assess(
    said: Said, _found: Configured | None, objects: tuple[Configured, ...], replies: tuple[Reply, ...]
) -> Finding | None:
    """Judged only once the object is shown: an address that was refused and yet is there."""
    if said.signature == REROUTED:
        because = "If the mailbox was only just moved, the domain controllers that transport asks do not know its new place yet."
        return Finding(Belief.POSSIBLE, because, (said,), _moved(), "on-prem", weight=1.3)
    wanted = address(said, replies)
    if said.signature == UNCONFIGURED:
        return _unconfigured(said, wanted)
    if said.signature == _OLD_NAME and any(each.kind == "told-delivered" for each in objects):
        return None  # it arrived: the recipient is known
    if said.signature in _TOLD:
        return Finding(
            Belief.POSSIBLE, _TOLD[said.signature], (said,), _moved(), "on-prem", weight=_WORTH[said.signature]
        )
    unsaid = not said.by and "5.1.10" in said.text
    if not (edge_blocked(said) or (directory_says_no(said) and (by_microsoft(said) or unsaid))) or passed_on(said):
        return None
    owners = looked_up(wanted, objects)
    owner = next((each for each in owners if premises(each) != "on-prem"), None)
    if owner is None and (owners or unknown_of(domain(wanted), replies)):
        return None
    if owner is None:
        because = (
            f"If {named(wanted, 'the address')} was only just made, the directory that answered does not know it yet."
        )
        return Finding(Belief.POSSIBLE, because, (said,), _steps(wanted), weight=0.8)
    stamped = _STAMP.search(said.text)
    refused = next((r.at for r in replies if r.source == said.source and r.at), "")
    return _judged(said, owner, wanted, refused or (str(stamped.group(1)) if stamped else ""))


def _unconfigured(said: Said, wanted: str) -> Finding:
    """The store knows no mailbox for an account that transport found: two domain controllers that say different things."""
    because = f"Transport found {named(wanted, 'the mailbox')} and the store does not know it (MapiExceptionUnconfigured): if it "
    because += (
        "was only just made, moved or migrated, the domain controller that the store asks has not heard of that yet."
    )
    online = by_microsoft(said)
    return Finding(Belief.POSSIBLE, because, (said,), _moved(), "exchange-online" if online else "on-prem", weight=1.8)


def _judged(said: Said, owner: Configured, wanted: str, refused: str) -> Finding:
    """`refused` is when; the nearer the object's making or change lies before it, the surer this is."""
    times = [f"{words} {at}" for words, at in _times(owner) if at]
    because = f"{owner.name or 'An object'} owns {named(wanted, 'an address')} although Exchange Online refused it"
    because += f" ({', '.join(times)})" if times else ""
    gaps = [gap for _, at in _times(owner) if (gap := hours_before(at, refused)) is not None]
    if any(abs(gap) <= _FRESH for gap in gaps):
        because += f", and was made or changed about {_span(min(abs(gap) for gap in gaps))} from then: the directory was still "
        because += "catching up."
        return Finding(Belief.LIKELY, because, (said, owner), _steps(wanted), weight=1.8)
    if gaps and min(gaps) > _OLD:
        because += f", and had not changed for {_span(min(gaps))}: it was known long before."
        return Finding(Belief.RULED_OUT, because, (owner, said))
    because += ". If it was made or changed less than a day before the refusal, the directory was still catching up."
    return Finding(Belief.POSSIBLE, because, (said, owner), _steps(wanted), weight=1.8 if times else 1.2)


@shown
def ages(objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """How old the recipient is. What a tenant relays is not refused for being new."""
    relays = looks.relayed_in_tenant(replies, objects)
    if relays and any("access denied" in each.whole.lower() for each in replies):
        because = f"{relays.name} is {relays.get('DomainType')} in the tenant, so its edge checks no recipients."
        return Finding(Belief.RULED_OUT, because, (relays,))
    wanted = next(iter(looks.refused(replies)), "")
    shown_of = looks.owners(wanted, objects, looked_up(wanted, objects))
    owner = next((each for each in shown_of if premises(each) != "on-prem"), None)
    now = next((each.get("NowUTC") for each in objects if each.get("NowUTC")), "")
    old = [hours for _, at in _times(owner) if (hours := age(at, now)) is not None] if owner else []
    if owner is None or not old:
        return None
    because = f"{owner.name or 'The recipient'} was made or changed {_span(min(old))} before it was looked at"
    if min(old) <= _FRESH:
        if not looks.looked_for(replies):
            return None
        because += ": the directory that refused it was still catching up."
        return Finding(Belief.LIKELY, because, (owner,), _steps(wanted))
    return Finding(Belief.RULED_OUT, f"{because}: it was known long before.", (owner,)) if min(old) > _OLD else None


def _span(hours: float) -> str:
    return f"{round(hours * 60)} minutes" if hours < _LONG else f"{round(hours)} hours"


def _times(owner: Configured) -> tuple[tuple[str, str], ...]:
    return (
        ("created", owner.get("WhenCreatedUTC") or owner.get("WhenCreated")),
        ("changed", owner.get("WhenChangedUTC") or owner.get("WhenChanged")),
    )


def _moved() -> tuple[Step, ...]:
    return (
        look(
            "Compare what the domain controllers of both sites say of the mailbox's place.",
            "Get-Mailbox {mailbox} -DomainController {domain_controller} | Format-List Database,ServerName,WhenChangedUTC",
            mailbox="",
            domain_controller="",
        ),
        look(
            "See whether replication between the sites works, and when it ran last.",
            "repadmin /replsummary",
            "powershell",
        ),
        advise("Wait for the next replication between the sites (three hours by default); the queue drains by itself."),
    )


def _steps(wanted: str) -> tuple[Step, ...]:
    return (
        look(
            "Compare the time of creation and change with the time of the refusal.",
            "Get-Recipient {address} | Format-List Name,RecipientTypeDetails,WhenCreatedUTC,WhenChangedUTC,EmailAddresses"
            + NOW,
            EXO,
            address=wanted,
        ),
        advise(
            "Wait (mostly under an hour, for edge blocking up to 24 hours), then send again; change nothing meanwhile."
        ),
    )
