"""The mailbox in the cloud has no recipient object on-premises.

## What is happening
The mailbox was created or licensed directly in Exchange Online, or its on-premises mail attributes were wiped. On-premises
Exchange still counts as knowing every address of the domain, finds no object, and refuses the mail or never sends it on,
while inside Exchange Online the mailbox works.

## What proves it
- an on-premises server refuses the address, `Get-Recipient` finds nothing there, and `Get-Mailbox` in Exchange Online does
- the mailbox in Exchange Online has IsDirSynced False, or no address at `…mail.onmicrosoft.com`: then it was made there

## Not this when
- `Get-RemoteMailbox` on-premises returns the user (`hybrid.remote-routing-address.missing`)
- the address exists on neither side (`recipient.unknown.onprem`)

## References
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/enable-remotemailbox
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.recipient.lookup import (
    absent,
    accepted,
    address,
    by_microsoft,
    directory_says_no,
    domain,
    holders,
    is_microsoft,
    named,
    passed_on,
    premises,
    proxies,
    refused,
)
from diagnostics.causes.recipient.steps import EXO, find_recipient
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import CommandError, Configured, LookedUp, Told
from diagnostics.report import Step
from diagnostics.text import is_cut

_KINDS: Final = ("recipient", "mailbox")
_TOLD: Final = {
    "only": "is in the cloud alone",
    "routed": "takes mail in the tenant's own domain",
    "reached": "is reached from the cloud",
}
_ROUTING: Final = ".mail.onmicrosoft.com"


@cause(
    id="hybrid.remote-mailbox.object-missing",
    act="on-prem",
    says=("RESOLVER.ADR.RecipNotFound", "RESOLVER.ADR.RecipientNotFound", "not found by SMTP address lookup"),
)
def assess(
    said: Said | Told,
    _found: Configured | None,
    objects: tuple[Configured, ...],
    errors: tuple[CommandError, ...],
    lookups: tuple[LookedUp, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """Both directories settle it: nothing on-premises, a mailbox in the cloud."""
    if isinstance(said, Told):
        return _told(said)
    if not directory_says_no(said) or (by_microsoft(said) and not passed_on(said)):
        return None
    wanted = address(said, replies)
    owners = holders(wanted, objects)
    local = next((each for each in owners if premises(each) == "on-prem"), None)
    if local:
        because = f"{local.name or 'An object'} owns {named(wanted)} on-premises."
        return Finding(Belief.RULED_OUT, because, (local,))
    cloud = next((each for each in owners if premises(each) == "exchange-online"), None)
    if cloud:
        nothing = next((e for e in errors if "couldn't be found" in e.text.lower()), None)
        because = (
            f"{cloud.name or 'A mailbox'} owns {named(wanted)} in Exchange Online, and on-premises no object does."
        )
        if accepted(domain(wanted), objects) and not nothing:
            because += " Either it lacks an object there, or the two systems share the domain by design."
            return Finding(Belief.POSSIBLE, because, (cloud, said), _steps(wanted, cloud), weight=1.9)
        belief = Belief.CONFIRMED if nothing else Belief.LIKELY
        return Finding(belief, because, (cloud, nothing, said), _steps(wanted, cloud), weight=1.6)
    told = [each for each in objects if each.kind == "told-cloud-mailbox"]
    made = next((each for each in told if each.name == "only"), next(iter(told), None))
    if made:
        gone = absent(wanted, lookups, "on-prem") or next((e for e in errors if _is_gone(e, wanted)), None)
        how = _TOLD.get(made.name)
        because = f"The mailbox of {named(wanted, 'the recipient')} {how or 'was made in the cloud'}, as you say, and "
        because += "on-premises no object has the address: synchronization does not write it back."
        belief = Belief.LIKELY if gone or made.name == "only" else Belief.POSSIBLE
        return Finding(belief, because, (said, made, gone), _steps(wanted, None), weight=1.7)
    because = f"If {named(wanted, 'the recipient')} is a mailbox in Exchange Online, it lacks an object on-premises."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(wanted, None), weight=0.8)


@shown
def directories(looked: tuple[Configured | LookedUp, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """What either directory shows of the refused addresses; whose it is, the object itself tells."""
    wanted = refused(replies)
    # An object on-premises leads to an address of the tenant: who is refused by that has one.
    if any(is_microsoft(each.by) for each in replies if each.failing) or any(
        each.endswith(".onmicrosoft.com") for each in wanted
    ):
        return None
    found = [each for each in looked if isinstance(each, Configured) and each.kind in _KINDS and proxies(each)]
    owners = [each for each in found if not wanted or wanted.intersection(proxies(each))]
    local = next((each for each in owners if premises(each) == "on-prem"), None)
    if local:
        because = (
            f"On-premises there is {local.name or 'the object'} ({local.get('RecipientTypeDetails') or 'a recipient'})."
        )
        return Finding(Belief.RULED_OUT, because, (local,))
    cloud = next(filter(_in_cloud, owners), None)
    if cloud is None:
        return None
    of = next((each for each in proxies(cloud) if each in wanted), proxies(cloud)[0])
    gone = absent(of, [each for each in looked if isinstance(each, LookedUp)], "on-prem")
    if gone:
        because = f"{cloud.name or 'A mailbox'} owns `{of}` in Exchange Online, and on-premises no object does."
        return Finding(Belief.CONFIRMED, because, (cloud, gone), _steps(of, cloud))
    shared = accepted(
        domain(of), [each for each in looked if isinstance(each, Configured)]
    )  # the two systems may share the domain by design
    return None if shared or of.endswith(".onmicrosoft.com") else _without_way(cloud, of)


def _in_cloud(entry: Configured) -> bool:
    """Whether it is a mailbox of Exchange Online: each has an address in the tenant's own domain."""
    kind = entry.get("RecipientTypeDetails").lower()
    tenant = any(each.endswith(".onmicrosoft.com") and not each.endswith(_ROUTING) for each in proxies(entry))
    return premises(entry) == "exchange-online" or (tenant and kind in ("", "usermailbox", "sharedmailbox"))


