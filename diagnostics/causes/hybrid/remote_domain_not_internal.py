"""A remote domain treats the other premises as outsiders: voting buttons are lost, and the wrong reply, or none, comes.

## What is happening
Between the premises of a hybrid, the remote domain for the other side says what is sent there. Without TNEFEnabled
True, voting buttons and other parts of Rich Text are lost on the way; with AllowedOOFType External, colleagues on the
other side get the reply that is meant for outsiders, or none. The wizard sets both; a domain that was added later
lacks them.

## What proves it
- Get-RemoteDomain on the sending side shows, for the other side's domain, another AllowedOOFType than InternalLegacy,
  or TNEFEnabled that isn't True
- in the tenant an accepted domain of the organization has no remote domain, or the one for everybody (`*`) is the only one

## Not this when
- all remote domains for the other side, one for each of its domains, have InternalLegacy and TNEFEnabled True
- the headers that mark mail as internal are lost (`hybrid.send.cloudservicesmail-disabled`): then AuthAs is Anonymous
  as well
- AllowedOOFType is InternalLegacy on-premises and only replies to people in the cloud are missing: a known fault, for
  which Microsoft names External as the way round
- only people outside the organization get no reply (`policy.forwarding.remote-domain-off`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/send-emails/out-of-office-replies-and-voting-options-appear-incorrectly
- https://learn.microsoft.com/en-us/troubleshoot/exchange/send-emails/microsoft-365-users-cannot-receive-out-of-office-notification
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-remotedomain
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.network.reach import from_cloud
from diagnostics.causes.stories import told_as
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

_STORY: Final = "reply-or-votes-lost-between-the-premises"
_OUTSIDERS: Final = ("external", "externallegacy", "none")


@cause(id="hybrid.remote-domain.not-internal", act="on-prem")
def assess(told: Told, _domain: Configured | None, objects: tuple[Configured, ...]) -> Finding | None:
    """What is told points at the remote domain; its settings show it."""
    if told.story != _STORY:
        return None
    domain = next(filter(_to_outsiders, objects), None)
    if domain:
        return replace(_of(domain), evidence=(domain, told))
    because = (
        "What only colleagues get is lost between the premises, as you tell it: the remote domain for the other side "
    )
    because += "decides that, by TNEFEnabled (voting buttons) and AllowedOOFType (which reply)."
    return told_as(_STORY, told, because, _steps(""), weight=1.9)


@shown
def domains(objects: tuple[Configured, ...]) -> Finding | None:
    """The remote domains of a side: one that treats the other as outsiders, none for it, or one for each domain it may have."""
    listed = [each for each in objects if each.kind == "remote-domain" and each.told("AllowedOOFType")]
    wrong = next(filter(_to_outsiders, listed), None)
    if wrong:
        return _of(wrong)
    known = [_named(each).lower() for each in listed if _named(each) != "*"]
    if listed and not known:
        because = "There is no remote domain but the one for everybody (`*`), which is meant for outsiders."
        return Finding(Belief.LIKELY, because, (listed[0],), _steps(""))
    accepted = [each for each in objects if each.kind == "accepted-domain"]
    own = [name for each in accepted if "." in (name := (each.get("DomainName") or each.name).lower())]
    if not known or not own or any("..." in name for name in (*known, *own)):
        return None
    lacking = [name for name in own if name not in known and not name.endswith((".onmicrosoft.com", ".local", ".lan"))]
    if len(lacking) == len(own) or all(name.endswith(".onmicrosoft.com") for name in known):
        return None  # these are the domains of the other side, or of servers on-premises
    if lacking:
        because = (
            f"No remote domain is there for {', '.join(lacking[:3])}; the one for everybody treats it as outsiders."
        )
        return Finding(Belief.LIKELY, because, (listed[0],), _steps(""))
    if not (from_cloud(objects) or any(name.endswith(".mail.onmicrosoft.com") for name in known)):
        return None
    because = f"{', '.join(f'`{name}`' for name in known[:3])}: what is for colleagues may pass (AllowedOOFType, TNEFEnabled)."
    return Finding(Belief.RULED_OUT, because, tuple(listed[:3]))


def _of(wrong: Configured) -> Finding:
    because = f"The remote domain `{_named(wrong)}` has AllowedOOFType {wrong.get('AllowedOOFType') or 'unset'} and TNEFEnabled "
    because += f"{wrong.get('TNEFEnabled') or 'unset'}, as for outsiders."
    return Finding(Belief.LIKELY, because, (wrong,), _steps(wrong.name), complete=True)


def _named(each: Configured) -> str:
    return each.get("DomainName") or each.name


def _to_outsiders(each: Configured) -> bool:
    """Whether it is the remote domain of one other side, set as for strangers; the one for everybody is meant for
    those."""
    if each.kind != "remote-domain" or each.get("DomainName", "*") == "*":
        return False
    return each.flag("TNEFEnabled") is False or each.get("AllowedOOFType").lower() in _OUTSIDERS


def _steps(domain: str) -> tuple[Step, ...]:
    return (
        look(
            "On both sides, see what the remote domains let through; the one for the other side counts.",
            "Get-RemoteDomain | Format-List Name,DomainName,AllowedOOFType,TNEFEnabled,TargetDeliveryDomain; "
            "Get-AcceptedDomain | Format-List DomainName,DomainType",
        ),
        change(
            "Treat the other side as inside, on the side that sends. Where replies to people in the cloud stay missing with "
            "InternalLegacy, set AllowedOOFType to External instead.",
            "Set-RemoteDomain {remote_domain} -TNEFEnabled $true -AllowedOOFType InternalLegacy",
            changes="Messages to that domain keep Rich Text, and colleagues there get the reply that "
            "is meant for them.",
            undo="Set-RemoteDomain with the values that the first step printed.",
            verify="A message with voting buttons, and an automatic reply, arrive on the other side as they were sent.",
            remote_domain=domain,
        ),
    )
