"""The Domain Secure list demands mutual TLS with this partner, and it fails.

## What is happening
The partner's domain is on TLSSendDomainSecureList or TLSReceiveDomainSecureList, or the Send connector has
DomainSecureEnabled. Exchange then insists that both sides show certificates and validates both. When one can't, it
holds the mail: `451 4.7.3 The admin has temporarily disallowed this secure domain`. Only this partner is affected;
often it has moved to another gateway or replaced its certificate.

## What proves it
- that reply, and the domain on one of the two lists
- events 11011 to 11021 of MSExchangeTransport, which name the partner

## Not this when
- the domain is on neither list and DomainSecureEnabled is False
- the reply names a reason (UntrustedRoot, SubjectMismatch): then the connector's TlsAuthLevel validates

## References
- https://techgenix.com/exchange-2010-domain-security-part3/
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-transportconfig
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.certificate import steps
from diagnostics.facts import QueueState, Reply, Said, SendConnector
from diagnostics.mail_facts import Configured
from diagnostics.report import Step
from diagnostics.text import is_cut

_LIST, _LIST_IN = "TLSSendDomainSecureList", "TLSReceiveDomainSecureList"


@cause(
    id="tls.domain-secure.mutual-tls-list",
    act="on-prem",
    says=(
        "disallowed this secure domain",
        "DomainSecureDisabled",
        "message from domain-secured domain",
        "to domain-secured domain",
        "remove the domain from the domain-secured list",
        *(f"MSExchangeTransport {number}" for number in range(11011, 11022)),
    ),
)
def assess(said: Said, replies: tuple[Reply, ...], queues: tuple[QueueState, ...]) -> Finding:
    """Exchange says so in words; the recipient, or the queue, names the partner."""
    reply = next((each for each in replies if each.source == said.source), None)
    domain = reply.recipient.rpartition("@")[2] if reply else ""
    domain = domain or next((each.next_hop for each in queues if each.source.paste == said.source.paste), "")
    partner = f"`{domain}`" if domain else "this domain"
    because = (
        f"Exchange demands mutual TLS with {partner}, since it is on a Domain Secure list, and could not reach it."
    )
    return Finding(Belief.CONFIRMED, because, (said,), _steps(domain))


@shown
def demands(
    settings: tuple[Configured | SendConnector, ...], replies: tuple[Reply, ...], queues: tuple[QueueState, ...]
) -> Finding | None:
    """What the two lists and the Send connectors demand: it takes the domain on a list, and a connector that enforces it."""
    config = next((each for each in reversed(settings) if isinstance(each, Configured) and each.told(_LIST)), None)
    domains = {each.recipient.rpartition("@")[2].lower() for each in replies if "@" in each.recipient}
    domains |= {each.next_hop.lower() for each in queues if "." in each.next_hop}
    found = _of_lists(config, domains) if config else None
    connectors = [each for each in settings if isinstance(each, SendConnector) and each.domain_secure is not None]
    if found is None and connectors and not any(each.domain_secure for each in connectors):
        named = ", ".join(each.connector for each in connectors[:4])
        return Finding(Belief.RULED_OUT, f"DomainSecureEnabled is False on {named}.", tuple(connectors[:4]))
    return found


def _of_lists(config: Configured, domains: set[str]) -> Finding | None:
    listed = {each.lower() for name in (_LIST, _LIST_IN) for each in config.items(name)}
    if any(is_cut(config.get(name)) for name in (_LIST, _LIST_IN)):
        return None
    if not listed:
        return Finding(Belief.RULED_OUT, "No domain is on the Domain Secure lists.", (config,))
    mine = sorted(domains & listed)
    if domains and not mine:
        because = f"{min(domains)} is not on the Domain Secure lists ({', '.join(sorted(listed)[:4])})."
        return Finding(Belief.RULED_OUT, because, (config,))
    because = f"{', '.join(mine or sorted(listed)[:4])} is on a Domain Secure list: Exchange demands mutual TLS there."
    return Finding(Belief.LIKELY, because, (config,), _steps(mine[0] if mine else ""))


def _steps(domain: str) -> tuple[Step, ...]:
    return (
        look(
            "On the server that holds the mail (an Edge server has its own copy), see which domains the lists hold.",
            "Get-TransportConfig | Format-List TLSSendDomainSecureList,TLSReceiveDomainSecureList",
        ),
        look(
            "See which connectors enforce it.",
            "Get-SendConnector | Format-List Name,AddressSpaces,DomainSecureEnabled,TlsAuthLevel",
        ),
        steps.list_installed(),
        change(
            "Only when the partner has agreed to end mutual TLS: take the domain off the list. Otherwise renew "
            "the certificate that "
            "one side lacks; mail to it stays encrypted by RequireTLS or opportunistic TLS.",
            "Set-TransportConfig -TLSSendDomainSecureList @{{Remove={partner_domain}}}",
            changes="Mail to this domain no longer needs a validated certificate of both sides.",
            undo="Set-TransportConfig -TLSSendDomainSecureList @{Add='<partner-domain>'}",
            verify="Get-TransportConfig no longer lists the domain, and the queue drains.",
            partner_domain=domain,
        ),
        steps.retry_queues(),
    )
