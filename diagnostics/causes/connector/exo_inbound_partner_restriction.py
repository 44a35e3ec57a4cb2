"""A partner connector of the recipient's tenant admits only a certain certificate or address.

## What is happening
The tenant has an inbound connector of type Partner with `RestrictDomainsToCertificate` or `RestrictDomainsToIPAddresses`,
often for all senders (`*`), to force mail through a filtering service. A session that shows neither the certificate nor
the address is refused: `550 5.7.51 TenantInboundAttribution`. In a hybrid it hits our own server when its certificate
isn't the one of the OnPremises connector, which would have matched first.

## What proves it
- the refusal itself
- `Get-InboundConnector` shows a Partner connector with one of the two restrictions

## Not this when
- the tenant that refused has no enabled Partner connector with one of the two
- the refusal is 5.7.68 (`policy.direct-send.rejected`) or 5.7.64 (`connector.exo-inbound.certificate-name-mismatch`)

## References
- https://techcommunity.microsoft.com/blog/exchange/tls-certificates-in-exchange-hybrid---common-issues--how-to-fix-them/4420592
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-inboundconnector
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, change, shown
from diagnostics.causes.certificate.steps import list_send_connectors, name_on_send_connector
from diagnostics.causes.connector import steps
from diagnostics.causes.connector.heard import heard
from diagnostics.causes.connector.settings import INBOUND, label, of_kind
from diagnostics.causes.recipient.steps import EXO
from diagnostics.facts import Reply, Said, Session
from diagnostics.mail_facts import Configured
from diagnostics.report import Act, Step


@cause(
    id="connector.exo-inbound.partner-restriction",
    act="exchange-online",
    says=(
        "5.7.51 TenantInboundAttribution",
        "There is a partner connector configured that matched",
        "RestrictDomainsToIPAddresses or RestrictDomainsToCertificate set",
    ),
    against={
        "Direct Send not allowed for this organization": (
            "is the tenant's switch for Direct Send; a partner connector says `5.7.51`"
        ),
    },
)
def assess(
    said: Said,
    _connectors: Configured | None,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
    sessions: tuple[Session, ...],
) -> Finding | None:
    """The words name it; whose tenant it is decides who has to act."""
    what = heard(said, replies, sessions)
    hybrid = "-mail-onmicrosoft-com." in said.host or ".mail.onmicrosoft.com" in what.low or _to_cloud(what.connector)
    partner = _restricting(objects)
    act: Act = "on-prem" if hybrid else "recipient-side"
    if partner or what.low.count("partner connector configured that matched the message's sender"):
        act = "on-prem" if hybrid else "exchange-online"
    where = said.host or "the recipient's tenant"
    because = (
        f"A Partner inbound connector of {where} admits only a certain certificate or address, and this session had "
        "neither the certificate nor the address"
    )
    because += "; our own server should match the OnPremises connector by its certificate." if hybrid else "."
    if partner:
        return _restricted(partner, (said,), _steps(what.connector, partner.name), act)
    return Finding(Belief.LIKELY, because, (said,), _steps(what.connector, ""), act)


@shown
def connectors(objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """The tenant's inbound connectors: without a Partner one that restricts, the refusal is not theirs."""
    partner = _restricting(each for each in objects if _for_everybody(each))
    if partner:
        return replace(_restricted(partner, (), _steps("", partner.name)), belief=Belief.LIKELY)
    if _restricting(objects):
        return None  # it is for some senders, and whose mail was refused is not told
    told = [each for each in of_kind(INBOUND, objects) if _is_told(each)]
    sent = any(each.kind in ("ndr", "dsn", "queue") for each in replies)
    if not told or sent or len(told) < len(of_kind(INBOUND, objects)):
        return None  # who got it back from somebody else's tenant has listed another one's connectors
    because = (
        f"None of the inbound connectors is an enabled Partner one that restricts ({', '.join(map(label, told[:3]))})."
    )
    return Finding(Belief.RULED_OUT, because, tuple(told[:3]))


def _for_everybody(entry: Configured) -> bool:
    """Whether a connector is for all senders, whatever their domain."""
    written = (each.lower().removeprefix("smtp:").partition(";")[0] for each in entry.items("SenderDomains"))
    return "*" in written or not entry.told("SenderDomains")


def _is_told(entry: Configured) -> bool:
    """Whether enough is printed to tell that a connector restricts nobody."""
    kind = entry.get("ConnectorType").lower() not in ("", "partner")
    flags = (entry.flag("RestrictDomainsToCertificate"), entry.flag("RestrictDomainsToIPAddresses"))
    return kind or entry.flag("Enabled") is False or flags == (False, False)


def _restricted(
    partner: Configured, proof: tuple[Said, ...], cure: tuple[Step, ...], act: Act | None = None
) -> Finding:
    because = f"{label(partner)} is a Partner connector with {_restriction(partner)}, and this session did not meet it."
    return Finding(Belief.CONFIRMED, because, (*proof, partner), cure, act)


def _to_cloud(connector: str) -> bool:
    return any(name in connector.lower() for name in ("office 365", "microsoft 365"))


def _restriction(partner: Configured) -> str:
    certificate = partner.flag("RestrictDomainsToCertificate") is True
    return "RestrictDomainsToCertificate" if certificate else "RestrictDomainsToIPAddresses"


def _restricting(objects: Iterable[Configured]) -> Configured | None:
    for each in of_kind(INBOUND, objects):
        restricts = each.flag("RestrictDomainsToCertificate") or each.flag("RestrictDomainsToIPAddresses")
        if (
            restricts
            and each.get("ConnectorType", "Partner").lower() == "partner"
            and each.flag("Enabled") is not False
        ):
            return each
    return None


def _steps(connector: str, partner: str) -> tuple[Step, ...]:
    return (
        steps.list_inbound_connectors(),
        list_send_connectors(),
        name_on_send_connector(connector),
        change(
            "If the sender is a partner that may deliver directly, admit its address on the Partner connector.",
            "Set-InboundConnector {partner_connector} -SenderIPAddresses @{{Add={address}}}",
            shell=EXO,
            changes="Mail from that address passes this connector; the restriction stays for all others.",
            undo="The same with @{Remove=…} in place of @{Add=…}.",
            verify="The partner's next message is accepted, within the hour.",
            partner_connector=partner,
            address="",
        ),
    )
