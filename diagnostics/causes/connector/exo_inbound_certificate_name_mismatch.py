"""The inbound connector in Exchange Online expects another certificate name than our server shows.

## What is happening
Exchange Online recognises an on-premises server by the name on the certificate that it shows while sending. The name in
`TlsSenderCertificateName` of the inbound connector isn't on it, typically since a renewal or because the Send connector
uses another certificate. The session then belongs to no tenant, and relaying is refused: `550 5.7.64
TenantAttribution; Relay Access Denied`. Mail for the organization's own domain may be sent round instead, as it counts as a
stranger's.

## What proves it
- subject and alternate names of the certificate in the send log are not covered by TlsSenderCertificateName
- a hint: the certificate that the Send connector names, or the new one as you tell it, has another subject

## Not this when
- the connector recognises the server by its address (`connector.exo-inbound.ip-mismatch`)
- the name is right and only the server's own certificate is sent, without the one that issued it: a renewal often
  brings a new intermediate (`certificate.local.intermediate-missing`)
- the refusal has ATTR36 (`connector.exo-inbound.domain-not-accepted`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/relay-access-denied-smtp
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-5-7-64-in-exchange-online
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, change, shown
from diagnostics.causes.certificate.names import all_names, common_name, covers, issuer_and_subject
from diagnostics.causes.certificate.steps import list_send_connectors, show_chain
from diagnostics.causes.connector import attribution, steps
from diagnostics.causes.connector.attribution import Inbound, inbound, of_cloud, wanted_name
from diagnostics.causes.connector.heard import Heard, heard
from diagnostics.causes.connector.settings import label
from diagnostics.causes.recipient.steps import EXO
from diagnostics.causes.routing_loop.circle import LOOPED, circles
from diagnostics.causes.stories import told_as
from diagnostics.facts import Certificate, Reply, Said, SendConnector, Session
from diagnostics.looked_facts import OwnName
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

_INWARD: Final = (
    "The tenant takes mail for its own recipients and none for others, as you tell it: an inbound connector that goes by the "
    "certificate doesn't recognise the server by the name that it shows."
)
_RENEWED: Final = (
    "Exchange Online refuses to relay since the server has another certificate, as you tell it: an inbound connector that "
    "expects the former name no longer recognises the server, and mail for others is refused as a stranger's."
)


@cause(
    id="connector.exo-inbound.certificate-name-mismatch",
    act="exchange-online",
    says=(*attribution.SIGNATURES, attribution.REFUSED, *LOOPED),
)
def assess(
    said: Said | Told,
    _connectors: Configured | None,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
    sessions: tuple[Session, ...],
) -> Finding | None:
    """Compares the connectors' names with the certificate of the session, as far as both were sent."""
    if isinstance(said, Told):
        return _told(said)
    what = heard(said, replies, sessions)
    if attribution.domain_refused(what) or (said.signature == attribution.REFUSED and not attribution.outward(objects)):
        return None
    known = inbound(objects)
    if said.signature in LOOPED:
        return _sent_round(said, known.by_name) if circles(said) else None
    certificate = attribution.shown(what, sessions)
    if not known.by_name and (by_address := _by_address(known)):
        return by_address
    if known.by_name and certificate:
        return _compared(said, known.by_name, certificate)
    off = attribution.switched_off(objects, by_name=True)
    if off:
        because = (
            f"{label(off)}, which expects {wanted_name(off)}, is disabled: Exchange Online recognises no server by it."
        )
        found = (steps.enable_inbound_connector(off.name), *_steps(off.name))
        return Finding(Belief.POSSIBLE, because, (said, off), found, weight=2.2)
    expected = "; ".join(f"{label(each)} expects {wanted_name(each)}" for each in known.by_name)
    because = f"Exchange Online can't tell whose server sent: {expected or 'no inbound connector fits it'}."
    if certificate:
        because += f" The server showed {_names(certificate)}."
    return Finding(Belief.POSSIBLE, because, (said, *known.by_name, certificate), _steps(""), weight=_weight(what))


