"""The primary address was replaced by the target address when the address policy was applied.

## What is happening
Applying an e-mail address policy looks at targetAddress, too. Where that attribute begins with `SMTP:` in upper case, its
address is taken over as the primary one, and the former primary address stays as a secondary one. The Hybrid Configuration
Wizard applies the policies, so after it mail of these users leaves with an outside address. Microsoft calls it by design.

## What proves it
- PrimarySmtpAddress is the same as ExternalEmailAddress (targetAddress) on a mailbox, and the former one is a small `smtp:`
- Get-ADUser shows the same in proxyAddresses: the target address is the one with SMTP: in upper case
- a secondary address in `mail.onmicrosoft.com` shows that a policy of the hybrid organization wrote the addresses
- it happened when the wizard ran or Update-EmailAddressPolicy was used, and only to users who have a targetAddress

## Not this when
- the object is a mail contact or mail user: there the outside address may well be the primary one
- the user has no target address, or one in the tenant's own domain (`…onmicrosoft.com`)
- mail comes back because the target points to the own domain (`routing-loop.hybrid.target-address`)
- all users have a new domain: then the policy's own template was changed

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/administration/primary-smtp-address-is-overwritten-by-targetaddress
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/update-emailaddresspolicy
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.stories import told_as
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step
from diagnostics.text import is_cut

_STORY: Final = "primary-became-the-target"
_MAILBOXES: Final = ("usermailbox", "remoteusermailbox", "sharedmailbox", "remotesharedmailbox")


@cause(id="hybrid.target-address.taken-as-primary", act="on-prem")
def assess(anchor: Told | Configured, objects: tuple[Configured, ...]) -> Finding | None:
    """The object shows it: one address in both places, the former one beside them."""
    if isinstance(anchor, Configured):
        former = _former(anchor)
        return _taken_over(anchor, former) if former else None
    apart = next((each for each in _targeted(objects) if _address(each, "PrimarySmtpAddress") != _target(each)), None)
    if apart and not any(_former(each) for each in objects):
        because = f"{apart.name or 'The object'} has another primary address than its target address."
        return Finding(Belief.RULED_OUT, because, (anchor, apart))
    because = "The primary address became an outside one when the wizard or the address policy ran, as you tell it: the policy "
    because += "takes a target address that is written as SMTP: in upper case."
    return told_as(_STORY, anchor, because, _steps(""), weight=1.8)


@shown
def targets(objects: tuple[Configured, ...], stories: tuple[Told, ...]) -> Finding | None:
    """One address in both places, beside the former one. Mail users have that as well: there it takes what was told."""
    told = any(each.story == _STORY for each in stories)
    known = [each for each in objects if each.kind in ("recipient", "mailbox") and _tells(each)]
    met = next(
        ((each, former) for each in known if (former := _secondary(each) if told or _stamped(each) else _former(each))),
        None,
    )
    if met:
        return _taken_over(*met)
    outside = [each for each in known if _in_capitals(each)]
    if told and outside:
        return _many(outside)
    if not known or any(_target(each) and not _elsewhere(each) for each in known):
        return None
    first = known[0]
    leads = f"leads to {_target(first)} within the tenant" if _in_tenant(first) else f"is {_target(first) or 'empty'}"
    because = (
        f"The target address of {first.name or 'the object'} {leads}, so it is not where the primary address came from."
    )
    return Finding(Belief.RULED_OUT, because, tuple(known[:3]))


def _tells(entry: Configured) -> bool:
    """Whether the object's target address was asked for, in a directory that has it: Get-ADUser leaves an empty one out."""
    in_cloud = any(each.lower().startswith(("sip:", "spo:")) for each in entry.items("EmailAddresses"))
    printed = entry.told("ExternalEmailAddress") or entry.told("targetAddress") or entry.told("proxyAddresses")
    written = entry.get("targetAddress") or entry.get("ExternalEmailAddress")
    return printed and not in_cloud and (not written or ("@" in written and not is_cut(written)))


