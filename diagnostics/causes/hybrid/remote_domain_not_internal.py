"""A remote domain treats the other premises as outsiders: voting buttons are lost, and the wrong reply, or none, comes.

## What is happening
Between the premises of a hybrid, the remote domain for the other side says what is sent there. Without TNEFEnabled
True, voting buttons and other parts of Rich Text are lost on the way; with AllowedOOFType External, colleagues on the
other side get the reply that is meant for outsiders, or none. The wizard sets both; a domain that was added later
lacks them.

## What proves it
- Get-RemoteDomain on the sending side shows, for the other side's domain, another AllowedOOFType than InternalLegacy,
  or TNEFEnabled that isn't True

## Not this when
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

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.stories import told_as
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

_STORY = "reply-or-votes-lost-between-the-premises"
_OUTSIDERS = ("external", "externallegacy", "none")


@cause(id="hybrid.remote-domain.not-internal", act="on-prem")
def assess(told: Told, _domain: Configured | None, objects: tuple[Configured, ...]) -> Finding | None:
    """What is told points at the remote domain; its settings show it."""
    if told.story != _STORY:
        return None
    domain = next((each for each in objects if _to_outsiders(each)), None)
    if domain:
        because = f"The remote domain `{domain.get('DomainName') or domain.name or 'pasted'}` treats the other "
        because += "premises as outsiders (AllowedOOFType, TNEFEnabled)."
        return Finding(Belief.LIKELY, because, (domain, told), _steps(domain.name), complete=True)
    because = (
        "What only colleagues get is lost between the premises, as you tell it: the remote domain for the other side "
    )
    because += "decides that, by TNEFEnabled (voting buttons) and AllowedOOFType (which reply)."
    return told_as(_STORY, told, because, _steps(""), weight=1.9)


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
            "Get-RemoteDomain | Format-Table Name,DomainName,AllowedOOFType,TNEFEnabled,TargetDeliveryDomain",
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
