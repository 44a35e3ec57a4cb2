"""The recipient's target address points back to the own domain.

## What is happening
A recipient object can carry an address to which its mail is sent on: targetAddress in the directory, shown as
ExternalEmailAddress or RemoteRoutingAddress. When it lies in the shared domain itself, or was left on a mailbox
by a migration or a script, the message is sent out in place of being delivered, comes back, and circles.
Exchange logs event 9026 when it sees it itself.

## What proves it
- the attribute holds an address of the same domain, or a local mailbox has one at all
- only some recipients loop
- a mail user of Exchange Online, whose mailbox was moved back, still leads to the tenant's own mail.onmicrosoft.com domain

## Not this when
- every recipient of the domain loops: then it is a connector or the accepted domain
- the address is in the tenant's mail.onmicrosoft.com domain and the mailbox is in the cloud

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-5-4-6-through-5-4-20-in-exchange-online
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.recipient.lookup import by_microsoft, proxies
from diagnostics.causes.routing_loop.circle import EXO, LOOPED, circles, domain, named, read_the_way, recipient
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
    shown = [each for each in objects if _concerns(each, address)]
    left = (_left_behind(anchor, each, objects) for each in shown)
    found = next((each for each in left if each), None)
    judged = (_judged(anchor, each, address, online=_by_tenant(anchor)) for each in shown)
    found = found or next((each for each in judged if each), None)
    if found:
        return found
    if address.endswith(".mail.onmicrosoft.com"):
        because = f"`{address}` is a routing address that leads to the cloud, yet its mail circles: a server on-premises takes "
        because += "the routing domain for its own, or the object behind it points back."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(address), weight=1.4)
    because = (
        f"If {named(address, 'the recipient')} carries a target address in the own domain, its mail is sent round."
    )
    return Finding(Belief.POSSIBLE, because, (anchor,), _steps(address), weight=0.96)


@shown
def objects_of(objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """The attribute of the recipient, or of whichever objects were sent where no address is told."""
    address = next((each.recipient.lower() for each in replies if "@" in each.recipient), "")
    concerned = [each for each in objects if _concerns(each, address) and not _leads_out(each)]
    judged = [found for each in concerned if (found := _judged(None, each, address, online=True))]
    wrong = max(judged, key=lambda each: each.belief, default=None)
    if wrong and wrong.belief > Belief.POSSIBLE:
        return wrong
    # A mail user of the tenant that leads there leads to itself.
    right = len(judged) == len(concerned) and all(
        each.get("RecipientTypeDetails").lower() != "mailuser" for each in concerned
    )
    return wrong if wrong and right and wrong.belief is Belief.RULED_OUT else None


def _leads_out(entry: Configured) -> bool:
    """Whether it is a contact or a guest: what those lead to is where the person has a mailbox."""
    kind = (entry.get("RecipientTypeDetails") + entry.get("RecipientType")).lower()
    return "contact" in kind or "guest" in kind


def _concerns(entry: Configured, address: str) -> bool:
    """Whether it is an object with an address that mail is sent on to, and may be the one whose mail circles."""
    others = address and proxies(entry) and address not in proxies(entry)
    return entry.kind in ("recipient", "mailbox") and bool(_attribute(entry)) and not others


def _attribute(entry: Configured) -> str:
    return next((name for name in _ATTRIBUTES if "@" in entry.get(name)), "")


def _detected(said: Said) -> Finding:
    found = _CONTACT.search(said.text)
    address = str(found.group(1)) if found else ""
    because = f"Exchange found that the target address of {named(address, 'a recipient')} points to a domain of its own"
    because += (
        ": the attribute (targetAddress, ExternalEmailAddress) makes it send the mail on instead of delivering it."
    )
    return Finding(Belief.CONFIRMED, because, (said,), _steps(address))


def _left_behind(anchor: Said | Hops, entry: Configured, objects: tuple[Configured, ...]) -> Finding | None:
    """A mail user of the tenant that leads to the tenant's own routing domain, as a mailbox moved back leaves it.

    A mail user on-premises may do so rightly: so it counts where Exchange Online ended the circle, and others beside it,
    which work, lead to the shared domain.
    """
    target = entry.get("ExternalEmailAddress").lower().removeprefix("smtp:")
    own = {domain(each) for each in proxies(entry) if "onmicrosoft.com" not in each}
    if (
        entry.get("RecipientTypeDetails").lower() != "mailuser"
        or not target.endswith(".mail.onmicrosoft.com")
        or not _by_tenant(anchor)
    ):
        return None
    others = [o for o in objects if o is not entry and domain(o.get("ExternalEmailAddress").lower()) in own]
    because = f"{entry.name} is a mail user whose ExternalEmailAddress, `{target}`, lies in the tenant's own routing domain. If "
    because += "it is the tenant's object, Exchange Online sends the mail to itself"
    because += f"; that of `{others[0].name}` leads to the shared domain." if others else "."
    belief = Belief.LIKELY if others else Belief.POSSIBLE
    return Finding(belief, because, (entry, anchor, *others[:1]), _mail_user(entry), "on-prem", weight=1.9)


def _by_tenant(anchor: Said | Hops) -> bool:
    return isinstance(anchor, Said) and by_microsoft(anchor)


def _mail_user(entry: Configured) -> tuple[Step, ...]:
    address = next((each for each in proxies(entry) if "onmicrosoft.com" not in each), "")
    return (
        look(
            "See which side shows the object, and where it leads.",
            "Get-MailUser {address} | Format-List Name,IsDirSynced,ExternalEmailAddress,EmailAddresses",
            EXO,
            address=address,
        ),
        look(
            "On-premises, where the mailbox is: a targetAddress that was left on it is synchronized.",
            "Get-ADUser {user} -Properties targetAddress,homeMDB | Format-List Name,targetAddress,homeMDB",
            "powershell",
            user="",
        ),
        change(
            "Clear targetAddress on-premises, so that the next synchronization gives the mail user the mailbox's own address.",
            "Set-ADUser {user} -Clear targetAddress",
            changes="Mail from the cloud goes to the mailbox on-premises.",
            undo="Set-ADUser with -Replace @{targetAddress='…'} and the value that the look-up showed.",
            verify="Get-MailUser in Exchange Online shows the shared domain in ExternalEmailAddress.",
            user="",
        ),
    )


def _judged(anchor: Said | Hops | None, entry: Configured, address: str, *, online: bool) -> Finding | None:
    """What the attribute of one object says. `online`: it may be one of Exchange Online."""
    attribute = _attribute(entry)
    target = entry.get(attribute).lower().removeprefix("smtp:")
    own = {domain(each) for each in proxies(entry) if "onmicrosoft.com" not in each}
    kind = entry.get("RecipientTypeDetails").lower()
    remote = attribute == "RemoteRoutingAddress" or kind.startswith("remote")
    local = ("usermailbox" in kind and "remote" not in kind) or bool(entry.get("homeMDB"))
    steps = _steps(address or next(iter(proxies(entry)), ""))
    if domain(target) in own and kind == "mailuser" and target in proxies(entry) and online:
        because = f"{entry.name} is a mail user that leads to its own address, `{target}` ({attribute}): right in the tenant for "
        because += "a mailbox on-premises, wrong on-premises itself."
        return Finding(Belief.POSSIBLE, because, (entry, anchor), steps, weight=0.96)
    if domain(target) in own:
        because = (
            f"{entry.name} is sent on to `{target}` ({attribute}), which is in its own domain: the mail comes back."
        )
        return Finding(Belief.CONFIRMED, because, (entry, anchor), _of_remote(entry, steps) if remote else steps)
    routed = target.endswith(".onmicrosoft.com")
    if (anchor or remote) and not (own or routed) and domain(address) in ("", domain(target)):
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


def _of_remote(entry: Configured, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The mailbox is in the cloud: its object has to keep a target address, and gets the right one."""
    routing = next((each for each in proxies(entry) if each.endswith(".mail.onmicrosoft.com")), "")
    address = next((each for each in proxies(entry) if "onmicrosoft.com" not in each), "")
    return (steps[0], _repoint(address, routing))


def _repoint(address: str, routing: str) -> Step:
    return change(
        "If the mailbox is in the cloud, point the remote mailbox to the tenant's routing domain.",
        "Set-RemoteMailbox {address} -RemoteRoutingAddress {routing_address}",
        changes="Mail goes to Exchange Online by the routing domain (alias@<tenant>.mail.onmicrosoft.com).",
        undo="Set-RemoteMailbox with the former address.",
        verify="Get-RemoteMailbox shows the routing address, which is also one of the cloud mailbox's addresses.",
        address=address,
        routing_address=routing,
    )


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
        _repoint(address, ""),
    )
