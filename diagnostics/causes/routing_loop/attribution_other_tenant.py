"""Another tenant's inbound connector claims the filter's addresses or certificate, so its mail is sent back out.

## What is happening
Exchange Online decides by the certificate or the address of whoever delivers, and by the sender's domain, whose mail a message
is. A sender who made an inbound connector of the type OnPremises (or for "your organization's server") with the addresses or
the certificate of a filter service that many use, has all mail of his that the filter delivers to its customers taken for his
own outbound mail: it is sent to the recipient's MX, which is the filter, and so on, until `554 5.4.14 Hop count exceeded -
possible mail loop ATTR34`. Only mail of that sender circles.

## What proves it
- only messages of one or few senders circle, who use Exchange Online themselves, and the MX is a filter in front of it
- the headers of a copy have X-MS-Exchange-CrossTenant-Id, or X-EOPTenantAttributedMessage, with the id of the sender's tenant
- an inbound connector of the type OnPremises names the filter's certificate in TlsSenderCertificateName

## Not this when
- mail of all senders circles: then it is the recipient's own connector or accepted domain
  (`routing-loop.connector.mx-points-back`, `routing-loop.accepted-domain.no-exit`)

## References
- https://www.spamhero.com/support/204932
- https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/use-connectors-to-configure-mail-flow/use-connectors-to-configure-mail-flow
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.causes.routing_loop.addon_service import SERVICES
from diagnostics.causes.stories import told_as
from diagnostics.mail_facts import Configured, Hops, Told
from diagnostics.report import Step

_STORY: Final = "some-senders-circle-at-the-filter"


@cause(id="routing-loop.attribution.other-tenant", act="sender")
def assess(told: Told, _hops: Hops | None) -> Finding | None:
    """Every loop ends in the same words, so it is whose mail circles that tells it."""
    because = "Only mail of some senders circles, with a filter in front, as you tell it: then the sender's inbound connector "
    because += "mostly claims the filter, so the message is taken for outbound and goes to the MX again."
    return told_as(_STORY, told, because, _steps(), weight=1.6)


@shown
def connectors(objects: tuple[Configured, ...]) -> Finding | None:
    """An inbound connector of the reader's own that claims a filter. Those of another tenant nobody sees from here."""
    claims = (each for each in objects if each.kind == "inbound-connector" and each.flag("Enabled") is not False)
    own = (each for each in claims if each.get("ConnectorType").lower() == "onpremises")
    found = next((each for each in own if _filter(each)), None)
    if found is None:
        return None
    because = f"The inbound connector {found.name or 'that was sent'} has the type OnPremises and claims {_filter(found)}, whose "
    because += "certificate all customers of that filter share: their mail counts as the tenant's own."
    return Finding(Belief.LIKELY, because, (found,), _steps(), weight=1.6)


def _filter(connector: Configured) -> str:
    certificate = connector.get("TlsSenderCertificateName")
    return certificate if any(each in certificate.lower() for each in SERVICES) else ""


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "On the recipient's side: see whether mail of all senders fails so, or of some only.",
            "Get-MessageTraceV2 -Status Failed -ResultSize 200 | Format-Table Received,SenderAddress,RecipientAddress",
            EXO,
        ),
        look(
            "On the sender's side: see which inbound connectors claim addresses or a certificate of a filter service.",
            "Get-InboundConnector | Format-List Name,Enabled,ConnectorType,SenderDomains,SenderIPAddresses,"
            "TlsSenderCertificateName",
            EXO,
        ),
        advise(
            "The sender's administrators give that connector the type Partner, or remove it; OnPremises is only for servers "
            "that send nobody else's mail. Until then, the filter can deliver to the recipient's onmicrosoft.com address."
        ),
    )
