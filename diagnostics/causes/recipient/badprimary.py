"""The recipient object has no valid primary address.

## What is happening
The object was found, but its primary SMTP address or external address is missing or malformed, mostly on a
mail contact or mail user that was imported or edited outside Exchange. Exchange cannot write the recipient
and returns `550 5.2.0 RESOLVER.ADR.BadPrimary`.

## What proves it
- the reply itself
- `ExternalEmailAddress` or `PrimarySmtpAddress` of the object is empty or no SMTP address

## Not this when
- the address in the message is malformed (`recipient.address.invalid-syntax`)
- both addresses of the object are valid
- two objects own the address (`recipient.ambiguous.duplicate-proxy`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/badprimary-ndr
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient import looks
from diagnostics.causes.recipient.lookup import address, by_microsoft, holders, named
from diagnostics.causes.recipient.steps import EXO
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.report import Shell, Step

_OUTSIDE: Final = ("MailContact", "MailUser", "GuestMailUser")
_WELL_FORMED = linear(r"(?i)^(?:smtp:)?[^\s@:;,<>\"]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+$")


@cause(
    id="recipient.badprimary",
    act="on-prem",
    says=(
        "RESOLVER.ADR.BadPrimary",
        "recipient primary SMTP address is missing or invalid",
        "RESOLVER.CON.NoTarget",
        "RESOLVER.CON.InvalidTarget",
        "RESOLVER.CON.UnencapTarget",
        "recipient's directory object is misconfigured",
    ),
)
def assess(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    """The token names the fault; who said it tells whose directory holds the object."""
    wanted = address(said, replies)
    online = by_microsoft(said)
    if has(said, "resolver.con."):
        what = "no valid external address"
    elif has(said, "primary"):
        what = "no valid primary SMTP address"
    else:
        because = (
            f"The directory object behind {named(wanted, 'the recipient')} is incomplete; mostly an address is missing."
        )
        return Finding(Belief.POSSIBLE, because, (said,), _steps(wanted, online), weight=1.8)
    because = f"The directory object behind {named(wanted, 'the recipient')} has {what}"
    because += f", says {said.by}." if said.by else "."
    return Finding(
        Belief.CONFIRMED, because, (said,), _steps(wanted, online), "exchange-online" if online else "on-prem"
    )


@shown
def addresses_of(objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """The addresses of the object that was addressed, else of the only one that was shown."""
    wanted = next(iter(looks.refused(replies)), "")
    shown_ = looks.owners(wanted, objects, holders(wanted, objects)) or looks.owners("", objects, ())
    entry = shown_[0] if len(shown_) == 1 and shown_[0].told("PrimarySmtpAddress") else None
    if entry is None or "folder" in entry.get("RecipientTypeDetails").lower():
        return None
    outside = entry.get("RecipientTypeDetails") in _OUTSIDE and entry.told("ExternalEmailAddress")
    told = ("PrimarySmtpAddress", *(("ExternalEmailAddress",) if outside else ()))
    bad = next((name for name in told if not _WELL_FORMED.search(entry.get(name))), "")
    called = entry.name or entry.get("ExternalEmailAddress").partition(":")[2] or "The object"
    if bad:
        value = entry.get(bad)
        because = f"{bad} of {called} is " + (f"`{value[:120]}`, no SMTP address." if value else "empty.")
        return Finding(Belief.CONFIRMED, because, (entry,), _steps(wanted, online=False))
    because = f"{' and '.join(told)} of {called} {'are' if outside else 'is'} valid."
    return Finding(Belief.RULED_OUT, because, (entry,))


def _steps(wanted: str, online: bool) -> tuple[Step, ...]:
    shell: Shell = EXO if online else "exchange-management-shell"
    return (
        look(
            "Show the object's addresses (by its name or alias, where the address finds nothing).",
            "Get-Recipient {address} | Format-List "
            "Name,RecipientTypeDetails,PrimarySmtpAddress,ExternalEmailAddress,EmailAddresses",
            shell,
            address=wanted,
        ),
        change(
            "Give the contact a valid external address (for a mail user: Set-MailUser; a synchronized "
            "object is changed on-premises).",
            "Set-MailContact {contact} -ExternalEmailAddress {address}",
            shell=shell,
            changes="Replaces the contact's external address.",
            undo="The same with the address that the first command showed.",
            verify="PrimarySmtpAddress and ExternalEmailAddress show the address; the next message is delivered.",
            contact="",
            address="",
        ),
    )
