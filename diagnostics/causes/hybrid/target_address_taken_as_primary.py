"""The primary address was replaced by the target address when the address policy was applied.

## What is happening
Applying an e-mail address policy looks at targetAddress, too. Where that attribute begins with `SMTP:` in upper case, its
address is taken over as the primary one, and the former primary address stays as a secondary one. The Hybrid Configuration
Wizard applies the policies, so after it mail of these users leaves with an outside address. Microsoft calls it by design.

## What proves it
- PrimarySmtpAddress is the same as ExternalEmailAddress (targetAddress) on a mailbox, and the former one is a small `smtp:`
- it happened when the wizard ran or Update-EmailAddressPolicy was used, and only to users who have a targetAddress

## Not this when
- the object is a mail contact or mail user: there the outside address may well be the primary one
- mail comes back because the target points to the own domain (`routing-loop.hybrid.target-address`)
- all users have a new domain: then the policy's own template was changed

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/administration/primary-smtp-address-is-overwritten-by-targetaddress
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/update-emailaddresspolicy
"""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.stories import told_as
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

_MAILBOXES = ("usermailbox", "remoteusermailbox", "sharedmailbox", "remotesharedmailbox")


@cause(id="hybrid.target-address.taken-as-primary", act="on-prem")
def assess(anchor: Told | Configured, objects: tuple[Configured, ...]) -> Finding | None:
    """The object shows it: one address in both places, the former one beside them."""
    if isinstance(anchor, Configured):
        return _shown(anchor)
    apart = next((each for each in _targeted(objects) if _address(each, "PrimarySmtpAddress") != _target(each)), None)
    if apart and not any(_former(each) for each in objects):
        because = f"{apart.name or 'The object'} has another primary address than its target address."
        return Finding(Belief.RULED_OUT, because, (anchor, apart))
    because = "The primary address became an outside one when the wizard or the address policy ran, as you tell it: the policy "
    because += "takes a target address that is written as SMTP: in upper case."
    return told_as("primary-became-the-target", anchor, because, _steps(""), weight=1.8)


def _shown(entry: Configured) -> Finding | None:
    former = _former(entry)
    if not former:
        return None
    because = (
        f"{entry.name or 'The mailbox'} has its target address, {_target(entry)}, as its primary address as well, and "
    )
    because += f"{former} is only a secondary one: the address policy took the target over."
    return Finding(Belief.LIKELY, because, (entry,), _steps(entry.name), weight=1.2)


def _targeted(objects: Iterable[Configured]) -> list[Configured]:
    return [each for each in objects if _target(each) and each.get("PrimarySmtpAddress")]


def _former(entry: Configured) -> str:
    """The secondary address in another domain of a mailbox whose primary address is its target address, "" otherwise."""
    target = _target(entry)
    of_mailbox = entry.get("RecipientTypeDetails").lower() in _MAILBOXES
    if not of_mailbox or not target or _address(entry, "PrimarySmtpAddress") != target or "onmicrosoft.com" in target:
        return ""
    domain = target.rpartition("@")[2]
    others = [each.removeprefix("smtp:") for each in entry.items("EmailAddresses") if each.startswith("smtp:")]
    return next((each for each in others if not each.lower().endswith(("@" + domain, "onmicrosoft.com"))), "")


def _target(entry: Configured) -> str:
    return _address(entry, "ExternalEmailAddress") or _address(entry, "targetAddress")


def _address(entry: Configured, name: str) -> str:
    return entry.get(name).lower().removeprefix("smtp:").strip()


def _steps(name: str) -> tuple[Step, ...]:
    return (
        look(
            "See the target address and the addresses of one affected user.",
            "Get-ADUser {user} -Properties targetAddress,proxyAddresses | Format-List Name,targetAddress,proxyAddresses",
            "powershell",
            user=name,
        ),
        look(
            "List who else has a target address in upper case.",
            "Get-ADUser -LDAPFilter '(targetAddress=SMTP:*)' -Properties targetAddress | Where-Object {{ $_.targetAddress -clike "
            "'SMTP:*' }} | Format-Table Name,targetAddress",
            "powershell",
        ),
        change(
            "Write the target address with small letters, where it is still needed; clear it where it is not.",
            "Set-ADUser {user} -Replace @{{targetAddress={small}}}",
            changes="Mail is sent on to the same address; the next run of a policy leaves the primary address alone.",
            undo="The same with the value that the first step printed.",
            verify="Update-EmailAddressPolicy leaves the primary address as it is.",
            shell="powershell",
            user=name,
            small="",
        ),
        change(
            "Make the former address the primary one again.",
            "Set-Mailbox {user} -PrimarySmtpAddress {former_address} -EmailAddressPolicyEnabled $false",
            changes="The address that the user's mail shows; the policy no longer changes this mailbox.",
            undo="The same with the address that was primary; -EmailAddressPolicyEnabled $true hands it back to the policy.",
            verify="The next message shows the former address.",
            user=name,
            former_address="",
        ),
    )
