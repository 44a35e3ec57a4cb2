"""The destination publishes DANE records, and its certificate has expired.

## What is happening
The recipient's domain demands TLS with a checked certificate by TLSA records in signed DNS. Exchange Online heeds them, and
the certificate of that mail server is past its last day: `4.7.322 certificate-expired`. Mail waits a day and returns as
`5.7.322`. Only the owner of that server can renew it.

## What proves it
- the reply, and a last day in the past on the certificate that the destination shows

## Not this when
- a Send connector of ours validates certificates (`454 4.7.5 … Reason:CertificateExpired`): `certificate.remote.expired`

## References
- https://learn.microsoft.com/en-us/purview/how-smtp-dane-works
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, shown
from diagnostics.causes.certificate.probe import EXPIRED, VALID
from diagnostics.causes.tls.destination import (
    Destination,
    dane,
    destination_of,
    if_yours,
    look_at_certificate,
    look_at_tlsa,
    shown_by,
    write_to,
)
from diagnostics.causes.tls.handshakes import answers, encrypted
from diagnostics.facts import Reply, Said
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import Configured
from diagnostics.policies import in_force
from diagnostics.report import Step

_WORDS = "certificate-expired"


@cause(
    id="tls.dane.certificate-expired",
    act="recipient-side",
    says=(f"{_WORDS}:", "4.7.322", "5.7.322"),
    against={
        "failed MTA-STS validation": "is the check of an MTA-STS policy; DANE says `certificate-expired`",
    },
)
def assess(said: Said, probe: TlsProbe | None, replies: tuple[Reply, ...]) -> Finding | None:
    """Exchange Online's words; a handshake by hand shows whether it is still so."""
    where = destination_of(said, replies)
    steps = _steps(where)
    shown = shown_by(probe, where)
    fault = f"the certificate of {where.name} has expired"
    if shown and shown.verify == EXPIRED:
        because = f"Exchange Online checks {where.name} by DANE: its certificate has expired, and a bare handshake says the same."
        return Finding(Belief.CONFIRMED, because, (said, shown), steps)
    if shown and shown.verify == 0:
        because = (
            f"{where.name} shows a valid certificate by now: it was renewed since, or one of several servers was not."
        )
        return Finding(Belief.POSSIBLE, because, (said, shown), steps, weight=1.2)
    return dane(said, fault, _WORDS, steps)


@shown
def last_day(
    probes: tuple[TlsProbe, ...], settings: tuple[Configured, ...], replies: tuple[Reply, ...]
) -> Finding | None:
    """An expired certificate where DANE asks for the check, or a good one where no sender's words say otherwise."""
    probe, policy = probes[-1], in_force(settings, "dane")
    name = probe.host or probe.subject or "The server"
    if probe.verify == EXPIRED and policy:
        until = f" (valid until {probe.not_after})" if probe.not_after else ""
        because = f"The certificate of {name} has expired{until}, and DANE records (TLSA) make senders check it."
        return Finding(Belief.CONFIRMED, because, (probe, policy), _steps(Destination(probe.host, "")), weight=2.2)
    told = any(_WORDS in each.whole or "7.322" in each.whole for each in replies)
    if told or not (answers(probes) and encrypted(probe) and probe.verify == VALID):
        return None
    return Finding(Belief.RULED_OUT, f"The certificate that {name} shows is valid.", (probe,))


def _steps(where: Destination) -> tuple[Step, ...]:
    return (
        look_at_certificate(where.host, "-subject -dates"),
        look_at_tlsa(where.host),
        write_to(where, "the certificate of its mail server has expired, and its TLSA records make senders check it."),
        if_yours(
            "renew the certificate, and publish the TLSA record of its key before the server shows it.",
            "TLSA 3 1 1 with the hash of the new key, beside the old one until the change is done.",
            "Mail from Exchange Online arrives.",
        ),
    )
