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

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.hybrid.wizard import domain_of, message_of, run_again
from diagnostics.facts import Said, SendConnector
from diagnostics.mail_facts import CommandError
from diagnostics.report import Step

_ID: Final = "hybrid.hcw.send-connectors-ambiguous"
_ROUTING: Final = ".mail.onmicrosoft.com"


@cause(id=_ID, act="on-prem", says=("multiple Send Connectors found for AddressSpace",))
def assess(said: CommandError | Said, connectors: tuple[SendConnector, ...]) -> Finding | None:
    """The message names the domain; the connectors show which of them hold it."""
    if message_of(_ID, said) is None:
        return None
    domain = domain_of(said.text)
    seen = _holding(connectors, domain)
    if seen:
        return replace(seen, evidence=(said, *seen.evidence))
    because = f"Several Send connectors hold {domain or 'one domain'}, and the wizard can't tell which one is its own. Mail to "
    because += "that domain may take either."
    return Finding(Belief.LIKELY, because, (said,), _steps("", domain))


@shown
def spaces(connectors: tuple[SendConnector, ...], errors: tuple[CommandError, ...]) -> Finding | None:
    """Which connectors hold the domain that the wizard names, or else the tenant's routing domain."""
    named = next((domain for each in errors if message_of(_ID, each) and (domain := domain_of(each.text))), "")
    return _holding(connectors, named)


def _holding(connectors: Iterable[SendConnector], named: str) -> Finding | None:
    holding: dict[str, dict[str, SendConnector]] = defaultdict(dict)
    told = [each for each in connectors if each.address_spaces]
    for each in told:
        for domain in map(_domain, each.address_spaces):
            if domain == named.lower() or (not named and domain.endswith(_ROUTING)):
                holding[domain][each.connector] = each
    for domain, found in holding.items():
        if len(found) > 1:
            several = tuple(found.values())
            names = " and ".join(f"`{each.connector}`" for each in several[:3])
            because = f"{names} both hold {domain}, so the wizard can't tell which one is its own."
            return Finding(Belief.CONFIRMED, because, several[:2], _steps(several[-1].connector, domain))
    if len({each.connector for each in told}) < 2 or not holding:
        return None
    domain, found = next(iter(holding.items()))
    alone = next(iter(found.values()))
    because = f"`{alone.connector}` alone holds {domain} among the connectors that were listed."
    return Finding(Belief.RULED_OUT, because, (alone,))


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