@shown
def names(
    objects: tuple[Configured, ...],
    own: tuple[OwnName, ...],
    sessions: tuple[Session, ...],
    connectors: tuple[SendConnector, ...],
) -> Finding | None:
    """The names that the inbound connectors expect, beside those on what the server shows, or is said to show."""
    known = inbound(objects)
    if not known.by_name:
        return _by_address(known)
    certificate = attribution.latest(sessions)
    if certificate:
        found = _expecting(known.by_name, tuple(all_names(certificate)), certificate)
        return found if found.belief is Belief.RULED_OUT or all_names(certificate) else None
    told = own[-1] if own else None
    chosen = next((each for each in connectors if of_cloud(each) and each.tls_certificate_name), None)
    pair = issuer_and_subject(chosen.tls_certificate_name or "") if chosen else None
    name = told.name if told else common_name(pair[1]) if pair else ""
    compared = _expecting(known.by_name, (name,), told or chosen) if name else None
    # Beside one that goes by the address, the name isn't all that the server is recognised by.
    otherwise = any(each.get("ConnectorType").lower() == "onpremises" for each in known.by_address)
    return None if compared and otherwise and compared.belief is not Belief.RULED_OUT else compared


def _by_address(known: Inbound) -> Finding | None:
    if not known.told:
        return None
    because = f"{label(known.by_address[0])} recognises the server by its address, not by a certificate."
    return Finding(Belief.RULED_OUT, because, known.by_address)


def _expecting(
    connectors: tuple[Configured, ...], shown_: tuple[str, ...], proof: Certificate | OwnName | SendConnector | None
) -> Finding:
    """What follows where `proof` tells these names. Of a subject alone, the alternative names are not told."""
    right = next((each for each in connectors if covers(shown_, wanted_name(each))), None)
    if right:
        because = f"The certificate carries {wanted_name(right)}, the name that {label(right)} expects."
        return Finding(Belief.RULED_OUT, because, (proof, right))
    first = connectors[0]
    because = f"{label(first)} expects {wanted_name(first)}, and the server shows {', '.join(shown_[:4])}."
    belief = Belief.CONFIRMED if isinstance(proof, Certificate) else Belief.LIKELY
    return Finding(belief, because, (first, proof), _steps(first.name))


def _told(told: Told) -> Finding | None:
    """The refusal without its number, at times since a renewal: the server's address has stayed, the name may not have."""
    return told_as("tenant-relays-inward-only", told, _INWARD, _steps(""), weight=1.3) or told_as(
        "relay-denied-since-the-new-certificate", told, _RENEWED, _steps(""), weight=1.7
    )


def _compared(said: Said, connectors: tuple[Configured, ...], certificate: Certificate) -> Finding:
    shown_ = all_names(certificate) or (certificate.subject or certificate.thumbprint,)
    found = _expecting(connectors, shown_, certificate)
    return found if found.belief is Belief.RULED_OUT else replace(found, evidence=(*found.evidence, said))


def _sent_round(said: Said, connectors: tuple[Configured, ...]) -> Finding | None:
    """Mail that the tenant does not recognise as its organization's goes by MX, back to where it came from."""
    if not connectors:
        return None
    first = connectors[0]
    because = f"{label(first)} recognises a server by the name on its certificate: mail from one that shows another name counts "
    because += "as a stranger's, and is sent on to the domain's MX, which may be that server."
    return Finding(Belief.POSSIBLE, because, (said, first), _steps(first.name), weight=1.4)


def _names(certificate: Certificate) -> str:
    return ", ".join(all_names(certificate)[:4]) or certificate.subject or certificate.thumbprint


def _weight(what: Heard) -> float:
    """The wizard's connectors, which carry these names, always use a certificate; devices and other relays hardly do."""
    if attribution.from_exchange(what) is False:
        return 1.3
    return 2.0 if "office 365" in what.connector.lower() or "microsoft 365" in what.connector.lower() else 1.9


def _steps(connector: str) -> tuple[Step, ...]:
    return (
        steps.list_inbound_connectors(),
        list_send_connectors(),
        show_chain(
            "", "If the name is right: count the certificates that the server sends; one alone lacks its issuer."
        ),
        change(
            "If the certificate is the intended one, expect its name; the domain must be an accepted domain of the tenant. "
            "(Running the Hybrid Configuration Wizard again does the same on both sides.)",
            "Set-InboundConnector {inbound_connector} -TlsSenderCertificateName {name_on_certificate}",
            shell=EXO,
            changes="By which certificate name the tenant recognises its own server.",
            undo="Set-InboundConnector with the TlsSenderCertificateName that the first step printed.",
            verify="The next session in the send log is accepted, within the hour.",
            inbound_connector=connector,
            name_on_certificate="",
        ),
    )
