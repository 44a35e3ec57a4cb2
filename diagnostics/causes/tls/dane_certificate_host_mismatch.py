"""The destination's certificate does not carry its host name, which its DANE records demand.

## What is happening
The recipient's TLSA records name an issuing authority (usage 2), not the server's own key. Then the certificate must also
carry the name of the MX host, and it does not: `4.7.325 certificate-host-mismatch: Remote certificate MUST have a common
name or subject alternative name matching the hostname`. Exchange Online does not deliver.

## What proves it
- the reply; TLSA usage 2, and neither common name nor alternative names contain the MX host

## Not this when
- the common name or an alternative name is that of the MX host
- the TLSA usage is 3: there the name isn't checked
- a Send connector of ours expects a name (`certificate.remote.subject-mismatch`)

## References
- https://learn.microsoft.com/en-us/purview/how-smtp-dane-works
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
- https://www.rfc-editor.org/rfc/rfc7672
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, shown
from diagnostics.causes.certificate.names import common_name, covers
from diagnostics.causes.tls.destination import (
    Destination,
    dane,
    destination_of,
    if_yours,
    left,
    look_at_certificate,
    look_at_tlsa,
    write_to,
)
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured
from diagnostics.policies import in_force
from diagnostics.recognisers.certificate_names import KIND
from diagnostics.recognisers.tlsa_records import RECORD
from diagnostics.report import Step

_WORDS = "certificate-host-mismatch"


@cause(
    id="tls.dane.certificate-host-mismatch",
    act="recipient-side",
    says=(_WORDS, "4.7.325", "5.7.325"),
    against={
        "failed MTA-STS validation": "is the check of an MTA-STS policy; DANE says `certificate-host-mismatch`",
    },
)
def assess(anchor: Said | Configured, replies: tuple[Reply, ...]) -> Finding | None:
    """Exchange Online's own words, or a sender that leaves."""
    if isinstance(anchor, Configured):
        because = left(anchor, "it does not carry the host's name, which TLSA records of usage 2 (DANE) demand")
        steps = _steps(Destination(anchor.host, ""))
        return Finding(Belief.POSSIBLE, because, (anchor,), steps, "on-prem", weight=0.9) if because else None
    where = destination_of(anchor, replies)
    return dane(anchor, f"the certificate of {where.name} does not carry that host's name", _WORDS, _steps(where))


@shown
def names(settings: tuple[Configured, ...]) -> Finding | None:
    """The names of the certificate that the MX host shows, and the usage of its records: with 3 no name is checked."""
    told = next((each for each in reversed(settings) if each.kind == KIND and each.name), None)
    published = [each for each in settings if each.kind == RECORD]
    if published and all(each.get("Form").startswith("3") for each in published):
        because = f"The TLSA records have usage 3 ({published[0].get('Form')}), with which no name is checked."
        return Finding(Belief.RULED_OUT, because, (published[0],))
    if told is None:
        return None
    held = tuple(dict.fromkeys((*told.items("Names"), common_name(told.get("Subject")))))
    if covers(held, told.name):
        because = f"The certificate of {told.name} carries that name."
        return Finding(Belief.RULED_OUT, because, (told,))
    policy = in_force(settings, "dane")
    because = f"The certificate of {told.name} is for {', '.join(held[:3])}, and not for that host."
    return Finding(Belief.CONFIRMED, because, (told, policy), _steps(Destination(told.name, ""))) if policy else None


def _steps(where: Destination) -> tuple[Step, ...]:
    return (
        look_at_certificate(where.host, "-subject -ext subjectAltName"),
        look_at_tlsa(where.host),
        write_to(
            where, "its certificate does not carry the name of its MX host, which its TLSA records (usage 2) demand."
        ),
        if_yours(
            "get a certificate that carries the MX host's name, or publish TLSA 3 1 1 for the server's own key.",
            "The certificate, or _25._tcp.<MX host> IN TLSA 3 1 1 <SHA-256 of the public key>.",
            "Mail from Exchange Online arrives.",
        ),
    )
