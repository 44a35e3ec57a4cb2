"""The recipient's target address points back to the own domain.

## What is happening
A recipient object can carry an address to which its mail is sent on: targetAddress in the directory, shown as
ExternalEmailAddress or RemoteRoutingAddress. When it lies in the shared domain itself, or was left on a mailbox
by a migration or a script, the message is sent out in place of being delivered, comes back, and circles.
Exchange logs event 9026 when it sees it itself.

## What proves it
- the attribute holds an address of the same domain, or a local mailbox has one at all
- only some recipients loop

## Not this when
- every recipient of the domain loops: then it is a connector or the accepted domain
- the address is in the tenant's mail.onmicrosoft.com domain and the mailbox is in the cloud

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-5-4-6-through-5-4-20-in-exchange-online
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.recipient.lookup import proxies
from diagnostics.causes.routing_loop.circle import LOOPED, circles, domain, named, read_the_way, recipient
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured, Hops
from diagnostics.patterns import linear
from diagnostics.report import Step

_DETECTED: Final = "forward loop has been detected"
_CONTACT = linear(r'(?i)contact "(?:smtp:)?([^"\s]{1,320})".{0,40}target address (?:smtp:)?(\S{1,320}@\S{1,253})')
_ATTRIBUTES: Final = ("RemoteRoutingAddress", "ExternalEmailAddress", "TargetAddress")


@cause(id="routing-loop.hybrid.target-address", act="on-prem", says=(*LOOPED, _DETECTED))
def assess(
    anchor: Said | Hops,
    _recipient: Configured | None,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """The attribute of the recipient decides."""
    if not circles(anchor):
        return None
    address = recipient(anchor, replies)
    if isinstance(anchor, Said) and _DETECTED in anchor.text.lower():
        return _detected(anchor)
    for each in objects:
        attribute = next((name for name in _ATTRIBUTES if "@" in each.get(name)), "")
        others = address and proxies(each) and address not in proxies(each)
        if not attribute or each.kind not in ("recipient", "mailbox") or others:
            continue
        judged = _judged(anchor, each, attribute, address)
        if judged:
            return judged
    if address.endswith(".mail.onmicrosoft.com"):
        because = f"`{address}` is a routing address that leads to the cloud, yet its mail circles: a server on-premises takes "
        because += "the routing domain for its own, or the object behind it points back."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(address), weight=1.4)
    because = (
        f"If {named(address, 'the recipient')} carries a target address in the own domain, its mail is sent round."
    )
    return Finding(Belief.POSSIBLE, because, (anchor,), _steps(address), weight=0.96)


def _detected(said: Said) -> Finding:
    found = _CONTACT.search(said.text)
    address = str(found.group(1)) if found else ""
    because = f"Exchange found that the target address of {named(address, 'a recipient')} points to a domain of its own"
    because += (
        ": the attribute (targetAddress, ExternalEmailAddress) makes it send the mail on instead of delivering it."
    )
    return Finding(Belief.CONFIRMED, because, (said,), _steps(address))


def _judged(anchor: Said | Hops, entry: Configured, attribute: str, address: str) -> Finding | None:
    target = entry.get(attribute).lower().removeprefix("smtp:")
    own = {domain(each) for each in proxies(entry) if "onmicrosoft.com" not in each}
    kind = entry.get("RecipientTypeDetails").lower()
    local = ("usermailbox" in kind and "remote" not in kind) or bool(entry.get("homeMDB"))
    steps = _steps(address or next(iter(proxies(entry)), ""))
    if domain(target) in own:
        because = (
            f"{entry.name} is sent on to `{target}` ({attribute}), which is in its own domain: the mail comes back."
        )
        return Finding(Belief.CONFIRMED, because, (entry, anchor), steps)
    routed = target.endswith(".onmicrosoft.com")
    if not own and not routed and domain(address) in ("", domain(target)):
        because = f"The recipient is sent on to `{target}` ({attribute}), which is no routing address of the tenant: "
        because += "the mail comes back."
        return Finding(Belief.LIKELY, because, (entry, anchor), steps, weight=1.2)
    if local:
        because = f"{entry.name} has a mailbox here and still a target address, `{target}`."
        return Finding(Belief.LIKELY, because, (entry, anchor), steps, weight=1.2)
    if target.endswith(".mail.onmicrosoft.com"):
        because = f"The {attribute} of {entry.name} leads to the tenant's routing domain, as it should."
        return Finding(Belief.RULED_OUT, because, (entry,))
    return None


def _steps(address: str) -> tuple[Step, ...]:
    return (
        look(
            "See where the recipient's mail is sent, and where the mailbox is (on both sides).",
            "Get-Recipient {address} | Format-List Name,RecipientTypeDetails,ExternalEmailAddress,EmailAddresses",
            address=address,
        ),
        look(
            "List every user with a mailbox here and a target address: scripts leave them in numbers.",
            "Get-ADUser -LDAPFilter '(&(targetAddress=*)(homeMDB=*))' -Properties targetAddress | "
            "Format-Table Name,targetAddress",
        ),
        read_the_way(),
        change(
            "If the mailbox is on-premises, the attribute has to go (and the tool that writes it has to stop).",
            "Set-ADUser {user} -Clear targetAddress",
            changes="Mail is delivered to the local mailbox.",
            undo="Set-ADUser with -Replace @{targetAddress='…'} and the value that the list showed.",
            verify="Get-Recipient shows no ExternalEmailAddress, and a test message arrives.",
            user="",
        ),
        change(
            "If the mailbox is in the cloud, point the remote mailbox to the tenant's routing domain.",
            "Set-RemoteMailbox {address} -RemoteRoutingAddress {routing_address}",
            changes="Mail goes to Exchange Online by the routing domain (alias@<tenant>.mail.onmicrosoft.com).",
            undo="Set-RemoteMailbox with the former address.",
            verify="Get-RemoteMailbox shows the routing address, which is also one of the cloud mailbox's addresses.",
            address=address,
            routing_address="",
        ),
    )
