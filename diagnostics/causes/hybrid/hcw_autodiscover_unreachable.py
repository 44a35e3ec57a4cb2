"""The Hybrid Configuration Wizard can't go on: Exchange Online does not reach Autodiscover on-premises.

## What is happening
For free/busy and moves the tenant asks the Autodiscover service on-premises, by the name that is published. Where that name
is missing in DNS, leads to another host, where a firewall admits only some addresses, or a device in front asks everybody
for a logon first (preauthentication), it gets no answer: HCW8034 or HCW8057. Mail flow needs none of it.

## What proves it
- HCW8057, which prints the URL that the tenant asks, or HCW8034
- a resolver outside has no record for that name
- from outside, that URL gives no answer, or a logon page instead of 401

## Not this when
- the server itself can't get out to Microsoft (`hybrid.hcw.federation-unreachable`)
- mail between the premises fails: that is about port 25 and the connectors

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/hcw8034-or-hcw8057-error-when-runninghybrid-configuration-wizard
- https://learn.microsoft.com/en-us/microsoft-365/enterprise/urls-and-ip-address-ranges
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.dns.lookups import nonexistent
from diagnostics.causes.hybrid.wizard import domain_of, message_of, run_again
from diagnostics.causes.network.reach import kind_of
from diagnostics.facts import Said
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import CommandError
from diagnostics.patterns import linear
from diagnostics.report import Step

_ID: Final = "hybrid.hcw.autodiscover-unreachable"
_NAME: Final = "autodiscover."
_URL = linear(r"(?i)https?://([a-z0-9.-]{1,253})(?:[:/]|$|\s)")


@cause(
    id=_ID,
    act="network",
    says=(
        "Failed to provision Organization Relationship",
        "unable to communicate with your on-premises Autodiscover endpoint",
    ),
)
def assess(said: CommandError | Said) -> Finding | None:
    """The message says it; HCW8057 names the URL too."""
    row = message_of(_ID, said)
    if row is None:
        return None
    url = _URL.search(said.text)
    domain = domain_of(said.text)
    host = url.group(1) if url else f"autodiscover.{domain}" if domain else ""
    because = f"{row.code}, {row.name}{f' ({host})' if host else ''}: through DNS, a firewall, or a device that asks for a logon "
    because += "first. It is about free/busy and moves; mail does not need it."
    return Finding(Belief.LIKELY, because, (said,), _steps(host))


@shown
def lookups(answers: tuple[DnsAnswer, ...]) -> Finding | None:
    """Whether the name exists for the world. That it does is not enough: a device in front may still refuse."""
    asked = [each for each in answers if each.name.startswith(_NAME) and kind_of(each.server) != "internal"]
    gone = next((each for each in asked if nonexistent(each)), None)
    if gone is None or any(each.ok for each in asked):
        return None
    because = f"{gone.name} has no record that the world sees, and the tenant asks by that name."
    return Finding(Belief.LIKELY, because, (gone,), _steps(gone.name))


def _steps(host: str) -> tuple[Step, ...]:
    return (
        look(
            "See which address the tenant asks for Autodiscover.",
            "Get-OrganizationRelationship | Format-List Name,DomainNames,TargetAutodiscoverEpr,TargetSharingEpr",
            "exchange-online-powershell",
        ),
        look(
            "See where that name leads, seen from the world: it has to be what publishes Exchange.",
            "Resolve-DnsName {host} -Server 1.1.1.1",
            "powershell",
            host=host,
        ),
        change(
            "Publish /autodiscover and /ews of that name to Exchange Online's addresses, without a logon before Exchange's own "
            "for the paths that end in /wssecurity; add the missing record where there is none.",
            "",
            shell="portal",
            changes="Exchange Online's addresses reach these two paths; Exchange itself still checks every request.",
            undo="The former rule of the firewall or proxy; note it before.",
            verify="The Autodiscover test of testconnectivity.microsoft.com passes for a mailbox on-premises.",
        ),
        run_again(),
    )
