"""The Hybrid Configuration Wizard stops: what it wrote a moment ago is not known everywhere yet.

## What is happening
The wizard writes a connector or a federation trust, and reads or uses it at once. Where it asks another domain controller that
has not heard of the object yet, the next cmdlet fails: `Active Directory operation failed on DC01 … The object 'CN=Inbound
from Microsoft 365,…' does not exist`. The federation service, too, needs a while: `403: Forbidden`. Waiting mends it.

## What proves it
- such an error right after the wizard wrote that object; half an hour later it passes

## Not this when
- it fails in the same way after an hour: then replication between the domain controllers is broken, or the object is gone
- any other object is missing (`hybrid.hcw.stale-server-list`)

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/active-directory-operation-failed-on-domaincontroller-error
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/request-failed-with-http-status-403-forbidden
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.hybrid.wizard import message_of
from diagnostics.mail_facts import CommandError
from diagnostics.report import Step

_ID: Final = "hybrid.hcw.not-replicated-yet"


@cause(id=_ID, act="on-prem")
def assess(error: CommandError) -> Finding | None:
    """The wizard's error about an object of its own, or the service's refusal of a trust that it was just told of."""
    row = message_of(_ID, error)
    if row is None:
        return None
    return Finding(Belief.LIKELY, f"{row.name}: {row.meaning}", (error,), _steps("403" in row.name))


def _steps(at_the_service: bool) -> tuple[Step, ...]:
    if at_the_service:
        first = look(
            "See which domain the trust is made for, and whether it is there by now.",
            "Get-FederatedOrganizationIdentifier | Format-List AccountNamespace,Domains,Enabled,DelegationTrustLink",
        )
    else:
        first = look(
            "See whether the domain controllers replicate without errors.", "repadmin /replsummary", "powershell"
        )
    wait = change(
        "Wait half an hour, and run the wizard again with the same answers.",
        "",
        shell="portal",
        changes="Nothing but what the wizard writes each time.",
        undo="None as a whole: it changes what it shows before; keep the printed connector settings.",
        verify="The step passes. If it fails again with the same words after an hour, it is not the time.",
    )
    return (first, wait) if at_the_service else (first, _connectors(), wait)


def _connectors() -> Step:
    return look(
        "See whether the connector that the message names is there by now.",
        "Get-ReceiveConnector | Format-Table Identity,Enabled,WhenCreated",
    )
