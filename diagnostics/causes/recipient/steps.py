"""Steps that several causes about recipients offer."""

from __future__ import annotations

from typing import Final

from diagnostics.cause import EMS, look
from diagnostics.report import Shell, Step

EXO: Final[Shell] = "exchange-online-powershell"
# The time of the look: how old an object is tells more than when it was made.
NOW: Final = "; [pscustomobject]@{{NowUTC=(Get-Date).ToUniversalTime()}} | Format-List"
_SHOWN: Final = (
    "Format-List Name,RecipientTypeDetails,PrimarySmtpAddress,EmailAddresses,ExternalEmailAddress,WhenCreatedUTC"
)


def advise(say: str) -> Step:
    """Something a person does outside any shell; it changes nothing on a server."""
    return Step(say=say, shell="portal")


def find_recipient(address: str, shell: Shell = EMS) -> Step:
    where = "in Exchange Online" if shell == EXO else "in the on-premises organization"
    return look(
        f"Look for an object that owns the address {where}.",
        "Get-Recipient {address} | " + _SHOWN + (NOW if shell == EXO else ""),
        shell,
        address=address,
    )


def accepted_domains(shell: Shell = EMS) -> Step:
    return look(
        "List the accepted domains and their type on the side that refused.",
        "Get-AcceptedDomain | Format-Table DomainName,DomainType,Default",
        shell,
    )


def correct_the_address() -> Step:
    return advise(
        "Sender: check the address for a typing error, delete its AutoComplete entry in Outlook and type it "
        "anew; if it is right, the recipient's administrators must restore the mailbox or add the alias."
    )