def _in_tenant(entry: Configured) -> bool:
    return _target(entry).endswith(".onmicrosoft.com")


def _elsewhere(entry: Configured) -> bool:
    """Whether its target is no outside address, or another than its primary address."""
    return _in_tenant(entry) or bool(_primary(entry) and _primary(entry) != _target(entry))


def _in_capitals(entry: Configured) -> bool:
    """Whether a list shows nothing but an outside target as the policy takes it."""
    return entry.get("targetAddress").startswith("SMTP:") and not _primary(entry) and not _in_tenant(entry)


def _many(outside: Sequence[Configured]) -> Finding | None:
    """Several users with a target in the same outside domain."""
    (domain, count), *_ = Counter(_target(each).rpartition("@")[2] for each in outside).most_common(1)
    if count < 2:
        return None
    because = f"{count} users have a target address at {domain} that is written as SMTP: in upper case, as the policy takes it."
    return Finding(Belief.LIKELY, because, tuple(outside[:3]), _steps(""), weight=1.2)


def _taken_over(entry: Configured, former: str) -> Finding:
    because = (
        f"{entry.name or 'The object'} has its target address, {_target(entry)}, as its primary address as well, and "
    )
    because += f"{former} is only a secondary one: the address policy took the target over."
    return Finding(Belief.LIKELY, because, (entry,), _steps(entry.name), weight=1.2)


def _targeted(objects: Iterable[Configured]) -> list[Configured]:
    return [each for each in objects if _target(each) and each.get("PrimarySmtpAddress")]


def _former(entry: Configured) -> str:
    """As `_secondary`, of what is surely a mailbox."""
    return _secondary(entry) if entry.get("RecipientTypeDetails").lower() in _MAILBOXES else ""


def _stamped(entry: Configured) -> bool:
    """Whether an address policy of a hybrid organization wrote the addresses, so the primary one as well, beside a target in
    capitals."""
    routed = any(each.lower().endswith(".mail.onmicrosoft.com") for each in _proxies(entry))
    return routed and entry.get("targetAddress").startswith("SMTP:")


def _secondary(entry: Configured) -> str:
    """The secondary address in another domain where the primary address is the target address, "" otherwise."""
    target = _target(entry)
    if not target or _primary(entry) != target or "onmicrosoft.com" in target:
        return ""
    domain = target.rpartition("@")[2]
    others = [each.removeprefix("smtp:") for each in _proxies(entry) if each.startswith("smtp:")]
    return next((each for each in others if not each.lower().endswith(("@" + domain, "onmicrosoft.com"))), "")


def _proxies(entry: Configured) -> tuple[str, ...]:
    return entry.items("EmailAddresses") or entry.items("proxyAddresses")


def _primary(entry: Configured) -> str:
    """The primary address: among the others it is the one with SMTP: in upper case."""
    first = next((each for each in _proxies(entry) if each.startswith("SMTP:")), "")
    return _address(entry, "PrimarySmtpAddress") or first.lower().removeprefix("smtp:").strip()


def _target(entry: Configured) -> str:
    return _address(entry, "ExternalEmailAddress") or _address(entry, "targetAddress")


def _address(entry: Configured, name: str) -> str:
    return entry.get(name).lower().removeprefix("smtp:").strip()


def _steps(name: str) -> tuple[Step, ...]:
    return (
        look(
            "See the target address and the addresses of one affected user.",
            "Get-ADUser {user} -Properties targetAddress,proxyAddresses | Select-Object Name,targetAddress,proxyAddresses | "
            "Format-List",
            "powershell",
            user=name,
        ),
        look(
            "List who else has a target address in upper case.",
            "Get-ADUser -LDAPFilter '(targetAddress=SMTP:*)' -Properties targetAddress | Where-Object {{ $_.targetAddress -clike "
            "'SMTP:*' }} | Format-List Name,targetAddress",
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
