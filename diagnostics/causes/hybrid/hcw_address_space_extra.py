"""The Hybrid Configuration Wizard stops: its Send connector has more address spaces than the routing domain.

## What is happening
The wizard owns the Send connector `Outbound to Office 365` and expects the tenant's routing domain in it, alone
(`<tenant>.mail.onmicrosoft.com`). Somebody added further domains to it; the wizard would overwrite them and stops instead
with HCW8039. Mail keeps flowing.

## What proves it
- HCW8039, or its words
- `Get-SendConnector 'Outbound to Office 365*'` lists more than the routing domain

## Not this when
- the connector has that one address space

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/hcw8039-address-space-error
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.hybrid.wizard import run_again
from diagnostics.facts import Said, SendConnector
from diagnostics.patterns import linear
from diagnostics.report import Step
from diagnostics.text import is_cut

_EXPECTED = linear(r"(?i)single address space\s*['\"]?([A-Za-z0-9.-]{3,253})")
_OWN = ("outbound to office 365", "outbound to microsoft 365")


@cause(
    id="hybrid.hcw.address-space-extra",
    act="on-prem",
    says=("HCW8039", "The hybrid Send connector must only contain the single address space"),
    against={
        "isn't running Exchange 2013 or a later version": "is the wizard's complaint about a server, not about address spaces",
    },
)
def assess(said: Said, connector: SendConnector | None, connectors: tuple[SendConnector, ...]) -> Finding | None:
    """The message names the fault; the connector shows the extra domains."""
    found = _EXPECTED.search(said.text)
    expected = found.group(1).rstrip(".") if found else ""
    mine = _wizards(connectors) or ((connector,) if connector else ())
    seen = _spaces(mine, expected)
    if seen:
        return replace(seen, belief=Belief.CONFIRMED, evidence=(said, *seen.evidence)) if seen.belief else seen
    because = f"The wizard's Send connector holds more address spaces than {expected or 'the routing domain'}."
    return Finding(Belief.CONFIRMED, because, (said,), _steps("", expected))


@shown
def connectors(connectors: tuple[SendConnector, ...]) -> Finding | None:
    """The address spaces of the wizard's connector. Domains of groups are added on purpose; the wizard stops all the same."""
    return _spaces(_wizards(connectors), "")


def _spaces(mine: Iterable[SendConnector], expected: str) -> Finding | None:
    told = [each for each in mine if each.address_spaces and not is_cut(each.address_spaces[-1])]
    for each in told:
        extra = [space for space in each.address_spaces if ".mail.onmicrosoft.com" not in space.lower()]
        if extra:
            because = f"`{each.connector}` also holds {', '.join(extra[:5])}, and the wizard expects its routing domain alone."
            return Finding(Belief.LIKELY, because, (each,), _steps(each.connector, expected))
    if not told:
        return None
    because = f"`{told[0].connector}` has {', '.join(told[0].address_spaces)} alone."
    return Finding(Belief.RULED_OUT, because, (told[0],))


def _wizards(connectors: Iterable[SendConnector]) -> tuple[SendConnector, ...]:
    """The wizard's connectors, each as it was shown last."""
    return tuple({each.connector: each for each in connectors if each.connector.lower().startswith(_OWN)}.values())


def _steps(connector: str, expected: str) -> tuple[Step, ...]:
    return (
        look(
            "See which address spaces were added to the wizard's connector.",
            "Get-SendConnector 'Outbound to *' | Format-List Name,AddressSpaces,SmartHosts,TlsDomain,CloudServicesMailEnabled",
        ),
        change(
            "First give the extra domains a connector of their own, or their mail loses its way.",
            "New-SendConnector -Name {connector_name} -Custom -AddressSpaces {extra_domain} -DNSRoutingEnabled $true "
            "-SourceTransportServers {server}",
            changes="Mail for these domains leaves through the new connector as well.",
            undo="Remove-SendConnector with that name.",
            verify="Get-SendConnector lists it with the domains.",
            connector_name="",
            extra_domain="",
            server="",
        ),
        change(
            "Then leave the routing domain alone on the wizard's connector.",
            "Set-SendConnector {hybrid_connector} -AddressSpaces {routing_domain}",
            changes="Replaces all address spaces of this connector.",
            undo="Set-SendConnector with the AddressSpaces that the first step printed.",
            verify="Get-SendConnector shows one address space.",
            hybrid_connector=connector,
            routing_domain=expected,
        ),
        run_again(),
    )