def _without_way(cloud: Configured, of: str) -> Finding | None:
    """A mailbox that an object on-premises stands for has the address that this object leads to, and comes from there."""
    printed = cloud.get("EmailAddresses")
    whole = "@" in printed and not is_cut(printed)
    lacks = "is not synchronized from on-premises" if cloud.flag("IsDirSynced") is False else ""
    if not lacks and whole and not any(each.endswith(_ROUTING) for each in proxies(cloud)):
        lacks = f"has no address at …{_ROUTING}, which an object on-premises would lead to"
    if not lacks:
        return None
    because = f"The mailbox of `{of}` in Exchange Online {lacks}: it was made there."
    return Finding(Belief.LIKELY, because, (cloud,), _steps(of, cloud))


def _told(told: Told) -> Finding | None:
    """Mailboxes that are made in the cloud only, and mail that comes back from a server on-premises."""
    if told.story != "made-in-the-cloud":
        return None
    because = (
        "Mailboxes that were made in the cloud have no object on-premises, as you tell it: Exchange there takes their "
    )
    because += (
        "domain for its own, finds no recipient and sends the mail back. A synchronized account that was only licensed "
    )
    because += "in the cloud is such a one too."
    return Finding(Belief.POSSIBLE, because, (told,), _steps("", None), weight=1.6)


def _is_gone(error: CommandError, wanted: str) -> bool:
    """Whether on-premises Exchange was asked for the mailbox, and has no object of it."""
    low, name = error.text.lower(), wanted.partition("@")[0].lower()
    return "couldn't be found" in low and bool(name) and name in low


def _steps(wanted: str, cloud: Configured | None) -> tuple[Step, ...]:
    mailbox = wanted.partition("@")[0]
    routing = next((each for each in proxies(cloud) if each.endswith(".mail.onmicrosoft.com")), "") if cloud else ""
    return (
        find_recipient(wanted),
        look(
            "Look for the mailbox in the cloud, and note its ExchangeGuid.",
            "Get-Mailbox {address} | Format-List Name,ExchangeGuid,IsDirSynced,EmailAddresses",
            EXO,
            address=wanted,
        ),
        change(
            "If the account exists on-premises: give it the object of a mailbox in the cloud.",
            "Enable-RemoteMailbox {account} -RemoteRoutingAddress {routing_address}",
            changes="The account becomes a recipient whose mail on-premises Exchange sends to Exchange Online. If there is no "
            "account, New-RemoteMailbox makes one; match it with the cloud account before the next synchronization.",
            undo="Disable-RemoteMailbox with the same account removes only the mail attributes.",
            verify="Get-RemoteMailbox shows it, and a message from on-premises arrives.",
            account=mailbox,
            routing_address=routing,
        ),
        change(
            "Write the ExchangeGuid of the cloud mailbox on it, so that it can be moved later.",
            "Set-RemoteMailbox {account} -ExchangeGuid {exchange_guid}",
            changes="Which mailbox the object stands for.",
            undo="Set-RemoteMailbox with the ExchangeGuid that was there before (all zeros when new).",
            verify="Get-RemoteMailbox shows the same ExchangeGuid as the cloud.",
            account=mailbox,
            exchange_guid=cloud.get("ExchangeGuid") if cloud else "",
        ),
    )
