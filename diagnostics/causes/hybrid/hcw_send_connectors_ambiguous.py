"""The Hybrid Configuration Wizard stops: several Send connectors hold the same address space.

## What is happening
The wizard writes one Send connector for the tenant's routing domain (`contoso.mail.onmicrosoft.com`). Where another one
holds that domain too, left by an earlier run or made by hand, it can't tell which is its own and stops: `HCW8011 Ambiguous
configuration: multiple Send Connectors found for AddressSpace`. Until one is gone, mail to that domain may take either.

## What proves it
- HCW8011, and two connectors of Get-SendConnector with the domain among their AddressSpaces

## Not this when
- one connector holds the domain, beside others (`hybrid.hcw.address-space-extra`, HCW8039)

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/hcw8011-multiple-send-connectors-found
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/remove-sendconnector
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.hybrid.wizard import domain_of, message_of, run_again
from diagnostics.facts import Said, SendConnector
from diagnostics.mail_facts import CommandError
from diagnostics.report import Step

_ID: Final = "hybrid.hcw.send-connectors-ambiguous"


@cause(id=_ID, act="on-prem", says=("multiple Send Connectors found for AddressSpace",))
def assess(said: CommandError | Said, connectors: tuple[SendConnector, ...]) -> Finding | None:
    """The message names the domain; the connectors show which of them hold it."""
    if message_of(_ID, said) is None:
        return None
    domain = domain_of(said.text)
    told = [each for each in connectors if each.address_spaces]
    holding = [
        each for each in told if domain and any(_domain(space) == domain.lower() for space in each.address_spaces)
    ]
    if len(holding) > 1:
        names = " and ".join(f"`{each.connector}`" for each in holding[:3])
        because = f"{names} both hold {domain}, so the wizard can't tell which one is its own."
        return Finding(Belief.CONFIRMED, because, (said, *holding[:2]), _steps(holding[-1].connector, domain))
    if len(told) > 1 and holding:
        because = f"`{holding[0].connector}` alone holds {domain} among the connectors that were listed."
        return Finding(Belief.RULED_OUT, because, (said, holding[0]))
    because = f"Several Send connectors hold {domain or 'one domain'}, and the wizard can't tell which one is its own. Mail to "
    because += "that domain may take either."
    return Finding(Belief.LIKELY, because, (said,), _steps("", domain))


def _domain(space: str) -> str:
    """`smtp:contoso.com;1` and `SMTP:contoso.com` are contoso.com."""
    return space.lower().removeprefix("smtp:").partition(";")[0].strip()


def _steps(connector: str, domain: str) -> tuple[Step, ...]:
    return (
        look(
            "See which Send connectors have the domain among their address spaces.",
            "Get-SendConnector | Format-List Name,Enabled,AddressSpaces,SmartHosts,TlsDomain,WhenCreated",
        ),
        look(
            "See which of them carried mail lately: look for their names in the connector-id.",
            "Get-MessageTrackingLog -EventId SEND -Start (Get-Date).AddHours(-6) -ResultSize 500 | Group-Object ConnectorId | "
            "Format-Table Count,Name",
        ),
        change(
            f"Take {domain or 'the domain'} from the one that is not the wizard's; where it holds nothing else, switch it off.",
            "Set-SendConnector {connector} -Enabled $false",
            changes="Mail to that domain leaves through the other connector alone; whatever else this one carries stops.",
            undo="The same with $true. Delete it only when mail has passed for some days.",
            verify="The wizard still stops while it exists with that address space: then remove the space, or the connector.",
            connector=connector,
        ),
        change(
            "When mail passes without it, remove it, with its printed settings kept.",
            "Remove-SendConnector {connector}",
            changes="The connector is gone; PowerShell asks before it goes.",
            undo="New-SendConnector with the settings that the first step printed.",
            verify="Get-SendConnector lists one connector with the domain.",
            connector=connector,
        ),
        run_again(),
    )
