"""Two directory objects own the same address, so Exchange cannot tell where to deliver.

## What is happening
The address look-up returns more than one object: a contact or guest beside a mailbox, or two users that were
synchronized from different places. Exchange does not choose. It defers the message (`420 4.2.0
RESOLVER.ADR.Ambiguous`, or AmbiguousRecipientTransientException in a queue) and returns it when it expires.
`RESOLVER.CON.Ambiguous` says the same of the external address of a mail contact.

## What proves it
- `Get-Recipient` with a filter on the address returns two objects

## Not this when
- exactly one object owns it

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-4-4-7-in-exchange-online
- https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.recipient.lookup import address, by_microsoft, holders, named, proxies
from diagnostics.causes.recipient.steps import EXO
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured
from diagnostics.report import Act, Shell, Step

_TWO = 2
_CONTACT = "RESOLVER.CON.Ambiguous"  # the address that a contact stands for is what two objects have
_ROWS = 3  # lines between two rows of one table
_EVENTS = ("MSExchangeTransport 9217", "MSExchangeTransport 9214")  # of a recipient, and of a sender
# Said when an object is saved or synchronized: the address has an owner already.
_TAKEN = (
    "is already being used by the proxy addresses or LegacyExchangeDN of",
    "have values that may already be associated with another object",
    "Another object with the same value for property proxyAddresses already exists",
    "AttributeValueMustBeUnique",
)


@cause(
    id="recipient.ambiguous.duplicate-proxy",
    act="on-prem",
    says=(
        "RESOLVER.ADR.Ambiguous",
        _CONTACT,
        "Duplicated AD entries found",
        "AmbiguousRecipientTransientException",
        "Destination mailbox address ambiguous",
        "The recipient name is ambiguous",
        "More than one Active Directory object is configured with the recipient address",
        "Two objects in the Directory have the same proxy",
        "the following address was not unique",
        "AmbiguousRecipient",
        *_EVENTS,
        "MSExchangeIS 9514",
        "(000C0595) Ambiguous Recipient",
        "Several matches found in Domino Directory",
        *_TAKEN,
    ),
)
def assess(said: Said | Configured, objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """Exchange's own token is proof; the IANA wording may come from any server."""
    if isinstance(said, Configured):
        return _listed(said, objects)
    wanted = address(said, replies)
    online = by_microsoft(said)
    owners = holders(wanted, objects)
    names = [each.name for each in owners if each.name]
    because = f"The directory holds more than one object with {named(wanted, 'this address')}"
    because += f": {', '.join(names[:3])}." if len(names) > 1 else "."
    act: Act = "exchange-online" if online else "on-prem"
    low = said.text.lower()
    if said.signature in _TAKEN:
        because = "Another object in the directory owns this address already, so it can't be given to a second one."
        return Finding(Belief.LIKELY, because, (said, *owners[:3]), _steps(wanted, online), act, weight=1.0)
    if said.signature == _CONTACT:
        because = f"The external address of {named(wanted, 'the contact')} belongs to more than one object of the same directory."
        return Finding(Belief.CONFIRMED, because, (said,), _steps(wanted, online), act)
    token = "ambiguousrecipient" in low or "resolver.adr.ambiguous" in low or "more than one active directory" in low
    if token or said.signature in _EVENTS:
        return Finding(Belief.CONFIRMED, because, (said, *owners[:3]), _steps(wanted, online), act)
    steps = _steps(wanted, online)
    return Finding(
        Belief.LIKELY, because, (said,), steps, act if online or not said.by else "recipient-side", weight=1.0
    )


def _listed(one: Configured, objects: tuple[Configured, ...]) -> Finding | None:
    """Two rows of one list that own the same address. Lists of both premises rightly have an object each."""
    mine = _addresses(one)
    owners = [each for each in objects if mine & _addresses(each)]
    # An address that more of them have stands for others that were taken out.
    other = owners[0] if len(owners) == _TWO else one
    if not _above(one, other):
        return None
    wanted = min(mine & _addresses(other))
    because = (
        f"{other.name} and {one.name} both own {named(wanted, 'this address')}, in one list: Exchange can't tell which "
    )
    because += "of them a message is for, and puts it off or returns it."
    return Finding(Belief.LIKELY, because, (other, one), _steps(wanted, online=False), weight=1.4)


def _above(one: Configured, other: Configured) -> bool:
    """Whether `other` is another recipient, on one of the lines above `one`: one list holds both."""
    at, above = one.source, other.source
    near = at.paste == above.paste and 0 < at.line - above.line <= _ROWS
    return near and one.kind == other.kind and bool(one.name) and one.name.casefold() != other.name.casefold()


def _addresses(each: Configured) -> set[str]:
    """The SMTP addresses that a recipient owns, but those that were masked."""
    owned = proxies(each) if each.kind in ("recipient", "mailbox") else ()
    return {address for address in owned if set(address.partition("@")[0]) - set("x*.-_")}


def _steps(wanted: str, online: bool) -> tuple[Step, ...]:
    shell: Shell = EXO if online else "exchange-management-shell"
    return (
        look(
            "List every object that owns the address, guests and contacts included.",
            "Get-Recipient -ResultSize Unlimited | Where-Object "
            "{{ $_.EmailAddresses -contains ('smtp:' + {address}) }} | Format-Table "
            "Name,RecipientTypeDetails,Guid",
            shell,
            address=wanted,
        ),
        change(
            "Take the address from the object that should not have it (a mail user or guest; for a "
            "contact use Set-MailContact).",
            "Set-MailUser {duplicate} -EmailAddresses @{{Remove={address}}}",
            shell=shell,
            changes=(
                "Removes this one address from that object. A synchronized object must be changed in its own directory."
            ),
            undo="The same with @{Add=…} in place of @{Remove=…}.",
            verify="The first command lists one object; deferred messages are delivered at their next retry.",
            duplicate="",
            address=wanted,
        ),
    )
