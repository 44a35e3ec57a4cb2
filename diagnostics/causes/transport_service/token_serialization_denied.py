"""The Exchange servers' computer accounts are in a group that is denied token serialization.

## What is happening
Exchange's front end passes on who a user is to the back end, and its services prove themselves to each other, by the right
ms-Exch-EPI-Token-Serialization. The groups Domain Admins, Schema Admins, Enterprise Admins and Organization Management are denied
it. Where somebody put a server's computer account into one of them, its requests are refused from the next restart on: Outlook
on the web and the shell fail, and mail stays in Drafts.

## What proves it
- events 3002 and 3003 of MSExchange BackEndRehydration: `NT AUTHORITY\\SYSTEM does not have token serialization permission`
- the computer account is a member of one of these groups

## Not this when
- `gpresult` lists the groups of the server's account, and none of these is among them
- tickets can't be had, clocks differ, or a name is registered twice (`transport-service.kerberos.exchangeauth-failed`)

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/client-connectivity/error-occur-ems-eac-owa
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.transport_service.services import POWERSHELL
from diagnostics.facts import Said
from diagnostics.mail_facts import Configured
from diagnostics.report import Step

# Domain Admins and Enterprise Admins have translated names.
_DENIED: Final = frozenset(
    {"domain admins", "schema admins", "enterprise admins", "organization management", "dom\xe4nen-admins", "schema-admins",
     "organisations-admins", "admins du domaine", "administrateurs du sch\xe9ma", "administrateurs de l\u2019entreprise",
     "admins. del dominio", "administradores de esquema", "administradores de empresas"}
)  # fmt: skip
_WORDS: Final = "does not have token serialization permission"


@cause(
    id="transport-service.token-serialization.denied",
    act="on-prem",
    says=(
        _WORDS,
        "doesn't have token serialization permission",
        "MSExchange BackEndRehydration 3002",
        "MSExchange BackEndRehydration 3003",
    ),
)
def assess(said: Said) -> Finding | None:
    """The event says that the right is missing; which group takes it away, the account's groups show."""
    if "token serialization" not in said.text.lower():
        return None
    because = "A server may not pass on who is logged on: its computer account lacks the right of token serialization, mostly "
    because += "because it was put into a group of administrators, which are denied it."
    belief = Belief.CONFIRMED if "system" in said.text.lower() or "$" in said.text else Belief.LIKELY
    return Finding(belief, because, (said,), _steps())


@shown
def groups(objects: tuple[Configured, ...]) -> Finding | None:
    """The groups of the servers' computer accounts, as far as they were sent."""
    lists = [each for each in objects if each.kind == "computer-groups"]
    denied = next(((each, name) for each in lists if (name := _denied(each))), None)
    if denied:
        because = (
            f"The computer account of an Exchange server is in `{denied[1]}`, which is denied token serialization."
        )
        return Finding(Belief.CONFIRMED, because, (denied[0],), _steps())
    if not lists:
        return None
    because = "The server's computer account is in none of the groups that are denied token serialization."
    return Finding(Belief.RULED_OUT, because, tuple(lists[:3]))


def _denied(account: Configured) -> str:
    return next((each for each in account.items("Groups") if each.lower() in _DENIED), "")


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See which groups are denied the right on the servers.",
            "Get-ExchangeServer | ForEach-Object {{ Get-ADPermission $_.Identity }} | "
            "Where-Object {{ $_.ExtendedRights -like '*Token-Serialization*' }} | Format-Table Identity,User,Deny",
        ),
        look(
            "On each Exchange server, list the groups of its computer account. None that is denied the right may be among them, "
            "nor a group that is in one of these.",
            "gpresult /scope computer /r",
            POWERSHELL,
        ),
        change(
            "Take the computer account out of that group, and restart the server: its groups are read at its start.",
            "",
            shell="portal",
            changes="The server has the rights of Exchange Servers and Exchange Trusted Subsystem only, as setup gave them.",
            undo="Put the account back into the group.",
            verify="No new event 3002 or 3003, and a message leaves Drafts.",
        ),
    )
