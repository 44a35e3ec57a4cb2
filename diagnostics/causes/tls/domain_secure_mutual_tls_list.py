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

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.certificate import steps
from diagnostics.facts import QueueState, Reply, Said
from diagnostics.report import Step


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


def _steps(domain: str) -> tuple[Step, ...]:
    return (
        look(
            "See which domains the lists hold.",
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
