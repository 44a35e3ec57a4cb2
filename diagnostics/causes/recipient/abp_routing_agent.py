"""Address book policy routing hides the recipient from the sender, and delivery loses the mailbox.

## What is happening
With address book policy routing switched on, its agent treats a recipient outside the sender's global address
list as external. The properties that say in which database the mailbox lies are then missing when the message
is delivered: `5.3.2 STOREDRV.Deliver: Missing or bad StoreDriver MDB properties`.

## What proves it
- AddressBookPolicyRoutingEnabled is True, and sender and recipient have different address book policies

## Not this when
- the ABP Routing agent isn't installed or the setting is False

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.facts import Said
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

_SWITCH = "AddressBookPolicyRoutingEnabled"


@cause(
    id="recipient.abp.routing-agent",
    act="on-prem",
    says=("Missing or bad StoreDriver MDB properties",),
    against={
        "MapiExceptionCorruptData": "is damaged data in a mailbox, which was found",
    },
)
def assess(said: Said | Told, _transport: Configured | None, objects: tuple[Configured, ...]) -> Finding | None:
    """The setting of the organization proves or refutes it."""
    if isinstance(said, Told):
        return _told(said)
    told = next((each for each in objects if each.told(_SWITCH)), None)
    enabled = told.flag(_SWITCH) if told else None
    if enabled is False:
        return Finding(Belief.RULED_OUT, "Address book policy routing is switched off.", (told,))
    because = "The store driver got a recipient without its mailbox database"
    if enabled:
        because += ", and address book policy routing is on: its agent hid the recipient from this sender."
        return Finding(Belief.CONFIRMED, because, (said, told), _steps())
    because += ", which the ABP Routing agent causes when sender and recipient are in different address book policies."
    return Finding(Belief.LIKELY, because, (said,), _steps(), weight=1.0)


@shown
def routing(objects: tuple[Configured, ...]) -> Finding | None:
    """The organization's switch, and whether the mailboxes that were shown have different policies."""
    told = next((each for each in objects if each.flag(_SWITCH) is not None), None)
    if told is None:
        return None
    if not told.flag(_SWITCH):
        return Finding(Belief.RULED_OUT, "Address book policy routing is switched off.", (told,))
    policies = {each.get("AddressBookPolicy") for each in objects if each.told("AddressBookPolicy")}
    because = "Address book policy routing is switched on"
    if len(policies) > 1:
        because += f", and the mailboxes have different policies ({', '.join(sorted(filter(None, policies))[:3])})"
    return Finding(Belief.LIKELY, f"{because}.", (told,), _steps())


def _told(told: Told) -> Finding | None:
    """What a person tells, with nothing pasted, makes it possible at most."""
    if told.story != "policies-keep-apart":
        return None
    because = (
        "People of two address book policies do not reach each other, as you tell it: the ABP Routing agent hides "
    )
    because += "each from the other."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(), "on-prem", weight=1.8)


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See whether address book policy routing is on and its agent is installed.",
            "Get-TransportConfig | Format-List AddressBookPolicyRoutingEnabled; "
            "Get-TransportAgent | Format-Table Identity,Enabled,Priority",
        ),
        look(
            "Compare the policies of sender and recipient.",
            "Get-Mailbox -ResultSize Unlimited | Format-Table Name,AddressBookPolicy",
        ),
        change(
            "If the two should write to each other as colleagues, switch the routing off (or give both "
            "the same policy).",
            "Set-TransportConfig -AddressBookPolicyRoutingEnabled $false",
            changes="Address book policies no longer influence how recipients resolve; address books stay separate.",
            undo="The same with $true.",
            verify="A message between the two is delivered.",
        ),
    )
