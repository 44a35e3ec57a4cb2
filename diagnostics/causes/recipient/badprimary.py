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
- two objects own the address (`recipient.ambiguous.duplicate-proxy`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/badprimary-ndr
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.lookup import address, by_microsoft, named
from diagnostics.causes.recipient.steps import EXO
from diagnostics.facts import Reply, Said
from diagnostics.report import Shell, Step


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


def _steps(wanted: str, online: bool) -> tuple[Step, ...]:
    shell: Shell = EXO if online else "exchange-management-shell"
    return (
        look(
            "Show the object's addresses.",
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
